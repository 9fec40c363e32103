//! What need not be built, because it is published and up to date.
//!
//! An image that is current as a whole is left alone; where only tags are missing, they are led to its index. Of
//! an image that is not, the platforms that are current are taken as they are, so that only the others are
//! solved. A parent that is current is what its children are built on, by its published manifest.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::StreamExt as _;

use super::aim::Aim;
use super::epoch::time_of;
use super::leg::parent;
use super::options::BuildOptions;
use super::publish::{self, Assembled};
use super::readback::read_back;
use super::report::{Failure, ImageReport, ImageState, LegReport, LegState, Solved};
use super::run::references;
use super::settle::{Settled, ledger_path, planned};
use crate::key::Parts;
use crate::lower::{LocalFiles, Parent};
use crate::oci::{Descriptor, Digest, Platform, Reference};
use crate::ops::current::{
    self, Answer, KnownBases, Outline, Published, Question, Reason, ReasonKind, Standing, State,
};
use crate::ops::error::OpError;
use crate::ops::load::Loaded;
use crate::ops::places::Destination;
use crate::plan::{Leg, Plan};
use crate::record::{Ledger, PlatformRecord, Utc};
use crate::registry::Registry;

/// How many published platforms are read at once.
const PARALLEL: usize = 8;

/// What is known before any builder is asked.
#[derive(Debug)]
pub struct Begun {
    pub(in crate::ops) plan: Plan,
    pub(in crate::ops) destinations: Vec<Destination>,
    pub(in crate::ops) outlines: BTreeMap<Leg, Outline>,
    /// What is known of each image; nothing where images are built whatever is known.
    pub(in crate::ops) standings: Vec<Standing>,
    /// What was heard of bases.
    pub(in crate::ops) known: KnownBases,
    /// Images whose steps are run even where builders know their results.
    pub(super) fresh: BTreeSet<usize>,
}

impl Begun {
    /// Whether there is nothing to build, so that no builder is needed.
    pub fn is_idle(&self) -> bool {
        !self.standings.is_empty() && self.standings.iter().all(is_done)
    }
}

fn is_done(standing: &Standing) -> bool {
    matches!(standing.state, State::Current | State::TagMissing)
}

/// What decides each leg of a plan, without asking anybody.
///
/// # Errors
/// A leg that cannot be outlined, such as one whose files are not there.
pub(in crate::ops) fn outlined(
    loaded: &Loaded,
    options: &BuildOptions,
    plan: &Plan,
) -> Result<BTreeMap<Leg, Outline>, OpError> {
    let images = plan.images.iter();
    let destinations: Vec<Destination> = images
        .map(|planned| loaded.destination_of(&planned.image))
        .collect();
    current::outlines(&Question {
        plan,
        destinations: &destinations,
        files: &LocalFiles::new(&loaded.workspace.root),
        epoch: options.epoch,
        reproducible: loaded.workspace.reproducible,
        lock: loaded.lock.as_deref(),
    })
}

/// Plans, and asks registries what is up to date.
pub async fn begin(
    loaded: &Loaded,
    options: &BuildOptions,
    origin: &dyn Registry,
    registry: &dyn Registry,
) -> Result<Begun, OpError> {
    let (plan, destinations) = planned(loaded, options)?;
    let mut begun = Begun {
        plan,
        destinations,
        outlines: BTreeMap::new(),
        standings: Vec::new(),
        known: KnownBases::new(),
        fresh: BTreeSet::new(),
    };
    if !options.push && options.outputs.is_empty() {
        return Ok(begun);
    }
    let files = LocalFiles::new(&loaded.workspace.root);
    let question = Question {
        plan: &begun.plan,
        destinations: &begun.destinations,
        files: &files,
        epoch: options.epoch,
        reproducible: loaded.workspace.reproducible,
        lock: loaded.lock.as_deref(),
    };
    // What is wrong is told with everything else that is wrong, by those who build.
    let Ok(outlines) = current::outlines(&question) else {
        return Ok(begun);
    };
    begun.outlines = outlines;
    if options.reuses() {
        let ledger = Ledger::at(ledger_path(loaded, options));
        let outlines = &begun.outlines;
        let standing = current::standing(&question, outlines, origin, registry, &ledger);
        (begun.standings, begun.known) = standing.await?;
        // Packages without a version are as old as the builder's cache, unless their steps are run anew.
        let is_over = |standing: &Standing| {
            let mut reasons = standing.reasons.iter();
            reasons.any(|reason| reason.kind == ReasonKind::Refresh)
        };
        let standings = begun.standings.iter().enumerate();
        let over = standings.filter(|(_, standing)| is_over(standing));
        begun.fresh = over.map(|(number, _)| number).collect();
    } else {
        begun.known = current::bases(&question, &begun.outlines, registry).await;
    }
    begun.outlines.values_mut().for_each(Outline::shrink);
    Ok(begun)
}

