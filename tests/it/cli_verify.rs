//! `kiln verify`: exit codes and words. What it sees is shown in `verify`.

use crate::build::{closed_port, kiln};

#[test]
fn a_registry_that_is_down_is_exit_5_with_a_next_step() {
    let folder = tempfile::tempdir().unwrap();
    let image = format!("{}/team/app:1", closed_port());
    let ran = kiln(folder.path(), &[], &["verify", &image]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(5), ""));
    assert!(
        ran.stderr.contains(&image[..image.len() - 2]),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("  next: "), "{}", ran.stderr);
}

#[test]
fn a_name_that_is_none_is_exit_2() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["GROß/x", "a@sha256:12", ""] {
        let ran = kiln(folder.path(), &[], &["verify", name]);
        assert_eq!(ran.code, Some(2), "{name}: {}", ran.stderr);
    }
}

#[test]
fn a_broken_workspace_file_is_exit_2_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("kiln.yaml"), "kiln: 1\nregistreis: {}\n").unwrap();
    let ran = kiln(folder.path(), &[], &["verify", "127.0.0.1:1/x:1"]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.contains("kiln.yaml:2:1"), "{}", ran.stderr);
}
