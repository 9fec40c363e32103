//! Every rule's bad example is found by that rule and no other; its good example is found by none.

use std::collections::BTreeSet;
use std::path::Path;

use kiln::diagnostic::Level;
use kiln::lint::{Example, RULES};

use super::{bench, report, shown};

/// The rules that find something, and the findings. What the rule of the example does not find is only counted from
/// warnings on: notes are about what is not wrong.
fn found(rule: &str, example: &Example) -> (BTreeSet<String>, String) {
    let files = example.files();
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(path, text)| (*path, text.as_str()))
        .collect();
    let report = report(&bench(&files), &[]);
    let counts = |level: Level, id: &str| id == rule || level < Level::Note;
    let rules = report
        .findings
        .iter()
        .filter(|one| counts(one.finding.level, one.finding.rule))
        .map(|one| one.finding.rule.to_owned())
        .collect();
    (rules, shown(&report).join("\n"))
}

#[test]
fn every_bad_example_is_found_by_its_rule_alone() {
    for rule in RULES {
        let (rules, lines) = found(rule.id, &rule.bad);
        assert_eq!(rules, BTreeSet::from([rule.id.to_owned()]), "{lines}");
    }
}

#[test]
fn no_good_example_is_found_by_any_rule() {
    for rule in RULES {
        let (rules, lines) = found(rule.id, &rule.good);
        assert!(rules.is_empty(), "{}: {lines}", rule.id);
    }
}

#[test]
fn every_rule_has_a_file_of_its_name_and_every_file_a_rule() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lint/rules");
    let files: BTreeSet<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            entry
                .unwrap()
                .path()
                .file_stem()
                .unwrap()
                .to_str()
                .unwrap()
                .replace('_', "-")
        })
        .filter(|name| name != "mod")
        .collect();
    let rules: BTreeSet<String> = RULES.iter().map(|rule| rule.id.to_owned()).collect();
    assert_eq!(files, rules);
}

#[test]
fn every_rule_says_why_in_whole_sentences() {
    for rule in RULES {
        assert!(
            rule.why.ends_with(['.', ')']) && rule.why.len() > 60,
            "{}",
            rule.id
        );
        assert!(!rule.summary.ends_with('.'), "{}", rule.id);
        assert_ne!(rule.bad, rule.good, "{}", rule.id);
    }
}
