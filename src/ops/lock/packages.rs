//! Lists of packages: which Python each is for, in which order they are resolved, and what their mistakes are about.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use futures_util::StreamExt as _;

use super::unresolved::Unresolved;
use super::uv::{Fault, Found, Request, Resolved};
use super::{LockOptions, Sources};
use crate::diagnostic::{Finding, Findings};
use crate::lock::{Lock, Needs, PipId, PipList};
use crate::lower::{LocalFiles, Lowered, PipAsked, PipInputs, name_of};
use crate::oci::Platform;
use crate::ops::OpError;
use crate::plan::{Leg, Plan, Planned};
use crate::recipe::{Base, StepKind};
use crate::text::{Place, SourceFile, Span};

/// How many legs are resolved at once.
const PARALLEL: usize = 4;

/// Everything that resolving needs.
pub(super) struct Workshop<'a> {
    pub(super) plan: &'a Plan,
    pub(super) graphs: &'a BTreeMap<Leg, Lowered>,
    pub(super) missing: &'a Needs,
    /// The lock as it was: versions stay where they may. Nothing where they are to move.
    pub(super) old: Option<&'a Lock>,
    pub(super) root: &'a Path,
    pub(super) scratch: &'a Path,
    /// A file with the authorities that programs trust.
    pub(super) ca: Option<&'a Path>,
    pub(super) sources: &'a Sources,
    pub(super) options: &'a LockOptions,
}

/// Which list of which platform.
type Key = (PipId, Platform);

/// Resolves every list that is missing. What an image begins with is resolved before it, since what is there already
/// stays where requirements allow it.
pub(super) async fn packages(
    shop: &Workshop<'_>,
    lock: &mut Lock,
    unresolved: &mut Unresolved,
    notes: &mut Findings,
) {
    let Some(uv) = shop.sources.uv.find().await else {
        return unresolved.unavailable(without_uv(shop.sources.uv.named()));
    };
    let depths = depths(shop.plan);
    let mut taken: BTreeSet<Key> = BTreeSet::new();
    for depth in 0..=depths.iter().copied().max().unwrap_or(0) {
        let legs = shop
            .graphs
            .iter()
            .filter(|(leg, _)| depths[leg.image] == depth);
        let mut jobs = Vec::new();
        for (leg, lowered) in legs {
            let mut asked: Vec<&PipAsked> = Vec::new();
            for one in &lowered.pip {
                let key = (one.inputs.id.clone(), one.platform);
                if shop.missing.pip.contains_key(&key) && taken.insert(key) {
                    asked.push(one);
                }
            }
            if !asked.is_empty() {
                jobs.push((*leg, asked));
            }
        }
        let known: &Lock = lock;
        let uv = &uv;
        let ended: Vec<_> = futures_util::stream::iter(jobs)
            .map(|(leg, asked)| async move { of_leg(shop, uv, known, leg, asked).await })
            .buffered(PARALLEL)
            .collect()
            .await;
        for (asked, result) in ended.into_iter().flatten() {
            match result {
                Ok(resolved) => {
                    tell(shop.root, asked, &resolved, notes);
                    lock.set_pip(&asked.inputs.id, asked.platform, resolved.list);
                }
                Err(fault) => blame(shop, asked, fault, unresolved),
            }
        }
    }
    uneven(shop.missing, lock, notes);
}

/// Packages that are of different versions on the platforms of a step: an image that behaves differently on each.
fn uneven(missing: &Needs, lock: &Lock, notes: &mut Findings) {
    let mut all: BTreeMap<(&PipId, String), BTreeMap<String, Vec<String>>> = BTreeMap::new();
    let mut places: BTreeMap<&PipId, &Place> = BTreeMap::new();
    for ((id, platform), at) in &missing.pip {
        places.extend(at.first().map(|place| (id, place)));
        let list = lock.pip(id, *platform);
        for package in list.into_iter().flat_map(|list| &list.packages) {
            let versions = all.entry((id, package.name().to_owned())).or_default();
            let of_version = versions.entry(package.version().to_owned()).or_default();
            of_version.push(platform.to_string());
        }
    }
    for ((id, name), versions) in all {
        let Some(place) = places.get(id).filter(|_| versions.len() > 1) else {
            continue;
        };
        let versions = versions.iter();
        let words: Vec<String> = versions
            .map(|(version, on)| format!("{version} on {}", on.join(", ")))
            .collect();
        let message = format!("`{name}` is {}", words.join(" and "));
        notes.push(Finding::note(place, message));
    }
}

