//! Stages: where they run, what they pass on, which of them run at all.

use crate::lab::BOTH;
use crate::workspace::Workspace;

#[test]
fn a_native_stage_runs_on_the_builders_platform_and_knows_its_target() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe(
        "base: scratch
stages:
  cross:
    base: docker.io/kiln-test/tiny:1
    platform: native
    steps: [{run: \"echo $(uname -m) for ${{ arch }} UNIQUE > /made\"}]
  pinned:
    base: docker.io/kiln-test/tiny:1
    platform: linux/arm64
    steps: [{run: \"uname -m > /pinned; echo UNIQUE\"}]
steps:
  - copy: {from: cross, src: /made, to: /}
  - copy: {from: pinned, src: /pinned, to: /}
",
    );
    let image = space.publish();
    for (platform, arch) in [(BOTH[0], "amd64"), (BOTH[1], "arm64")] {
        let built = image.on(platform);
        assert_eq!(
            built.text("made"),
            format!("x86_64 for {arch} {}\n", space.unique)
        );
        assert_eq!(built.text("pinned"), "aarch64\n");
        assert_eq!(built.config["architecture"], arch);
    }
}

#[test]
fn a_stage_as_base_passes_on_environment_and_folder() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe(
        "base: {stage: ready}
stages:
  ready:
    base: docker.io/kiln-test/tiny:1
    env: {FROM_STAGE: \"yes\"}
    workdir: /stage
    steps: [{run: echo UNIQUE > here}]
steps:
  - run: echo $FROM_STAGE $(pwd) $(cat here)
",
    );
    let run = space.kiln(&["build", "--push"]).expect(0);
    let image = space.published();
    for platform in BOTH {
        assert_eq!(
            run.logged(platform),
            [format!("yes /stage {}", space.unique)]
        );
        let built = image.on(platform);
        assert_eq!(built.env("FROM_STAGE").as_deref(), Some("yes"));
        assert_eq!(built.config["config"]["WorkingDir"], "/stage");
        let history = built.config["history"].as_array().unwrap();
        let full = history.iter().filter(|entry| entry["empty_layer"] != true);
        assert_eq!(full.count(), built.diff_ids().len());
        let annotations = &built.manifest["annotations"];
        assert_eq!(
            annotations["org.opencontainers.image.base.name"],
            "docker.io/kiln-test/tiny:1"
        );
    }
}

#[test]
fn a_stage_that_nothing_needs_is_not_built() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe(
        "stages:
  unused: {base: docker.io/kiln-test/tiny:1, steps: [{run: exit 1}]}
  wanted: {base: docker.io/kiln-test/tiny:1, steps: [{run: echo UNIQUE > /w}]}
steps:
  - copy: {from: {if: arch == \"arm64\", then: wanted, else: unused}, src: /w, to: /w}
    if: arch == \"arm64\"
",
    );
    let image = space.publish();
    assert_eq!(image.on(BOTH[1]).text("w"), format!("{}\n", space.unique));
    assert!(!image.on(BOTH[0]).files().contains_key("w"));
}

#[test]
fn independent_stages_run_side_by_side() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe(
        "platforms: [linux/amd64]
stages:
  a: {base: docker.io/kiln-test/tiny:1, steps: [{run: sleep 2; echo UNIQUE > /a}]}
  b: {base: docker.io/kiln-test/tiny:1, steps: [{run: sleep 2; echo UNIQUE > /b}]}
steps:
  - copy: {from: a, src: /a, to: /}
  - copy: {from: b, src: /b, to: /}
",
    );
    let run = space.kiln(&["build", "--format=json"]).expect(0);
    let seconds = run.json()["images"][0]["platforms"][BOTH[0]]["seconds"]
        .as_f64()
        .unwrap();
    assert!((2.0..3.8).contains(&seconds), "{seconds} s");
}
