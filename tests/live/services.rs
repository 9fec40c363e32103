//! Services of Backend.AI, built from this repository's own recipe and started from the registry.

use std::path::Path;

use serde_json::{Map, Value, json};

use crate::lab::BOTH;
use crate::published::{Built, Published};
use crate::workspace::{Workspace, run};

/// A workspace with the repository's recipe of the services, under names of its own.
fn services() -> Option<Workspace> {
    let space = Workspace::for_long()?;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("recipes/services/backendai");
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        space.file(
            &format!("서비스/{name}"),
            &text.replace("repository: stable/", "repository: live/UNIQUE-"),
        );
    }
    Some(space)
}

/// What the recipe comes to on a platform, as an image's configuration has it.
fn expected(shown: &Value) -> Value {
    let mut labels = shown["labels"].clone();
    labels["org.opencontainers.image.description"] = shown["description"].clone();
    let ports = shown["expose"].as_array().unwrap().iter();
    let ports: Map<String, Value> = ports
        .map(|port| (format!("{}/tcp", port.as_str().unwrap()), json!({})))
        .collect();
    json!({
        "Labels": labels,
        "User": shown["user"],
        "WorkingDir": shown["workdir"],
        "Entrypoint": shown["entrypoint"],
        "Cmd": shown["cmd"],
        "ExposedPorts": ports,
        "Test": shown["healthcheck"]["test"],
    })
}

/// The same of a published image.
fn found(built: &Built) -> Value {
    let config = &built.config["config"];
    json!({
        "Labels": config["Labels"],
        "User": config["User"],
        "WorkingDir": config["WorkingDir"],
        "Entrypoint": config["Entrypoint"],
        "Cmd": config["Cmd"],
        "ExposedPorts": config["ExposedPorts"],
        "Test": config["Healthcheck"]["Test"],
    })
}

/// Starts a published image on both platforms; the lines that it prints. Once is enough: under emulation the
/// newest manager takes minutes to import its modules.
fn started(space: &Workspace, reference: &str) -> [Vec<String>; 2] {
    space.recipe(&format!(
        "base: {reference}
steps:
  - run: [python3, -c, \"import platform, sys; print(platform.machine(), sys.version_info[:2])\"]
    network: none
  - run: [python3, -m, ai.backend.manager.server, --help]
    user: \"1000:1000\"
    network: none
"
    ));
    // What a builder knows already prints nothing.
    let ran = space.kiln(&["build", "image", "--no-cache"]).expect(0);
    BOTH.map(|platform| {
        let lines = ran.logged(platform).into_iter();
        lines.map(str::to_owned).collect()
    })
}

/// Builds the manager of a release, pushes it, reads it back and starts it.
fn manager(release: &str, version: &str, python: &str, health: &str) {
    let Some(space) = services() else {
        return;
    };
    let image = format!("{}-backend.ai-manager:{release}", space.repository());
    run(space.networked(&["build", "--push", &image])).expect(0);
    let reference = format!("{}/{image}", space.lab.registry);
    space.kiln(&["verify", "--deep", &reference]).expect(0);
    let shown = space.kiln(&["show", &image, "--format", "json"]).expect(0);
    let shown = &shown.json()["images"][0]["platforms"];
    let published = Published::read(&space.lab, &reference);
    for (platform, architecture) in BOTH.into_iter().zip(["amd64", "arm64"]) {
        let built = published.on(platform);
        assert_eq!(built.config["architecture"], architecture);
        assert_eq!(found(built), expected(&shown[platform]), "{platform}");
        let labels = &built.config["config"]["Labels"];
        assert_eq!(labels["org.opencontainers.image.version"], version);
        assert_eq!(built.env("HEALTH_URL").as_deref(), Some(health));
        let files = built.files();
        for stray in ["usr/bin/gcc", "usr/local/bin/uv", "root/.cache", "uv"] {
            assert!(!files.contains_key(stray), "{platform}: {stray}");
        }
        // Each module of the program comes with its byte code.
        let count = |end: &str| {
            let own = files
                .keys()
                .filter(|path| path.starts_with("opt/backend.ai/lib/"));
            own.filter(|path| path.ends_with(end)).count()
        };
        assert!(count(".py") > 2000, "{platform}");
        assert_eq!(count(".py"), count(".pyc"), "{platform}");
    }
    for (lines, machine) in started(&space, &reference)
        .iter()
        .zip(["x86_64", "aarch64"])
    {
        assert_eq!(lines[0], format!("{machine} (3, {python})"));
        let usage = "Usage: python -m ai.backend.manager.server [OPTIONS] COMMAND [ARGS]...";
        assert!(lines.iter().any(|line| line == usage), "{lines:#?}");
    }
}

#[test]
fn the_manager_of_release_23_09_is_what_the_recipe_says_and_starts_on_both_platforms() {
    manager("23.09", "23.9.10", "11", "http://127.0.0.1:8080/");
}

#[test]
fn the_manager_of_the_current_release_is_what_the_recipe_says_and_starts_on_both_platforms() {
    manager("26.9", "26.9.6", "13", "http://127.0.0.1:8080/health/livez");
}
