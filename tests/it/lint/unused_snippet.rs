//! `unused-snippet`: what the whole workspace uses.

use super::{bench, report, shown};

const SNIPPET: &str = "kiln: 1\ninputs: {}\nsteps:\n  - run: [tool, 한]\n";

fn recipe(rest: &str) -> String {
    format!("kiln: 1\nname: a\ntags: [\"1\"]\nbase: scratch\n{rest}")
}

#[test]
fn a_snippet_that_nothing_uses_is_told_at_its_beginning() {
    let bench = bench(&[
        ("recipes/a.yaml", &recipe("steps: [{run: [x]}]\n")),
        ("templates/steps/old/한.yaml", SNIPPET),
    ]);
    assert_eq!(
        shown(&report(&bench, &[])),
        ["templates/steps/old/한.yaml:1:1: warning[unused-snippet]: nothing uses this snippet"]
    );
    bench.write(
        "templates/steps/old/한.yaml",
        format!("# kiln: allow unused-snippet: 다음 판에서 쓴다\n{SNIPPET}"),
    );
    assert_eq!(shown(&report(&bench, &[])), [""; 0]);
}

#[test]
fn a_use_in_a_branch_or_in_another_snippet_counts() {
    let outer = "kiln: 1\ninputs: {}\nsteps:\n  - use: inner\n";
    let steps = "steps:\n  - if: arch == \"arm64\"\n    then: [{use: outer}]\n";
    let bench = bench(&[
        ("recipes/a.yaml", &recipe(steps)),
        ("templates/steps/outer.yaml", outer),
        ("templates/steps/inner.yaml", SNIPPET),
        ("templates/steps/notes.yaml", "것: 1\n"),
    ]);
    assert_eq!(shown(&report(&bench, &[])), [""; 0]);
}

#[test]
fn nothing_is_said_while_a_recipe_cannot_be_read() {
    let bench = bench(&[
        ("recipes/a.yaml", &recipe("steps: [\n")),
        ("templates/steps/tool.yaml", SNIPPET),
    ]);
    let lines = shown(&report(&bench, &[]));
    assert!(
        lines.iter().all(|line| !line.contains("unused-snippet")),
        "{lines:?}"
    );
}
