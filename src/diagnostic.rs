//! What is wrong with a text the user wrote, as data.
//!
//! One type for errors of parsing, expansion and lint. Must not know recipes or terminals: the
//! texts are rendered in `cli`.

mod fix;
mod kinds;

use std::collections::BTreeSet;

pub use fix::{Edit, Fix, Safety};
pub use kinds::{KINDS, Kind, kind};

use crate::text::Place;

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// The input cannot be used.
    Error,
    /// The input can be used, and is likely not meant so.
    Warning,
    /// Worth knowing.
    Note,
}

impl Level {
    /// The word shown to users: `error`, `warning`, `note`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }

    /// The level of a word that [`Self::as_str`] gives.
    pub fn of_word(word: &str) -> Option<Self> {
        [Self::Error, Self::Warning, Self::Note]
            .into_iter()
            .find(|level| level.as_str() == word)
    }
}

/// One thing that is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The stable id of what is wrong: a [`Kind`] of mistake, or a lint rule.
    pub rule: &'static str,
    /// How much it weighs.
    pub level: Level,
    /// The place it is shown at.
    pub place: Place,
    /// A lower-case fragment without a trailing period.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// Other places that belong to it, each with its own words.
    pub related: Vec<(Place, String)>,
    /// How the text can be changed so that it is gone.
    pub fix: Option<Fix>,
}

impl Finding {
    /// An error at a place.
    pub fn error(place: &Place, message: impl Into<String>) -> Self {
        Self {
            rule: kinds::RECIPE,
            level: Level::Error,
            place: place.clone(),
            message: message.into(),
            help: None,
            related: Vec::new(),
            fix: None,
        }
    }

    /// A note at a place.
    pub fn note(place: &Place, message: impl Into<String>) -> Self {
        Self {
            level: Level::Note,
            ..Self::error(place, message)
        }
    }

    /// The same under another id.
    #[must_use]
    pub fn with_rule(mut self, rule: &'static str) -> Self {
        self.rule = rule;
        self
    }

    /// The same with a change of the text that ends it.
    #[must_use]
    pub fn with_fix(mut self, fix: Fix) -> Self {
        self.fix = Some(fix);
        self
    }

    /// The same with a help text.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The same with one more place.
    #[must_use]
    pub fn with_related(mut self, place: &Place, words: impl Into<String>) -> Self {
        self.related.push((place.clone(), words.into()));
        self
    }
}

/// All findings of a run: collected, never stopped at the first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings {
    items: Vec<Finding>,
}

impl Findings {
    /// An empty collection.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a finding.
    pub fn push(&mut self, finding: Finding) {
        self.items.push(finding);
    }

    /// Adds an error with nothing but a message.
    pub fn error(&mut self, place: &Place, message: impl Into<String>) {
        self.push(Finding::error(place, message));
    }

    /// The same under the id of its kind.
    pub fn error_of(&mut self, rule: &'static str, place: &Place, message: impl Into<String>) {
        self.push(Finding::error(place, message).with_rule(rule));
    }

    /// The findings in the order in which they were found.
    pub fn into_items(self) -> Vec<Finding> {
        self.items
    }

    /// Adds everything another collection holds.
    pub fn extend(&mut self, other: Self) {
        self.items.extend(other.items);
    }

    /// The same with one more place for each.
    #[must_use]
    pub fn with_related(mut self, place: &Place, words: &str) -> Self {
        for finding in &mut self.items {
            finding.related.push((place.clone(), words.to_owned()));
        }
        self
    }

    /// Whether any finding is an error.
    pub fn has_errors(&self) -> bool {
        self.items
            .iter()
            .any(|finding| finding.level == Level::Error)
    }

    /// How many findings there are.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The findings sorted by file and place, each once: a recipe is expanded many times, and the
    /// same mistake shows in each expansion.
    pub fn sorted(&self) -> Vec<&Finding> {
        let mut seen = BTreeSet::new();
        let mut sorted: Vec<&Finding> = self
            .items
            .iter()
            .filter(|finding| {
                let place = &finding.place;
                seen.insert((place.source.path(), place.span, finding.message.as_str()))
            })
            .collect();
        sorted.sort_by_key(|finding| {
            let place = &finding.place;
            (place.source.path(), place.span, finding.level)
        });
        sorted
    }
}

/// The candidate that a misspelt word most likely stands for: at most a third of its letters apart.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (word.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| (distance(word, candidate), candidate))
        .filter(|&(distance, _)| distance <= limit)
        .min()
        .map(|(_, candidate)| candidate)
}

/// Optimal string alignment distance: insert, delete, replace, swap of neighbours.
fn distance(left: &str, right: &str) -> usize {
    let left: Vec<char> = left.chars().flat_map(char::to_lowercase).collect();
    let right: Vec<char> = right.chars().flat_map(char::to_lowercase).collect();
    let mut rows = vec![(0..=right.len()).collect::<Vec<usize>>()];
    for (i, a) in left.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, b) in right.iter().enumerate() {
            let change = rows[i][j] + usize::from(a != b);
            let mut best = change.min(rows[i][j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *a == right[j - 1] && left[i - 1] == *b {
                best = best.min(rows[i - 1][j - 1] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[left.len()][right.len()]
}

#[cfg(test)]
mod tests {
    use super::{Finding, Findings, nearest};
    use crate::text::{Place, SourceFile, Span};

    #[test]
    fn the_nearest_key_is_found_across_a_swap_and_a_missing_letter() {
        let keys = ["install", "remove", "options"];
        assert_eq!(nearest("instal", keys), Some("install"));
        assert_eq!(nearest("optoins", keys), Some("options"));
        assert_eq!(nearest("zebra", keys), None);
    }

    #[test]
    fn findings_are_sorted_by_place_and_shown_once() {
        let file = SourceFile::new("r.yaml", "abc");
        let at = |start| {
            Place::new(
                &file,
                Span {
                    start,
                    end: start + 1,
                },
            )
        };
        let mut findings = Findings::new();
        findings.push(Finding::error(&at(2), "second"));
        findings.push(Finding::error(&at(0), "first"));
        findings.push(Finding::error(&at(2), "second"));
        let messages: Vec<_> = findings
            .sorted()
            .iter()
            .map(|f| f.message.as_str())
            .collect();
        assert_eq!(messages, ["first", "second"]);
    }
}
