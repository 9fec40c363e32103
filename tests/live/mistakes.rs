//! What is wrong before anything is built: clear words, the right exit code, no tag, no record.

use std::net::TcpListener;

use crate::lab::BOTH;
use crate::workspace::{Run, Workspace, run};

/// Nothing was begun and nothing is left.
#[track_caller]
fn nothing_happened(space: &Workspace, run: &Run) {
    assert!(!run.stderr.contains("begins on"), "{}", run.stderr);
    assert!(space.records().is_empty());
    assert!(!space.is_published());
}

/// A port where nobody listens.
fn closed_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

#[test]
fn a_base_that_does_not_exist() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe("base: REGISTRY/kiln-test/none-UNIQUE:1\nsteps:\n  - run: \"true\"\n");
    let run = space
        .kiln(&["build", "--push"])
        .expect(2)
        .says(&["r/recipe.yaml:5:7", "does not exist"]);
    nothing_happened(&space, &run);
}

#[test]
fn a_tag_that_does_not_exist() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe("base: REGISTRY/kiln-test/tiny:no-such-tag\n");
    let run = space
        .kiln(&["build", "--push"])
        .expect(2)
        .says(&["r/recipe.yaml:5:7", "does not exist"]);
    nothing_happened(&space, &run);
}

#[test]
fn a_base_that_lacks_the_platform() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe("base: docker.io/kiln-test/amd64-only:1\nsteps:\n  - run: \"true\"\n");
    let run = space.kiln(&["build", "--push"]).expect(2).says(&[
        "r/recipe.yaml:5:7",
        "has no linux/arm64",
        "it has linux/amd64",
    ]);
    nothing_happened(&space, &run);
    // Which it does not need for the platform that it has.
    space.kiln(&["build", "--platform=linux/amd64"]).expect(0);
}

#[test]
fn a_base_that_lies_about_its_architecture() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe("base: docker.io/kiln-test/liar:1\nsteps:\n  - run: \"true\"\n");
    let run = space
        .kiln(&["build", "--push"])
        .expect(2)
        .says(&["r/recipe.yaml:5:7", "linux/arm64 entry is for linux/amd64"]);
    nothing_happened(&space, &run);
}

#[test]
fn an_image_to_copy_from_is_checked_like_a_base() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe(
        "steps:
  - copy: {from: {image: docker.io/kiln-test/amd64-only:1}, src: /bin, to: /x}
  - run: \"true\"
    mounts: [{path: /m, src: /, from: {image: docker.io/kiln-test/liar:1}}]
",
    );
    let run = space.kiln(&["build", "--push"]).expect(2).says(&[
        "r/recipe.yaml:7:",
        "has no linux/arm64",
        "r/recipe.yaml:9:",
        "entry is for linux/amd64",
        "2 errors",
    ]);
    nothing_happened(&space, &run);
}

#[test]
fn files_that_are_not_there_are_all_named_before_anything_is_built() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe(
        "steps:
  - copy: {src: missing.txt, to: /}
  - copy: {src: \"*.none\", to: /x/}
  - run: \"true\"
    mounts: [{path: /m, src: gone}]
  - pip: {requirements: requirements.txt}
",
    );
    let run = space.kiln(&["build", "--push"]).expect(2).says(&[
        "r/recipe.yaml:7:17",
        "`r/missing.txt`",
        "r/recipe.yaml:8:17",
        "`r/*.none` matches no file",
        "r/recipe.yaml:10:30",
        "`r/gone`",
        "r/recipe.yaml:11:25",
        "`r/requirements.txt`",
        "4 errors",
    ]);
    nothing_happened(&space, &run);
}

#[test]
fn files_outside_of_the_workspace_are_refused() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe("steps:\n  - copy: {src: ../../etc/passwd, to: /}\n");
    space
        .kiln(&["build"])
        .expect(2)
        .says(&["r/recipe.yaml:7:17", "leaves the workspace"]);
    // A link that leads out does not help.
    std::os::unix::fs::symlink("/etc", space.path("r/out")).unwrap();
    space.recipe("steps:\n  - copy: {src: out/passwd, to: /}\n");
    space
        .kiln(&["build"])
        .expect(2)
        .says(&["r/recipe.yaml:7:17"]);
    space.file("r/recipe.yaml", "");
    space.recipe("steps:\n  - pip: {requirements: out/passwd}\n");
    space
        .kiln(&["build"])
        .expect(2)
        .says(&["r/recipe.yaml:7:25"]);
}

