//! Writing to one host: blobs in one piece, and manifests.
//!
//! Owns the steps of distribution-spec v1.1, "Pushing blobs" and "Pushing Manifests". An upload that fails is begun anew:
//! its session may be gone, and an old `Location` must not be used twice.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use url::Url;

use super::asked::Asked;
use super::challenge::Scopes;
use super::checks::{claimed_digest, header_value, malformed, verify};
use super::client::ManifestRef;
use super::endpoint::Endpoint;
use super::error::RegistryError;
use super::transport::{Call, Reply, Sink, Transport};
use crate::oci::{Digest, MediaType};

/// One thing to write to one host.
#[derive(Debug)]
pub(super) struct Upload<'a> {
    transport: &'a Transport,
    endpoint: Endpoint,
    asked: Asked,
    scopes: Scopes,
}

impl<'a> Upload<'a> {
    pub(super) fn new(transport: &'a Transport, endpoint: Endpoint, asked: Asked) -> Self {
        let scopes = Scopes::of_repository(&endpoint.path, true);
        Self {
            transport,
            endpoint,
            asked,
            scopes,
        }
    }

    /// Writes a manifest and checks the digest that the registry gives it.
    pub(super) async fn manifest(
        &self,
        at: &ManifestRef,
        media_type: &MediaType,
        bytes: Bytes,
    ) -> Result<Digest, RegistryError> {
        let digest = match at {
            ManifestRef::Digest(digest) => {
                verify(&self.asked, digest, &digest.same_algorithm_of(&bytes))?;
                digest.clone()
            }
            ManifestRef::Tag(_) => Digest::sha256_of(&bytes),
        };
        let url = self
            .endpoint
            .address(&self.asked, &format!("manifests/{at}"))?;
        let content_type = header_value(&self.asked, media_type.as_str())?;
        let call = self.call(Method::PUT, url, Some(content_type), bytes.clone());
        self.check_claim(&self.transport.call(&call).await?, &bytes)?;
        Ok(digest)
    }

    /// Writes a blob unless it is there.
    pub(super) async fn blob(&self, digest: &Digest, bytes: &Bytes) -> Result<(), RegistryError> {
        let url = self
            .endpoint
            .address(&self.asked, &format!("blobs/{digest}"))?;
        let look = self.call(Method::HEAD, url, None, Bytes::new());
        if !self.transport.call(&look).await?.is_missing() {
            return Ok(());
        }
        let mut attempts = self.transport.attempts();
        loop {
            match self.blob_once(digest, bytes).await {
                Ok(()) => return Ok(()),
                Err(error) => attempts.after(error).await?,
            }
        }
    }

    /// Opens an upload and gives it up: whoever may do the one may push.
    pub(super) async fn probe(&self) -> Result<(), RegistryError> {
        let start = self.endpoint.address(&self.asked, "blobs/uploads/")?;
        let opened = self
            .transport
            .call(&self.call(Method::POST, start, None, Bytes::new()))
            .await?;
        let session = opened
            .header("location")
            .and_then(|location| opened.url.join(location).ok());
        if let Some(session) = session {
            // Not every registry can give up an upload; all of them forget one in time.
            let call = self.call(Method::DELETE, session, None, Bytes::new());
            let _ = self.transport.once(&call).await;
        }
        Ok(())
    }

    /// Opens an upload and sends everything in one request, the way that all registries support.
    async fn blob_once(&self, digest: &Digest, bytes: &Bytes) -> Result<(), RegistryError> {
        let start = self.endpoint.address(&self.asked, "blobs/uploads/")?;
        let opened = self
            .transport
            .once(&self.call(Method::POST, start, None, Bytes::new()))
            .await?;
        if opened.status == StatusCode::CREATED {
            return Ok(());
        }
        let location = opened
            .header("location")
            .and_then(|location| opened.url.join(location).ok());
        let Some(mut session) = location else {
            return Err(malformed(
                &self.asked,
                "it opened an upload without saying where".to_owned(),
            ));
        };
        // What is there already belongs to the session and must stay as it is.
        session
            .query_pairs_mut()
            .append_pair("digest", digest.as_str());
        let content_type = HeaderValue::from_static("application/octet-stream");
        let send = self.call(Method::PUT, session, Some(content_type), bytes.clone());
        self.check_claim(&self.transport.once(&send).await?, bytes)
    }

    fn call(
        &self,
        method: Method,
        url: Url,
        content_type: Option<HeaderValue>,
        body: Bytes,
    ) -> Call<'_> {
        let headers = content_type
            .map(|value| (header::CONTENT_TYPE, value))
            .into_iter()
            .collect::<HeaderMap>();
        let (asked, endpoint, scopes) = (&self.asked, &self.endpoint, &self.scopes);
        Call {
            asked,
            endpoint,
            scopes,
            method,
            url,
            headers,
            body,
            sink: Sink::Ignore,
        }
    }

    /// A registry that names another digest than ours has stored something else.
    fn check_claim(&self, reply: &Reply, bytes: &[u8]) -> Result<(), RegistryError> {
        match claimed_digest(&self.asked, reply)? {
            Some(claimed) => verify(&self.asked, &claimed.same_algorithm_of(bytes), &claimed),
            None => Ok(()),
        }
    }
}
