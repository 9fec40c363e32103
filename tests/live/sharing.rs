//! Recipes made of several files, built.

use crate::lab::BOTH;
use crate::workspace::Workspace;

#[test]
fn a_recipe_that_extends_a_fragment_and_uses_a_snippet_is_built_on_both_platforms() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.file(
        "common/part.yaml",
        "kiln: 1\nworkdir: /work\nenv: {GREETING: 안녕, WHO: nobody}\n\
         steps: [{copy: {src: 인사.txt, to: /work/}}]\n",
    );
    space.file("common/인사.txt", "common UNIQUE\n");
    space.file(
        "templates/steps/note.yaml",
        "kiln: 1\ninputs: {file: {type: path}, who: {type: str}, to: {type: str, default: \"/opt/${{ arch }}/\"}}\n\
         vars: {full: \"${{ to }}note\"}\n\
         steps:\n\
         - copy: {src: [\"${{ file }}\", /common/인사.txt], to: \"${{ to }}\"}\n\
         - run: echo $GREETING ${{ who }} $(cat 인사.txt) > ${{ full }}\n\
         - write: {path: \"${{ to }}from\", template: from.hbs}\n",
    );
    space.file("templates/steps/from.hbs", "{{who}} on {{arch}}\n");
    space.file("r/own.txt", "own\n");
    space.recipe(
        "extends: /common/part.yaml\nenv+: {WHO: somebody}\nvars: {who: 세계}\n\
         steps+:\n- {use: note, name: 메모, with: {file: own.txt, who: world}}\n",
    );
    let run = space.kiln(&["build", "--push"]).expect(0);
    assert!(run.stderr.contains("메모: "), "{}", run.stderr);
    let image = space.published();
    for (platform, arch) in [(BOTH[0], "amd64"), (BOTH[1], "arm64")] {
        let built = image.on(platform);
        let text = |name: &str| built.text(&format!("opt/{arch}/{name}"));
        assert_eq!(
            text("note"),
            format!("안녕 world common {}\n", space.unique)
        );
        assert_eq!(text("own.txt"), "own\n");
        assert_eq!(text("from"), format!("world on {arch}\n"));
        assert_eq!(built.env("WHO").as_deref(), Some("somebody"));
        assert_eq!(built.env("GREETING").as_deref(), Some("안녕"));
    }
}
