//! `# kiln: allow RULE: reason`, and comments that allow nothing.

use super::{bench, found, report, shown};

const LATEST: &str = "kiln: 1\nname: a\ntags: [\"1\"]\n";

fn of(text: &str) -> Vec<String> {
    found(&format!("{LATEST}{text}"))
}

#[test]
fn a_comment_on_the_line_or_alone_above_it_allows_a_finding() {
    for text in [
        "base: ubuntu  # kiln: allow latest-tag: 내부 미러\n",
        "# kiln: allow latest-tag: our mirror\nbase: ubuntu\n",
        "# kiln: allow latest-tag: our mirror\n\n# and more\nbase: ubuntu\n",
        "#kiln: allow latest-tag : our mirror: yes\nbase: ubuntu\n",
    ] {
        assert_eq!(of(text), [""; 0], "{text}");
    }
}

#[test]
fn a_finding_inside_a_block_is_allowed_at_its_key() {
    let run = "apt-get update\n      apt-get install -y git\n      git --version\n";
    for text in [
        format!(
            "base: debian:12\nsteps:\n  - run: |  # kiln: allow apt-without-cleaning: cached\n      {run}"
        ),
        format!(
            "base: debian:12\nsteps:\n  # kiln: allow apt-without-cleaning: 캐시\n  - run: |\n      {run}"
        ),
    ] {
        assert_eq!(of(&text), [""; 0], "{text}");
    }
    let shell = format!(
        "base: debian:12\nsteps:\n  - run: |\n      # kiln: allow apt-without-cleaning: no\n      {run}"
    );
    assert_eq!(of(&shell).len(), 1, "a comment of the shell allows nothing");
}

#[test]
fn a_comment_that_takes_back_nothing_is_a_finding() {
    let text = "base: ubuntu:24.04  # kiln: allow latest-tag: no more\n";
    assert_eq!(
        of(text),
        [
            "recipes/example.yaml:4:35: warning[unused-allow]: nothing here is reported by `latest-tag`"
        ]
    );
    let far = "# kiln: allow latest-tag: too far\nworkdir: /x\nbase: ubuntu\n";
    assert_eq!(of(far).len(), 2, "{:?}", of(far));
}

#[test]
fn a_comment_for_a_rule_that_is_off_is_not_of_no_use() {
    let text = format!("{LATEST}base: ubuntu  # kiln: allow latest-tag: our mirror\n");
    let bench = bench(&[("recipes/a.yaml", &text)]);
    assert_eq!(shown(&report(&bench, &["latest-tag=off"])), [""; 0]);
    assert_eq!(shown(&report(&bench, &["all=off"])), [""; 0]);
}

#[test]
fn a_comment_without_reason_or_with_a_wrong_name_allows_nothing_and_is_an_error() {
    for (comment, message) in [
        ("allow latest-tag", "an allow comment says why"),
        ("allow latest-tag:  ", "an allow comment says why"),
        (
            "allow latest-tga: x",
            "there is no rule `latest-tga`; did you mean `latest-tag`?",
        ),
        (
            "allow unknown-key: x",
            "`unknown-key` cannot be allowed: the recipe cannot be built",
        ),
        (
            "allow duplicate-tag: x",
            "`duplicate-tag` cannot be allowed: the recipe cannot be built",
        ),
    ] {
        let lines = of(&format!("base: ubuntu  # kiln: {comment}\n"));
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert!(lines[0].contains("warning[latest-tag]"), "{lines:?}");
        assert!(
            lines[1].contains(&format!("error[invalid-allow]: {message}")),
            "{lines:?}"
        );
    }
}

#[test]
fn several_rules_in_one_comment_are_used_one_by_one() {
    let text = "base: ubuntu  # kiln: allow pip-unversioned, latest-tag: 우리 미러\n";
    assert_eq!(
        of(text),
        [
            "recipes/example.yaml:4:29: warning[unused-allow]: nothing here is reported by `pip-unversioned`"
        ]
    );
}

#[test]
fn a_file_with_mistakes_says_nothing_of_comments_without_use() {
    let text = "base: ubuntu:24.04  # kiln: allow latest-tag: no more\nunbekannt: 1\n";
    let lines = of(text);
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("error[unknown-key]"), "{lines:?}");
}
