//! `arch-literal`: which words are an architecture, and where one is meant.

use super::{bench, found_by, report, shown};

fn of(rest: &str) -> Vec<String> {
    found_by("arch-literal", rest)
}

#[test]
fn each_spelling_is_pointed_at_with_the_name_that_stands_for_it() {
    let recipe = "steps:\n  - link: {path: /한, target: /usr/lib/x86_64-linux-gnu/a.so}\n";
    assert_eq!(
        of(recipe),
        ["6:39: warning[arch-literal]: `x86_64` is amd64 on every platform"]
    );
    for word in ["aarch64", "amd64", "arm64", "x64", "sbsa"] {
        let recipe = format!("steps:\n  - run: [install, /opt/tool-{word}.deb]\n");
        assert_eq!(of(&recipe).len(), 1, "{word}");
    }
}

#[test]
fn a_recipe_for_one_architecture_may_name_it() {
    let recipe = "platforms: [linux/amd64]\nsteps:\n  - run: [install, tool-amd64.deb]\n";
    assert_eq!(of(recipe), [""; 0]);
}

#[test]
fn what_is_decided_by_the_platform_or_speaks_of_all_of_them_is_left_alone() {
    for step in [
        "run: [x, {if: arch == \"amd64\", then: tool-amd64, else: tool-arm64}]",
        "{run: [x, tool-amd64], if: 'platform == \"linux/amd64\"'}",
        "run: [x, {match: arch_gnu, cases: {x86_64: a-amd64, aarch64: b}}]",
        "apt: {sources: {a: {uris: \"https://example.com\", suites: s, architectures: [amd64, arm64]}}}",
        "run: 'case $(uname -m) in x86_64) a ;; aarch64) b ;; esac'",
        "run: [x, max64, camd64]",
    ] {
        assert_eq!(of(&format!("steps:\n  - {step}\n")), [""; 0], "{step}");
    }
}

#[test]
fn a_condition_on_a_name_that_only_looks_like_the_platform_guards_nothing() {
    let recipe = "axes: {search: [on, off]}\ntags: [\"${{ search }}\"]\nsteps:\n  - run: [x, tool-amd64]\n    if: search == \"on\"\n";
    let recipe = recipe
        .replace("[on, off]", "[yes-1, no-1]")
        .replace("\"on\"", "\"yes-1\"");
    assert_eq!(of(&recipe).len(), 1);
}

#[test]
fn a_snippet_is_for_the_architectures_of_the_recipes_that_use_it() {
    let snippet = "kiln: 1\ninputs: {}\nsteps:\n  - run: [tool-x86_64, 한]\n";
    let recipe = |platforms: &str| {
        format!(
            "kiln: 1\nname: a\ntags: [\"1\"]\nplatforms: [{platforms}]\nbase: scratch\nsteps:\n  - use: tool\n"
        )
    };
    for (platforms, expected) in [("linux/amd64", 0), ("linux/amd64, linux/arm64", 1)] {
        let bench = bench(&[
            ("recipes/a.yaml", &recipe(platforms)),
            ("templates/steps/tool.yaml", snippet),
        ]);
        let lines = shown(&report(&bench, &[]));
        assert_eq!(lines.len(), expected, "{lines:?}");
        assert!(
            lines
                .iter()
                .all(|line| line
                    .starts_with("templates/steps/tool.yaml:4:16: warning[arch-literal]")),
            "{lines:?}"
        );
    }
}
