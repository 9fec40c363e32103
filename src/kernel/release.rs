//! Releases of Backend.AI, and ranges of them.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

/// A release: year and number, as in `24.03`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Release {
    year: u8,
    number: u8,
}

/// The oldest release whose rules are known.
pub const OLDEST: Release = Release::new(23, 9);
/// The newest release whose rules are known.
pub const NEWEST: Release = Release::new(26, 8);

/// The releases that labels satisfy where a workspace names none: one of each generation of rules.
const DEFAULT: [Release; 3] = [OLDEST, Release::new(24, 3), NEWEST];

impl Release {
    pub(super) const fn new(year: u8, number: u8) -> Self {
        Self { year, number }
    }
}

impl fmt::Display for Release {
    /// `24.03`; from 25 on the number has no zero, as the platform writes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.year < 25 {
            write!(f, "{}.{:02}", self.year, self.number)
        } else {
            write!(f, "{}.{}", self.year, self.number)
        }
    }
}

/// A text that names no release whose rules are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseReleaseError(String);

impl fmt::Display for ParseReleaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = &self.0;
        write!(
            f,
            "`{text}` is no release of Backend.AI that kiln knows; write one from {OLDEST} to {NEWEST}"
        )
    }
}

impl std::error::Error for ParseReleaseError {}

impl FromStr for Release {
    type Err = ParseReleaseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = |text: &str| {
            let digits = (1..=2).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
            digits.then(|| text.parse().ok()).flatten()
        };
        text.split_once('.')
            .and_then(|(year, rest)| Some(Self::new(number(year)?, number(rest)?)))
            .filter(|release| (OLDEST..=NEWEST).contains(release))
            .ok_or_else(|| ParseReleaseError(text.to_owned()))
    }
}

/// The releases that labels must satisfy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Releases(BTreeSet<Release>);

impl Releases {
    /// Some releases; the default ones where there is none.
    pub fn new(releases: impl IntoIterator<Item = Release>) -> Self {
        let chosen: BTreeSet<Release> = releases.into_iter().collect();
        if chosen.is_empty() {
            Self::default()
        } else {
            Self(chosen)
        }
    }

    /// Those of some releases that are among these; nothing where none is.
    pub fn only(&self, wanted: &BTreeSet<Release>) -> Option<Self> {
        let both: BTreeSet<Release> = self.0.intersection(wanted).copied().collect();
        (!both.is_empty()).then_some(Self(both))
    }

    /// In order, the oldest first.
    pub fn iter(&self) -> impl Iterator<Item = Release> + '_ {
        self.0.iter().copied()
    }
}

impl Default for Releases {
    fn default() -> Self {
        Self(DEFAULT.into_iter().collect())
    }
}

/// The releases that a rule holds in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Range {
    /// The first one; all from the beginning where there is none.
    pub from: Option<Release>,
    /// The first one in which it no longer holds.
    pub until: Option<Release>,
}

impl Range {
    /// Every release.
    pub const ALL: Self = Self {
        from: None,
        until: None,
    };

    /// From a release on.
    pub(super) const fn from(year: u8, number: u8) -> Self {
        Self {
            from: Some(Release::new(year, number)),
            until: None,
        }
    }

    /// Before a release.
    pub(super) const fn before(year: u8, number: u8) -> Self {
        Self {
            from: None,
            until: Some(Release::new(year, number)),
        }
    }

    /// Whether a release lies in it.
    pub fn contains(&self, release: Release) -> bool {
        self.from.is_none_or(|from| release >= from)
            && self.until.is_none_or(|until| release < until)
    }

    /// Whether any of some releases lies in it.
    pub fn concerns(&self, releases: &Releases) -> bool {
        releases.iter().any(|release| self.contains(release))
    }
}

impl fmt::Display for Range {
    /// `Backend.AI 23.09 to 26.8`, `Backend.AI before 24.09`, `Backend.AI since 25.19`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.from, self.until) {
            (None, None) => write!(f, "Backend.AI {OLDEST} to {NEWEST}"),
            (None, Some(until)) => write!(f, "Backend.AI before {until}"),
            (Some(from), None) if from == NEWEST => write!(f, "Backend.AI {from}"),
            (Some(from), None) => write!(f, "Backend.AI since {from}"),
            (Some(from), Some(until)) => write!(f, "Backend.AI {from} until {until}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Range, Release, Releases};

    #[test]
    fn releases_are_ordered_by_year_and_number_and_not_as_text() {
        let all = ["23.09", "24.03", "24.09", "25.2", "25.19", "26.8"];
        let parsed: Vec<Release> = all.iter().map(|text| text.parse().unwrap()).collect();
        assert!(parsed.is_sorted());
        let shown: Vec<String> = parsed.iter().map(ToString::to_string).collect();
        assert_eq!(shown, all);
        assert_eq!("24.3".parse::<Release>(), "24.03".parse());
        for bad in [
            "",
            "23",
            "23.08",
            "26.9",
            "24.03.11",
            "２４.03",
            "24.-3",
            "main",
        ] {
            assert!(bad.parse::<Release>().is_err(), "{bad}");
        }
    }

    #[test]
    fn releases_are_narrowed_to_those_that_both_name() {
        let wanted = |all: &[&str]| all.iter().map(|text| text.parse().unwrap()).collect();
        let shown = |all: &[&str]| {
            let both = Releases::default().only(&wanted(all));
            both.map(|both| both.iter().map(|one| one.to_string()).collect::<Vec<_>>())
        };
        assert_eq!(shown(&["24.03", "25.2"]), Some(vec!["24.03".to_owned()]));
        assert_eq!(shown(&["25.2"]), None);
        assert_eq!(shown(&[]), None);
    }

    #[test]
    fn a_range_concerns_a_workspace_if_one_of_its_releases_lies_in_it() {
        let one = |text: &str| Releases::new([text.parse().unwrap()]);
        assert!(Range::before(24, 9).concerns(&Releases::default()));
        assert!(!Range::before(24, 9).concerns(&one("24.09")));
        assert!(Range::from(25, 19).concerns(&one("26.2")));
        assert!(!Range::from(25, 19).concerns(&one("25.2")));
        assert!(Range::ALL.concerns(&one("25.2")));
    }
}
