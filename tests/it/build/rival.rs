//! A registry in which something happens at a tag: somebody else pushes it, or the user loses patience.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use kiln::oci::{Descriptor, Digest, MediaType, Reference, Repository, Tag};
use kiln::registry::{ManifestRef, MemoryRegistry, RawManifest, Registry, RegistryError};
use tokio_util::sync::CancellationToken;

/// The registry.
#[derive(Debug)]
pub(crate) struct Rival {
    inner: Arc<MemoryRegistry>,
    tag: &'static str,
    event: TagEvent,
}

#[derive(Debug)]
enum TagEvent {
    /// What is read from it is another image.
    Stolen(Reference),
    /// What is read from it says that it was made from something else.
    Garbled,
    /// Its push cancels this.
    Cancels(CancellationToken),
}

impl Rival {
    pub(crate) fn new(inner: Arc<MemoryRegistry>, tag: &'static str, other: &str) -> Self {
        let event = TagEvent::Stolen(other.parse().unwrap());
        Self { inner, tag, event }
    }

    /// Whoever reads the tag hears of other build keys than were written.
    pub(crate) fn garbling(inner: Arc<MemoryRegistry>, tag: &'static str) -> Self {
        let event = TagEvent::Garbled;
        Self { inner, tag, event }
    }

    /// The user ends the build while the tag is being pushed.
    pub(crate) fn interrupting(
        inner: Arc<MemoryRegistry>,
        tag: &'static str,
        stop: &CancellationToken,
    ) -> Self {
        let event = TagEvent::Cancels(stop.clone());
        Self { inner, tag, event }
    }

    fn is_tag(&self, at: &ManifestRef) -> bool {
        matches!(at, ManifestRef::Tag(tag) if tag.as_str() == self.tag)
    }
}

/// Another key, and no parts of it.
fn garbled(mut raw: RawManifest) -> RawManifest {
    let text = String::from_utf8(raw.bytes.to_vec()).unwrap();
    let mut parts = text.split("v1:sha256:");
    let mut other = parts.next().unwrap().to_owned();
    for part in parts {
        other.push_str("v1:sha256:00000000");
        other.push_str(&part[8..]);
    }
    raw.bytes = Bytes::from(other.replace("dev.kiln.build-parts", "dev.kiln.build-other"));
    raw
}

#[async_trait]
impl Registry for Rival {
    async fn head_manifest(
        &self,
        repository: &Repository,
        at: &ManifestRef,
    ) -> Result<Option<Descriptor>, RegistryError> {
        self.inner.head_manifest(repository, at).await
    }

    async fn get_manifest(
        &self,
        repository: &Repository,
        at: &ManifestRef,
    ) -> Result<Option<RawManifest>, RegistryError> {
        if let TagEvent::Stolen(other) = &self.event
            && self.is_tag(at)
        {
            let at = ManifestRef::of(other);
            return self.inner.get_manifest(other.repository(), &at).await;
        }
        let found = self.inner.get_manifest(repository, at).await?;
        let is_garbled = matches!(self.event, TagEvent::Garbled) && self.is_tag(at);
        Ok(found.map(|raw| if is_garbled { garbled(raw) } else { raw }))
    }

    async fn put_manifest(
        &self,
        repository: &Repository,
        at: &ManifestRef,
        media_type: &MediaType,
        bytes: Bytes,
    ) -> Result<Digest, RegistryError> {
        if let TagEvent::Cancels(stop) = &self.event
            && self.is_tag(at)
        {
            stop.cancel();
            // Whoever waits for that gets the chance to see it.
            tokio::task::yield_now().await;
        }
        let put = self.inner.put_manifest(repository, at, media_type, bytes);
        put.await
    }

    async fn head_blob(
        &self,
        repository: &Repository,
        digest: &Digest,
    ) -> Result<Option<u64>, RegistryError> {
        self.inner.head_blob(repository, digest).await
    }

    async fn get_blob(
        &self,
        repository: &Repository,
        digest: &Digest,
        max_bytes: u64,
    ) -> Result<Option<Bytes>, RegistryError> {
        self.inner.get_blob(repository, digest, max_bytes).await
    }

    async fn check_blob(
        &self,
        repository: &Repository,
        digest: &Digest,
        expected_size: u64,
    ) -> Result<bool, RegistryError> {
        let check = self.inner.check_blob(repository, digest, expected_size);
        check.await
    }

    async fn put_blob(
        &self,
        repository: &Repository,
        bytes: Bytes,
    ) -> Result<Digest, RegistryError> {
        self.inner.put_blob(repository, bytes).await
    }

    async fn tags(&self, repository: &Repository) -> Result<Vec<Tag>, RegistryError> {
        self.inner.tags(repository).await
    }
}
