//! `base-distro`: the label beside the name of the base.

use super::found_by;

/// What is said of a label over a base.
fn of(base: &str, label: &str) -> Vec<String> {
    found_by(
        "base-distro",
        &format!(
            "repository: team/x\nplatforms: [linux/amd64]\n{base}\nkernel: {{base_distro: {label}, runtime: app, features: [batch], runtime_path: /bin/true}}\n"
        ),
    )
}

#[test]
fn programs_that_do_not_fit_the_base_are_told_at_the_label() {
    assert_eq!(
        of("base: alpine:3.19", "ubuntu22.04"),
        [
            "7:23: warning[base-distro]: the base is alpine 3.19 with musl, and `ubuntu22.04` is for glibc"
        ]
    );
    assert_eq!(
        of("base: nvidia/cuda:12.4.1-base-ubuntu20.04", "ubuntu22.04").len(),
        1
    );
    assert_eq!(
        of("base: nvidia/cuda:12.4.1-base-ubuntu20.04", "ubuntu20.04"),
        [""; 0]
    );
}

#[test]
fn the_base_is_found_behind_stages_and_not_guessed_behind_recipes() {
    let staged = "stages: {하나: {base: \"debian:11\"}}\nbase: {stage: 하나}";
    let lines = of(staged, "ubuntu22.04");
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("debian 11 with glibc 2.31"), "{lines:?}");
    assert_eq!(
        of("base: registry.example/team/base:1", "ubuntu22.04"),
        [""; 0]
    );
    assert_eq!(of("base: scratch", "ubuntu22.04"), [""; 0]);
}

#[test]
fn a_label_among_labels_is_looked_at_like_one_of_kernel() {
    let rest = "repository: team/x\nplatforms: [linux/amd64]\nbase: ubuntu:20.04\nlabels: {ai.backend.base-distro: ubuntu22.04}\n";
    assert_eq!(found_by("base-distro", rest).len(), 1);
}
