//! `prove` with a real builder: three builds, and nothing that is left of them.

use crate::workspace::{Workspace, run};

#[test]
fn what_two_emulated_builds_do_not_agree_on_is_chance() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe(
        "platforms: [linux/arm64]
steps:
  - run: |
      mkdir /größe
      echo UNIQUE > /größe/gleich
      ln /größe/gleich /größe/zwei
      cat /proc/sys/kernel/random/uuid > /größe/zufall
",
    );
    let proven = space.kiln(&["prove", "image", "--progress=quiet", "--format=json"]);
    let document = proven.expect(0).json();
    assert_eq!(document["state"], "equal", "{document:#}");
    let leg = &document["images"][0];
    assert_eq!(leg["by_chance"].as_array().unwrap().len(), 1, "{leg:#}");
    let found = &leg["by_chance"][0];
    assert_eq!(
        (&found["path"], &found["what"]),
        (&"/größe/zufall".into(), &"content".into())
    );
    assert!(found["made_by"].is_string(), "{found:#}");
    assert!(leg["entries"].as_u64().unwrap() >= 4, "{leg:#}");
    assert_eq!(leg["layers"]["compared"], 1, "{leg:#}");
    assert!(!space.is_published());
    let left = std::fs::read_dir(space.path(".kiln")).unwrap();
    let left: Vec<_> = left.map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["builders.json"]);
}

#[test]
fn an_apt_list_is_the_same_with_native_tools_and_emulated() {
    let Some(space) = Workspace::for_long() else {
        return;
    };
    space.recipe(
        "base: docker.io/library/debian:bookworm-slim
platforms: [linux/arm64]
steps:
  - apt: {install: [hello]}
    env: {RUN: UNIQUE}
  - write: {path: /srv/größe, content: 둘}
",
    );
    let proven = run(space.networked(&["prove", "image", "--progress=quiet", "--format=json"]));
    let proven = proven.expect(0);
    let document = proven.json();
    assert_eq!(document["state"], "equal");
    let legs = document["images"].as_array().unwrap();
    assert_eq!(legs.len(), 1, "{document:#}");
    let leg = &legs[0];
    assert_eq!(leg["platform"], "linux/arm64");
    assert!(leg["entries"].as_u64().unwrap() > 10, "{leg:#}");
    assert!(leg["layers"]["compared"].as_u64().unwrap() >= 1, "{leg:#}");
    assert!(leg["layers"]["same"].as_u64().unwrap() >= 1, "{leg:#}");
    assert_eq!(leg["differences"].as_array().unwrap().len(), 0);
    assert!(document["disk"].as_u64().unwrap() > 1_000_000);
    // Nothing is published, recorded, or left.
    assert!(!space.is_published());
    assert_eq!(space.records().len(), 0);
    let left = std::fs::read_dir(space.path(".kiln")).unwrap();
    let left: Vec<_> = left.map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["builders.json"]);
}

#[test]
fn a_platform_that_the_builder_has_natively_is_nothing_to_prove() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe("platforms: [linux/amd64]\nsteps:\n  - run: echo UNIQUE > größe\n");
    run(space.command(&["prove", "image", "--progress=quiet"]))
        .expect(2)
        .says(&[
            "there is nothing to prove: a builder has linux/amd64 natively",
            "next: ",
        ]);
    assert!(!space.path(".kiln").exists());
}
