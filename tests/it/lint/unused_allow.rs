//! `unused-allow`: what its fix takes away.

use kiln::ops::lint::apply_fixes;

use super::{bench, report, shown};

/// What is left of the lines behind the head after the fix.
fn fixed(text: &str) -> String {
    let head = "kiln: 1\nname: a\ntags: [\"1\"]\n";
    let bench = bench(&[("recipes/a.yaml", &format!("{head}{text}"))]);
    apply_fixes(&report(&bench, &[]).findings).unwrap();
    let now = std::fs::read_to_string(bench.path().join("recipes/a.yaml")).unwrap();
    now.strip_prefix(head).unwrap().to_owned()
}

#[test]
fn a_comment_goes_with_its_blanks_and_a_line_of_its_own_goes_whole() {
    let comment = "# kiln: allow latest-tag: 이유";
    assert_eq!(
        fixed(&format!("base: a:1   {comment}\nuser: x\n")),
        "base: a:1\nuser: x\n"
    );
    assert_eq!(
        fixed(&format!("  {comment}\r\nbase: a:1\r\n")),
        "base: a:1\r\n"
    );
    assert_eq!(
        fixed(&format!("base: a:1\n# 남는다\n{comment}")),
        "base: a:1\n# 남는다\n"
    );
}

#[test]
fn of_several_rules_only_those_without_use_are_taken_out() {
    let comment = |rules: &str| format!("base: a  # kiln: allow {rules}: 이유\n");
    assert_eq!(
        fixed(&comment("latest-tag, pip-unversioned")),
        comment("latest-tag")
    );
    assert_eq!(
        fixed(&comment("pip-unversioned, latest-tag")),
        comment("latest-tag")
    );
}

#[test]
fn a_comment_of_several_rules_without_use_goes_as_a_whole() {
    let text = "base: a:1 # kiln: allow latest-tag, pip-unversioned: 이유\n";
    assert_eq!(fixed(text), "base: a:1\n");
}

#[test]
fn a_fragment_that_no_glob_names_is_looked_at_where_a_recipe_extends_it() {
    let fragment = "kiln: 1\nuser: work   # kiln: allow latest-tag: 이유\n";
    let recipe = "kiln: 1\nname: a\ntags: [\"1\"]\nbase: scratch\n";
    let bench = bench(&[("recipes/a.yaml", recipe), ("common/base.yaml", fragment)]);
    assert_eq!(
        shown(&report(&bench, &[])),
        [""; 0],
        "nobody extends it yet"
    );
    bench.write(
        "recipes/a.yaml",
        format!("{recipe}extends: /common/base.yaml\n"),
    );
    assert_eq!(
        shown(&report(&bench, &[])),
        ["common/base.yaml:2:28: warning[unused-allow]: nothing here is reported by `latest-tag`"]
    );
}
