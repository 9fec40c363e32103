//! A kernel of this repository's own recipes, built as it stands.

use std::collections::BTreeMap;
use std::path::Path;

use kiln::ops::{LoadOptions, load};

use crate::lab::BOTH;
use crate::published::{Built, Published};
use crate::workspace::{Run, Workspace, run};

/// What is started in the finished image: its program, and what its services run.
fn child(services: &[&str]) -> String {
    let services = services.join(" ");
    format!(
        "kiln: 1
name: child
tags: [it]
base: {{recipe: kernel-python, version: \"3.11\"}}
steps:
  - run: |
      /usr/local/bin/python --version
      for service in {services}; do
        echo \"$service: $(/usr/local/bin/python -m $service --help 2>&1 | wc -l) lines of help\"
      done
      echo 끝 UNIQUE
"
    )
}

fn copy(from: &Path, to: &Workspace, below: &str) {
    if !from.is_dir() {
        to.bytes(below, &std::fs::read(from).unwrap());
        return;
    }
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        copy(&path, to, &format!("{below}/{name}"));
    }
}

/// A workspace with the recipe of the Python kernels, byte for byte, and all that is shared. Only the registry is another
/// one: its repositories lie below one of the test's own.
fn workspace(space: &Workspace) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let recipe = "recipes/kernels/python.yaml";
    copy(&root.join(recipe), space, recipe);
    copy(&root.join("templates"), space, "templates");
    copy(&root.join("common"), space, "common");
    let registry = &space.lab.registry;
    let yaml = format!(
        "kiln: 1\nrecipes: [\"recipes/**/*.yaml\"]\nregistry: lab\n\
         registries: {{lab: {{url: \"http://{registry}\", prefix: \"{registry}/live/UNIQUE\"}}}}\n\
         mirrors: {{docker.io: [\"http://{registry}\"]}}\n"
    );
    space.file("kiln.yaml", &yaml);
}

fn labels(built: &Built) -> BTreeMap<String, String> {
    let labels = built.config["config"]["Labels"].as_object().unwrap();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    labels
        .iter()
        .map(|(key, value)| (key.clone(), text(value)))
        .collect()
}

/// What a step wrote on a platform behind a word.
fn said(run: &Run, platform: &str, word: &str) -> String {
    let lines = run.logged(platform);
    let found = lines.iter().find_map(|line| line.strip_prefix(word));
    found
        .unwrap_or_else(|| panic!("no `{word}` in {lines:#?}"))
        .trim()
        .to_owned()
}

/// Builds and publishes the kernel, holds what the registry has against the recipe, and starts what is in it.
fn published_and_started(space: &Workspace, set: &[&str], services: &[&str]) {
    workspace(space);
    let name = "lablup/kernel-python:3.11";
    run(space.networked(&[&["build", "--push", name], set].concat())).expect(0);
    let loaded = load(&LoadOptions {
        folder: space.root().to_path_buf(),
        ..LoadOptions::default()
    })
    .unwrap();
    let mut images = loaded.images.iter();
    let image = images.find(|image| image.name() == name).unwrap();
    let reference = format!("{}/{}/{name}", space.lab.registry, space.repository());
    let published = Published::read(&space.lab, &reference);
    assert_eq!(image.contents.len(), BOTH.len());
    for (platform, content) in &image.contents {
        let built = published.on(&platform.to_string());
        let labels = labels(built);
        assert_eq!(labels, content.runtime.labels, "{platform}");
        let ports = "ipython:pty:3000,jupyter:http:8091,jupyterlab:http:8090";
        assert_eq!(labels["ai.backend.service-ports"], ports, "{platform}");
        let definition = built.text("etc/backend.ai/service-defs/jupyter.json");
        assert!(
            definition.contains("root_dir = '/home/work'"),
            "{definition}"
        );
    }
    space.file("recipes/child.yaml", &child(services));
    let ran = run(space.networked(&[&["build", "child:it"], set].concat())).expect(0);
    for platform in BOTH {
        let version = said(&ran, platform, "Python ");
        assert!(version.starts_with("3.11."), "{platform}: {version}");
        for service in services {
            let lines = said(&ran, platform, &format!("{service}: "));
            let count = lines.split(' ').next().and_then(|count| count.parse().ok());
            assert!(
                count.is_some_and(|count: usize| count > 20),
                "{platform} {service}: {lines}"
            );
        }
    }
}

#[test]
fn a_python_kernel_of_the_catalogue_has_its_labels_and_starts_on_every_platform() {
    let Some(space) = Workspace::new() else {
        return;
    };
    published_and_started(&space, &["--set=tools=no"], &["pip"]);
}

#[test]
fn the_whole_python_kernel_starts_what_its_services_run() {
    let Some(space) = Workspace::for_long() else {
        return;
    };
    published_and_started(&space, &[], &["IPython", "notebook", "jupyterlab"]);
}