/// The steps of one leg, one after the other: a later one finds what an earlier one has installed.
async fn of_leg<'a>(
    shop: &Workshop<'_>,
    uv: &Found,
    lock: &Lock,
    leg: Leg,
    asked: Vec<&'a PipAsked>,
) -> Vec<(&'a PipAsked, Result<Resolved, Fault>)> {
    let mut all = Vec::new();
    let planned = &shop.plan.images[leg.image];
    let mut there: BTreeMap<String, String> = BTreeMap::new();
    installed(shop, lock, leg, &mut there);
    for one in asked {
        let Some(python) = &one.python else {
            all.push((one, Err(Fault::Unmet(String::new(), None))));
            continue;
        };
        let mut prefer = BTreeMap::new();
        for list in shop
            .old
            .into_iter()
            .flat_map(|old| old.pip_named(&one.inputs.id, one.platform))
        {
            remember(list, &mut prefer);
        }
        prefer.extend(there.clone());
        let id = one.inputs.id.to_string();
        let hash = id.rsplit(' ').next().unwrap_or_default();
        let name = format!("{hash}-{}", one.platform.to_string().replace('/', "-"));
        let request = Request {
            folder: shop.scratch.join(name),
            root: shop.root,
            inputs: &one.inputs,
            platform: one.platform,
            python,
            musl: is_musl(shop.plan, planned, leg.platform),
            prefer,
            ca: shop.ca,
            allow_builds: shop.options.allow_builds,
        };
        let result = uv.resolve(&request).await;
        if let Ok(resolved) = &result {
            remember(&resolved.list, &mut there);
        }
        all.push((one, result));
    }
    all
}

/// What the images that a leg begins with have installed.
fn installed(shop: &Workshop<'_>, lock: &Lock, leg: Leg, there: &mut BTreeMap<String, String>) {
    for &parent in shop.plan.images[leg.image].parents.values() {
        let of = Leg {
            image: parent,
            platform: leg.platform,
        };
        installed(shop, lock, of, there);
        let steps = shop.graphs.get(&of).map(|lowered| &lowered.pip);
        for one in steps.into_iter().flatten() {
            if let Some(list) = lock.pip(&one.inputs.id, one.platform) {
                remember(list, there);
            }
        }
    }
}

fn remember(list: &PipList, versions: &mut BTreeMap<String, String>) {
    for package in &list.packages {
        if package.requirement.contains("==") {
            versions.insert(package.name().to_owned(), package.version().to_owned());
        }
    }
}

/// How many images each image of a plan stands on.
fn depths(plan: &Plan) -> Vec<usize> {
    let mut all: Vec<usize> = Vec::new();
    for planned in &plan.images {
        let parents = planned.parents.values();
        let deepest = parents.filter_map(|&parent| all.get(parent).copied()).max();
        all.push(deepest.map_or(0, |depth| depth + 1));
    }
    all
}

/// Whether an image is likely made of Alpine: a step uses its tool, or its base has the name.
fn is_musl(plan: &Plan, planned: &Planned, platform: Platform) -> bool {
    let Some(content) = planned.image.contents.get(&platform) else {
        return false;
    };
    let by_step = content
        .steps
        .iter()
        .any(|step| matches!(step.kind, StepKind::Apk(..)));
    let by_base = match &content.base.value {
        Base::Image(reference) => reference.to_string().contains("alpine"),
        Base::Recipe(_) => {
            let mut parents = planned.parents.values();
            parents.any(|&parent| is_musl(plan, &plan.images[parent], platform))
        }
        _ => false,
    };
    by_step || by_base
}

/// Requirements and where each stands: in a file, or in the recipe as the step.
fn lines(root: &Path, inputs: &PipInputs, step: &Place) -> Vec<(String, String, Place)> {
    let files = LocalFiles::new(root);
    let mut all = Vec::new();
    for path in &inputs.files {
        let Ok(text) = files.read(path) else { continue };
        let source = SourceFile::new(path.as_str(), text);
        let mut start = 0;
        for line in source.text().split_inclusive('\n') {
            let written = line.split(" #").next().unwrap_or_default().trim();
            if !written.is_empty() && !written.starts_with(['#', '-']) {
                let at = start + line.len() - line.trim_start().len();
                let end = at + written.len();
                let place = Place::new(&source, Span { start: at, end });
                all.push((name_of(written), written.to_owned(), place));
            }
            start += line.len();
        }
    }
    let indexed = inputs.package_indexes.iter().flat_map(|(_, names)| names);
    for word in inputs.install.iter().chain(indexed) {
        all.push((name_of(word), word.clone(), step.clone()));
    }
    all
}

