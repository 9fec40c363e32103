//! What is done where native tools cannot do a typed step, and what the user reads of it.

use serde_json::Value;

use crate::workspace::{Run, Workspace, run};

const DEBIAN: &str = "base: docker.io/library/debian:bookworm-slim\n";
const PYTHON: &str = "base: docker.io/library/python:3.11-slim\n";

fn built(space: &Workspace) -> Run {
    run(space.networked(&["build", "image", "--push", "--progress=plain"]))
}

/// How the steps of the foreign platform ran by the newest record: mode, and why.
fn modes(space: &Workspace) -> Vec<(String, String)> {
    let records = space.records();
    let record = records.last().unwrap();
    let steps = record["platforms"]["linux/arm64"]["steps"].as_array();
    let word = |step: &Value, key: &str| step[key].as_str().unwrap().to_owned();
    steps
        .unwrap_or_else(|| panic!("{record:#}"))
        .iter()
        .map(|step| (word(step, "mode"), word(step, "why")))
        .collect()
}

#[test]
fn an_image_for_the_foreign_platform_alone_takes_programs_from_its_base() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe(&format!(
        "{DEBIAN}platforms: [linux/arm64]
steps:
  - apt: {{install: [python3-minimal, sl]}}
    env: {{RUN: UNIQUE}}
tests:
  - run: test -z \"$(dpkg --audit)\" && dpkg --print-architecture && python3 -c 'import platform; print(platform.machine())'
    stdout: {{contains: arm64}}
"
    ));
    let ended = built(&space).expect(0);
    assert!(!ended.stderr.contains("is emulated"), "{}", ended.stderr);
    let [(mode, why)] = &modes(&space)[..] else {
        panic!("{:?}", modes(&space));
    };
    assert_eq!(mode, "native-tools");
    assert_eq!(
        why,
        "apt, dpkg and dash of the base; perl and Python are emulated, as there is no twin of the step"
    );
}

#[test]
fn python_packages_of_an_image_for_the_foreign_platform_alone_are_installed_by_native_uv() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe(&format!(
        "{PYTHON}platforms: [linux/arm64]
steps:
  - pip: {{install: [click==8.1.7]}}
    env: {{RUN: UNIQUE}}
tests:
  - run: [python3, -m, pip, check]
"
    ));
    let _ = built(&space).expect(0);
    let tools = ("native-tools", "uv, and the twin's Python compiles");
    assert_eq!(modes(&space), [(tools.0.to_owned(), tools.1.to_owned())]);
}

#[test]
fn a_base_that_is_not_there_for_the_builders_platform_leaves_steps_to_the_emulator_and_it_is_said()
{
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe(&format!(
        "{DEBIAN}platforms: [linux/arm64]\nsteps: [{{mkdir: /섬}}]\n"
    ));
    let _ = space.publish();
    let reference = space.reference();
    space.file(
        "s/recipe.yaml",
        &format!(
            "kiln: 1
name: above
repository: live/UNIQUE/above
tags: [it]
platforms: [linux/arm64]
base: {reference}
steps:
  - apt: {{install: [sl]}}
    env: {{RUN: UNIQUE}}
  - apt: {{install: [hello]}}
"
        ),
    );
    let ended = run(space.networked(&["build", "above", "--push", "--progress=plain"])).expect(0);
    ended.says(&[
        "s/recipe.yaml:8:5: `apt install sl` and 1 more are emulated: there is no twin to take programs from: this \
         builder does not make the step for linux/amd64, and its base is no image of a registry that is there for it",
    ]);
    assert_eq!(modes(&space)[0].0, "emulated");
}

#[test]
fn without_an_emulator_for_programs_in_containers_typed_steps_are_emulated_and_it_is_said() {
    let Some(space) = Workspace::new() else {
        return;
    };
    // What a real try without one comes to is a test of its own; here its result is put into the memory.
    space.recipe("platforms: [linux/amd64, linux/arm64]\nsteps: [{run: echo UNIQUE}]\n");
    let _ = space.publish();
    let path = space.path(".kiln/builders.json");
    let text = std::fs::read_to_string(&path).unwrap();
    let mut memory: Value = serde_json::from_str(&text).unwrap();
    let tried = &mut memory["builders"][0]["foreign"]["linux/arm64"];
    assert_eq!(tried["runs"], "inside");
    tried["runs"] = "apart".into();
    tried["lack"] = "emulator".into();
    std::fs::write(&path, memory.to_string()).unwrap();
    space.recipe(&format!(
        "{DEBIAN}platforms: [linux/amd64, linux/arm64]
steps:
  - apt: {{install: [sl]}}
    env: {{RUN: UNIQUE}}
"
    ));
    built(&space).expect(0).says(&[
        "r/recipe.yaml:8:5: `apt install sl` is emulated: the builder's kernel has no emulator that native programs \
         could call; `kiln doctor` says what to do",
    ]);
    assert_eq!(modes(&space)[0].0, "emulated");
}

