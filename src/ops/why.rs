//! The whole story of an image: what decides it on each platform, what decided the published one, and who made that.

use std::collections::BTreeMap;

use super::current::{Reason, State, Told, ToldLeg};
use super::error::OpError;
use super::load::Loaded;
use super::modes::{LegModes, leg_modes};
use super::outdated::{Judged, OutdatedOptions, judged};
use crate::oci::{Digest, Platform};
use crate::plan::Leg;
use crate::record::StepRecord;
use crate::registry::Registry;

/// The story of an image.
#[derive(Debug, Clone)]
pub struct Why {
    /// The recipe's name.
    pub name: String,
    /// The variant's name: its first tag.
    pub variant: String,
    /// `REPOSITORY:TAG`.
    pub image: String,
    /// Full references, one per tag; none without a registry.
    pub references: Vec<String>,
    /// In one word.
    pub state: State,
    /// Why it is not current.
    pub reasons: Vec<Reason>,
    /// The published index that it was held against.
    pub index: Option<Digest>,
    /// The images of the workspace that it begins with or copies from.
    pub parents: BTreeMap<String, State>,
    /// The record of the published index on this machine.
    pub record: Option<WhyRecord>,
    /// Its platforms.
    pub platforms: BTreeMap<Platform, WhyLeg>,
}

/// The record of a published index.
#[derive(Debug, Clone)]
pub struct WhyRecord {
    /// Its name.
    pub id: String,
    /// The version of the program that made it.
    pub kiln: String,
    /// The revision of the recipe.
    pub revision: Option<String>,
}

/// The story of one platform.
#[derive(Debug, Clone)]
pub struct WhyLeg {
    /// Whether the published one is what would be built.
    pub is_current: bool,
    /// The published manifest.
    pub manifest: Option<Digest>,
    /// The key that it was published with.
    pub published_key: Option<String>,
    /// The key that it would get now; nothing where a base or a parent is not known.
    pub key: Option<String>,
    /// What it begins with or copies from, each with its digest then and now.
    pub bases: BTreeMap<String, (Option<Digest>, Option<Digest>)>,
    /// The local files, each with their digest then and now.
    pub files: BTreeMap<String, (Option<Digest>, Option<Digest>)>,
    /// How many facts of the lock count.
    pub locked: usize,
    /// The lock's period.
    pub period: Option<String>,
    /// How many steps its graph has.
    pub steps: usize,
    /// How they would run, where that was asked.
    pub modes: Option<LegModes>,
    /// Who made the published one, and when, as far as this machine has a record.
    pub made: Option<WhyMade>,
}

/// Who made one platform of a published image.
#[derive(Debug, Clone)]
pub struct WhyMade {
    /// The builder.
    pub builder: String,
    /// Whether programs of a step ran under emulation.
    pub emulated: bool,
    /// How the programs of each step ran.
    pub steps: Vec<StepRecord>,
    /// When its build ended.
    pub finished: String,
}

/// What was found.
#[derive(Debug, Clone)]
pub struct Story {
    /// The images that were asked for.
    pub images: Vec<Why>,
    /// Lines of the ledger that are no records.
    pub faults: Vec<String>,
}

/// Tells the story of each image that was asked for. Asks whom [`outdated()`](super::outdated()) asks.
pub async fn why(
    loaded: &Loaded,
    options: &OutdatedOptions,
    origin: &dyn Registry,
    registry: &dyn Registry,
) -> Result<Story, OpError> {
    let mut judged = judged(loaded, options, origin, registry).await?;
    let numbers = 0..judged.plan.images.len();
    let asked = numbers.filter(|&number| {
        let planned = &judged.plan.images[number];
        planned.requested && !planned.platforms.is_empty()
    });
    let builders = options.plan.builders.as_deref();
    let mut modes = builders.map_or_else(BTreeMap::new, |it| {
        leg_modes(loaded, &judged.plan, judged.plan.legs(), it)
    });
    let mut story = |number: usize| {
        let mut why = image(&judged, number);
        for (&platform, leg) in &mut why.platforms {
            let image = number;
            leg.modes = modes.remove(&Leg { image, platform });
        }
        why
    };
    Ok(Story {
        images: asked.map(&mut story).collect(),
        faults: std::mem::take(&mut judged.faults),
    })
}

fn image(judged: &Judged, number: usize) -> Why {
    let planned = &judged.plan.images[number];
    let told = &judged.told[number];
    let parents = planned.parents.values().map(|&parent| {
        let name = judged.plan.images[parent].image.name();
        (name, judged.told[parent].standing.state)
    });
    let references = judged.destinations[number].references.iter();
    let record = told.record.as_ref().map(|record| WhyRecord {
        id: record.id.to_string(),
        kiln: record.draft.kiln.clone(),
        revision: record.draft.source.as_ref().map(|source| {
            let dirty = if source.dirty { ", with changes" } else { "" };
            format!("{}{dirty}", source.revision)
        }),
    });
    let legs = told.legs.iter();
    Why {
        name: planned.image.recipe.value.clone(),
        variant: planned.image.tag().to_owned(),
        image: planned.image.name(),
        references: references.map(ToString::to_string).collect(),
        state: told.standing.state,
        reasons: told.standing.reasons.clone(),
        index: told.index.clone(),
        parents: parents.collect(),
        record,
        platforms: legs
            .map(|(&platform, one)| (platform, leg(told, platform, one)))
            .collect(),
    }
}

fn leg(told: &Told, platform: Platform, leg: &ToldLeg) -> WhyLeg {
    let now = &leg.now;
    let standing = told.standing.legs.get(&platform);
    let made = told.record.as_ref().and_then(|record| {
        let one = record.draft.platforms.get(&platform)?;
        Some(WhyMade {
            builder: one.builder.clone(),
            emulated: one.emulated,
            steps: one.steps.clone(),
            finished: one.finished.to_string(),
        })
    });
    let then = leg.then.as_ref();
    let mut bases = both(then.map(|then| &then.bases), &now.bases);
    // Of a parent that is to be built nobody knows the digest.
    for name in leg.from.keys() {
        bases.entry(name.clone()).or_default();
    }
    WhyLeg {
        is_current: standing.is_some_and(|standing| standing.current.is_some()),
        manifest: leg.manifest.as_ref().map(|entry| entry.digest.clone()),
        published_key: leg.key.as_ref().map(ToString::to_string),
        key: leg.is_whole.then(|| now.key().to_string()),
        bases,
        files: both(then.map(|then| &then.files), &now.files),
        locked: now.lock.len(),
        period: now.period.clone(),
        steps: now.steps.split_whitespace().count(),
        made,
        modes: None,
    }
}

type Digests = BTreeMap<String, Digest>;

fn both(
    then: Option<&Digests>,
    now: &Digests,
) -> BTreeMap<String, (Option<Digest>, Option<Digest>)> {
    let names = then.into_iter().flat_map(BTreeMap::keys).chain(now.keys());
    let pair = |name: &String| {
        (
            then.and_then(|it| it.get(name)).cloned(),
            now.get(name).cloned(),
        )
    };
    names.map(|name| (name.clone(), pair(name))).collect()
}
