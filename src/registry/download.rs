//! Reading from one host: manifests, blobs and tags, each checked before it is given out.
//!
//! Owns the requests of distribution-spec v1.1, "Pull" and "Content Discovery". Which hosts are asked is the business of
//! `remote`.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Method, header};
use serde::Deserialize;
use url::Url;

use super::asked::{Asked, Operation};
use super::challenge::Scopes;
use super::checks::{
    claimed_digest, claimed_size, claimed_type, header_value, malformed, manifest_type, verify,
};
use super::client::{ManifestRef, RawManifest};
use super::endpoint::Endpoint;
use super::error::RegistryError;
use super::transport::{Body, Call, Reply, Sink, Transport};
use crate::oci::{Descriptor, Digest, MediaType, Tag};

/// Largest manifest, in bytes (distribution-spec v1.1, "Pushing Manifests").
const MAX_MANIFEST_BYTES: u64 = 4 * 1024 * 1024;
/// Largest page of a list of tags, in bytes.
const MAX_TAGS_BYTES: u64 = 16 * 1024 * 1024;
/// Most pages of a list of tags: a guard against a list that never ends.
const MAX_PAGES: usize = 10_000;

/// One thing to read from one host.
#[derive(Debug)]
pub(super) struct Download {
    transport: Arc<Transport>,
    endpoint: Endpoint,
    asked: Asked,
}

#[derive(Deserialize)]
struct TagPage {
    tags: Option<Vec<String>>,
}

impl Download {
    pub(super) fn new(transport: Arc<Transport>, endpoint: Endpoint, asked: Asked) -> Self {
        Self {
            transport,
            endpoint,
            asked,
        }
    }

    /// A manifest with its bytes; nothing when it is not there.
    pub(super) async fn manifest(
        &self,
        at: &ManifestRef,
    ) -> Result<Option<RawManifest>, RegistryError> {
        let url = self
            .endpoint
            .address(&self.asked, &format!("manifests/{at}"))?;
        let reply = self
            .read(Method::GET, url, Sink::Keep(MAX_MANIFEST_BYTES))
            .await?;
        let claimed = claimed_digest(&self.asked, &reply)?;
        let claimed_type = claimed_type(&reply);
        let Body::Kept(bytes) = reply.body else {
            return Ok(None);
        };
        let asked_for = match at {
            ManifestRef::Digest(digest) => Some(digest),
            ManifestRef::Tag(_) => None,
        };
        for expected in [asked_for, claimed.as_ref()].into_iter().flatten() {
            verify(&self.asked, expected, &expected.same_algorithm_of(&bytes))?;
        }
        let digest = asked_for
            .cloned()
            .unwrap_or_else(|| Digest::sha256_of(&bytes));
        let media_type = manifest_type(&self.asked, claimed_type, &bytes)?;
        Ok(Some(RawManifest {
            media_type,
            digest,
            bytes,
        }))
    }

    /// Type, digest and size of a manifest; nothing when it is not there.
    pub(super) async fn manifest_head(
        &self,
        at: &ManifestRef,
    ) -> Result<Option<Descriptor>, RegistryError> {
        let url = self
            .endpoint
            .address(&self.asked, &format!("manifests/{at}"))?;
        let reply = self.read(Method::HEAD, url, Sink::Ignore).await?;
        if reply.is_missing() {
            return Ok(None);
        }
        let claimed = claimed_digest(&self.asked, &reply)?;
        if let (ManifestRef::Digest(expected), Some(actual)) = (at, &claimed) {
            verify(&self.asked, expected, actual)?;
        }
        if let (Some(digest), Some(size), Some(media_type)) =
            (claimed, claimed_size(&reply), claimed_type(&reply))
        {
            return Ok(Some(Descriptor::new(media_type, digest, size)));
        }
        // A registry that leaves a header out is asked for the whole.
        Ok(self.manifest(at).await?.map(|raw| raw.descriptor()))
    }

