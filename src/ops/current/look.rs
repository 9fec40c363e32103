//! The questions to registries: one for each tag, one for each distinct base, all at once.

use std::collections::BTreeMap;

use futures_util::StreamExt as _;

use super::outline::Outline;
use crate::lock::Lock;
use crate::oci::{Digest, Platform, Reference};
use crate::plan::Leg;
use crate::registry::{ManifestRef, RawManifest, Registry};
use crate::text::with_causes;

/// How many questions are open at once.
const PARALLEL: usize = 32;

/// What registries said.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// What each tag leads to, by its reference.
    pub(super) tags: Tags,
    /// What each base is, by its reference.
    pub(super) bases: BTreeMap<String, Result<Children, String>>,
    /// The answers for bases as they came, so that nobody has to ask again.
    pub(super) known: KnownBases,
}

/// What tags lead to, by reference; nothing where a tag does not exist.
pub(super) type Tags = BTreeMap<String, Result<Option<RawManifest>, String>>;

/// What registries said of bases, by reference.
pub(in crate::ops) type KnownBases = BTreeMap<String, Answer>;

/// What a registry said of a base: nothing where there is none.
#[derive(Debug, Clone)]
pub(in crate::ops) struct Answer(pub(in crate::ops) Option<RawManifest>);

/// The manifests behind a reference.
#[derive(Debug, Clone)]
pub(super) enum Children {
    /// One per platform.
    Index(BTreeMap<Platform, Digest>),
    /// One.
    Single(Digest),
}

impl Children {
    pub(super) fn of(&self, platform: Platform) -> Option<&Digest> {
        match self {
            Self::Index(all) => all.get(&platform),
            Self::Single(digest) => Some(digest),
        }
    }
}

/// Where a question goes.
enum Question {
    Tag(Reference),
    Base(Reference),
}

/// Asks for every tag of the plan where images are published (`origin`), and for every base where it would be
/// pulled from (`registry`).
pub(super) async fn look(
    question: &super::Question<'_>,
    outlines: &BTreeMap<Leg, Outline>,
    origin: &dyn Registry,
    registry: &dyn Registry,
) -> Seen {
    let built = question.plan.images.iter().zip(question.destinations);
    let built = built.filter(|(planned, _)| !planned.platforms.is_empty());
    let tags = built.flat_map(|(_, destination)| destination.references.iter().cloned());
    let mut seen = Seen::default();
    let bases = wanted(outlines, question.lock, &mut seen);
    let bases = bases.into_values().cloned().map(Question::Base);
    let questions: Vec<Question> = tags.map(Question::Tag).chain(bases).collect();
    let mut answers = futures_util::stream::iter(questions)
        .map(|question| async move {
            match &question {
                Question::Tag(reference) => {
                    let answer = get(origin, reference).await;
                    (question, answer)
                }
                Question::Base(reference) => {
                    let answer = get(registry, reference).await;
                    (question, answer)
                }
            }
        })
        .buffer_unordered(PARALLEL);
    while let Some((question, answer)) = answers.next().await {
        match question {
            Question::Tag(reference) => drop(seen.tags.insert(reference.to_string(), answer)),
            Question::Base(reference) => {
                let name = reference.to_string();
                if let Ok(raw) = &answer {
                    seen.known.insert(name.clone(), Answer(raw.clone()));
                }
                let children = answer.and_then(|raw| children(&reference, raw));
                seen.bases.insert(name, children);
            }
        }
    }
    seen
}

/// The bases that have to be asked for. What the lock has of all platforms is known from there.
fn wanted<'o>(
    outlines: &'o BTreeMap<Leg, Outline>,
    lock: Option<&Lock>,
    seen: &mut Seen,
) -> BTreeMap<String, &'o Reference> {
    let mut all: BTreeMap<&Reference, Vec<Platform>> = BTreeMap::new();
    let images = outlines
        .values()
        .flat_map(|outline| outline.images.values());
    for (reference, platform) in images {
        all.entry(reference).or_default().push(*platform);
    }
    let mut open = BTreeMap::new();
    for (reference, platforms) in all {
        let locked = lock.and_then(|lock| lock.image(reference));
        let locked = locked.map(|locked| &locked.platforms);
        let covers = |locked: &&BTreeMap<Platform, Digest>| {
            platforms
                .iter()
                .all(|platform| locked.contains_key(platform))
        };
        match locked.filter(covers) {
            Some(locked) => {
                let children = Children::Index(locked.clone());
                seen.bases.insert(reference.to_string(), Ok(children));
            }
            None => drop(open.insert(reference.to_string(), reference)),
        }
    }
    open
}

pub(super) async fn get(
    registry: &dyn Registry,
    reference: &Reference,
) -> Result<Option<RawManifest>, String> {
    let at = ManifestRef::of(reference);
    let raw = registry.get_manifest(reference.repository(), &at).await;
    raw.map_err(|error| with_causes(&error))
}

fn children(reference: &Reference, raw: Option<RawManifest>) -> Result<Children, String> {
    let Some(raw) = raw else {
        return Err(format!("the base `{reference}` does not exist"));
    };
    if !raw.media_type.is_index() {
        return Ok(Children::Single(raw.digest));
    }
    let index = raw.index().map_err(|error| with_causes(&error))?;
    let images = index.images().into_iter();
    let all = images.map(|(platform, child)| (platform, child.digest.clone()));
    Ok(Children::Index(all.collect()))
}