/// A platform that is published and up to date.
#[derive(Debug, Clone)]
pub(super) struct Reused {
    pub(super) solved: Solved,
    /// What is recorded of it, where this machine has a record.
    pub(super) record: Option<PlatformRecord>,
}

/// The times of images that are taken as they are, in part or as a whole.
pub(super) fn times(reused: &BTreeMap<Leg, Reused>) -> BTreeMap<usize, i64> {
    let timed = reused.iter().filter_map(|(leg, reused)| {
        let time = time_of(reused.solved.parent.as_ref()?)?;
        Some((leg.image, time))
    });
    timed.collect()
}

/// Takes what is current out of the plan. What is left of it is built.
pub(super) fn take_out(begun: &mut Begun) {
    for (planned, standing) in begun.plan.images.iter_mut().zip(&begun.standings) {
        if is_done(standing) {
            planned.platforms.clear();
        }
    }
}

/// Reads everything current that is needed for something that is not: other platforms of its image, and children.
/// What an index lists and the registry has lost is built again.
pub(super) async fn read(
    begun: &mut Begun,
    origin: &dyn Registry,
    ledger: &Ledger,
) -> Result<BTreeMap<Leg, Reused>, OpError> {
    let needed = needed(begun);
    if needed.is_empty() {
        return Ok(BTreeMap::new());
    }
    let records = ledger.scan().map_err(OpError::Ledger)?.records;
    let recorded = |entry: &Descriptor| {
        let records = records.iter().rev();
        let mut platforms = records.flat_map(|it| it.draft.platforms.values());
        platforms
            .find(|it| it.manifest.digest == entry.digest)
            .cloned()
    };
    let destinations = &begun.destinations;
    let reads: Vec<_> = futures_util::stream::iter(needed)
        .map(|(leg, entry, parts)| async move {
            let solved = one(&destinations[leg.image], leg, &entry, parts, origin).await;
            (leg, entry, solved)
        })
        .buffer_unordered(PARALLEL)
        .collect()
        .await;
    let mut all = BTreeMap::new();
    for (leg, entry, solved) in reads {
        match solved {
            Ok(solved) => {
                let record = recorded(&entry);
                all.insert(leg, Reused { solved, record });
            }
            Err(failure) => lost(&mut begun.standings[leg.image], leg.platform, *failure),
        }
    }
    Ok(all)
}

fn lost(standing: &mut Standing, platform: Platform, failure: Failure) {
    if let Some(leg) = standing.legs.get_mut(&platform) {
        leg.current = None;
    }
    standing.state = State::Stale;
    standing.reasons.push(Reason {
        kind: ReasonKind::NeverBuilt,
        platform: Some(platform),
        message: failure.message,
        place: None,
    });
}

fn needed(begun: &Begun) -> Vec<(Leg, Descriptor, Option<Parts>)> {
    let is_wanted = |leg: &Leg| {
        let standing = &begun.standings[leg.image];
        let has_child = begun.plan.images.iter().zip(&begun.standings);
        let mut children = has_child.filter(|(child, own)| {
            !is_done(own) && child.parents.values().any(|&parent| parent == leg.image)
        });
        // Where tags are missing, the record that follows tells of the platforms.
        standing.state != State::Current || children.next().is_some()
    };
    let mut all = Vec::new();
    for (image, standing) in begun.standings.iter().enumerate() {
        for (&platform, own) in &standing.legs {
            let leg = Leg { image, platform };
            if let Some(entry) = &own.current
                && is_wanted(&leg)
            {
                all.push((leg, entry.clone(), own.parts.clone()));
            }
        }
    }
    all
}

