//! What is not up to date, and why: for those who ask, and build nothing.
//!
//! The verdict is `current`'s, the same that a build acts on. What is added here is only for the eye: on which day a
//! base was made that moved, and whether an image is older than its `refresh` allows. The latter is the only question
//! to the clock, and no key knows of it.

mod dates;
mod window;

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::current::{self, Against, Question, Reason, State, Told};
use super::error::OpError;
use super::load::Loaded;
use super::places::Destination;
use super::plan::{PlanOptions, make};
use crate::lower::LocalFiles;
use crate::oci::Platform;
use crate::plan::Plan;
use crate::record::Ledger;
use crate::registry::Registry;

/// Where records are, below the workspace.
const LEDGER: &str = ".kiln/records.jsonl";

/// What to judge.
#[derive(Debug, Clone, Default)]
pub struct OutdatedOptions {
    /// Which images.
    pub plan: PlanOptions,
    /// Who says what is published.
    pub against: PublishedBy,
    /// The file of records; beside `kiln.yaml` where nothing is said.
    pub record: Option<PathBuf>,
    /// Seconds since 1970 that count as now; the clock's where nothing is said.
    pub now: Option<i64>,
}

/// Who says what is published.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum PublishedBy {
    /// The registries that images go to.
    #[default]
    Registry,
    /// The latest record of each image; no tag is asked for.
    Record,
}

/// What was found.
#[derive(Debug, Clone)]
pub struct Outdated {
    /// The images of the plan, parents before children.
    pub images: Vec<OutdatedImage>,
    /// Lines of the ledger that are no records.
    pub faults: Vec<String>,
}

/// An image that was judged.
#[derive(Debug, Clone)]
pub struct OutdatedImage {
    /// The recipe's name.
    pub name: String,
    /// The variant's name: its first tag.
    pub variant: String,
    /// `REPOSITORY:TAG`.
    pub image: String,
    /// Full references, one per tag; none without a registry.
    pub references: Vec<String>,
    /// Its platforms.
    pub platforms: Vec<Platform>,
    /// In one word.
    pub state: State,
    /// Why it is not current.
    pub reasons: Vec<Reason>,
}

impl Outdated {
    /// Whether everything is up to date. What nobody can say is not.
    pub fn is_current(&self) -> bool {
        let mut states = self.images.iter().map(|image| image.state);
        states.all(|state| state == State::Current)
    }
}

/// Everything that is known of a plan.
pub(super) struct Judged {
    pub(super) plan: Plan,
    pub(super) destinations: Vec<Destination>,
    pub(super) told: Vec<Told>,
    pub(super) faults: Vec<String>,
}

/// Judges every image of a plan. `origin` is asked for tags, `registry` for bases, and no builder for anything.
pub async fn outdated(
    loaded: &Loaded,
    options: &OutdatedOptions,
    origin: &dyn Registry,
    registry: &dyn Registry,
) -> Result<Outdated, OpError> {
    let judged = judged(loaded, options, origin, registry).await?;
    let planned = judged.plan.images.iter().zip(&judged.destinations);
    let all = planned.zip(judged.told);
    // Of an image that has none of the platforms that are asked for, nothing was asked.
    let asked = all.filter(|((planned, _), _)| !planned.platforms.is_empty());
    let images = asked.map(|((planned, to), told)| {
        let references = to.references.iter().map(ToString::to_string);
        OutdatedImage {
            name: planned.image.recipe.value.clone(),
            variant: planned.image.tag().to_owned(),
            image: planned.image.name(),
            references: references.collect(),
            platforms: planned.platforms.iter().copied().collect(),
            state: told.standing.state,
            reasons: told.standing.reasons,
        }
    });
    Ok(Outdated {
        images: images.collect(),
        faults: judged.faults,
    })
}

/// The same with everything that is known.
pub(super) async fn judged(
    loaded: &Loaded,
    options: &OutdatedOptions,
    origin: &dyn Registry,
    registry: &dyn Registry,
) -> Result<Judged, OpError> {
    // A mistake in what is asked for is told before anybody is asked.
    make(loaded, &options.plan)?;
    let plan = make(loaded, &everywhere(&options.plan))?;
    let destinations: Vec<Destination> = plan
        .images
        .iter()
        .map(|planned| loaded.destination_of(&planned.image))
        .collect();
    let root = &loaded.workspace.root;
    let question = Question {
        plan: &plan,
        destinations: &destinations,
        files: &LocalFiles::new(root),
        epoch: options.plan.epoch,
        reproducible: loaded.workspace.reproducible,
        lock: loaded.lock.as_deref(),
    };
    let outlines = current::outlines(&question)?;
    let ledger = options.record.clone();
    let ledger = Ledger::at(ledger.unwrap_or_else(|| root.join(LEDGER)));
    let against = match options.against {
        PublishedBy::Registry => Against::Registry(origin),
        PublishedBy::Record => Against::Record,
    };
    let (mut told, faults) =
        current::tell(&question, &outlines, against, registry, &ledger).await?;
    dates::add(&mut told, &destinations, against, registry).await;
    let now = options.now.unwrap_or_else(window::now);
    window::add(&mut told, &plan, now);
    let mut judged = Judged {
        plan,
        destinations,
        told,
        faults,
    };
    if !options.plan.platforms.is_empty() {
        judged.narrow(&options.plan.platforms);
    }
    Ok(judged)
}

/// Images are judged on all of their platforms: each counts on the bases of the others.
fn everywhere(options: &PlanOptions) -> PlanOptions {
    PlanOptions {
        platforms: BTreeSet::new(),
        ..options.clone()
    }
}

impl Judged {
    /// Forgets what is known of other platforms.
    fn narrow(&mut self, platforms: &BTreeSet<Platform>) {
        for (planned, told) in self.plan.images.iter_mut().zip(&mut self.told) {
            planned.platforms.retain(|it| platforms.contains(it));
            told.legs.retain(|it, _| platforms.contains(it));
            let standing = &mut told.standing;
            standing.legs.retain(|it, _| platforms.contains(it));
            let before = standing.reasons.len();
            let is_asked = |reason: &Reason| {
                reason
                    .platform
                    .is_none_or(|platform| platforms.contains(&platform))
            };
            standing.reasons.retain(is_asked);
            if standing.reasons.len() < before && standing.reasons.is_empty() {
                standing.state = State::Current;
            }
        }
    }
}
