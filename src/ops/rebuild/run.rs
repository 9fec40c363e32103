//! The story of a rebuild: what is meant, what of it is stale, the build, and the same question once more.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::StreamExt as _;

use super::after::{self, First};
use super::due::overdue;
use super::failures::Failures;
use super::guard::Guard;
use super::report::{After, RebuildReport, Rebuilt, verdict};
use super::scope::{RebuildOptions, Scope, narrowed};
use crate::oci::{Digest, Platform, Reference};
use crate::ops::build::{self, Begun, BuildOptions, BuildReport, EventSink, ledger_path};
use crate::ops::connect::Backends;
use crate::ops::current::State;
use crate::ops::error::OpError;
use crate::ops::load::Loaded;
use crate::record::{Ledger, Utc};
use crate::registry::{ManifestRef, Registry};

/// How many published images are looked at at once.
const PARALLEL: usize = 8;

/// A rebuild of which it is known what there is to do.
#[derive(Debug)]
pub struct Started {
    guard: Guard,
    scope: Scope,
    began: Utc,
    /// Nothing where no image is meant.
    work: Option<Work>,
}

#[derive(Debug)]
struct Work {
    options: BuildOptions,
    begun: Begun,
    failures: Failures,
    first: First,
    /// What was published of the images that are built, by their names.
    before: BTreeMap<String, BTreeMap<Platform, Digest>>,
}

impl Started {
    /// Whether there is nothing to build, so that no builder is needed.
    pub fn is_idle(&self) -> bool {
        self.work.as_ref().is_none_or(|work| work.begun.is_idle())
    }
}

/// Finds out which images are meant, and what of them is up to date. No builder is asked.
pub async fn begin(
    guard: Guard,
    loaded: &Loaded,
    options: &RebuildOptions,
    origin: &dyn Registry,
    registry: &dyn Registry,
) -> Result<Started, OpError> {
    let began = Utc::now();
    let work = match narrowed(loaded, options)? {
        Some(build) => Some(work(loaded, &options.scope, build, origin, registry).await?),
        None => None,
    };
    Ok(Started {
        guard,
        scope: options.scope.clone(),
        began,
        work,
    })
}

async fn work(
    loaded: &Loaded,
    scope: &Scope,
    mut options: BuildOptions,
    origin: &dyn Registry,
    registry: &dyn Registry,
) -> Result<Work, OpError> {
    let mut begun = build::begin(loaded, &options, origin, registry).await?;
    if *scope == Scope::Due {
        let ledger = Ledger::at(ledger_path(loaded, &options));
        let scan = ledger.scan().map_err(OpError::Ledger)?;
        let due = overdue(&begun, &scan, loaded.lock.is_some(), Utc::now());
        begun.make_due(due);
    }
    let failures = Failures::read(&loaded.workspace.root);
    options.sunk = failures.counts().clone();
    Ok(Work {
        before: published(&begun, origin).await,
        first: First::of(&begun),
        options,
        begun,
        failures,
    })
}

/// The platforms behind the first tag of each image that is going to be built.
async fn published(
    begun: &Begun,
    origin: &dyn Registry,
) -> BTreeMap<String, BTreeMap<Platform, Digest>> {
    let stale = begun.standings.iter().enumerate();
    let stale = stale.filter(|(_, it)| matches!(it.state, State::Stale | State::Unknown));
    let asked: Vec<(String, Reference)> = stale
        .filter_map(|(number, _)| {
            let reference = begun.destinations[number].references.first()?.clone();
            Some((begun.plan.images[number].image.name(), reference))
        })
        .collect();
    futures_util::stream::iter(asked)
        .map(|(name, reference)| async move {
            let at = ManifestRef::of(&reference);
            // What cannot be asked is not known to be the same.
            let raw = origin.get_manifest(reference.repository(), &at).await;
            let index = raw.ok()??.index().ok()?;
            let images = index.images().into_iter();
            let images = images.map(|(platform, entry)| (platform, entry.digest.clone()));
            Some((name, images.collect()))
        })
        .buffer_unordered(PARALLEL)
        .filter_map(|found| async move { found })
        .collect()
        .await
}

/// Builds what is stale, and asks again. What happens to images is in the report; an error means that nothing was
/// begun.
pub async fn finish(
    started: Started,
    loaded: &Loaded,
    backends: &Backends,
    events: &EventSink,
) -> Result<RebuildReport, OpError> {
    let Started {
        guard,
        scope,
        began,
        work,
    } = started;
    let mut report = RebuildReport {
        scope,
        began,
        ended: began,
        build: BuildReport::default(),
        images: Vec::new(),
        notes: guard.note().map(str::to_owned).into_iter().collect(),
    };
    if let Some(work) = work {
        do_it(work, loaded, backends, events, &mut report).await?;
    }
    report.ended = Utc::now();
    drop(guard);
    Ok(report)
}

async fn do_it(
    work: Work,
    loaded: &Loaded,
    backends: &Backends,
    events: &EventSink,
    report: &mut RebuildReport,
) -> Result<(), OpError> {
    let failures = Arc::new(work.failures);
    let (journal, sink) = (Arc::clone(&failures), events.clone());
    let heeding = EventSink::new(move |event| {
        journal.heed(&event);
        sink.send(event);
    });
    let options = &work.options;
    let built = build::finish(loaded, options, work.begun, backends, &heeding).await?;
    failures.close(&built);
    let (origin, registry) = (backends.origin.as_ref(), backends.registry.as_ref());
    let asking = after::ask(loaded, options, &work.first, &built, origin, registry);
    let mut after = tokio::select! {
        biased;
        () = options.stop.cancelled() => BTreeMap::new(),
        after = asking => after,
    };
    report.images = built
        .images
        .iter()
        .map(|image| Rebuilt {
            verdict: verdict(image, work.before.get(&image.image)),
            after: after.remove(&image.image).unwrap_or(After::NotAsked),
        })
        .collect();
    report.build = built;
    Ok(())
}