async fn one(
    destination: &Destination,
    leg: Leg,
    entry: &Descriptor,
    parts: Option<Parts>,
    origin: &dyn Registry,
) -> Result<Solved, Box<Failure>> {
    let aim = Aim::new(Some(destination), None);
    let Some(repository) = aim.repository() else {
        return Err(Failure::bug("no repository"));
    };
    let read = read_back(origin, repository, entry, leg.platform).await?;
    let count = u32::try_from(read.manifest.layers.len()).unwrap_or(u32::MAX);
    let config = &read.manifest.config;
    Ok(Solved {
        manifest: Some(bare(entry)),
        layers: (count, read.manifest.layers_size()),
        config: Some((config.digest.clone(), config.size)),
        reused: true,
        parts,
        parent: Some(parent(aim, &entry.digest, read)),
        ..Solved::default()
    })
}

/// An entry as a builder would give it: without what the index says of it.
fn bare(entry: &Descriptor) -> Descriptor {
    Descriptor {
        platform: None,
        annotations: None,
        ..entry.clone()
    }
}

impl Reused {
    /// The report of its leg.
    pub(super) fn report(&self) -> LegReport {
        let record = self.record.as_ref();
        let now = Utc::now();
        LegReport {
            builder: record.map(|it| it.builder.clone()),
            emulated: record.is_some_and(|it| it.emulated),
            steps: record.map_or_else(Vec::new, |it| it.steps.clone()),
            started: Some(record.map_or(now, |it| it.started)),
            finished: Some(record.map_or(now, |it| it.finished)),
            took: std::time::Duration::ZERO,
            state: LegState::Built(Box::new(self.solved.clone())),
        }
    }

    /// What children are built on.
    pub(super) fn parent(&self) -> Option<Parent> {
        self.solved.parent.clone()
    }
}

impl Settled<'_> {
    /// The manifest of a base on a platform that nothing is built on here. A stage on the builder's own platform counts
    /// for its image's platform all the same, so that the builder decides no key.
    pub(super) fn heard(&self, reference: &Reference, platform: Platform) -> Option<Digest> {
        let locked = self.pins.lock().and_then(|lock| lock.image(reference));
        if let Some(manifest) = locked.and_then(|locked| locked.platforms.get(&platform)) {
            return Some(manifest.clone());
        }
        let Answer(raw) = self.known.get(&reference.to_string())?;
        let raw = raw.as_ref()?;
        if !raw.media_type.is_index() {
            return Some(raw.digest.clone());
        }
        let index = raw.index().ok()?;
        Some(index.images().get(&platform)?.digest.clone())
    }

    /// The report of an image that is current as a whole; leads tags to it where they are missing.
    pub(super) async fn current(&self, number: usize) -> Option<ImageReport> {
        let standing = self.standings.get(number).filter(|it| is_done(it))?;
        let (planned, destination) = (&self.plan.images[number], &self.destinations[number]);
        let published = standing.index.as_ref()?;
        let legs = standing.legs.iter().map(|(&platform, leg)| {
            let image = number;
            let reused = self.reused.get(&Leg { image, platform });
            let report = reused.map_or_else(|| untouched(leg.current.as_ref()), Reused::report);
            (platform, report)
        });
        let legs: BTreeMap<Platform, LegReport> = legs.collect();
        let mut report = ImageReport {
            name: planned.image.recipe.value.clone(),
            variant: planned.image.tag().to_owned(),
            image: planned.image.name(),
            references: references(destination),
            state: ImageState::Current,
            index: Some((published.digest.clone(), published.bytes.len() as u64)),
            legs,
            reasons: standing.reasons.clone(),
            error: None,
        };
        if standing.state == State::TagMissing {
            report.state = ImageState::Tagged;
            match self.lead(destination, published).await {
                Ok(()) => self.published(destination, &mut report).await,
                Err(failure) => self.unpublished(&mut report, *failure),
            }
        }
        Some(report)
    }

    async fn lead(
        &self,
        destination: &Destination,
        published: &Published,
    ) -> Result<(), Box<Failure>> {
        let index = serde_json::from_slice(&published.bytes)
            .map_err(|error| Failure::bug(error.to_string()))?;
        let assembled = Assembled {
            index,
            bytes: published.bytes.clone(),
            digest: published.digest.clone(),
        };
        let registry = self.backends.origin.as_ref();
        publish::publish(&assembled, destination, registry, &self.options.stop).await
    }
}

/// The report of a platform of which nothing had to be read.
fn untouched(entry: Option<&Descriptor>) -> LegReport {
    LegReport {
        builder: None,
        emulated: false,
        steps: Vec::new(),
        started: None,
        finished: None,
        took: std::time::Duration::ZERO,
        state: LegState::Built(Box::new(Solved {
            manifest: entry.map(bare),
            reused: true,
            ..Solved::default()
        })),
    }
}
