//! What decides a leg, as far as it is known without asking anybody: everything but the digests of what it begins
//! with.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::checks;
use super::locked::locked;
use super::stand_in::{stand_ins, words};
use crate::context::{ContextError, Filter, Hasher, parse_ignore_file};
use crate::diagnostic::{Finding, Findings};
use crate::key::{FORM, Parts};
use crate::llb::Definition;
use crate::lock::Lock;
use crate::lower::{CONTEXT, Epoch, Form, Job, LocalFiles, Pins, images_of, outline};
use crate::oci::{Digest, Platform, Reference, canonical};
use crate::ops::layout::resolve_layouts;
use crate::ops::places::Destination;
use crate::ops::resolve::uses;
use crate::plan::{Leg, Plan, Planned};
use crate::recipe::{Base, Dockerfile, Refresh};
use crate::text::{Place, with_causes};

/// A leg without the digests of what it begins with.
#[derive(Debug, Clone)]
pub(in crate::ops) struct Outline {
    /// The parts; of `bases` it has those of layouts only.
    pub(super) parts: Parts,
    /// Images of registries, by their names in `parts.bases`.
    pub(super) images: BTreeMap<String, (Reference, Platform)>,
    /// Images of the plan, by their names in `parts.bases`.
    pub(super) parents: BTreeMap<String, usize>,
    /// Where each op was written.
    pub(super) steps: Vec<Option<Place>>,
    /// Which local files are meant, by their names in `parts.files`: a folder and what is taken of it.
    pub(super) taken: BTreeMap<String, (String, Filter)>,
    /// Where bases and files are named, by their names in `parts`.
    pub(super) places: BTreeMap<String, Place>,
}

/// What all legs of a plan have in common.
pub(super) struct Outlining<'a> {
    pub(super) plan: &'a Plan,
    pub(super) destinations: &'a [Destination],
    pub(super) files: &'a LocalFiles,
    pub(super) hasher: &'a Hasher,
    /// The time that was asked for.
    pub(super) epoch: Option<i64>,
    pub(super) reproducible: bool,
    /// The workspace's lock.
    pub(super) lock: Option<&'a Lock>,
}

