//! The story of a lock that is written.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::bases::bases;
use super::check::by_recipe;
use super::downloads::downloads;
use super::file;
use super::git::checkouts;
use super::needs::needs;
use super::packages::{Scratch, Workshop, packages};
use super::unresolved::Unresolved;
use super::{LockOptions, LockReport, Sources};
use crate::diagnostic::{Finding, Findings};
use crate::lock::{ChangeKind, Lock, Needs, Period};
use crate::lower::{Form, LocalFiles, Lowered, Pins};
use crate::ops::OpError;
use crate::ops::build::{epochs, rehearse};
use crate::ops::layout::resolve_layouts;
use crate::ops::load::{Loaded, planned};
use crate::plan::{Leg, Plan, plan};

/// Adds what is missing, and drops what nothing uses. Where there is no lock, `now` is its period.
pub async fn lock(
    loaded: &Loaded,
    options: &LockOptions,
    sources: &Sources,
    now: Period,
) -> Result<LockReport, OpError> {
    let old = loaded.lock.as_deref();
    let lock = old.cloned().unwrap_or_else(|| Lock::new(now));
    complete(loaded, options, sources, lock, true).await
}

/// Looks up anew what the options choose. An update of everything begins the period `now`.
pub async fn update(
    loaded: &Loaded,
    options: &LockOptions,
    sources: &Sources,
    now: Period,
) -> Result<LockReport, OpError> {
    let old = loaded.lock.as_deref();
    let mut lock = old.cloned().unwrap_or_else(|| Lock::new(now));
    if options.begins_a_period(loaded) {
        lock.set_period(now);
    }
    let plan = planned(loaded, &options.selectors, &options.platforms)?;
    let files = LocalFiles::new(&loaded.workspace.root);
    let mut moved = needs(&plan.images, &files).map_err(OpError::Invalid)?;
    let all = |kind| options.only.is_empty() || options.only.contains(&kind);
    if !all(ChangeKind::Base) {
        moved.images.clear();
    }
    if !all(ChangeKind::Fetch) {
        moved.fetch.clear();
    }
    if !all(ChangeKind::Git) {
        moved.git.clear();
    }
    if !all(ChangeKind::Pip) {
        moved.pip.clear();
    }
    lock.forget(&moved);
    complete(loaded, options, sources, lock, false).await
}

impl LockOptions {
    /// Whether an update is of everything: the pins belong to a new period then.
    pub fn begins_a_period(&self, loaded: &Loaded) -> bool {
        !self.is_partial(!loaded.named_files.is_empty()) && self.only.is_empty()
    }
}

/// Looks up what a lock lacks. With `keep`, packages stay at the versions that the old lock has, where they may.
async fn complete(
    loaded: &Loaded,
    options: &LockOptions,
    sources: &Sources,
    mut lock: Lock,
    keep: bool,
) -> Result<LockReport, OpError> {
    let root = &loaded.workspace.root;
    let files = LocalFiles::new(root);
    let plan = planned(loaded, &options.selectors, &options.platforms)?;
    let wanted = needs(&plan.images, &files).map_err(OpError::Invalid)?;
    let missing = wanted.missing(Some(&lock));
    let scratch = Scratch::new(root);
    let ca = sources.bundle.as_ref().filter(|_| !missing.is_empty());
    let ca = ca.map(|pem| scratch.file("ca.pem", pem)).transpose()?;
    let mut unresolved = Unresolved::default();
    let mut notes = Findings::new();
    let pins = if missing.images.is_empty() && missing.pip.is_empty() {
        Pins::default()
    } else {
        // Steps depend on what their images say, also where only the packages are missing.
        let asked = if missing.pip.is_empty() {
            &missing
        } else {
            &wanted
        };
        bases(asked, &mut lock, &sources.registry, &mut unresolved).await
    };
    downloads(&missing, &mut lock, &sources.web, &mut unresolved).await;
    checkouts(&missing, &mut lock, ca.as_deref(), &mut unresolved).await;
    unresolved.end()?;
    if !missing.pip.is_empty() {
        let mut unresolved = Unresolved::default();
        let graphs = graphs(loaded, &plan, pins, &lock)?;
        let shop = Workshop {
            plan: &plan,
            graphs: &graphs,
            missing: &missing,
            old: loaded.lock.as_deref().filter(|_| keep),
            root,
            scratch: scratch.path(),
            ca: ca.as_deref(),
            sources,
            options,
        };
        packages(&shop, &mut lock, &mut unresolved, &mut notes).await;
        unresolved.end()?;
    }
    for (place, why) in &wanted.never {
        let message = format!("the packages of this step are resolved in each build: {why}");
        notes.push(Finding::note(place, message));
    }
    finish(loaded, options, lock, &notes)
}

/// Every leg's graph: only there it is known what a step's environment is.
fn graphs(
    loaded: &Loaded,
    plan: &Plan,
    mut pins: Pins,
    lock: &Lock,
) -> Result<BTreeMap<Leg, Lowered>, OpError> {
    let root = &loaded.workspace.root;
    let mut findings = Findings::new();
    resolve_layouts(plan, root, &mut pins, &mut findings);
    if findings.has_errors() {
        return Err(OpError::Invalid(findings));
    }
    pins.set_lock(Some(Arc::new(lock.clone())));
    let epochs = epochs(
        plan,
        &pins,
        &BTreeMap::new(),
        None,
        loaded.workspace.reproducible,
    );
    let files = LocalFiles::new(root);
    rehearse(plan, &pins, &epochs, &files, &|_| None, |_| &Form::Platform).map_err(OpError::Invalid)
}

/// Drops what nothing uses, notes which recipes are covered, and writes the file where it changes.
fn finish(
    loaded: &Loaded,
    options: &LockOptions,
    mut lock: Lock,
    notes: &Findings,
) -> Result<LockReport, OpError> {
    let root = &loaded.workspace.root;
    let files = LocalFiles::new(root);
    let whole = planned_whole(loaded)?;
    if !options.is_partial(!loaded.named_files.is_empty()) {
        let all: Needs = needs(&whole.images, &files).map_err(OpError::Invalid)?;
        lock.retain(&all);
    }
    if !options.set {
        let recipes = by_recipe(&whole, &files)?;
        for (name, (_, wanted)) in &recipes {
            let covered = wanted.missing(Some(&lock)).is_empty();
            lock.set_recipe(name, covered.then(|| wanted.checksum()));
        }
        lock.retain_recipes(|name| recipes.contains_key(name));
    }
    let old = loaded.lock.as_deref();
    let written = old.is_none_or(|old| old.text() != lock.text() || !old.is_as_written());
    if written {
        file::write(root, &lock)?;
    }
    Ok(LockReport {
        period: lock.period(),
        changes: lock.changes_since(old),
        pins: lock.pins(),
        fresh: old.is_none(),
        written,
        notes: notes.sorted().into_iter().cloned().collect(),
    })
}

/// The plan of the whole workspace, whatever the command line names.
fn planned_whole(loaded: &Loaded) -> Result<Plan, OpError> {
    let mut findings = Findings::new();
    let whole = plan(loaded.images.clone(), &[], &BTreeSet::new(), &mut findings)?;
    if findings.has_errors() {
        return Err(OpError::Invalid(findings));
    }
    Ok(whole)
}
