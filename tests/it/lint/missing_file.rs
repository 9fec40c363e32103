//! `missing-file`: everything of the workspace that an image needs.

use super::{bench, found_by, report, shown};

fn of(rest: &str) -> Vec<String> {
    found_by("missing-file", rest)
}

#[test]
fn every_kind_of_file_is_looked_for() {
    for (rest, path) in [
        (
            "steps:\n  - copy: {src: 쪽.txt, to: /a}\n",
            "recipes/쪽.txt",
        ),
        (
            "steps:\n  - copy: {src: \"*.쪽\", to: /a/}\n",
            "recipes/*.쪽",
        ),
        (
            "steps:\n  - pip: {requirements: none.txt}\n",
            "recipes/none.txt",
        ),
        (
            "steps:\n  - pip: {install: [\"a==1\"], constraints: /none.txt}\n",
            "`none.txt`",
        ),
        (
            "steps:\n  - dnf: {install: [a]}\n    mounts: [{src: none, path: /x}]\n",
            "recipes/none",
        ),
        (
            "steps:\n  - apt: {sources: {a: {uris: \"https://example.com\", suites: s, key: none.asc}}, install: [a]}\n",
            "recipes/none.asc",
        ),
        ("base: {rootfs: none.tar}\n", "recipes/none.tar"),
        ("base: {oci: \"none:1\"}\n", "recipes/none"),
        (
            "stages:\n  s: {base: scratch, steps: [{copy: {src: none, to: /a}}]}\nbase: {stage: s}\n",
            "recipes/none",
        ),
    ] {
        let lines = of(rest);
        assert_eq!(lines.len(), 1, "{rest}: {lines:?}");
        assert!(lines[0].contains(path), "{rest}: {lines:?}");
        assert!(lines[0].contains(": error["), "{lines:?}");
    }
}

#[test]
fn a_dockerfile_and_its_folder_are_looked_for() {
    let recipe =
        "kiln: 1\nname: a\ntags: [\"1\"]\ndockerfile: {file: none/Dockerfile, context: none}\n";
    let bench = bench(&[("recipes/a.yaml", recipe)]);
    let lines = shown(&report(&bench, &[]));
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(
        lines.iter().all(|line| line.contains("[missing-file]")),
        "{lines:?}"
    );
}

#[test]
fn each_place_is_told_once_however_many_variants_need_it() {
    let rest = "axes: {a: [b, c]}\ntags: [\"${{ a }}\"]\nsteps:\n  - copy: {src: none, to: /x}\n  - copy: {src: none, to: /y}\n";
    let lines = of(rest);
    assert_eq!(lines.len(), 2, "{lines:?}");
}

#[test]
fn what_the_ignore_file_leaves_out_is_missing_and_what_another_image_has_is_not() {
    let recipe = "kiln: 1\nname: a\ntags: [\"1\"]\nbase: scratch\nsteps:\n  - copy: {src: 비밀.txt, to: /a}\n  \
                  - copy: {src: ok/./b.txt, to: /a/, parents: true}\n  - copy: {from: {image: \"busybox:1.37\"}, src: /bin/sh, to: /sh}\n";
    let bench = bench(&[
        ("recipes/a.yaml", recipe),
        ("recipes/비밀.txt", "x"),
        ("recipes/ok/b.txt", "x"),
    ]);
    let levels = ["unpinned-base=off"];
    assert_eq!(shown(&report(&bench, &levels)), [""; 0]);
    bench.write("recipes/.dockerignore", "비밀.txt\n");
    let lines = shown(&report(&bench, &levels));
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(
        lines[0].starts_with("recipes/a.yaml:6:17: error[missing-file]"),
        "{lines:?}"
    );
}
