//! The content of one repository in memory.
//!
//! Owns what a repository holds and which of a manifest's content is missing. Knows neither faults nor requests.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::asked::Asked;
use super::client::ManifestRef;
use super::error::RegistryError;
use crate::oci::{Digest, Index, Manifest, MediaType, Tag};

/// What one repository holds.
#[derive(Debug, Default)]
pub(super) struct Content {
    pub(super) manifests: BTreeMap<Digest, (MediaType, Bytes)>,
    pub(super) blobs: BTreeMap<Digest, Bytes>,
    pub(super) tags: BTreeMap<Tag, Digest>,
}

impl Content {
    fn digest_of(&self, at: &ManifestRef) -> Option<Digest> {
        match at {
            ManifestRef::Tag(tag) => self.tags.get(tag).cloned(),
            ManifestRef::Digest(digest) => Some(digest.clone()),
        }
    }

    pub(super) fn manifest(&self, at: &ManifestRef) -> Option<(Digest, MediaType, Bytes)> {
        let digest = self.digest_of(at)?;
        let (media_type, bytes) = self.manifests.get(&digest)?;
        Some((digest, media_type.clone(), bytes.clone()))
    }

    /// First digest that a manifest names and that is not here.
    pub(super) fn missing(
        &self,
        media_type: &MediaType,
        bytes: &[u8],
    ) -> Result<Option<Digest>, serde_json::Error> {
        if media_type.is_index() {
            let index: Index = serde_json::from_slice(bytes)?;
            let mut children = index.manifests.into_iter();
            return Ok(children
                .find(|child| !self.manifests.contains_key(&child.digest))
                .map(|child| child.digest));
        }
        if media_type.is_manifest() {
            let manifest: Manifest = serde_json::from_slice(bytes)?;
            let mut blobs = [manifest.config].into_iter().chain(manifest.layers);
            return Ok(blobs
                .find(|blob| !self.blobs.contains_key(&blob.digest))
                .map(|blob| blob.digest));
        }
        Ok(None)
    }
}

pub(super) fn checked(at: Asked, expected: &Digest, bytes: Bytes) -> Result<Bytes, RegistryError> {
    let actual = expected.same_algorithm_of(&bytes);
    if actual == *expected {
        return Ok(bytes);
    }
    Err(RegistryError::WrongDigest {
        at: Box::new(at),
        expected: expected.clone(),
        actual,
    })
}

pub(super) fn invalid(at: Asked, code: &str, message: String) -> RegistryError {
    RegistryError::Refused {
        at: Box::new(at),
        status: 400,
        code: Some(code.to_owned()),
        message,
    }
}