/// What is worth knowing of a list: requirements that a marker leaves out, and packages that will be built.
fn tell(root: &Path, asked: &PipAsked, resolved: &Resolved, notes: &mut Findings) {
    let names: BTreeSet<String> = resolved
        .list
        .packages
        .iter()
        .map(|package| name_of(package.name()))
        .collect();
    let platform = asked.platform;
    let lines = lines(root, &asked.inputs, &asked.place);
    for (name, written, place) in &lines {
        if written.contains(';') && !names.contains(name) {
            let message = format!("`{name}` is left out on {platform} by its marker");
            notes.push(Finding::note(place, message));
        }
    }
    for name in &resolved.from_source {
        let own = lines.iter().find(|(known, ..)| known == &name_of(name));
        let place = own.map_or(&asked.place, |(_, _, place)| place);
        let message =
            format!("`{name}` has no wheel for {platform}: the step builds it from source");
        notes.push(Finding::note(place, message));
    }
}

/// Why there is no list, at the requirement that it is about.
fn blame(shop: &Workshop<'_>, asked: &PipAsked, fault: Fault, unresolved: &mut Unresolved) {
    let platform = asked.platform;
    let step = &asked.place;
    let Some(python) = &asked.python else {
        let message =
            format!("the version of Python on {platform} is not known, and packages depend on it");
        let help = "name the interpreter with its version, such as `python: python3.11`, or set `PYTHON_VERSION` in \
                    the environment, as images of Python do";
        return unresolved.wrong([step], &message, help);
    };
    match fault {
        Fault::Unmet(words, hint) => {
            let place = about(&words, &lines(shop.root, &asked.inputs, step));
            let place = place.unwrap_or_else(|| step.clone());
            let message = format!("no packages for {platform} and Python {python}: {words}");
            let unbuilt = hint
                .as_ref()
                .is_some_and(|hint| hint.contains("--no-build"));
            let help = if unbuilt {
                "choose a version that has wheels for all platforms, or allow the package's own code to be run here for \
                 its dependencies: --allow-builds"
                    .to_owned()
            } else {
                hint.unwrap_or_else(|| {
                    "choose a version that is there, or exclude the platform with a reason"
                        .to_owned()
                })
            };
            let finding = Finding::error(&place, message).with_help(help);
            unresolved.finding(if place == *step {
                finding
            } else {
                finding.with_related(step, "the step that installs it")
            });
        }
        Fault::Foreign => {
            let message = format!("uv knows no packages for {platform}");
            let help = "build this platform without --locked, or exclude it with a reason";
            unresolved.wrong([step], &message, help);
        }
        Fault::Unreachable(words) => unresolved.unavailable(OpError::Unanswered {
            message: format!("an index of packages does not answer: {words}"),
            next: "try again later; uv takes proxies and certificates from the environment"
                .to_owned(),
        }),
        Fault::Io(path, source) => unresolved.unavailable(OpError::File {
            action: "use",
            path: path.display().to_string(),
            source,
        }),
    }
}

/// The requirement that is named first.
fn about(words: &str, lines: &[(String, String, Place)]) -> Option<Place> {
    let part = |c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
    let mut named = words
        .split(part)
        .map(name_of)
        .filter(|word| !word.is_empty());
    named.find_map(|word| {
        let found = lines.iter().find(|(name, ..)| *name == word);
        found.map(|(_, _, place)| place.clone())
    })
}

fn without_uv(named: Option<&Path>) -> OpError {
    let message = match named {
        Some(path) => format!("KILN_UV names `{}`, which does not run", path.display()),
        None => "uv is not there, which resolves packages".to_owned(),
    };
    OpError::Usage {
        message,
        next: Some("install it (`pip install uv`), or name the program by KILN_UV".to_owned()),
    }
}

/// A folder below `.kiln/` for the time of a run.
pub(super) struct Scratch(PathBuf);

impl Scratch {
    pub(super) fn new(root: &Path) -> Self {
        Self(root.join(format!(".kiln/lock-{}", std::process::id())))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// Writes a file for the programs that are run.
    pub(super) fn file(&self, name: &str, bytes: &[u8]) -> Result<PathBuf, OpError> {
        let path = self.0.join(name);
        let written = std::fs::create_dir_all(&self.0).and_then(|()| std::fs::write(&path, bytes));
        written.map_err(|source| OpError::File {
            action: "write",
            path: path.display().to_string(),
            source,
        })?;
        Ok(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
