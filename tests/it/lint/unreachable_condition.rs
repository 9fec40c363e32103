//! `unreachable-condition`: what no variant and no platform reaches.

use super::found_by;

const AXIS: &str = "axes: {accel: [cuda, cpu]}\ntags: [\"${{ accel }}\"]\n";

fn of(rest: &str) -> Vec<String> {
    found_by("unreachable-condition", &format!("{AXIS}# 조건\n{rest}"))
}

#[test]
fn a_value_that_an_axis_never_has_is_told_with_those_it_has() {
    assert_eq!(
        of("user: {if: accel == \"gpu\", then: work}\n"),
        ["7:12: warning[unreachable-condition]: this condition never holds"]
    );
    assert_eq!(of("user: {if: accel != \"gpu\", then: work}\n").len(), 1);
    assert_eq!(
        of("user: {if: 'accel in [\"cpu\"] and arch == \"arm64\"', then: work}\n").len(),
        0
    );
    assert_eq!(
        of("user: {if: 'accel in [\"gpu\", \"tpu\"]', then: work}\n").len(),
        1
    );
}

#[test]
fn a_case_that_is_never_chosen_is_pointed_at() {
    let lines = of("user: {match: accel, cases: {cuda: a, cpu: b, cpuu: c}}\n");
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("did you mean `cpu`?"), "{lines:?}");
    let lines = of("user: {match: accel, cases: {cuda: a, cpu: b}, else: c}\n");
    assert_eq!(lines.len(), 1, "{lines:?}");
}

#[test]
fn conditions_that_some_image_reaches_or_that_no_rule_can_decide_are_left_alone() {
    for rest in [
        "user: {if: accel == \"cpu\", then: work}\n",
        "user: {if: arch == \"arm64\", then: work}\n",
        "user: {match: arch, cases: {amd64: a, arm64: b, riscv64: c}}\n",
        "platforms: [linux/amd64]\nuser: {if: arch == \"arm64\", then: work}\n",
        "vars: {v: x}\nuser: {if: v == \"y\", then: work}\n",
        "user: {match: accel, cases: {cuda: a}, else: b}\n",
    ] {
        assert_eq!(of(rest), [""; 0], "{rest}");
    }
}
