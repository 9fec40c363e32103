//! The trait that all registries implement, and its values.
//!
//! Owns what may be asked of a registry. How an answer is had is the business of the implementations.

use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;
use serde::de::DeserializeOwned;

use super::error::RegistryError;
use crate::oci::{
    Descriptor, Digest, Index, Manifest, MediaType, Reference, Repository, Tag, Target,
};

/// Which manifest of a repository: by tag or by digest.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ManifestRef {
    /// Whatever the tag points to now.
    Tag(Tag),
    /// Exactly this one.
    Digest(Digest),
}

impl ManifestRef {
    /// What a reference means: its digest where it has one, else its tag.
    pub fn of(reference: &Reference) -> Self {
        match reference.target() {
            Target::Digest(digest) => Self::Digest(digest.clone()),
            Target::Tag(tag) => Self::Tag(tag.clone()),
        }
    }
}

impl fmt::Display for ManifestRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tag(tag) => tag.fmt(f),
            Self::Digest(digest) => digest.fmt(f),
        }
    }
}

impl From<Tag> for ManifestRef {
    fn from(tag: Tag) -> Self {
        Self::Tag(tag)
    }
}

impl From<Digest> for ManifestRef {
    fn from(digest: Digest) -> Self {
        Self::Digest(digest)
    }
}

/// A manifest or index as the registry holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawManifest {
    /// Its type.
    pub media_type: MediaType,
    /// The digest of its bytes: computed, and equal to the one asked for and the one that the registry claimed.
    pub digest: Digest,
    /// Its bytes.
    pub bytes: Bytes,
}

impl RawManifest {
    /// A bare descriptor of the document.
    pub fn descriptor(&self) -> Descriptor {
        Descriptor::new(
            self.media_type.clone(),
            self.digest.clone(),
            self.bytes.len() as u64,
        )
    }

    /// The document as an index.
    ///
    /// # Errors
    /// [`DocumentError`] when it is of another type or damaged.
    pub fn index(&self) -> Result<Index, DocumentError> {
        self.parse(self.media_type.is_index(), "an index")
    }

    /// The document as an image manifest.
    ///
    /// # Errors
    /// [`DocumentError`] when it is of another type or damaged.
    pub fn manifest(&self) -> Result<Manifest, DocumentError> {
        self.parse(self.media_type.is_manifest(), "an image manifest")
    }

    fn parse<T: DeserializeOwned>(
        &self,
        fits: bool,
        expected: &'static str,
    ) -> Result<T, DocumentError> {
        let digest = self.digest.clone();
        if !fits {
            return Err(DocumentError::OtherType {
                digest,
                media_type: self.media_type.clone(),
                expected,
            });
        }
        serde_json::from_slice(&self.bytes).map_err(|source| DocumentError::Damaged {
            digest,
            expected,
            source,
        })
    }
}

/// Why a document is not what it was taken for.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// It is of another type.
    #[error("`{digest}` is of type `{media_type}`, where {expected} was expected")]
    OtherType {
        /// Digest of the document.
        digest: Digest,
        /// Its type.
        media_type: MediaType,
        /// What was expected: `an index`, `an image manifest`.
        expected: &'static str,
    },
    /// It does not parse.
    #[error("`{digest}` does not read as {expected}")]
    Damaged {
        /// Digest of the document.
        digest: Digest,
        /// What was expected: `an index`, `an image manifest`.
        expected: &'static str,
        /// Where it breaks.
        #[source]
        source: serde_json::Error,
    },
}

/// A place that keeps images: distribution-spec v1.1 without its transport.
#[async_trait]
pub trait Registry: Send + Sync + fmt::Debug {
    /// Type, digest and size of a manifest, without its bytes. The digest is the registry's word.
    async fn head_manifest(
        &self,
        repository: &Repository,
        at: &ManifestRef,
    ) -> Result<Option<Descriptor>, RegistryError>;

    /// A manifest with its bytes, checked.
    async fn get_manifest(
        &self,
        repository: &Repository,
        at: &ManifestRef,
    ) -> Result<Option<RawManifest>, RegistryError>;

    /// Writes a manifest under a tag or its digest and returns the digest of `bytes`.
    ///
    /// # Errors
    /// Among others when `at` is a digest of other bytes; nothing is sent then.
    async fn put_manifest(
        &self,
        repository: &Repository,
        at: &ManifestRef,
        media_type: &MediaType,
        bytes: Bytes,
    ) -> Result<Digest, RegistryError>;

    /// Size of a blob in bytes, if it is there.
    async fn head_blob(
        &self,
        repository: &Repository,
        digest: &Digest,
    ) -> Result<Option<u64>, RegistryError>;

    /// A blob of at most `max_bytes` bytes, checked.
    async fn get_blob(
        &self,
        repository: &Repository,
        digest: &Digest,
        max_bytes: u64,
    ) -> Result<Option<Bytes>, RegistryError>;

    /// Reads a blob to its end and checks size and digest without keeping it; `false` when it is not there.
    ///
    /// # Errors
    /// Among others when it is there with another size or content.
    async fn check_blob(
        &self,
        repository: &Repository,
        digest: &Digest,
        expected_size: u64,
    ) -> Result<bool, RegistryError>;

    /// Writes a blob, unless it is there already, and returns its digest.
    async fn put_blob(
        &self,
        repository: &Repository,
        bytes: Bytes,
    ) -> Result<Digest, RegistryError>;

    /// All tags of a repository in the order of the registry; none when the repository is not there.
    async fn tags(&self, repository: &Repository) -> Result<Vec<Tag>, RegistryError>;
}
