//! `base-platform`: what a repository's own name says.

use super::found_by;

fn of(rest: &str) -> Vec<String> {
    found_by("base-platform", rest)
}

#[test]
fn a_base_for_one_architecture_is_an_error_in_a_recipe_for_two() {
    let lines = of("# 기본\nbase: rocm/pytorch:6.2.3\n");
    assert_eq!(
        lines,
        [
            "5:7: error[base-platform]: `docker.io/rocm/pytorch:6.2.3` is for amd64, and this image is built for linux/arm64 too"
        ]
    );
    let copied = "steps:\n  - copy: {from: {image: \"quay.io/pypa/manylinux_2_28_aarch64:2025.1\"}, src: /a, to: /b}\n";
    assert_eq!(of(copied).len(), 1);
}

#[test]
fn a_base_that_is_chosen_by_platform_or_of_a_stage_elsewhere_is_none() {
    for rest in [
        "base: {match: arch, cases: {amd64: \"rocm/pytorch:6.2.3\", arm64: \"debian:12\"}}\n",
        "platforms: [linux/amd64]\nbase: rocm/pytorch:6.2.3\n",
        "stages:\n  s: {base: \"amd64/node:22\", platform: linux/amd64}\nsteps:\n  - copy: {from: s, src: /a, to: /b}\n",
        "base: example.com/rocm/pytorch:6.2.3\n",
    ] {
        assert_eq!(of(rest), [""; 0], "{rest}");
    }
}
