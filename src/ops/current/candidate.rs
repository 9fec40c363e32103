//! Something that was published, and what is known of how it was made.

use std::collections::BTreeMap;

use super::words::{doubtful, newer};
use crate::key::annotation::{self, Said};
use crate::key::{BuildKey, Parts};
use crate::oci::{Descriptor, Index, Platform};
use crate::record::Record;
use crate::registry::RawManifest;

/// Something that was published, and what it says of how it was made.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    pub(super) raw: RawManifest,
    pub(super) index: Index,
    pub(super) keys: BTreeMap<Platform, (BuildKey, Option<Parts>)>,
    /// Why the key of a platform is not known, where that can be told.
    pub(super) odd: BTreeMap<Platform, String>,
}

impl Candidate {
    /// An index; what its annotations do not say, the record of it does.
    pub(super) fn of(raw: &RawManifest, records: &[&Record]) -> Option<Self> {
        let index = raw.media_type.is_index().then(|| raw.index().ok())??;
        let record = records
            .iter()
            .find(|it| it.draft.index.digest == raw.digest);
        let recorded = |platform: &Platform| {
            let platform = record?.draft.platforms.get(platform)?;
            Some((platform.key.clone()?, platform.parts.clone()))
        };
        let (mut keys, mut odd) = (BTreeMap::new(), BTreeMap::new());
        for platform in index.images().into_keys() {
            let why = match annotation::said(&index, platform) {
                Said::Key(key, parts) => {
                    keys.insert(platform, (key, parts));
                    continue;
                }
                Said::Nothing => None,
                Said::Newer(what) => Some(newer(&raw.digest, &what)),
                Said::Doubtful => Some(doubtful(&raw.digest)),
            };
            // What this machine published itself it knows better.
            match (recorded(&platform), why) {
                (Some(known), _) => drop(keys.insert(platform, known)),
                (None, Some(why)) => drop(odd.insert(platform, why)),
                (None, None) => {}
            }
        }
        Some(Self {
            raw: raw.clone(),
            index,
            keys,
            odd,
        })
    }

    pub(super) fn entry(&self, platform: Platform) -> Option<Descriptor> {
        self.index.images().get(&platform).map(|&it| it.clone())
    }

    /// How many platforms are as they should be.
    pub(super) fn fits(&self, parts: &BTreeMap<Platform, Parts>) -> usize {
        let same = |(platform, parts): &(&Platform, &Parts)| {
            let key = self.keys.get(platform);
            key.is_some_and(|(key, _)| *key == parts.key())
        };
        parts.iter().filter(same).count()
    }
}
