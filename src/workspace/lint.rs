//! `lint` of `kiln.yaml`: levels of rules. Which rules there are is not known here.

use super::LintLevel;
use crate::diagnostic::{Findings, Level};
use crate::text::Spanned;
use crate::yaml::{Keys, Node, NodeKind, checked_entries, text};

const LINT: Keys = Keys {
    of: "`lint`",
    known: &["rules"],
    later: &[],
};

/// Reads the levels, in the order written.
pub(super) fn lint(node: &Node, findings: &mut Findings) -> Vec<LintLevel> {
    let mut all = Vec::new();
    let rules = checked_entries(node, LINT, findings).and_then(|_| node.get("rules"));
    let Some(rules) = rules else {
        return all;
    };
    let NodeKind::Map(entries) = &rules.kind else {
        let message = format!(
            "`rules` is a map from rules to levels, not {}",
            rules.describe()
        );
        findings.error_of("wrong-type", &rules.place, message);
        return all;
    };
    for entry in entries {
        // `off` is a boolean to other readers, and nothing else than a level can stand here.
        let word = match &entry.value.kind {
            NodeKind::Scalar(scalar) if scalar.text == "off" => {
                Some(Spanned::new("off".to_owned(), entry.value.place.clone()))
            }
            _ => text(&entry.value, findings),
        };
        let Some(word) = word else { continue };
        let level = Level::of_word(&word.value);
        if level.is_none() && word.value != "off" {
            let message = format!(
                "`{}` is no level; write error, warning, note or off",
                word.value
            );
            findings.error_of("invalid-value", &word.place, message);
            continue;
        }
        all.push(LintLevel {
            rule: entry.key.clone(),
            level,
        });
    }
    all
}
