//! A registry in memory.
//!
//! Owns a faithful small registry for tests and dry runs: content by digest, tags that move, manifests refused whose
//! content is missing. It fails where it is told to and lists what it was asked.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;

use super::asked::{Asked, Operation};
use super::client::{ManifestRef, RawManifest, Registry};
use super::error::RegistryError;
use super::memory_content::{Content, checked, invalid};
use super::memory_faults::{Fault, Request, Script};
use crate::oci::{Descriptor, Digest, MediaType, Repository, Tag};

/// Largest manifest taken, in bytes (distribution-spec v1.1, "Pushing Manifests").
const MAX_MANIFEST_BYTES: usize = 4 * 1024 * 1024;

/// A registry of all hosts, kept in memory.
#[derive(Debug, Default)]
pub struct MemoryRegistry {
    state: Mutex<State>,
    lenient: bool,
}

#[derive(Debug, Default)]
struct State {
    repositories: BTreeMap<Repository, Content>,
    script: Script,
}

impl MemoryRegistry {
    /// An empty registry that refuses manifests whose content it does not have.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty registry that takes any manifest.
    pub fn lenient() -> Self {
        Self {
            lenient: true,
            ..Self::default()
        }
    }

    /// The next such request fails; with a target, the next one for this tag or digest.
    pub fn fail_next(&self, operation: Operation, target: Option<&str>, fault: Fault) {
        self.lock().script.add(operation, target, true, fault);
    }

    /// All such requests fail until [`Self::heal`].
    pub fn fail_always(&self, operation: Operation, target: Option<&str>, fault: Fault) {
        self.lock().script.add(operation, target, false, fault);
    }

    /// Forgets all faults.
    pub fn heal(&self) {
        self.lock().script.clear();
    }

    /// All requests so far, oldest first, also those that failed.
    pub fn requests(&self) -> Vec<Request> {
        self.lock().script.requests.clone()
    }

    /// Forgets the requests so far.
    pub fn forget_requests(&self) {
        self.lock().script.requests.clear();
    }

    /// What a tag points to. Not counted as a request.
    pub fn tag(&self, repository: &Repository, tag: &Tag) -> Option<Digest> {
        self.lock()
            .repositories
            .get(repository)?
            .tags
            .get(tag)
            .cloned()
    }

    /// Removes a manifest or blob; tags stay. Not counted as a request.
    pub fn remove(&self, repository: &Repository, digest: &Digest) {
        if let Some(content) = self.lock().repositories.get_mut(repository) {
            content.manifests.remove(digest);
            content.blobs.remove(digest);
        }
    }

