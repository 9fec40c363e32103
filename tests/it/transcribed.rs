//! Images of others and the language page's examples, as recipes: they load, plan, lower and lint.

use std::path::{Path, PathBuf};

use kiln::llb::Definition;
use kiln::ops::{LoadOptions, Loaded, load};

use crate::common::Workbench;
use crate::llb_golden::Bench;

fn folder(name: &str) -> PathBuf {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    fixtures.join(name)
}

#[track_caller]
fn loaded(name: &str) -> Loaded {
    let options = LoadOptions {
        folder: folder(name),
        ..LoadOptions::default()
    };
    match load(&options) {
        Ok(loaded) => loaded,
        Err(error) => panic!("{error:#?}"),
    }
}

/// The copy of a workspace, and what lint says of it, one line per finding.
fn linted(name: &str) -> (i32, Vec<String>) {
    let bench = Workbench::new();
    bench.copy(&folder(name), "");
    let ran = bench.kiln(&["lint", "--format", "json"]);
    let report: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let findings = report["findings"].as_array().unwrap().iter();
    let lines = findings.map(|finding| {
        format!(
            "{} {}:{} {}: {}",
            finding["level"].as_str().unwrap(),
            finding["file"].as_str().unwrap(),
            finding["line"],
            finding["rule"].as_str().unwrap(),
            finding["message"].as_str().unwrap()
        )
    });
    (ran.code, lines.collect())
}

fn lowers(name: &str, legs: usize) {
    let loaded = loaded(name);
    let graphs = Bench::new(&folder(name)).lower_all(loaded.images);
    assert_eq!(graphs.len(), legs, "{:?}", graphs.keys());
    for (leg, lowered) in graphs {
        let definition = Definition::of(&lowered.state);
        assert!(!definition.ops().is_empty(), "{leg}");
    }
}

#[test]
fn transcribed_images_plan_lower_and_lint_without_an_error() {
    lowers("transcribed", 43);
    let (code, findings) = linted("transcribed");
    assert_eq!(code, 0, "{findings:#?}");
    insta::assert_snapshot!("transcribed_findings", findings.join("\n"));
}

#[test]
fn the_language_pages_examples_plan_lower_and_lint_clean() {
    lowers("examples", 4 + 5 + 24);
    let (code, findings) = linted("examples");
    assert_eq!(code, 0);
    let told: Vec<&String> = findings
        .iter()
        .filter(|line| !line.starts_with("note "))
        .collect();
    assert!(told.is_empty(), "{told:#?}");
}
