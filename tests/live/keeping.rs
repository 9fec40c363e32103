//! Caches: what steps keep between builds, and from whom.

use crate::lab::BOTH;
use crate::workspace::Workspace;

#[test]
fn a_cache_is_kept_between_builds_and_apart_by_architecture() {
    let Some(space) = Workspace::new() else {
        return;
    };
    let build = |round: &str| {
        space.recipe(&format!(
            "steps:\n  - run: cat /var/c/seen || true; echo {round} $(uname -m) >> /var/c/seen; echo UNIQUE\n    \
             cache: [/var/c]\n"
        ));
        space.kiln(&["build", "--push"]).expect(0)
    };
    build("one");
    let run = build("two");
    for (platform, machine) in [(BOTH[0], "x86_64"), (BOTH[1], "aarch64")] {
        assert_eq!(
            run.logged(platform),
            [&format!("one {machine}"), &space.unique]
        );
    }
    // Nothing of it is in the image.
    space.published().adds(1, &[&[]]);
}

#[test]
fn caches_belong_to_a_repository_unless_they_have_an_id() {
    let Some(space) = Workspace::new() else {
        return;
    };
    let steps = "platforms: [linux/amd64]\nsteps:\n  - run: ls /own /shared; touch /own/$NAME /shared/$NAME\n    \
                 env: {NAME: N-UNIQUE}\n    cache: [/own, {path: /shared, id: UNIQUE}]\n";
    space.recipe(&steps.replace("N-UNIQUE", "A-UNIQUE"));
    space.kiln(&["build"]).expect(0);
    space.file(
        "o/recipe.yaml",
        &format!(
            "kiln: 1\nname: other\nrepository: live/UNIQUE-other\ntags: [it]\nbase: docker.io/kiln-test/tiny:1\n{}",
            steps.replace("N-UNIQUE", "B-UNIQUE")
        ),
    );
    let run = space.kiln(&["build", "other"]).expect(0);
    let first = format!("A-{}", space.unique);
    assert_eq!(run.logged(BOTH[0]), ["/own:", "", "/shared:", &first]);
}

#[test]
fn a_cache_belongs_to_the_user_of_the_step() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe(
        "steps:
  - run: 'touch /home/c/UNIQUE; stat -c \"%u:%g\" /home/c; echo UNIQUE'
    user: \"1000:1000\"
    cache: [/home/c]
",
    );
    let run = space.kiln(&["build"]).expect(0);
    assert_eq!(run.logged(BOTH[0]), ["1000:1000", &space.unique]);
}