#[test]
fn no_builder() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe("steps:\n  - run: echo UNIQUE\n");
    for address in [
        format!("tcp://127.0.0.1:{}", closed_port()),
        format!("unix://{}/none.sock", space.root().display()),
    ] {
        let mut command = space.command(&["build", "--push"]);
        command.env("BUILDKIT_HOST", &address);
        let run = run(command).expect(4).says(&[&address, "next:"]);
        nothing_happened(&space, &run);
    }
}

#[test]
fn no_registry() {
    let Some(space) = Workspace::new() else {
        return;
    };
    let host = format!("127.0.0.1:{}", closed_port());
    // For the base.
    space.recipe(&format!(
        "base: {host}/base:1\nsteps:\n  - run: echo UNIQUE\n"
    ));
    let run = space.kiln(&["build", "--push"]).expect(5).says(&[&host]);
    nothing_happened(&space, &run);
    // For the result.
    space.kiln_yaml(&host, "");
    space.recipe("steps:\n  - run: echo UNIQUE\n");
    let run = space.kiln(&["build", "--push"]).expect(5).says(&[&host]);
    assert!(space.records().is_empty(), "{}", run.stderr);
    space
        .kiln(&["verify", &format!("{host}/a:1")])
        .expect(5)
        .says(&[&host]);
}

#[test]
fn a_tag_with_more_platforms_is_not_replaced_by_one_with_fewer() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe("steps:\n  - run: echo UNIQUE\n");
    let before = space.publish();
    let run = space
        .kiln(&["build", "--push", "--platform=linux/arm64"])
        .expect(6)
        .says(&["linux/amd64", &space.reference(), "--allow-shrink"]);
    assert!(!run.stderr.contains("begins on"), "{}", run.stderr);
    assert_eq!(space.published().digest, before.digest);
    assert_eq!(space.records().len(), 1);
    space
        .kiln(&[
            "build",
            "--push",
            "--platform=linux/arm64",
            "--allow-shrink",
        ])
        .expect(0);
    let platforms: Vec<String> = space
        .published()
        .images()
        .map(|(platform, _)| platform.to_owned())
        .collect();
    assert_eq!(platforms, [BOTH[1]]);
}

#[test]
fn a_subset_is_published_where_the_tag_has_no_more() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe("steps:\n  - run: echo UNIQUE\n");
    space
        .kiln(&["build", "--push", "--platform=linux/amd64"])
        .expect(0);
    space
        .kiln(&["build", "--push", "--platform=linux/amd64"])
        .expect(0);
    space.kiln(&["build", "--push"]).expect(0);
    assert_eq!(space.published().images().count(), 2);
}

#[test]
fn a_name_that_no_image_has() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe("");
    space
        .kiln(&["build", "imgae"])
        .expect(2)
        .says(&["imgae", "image"]);
    space
        .kiln(&["build", "--set=nothing=1"])
        .expect(2)
        .says(&["nothing"]);
    space
        .kiln(&["build", "--platform=linux/amd46"])
        .expect(2)
        .says(&["linux/amd46"]);
}

#[test]
fn a_workspace_without_a_registry_builds_but_does_not_push() {
    let Some(space) = Workspace::new() else {
        return;
    };
    let mirror = &space.lab.registry;
    space.file(
        "kiln.yaml",
        &format!(
            "kiln: 1\nrecipes: [r/recipe.yaml]\nmirrors: {{docker.io: [\"http://{mirror}\"]}}\n"
        ),
    );
    space.recipe("steps:\n  - run: echo UNIQUE\n");
    space.kiln(&["build"]).expect(0);
    space
        .kiln(&["build", "--push"])
        .expect(2)
        .says(&["has no registry", "next:"]);
}