    /// Size of a blob in bytes; nothing when it is not there.
    pub(super) async fn blob_size(&self, digest: &Digest) -> Result<Option<u64>, RegistryError> {
        let url = self
            .endpoint
            .address(&self.asked, &format!("blobs/{digest}"))?;
        let reply = self.read(Method::HEAD, url, Sink::Ignore).await?;
        if reply.is_missing() {
            return Ok(None);
        }
        let unsaid = || {
            malformed(
                &self.asked,
                "it does not say the size of the blob".to_owned(),
            )
        };
        claimed_size(&reply).map(Some).ok_or_else(unsaid)
    }

    /// A blob of at most so many bytes; nothing when it is not there.
    pub(super) async fn blob(
        &self,
        digest: &Digest,
        max_bytes: u64,
    ) -> Result<Option<Bytes>, RegistryError> {
        let url = self
            .endpoint
            .address(&self.asked, &format!("blobs/{digest}"))?;
        let Body::Kept(bytes) = self
            .read(Method::GET, url, Sink::Keep(max_bytes))
            .await?
            .body
        else {
            return Ok(None);
        };
        verify(&self.asked, digest, &digest.same_algorithm_of(&bytes))?;
        Ok(Some(bytes))
    }

    /// Reads a blob and checks it; nothing when it is not there.
    pub(super) async fn check_blob(
        &self,
        digest: &Digest,
        expected: u64,
    ) -> Result<Option<()>, RegistryError> {
        let url = self
            .endpoint
            .address(&self.asked, &format!("blobs/{digest}"))?;
        let reply = self
            .read(Method::GET, url, Sink::Hash(digest.algorithm()))
            .await?;
        let Body::Hashed {
            size,
            digest: actual,
        } = reply.body
        else {
            return Ok(None);
        };
        if size != expected {
            return Err(RegistryError::WrongSize {
                at: Box::new(self.asked.clone()),
                expected,
                actual: size,
            });
        }
        verify(&self.asked, digest, &actual).map(Some)
    }

    /// All tags, page by page.
    pub(super) async fn tags(&self) -> Result<Vec<Tag>, RegistryError> {
        let mut tags = Vec::new();
        let mut url = self.endpoint.address(&self.asked, "tags/list?n=1000")?;
        for _ in 0..MAX_PAGES {
            let reply = self
                .read(Method::GET, url, Sink::Keep(MAX_TAGS_BYTES))
                .await?;
            let next = next_page(&reply);
            let Body::Kept(bytes) = reply.body else {
                return Ok(tags);
            };
            let page: TagPage = serde_json::from_slice(&bytes).map_err(|error| {
                malformed(
                    &self.asked,
                    format!("its list of tags does not read: {error}"),
                )
            })?;
            for text in page.tags.unwrap_or_default() {
                let tag = text.parse::<Tag>();
                tags.push(tag.map_err(|error| {
                    malformed(&self.asked, format!("in its list of tags, {error}"))
                })?);
            }
            let Some(next) = next else { return Ok(tags) };
            url = next;
        }
        Err(malformed(
            &self.asked,
            format!("its list of tags has more than {MAX_PAGES} pages"),
        ))
    }

    async fn read(&self, method: Method, url: Url, sink: Sink) -> Result<Reply, RegistryError> {
        let mut headers = HeaderMap::new();
        if matches!(
            self.asked.operation,
            Operation::HeadManifest | Operation::GetManifest
        ) {
            let types = MediaType::MANIFESTS
                .map(|media_type| media_type.to_string())
                .join(", ");
            headers.insert(header::ACCEPT, header_value(&self.asked, &types)?);
        }
        let call = Call {
            asked: &self.asked,
            endpoint: &self.endpoint,
            scopes: &Scopes::of_repository(&self.endpoint.path, false),
            method,
            url,
            headers,
            body: Bytes::new(),
            sink,
        };
        self.transport.call(&call).await
    }
}

/// The address in a `Link` header with `rel="next"` (RFC 8288).
fn next_page(reply: &Reply) -> Option<Url> {
    let link = reply.header("link")?;
    let (address, parameters) = link.trim().strip_prefix('<')?.split_once('>')?;
    let is_next = parameters
        .split(';')
        .any(|parameter| matches!(parameter.trim(), "rel=\"next\"" | "rel=next"));
    if is_next {
        reply.url.join(address).ok()
    } else {
        None
    }
}
