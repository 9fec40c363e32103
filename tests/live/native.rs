//! Typed steps on a foreign platform: what native programs leave there, and what they leave to the emulator.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::lab::BOTH;
use crate::layers::Entry;
use crate::pip::{page, wheel};
use crate::web::Web;
use crate::workspace::{Run, Workspace, run};

const PYTHON: &str =
    "base: docker.io/library/python:3.11-slim\nplatforms: [linux/amd64, linux/arm64]\n";
const DEBIAN: &str =
    "base: docker.io/library/debian:bookworm-slim\nplatforms: [linux/amd64, linux/arm64]\n";

fn built(space: &Workspace, more: &[&str]) -> Run {
    let args = [&["build", "image", "--push", "--progress=plain"], more].concat();
    run(space.networked(&args))
}

/// What the last layers of a platform hold.
fn added(space: &Workspace, platform: &str, layers: usize) -> Vec<Entry> {
    let image = space.published();
    let all: Vec<Vec<Entry>> = image.on(platform).layers().collect();
    let base = all.len() - layers;
    all.into_iter().skip(base).flatten().collect()
}

fn is_compiled(entry: &Entry) -> bool {
    std::path::Path::new(&entry.path)
        .extension()
        .is_some_and(|end| end == "pyc")
}

/// No name of a tool, of a place for tools, or of the other architecture.
#[track_caller]
fn has_no_trace(entries: &[Entry]) {
    let traces: Vec<String> = entries
        .iter()
        .filter(|entry| {
            let path = &entry.path;
            let is_own = path.contains("kiln") || path.starts_with("run") || path == "lib64";
            // apt takes its own older copies away.
            let is_gone = path.contains(".wh.") && !path.ends_with("-old");
            is_own || path.contains("x86_64") || is_gone
        })
        .map(Entry::line)
        .collect();
    assert!(traces.is_empty(), "{traces:#?}");
}

#[test]
fn a_foreign_pip_step_leaves_what_the_native_one_leaves_and_no_trace_of_the_tools() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.file(
        "r/requirements.txt",
        "click==8.1.7  # 고정\nmarkupsafe==3.0.2\n",
    );
    space.recipe(&format!(
        "{PYTHON}steps:
  - pip: {{requirements: requirements.txt, install: [flask==3.1.0]}}
    env: {{RUN: UNIQUE}}
tests:
  - run: [python3, -c, \"import flask, markupsafe, platform; print(markupsafe._speedups.__file__, platform.machine())\"]
    stdout: {{contains: aarch64}}
    if: arch == \"arm64\"
  - run: [python3, -m, pip, check]
  - run: python3 -m pip uninstall -y flask click && test ! -e /usr/local/lib/python3.11/dist-packages/click
"
    ));
    let _ = built(&space, &[]).expect(0);
    let paths = |platform| -> BTreeSet<String> {
        let entries = added(&space, platform, 1);
        has_no_trace_of_cache(&entries);
        let names = entries.into_iter().map(|entry| entry.path);
        names
            .map(|path| path.replace("x86_64", "M").replace("aarch64", "M"))
            .collect()
    };
    assert_eq!(paths(BOTH[0]), paths(BOTH[1]));
    let foreign = added(&space, BOTH[1], 1);
    has_no_trace(&foreign);
    let compiled: Vec<&Entry> = foreign.iter().filter(|entry| is_compiled(entry)).collect();
    assert!(compiled.len() > 50, "{}", compiled.len());
    // Hash-based and not checked against the source.
    let unchecked = |entry: &&Entry| entry.content.get(4..8) == Some(&[1, 0, 0, 0]);
    assert!(compiled.iter().all(unchecked));
    let marked: Vec<&str> = foreign
        .iter()
        .filter_map(|entry| entry.path.strip_suffix(".dist-info/REQUESTED"))
        .filter_map(|path| path.rsplit('/').next())
        .collect();
    assert_eq!(marked, ["MarkupSafe-3.0.2", "click-8.1.7", "flask-3.1.0"]);
}

#[track_caller]
fn has_no_trace_of_cache(entries: &[Entry]) {
    let strays: Vec<String> = entries
        .iter()
        .filter(|entry| entry.kind != 'd' && !entry.path.starts_with("usr/local/"))
        .map(Entry::line)
        .collect();
    assert!(strays.is_empty(), "{strays:#?}");
}

#[test]
fn a_foreign_apt_step_is_done_by_native_programs_and_its_image_is_whole() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe(&format!(
        "{DEBIAN}steps:
  - apt: {{install: [python3-minimal, sl]}}
    env: {{RUN: UNIQUE}}
  - run: echo 나중 UNIQUE > /later
tests:
  - run: test -z \"$(dpkg --audit)\" && apt-get check && dpkg --print-architecture
  - run: [python3, -c, \"import platform; print(platform.machine())\"]
  - run: [dpkg, --verify]
"
    ));
    let first = built(&space, &[]).expect(0);
    for platform in BOTH {
        let log = first.logged(platform);
        assert!(
            log.iter().any(|line| line.starts_with("Setting up sl")),
            "{log:#?}"
        );
    }
    let foreign = added(&space, BOTH[1], 2);
    has_no_trace(&foreign);
    let compiled = foreign.iter().filter(|entry| is_compiled(entry));
    assert!(compiled.count() > 50);
    // A later step that changes leaves the tools and the packages in the builder's cache.
    let recipe = std::fs::read_to_string(space.path("r/recipe.yaml")).unwrap();
    space.file("r/recipe.yaml", &recipe.replace("나중", "더 나중"));
    let second = built(&space, &[]).expect(0);
    let all: Vec<&str> = second.stderr.lines().collect();
    let again = |line: &&&str| line.contains("│ ✓ apt");
    assert_eq!(all.iter().filter(again).count(), 0, "{}", second.stderr);
    let cached = |line: &&&str| line.contains("│ = apt install python3-minimal sl (cached)");
    assert!(all.iter().filter(cached).count() >= 2, "{}", second.stderr);
}

