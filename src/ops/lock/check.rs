//! The lock held against the recipes, without asking anybody.

use std::collections::{BTreeMap, BTreeSet};

use super::needs::needs;
use crate::diagnostic::{Finding, Findings};
use crate::lock::{FILE_NAME, Lock, Needs};
use crate::lower::LocalFiles;
use crate::ops::OpError;
use crate::ops::load::{Loaded, planned};
use crate::plan::{Plan, Planned};
use crate::text::Place;

/// What of a lock is missing or old, each at the line of the recipe that wants it; nothing where all is well.
/// `set` says that vars have been given values: recipes' checksums are of recipes as they are written.
pub fn check(loaded: &Loaded, selectors: &[String], set: bool) -> Result<Findings, OpError> {
    let Some(lock) = loaded.lock.as_deref() else {
        return Err(none());
    };
    let files = LocalFiles::new(&loaded.workspace.root);
    let plan = planned(loaded, selectors, &BTreeSet::new())?;
    let wanted = needs(&plan.images, &files).map_err(OpError::Invalid)?;
    let mut found = Findings::new();
    for finding in wanted.missing(Some(lock)).findings() {
        found.push(finding);
    }
    for (place, why) in &wanted.never {
        let message = format!("the packages of this step are resolved in each build: {why}");
        found.push(Finding::note(place, message));
    }
    if !set && selectors.is_empty() && loaded.named_files.is_empty() {
        for finding in lock.outdated(&by_recipe(&plan, &files)?) {
            found.push(finding);
        }
    }
    Ok(found)
}

/// What each recipe wants on all its platforms.
pub(super) fn by_recipe(
    plan: &Plan,
    files: &LocalFiles,
) -> Result<BTreeMap<String, (Place, Needs)>, OpError> {
    let mut images: BTreeMap<&str, Vec<&Planned>> = BTreeMap::new();
    for planned in &plan.images {
        let name = planned.image.recipe.value.as_str();
        images.entry(name).or_default().push(planned);
    }
    let mut all = BTreeMap::new();
    for (name, images) in images {
        let Some(first) = images.first() else {
            continue;
        };
        let place = first.image.recipe.place.clone();
        let wanted = needs(images.iter().copied(), files).map_err(OpError::Invalid)?;
        all.insert(name.to_owned(), (place, wanted));
    }
    Ok(all)
}

/// Whether the lock has everything that a plan wants. What cannot be locked is as bad as what is missing.
pub(in crate::ops) fn require(loaded: &Loaded, plan: &Plan) -> Result<(), OpError> {
    let Some(lock) = loaded.lock.as_deref() else {
        return Err(none());
    };
    let files = LocalFiles::new(&loaded.workspace.root);
    let wanted = needs(&plan.images, &files).map_err(OpError::Invalid)?;
    let mut found = Findings::new();
    for finding in lacking(&wanted, lock) {
        found.push(finding);
    }
    if found.has_errors() {
        Err(OpError::Invalid(found))
    } else {
        Ok(())
    }
}

fn lacking(wanted: &Needs, lock: &Lock) -> Vec<Finding> {
    let mut all = wanted.missing(Some(lock)).findings();
    all.extend(wanted.unlockable().into_iter().map(|finding| {
        finding.with_help(
            "build without --locked, or let the step install what has a version and a checksum",
        )
    }));
    all
}

fn none() -> OpError {
    OpError::Usage {
        message: format!("there is no {FILE_NAME}"),
        next: Some(format!(
            "`kiln lock` writes {FILE_NAME}; commit it beside kiln.yaml"
        )),
    }
}
