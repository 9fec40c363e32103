//! The question after the work: is what was built current now?
//!
//! It must be, or every run would build it again. Where it is not, either something moved between the two questions (a
//! base, a file, a tag), and then it is for the next run, or what is built and what is asked do not go together, which
//! is a mistake.

use std::collections::BTreeMap;

use super::report::{After, manifests};
use crate::oci::{Digest, Platform};
use crate::ops::build::{Begun, BuildOptions, BuildReport, ImageReport, ImageState, begin};
use crate::ops::current::{KnownBases, Outline, ReasonKind, State};
use crate::ops::load::Loaded;
use crate::plan::Leg;
use crate::registry::{ManifestRef, Registry};
use crate::text::with_causes;

/// What images were made of when they were first asked about.
#[derive(Debug)]
pub(super) struct First {
    known: KnownBases,
    files: BTreeMap<(String, Platform), BTreeMap<String, Digest>>,
}

impl First {
    pub(super) fn of(begun: &Begun) -> Self {
        let is_stale = |leg: &Leg| {
            let standing = begun.standings.get(leg.image);
            standing.is_some_and(|it| matches!(it.state, State::Stale | State::Unknown))
        };
        let stale = begun.outlines.iter().filter(|(leg, _)| is_stale(leg));
        let files = stale.map(|(leg, outline)| {
            let name = begun.plan.images[leg.image].image.name();
            ((name, leg.platform), outline.files().clone())
        });
        Self {
            known: begun.known.clone(),
            files: files.collect(),
        }
    }
}

/// What is true of each image that was built, by its name.
pub(super) async fn ask(
    loaded: &Loaded,
    options: &BuildOptions,
    first: &First,
    report: &BuildReport,
    origin: &dyn Registry,
    registry: &dyn Registry,
) -> BTreeMap<String, After> {
    let built = report.images.iter();
    let built = built.filter(|image| image.state == ImageState::Built);
    let built: BTreeMap<&str, &ImageReport> =
        built.map(|image| (image.image.as_str(), image)).collect();
    if built.is_empty() {
        return BTreeMap::new();
    }
    let options = BuildOptions {
        selectors: built.keys().map(|&name| name.to_owned()).collect(),
        ..options.clone()
    };
    let nobody_knows = |why: &str| {
        let all = built.keys();
        all.map(|&name| (name.to_owned(), After::Unknown(why.to_owned())))
            .collect()
    };
    let second = match begin(loaded, &options, origin, registry).await {
        Ok(second) if second.standings.is_empty() => {
            return nobody_knows("its files cannot be read any more");
        }
        Ok(second) => second,
        Err(error) => return nobody_knows(&with_causes(&error)),
    };
    let asking = Asking {
        first,
        second: &second,
        report,
    };
    let mut all = BTreeMap::new();
    for (number, planned) in second.plan.images.iter().enumerate() {
        let name = planned.image.name();
        if let Some(image) = built.get(name.as_str()) {
            let after = asking.judge(number, image, origin).await;
            all.insert(name, after);
        }
    }
    all
}

struct Asking<'a> {
    first: &'a First,
    second: &'a Begun,
    report: &'a BuildReport,
}

impl Asking<'_> {
    async fn judge(&self, number: usize, image: &ImageReport, origin: &dyn Registry) -> After {
        let standing = &self.second.standings[number];
        if standing.state == State::Current {
            return After::Current;
        }
        match self.leads_to_it(number, image, origin).await {
            Ok(true) => {}
            Ok(false) => return After::Moved("somebody else moved its tag meanwhile".to_owned()),
            Err(why) => return After::Unknown(why),
        }
        let mut moved = None;
        for reason in &standing.reasons {
            let message = reason.message.clone();
            match reason.kind {
                ReasonKind::Unreachable => return After::Unknown(message),
                // It is the parent that is asked why; another tag was read back a moment ago.
                ReasonKind::Parent | ReasonKind::TagMissing => {}
                ReasonKind::Base if self.base_moved(number) => {}
                // An image whose files changed while it was built says nothing of how it was made.
                ReasonKind::File | ReasonKind::NoKey | ReasonKind::TagMoved
                    if self.files_moved(number) => {}
                _ => return After::StillStale(message),
            }
            moved.get_or_insert(message);
        }
        match moved {
            Some(message) => After::Moved(format!("{message}, since it was built")),
            None => After::StillStale("for no reason that is known".to_owned()),
        }
    }

    /// Whether the first tag leads to what this run published.
    async fn leads_to_it(
        &self,
        number: usize,
        image: &ImageReport,
        origin: &dyn Registry,
    ) -> Result<bool, String> {
        let Some(reference) = self.second.destinations[number].references.first() else {
            return Ok(true);
        };
        let at = ManifestRef::of(reference);
        let head = origin.head_manifest(reference.repository(), &at).await;
        let head = head.map_err(|error| with_causes(&error))?;
        let own = image.index.as_ref().map(|(digest, _)| digest);
        Ok(head.as_ref().map(|head| &head.digest) == own)
    }

    /// Whether a base or a parent is another one than when it was built on.
    fn base_moved(&self, number: usize) -> bool {
        let digest = |known: &KnownBases, name: &str| {
            let raw = known.get(name).and_then(|answer| answer.0.as_ref());
            raw.map(|raw| raw.digest.clone())
        };
        let planned = &self.second.plan.images[number];
        let of_image = |platform: &Platform| Leg {
            image: number,
            platform: *platform,
        };
        let outlines = planned.platforms.iter().map(of_image);
        let outlines = outlines.filter_map(|leg| self.second.outlines.get(&leg));
        let mut bases = outlines.flat_map(Outline::references);
        let is_another =
            |name: &str| digest(&self.first.known, name) != digest(&self.second.known, name);
        let mut parents = planned.parents.values();
        bases.any(|base| is_another(&base.to_string()))
            || parents.any(|&parent| self.parent_moved(parent))
    }

    /// Whether a parent has other manifests than this run built on.
    fn parent_moved(&self, parent: usize) -> bool {
        let name = self.second.plan.images[parent].image.name();
        let mut images = self.report.images.iter();
        let Some(then) = images.find(|image| image.image == name) else {
            return false;
        };
        let then = manifests(then);
        let mut now = self.second.standings[parent].legs.iter();
        now.any(|(platform, leg)| {
            let now = leg.current.as_ref().map(|entry| &entry.digest);
            now != then.get(platform)
        })
    }

    fn files_moved(&self, number: usize) -> bool {
        let planned = &self.second.plan.images[number];
        let name = planned.image.name();
        planned.platforms.iter().any(|&platform| {
            let leg = Leg {
                image: number,
                platform,
            };
            let now = self.second.outlines.get(&leg).map(Outline::files);
            now != self.first.files.get(&(name.clone(), platform))
        })
    }
}
