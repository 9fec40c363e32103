//! What is wrong with a text the user wrote, as data.
//!
//! One type for errors of parsing, expansion and lint. Must not know recipes or terminals: the
//! texts are rendered in `cli`.

mod fix;
mod kinds;
mod nearest;

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

pub use fix::{Edit, Fix, Safety};
pub use kinds::{KINDS, Kind, kind};
pub use nearest::nearest;

use crate::text::Place;

/// The most findings of one file and level that are kept: more help nobody, and a file may hold as many mistakes as
/// it has bytes.
pub const MAX_PER_FILE: usize = 200;

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
///
/// A recipe is expanded many times, and the same mistake shows in each expansion: it is kept once. Of one
/// file at most [`MAX_PER_FILE`] of a level are kept, and how many there are besides is said in one line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings {
    items: Vec<Finding>,
    /// How many were reported, kept or not.
    reported: usize,
    has_errors: bool,
    /// By file, and in it by level.
    files: BTreeMap<String, BTreeMap<Level, Tally>>,
}

/// What is known of one file's findings of one level: those of another one never take their room.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Tally {
    kept: usize,
    /// Which findings have been seen, as hashes, up to [`MAX_SEEN`] of them.
    seen: BTreeSet<u64>,
}

/// The longest message, in bytes: words of the file stand in it, and they may be as long as the file.
const MAX_MESSAGE: usize = 1000;

/// Cuts the middle out of a text that is longer than [`MAX_MESSAGE`]: what it says of long words stands
/// before and behind them.
fn clip(text: &mut String) {
    if text.len() <= MAX_MESSAGE {
        return;
    }
    let half = MAX_MESSAGE / 2;
    let start = (0..=half).rev().find(|&at| text.is_char_boundary(at));
    let end = (text.len() - half..text.len()).find(|&at| text.is_char_boundary(at));
    if let (Some(start), Some(end)) = (start, end) {
        text.replace_range(start..end, "…");
    }
}

/// By what findings of one file and level are told apart.
fn mark_of(finding: &Finding) -> u64 {
    let mut hasher = DefaultHasher::new();
    (finding.place.span, &finding.message).hash(&mut hasher);
    hasher.finish()
}

/// The most different findings of a file that are counted.
const MAX_SEEN: usize = 10_000;

impl Findings {
    /// An empty collection.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a finding.
    pub fn push(&mut self, mut finding: Finding) {
        clip(&mut finding.message);
        finding.help.iter_mut().for_each(clip);
        self.reported += 1;
        self.has_errors |= finding.level == Level::Error;
        let path = finding.place.source.path();
        if !self.files.contains_key(path) {
            self.files.insert(path.to_owned(), BTreeMap::new());
        }
        let Some(levels) = self.files.get_mut(path) else {
            return;
        };
        let tally = levels.entry(finding.level).or_default();
        if tally.seen.len() >= MAX_SEEN || !tally.seen.insert(mark_of(&finding)) {
            return;
        }
        if tally.kept < MAX_PER_FILE {
            tally.kept += 1;
            self.items.push(finding);
        }
    }

    /// Whether no more errors of a place's file are kept: what would only make their words better need
    /// not be done.
    pub fn is_full(&self, place: &Place) -> bool {
        let levels = self.files.get(place.source.path());
        let tally = levels.and_then(|levels| levels.get(&Level::Error));
        tally.is_some_and(|tally| tally.kept >= MAX_PER_FILE)
    }

    /// The files of which findings of a level were left out, with how many: each at least so many, since
    /// counting has a bound as well.
    pub fn left_out(&self) -> impl Iterator<Item = (&str, Level, usize)> {
        let files = self.files.iter();
        let tallies = files.flat_map(|(path, levels)| {
            let counted =
                |(level, tally): (&Level, &Tally)| (*level, tally.seen.len() - tally.kept);
            let counted = levels.iter().map(counted);
            counted.map(move |(level, count)| (path.as_str(), level, count))
        });
        tallies.filter(|(_, _, count)| *count > 0)
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
        self.reported += other.reported.saturating_sub(other.items.len());
        self.has_errors |= other.has_errors;
        for finding in other.items {
            self.push(finding);
        }
        for (path, levels) in other.files {
            let own = self.files.entry(path).or_default();
            for (level, tally) in levels {
                let seen = &mut own.entry(level).or_default().seen;
                let room = MAX_SEEN.saturating_sub(seen.len());
                seen.extend(tally.seen.into_iter().take(room));
            }
        }
    }

