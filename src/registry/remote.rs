//! The registry client: which host is asked for what.
//!
//! Owns the order of sources: mirrors, then the registry itself. What is asked of one host is the business of
//! `download` and `upload`; connections, logins and retries that of `transport`.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;

use super::asked::{Asked, Operation};
use super::client::{ManifestRef, RawManifest, Registry};
use super::download::Download;
use super::endpoint::{Endpoint, RemoteConfig};
use super::error::RegistryError;
use super::transport::Transport;
use super::upload::Upload;
use crate::oci::{Descriptor, Digest, MediaType, Repository, Tag};

/// A registry reached over HTTP; distribution-spec v1.1.
///
/// Reads ask the mirrors of the repository's host first, in their order; a mirror that fails or does not have the thing
/// is passed over. Writes, and lists of tags (of which a mirror knows a part), ask the host itself. Cheap to clone.
#[derive(Debug, Clone)]
pub struct RemoteRegistry {
    config: RemoteConfig,
    transport: Arc<Transport>,
}

impl RemoteRegistry {
    /// A client. Makes no connection yet.
    ///
    /// # Errors
    /// [`RegistryError::BadCertificates`] when `config.ca` is not accepted, [`RegistryError::NoClient`] when the system
    /// has no authorities to trust.
    pub fn new(config: RemoteConfig) -> Result<Self, RegistryError> {
        let transport = Arc::new(Transport::new(&config)?);
        Ok(Self { config, transport })
    }

    /// The same client, with the same logins and connections, that asks no mirrors: what it reads is what the registry
    /// itself has, as needed after a push.
    #[must_use]
    pub fn without_mirrors(&self) -> Self {
        let config = RemoteConfig {
            mirrors: BTreeMap::new(),
            ..self.config.clone()
        };
        Self {
            config,
            transport: Arc::clone(&self.transport),
        }
    }

    /// Asks each source in turn until one has the thing. `ask` gives nothing when a source does not have it.
    async fn first<T, F>(
        &self,
        asked: Asked,
        ask: impl Fn(Download) -> F,
    ) -> Result<Option<T>, RegistryError>
    where
        F: Future<Output = Result<Option<T>, RegistryError>>,
    {
        let mut tried = Vec::new();
        // The last source is the registry itself: its word is the one that counts when no mirror has the thing.
        let mut last_failed = false;
        for endpoint in self.config.sources(&asked.repository) {
            let asked = Asked {
                host: endpoint.host.clone(),
                ..asked.clone()
            };
            let answer = ask(Download::new(Arc::clone(&self.transport), endpoint, asked)).await;
            last_failed = answer.is_err();
            match answer {
                Ok(Some(found)) => return Ok(Some(found)),
                Ok(None) => {}
                Err(error) => {
                    tracing::debug!(%error, "a source failed");
                    tried.push(error);
                }
            }
        }
        if !last_failed {
            return Ok(None);
        }
        if tried.len() == 1 {
            return Err(tried.remove(0));
        }
        let Asked {
            operation,
            repository,
            target,
            ..
        } = asked;
        Err(RegistryError::AllFailed {
            operation,
            repository: Box::new(repository),
            target,
            tried,
        })
    }

    pub(super) fn transport(&self) -> &Arc<Transport> {
        &self.transport
    }

    pub(super) fn endpoint(&self, repository: &Repository) -> Endpoint {
        self.config.origin(repository)
    }

    fn upload(
        &self,
        operation: Operation,
        repository: &Repository,
        target: &dyn std::fmt::Display,
    ) -> Upload<'_> {
        let asked = Asked::new(operation, repository, target);
        Upload::new(&self.transport, self.config.origin(repository), asked)
    }
}

#[async_trait]
impl Registry for RemoteRegistry {
    async fn head_manifest(
        &self,
        repository: &Repository,
        at: &ManifestRef,
    ) -> Result<Option<Descriptor>, RegistryError> {
        let asked = Asked::new(Operation::HeadManifest, repository, at);
        self.first(
            asked,
            |source| async move { source.manifest_head(at).await },
        )
        .await
    }

    async fn get_manifest(
        &self,
        repository: &Repository,
        at: &ManifestRef,
    ) -> Result<Option<RawManifest>, RegistryError> {
        let asked = Asked::new(Operation::GetManifest, repository, at);
        self.first(asked, |source| async move { source.manifest(at).await })
            .await
    }

    async fn put_manifest(
        &self,
        repository: &Repository,
        at: &ManifestRef,
        media_type: &MediaType,
        bytes: Bytes,
    ) -> Result<Digest, RegistryError> {
        self.upload(Operation::PutManifest, repository, at)
            .manifest(at, media_type, bytes)
            .await
    }

    async fn head_blob(
        &self,
        repository: &Repository,
        digest: &Digest,
    ) -> Result<Option<u64>, RegistryError> {
        let asked = Asked::new(Operation::HeadBlob, repository, digest);
        self.first(
            asked,
            |source| async move { source.blob_size(digest).await },
        )
        .await
    }

    async fn get_blob(
        &self,
        repository: &Repository,
        digest: &Digest,
        max_bytes: u64,
    ) -> Result<Option<Bytes>, RegistryError> {
        let asked = Asked::new(Operation::GetBlob, repository, digest);
        self.first(asked, |source| async move {
            source.blob(digest, max_bytes).await
        })
        .await
    }

    async fn check_blob(
        &self,
        repository: &Repository,
        digest: &Digest,
        expected_size: u64,
    ) -> Result<bool, RegistryError> {
        let asked = Asked::new(Operation::GetBlob, repository, digest);
        let checked = self
            .first(asked, |source| async move {
                source.check_blob(digest, expected_size).await
            })
            .await?;
        Ok(checked.is_some())
    }

    async fn put_blob(
        &self,
        repository: &Repository,
        bytes: Bytes,
    ) -> Result<Digest, RegistryError> {
        let digest = Digest::sha256_of(&bytes);
        self.upload(Operation::PutBlob, repository, &digest)
            .blob(&digest, &bytes)
            .await?;
        Ok(digest)
    }

    async fn tags(&self, repository: &Repository) -> Result<Vec<Tag>, RegistryError> {
        let asked = Asked::new(Operation::Tags, repository, &"");
        Download::new(
            Arc::clone(&self.transport),
            self.config.origin(repository),
            asked,
        )
        .tags()
        .await
    }
}
