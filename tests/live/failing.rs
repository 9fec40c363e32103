//! Steps that fail: where, why, and what that leaves.

use crate::lab::BOTH;
use crate::workspace::Workspace;

const ON_ARM64: &str = "steps:
  - run: echo UNIQUE
  - if: arch == \"arm64\"
    then:
      - run: |
          echo 출발
          echo no such thing
          exit 7
";

#[test]
fn a_step_that_fails_on_one_platform_leaves_the_tag_and_the_records_alone() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe("steps:\n  - run: echo before UNIQUE\n");
    let before = space.publish();
    assert_eq!(space.records().len(), 1);
    space.recipe(ON_ARM64);
    let run = space.kiln(&["build", "--push", "--format=json"]).expect(7);
    assert_eq!(space.published().digest, before.digest);
    assert_eq!(space.records().len(), 1);
    let json = run.json();
    let image = &json["images"][0];
    assert_eq!(image["state"], "failed");
    assert_eq!(image["index"], serde_json::Value::Null);
    // The other platform was built to its end and is there by digest.
    let manifest = image["platforms"][BOTH[0]]["manifest"].as_str().unwrap();
    let at = format!("{}/{}@{manifest}", space.lab.registry, space.repository());
    space.lab.bytes_of("crane", ["manifest", &at]);
    assert_eq!(
        image["platforms"][BOTH[1]]["manifest"],
        serde_json::Value::Null
    );
}

#[test]
fn the_error_shows_place_line_platform_exit_code_log_and_the_other_platform() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe(ON_ARM64);
    let run = space
        .kiln(&["build", "--push", "--progress=quiet"])
        .expect(7)
        .says(&[
            "r/recipe.yaml:10:9",
            "10 |       - run: |",
            "linux/arm64",
            "ended with exit code 7",
            "  │ 출발\n  │ no such thing\n",
            "linux/amd64 was built; no tag of live/",
        ]);
    assert!(!run.stderr.contains("on linux/amd64"), "{}", run.stderr);
    assert!(!space.is_published());
    assert!(space.records().is_empty());
}

#[test]
fn a_step_that_fails_on_both_platforms_is_another_exit_code() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe("steps:\n  - run: echo UNIQUE; exit 9\n");
    space.kiln(&["build", "--push"]).expect(3).says(&[
        "on linux/amd64: ",
        "on linux/arm64: ",
        "r/recipe.yaml:7:5",
        "ended with exit code 9",
        "linux/arm64 failed, too",
    ]);
    assert!(!space.is_published());
}

#[test]
fn only_the_last_thirty_lines_of_a_log_are_repeated() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe(
        "platforms: [linux/amd64]\nsteps:\n  - run: \"seq 1 100 | sed 's/$/ UNIQUE/'; exit 1\"\n",
    );
    let run = space.kiln(&["build", "--progress=quiet"]).expect(3);
    let shown: Vec<&str> = run
        .stderr
        .lines()
        .filter_map(|line| line.strip_prefix("  │ "))
        .collect();
    assert_eq!(shown.len(), 30, "{}", run.stderr);
    assert_eq!(shown[29], format!("100 {}", space.unique));
}

#[test]
fn a_failing_file_step_is_shown_at_its_place() {
    let Some(space) = Workspace::new() else {
        return;
    };
    // A file cannot be made where a folder is: BuildKit names the op by its digest, and only equal
    // digests lead back to the recipe.
    space.recipe(
        "steps:\n  - run: mkdir /UNIQUE\n  - write: {path: /bin/busybox/x, content: UNIQUE}\n",
    );
    space
        .kiln(&["build"])
        .expect(3)
        .says(&["r/recipe.yaml:8:5", "linux/amd64", "linux/arm64"]);
}

#[test]
fn a_copy_of_what_a_stage_lacks_is_shown_at_its_place() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe(
        "stages:
  made: {base: docker.io/kiln-test/tiny:1, steps: [{run: echo UNIQUE}]}
steps:
  - copy: {from: made, src: /not/there, to: /x}
",
    );
    space
        .kiln(&["build"])
        .expect(3)
        .says(&["r/recipe.yaml:9:5", "failed: \"/not/there\": not found"]);
}

#[test]
fn a_child_of_a_failed_parent_is_skipped_on_that_platform_only() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe(ON_ARM64);
    space.file(
        "c/recipe.yaml",
        "kiln: 1\nname: child\nrepository: live/UNIQUE-child\ntags: [it]\nbase: {recipe: image}\n\
         steps:\n  - run: echo child UNIQUE\n",
    );
    let run = space
        .kiln(&["build", "--push", "--keep-going", "--format=json"])
        .expect(7);
    let json = run.json();
    let child = &json["images"][1];
    assert_eq!(child["name"], "child");
    let arm64 = &child["platforms"][BOTH[1]];
    assert!(
        arm64["error"].as_str().unwrap().contains("its parent"),
        "{arm64}"
    );
    assert_eq!(child["index"], serde_json::Value::Null);
    assert!(space.records().is_empty());
}
