//! Names of bases to digests: once per run, for every platform, before anything is built.

use std::path::Path;
use std::sync::Arc;

use futures_util::StreamExt as _;

use super::current::{Answer, KnownBases};
use super::error::OpError;
use super::layout::resolve_layouts;
use super::wanted::wanted;
pub(super) use super::wanted::{Wanted, uses};
use crate::diagnostic::{Finding, Findings};
use crate::lock::Lock;
use crate::lower::{PinnedImage, Pins};
use crate::oci::{Digest, ImageConfig, Index, Platform, Reference};
use crate::plan::Plan;
use crate::registry::{ManifestRef, RawManifest, Registry, RegistryError};
use crate::text::Place;

/// How many bases are asked for at once.
const PARALLEL: usize = 8;

/// The largest image configuration that is read, in bytes.
pub(super) const MAX_CONFIG: u64 = 8 << 20;

/// What all names of a plan resolve to.
#[derive(Debug, Clone, Default)]
pub(super) struct Resolved {
    /// The pins.
    pub pins: Pins,
}

/// Why a base cannot be used.
pub(super) enum Unusable {
    /// The recipe names something that is not there or does not fit.
    Wrong { message: String, help: String },
    /// The registry does not answer.
    Registry(Box<RegistryError>),
}

/// Resolves every image that a plan's legs name: in registries, and in OCI layouts below `root`.
///
/// A base that does not exist, lacks a platform, or whose configuration says another platform than
/// its index, is a mistake of the recipe and comes back with its place. `native` tells the platform of
/// the builder that makes a platform's legs: stages may run on it. What `lock` has is taken from there, and only its
/// configuration is asked for, by digest; what is `known` already is not asked for again.
pub(super) async fn resolve(
    plan: &Plan,
    native: &dyn Fn(Platform) -> Platform,
    known: &KnownBases,
    registry: &Arc<dyn Registry>,
    root: &Path,
    lock: Option<&Arc<Lock>>,
) -> Result<Resolved, OpError> {
    let mut wanted = wanted(plan, native);
    for one in &mut wanted {
        one.locked = lock.and_then(|lock| lock.image(&one.reference).cloned());
        one.known = known.get(&one.reference.to_string()).cloned();
    }
    let looked_up = look_up_all(wanted, registry.as_ref()).await;
    let mut resolved = Resolved::default();
    resolved.pins.set_lock(lock.cloned());
    let mut findings = Findings::new();
    let mut unavailable = None;
    resolve_layouts(plan, root, &mut resolved.pins, &mut findings);
    let mut note = |problem: Unusable, places: &[Place]| match problem {
        Unusable::Wrong { message, help } => {
            for place in places {
                findings.push(Finding::error(place, message.clone()).with_help(help.clone()));
            }
        }
        // Nobody named it: native tools would have come from there, and can be done without.
        Unusable::Registry(_) if places.is_empty() => {}
        Unusable::Registry(error) => unavailable = unavailable.take().or(Some(error)),
    };
    for (wanted, result) in looked_up {
        match result {
            Ok(pins) => {
                for (platform, pin) in pins {
                    match pin {
                        Ok(pin) => resolved.pins.add_image(&wanted.reference, platform, pin),
                        Err(problem) => note(problem, &wanted.uses[&platform]),
                    }
                }
            }
            Err(problem) => {
                let mut places: Vec<Place> = Vec::new();
                for place in wanted.uses.values().flatten() {
                    if !places.contains(place) {
                        places.push(place.clone());
                    }
                }
                note(problem, &places);
            }
        }
    }
    // A mistake in a recipe stays one whether or not another registry answers.
    if findings.has_errors() {
        return Err(OpError::Invalid(findings));
    }
    match unavailable {
        Some(error) => Err(OpError::Registry(error)),
        None => Ok(resolved),
    }
}

/// What looking an image up has come to: per platform, or as a whole.
pub(super) type LookedUp = Result<Vec<(Platform, Result<PinnedImage, Unusable>)>, Unusable>;

/// Looks up several images at once.
pub(super) async fn look_up_all(
    wanted: Vec<Wanted>,
    registry: &dyn Registry,
) -> Vec<(Wanted, LookedUp)> {
    futures_util::stream::iter(wanted)
        .map(|wanted| async move {
            let result = look_up(&wanted, registry).await;
            (wanted, result)
        })
        .buffered(PARALLEL)
        .collect()
        .await
}

/// Looks a reference up; what is wrong with a single platform concerns that one only.
async fn look_up(wanted: &Wanted, registry: &dyn Registry) -> LookedUp {
    let Some(locked) = &wanted.locked else {
        let platforms: Vec<Platform> = wanted.uses.keys().copied().collect();
        let known = wanted.known.clone();
        return unlocked(&wanted.reference, &platforms, known, registry).await;
    };
    let pinned = wanted.reference.clone().with_digest(locked.index.clone());
    let mut pins = Vec::new();
    let mut rest = Vec::new();
    for &platform in wanted.uses.keys() {
        if let Some(manifest) = locked.platforms.get(&platform) {
            let pin = by_digest(&pinned, manifest, platform, registry).await;
            pins.push((platform, pin));
        } else {
            rest.push(platform);
        }
    }
    // What the lock does not say of a platform, the index that it names does.
    if !rest.is_empty() {
        let more = unlocked(&pinned, &rest, None, registry).await;
        pins.extend(more.map_err(|problem| gone(&pinned, problem))?);
    }
    Ok(pins)
}

/// A platform whose manifest is known: one request for it, and one for its configuration.
async fn by_digest(
    pinned: &Reference,
    manifest: &Digest,
    platform: Platform,
    registry: &dyn Registry,
) -> Result<PinnedImage, Unusable> {
    let raw = registry
        .get_manifest(pinned.repository(), &ManifestRef::Digest(manifest.clone()))
        .await
        .map_err(|error| unusable(pinned, error))?
        .ok_or_else(|| gone(pinned, lost(pinned, platform)))?;
    configured(pinned, pinned, platform, raw, true, registry).await
}