    /// Puts other bytes in the place of a manifest's or blob's, under the same digest. Not counted as a request.
    pub fn damage(&self, repository: &Repository, digest: &Digest, bytes: impl Into<Bytes>) {
        let bytes = bytes.into();
        if let Some(content) = self.lock().repositories.get_mut(repository) {
            if let Some(blob) = content.blobs.get_mut(digest) {
                *blob = bytes.clone();
            }
            if let Some((_, manifest)) = content.manifests.get_mut(digest) {
                *manifest = bytes;
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a request, and fails if it is to fail.
    fn begin(
        &self,
        operation: Operation,
        repository: &Repository,
        target: &dyn fmt::Display,
    ) -> Result<(MutexGuard<'_, State>, Asked), RegistryError> {
        let mut asked = Asked::new(operation, repository, target);
        asked.url = format!("memory://{repository}");
        let mut state = self.lock();
        state.script.take(&asked)?;
        Ok((state, asked))
    }
}

#[async_trait]
impl Registry for MemoryRegistry {
    async fn head_manifest(
        &self,
        repository: &Repository,
        at: &ManifestRef,
    ) -> Result<Option<Descriptor>, RegistryError> {
        let (state, _) = self.begin(Operation::HeadManifest, repository, at)?;
        let found = state
            .repositories
            .get(repository)
            .and_then(|content| content.manifest(at));
        Ok(found.map(|(digest, media_type, bytes)| {
            Descriptor::new(media_type, digest, bytes.len() as u64)
        }))
    }

    async fn get_manifest(
        &self,
        repository: &Repository,
        at: &ManifestRef,
    ) -> Result<Option<RawManifest>, RegistryError> {
        let (state, asked) = self.begin(Operation::GetManifest, repository, at)?;
        let found = state
            .repositories
            .get(repository)
            .and_then(|content| content.manifest(at));
        let Some((digest, media_type, bytes)) = found else {
            return Ok(None);
        };
        let bytes = checked(asked, &digest, bytes)?;
        Ok(Some(RawManifest {
            media_type,
            digest,
            bytes,
        }))
    }

    async fn put_manifest(
        &self,
        repository: &Repository,
        at: &ManifestRef,
        media_type: &MediaType,
        bytes: Bytes,
    ) -> Result<Digest, RegistryError> {
        let (mut state, asked) = self.begin(Operation::PutManifest, repository, at)?;
        let digest = match at {
            ManifestRef::Digest(digest) => digest.clone(),
            ManifestRef::Tag(_) => Digest::sha256_of(&bytes),
        };
        let bytes = checked(asked.clone(), &digest, bytes)?;
        if bytes.len() > MAX_MANIFEST_BYTES {
            return Err(invalid(
                asked,
                "MANIFEST_INVALID",
                "request body too large".to_owned(),
            ));
        }
        let content = state.repositories.entry(repository.clone()).or_default();
        match content.missing(media_type, &bytes) {
            Err(error) => return Err(invalid(asked, "MANIFEST_INVALID", error.to_string())),
            Ok(Some(missing)) if !self.lenient => {
                return Err(invalid(
                    asked,
                    "MANIFEST_BLOB_UNKNOWN",
                    format!("unknown content {missing}"),
                ));
            }
            Ok(_) => {}
        }
        content
            .manifests
            .insert(digest.clone(), (media_type.clone(), bytes));
        if let ManifestRef::Tag(tag) = at {
            content.tags.insert(tag.clone(), digest.clone());
        }
        Ok(digest)
    }

    async fn head_blob(
        &self,
        repository: &Repository,
        digest: &Digest,
    ) -> Result<Option<u64>, RegistryError> {
        let (state, _) = self.begin(Operation::HeadBlob, repository, digest)?;
        let found = state
            .repositories
            .get(repository)
            .and_then(|content| content.blobs.get(digest));
        Ok(found.map(|bytes| bytes.len() as u64))
    }

    async fn get_blob(
        &self,
        repository: &Repository,
        digest: &Digest,
        max_bytes: u64,
    ) -> Result<Option<Bytes>, RegistryError> {
        let (state, asked) = self.begin(Operation::GetBlob, repository, digest)?;
        let found = state
            .repositories
            .get(repository)
            .and_then(|content| content.blobs.get(digest));
        let Some(bytes) = found.cloned() else {
            return Ok(None);
        };
        if bytes.len() as u64 > max_bytes {
            return Err(RegistryError::TooLarge {
                at: Box::new(asked),
                limit_bytes: max_bytes,
            });
        }
        checked(asked, digest, bytes).map(Some)
    }

    async fn check_blob(
        &self,
        repository: &Repository,
        digest: &Digest,
        expected_size: u64,
    ) -> Result<bool, RegistryError> {
        let (state, asked) = self.begin(Operation::GetBlob, repository, digest)?;
        let found = state
            .repositories
            .get(repository)
            .and_then(|content| content.blobs.get(digest));
        let Some(bytes) = found.cloned() else {
            return Ok(false);
        };
        let actual = bytes.len() as u64;
        if actual != expected_size {
            return Err(RegistryError::WrongSize {
                at: Box::new(asked),
                expected: expected_size,
                actual,
            });
        }
        checked(asked, digest, bytes).map(|_| true)
    }

    async fn put_blob(
        &self,
        repository: &Repository,
        bytes: Bytes,
    ) -> Result<Digest, RegistryError> {
        let digest = Digest::sha256_of(&bytes);
        let (mut state, _) = self.begin(Operation::PutBlob, repository, &digest)?;
        state
            .repositories
            .entry(repository.clone())
            .or_default()
            .blobs
            .insert(digest.clone(), bytes);
        Ok(digest)
    }

    async fn tags(&self, repository: &Repository) -> Result<Vec<Tag>, RegistryError> {
        let (state, _) = self.begin(Operation::Tags, repository, &"")?;
        let found = state.repositories.get(repository);
        Ok(found
            .map(|content| content.tags.keys().cloned().collect())
            .unwrap_or_default())
    }
}
