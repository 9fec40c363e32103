//! The key itself: its text form.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::oci::Digest;

/// How keys of this program begin. Another way to make them gets another number, and then no image that was
/// published before is known to be current.
const VERSION: &str = "v1:";

/// A digest of everything that decides an image on one platform: `v1:sha256:…`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct BuildKey(Digest);

impl BuildKey {
    /// The key of these bytes.
    pub(super) fn of(bytes: &[u8]) -> Self {
        Self(Digest::sha256_of(bytes))
    }

    /// The version that a text begins with, where it is a later one than this program's: `v2`.
    pub(super) fn version_of(text: &str) -> Option<String> {
        let (version, _) = text.split_once(':')?;
        let number: u32 = version.strip_prefix('v')?.parse().ok()?;
        (number > 1 && version == format!("v{number}")).then(|| version.to_owned())
    }
}

impl fmt::Display for BuildKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{VERSION}{}", self.0)
    }
}

impl FromStr for BuildKey {
    type Err = ParseBuildKeyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digest = text.strip_prefix(VERSION).and_then(|it| it.parse().ok());
        digest.map(Self).ok_or_else(|| ParseBuildKeyError {
            text: text.to_owned(),
        })
    }
}

impl Serialize for BuildKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for BuildKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

/// A text that is no build key of this version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no build key: expected `v1:` and a digest")]
pub struct ParseBuildKeyError {
    /// The text given.
    text: String,
}

#[cfg(test)]
mod tests {
    use super::BuildKey;

    #[test]
    fn a_key_is_read_as_it_is_written_and_other_versions_are_none() {
        let key = BuildKey::of("키".as_bytes());
        assert_eq!(key.to_string().parse(), Ok(key.clone()));
        let other = key.to_string().replacen("v1", "v2", 1);
        assert!(other.parse::<BuildKey>().is_err());
        assert!("v1:".parse::<BuildKey>().is_err());
        assert!("v1:sha256:00".parse::<BuildKey>().is_err());
    }
}