/// What is in the lock and not in the registry any more.
fn gone(pinned: &Reference, problem: Unusable) -> Unusable {
    match problem {
        Unusable::Wrong { .. } => Unusable::Wrong {
            message: format!("kiln.lock has `{pinned}`, and {} has it no more", pinned.repository().host()),
            help: "`kiln update --only base` takes what the name stands for by now, or publish the old one again".to_owned(),
        },
        other @ Unusable::Registry(_) => other,
    }
}

/// Looks a reference up by its name.
async fn unlocked(
    reference: &Reference,
    platforms: &[Platform],
    known: Option<Answer>,
    registry: &dyn Registry,
) -> LookedUp {
    let repository = reference.repository();
    let raw = match known {
        Some(Answer(raw)) => raw,
        None => registry
            .get_manifest(repository, &ManifestRef::of(reference))
            .await
            .map_err(|error| unusable(reference, error))?,
    };
    let Some(raw) = raw else {
        return Err(Unusable::Wrong {
            message: format!("the base `{reference}` does not exist"),
            help: format!("check name and tag, and that {} has it", repository.host()),
        });
    };
    let index = if raw.media_type.is_index() {
        Some(raw.index().map_err(|e| damaged(reference, &e))?)
    } else {
        None
    };
    let mut pins = Vec::new();
    for &platform in platforms {
        let pin = pin(reference, platform, &raw, index.as_ref(), registry).await;
        pins.push((platform, pin));
    }
    Ok(pins)
}

/// One platform of a base.
async fn pin(
    reference: &Reference,
    platform: Platform,
    raw: &RawManifest,
    index: Option<&Index>,
    registry: &dyn Registry,
) -> Result<PinnedImage, Unusable> {
    let repository = reference.repository();
    let manifest = match index {
        Some(index) => {
            let child = child(index, platform, reference)?;
            let raw = registry
                .get_manifest(repository, &ManifestRef::Digest(child))
                .await
                .map_err(|error| unusable(reference, error))?;
            raw.ok_or_else(|| lost(reference, platform))?
        }
        None => raw.clone(),
    };
    let pinned = reference.clone().with_digest(raw.digest.clone());
    let listed = index.is_some();
    configured(reference, &pinned, platform, manifest, listed, registry).await
}

/// A platform's manifest with its configuration; mistakes are about `reference`.
async fn configured(
    reference: &Reference,
    pinned: &Reference,
    platform: Platform,
    manifest: RawManifest,
    listed: bool,
    registry: &dyn Registry,
) -> Result<PinnedImage, Unusable> {
    let repository = reference.repository();
    let parsed = manifest
        .manifest()
        .map_err(|error| damaged(reference, &error))?;
    let bytes = registry
        .get_blob(repository, &parsed.config.digest, MAX_CONFIG)
        .await
        .map_err(|error| unusable(reference, error))?
        .ok_or_else(|| lost(reference, platform))?;
    let config: ImageConfig =
        serde_json::from_slice(&bytes).map_err(|error| damaged(reference, &error))?;
    check_platform(&config, platform, reference, listed)?;
    Ok(PinnedImage {
        reference: pinned.clone(),
        manifest: manifest.digest,
        config,
        config_bytes: bytes.to_vec(),
    })
}

fn child(index: &Index, platform: Platform, reference: &Reference) -> Result<Digest, Unusable> {
    let images = index.images();
    images
        .get(&platform)
        .map(|child| child.digest.clone())
        .ok_or_else(|| {
            let has: Vec<String> = images.keys().map(Platform::to_string).collect();
            Unusable::Wrong {
                message: format!(
                    "the base `{reference}` has no {platform}; it has {}",
                    has.join(", ")
                ),
                help: "exclude the platform with a reason, or choose a base that has it".to_owned(),
            }
        })
}

/// An index that lists a manifest under a platform which its configuration denies would give an image
/// with programs of the wrong architecture.
fn check_platform(
    config: &ImageConfig,
    platform: Platform,
    reference: &Reference,
    listed: bool,
) -> Result<(), Unusable> {
    let says = config.platform().map_or_else(
        |_| format!("{}/{}", config.os, config.architecture),
        |platform| platform.to_string(),
    );
    if says == platform.to_string() {
        return Ok(());
    }
    Err(if listed {
        Unusable::Wrong {
            message: format!("the base `{reference}` lies: its {platform} entry is for {says}"),
            help: "use another base, or report it to those who publish it".to_owned(),
        }
    } else {
        Unusable::Wrong {
            message: format!("the base `{reference}` has no {platform}; it is for {says} only"),
            help: "exclude the platform with a reason, or choose a base that has it".to_owned(),
        }
    })
}

fn lost(reference: &Reference, platform: Platform) -> Unusable {
    Unusable::Wrong {
        message: format!(
            "the base `{reference}` is incomplete: what it lists for {platform} is gone"
        ),
        help: "publish the base again, or use another one".to_owned(),
    }
}

fn damaged(reference: &Reference, error: &dyn std::error::Error) -> Unusable {
    Unusable::Wrong {
        message: format!("the base `{reference}` cannot be read: {error}"),
        help: "publish the base again, or use another one".to_owned(),
    }
}

fn unusable(reference: &Reference, error: RegistryError) -> Unusable {
    if error.is_unavailable() || error.is_denied() {
        return Unusable::Registry(Box::new(error));
    }
    Unusable::Wrong {
        message: format!("the base `{reference}` cannot be read: {error}"),
        help: error.next_step(),
    }
}
