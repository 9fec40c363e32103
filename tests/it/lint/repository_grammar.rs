//! `repository-grammar`: what registries refuse.

use super::{bench, found_by, report, shown};

fn of(repository: &str) -> Vec<String> {
    let rest = format!("# 저장소\nrepository: {repository}\n");
    found_by("repository-grammar", &rest)
}

#[test]
fn a_part_that_ends_in_a_separator_and_a_name_that_is_too_long_are_errors() {
    assert_eq!(
        of("team/app-"),
        ["6:13: error[repository-grammar]: registries refuse `app-` as a part of a repository"]
    );
    assert_eq!(of(&"a".repeat(201)).len(), 1);
    for good in ["team/app", "a/b/c", "a__b/c.d", &"a".repeat(200)] {
        assert_eq!(of(good), [""; 0], "{good}");
    }
}

#[test]
fn docker_hub_has_two_parts_and_other_registries_have_more() {
    let recipe = "kiln: 1\nname: a\nrepository: a/b/c\ntags: [\"1\"]\nbase: scratch\n";
    for (url, expected) in [
        ("https://docker.io", 1),
        ("https://registry.example.com", 0),
    ] {
        let workspace = format!("kiln: 1\nregistry: r\nregistries: {{r: {{url: \"{url}\"}}}}\n");
        let bench = bench(&[("recipes/a.yaml", recipe), ("kiln.yaml", &workspace)]);
        let lines = shown(&report(&bench, &[]));
        assert_eq!(lines.len(), expected, "{url}: {lines:?}");
    }
}