impl Outlining<'_> {
    /// Outlines every leg, on every core.
    pub(super) fn all(&self) -> Result<BTreeMap<Leg, Outline>, Findings> {
        let (mut layouts, mut findings) = (Pins::default(), Findings::new());
        resolve_layouts(self.plan, self.files.root(), &mut layouts, &mut findings);
        let legs = self.plan.legs();
        let (next, done) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
        let work = || {
            while let Some(&leg) = legs.get(next.fetch_add(1, Ordering::Relaxed)) {
                let outline = self.leg(leg, &layouts);
                if let Ok(mut done) = done.lock() {
                    done.insert(leg, outline);
                }
            }
        };
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        std::thread::scope(|scope| {
            for _ in 0..cores.min(legs.len()) {
                scope.spawn(work);
            }
        });
        let mut all = BTreeMap::new();
        for (leg, outline) in done.into_inner().unwrap_or_default() {
            match outline {
                Ok(outline) => drop(all.insert(leg, outline)),
                Err(errors) => errors.into_iter().for_each(|it| findings.push(it)),
            }
        }
        if findings.has_errors() {
            Err(findings)
        } else {
            Ok(all)
        }
    }

    fn leg(&self, leg: Leg, layouts: &Pins) -> Result<Outline, Vec<Finding>> {
        let planned = &self.plan.images[leg.image];
        let content = &planned.image.contents[&leg.platform];
        let lowered = outline(&Job {
            content,
            platform: leg.platform,
            repository: &planned.image.repository.value,
            epoch: Epoch {
                seconds: self.epoch.unwrap_or(0),
                reproducible: self.reproducible || self.epoch.is_some(),
            },
            pins: &stand_ins(self.plan, planned, leg.platform, leg.platform),
            files: self.files,
            form: &Form::Platform,
            aid: None,
        })?;
        let definition = Definition::of(&lowered.state);
        let vertices = definition.vertices();
        let (_, config) = canonical::encode(&lowered.config)
            .map_err(|error| vec![wrong(&planned.image.recipe.place, &error)])?;
        let packing = self.destinations[leg.image].packing;
        let graph = definition.digest();
        let mut outline = Outline {
            parts: Parts {
                bases: BTreeMap::new(),
                checks: checks::checks(content),
                config,
                export: checks::export(content, packing, self.epoch, self.reproducible),
                files: BTreeMap::new(),
                form: FORM,
                graph: graph.unwrap_or_else(|| Digest::sha256_of(&[])),
                lock: BTreeMap::new(),
                period: self.period_of(planned),
                steps: Parts::steps(&vertices),
            },
            images: BTreeMap::new(),
            parents: BTreeMap::new(),
            steps: vertices
                .iter()
                .map(|digest| definition.places_of(digest.as_str()).first().cloned())
                .collect(),
            taken: BTreeMap::new(),
            places: BTreeMap::new(),
        };
        self.bases(planned, leg.platform, layouts, &mut outline);
        self.locals(&definition, &planned.image.recipe.place, &mut outline)?;
        if let Some(lock) = self.lock {
            for (name, (pin, place)) in locked(content, leg.platform, self.files, lock)? {
                outline
                    .places
                    .extend(place.map(|place| (name.clone(), place)));
                outline.parts.lock.insert(name, pin);
            }
        }
        if let Some(dockerfile) = content.dockerfile() {
            self.dockerfile(dockerfile, leg.platform, &mut outline)?;
        }
        Ok(outline)
    }

    fn period_of(&self, planned: &Planned) -> Option<String> {
        let period = self.lock?.period();
        match planned.image.refresh? {
            Refresh::Never => None,
            Refresh::Yearly => Some(period.year().to_string()),
            Refresh::Weekly | Refresh::Monthly | Refresh::Quarterly => Some(period.to_string()),
        }
    }

    /// The time in an image is that of its newest base on any platform, unless one was asked for.
    fn bases(&self, planned: &Planned, own: Platform, layouts: &Pins, outline: &mut Outline) {
        for &platform in &planned.platforms {
            if platform != own && self.epoch.is_some() {
                continue;
            }
            let content = &planned.image.contents[&platform];
            for (reference, place, platform) in uses(content, platform, platform) {
                outline.image(reference.clone(), platform, place);
            }
            for base in content.bases() {
                let Base::Oci { folder, tag } = &base.value else {
                    continue;
                };
                if let Some(pin) = layouts.layout(folder, tag, platform) {
                    let name = format!("{folder}:{tag} {platform}");
                    outline.places.insert(name.clone(), base.place.clone());
                    outline.parts.bases.insert(name, pin.manifest.clone());
                }
            }
        }
        let content = &planned.image.contents[&own];
        for (reference, place) in content.recipes() {
            if let Some(&parent) = planned.parents.get(reference) {
                let name = format!("{} {own}", self.plan.images[parent].image.name());
                outline.places.insert(name.clone(), place.clone());
                outline.parents.insert(name, parent);
            }
        }
    }

    fn locals(
        &self,
        definition: &Definition,
        otherwise: &Place,
        outline: &mut Outline,
    ) -> Result<(), Vec<Finding>> {
        for local in definition.locals() {
            debug_assert_eq!(local.name, CONTEXT);
            let place = local.places.first().unwrap_or(otherwise);
            let name = local.include.join(", ");
            let filter = Filter {
                include: local.include,
                exclude: local.exclude,
                follow: Vec::new(),
            };
            self.tree(&name, "", filter, place, outline)?;
        }
        Ok(())
    }

    fn dockerfile(
        &self,
        dockerfile: &Dockerfile,
        platform: Platform,
        outline: &mut Outline,
    ) -> Result<(), Vec<Finding>> {
        let (file, context) = (&dockerfile.file, &dockerfile.context);
        let at = |message: String| vec![Finding::error(&file.place, message)];
        let text = self.files.read(&file.value).map_err(at)?;
        let ignored = self.ignored(dockerfile).map_err(at)?;
        let filter = Filter {
            exclude: ignored,
            ..Filter::default()
        };
        let name = format!("{}/", context.value);
        self.tree(&name, &context.value, filter, &context.place, outline)?;
        for reference in images_of(dockerfile, &text) {
            outline.image(reference, platform, &file.place);
        }
        let words = words(dockerfile);
        let text = Digest::sha256_of(text.as_bytes());
        let graph = format!("{}\n{words}\n{text}", outline.parts.graph);
        outline.parts.graph = Digest::sha256_of(graph.as_bytes());
        Ok(())
    }

    /// What the frontend leaves out of the folder: the file of its own name wins.
    fn ignored(&self, dockerfile: &Dockerfile) -> Result<Vec<String>, String> {
        let folder = &dockerfile.context.value;
        let own = format!("{}.dockerignore", dockerfile.file.value);
        let common = format!("{folder}/.dockerignore");
        let common = common.trim_start_matches('/').to_owned();
        for path in [own, common] {
            if self.files.root().join(&path).is_file() {
                let text = self.files.read(&path)?;
                let patterns = parse_ignore_file(&text);
                let mut patterns = patterns.map_err(|error| format!("`{path}`: {error}"))?;
                patterns.extend(self.hidden(folder));
                return Ok(patterns);
            }
        }
        Ok(self.hidden(folder))
    }

    fn hidden(&self, folder: &str) -> Vec<String> {
        let folder = self.files.root().join(folder).canonicalize();
        folder.map_or_else(|_| Vec::new(), |folder| self.files.hidden(&folder))
    }

    /// Two ops may ask for the same paths with other patterns of what is left out.
    fn tree(
        &self,
        name: &str,
        folder: &str,
        filter: Filter,
        place: &Place,
        outline: &mut Outline,
    ) -> Result<(), Vec<Finding>> {
        let digest = self.hasher.tree(folder, &filter);
        let digest = digest.map_err(|error: ContextError| vec![wrong(place, &error)])?;
        let mut numbered = name.to_owned();
        let mut number = 1;
        while outline.parts.files.contains_key(&numbered) {
            number += 1;
            numbered = format!("{name} ({number})");
        }
        outline.places.insert(numbered.clone(), place.clone());
        let taken = (folder.to_owned(), filter);
        outline.taken.insert(numbered.clone(), taken);
        outline.parts.files.insert(numbered, digest);
        Ok(())
    }
}

