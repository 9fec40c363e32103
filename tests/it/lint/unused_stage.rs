//! `unused-stage`: who may name a stage.

use super::{bench, found_by, report, shown};

fn of(rest: &str) -> Vec<String> {
    let stages = "stages:\n  s: {base: scratch}\n";
    found_by("unused-stage", &format!("{stages}{rest}"))
}

#[test]
fn a_stage_that_nothing_names_is_pointed_at() {
    assert_eq!(
        of("user: work  # 한\n"),
        ["6:3: warning[unused-stage]: nothing uses the stage `s`"]
    );
}

#[test]
fn bases_copies_mounts_and_expressions_name_stages() {
    for rest in [
        "base: {stage: s}\n",
        "steps:\n  - copy: {from: s, src: /a, to: /b}\n",
        "steps:\n  - run: [x]\n    mounts: [{from: s, src: /a, path: /b}]\n",
        "axes: {k: [s, t]}\ntags: [\"${{ k }}\"]\nsteps:\n  - copy: {from: {if: k == \"s\", then: s, else: {image: \"busybox:1.37\"}}, src: /a, to: /b}\n",
    ] {
        assert_eq!(of(rest), [""; 0], "{rest}");
    }
}

#[test]
fn a_snippet_that_copies_from_it_uses_it() {
    let recipe = "kiln: 1\nname: a\ntags: [\"1\"]\nbase: scratch\nstages: {s: {base: scratch}}\nsteps:\n  - use: tool\n";
    let snippet = "kiln: 1\ninputs: {}\nsteps:\n  - copy: {from: s, src: /a, to: /b}\n";
    let bench = bench(&[
        ("recipes/a.yaml", recipe),
        ("templates/steps/tool.yaml", snippet),
    ]);
    let lines = shown(&report(&bench, &[]));
    assert!(
        lines.iter().all(|line| !line.contains("unused-stage")),
        "{lines:?}"
    );
}
