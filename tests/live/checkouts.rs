//! `git` as a step: a checkout that becomes a folder of the image.

use std::process::Command;

use crate::lab::{BOTH, EPOCH};
use crate::web::Web;
use crate::workspace::Workspace;

fn git(space: &Workspace, folder: &str, args: &[&str]) {
    let mut command = Command::new("git");
    command.args(["-c", "user.name=É", "-c", "user.email=e@example.org"]);
    command.args(["-c", "protocol.file.allow=always", "-C"]);
    let output = command.arg(space.path(folder)).args(args).output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

/// A repository with two versions and, if `inner` says where it is, a submodule.
fn repository(space: &Workspace, inner: Option<&str>) {
    space.file("git/main/src/가.c", "first UNIQUE\n");
    space.file("git/main/run.sh", "#!/bin/sh\n");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(space.path("git/main/run.sh"), mode).unwrap();
    git(space, "git/main", &["init", "-q", "-b", "main", "."]);
    if let Some(url) = inner {
        git(
            space,
            "git/main",
            &["submodule", "--quiet", "add", url, "inner"],
        );
    }
    git(space, "git/main", &["add", "."]);
    git(space, "git/main", &["commit", "-q", "-m", "first"]);
    git(space, "git/main", &["tag", "v1"]);
    space.file("git/main/src/가.c", "second UNIQUE\n");
    git(space, "git/main", &["commit", "-q", "-a", "-m", "second"]);
}

#[test]
fn a_checkout_becomes_a_folder_with_its_owner_and_without_git() {
    let Some(space) = Workspace::new() else {
        return;
    };
    repository(&space, None);
    let url = Web::git(space.path("git")).url("/main/.git");
    space.recipe(&format!(
        "workdir: /w
steps:
  - git: {{url: \"{url}\", ref: v1, to: one}}
  - git: {{url: \"{url}\", ref: main, to: /two/, owner: \"7:8\"}}
"
    ));
    let image = space.publish();
    image.adds(
        1,
        &[&[
            "d 0755 7:8 two",
            "f 0755 7:8 two/run.sh",
            "d 0755 7:8 two/src",
            "f 0644 7:8 two/src/가.c",
            "d 0755 0:0 w",
            "d 0755 0:0 w/one",
            "f 0755 0:0 w/one/run.sh",
            "d 0755 0:0 w/one/src",
            "f 0644 0:0 w/one/src/가.c",
        ]],
    );
    for platform in BOTH {
        let files = image.on(platform).files();
        let text = |path: &str| files[path].text().to_owned();
        assert_eq!(text("w/one/src/가.c"), format!("first {}\n", space.unique));
        assert_eq!(text("two/src/가.c"), format!("second {}\n", space.unique));
        assert_eq!(files["two/src/가.c"].time, EPOCH);
    }
}

#[test]
fn submodules_come_along_unless_the_step_says_no_and_git_stays_if_it_says_so() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.file("git/inner/안", "inner UNIQUE\n");
    git(&space, "git/inner", &["init", "-q", "-b", "main", "."]);
    git(&space, "git/inner", &["add", "."]);
    git(&space, "git/inner", &["commit", "-q", "-m", "inner"]);
    let web = Web::git(space.path("git"));
    repository(&space, Some(&web.url("/inner/.git")));
    let url = web.url("/main/.git");
    space.recipe(&format!(
        "platforms: [linux/amd64]
steps:
  - git: {{url: \"{url}\", ref: v1, to: /with}}
  - git: {{url: \"{url}\", ref: v1, to: /without, submodules: false, keep_git: true}}
"
    ));
    let image = space.publish();
    let files = image.on(BOTH[0]).files();
    let inner = format!("inner {}\n", space.unique);
    assert_eq!(files["with/inner/안"].text(), inner);
    assert!(!files.contains_key("without/inner/안"));
    assert!(files.contains_key("without/.git/HEAD"));
    assert!(!files.keys().any(|path| path.starts_with("with/.git/")));
}

#[test]
fn a_reference_that_does_not_exist_is_an_error_at_its_place() {
    let Some(space) = Workspace::new() else {
        return;
    };
    repository(&space, None);
    let url = Web::git(space.path("git")).url("/main/.git");
    space.recipe(&format!(
        "platforms: [linux/amd64]
steps:
  - git: {{url: \"{url}\", ref: v9, to: /x}}
"
    ));
    space
        .kiln(&["build", "--progress=quiet"])
        .expect(3)
        .says(&["r/recipe.yaml:8:5", "v9"]);
}
