//! This repository's own recipes, from nothing.

use std::path::Path;

use crate::lab::BOTH;
use crate::published::Published;
use crate::workspace::{Workspace, run};

/// Copies recipes into a workspace, with repositories of the workspace's own.
pub(crate) fn copy(from: &Path, to: &Workspace, below: &str) {
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let name = format!("{below}/{}", path.file_name().unwrap().to_str().unwrap());
        if path.is_dir() {
            copy(&path, to, &name);
        } else {
            let text = std::fs::read_to_string(&path).unwrap();
            // Other repositories, so that the demo's images stay as they are.
            to.file(
                &name,
                &text.replace("repository: cerebral/", "repository: live/UNIQUE-"),
            );
        }
    }
}

#[test]
fn the_recipes_are_built_without_the_cache_and_are_whole() {
    let Some(space) = Workspace::for_long() else {
        return;
    };
    copy(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("recipes"),
        &space,
        "recipes",
    );
    let registry = space.lab.registry.clone();
    space.kiln_yaml(&registry, "");
    let text = std::fs::read_to_string(space.path("kiln.yaml")).unwrap();
    space.file(
        "kiln.yaml",
        &text.replace("*/recipe.yaml", "recipes/**/recipe.yaml"),
    );
    let service = format!("{}-ai-services:latest", space.repository());
    let build = ["build", "--push", "--no-cache", "--set=list=demo"];
    let build = [&build[..], &["ai-base", service.as_str()]].concat();
    run(space.networked(&build)).expect(0);
    assert_eq!(space.records().len(), 3);
    for image in ["ai-base:cuda", "ai-base:cpu", "ai-services:latest"] {
        let reference = format!("{registry}/{}-{image}", space.repository());
        space.kiln(&["verify", "--deep", &reference]).expect(0);
        let published = Published::read(&space.lab, &reference);
        for (platform, arch) in [(BOTH[0], "amd64"), (BOTH[1], "arm64")] {
            let built = published.on(platform);
            assert_eq!(built.config["architecture"], arch, "{image}");
            let strays: Vec<String> = built
                .layers()
                .skip(1)
                .flatten()
                .map(|entry| entry.path)
                .filter(|path| path.starts_with("run/") || path.starts_with("tmp/"))
                .collect();
            assert!(strays.is_empty(), "{image} {platform}: {strays:?}");
        }
    }
}