    /// The same with each finding changed, or taken out. What was left out stays left out.
    #[must_use]
    pub fn changed(mut self, change: impl Fn(Finding) -> Option<Finding>) -> Self {
        let mut all = Self::new();
        for finding in std::mem::take(&mut self.items) {
            let levels = self.files.get_mut(finding.place.source.path());
            if let Some(tally) = levels.and_then(|levels| levels.get_mut(&finding.level)) {
                tally.seen.remove(&mark_of(&finding));
            }
            if let Some(finding) = change(finding) {
                all.push(finding);
            }
        }
        let left = |(level, tally): (Level, &Tally)| (level, tally.seen.len());
        let left: Vec<(Level, usize)> = self.left_behind().map(left).collect();
        let is_error = |(level, count): &(Level, usize)| *level == Level::Error && *count > 0;
        self.has_errors = left.iter().any(is_error);
        self.reported = left.iter().map(|(_, count)| count).sum();
        all.extend(self);
        all
    }

    fn left_behind(&self) -> impl Iterator<Item = (Level, &Tally)> {
        let files = self.files.values();
        files.flat_map(|levels| levels.iter().map(|(level, tally)| (*level, tally)))
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
        self.has_errors
    }

    /// How many findings have been reported, the same one as often as it was: it tells whether a part of
    /// the work found something.
    pub fn len(&self) -> usize {
        self.reported
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The findings sorted by file and place, each once.
    pub fn sorted(&self) -> Vec<&Finding> {
        let mut sorted: Vec<&Finding> = self.items.iter().collect();
        sorted.sort_by_key(|finding| {
            let place = &finding.place;
            (place.source.path(), place.span, finding.level)
        });
        sorted
    }
}

#[cfg(test)]
mod tests {
    use super::{Finding, Findings, Level, MAX_PER_FILE};
    use crate::text::{Place, SourceFile, Span};

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

    #[test]
    fn of_many_findings_of_a_file_the_first_are_kept_and_the_rest_counted_once() {
        let file = SourceFile::new("한.yaml", "x".repeat(2000));
        let at = |start| Place::new(&file, Span { start, end: start });
        let mut findings = Findings::new();
        for _ in 0..2 {
            let mut own = Findings::new();
            for start in 0..MAX_PER_FILE + 30 {
                own.error(&at(start), "wrong");
            }
            findings.extend(own);
        }
        assert_eq!(findings.sorted().len(), MAX_PER_FILE);
        assert_eq!(
            findings.left_out().collect::<Vec<_>>(),
            [("한.yaml", Level::Error, 30)]
        );
        assert_eq!(findings.len(), 2 * (MAX_PER_FILE + 30));
        assert!(findings.is_full(&at(0)) && findings.has_errors());
        // What is weaker has room of its own, and leaves room.
        for start in 0..MAX_PER_FILE {
            findings.push(Finding::note(&at(start), "looked at"));
        }
        assert_eq!(findings.sorted().len(), 2 * MAX_PER_FILE);
        assert_eq!(findings.left_out().count(), 1);
        let weaker = |finding| {
            Some(Finding {
                level: Level::Warning,
                ..finding
            })
        };
        let weaker = findings.changed(weaker);
        assert_eq!(weaker.sorted().len(), MAX_PER_FILE);
        // Nobody knows what those that were left out would have become.
        let left_out: Vec<_> = weaker.left_out().collect();
        assert!(
            left_out.contains(&("한.yaml", Level::Error, 30)),
            "{left_out:?}"
        );
        assert!(weaker.has_errors());
    }
}
