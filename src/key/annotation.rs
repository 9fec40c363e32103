//! Where key and parts stand in a published index.
//!
//! At its top, never at an entry: scanners pass over entries that have annotations. The names are for good: every
//! image that was ever published has them.

use std::collections::BTreeMap;

use super::{BuildKey, Parts};
use crate::oci::{Index, Platform};

/// Begins the name of a platform's key: `dev.kiln.build-key.linux.amd64`.
pub const KEY: &str = "dev.kiln.build-key.";
/// Begins the name of a platform's parts: `dev.kiln.build-parts.linux.amd64`.
pub const PARTS: &str = "dev.kiln.build-parts.";

/// Adds key and parts of a platform.
pub fn write(annotations: &mut BTreeMap<String, String>, platform: Platform, parts: &Parts) {
    let suffix = suffix(platform);
    annotations.insert(format!("{KEY}{suffix}"), parts.key().to_string());
    annotations.insert(format!("{PARTS}{suffix}"), parts.text());
}

/// The key of a platform; nothing where there is none that this program could have written.
pub fn key(index: &Index, platform: Platform) -> Option<BuildKey> {
    let text = index.annotations.as_ref()?;
    text.get(&format!("{KEY}{}", suffix(platform)))?
        .parse()
        .ok()
}

/// The parts of a platform; nothing where they are not those of its key.
pub fn parts(index: &Index, platform: Platform) -> Option<Parts> {
    let all = index.annotations.as_ref()?;
    let text = all.get(&format!("{PARTS}{}", suffix(platform)))?;
    let parts: Parts = serde_json::from_str(text).ok()?;
    (Some(parts.key()) == key(index, platform)).then_some(parts)
}

fn suffix(platform: Platform) -> String {
    platform.to_string().replace('/', ".")
}