#[test]
fn a_step_that_replaces_dash_is_sent_again_without_the_native_one_and_says_so() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe(&format!(
        "{DEBIAN}steps:
  - apt: {{install: [dash], options: [-o, \"APT::Get::ReInstall=true\"]}}
    env: {{RUN: UNIQUE}}
tests:
  - run: test -z \"$(dpkg --audit)\" && dpkg --verify dash
"
    ));
    built(&space, &[])
        .expect(0)
        .says(&["r/recipe.yaml:8:5: the step replaces dash or perl"]);
    has_no_trace(&added(&space, BOTH[1], 1));
}

#[test]
fn an_image_with_files_where_native_programs_need_theirs_is_emulated_and_says_so() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe(&format!(
        "{DEBIAN}steps:
  - if: arch == \"arm64\"
    then: [{{mkdir: /lib64}}]
  - apt: {{install: [sl]}}
    env: {{RUN: UNIQUE}}
tests:
  - file: /lib64
"
    ));
    built(&space, &[])
        .expect(0)
        .says(&["r/recipe.yaml:10:5: the image has files where native programs need theirs"]);
}

#[test]
fn without_the_same_python_in_the_twin_modules_are_compiled_under_emulation_and_it_is_said() {
    let Some(space) = Workspace::new() else {
        return;
    };
    // What is an interpreter on the foreign platform is a script on the other.
    space.file("r/python", "#!/bin/sh\nexec python3.11 \"$@\"\n");
    space.recipe(&format!(
        "{PYTHON}steps:
  - if: arch == \"arm64\"
    then: [{{run: cp -L /usr/bin/python3.11 /usr/bin/python3.11-옆}}]
    else: [{{copy: {{src: python, to: /usr/bin/python3.11-옆, mode: \"0755\"}}}}]
  - pip: {{install: [click==8.1.7], python: /usr/bin/python3.11-옆}}
    env: {{RUN: UNIQUE}}
tests:
  - run: [python3, -c, import click]
"
    ));
    built(&space, &[])
        .expect(0)
        .says(&["has no Python of the same version there"]);
    let foreign = added(&space, BOTH[1], 1);
    has_no_trace(&foreign);
    assert!(foreign.iter().any(is_compiled));
}

#[test]
fn a_native_step_that_fails_is_not_repeated_under_emulation() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe(&format!(
        "{PYTHON}steps:
  - pip: {{install: [kiln-없음-UNIQUE]}}
"
    ));
    let ended = built(&space, &[]).expect(3);
    let failures = ended
        .stderr
        .lines()
        .filter(|line| line.contains("│ ✗ pip install"));
    assert_eq!(failures.count(), 2, "{}", ended.stderr);
    assert!(!space.is_published());
}

#[test]
fn an_index_that_breaks_off_in_the_middle_fails_the_step_and_nothing_half_installed_is_used_later()
{
    let Some(space) = Workspace::new() else {
        return;
    };
    let breaks = Arc::new(AtomicBool::new(true));
    let files = BTreeMap::from([
        ("/simple/kilnone/", page("kilnone", &["1.0"])),
        ("/simple/kilntwo/", page("kilntwo", &["3.0"])),
        (
            "/kilnone-1.0-py3-none-any.whl",
            wheel("kilnone", "1.0", "eins"),
        ),
        (
            "/kilntwo-3.0-py3-none-any.whl",
            wheel("kilntwo", "3.0", "둘"),
        ),
    ]);
    let web = Web::breaking(files, Arc::clone(&breaks));
    space.recipe(&format!(
        "{PYTHON}steps:
  - pip: {{install: [kilnone, kilntwo], index: \"{}\"}}
    env: {{RUN: UNIQUE}}
tests:
  - run: [python3, -c, \"import kilnone, kilntwo; print(kilnone.word, kilntwo.word)\"]
    stdout: {{contains: eins 둘}}
",
        web.url("/simple")
    ));
    let ended = built(&space, &[]).expect(3);
    ended.says(&["r/recipe.yaml:8:5", "kiln"]);
    assert!(!space.is_published());
    breaks.store(false, Ordering::SeqCst);
    let _ = built(&space, &[]).expect(0);
}

#[test]
fn two_cold_builds_with_an_epoch_have_the_same_manifests() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe(&format!(
        "{DEBIAN}steps:
  - apt: {{install: [python3, python3-pip]}}
    env: {{RUN: UNIQUE}}
  - pip: {{install: [flask==3.1.0]}}
"
    ));
    let digests = || {
        let args = ["build", "image", "--push", "--no-cache", "--format=json"];
        let mut command = space.networked(&args);
        command.env("SOURCE_DATE_EPOCH", crate::lab::EPOCH.to_string());
        let built = run(command).expect(0).json();
        built["images"][0]["platforms"].clone()
    };
    let of = |platforms: &serde_json::Value, platform: &str| {
        platforms[platform]["manifest"].as_str().map(str::to_owned)
    };
    let (first, second) = (digests(), digests());
    for platform in BOTH {
        let digest = of(&first, platform);
        assert!(digest.is_some(), "{first}");
        assert_eq!(digest, of(&second, platform), "{platform}");
    }
}
