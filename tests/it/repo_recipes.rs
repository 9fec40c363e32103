//! The recipes of this repository are ones that work.

use std::collections::BTreeSet;
use std::path::Path;

use kiln::llb::Definition;
use kiln::ops::{LoadOptions, load};

use crate::common::Workbench;
use crate::llb_golden::Bench;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn recipe_files(folder: &Path, all: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            recipe_files(&path, all);
        } else if path.extension().is_some_and(|kind| kind == "yaml") {
            all.insert(
                path.strip_prefix(root())
                    .unwrap()
                    .to_str()
                    .unwrap()
                    .to_owned(),
            );
        }
    }
}

#[test]
fn every_recipe_parses_and_plans_without_a_note() {
    let mut files = BTreeSet::new();
    recipe_files(&root().join("recipes"), &mut files);
    assert!(files.len() >= 2, "{files:?}");
    let bench = Workbench::new();
    bench.copy(&root().join("recipes"), "recipes");
    bench.copy(&root().join("templates"), "templates");
    bench.copy(&root().join("common"), "common");
    bench.copy(&root().join("kiln.yaml"), "kiln.yaml");
    let ran = bench.kiln(&["plan", "--format", "json"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    let plan: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let images = plan["images"].as_array().unwrap();
    let planned: BTreeSet<String> = images
        .iter()
        .map(|image| image["file"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(planned, files);
    for image in images {
        let platforms: Vec<&String> = image["platforms"].as_object().unwrap().keys().collect();
        // Kernels have what their bases have; `kernels_catalogue` looks at them.
        let of_kernels = image["file"].as_str().unwrap().contains("/kernels/");
        assert!(
            of_kernels || platforms == ["linux/amd64", "linux/arm64"],
            "{}",
            image["image"]
        );
        assert!(
            !image["references"].as_array().unwrap().is_empty(),
            "{}",
            image["image"]
        );
    }
}

#[test]
fn every_recipe_lowers_on_every_platform() {
    let loaded = load(&LoadOptions {
        folder: root().to_path_buf(),
        ..LoadOptions::default()
    })
    .unwrap();
    let bench = Bench::new(root());
    let graphs = bench.lower_all(loaded.images);
    assert!(graphs.len() >= 6, "{:?}", graphs.keys());
    for (leg, lowered) in graphs {
        assert!(!Definition::of(&lowered.state).ops().is_empty(), "{leg}");
        let layers = lowered
            .config
            .history
            .iter()
            .filter(|entry| !entry.empty_layer);
        assert!(layers.count() > 1, "{leg}");
    }
}
