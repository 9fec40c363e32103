//! Which images a rebuild is about.

use std::collections::BTreeSet;
use std::fmt;

use super::{changed, dependents};
use crate::ops::build::{BuildOptions, FailurePolicy};
use crate::ops::error::OpError;
use crate::ops::load::{Loaded, planned};
use crate::plan::Plan;

/// Which images a rebuild is about. Of these, what is current is left alone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Scope {
    /// All.
    #[default]
    Stale,
    /// All, and those whose window of `refresh` has ended count as stale.
    Due,
    /// Those below an image of the workspace, or below a base.
    DependentsOf(String),
    /// Those whose files differ from a git revision, and those below.
    ChangedSince(String),
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stale => f.write_str("what is stale"),
            Self::Due => f.write_str("what is due"),
            Self::DependentsOf(base) => write!(f, "dependents of {base}"),
            Self::ChangedSince(revision) => write!(f, "changes since {revision}"),
        }
    }
}

/// What a rebuild is asked for.
#[derive(Debug, Clone, Default)]
pub struct RebuildOptions {
    /// Which images.
    pub scope: Scope,
    /// How they are built. Selectors narrow the scope; images are always pushed, and what fails stops nothing but what
    /// stands on it.
    pub build: BuildOptions,
}

/// The options of the build that does it; nothing where no image is meant.
pub(super) fn narrowed(
    loaded: &Loaded,
    options: &RebuildOptions,
) -> Result<Option<BuildOptions>, OpError> {
    let mut build = options.build.clone();
    build.push = true;
    build.failure = FailurePolicy::KeepGoing;
    if matches!(options.scope, Scope::Stale | Scope::Due) {
        return Ok(Some(build));
    }
    // Whom a change reaches may lead through images that were not asked for.
    let whole = planned(loaded, &["*".to_owned()], &build.platforms)?;
    let meant = match &options.scope {
        Scope::DependentsOf(base) => dependents::dependents(loaded, &whole, base)?,
        Scope::ChangedSince(revision) => changed::changed(loaded, &whole, &build, revision)?,
        Scope::Stale | Scope::Due => BTreeSet::new(),
    };
    let asked = planned(loaded, &build.selectors, &build.platforms)?;
    let asked = asked.images.iter().filter(|it| it.requested);
    let asked: BTreeSet<String> = asked.map(|it| it.image.name()).collect();
    let names = meant.into_iter().map(|it| whole.images[it].image.name());
    build.selectors = names.filter(|name| asked.contains(name)).collect();
    Ok((!build.selectors.is_empty()).then_some(build))
}

/// Everything that begins with or copies from images of a plan, however far below.
pub(super) fn below(plan: &Plan, of: &BTreeSet<usize>) -> BTreeSet<usize> {
    let mut all = BTreeSet::new();
    // Parents stand before their children.
    for (number, planned) in plan.images.iter().enumerate() {
        let mut parents = planned.parents.values();
        if parents.any(|parent| of.contains(parent) || all.contains(parent)) {
            all.insert(number);
        }
    }
    all
}
