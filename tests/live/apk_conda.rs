//! `apk` and `conda` by what they are called with: no registry of packages that the lab reaches has either
//! program. A stub in the image says its arguments, and what it finds.

use crate::lab::BOTH;
use crate::workspace::Workspace;

/// A program that says what it is called with, each word in brackets, and then runs `more`.
fn stub(path: &str, more: &str) -> String {
    format!(
        "  - write:
      path: {path}
      mode: \"0755\"
      content: |
        #!/bin/sh
        printf '%s' \"${{0##*/}}\"; printf ' [%s]' \"$@\"; echo
        {more}
"
    )
}

#[test]
fn apk_is_called_in_order_with_its_cache_and_nothing_of_it_stays() {
    let Some(space) = Workspace::new() else {
        return;
    };
    let apk = stub(
        "/sbin/apk",
        "touch /etc/apk/cache/UNIQUE; echo log >> /var/log/apk.log; echo $1 >> /world",
    );
    space.recipe(&format!(
        "platforms: [linux/amd64]
steps:
  - mkdir: [/etc/apk, /var/log]
{apk}  - apk: {{upgrade: true, remove: [a], install: [\"b>1\", \"$(id)\", \"/p/*.apk\"], options: [-X, \"u v\"]}}
    mounts: [{{path: /p, src: p}}]
  - apk: {{remove: [c], install: [d]}}
  - run: test ! -e /etc/apk/cache; ls -A /var/log
"
    ));
    space.file("r/p/가 마.apk", "");
    space.file("r/p/b.apk", "");
    let built = space.kiln(&["build", "--push"]).expect(0);
    assert_eq!(
        built.logged(BOTH[0]),
        [
            "apk [upgrade] [--no-progress] [--update-cache] [-X] [u v]",
            "apk [del] [--no-progress] [-X] [u v] [a]",
            "apk [add] [--no-progress] [-X] [u v] [b>1] [$(id)] [/p/b.apk] [/p/가 마.apk]",
            "apk [del] [--no-progress] [c]",
            "apk [add] [--no-progress] [--update-cache] [d]",
        ]
    );
    let image = space.published();
    let layers: Vec<_> = image.on(BOTH[0]).layers().skip(2).collect();
    for added in &layers[..2] {
        let files = added.iter().filter(|entry| entry.kind != 'd');
        let files: Vec<&str> = files.map(|entry| entry.path.as_str()).collect();
        assert_eq!(files, ["world"]);
    }
}

#[test]
fn conda_is_one_call_with_its_cache_in_a_mount() {
    let Some(space) = Workspace::new() else {
        return;
    };
    let more = "echo $CONDA_PKGS_DIRS; touch $CONDA_PKGS_DIRS/UNIQUE; ls $CONDA_PKGS_DIRS | grep UNIQUE; id -u; touch /tmp/installed-$(id -u)";
    let (conda, micromamba) = (
        stub("/usr/bin/conda", more),
        stub("/opt/bin/micromamba", more),
    );
    space.recipe(&format!(
        "platforms: [linux/amd64]
steps:
  - mkdir: {{path: /tmp, mode: \"1777\"}}
{conda}{micromamba}  - conda: {{install: [numpy, \"python >=3.11\", \"$(id)\"], channels: [conda-forge, \"file:///채널\"], options: [-n, \"b c\"]}}
  - conda: {{install: [/p/*.conda], program: /opt/bin/micromamba}}
    user: \"1000\"
    mounts: [{{path: /p, src: p}}]
  - run: test ! -e /run/kiln && ls /tmp
"
    ));
    space.file("r/p/가.conda", "");
    let built = space.kiln(&["build", "--push"]).expect(0);
    let unique = space.unique.as_str();
    assert_eq!(
        built.logged(BOTH[0]),
        [
            "conda [install] [-y] [-c] [conda-forge] [-c] [file:///채널] [-n] [b c] [numpy] [python >=3.11] [$(id)]",
            "/run/kiln/conda/pkgs",
            unique,
            "0",
            "micromamba [install] [-y] [/p/가.conda]",
            "/run/kiln/conda/pkgs",
            unique,
            "1000",
            "installed-0",
            "installed-1000",
        ]
    );
    let image = space.published();
    let added = image.on(BOTH[0]).layers().nth(2).unwrap();
    let files = added.iter().filter(|entry| entry.kind != 'd');
    assert_eq!(
        files.map(|entry| entry.path.as_str()).collect::<Vec<_>>(),
        ["tmp/installed-0"]
    );
}

#[test]
fn a_program_of_conda_that_is_not_there_is_named() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe(
        "platforms: [linux/amd64]\nsteps:\n  - conda: {install: [numpy-UNIQUE], program: mamba}\n",
    );
    space
        .kiln(&["build", "--progress=quiet"])
        .expect(3)
        .says(&["r/recipe.yaml:8:5", "mamba"]);
}
