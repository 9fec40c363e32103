//! From legs to a published image.
//!
//! The order is fixed: the children are there already, by digest, and each leg has read its own back; then
//! the index by digest; then the tags, one after the other; then the tags are read back, and the children
//! are looked for once more. Whatever breaks in between leaves content that no tag points to, and tags
//! that point to something whole.
//!
//! Where all tags lead to the index already nothing is written, and they are read back all the same.

use std::collections::BTreeMap;

use bytes::Bytes;
use futures_util::future::{join_all, try_join_all};
use tokio_util::sync::CancellationToken;

use super::readback::look_for;
use super::report::{Failure, LegReport, LegState};
use crate::oci::{Descriptor, Digest, Index, MediaType, Platform, Reference, canonical};
use crate::ops::places::Destination;
use crate::registry::{ManifestRef, Registry, RegistryError};

/// The index of an image, and its bytes: the same ones wherever it goes.
#[derive(Debug, Clone)]
pub(super) struct Assembled {
    pub(super) index: Index,
    pub(super) bytes: Bytes,
    pub(super) digest: Digest,
}

/// Puts the index of an image together, of which every leg is built.
pub(super) fn assemble(
    legs: &BTreeMap<Platform, LegReport>,
    annotations: BTreeMap<String, String>,
) -> Result<Assembled, Box<Failure>> {
    let entries = entries(legs)?;
    let index =
        Index::assemble(entries, annotations).map_err(|error| Failure::bug(error.to_string()))?;
    let (bytes, digest) =
        canonical::encode(&index).map_err(|error| Failure::bug(error.to_string()))?;
    Ok(Assembled {
        index,
        bytes: Bytes::from(bytes),
        digest,
    })
}

/// Publishes an image of which every leg is pushed.
pub(super) async fn publish(
    assembled: &Assembled,
    destination: &Destination,
    registry: &dyn Registry,
    stop: &CancellationToken,
) -> Result<(), Box<Failure>> {
    let repository = destination
        .repository
        .as_ref()
        .ok_or_else(|| Failure::bug("no repository"))?;
    let Assembled {
        index,
        bytes,
        digest,
    } = assembled;
    let references = &destination.references;
    let there = pointing(registry, references, digest).await?;
    // A tag cannot lead to an index that is not there.
    let is_published = !references.is_empty() && there.iter().all(|&there| there);
    if !is_published {
        let by_digest = ManifestRef::Digest(digest.clone());
        registry
            .put_manifest(repository, &by_digest, &MediaType::OciIndex, bytes.clone())
            .await?;
        // From here on the tags of an image are one thing: all of them are moved, or none.
        if stop.is_cancelled() {
            return Err(Failure::interrupted());
        }
        move_tags(registry, references, &there, digest, bytes).await?;
    }
    check_tags(registry, references, digest).await?;
    if !is_published {
        let children = index.images().into_values();
        try_join_all(children.map(|child| look_for(registry, repository, child))).await?;
    }
    Ok(())
}

fn entries(legs: &BTreeMap<Platform, LegReport>) -> Result<Vec<Descriptor>, Box<Failure>> {
    legs.iter()
        .map(|(platform, leg)| match &leg.state {
            LegState::Built(solved) => {
                let manifest = solved.manifest.clone();
                let manifest =
                    manifest.ok_or_else(|| Failure::bug(format!("{platform} has no manifest")))?;
                Ok(manifest.with_platform(*platform))
            }
            _ => Err(Failure::bug(format!("{platform} is not built"))),
        })
        .collect()
}

/// Which of the tags lead to the index already.
async fn pointing(
    registry: &dyn Registry,
    references: &[Reference],
    digest: &Digest,
) -> Result<Vec<bool>, RegistryError> {
    let heads = references.iter().map(|reference| async move {
        let at = ManifestRef::of(reference);
        let now = registry.head_manifest(reference.repository(), &at).await?;
        Ok(now.is_some_and(|now| now.digest == *digest))
    });
    try_join_all(heads).await
}

/// Points the tags to the index. One that does so already is left alone, since registries with immutable
/// tags refuse even that. What a registry refuses it mostly refuses at the first of them, so that one goes
/// alone; the others go together.
async fn move_tags(
    registry: &dyn Registry,
    references: &[Reference],
    there: &[bool],
    digest: &Digest,
    bytes: &Bytes,
) -> Result<(), Box<Failure>> {
    let (done, wanted): (Vec<_>, Vec<_>) = references.iter().zip(there).partition(|(_, at)| **at);
    let mut moved: Vec<&Reference> = done.into_iter().map(|(reference, _)| reference).collect();
    let wanted: Vec<&Reference> = wanted.into_iter().map(|(reference, _)| reference).collect();
    let (first, others) = wanted.split_at(wanted.len().min(1));
    for together in [first, others] {
        let puts = together.iter().map(|&reference| async move {
            let at = ManifestRef::of(reference);
            let repository = reference.repository();
            let put = registry.put_manifest(repository, &at, &MediaType::OciIndex, bytes.clone());
            (reference, put.await)
        });
        let mut refused = None;
        for (reference, put) in join_all(puts).await {
            match put {
                Ok(_) => moved.push(reference),
                Err(error) => refused = refused.or(Some(error)),
            }
        }
        if let Some(error) = refused {
            return Err(torn(error, &moved, digest));
        }
    }
    Ok(())
}

/// A tag that could not be moved after others were.
fn torn(error: RegistryError, moved: &[&Reference], digest: &Digest) -> Box<Failure> {
    let mut failure: Box<Failure> = error.into();
    if !moved.is_empty() {
        let moved: Vec<String> = moved.iter().map(ToString::to_string).collect();
        let points = if moved.len() == 1 { "points" } else { "point" };
        failure.message = format!(
            "{}; {} {points} to the new index {digest} already",
            failure.message,
            moved.join(", ")
        );
    }
    failure
}

/// Whether the tags lead to the index now.
async fn check_tags(
    registry: &dyn Registry,
    references: &[Reference],
    digest: &Digest,
) -> Result<(), Box<Failure>> {
    let checks = references.iter().map(|reference| async move {
        let at = ManifestRef::of(reference);
        let found = registry.get_manifest(reference.repository(), &at).await?;
        let found = found.map(|found| found.digest);
        if found.as_ref() != Some(digest) {
            let found = found.map_or_else(|| "nothing".to_owned(), |found| found.to_string());
            let message = format!("{reference} was pushed as {digest} and reads back as {found}");
            let next = "somebody else may be pushing the same tag; run it again";
            return Err(Failure::registry(message, next));
        }
        Ok(())
    });
    try_join_all(checks).await.map(drop)
}
