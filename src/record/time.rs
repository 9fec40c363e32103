//! Moments in records.
//!
//! Owns their one text form, `2026-11-21T07:45:00.123Z`: UTC, with milliseconds, so that texts sort as times do.

use std::fmt;
use std::str::FromStr;
use std::time::SystemTime;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A moment in UTC, to the millisecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Utc(Timestamp);

impl Utc {
    /// The moment now, by the system's clock; a clock outside the years that a text can carry counts as 1970.
    pub fn now() -> Self {
        Timestamp::try_from(SystemTime::now())
            .map_or_else(|_| Self(Timestamp::UNIX_EPOCH), Self::truncated)
    }

    /// So many milliseconds after the start of 1970; nothing when no text can carry it.
    pub fn from_millis(millis: i64) -> Option<Self> {
        Timestamp::from_millisecond(millis).ok().map(Self)
    }

    /// Milliseconds since the start of 1970.
    pub fn as_millis(self) -> i64 {
        self.0.as_millisecond()
    }

    fn truncated(moment: Timestamp) -> Self {
        Self(Timestamp::from_millisecond(moment.as_millisecond()).unwrap_or(Timestamp::UNIX_EPOCH))
    }
}

impl fmt::Display for Utc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3}", self.0)
    }
}

impl FromStr for Utc {
    type Err = ParseUtcError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let moment = text.parse::<Timestamp>().map_err(|_| ParseUtcError {
            text: text.to_owned(),
        })?;
        Ok(Self::truncated(moment))
    }
}

impl Serialize for Utc {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Utc {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

/// A text that is no moment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a time: expected RFC 3339, for example `2026-11-21T07:45:00.123Z`")]
pub struct ParseUtcError {
    /// The text given.
    text: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_have_one_text_form() {
        for (given, text) in [
            ("2026-11-21T07:45:00Z", "2026-11-21T07:45:00.000Z"),
            ("2026-11-21T16:45:00.1239+09:00", "2026-11-21T07:45:00.123Z"),
            ("1969-12-31T23:59:59.5Z", "1969-12-31T23:59:59.500Z"),
        ] {
            let moment: Utc = given.parse().unwrap();
            assert_eq!(moment.to_string(), text);
            assert_eq!(Utc::from_millis(moment.as_millis()), Some(moment));
        }
        assert!(Utc::now().to_string().parse::<Utc>().unwrap() <= Utc::now());
        assert!("어제".parse::<Utc>().is_err());
    }
}
