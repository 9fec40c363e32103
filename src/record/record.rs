//! One record: its members, their order, its identity.
//!
//! Owns the format, whose version is its first member. A reader takes members that it does not know for those of a
//! later writer of the same version and passes over them; a later version it refuses.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::time::Utc;
use crate::key::{BuildKey, Parts};
use crate::oci::{Digest, Platform, Reference};

/// The version of the format that this program writes, and the latest that it reads.
pub const VERSION: u32 = 1;

/// Characters of the digest in an id.
const ID_DIGEST_LEN: usize = 12;

/// What was published for one image: one line of the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Version of the format.
    pub version: u32,
    /// Name of this record.
    pub id: RecordId,
    /// The facts.
    #[serde(flatten)]
    pub draft: Draft,
}

/// The facts of a record, before it has an id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// Name of the recipe.
    pub image: String,
    /// The variant, by its first tag.
    pub variant: String,
    /// The tags that point to the index now, each `host/path:tag`.
    pub references: Vec<Reference>,
    /// The index.
    pub index: Content,
    /// What the index lists.
    pub platforms: BTreeMap<Platform, PlatformRecord>,
    /// Where the recipe came from, if it is under version control.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<SourceRecord>,
    /// Values given with `--set`.
    #[serde(default)]
    pub set: BTreeMap<String, String>,
    /// Version of the program that built it.
    pub kiln: String,
}

/// A piece of content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// Its digest.
    pub digest: Digest,
    /// Its size in bytes.
    pub size: u64,
}

/// One platform of a recorded image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlatformRecord {
    /// The image manifest.
    pub manifest: Content,
    /// The image configuration.
    pub config: Content,
    /// Number of layers.
    pub layers: u32,
    /// Bytes of all layers together, as stored (compressed).
    pub size: u64,
    /// What decided it, as one digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<BuildKey>,
    /// The same, ingredient by ingredient.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parts: Option<Parts>,
    /// The base of this platform; none for an image from scratch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<BaseRecord>,
    /// Its tests, in the recipe's order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tests: Vec<TestRecord>,
    /// The builder that made it, by its name or address.
    pub builder: String,
    /// Whether programs of a step ran under emulation.
    pub emulated: bool,
    /// How the programs of each step ran, in their order; none where no step runs a program.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<StepRecord>,
    /// When its build began.
    pub started: Utc,
    /// When its build ended.
    pub finished: Utc,
}

/// How the programs of a step ran on one platform.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepRecord {
    /// What the step is called in progress.
    pub step: String,
    /// `native`, `native-tools` or `emulated`. A later writer may know more words.
    pub mode: String,
    /// Why, in half a sentence.
    pub why: String,
}

/// One test of one platform.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestRecord {
    /// Its name, or words for it.
    pub name: String,
    /// Whether all came as expected.
    pub passed: bool,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
}

/// What an image of one platform was built on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BaseRecord {
    /// The reference, as the base annotation of the manifest names it.
    pub name: String,
    /// Digest of the base's manifest or index, as the base annotation names it.
    pub digest: Digest,
}

/// Where a recipe came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceRecord {
    /// The revision.
    pub revision: String,
    /// Whether there were changes that no revision has.
    pub dirty: bool,
}

impl Record {
    /// The record of these facts. Its id follows from them: the time at which the last platform was done, and the
    /// beginning of a digest of all facts.
    pub fn new(draft: Draft) -> Self {
        let finished = draft
            .platforms
            .values()
            .map(|platform| platform.finished)
            .max();
        let moment = finished
            .or_else(|| Utc::from_millis(0))
            .map(|moment| moment.to_string())
            .unwrap_or_default();
        let stamp: String = moment.chars().filter(char::is_ascii_alphanumeric).collect();
        // Every member has a JSON form, so the text is never empty; were it, the id would still be valid.
        let digest = Digest::sha256_of(&serde_json::to_vec(&draft).unwrap_or_default());
        let id = RecordId(format!("{stamp}-{}", &digest.hex()[..ID_DIGEST_LEN]));
        Self {
            version: VERSION,
            id,
            draft,
        }
    }
}

/// Name of a record: `20261121T074500123Z-0a1b2c3d4e5f`. Ids sort by time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordId(String);

impl RecordId {
    /// The text form.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for RecordId {
    type Err = ParseRecordIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fits = text.split_once('-').is_some_and(|(stamp, digest)| {
            let is_hex = |b: u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
            stamp.ends_with('Z')
                && stamp.bytes().all(|b| b.is_ascii_alphanumeric())
                && digest.len() == ID_DIGEST_LEN
                && digest.bytes().all(is_hex)
        });
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            Err(ParseRecordIdError {
                text: text.to_owned(),
            })
        }
    }
}

impl Serialize for RecordId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for RecordId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

/// A text that is no record id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a record id: expected a form such as `20261121T074500123Z-0a1b2c3d4e5f`")]
pub struct ParseRecordIdError {
    /// The text given.
    text: String,
}
