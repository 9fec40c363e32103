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

/// What an index says of how one of its platforms was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// Nothing.
    Nothing,
    /// Its key, and the parts where they are told.
    Key(BuildKey, Option<Parts>),
    /// Something that only a later program understands: what tells it.
    Newer(String),
    /// The key is none, or the parts are not those of the key: somebody edited them.
    Doubtful,
}

/// What an index says of how a platform was made. Parts are taken for what they are by their bytes, so that those of a
/// later program, which have members that this one does not know, are told from those that were edited.
pub fn said(index: &Index, platform: Platform) -> Said {
    let suffix = suffix(platform);
    let all = index.annotations.as_ref();
    let text = |name: &str| all.and_then(|all| all.get(&format!("{name}{suffix}")));
    let Some(key_text) = text(KEY) else {
        return Said::Nothing;
    };
    let Ok(key) = key_text.parse::<BuildKey>() else {
        return BuildKey::version_of(key_text).map_or(Said::Doubtful, Said::Newer);
    };
    let Some(text) = text(PARTS) else {
        return Said::Key(key, None);
    };
    if BuildKey::of(text.as_bytes()) != key {
        return Said::Doubtful;
    }
    match serde_json::from_str::<Parts>(text) {
        Ok(parts) if parts.key() == key => Said::Key(key, Some(parts)),
        _ => Said::Newer("parts".to_owned()),
    }
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{KEY, PARTS, Said, said};
    use crate::key::BuildKey;
    use crate::oci::{Index, MediaType, Platform};

    fn index(key: Option<&str>, parts: Option<&str>) -> Index {
        let mut all = BTreeMap::new();
        for (name, text) in [(KEY, key), (PARTS, parts)] {
            if let Some(text) = text {
                all.insert(format!("{name}linux.amd64"), text.to_owned());
            }
        }
        Index {
            schema_version: 2,
            media_type: MediaType::OciIndex,
            artifact_type: None,
            manifests: Vec::new(),
            subject: None,
            annotations: Some(all),
            other: BTreeMap::new(),
        }
    }

    #[test]
    fn parts_that_were_edited_are_told_from_those_of_a_later_program() {
        let amd64 = Platform::LINUX_AMD64;
        let said = |key: Option<&str>, parts: Option<&str>| said(&index(key, parts), amd64);
        let later = "{\"größe\":1}";
        let key = BuildKey::of(later.as_bytes()).to_string();
        let newer = |text: &str| Said::Newer(text.to_owned());
        assert_eq!(said(None, Some(later)), Said::Nothing);
        assert_eq!(said(Some(&key), Some(later)), newer("parts"));
        assert_eq!(said(Some(&key), Some("{}")), Said::Doubtful);
        assert_eq!(said(Some(&key.replacen("v1", "v2", 1)), None), newer("v2"));
        for odd in [
            "v2",
            "v0:x",
            "v1:sha256:00",
            "vx:1",
            "키",
            "v-2:a",
            "v99999999999999999999:",
        ] {
            assert_eq!(said(Some(odd), None), Said::Doubtful, "{odd}");
        }
        assert_eq!(
            said(Some(&key), None),
            Said::Key(BuildKey::of(later.as_bytes()), None)
        );
    }
}