impl Outline {
    /// The parts of a leg that is built: `image` and `parent` tell the manifests that it was made of. Nothing where
    /// one of them has no manifest, as of a graph that was never pushed.
    pub(in crate::ops) fn complete(
        &self,
        image: impl Fn(&Reference, Platform) -> Option<Digest>,
        parent: impl Fn(usize) -> Option<Digest>,
    ) -> Option<Parts> {
        let mut parts = self.parts.clone();
        for (name, (reference, platform)) in &self.images {
            let digest = image(reference, *platform)?;
            parts.bases.insert(name.clone(), digest);
        }
        for (name, &number) in &self.parents {
            parts.bases.insert(name.clone(), parent(number)?);
        }
        Some(parts)
    }

    fn image(&mut self, reference: Reference, platform: Platform, place: &Place) {
        let name = format!("{reference} {platform}");
        self.places.insert(name.clone(), place.clone());
        self.images.insert(name, (reference, platform));
    }

    /// Forgets what only words need, since a plan may have thousands.
    pub(in crate::ops) fn shrink(&mut self) {
        self.steps = Vec::new();
        self.places = BTreeMap::new();
    }

    /// Whether the local files are still what they were when this was made.
    pub(in crate::ops) fn still_holds(&self, hasher: &Hasher) -> bool {
        let mut taken = self.taken.iter();
        taken.all(|(name, (folder, filter))| {
            let now = hasher.tree(folder, filter).ok();
            now.as_ref() == self.parts.files.get(name)
        })
    }
}

fn wrong(place: &Place, error: &(dyn std::error::Error + 'static)) -> Finding {
    Finding::error(place, with_causes(error))
}
