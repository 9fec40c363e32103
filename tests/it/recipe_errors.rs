//! Every mistake a recipe can hold, as the user sees it.
//!
//! A file of `tests/fixtures/err` is one recipe with one kind of mistake, or several that show up
//! together. It is copied into an empty workspace and planned; what comes out is a snapshot. A folder is
//! a workspace: all recipes of its `kiln.yaml` are planned, or without one `r.yaml`.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use crate::common::Workbench;

fn fixtures() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/err");
    let mut all: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    all.sort();
    all
}

fn name_of(path: &Path) -> &str {
    path.file_stem().unwrap().to_str().unwrap()
}

/// What the program says of a fixture.
fn shown(path: &Path) -> String {
    let bench = Workbench::new();
    let file = path.file_name().unwrap().to_str().unwrap();
    let ran = if path.is_dir() {
        bench.copy(path, "");
        let whole = path.join("kiln.yaml").is_file();
        let arguments: &[&str] = if whole { &[] } else { &["-f", "r.yaml"] };
        bench.kiln(&[&["plan"], arguments].concat())
    } else {
        bench.copy(path, file);
        bench.write("page.hbs", "한 {{nmae}}\n");
        bench.write("open.hbs", "{{#if}");
        bench.kiln(&["plan", "-f", file])
    };
    assert_eq!(ran.stdout, "", "{file}: a plan came out");
    assert!(!ran.stderr.contains("panicked"), "{file}: {}", ran.stderr);
    format!("exit {}\n{}", ran.code, ran.stderr)
}

#[test]
fn every_mistake_is_shown_with_its_place_and_the_next_step() {
    let mut failed = Vec::new();
    for path in fixtures() {
        let name = name_of(&path);
        let check = || insta::assert_snapshot!(format!("err_{name}"), shown(&path));
        if catch_unwind(AssertUnwindSafe(check)).is_err() {
            failed.push(name.to_owned());
        }
    }
    assert!(failed.is_empty(), "{}", failed.join(" "));
}

#[test]
fn there_are_at_least_120_kinds_and_each_has_its_snapshot() {
    let fixtures = fixtures();
    assert!(fixtures.len() >= 120, "{}", fixtures.len());
    let snapshots = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/snapshots");
    for entry in std::fs::read_dir(snapshots).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        let Some(name) = name.strip_prefix("it__recipe_errors__err_") else {
            continue;
        };
        let name = name.split('.').next().unwrap();
        assert!(
            fixtures.iter().any(|path| name_of(path) == name),
            "{name} has no fixture"
        );
    }
}

#[test]
fn a_mistake_has_exit_code_2_wherever_it_stands() {
    for path in fixtures() {
        assert!(shown(&path).starts_with("exit 2\n"), "{}", path.display());
    }
}
