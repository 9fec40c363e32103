//! Everything that is known of each image, for those who tell it instead of building.
//!
//! A build needs the verdict alone; here the parts of both sides come with it, and the record of what is published.
//! What is published may be what registries say, or what the records say without a question about any tag.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::candidate::Candidate;
use super::judge::Judging;
use super::look::{Tags, look};
use super::outline::Outline;
use super::reason::Standing;
use super::{Question, by_reference, judge_all};
use crate::key::{BuildKey, Parts};
use crate::oci::{Descriptor, Digest, Index, MediaType, Platform, Reference};
use crate::ops::error::OpError;
use crate::ops::places::Destination;
use crate::plan::Leg;
use crate::record::{Ledger, Record};
use crate::registry::{RawManifest, Registry};

/// Who says what is published.
#[derive(Debug, Clone, Copy)]
pub(in crate::ops) enum Against<'a> {
    /// The registries that images go to.
    Registry(&'a dyn Registry),
    /// The latest record of each image.
    Record,
}

/// What is known of an image.
#[derive(Debug)]
pub(in crate::ops) struct Told {
    /// The verdict.
    pub(in crate::ops) standing: Standing,
    /// Its platforms.
    pub(in crate::ops) legs: BTreeMap<Platform, ToldLeg>,
    /// The published index that it was held against.
    pub(in crate::ops) index: Option<Digest>,
    /// The record of that index.
    pub(in crate::ops) record: Option<Record>,
}

/// What is known of one platform.
#[derive(Debug)]
pub(in crate::ops) struct ToldLeg {
    /// What decides it now; of `bases` it has those whose digests are known.
    pub(in crate::ops) now: Parts,
    /// Whether all of them are known, so that it has a key.
    pub(in crate::ops) is_whole: bool,
    /// The published key.
    pub(in crate::ops) key: Option<BuildKey>,
    /// What decided the published one.
    pub(in crate::ops) then: Option<Parts>,
    /// The published manifest.
    pub(in crate::ops) manifest: Option<Descriptor>,
    /// Where each of `bases` comes from.
    pub(in crate::ops) from: BTreeMap<String, From>,
}

/// Where a base comes from.
#[derive(Debug, Clone)]
pub(in crate::ops) enum From {
    /// A registry.
    Image(Reference),
    /// An image of the plan, by its position.
    Parent(usize),
}

/// Tells everything of every image of a plan, in its order, and which lines of the ledger are no records.
///
/// # Errors
/// A ledger that cannot be read.
pub(in crate::ops) async fn tell(
    question: &Question<'_>,
    outlines: &BTreeMap<Leg, Outline>,
    against: Against<'_>,
    registry: &dyn Registry,
    ledger: &Ledger,
) -> Result<(Vec<Told>, Vec<String>), OpError> {
    let destinations = question.destinations;
    let scan = ledger.scan().map_err(OpError::Ledger)?;
    let faults = scan.faults.iter().map(ToString::to_string).collect();
    let (seen, origin) = match against {
        Against::Registry(origin) => {
            let seen = look(question, outlines, origin, registry);
            (seen.await, Some(origin))
        }
        Against::Record => {
            // Without destinations it asks for bases alone.
            let question = Question {
                destinations: &[],
                ..*question
            };
            let mut seen = look(&question, outlines, registry, registry).await;
            seen.tags = recorded(destinations, &scan.records);
            (seen, None)
        }
    };
    let mut looked = Vec::with_capacity(question.plan.images.len());
    let mut onlooker = |judging: &Judging<'_>, best: Option<&Candidate>| {
        let legs = judging.planned.platforms.iter().filter_map(|&platform| {
            let image = judging.number;
            let outline = judging.outlines.get(&Leg { image, platform })?;
            Some((platform, leg(judging, outline, platform, best)))
        });
        let legs: BTreeMap<Platform, ToldLeg> = legs.collect();
        let index = best.map(|best| best.raw.digest.clone());
        let own = |record: &&&Record| Some(&record.draft.index.digest) == index.as_ref();
        let record = judging.records.iter().rev().find(own);
        looked.push((legs, record.map(|&record| record.clone()), index));
    };
    let records = (&seen, &scan.records[..]);
    let all = judge_all(question, outlines, records, origin, &mut onlooker).await;
    let told = all.into_iter().zip(looked);
    let told = told.map(|(standing, (legs, record, index))| Told {
        standing,
        legs,
        index,
        record,
    });
    Ok((told.collect(), faults))
}

fn leg(
    judging: &Judging<'_>,
    outline: &Outline,
    platform: Platform,
    best: Option<&Candidate>,
) -> ToldLeg {
    let mut unknown = Vec::new();
    let now = judging.bases(outline, platform, &mut unknown);
    let published = best.and_then(|best| best.keys.get(&platform));
    let images = outline.images.iter();
    let images =
        images.map(|(name, (reference, _))| (name.clone(), From::Image(reference.clone())));
    let parents = outline.parents.iter();
    let parents = parents.map(|(name, &number)| (name.clone(), From::Parent(number)));
    ToldLeg {
        now,
        is_whole: unknown.is_empty(),
        key: published.map(|(key, _)| key.clone()),
        then: published.and_then(|(_, parts)| parts.clone()),
        manifest: best.and_then(|best| best.entry(platform)),
        from: images.chain(parents).collect(),
    }
}

/// What tags would lead to if nobody but this machine had moved any.
fn recorded(destinations: &[Destination], records: &[Record]) -> Tags {
    let records = by_reference(records);
    let mut tags = BTreeMap::new();
    for destination in destinations {
        let mut names = destination.references.iter().map(ToString::to_string);
        let latest = names.find_map(|name| records.get(&name)?.last().copied());
        for reference in &destination.references {
            let here = latest.filter(|record| record.draft.references.contains(reference));
            tags.insert(reference.to_string(), Ok(here.and_then(index_of)));
        }
    }
    tags
}

/// An index as a record tells it: its digest, and the manifests that it lists. Its bytes are not known.
fn index_of(record: &Record) -> Option<RawManifest> {
    let entries = record.draft.platforms.iter().map(|(platform, one)| {
        let (digest, size) = (one.manifest.digest.clone(), one.manifest.size);
        Descriptor::new(MediaType::OciManifest, digest, size).with_platform(*platform)
    });
    let index = Index {
        schema_version: 2,
        media_type: MediaType::OciIndex,
        artifact_type: None,
        manifests: entries.collect(),
        subject: None,
        annotations: None,
        other: BTreeMap::new(),
    };
    Some(RawManifest {
        media_type: MediaType::OciIndex,
        digest: record.draft.index.digest.clone(),
        bytes: Bytes::from(serde_json::to_vec(&index).ok()?),
    })
}
