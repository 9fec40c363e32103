//! Mistakes in `kiln.yaml`, between recipes, and on the command line, as the user sees them.
//!
//! A folder of `tests/fixtures/workspace` is a workspace that is planned as a whole; a file `args` in it
//! holds more arguments.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use crate::common::Workbench;

fn fixtures() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/workspace");
    let mut all: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    all.sort();
    all
}

fn shown(folder: &Path) -> String {
    let bench = Workbench::new();
    bench.copy(folder, "");
    let more = std::fs::read_to_string(folder.join("args")).unwrap_or_default();
    let arguments: Vec<&str> = ["plan"]
        .into_iter()
        .chain(more.split_whitespace())
        .collect();
    let ran = bench.kiln(&arguments);
    assert_eq!(ran.stdout, "", "{}: a plan came out", folder.display());
    format!("exit {}\n{}", ran.code, ran.stderr)
}

#[test]
fn every_mistake_is_shown_with_its_place_and_the_next_step() {
    let mut failed = Vec::new();
    for folder in fixtures() {
        let name = folder.file_name().unwrap().to_str().unwrap();
        let check = || {
            let shown = shown(&folder);
            assert!(shown.starts_with("exit 2\n"), "{name}: {shown}");
            insta::assert_snapshot!(format!("ws_{name}"), shown);
        };
        if catch_unwind(AssertUnwindSafe(check)).is_err() {
            failed.push(name.to_owned());
        }
    }
    assert!(failed.is_empty(), "{}", failed.join(" "));
}

#[test]
fn each_fixture_has_its_snapshot_and_each_snapshot_its_fixture() {
    let fixtures = fixtures();
    assert!(fixtures.len() >= 30, "{}", fixtures.len());
    let snapshots = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/snapshots");
    for entry in std::fs::read_dir(snapshots).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        let Some(name) = name.strip_prefix("it__workspace_errors__ws_") else {
            continue;
        };
        let name = name.split('.').next().unwrap();
        assert!(
            fixtures.iter().any(|path| path.ends_with(name)),
            "{name} has no fixture"
        );
    }
}

#[test]
fn a_yaml_file_that_is_no_recipe_is_passed_over_with_a_note() {
    let bench = Workbench::new();
    bench.write("kiln.yaml", "kiln: 1\nrecipes: [\"**/*.yaml\"]\n");
    bench.write("values/값.yaml", "a: 1\n");
    bench.write("common/part.yaml", "kiln: 1\nworkdir: /a\n");
    bench.write("r.yaml", "kiln: 1\nname: r\ntags: [x]\nbase: scratch\n");
    let ran = bench.kiln(&["plan"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("values/값.yaml:1:1: note: passed over"),
        "{}",
        ran.stderr
    );
    assert!(!ran.stderr.contains("part.yaml"), "{}", ran.stderr);
    assert!(ran.stdout.contains("1 image,"), "{}", ran.stdout);
}

#[test]
fn the_workspace_is_found_from_a_folder_below_it() {
    let bench = Workbench::new();
    bench.write("kiln.yaml", "kiln: 1\nrecipes: [a/*.yaml]\n");
    bench.write(
        "a/r.yaml",
        "kiln: 1\nname: r\ntags: [x]\nbase: scratch\nworkdir: 한\n",
    );
    let ran = bench.kiln(&["plan", "-f", "./a/../a/r.yaml"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("--> a/r.yaml:5:10"), "{}", ran.stderr);
}
