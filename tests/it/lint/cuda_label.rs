//! `cuda-label`: who else speaks of CUDA.

use super::found_by;

fn of(rest: &str) -> Vec<String> {
    found_by(
        "cuda-label",
        &format!("repository: team/x\nplatforms: [linux/amd64]\n{rest}"),
    )
}

#[test]
fn a_label_that_was_copied_is_told() {
    for kernel in [
        "kernel: {accelerators: [cuda], runtime: app}\n",
        "kernel: {resources: {min: {cuda.device: 1}}, runtime: app}\n",
        "labels: {ai.backend.accelerators: \"cuda,한\"}\n",
    ] {
        let lines = of(kernel);
        assert_eq!(lines.len(), 1, "{kernel}{lines:?}");
        assert!(
            lines[0].contains("nothing else in the recipe does"),
            "{lines:?}"
        );
    }
}

#[test]
fn a_word_in_base_tag_or_steps_is_enough_and_other_recipes_are_not_guessed() {
    let kernel = "kernel: {accelerators: [cuda], runtime: app}\n";
    for rest in [
        "base: nvidia/cuda:12.4.1-base-ubuntu22.04\n",
        "base: nvcr.io/partners/matlab:r2023a\n",
        "tags: [1.0-cuda12.4]\n",
        "steps:\n  - pip: {install: [\"nvidia-cublas-cu12==12.4.5.8\"]}\n",
        "axes: {accel: [gpu]}\n",
    ] {
        assert_eq!(of(&format!("{rest}{kernel}")), [""; 0], "{rest}");
    }
    assert_eq!(
        of("kernel: {accelerators: [rocm], runtime: app}\n"),
        [""; 0]
    );
}
