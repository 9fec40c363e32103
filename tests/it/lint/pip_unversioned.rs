//! `pip-unversioned`: what is a package without a version.

use super::found_by;

fn of(words: &str) -> usize {
    let recipe = format!("steps:\n  - pip: {{install: [{words}]}}\n");
    found_by("pip-unversioned", &recipe).len()
}

#[test]
fn a_bare_name_is_reported_with_extras_and_markers_too() {
    assert_eq!(of("requests, torch, \"한==1\""), 2);
    assert_eq!(
        of("\"uvicorn[standard]\", \"x; python_version < '3.9'\""),
        2
    );
    assert_eq!(of("ruamel.yaml"), 1);
}

#[test]
fn versions_paths_addresses_and_expressions_are_left_alone() {
    for word in [
        "\"requests==2.32.3\"",
        "\"torch >= 2, < 3\"",
        "\"uvicorn[standard]~=0.30\"",
        "\"git+https://github.com/a/b.git@v1\"",
        "\"pkg @ https://example.com/pkg-1.0.whl\"",
        "/opt/wheels/a-1.0.whl",
        "./local",
        "\"torch==${{ arch }}\"",
    ] {
        assert_eq!(of(word), 0, "{word}");
    }
}

#[test]
fn every_branch_of_a_condition_is_looked_at() {
    let recipe = "steps:\n  - pip:\n      install:\n        - {if: arch == \"arm64\", then: [numpy], else: \"scipy==1\"}\n    \
                  \n  - if: arch == \"amd64\"\n    then:\n      - pip: {install: [pandas]}\n";
    let lines = found_by("pip-unversioned", recipe);
    assert_eq!(lines.len(), 2, "{lines:?}");
}
