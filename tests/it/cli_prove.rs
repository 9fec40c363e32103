//! `kiln prove`: exit codes and words. What it compares is shown in `ops_prove`.

use crate::build::{closed_port, kiln};

const WORKSPACE: &str = "kiln: 1\nrecipes: [r.yaml]\n";
const RECIPE: &str = "kiln: 1\nname: a\nrepository: team/a\ntags: [x]\nbase: debian:12\n\
    platforms: [linux/arm64]\nsteps:\n  - run: echo 한글\n";

fn workspace() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("kiln.yaml"), WORKSPACE).unwrap();
    std::fs::write(folder.path().join("r.yaml"), RECIPE).unwrap();
    folder
}

#[test]
fn a_builder_that_is_not_there_is_exit_4_in_both_forms() {
    let folder = workspace();
    let address = format!("tcp://{}", closed_port());
    let variables = [("BUILDKIT_HOST", address.as_str())];
    let ran = kiln(folder.path(), &variables, &["prove", "team/a:x"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(4), ""));
    assert!(ran.stderr.contains("  next: "), "{}", ran.stderr);
    let arguments = ["prove", "team/a:x", "--format", "json"];
    let ran = kiln(folder.path(), &variables, &arguments);
    assert_eq!(ran.code, Some(4));
    let document: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(document["version"], 1);
    assert_eq!(document["state"], "failed");
    assert!(document["next"].is_string(), "{document}");
    assert!(!folder.path().join(".kiln").exists());
}

#[test]
fn a_name_that_no_image_has_is_exit_2_before_a_builder_is_asked() {
    let folder = workspace();
    let ran = kiln(folder.path(), &[], &["prove", "team/b:x"]);
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
    assert!(ran.stderr.contains("team/b:x"), "{}", ran.stderr);
}

#[test]
fn outputs_and_pushes_are_no_options_of_it() {
    let folder = workspace();
    for argument in ["--push", "--output=type=oci,dest=x", "--record=x"] {
        let ran = kiln(folder.path(), &[], &["prove", "team/a:x", argument]);
        assert_eq!(ran.code, Some(2), "{}", ran.stderr);
        let words = "unexpected argument";
        assert!(ran.stderr.contains(words), "{}", ran.stderr);
    }
}