#[test]
fn a_step_that_refuses_native_tools_is_emulated_without_a_word() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe(&format!(
        "{DEBIAN}platforms: [linux/amd64, linux/arm64]
steps:
  - apt: {{install: [sl]}}
    native: false
    env: {{RUN: UNIQUE}}
"
    ));
    let ended = built(&space).expect(0);
    assert!(!ended.stderr.contains("is emulated"), "{}", ended.stderr);
    let emulated = ("emulated".to_owned(), "`native: false`".to_owned());
    assert_eq!(modes(&space), [emulated]);
}

#[test]
fn a_package_without_a_wheel_is_named_and_built_by_the_images_own_python() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.file("r/requirements.txt", "docopt==0.6.2  # 바퀴 없음\n");
    space.recipe(&format!(
        "{PYTHON}platforms: [linux/amd64, linux/arm64]
steps:
  - pip: {{requirements: requirements.txt}}
    env: {{RUN: UNIQUE}}
tests:
  - run: [python3, -c, import docopt]
"
    ));
    let mut lock = space.networked(&["lock", "--allow-builds"]);
    lock.env("KILN_UV", crate::locking::uv(&space.lab));
    run(lock).expect(0).says(&[
        "r/requirements.txt:1:1: ",
        "`docopt` has no wheel for linux/arm64: the step builds it from source",
    ]);
    let _ = built(&space).expect(0);
    assert_eq!(modes(&space)[0].0, "native-tools");
}

#[test]
fn a_requirement_file_with_two_indexes_is_refused_before_anything_is_built() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.file(
        "r/requirements.txt",
        "--index-url https://eins.example/simple\n--extra-index-url https://zwei.example/simple\nclick\n",
    );
    space.recipe(&format!(
        "{PYTHON}steps:\n  - pip: {{requirements: requirements.txt}}\n"
    ));
    let ended = built(&space).expect(2);
    assert!(
        ended.stderr.contains("r/requirements.txt"),
        "{}",
        ended.stderr
    );
    assert!(ended.stderr.contains("index"), "{}", ended.stderr);
    assert!(!space.is_published());
}

#[test]
fn packages_of_two_indexes_and_ones_whose_index_would_be_lost_are_refused_before_anything_is_built()
{
    let Some(space) = Workspace::new() else {
        return;
    };
    let (one, two) = ("https://eins.example/simple", "https://zwei.example/simple");
    let of = |more: &str, words: &[&str]| {
        space.recipe(&format!(
            "{PYTHON}steps:\n  - pip: {{index: [{{url: \"{one}\", packages: [My.Lib]}}{more}}}\n"
        ));
        built(&space)
            .expect(2)
            .says(&[&["r/recipe.yaml:7:5"], words].concat());
    };
    let second = format!(", {{url: \"{two}\", packages: [\"my-lib>=1\"]}}]");
    of(&second, &["two indexes are to have `my-lib`"]);
    of(
        "], options: [--no-sources]",
        &["with `--no-sources` uv takes no package"],
    );
    assert!(!space.is_published());
}

#[test]
fn a_native_op_that_fails_names_the_way_out() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe(&format!(
        "{DEBIAN}platforms: [linux/arm64]
steps:
  - apt: {{install: [kiln-없음-UNIQUE]}}
"
    ));
    built(&space).expect(3).says(&["`native: false`"]);
    assert!(!space.is_published());
}

#[test]
fn an_image_with_a_uv_of_its_own_gets_kilns_on_the_foreign_platform_and_it_is_said() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe(&format!(
        "{PYTHON}platforms: [linux/amd64, linux/arm64]
steps:
  - pip: {{install: [uv]}}
    env: {{RUN: UNIQUE}}
  - pip: {{install: [click==8.1.7]}}
tests:
  - run: uv --version && python3 -c 'import click'
"
    ));
    built(&space).expect(0).says(&[
        "r/recipe.yaml:10:5: ",
        "the image's own uv runs on its own platform alone: kiln's uv, which needs no libraries, installs there",
    ]);
    let tools = (
        "native-tools".to_owned(),
        "uv, and the twin's Python compiles".to_owned(),
    );
    assert_eq!(modes(&space), [tools.clone(), tools]);
}

#[test]
fn where_the_twin_has_other_packages_perl_and_python_are_the_images_own() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe(&format!(
        "{DEBIAN}platforms: [linux/amd64, linux/arm64]
steps:
  - apt: {{install: [sl, {{if: arch == \"arm64\", then: python3-minimal}}]}}
    env: {{RUN: UNIQUE}}
  - apt: {{install: [hello]}}
"
    ));
    let _ = built(&space).expect(0);
    let own = "apt, dpkg and dash of the twin; perl and Python are emulated, as the twin has other packages";
    let own = ("native-tools".to_owned(), own.to_owned());
    assert_eq!(modes(&space), [own.clone(), own]);
}

#[test]
fn a_package_that_wants_a_compiler_is_told_from_one_that_fails() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe(&format!(
        "{PYTHON}platforms: [linux/arm64]
steps:
  - pip: {{install: [ujson==5.10.0], options: [--no-binary, ujson]}}
    env: {{RUN: UNIQUE}}
"
    ));
    built(&space).expect(3).says(&[
        "r/recipe.yaml:8:5",
        "a package without a wheel for this platform wants a compiler: install one in a step before",
    ]);
    assert!(!space.is_published());
}
