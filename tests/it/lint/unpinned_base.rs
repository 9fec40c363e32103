//! `unpinned-base`: what a tag alone leaves open.

use super::{bench, report, shown};

fn of(base: &str, lock: bool) -> Vec<String> {
    let recipe = format!("kiln: 1\nname: a\ntags: [\"1\"]\n# 기본\nbase: {base}\n");
    let bench = bench(&[("recipes/a.yaml", &recipe)]);
    if lock {
        bench.write("kiln.lock", "lock: 1\nperiod: 2026Q4\n");
    }
    let lines = shown(&report(&bench, &[])).into_iter();
    lines
        .filter(|line| line.contains("[unpinned-base]"))
        .collect()
}

#[test]
fn a_tag_alone_is_a_note_where_no_lock_knows_the_digest() {
    let lines = of("ubuntu:24.04", false);
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(
        lines[0].starts_with("recipes/a.yaml:5:7: note[unpinned-base]"),
        "{lines:?}"
    );
    assert_eq!(of("ubuntu:24.04", true), [""; 0]);
}

#[test]
fn digests_nothing_and_what_another_rule_tells_are_left_alone() {
    let digest = format!("ubuntu:24.04@sha256:{}", "a".repeat(64));
    for base in [digest.as_str(), "scratch", "ubuntu", "ubuntu:latest"] {
        assert_eq!(of(base, false), [""; 0], "{base}");
    }
}
