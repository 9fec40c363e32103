//! Checks of what a registry says against what it sends.
//!
//! Owns the reading of headers that name digest, size and type, and the errors when they do not fit. Sends nothing.

use http::HeaderValue;
use serde::Deserialize;

use super::asked::Asked;
use super::error::RegistryError;
use super::transport::Reply;
use crate::oci::{Digest, MediaType};

/// Header in which registries name the digest of what they send.
const DIGEST_HEADER: &str = "docker-content-digest";

pub(super) fn malformed(asked: &Asked, problem: String) -> RegistryError {
    RegistryError::Malformed {
        at: Box::new(asked.clone()),
        problem,
    }
}

pub(super) fn header_value(asked: &Asked, text: &str) -> Result<HeaderValue, RegistryError> {
    HeaderValue::from_str(text)
        .map_err(|_| malformed(asked, format!("`{text}` cannot be sent in a header")))
}

/// Fails unless the digests are the same.
pub(super) fn verify(
    asked: &Asked,
    expected: &Digest,
    actual: &Digest,
) -> Result<(), RegistryError> {
    if expected == actual {
        return Ok(());
    }
    let (expected, actual) = (expected.clone(), actual.clone());
    Err(RegistryError::WrongDigest {
        at: Box::new(asked.clone()),
        expected,
        actual,
    })
}

/// The digest that the registry claims in its header, if it does.
pub(super) fn claimed_digest(
    asked: &Asked,
    reply: &Reply,
) -> Result<Option<Digest>, RegistryError> {
    let parsed = reply.header(DIGEST_HEADER).map(str::parse::<Digest>);
    parsed
        .transpose()
        .map_err(|error| malformed(asked, format!("in its header, {error}")))
}

/// Length by the header itself: an answer to `HEAD` has the length of a body that is not there.
pub(super) fn claimed_size(reply: &Reply) -> Option<u64> {
    reply.header("content-length")?.parse().ok()
}

/// The kind of manifest that the header names; nothing for general types such as `application/json`.
pub(super) fn claimed_type(reply: &Reply) -> Option<MediaType> {
    let header = reply.header("content-type")?;
    let media_type = MediaType::from(header.split(';').next().unwrap_or_default().trim());
    (media_type.is_index() || media_type.is_manifest()).then_some(media_type)
}

#[derive(Deserialize)]
struct Typed {
    #[serde(rename = "mediaType")]
    media_type: Option<MediaType>,
}

/// The type of a manifest: by its header and by itself, which must not contradict each other. A document taken for
/// another kind than its author meant is an old trick.
pub(super) fn manifest_type(
    asked: &Asked,
    claimed: Option<MediaType>,
    bytes: &[u8],
) -> Result<MediaType, RegistryError> {
    let typed: Typed = serde_json::from_slice(bytes)
        .map_err(|error| malformed(asked, format!("the manifest is no JSON object: {error}")))?;
    match (claimed, typed.media_type) {
        (Some(claimed), Some(own)) if claimed != own => Err(malformed(
            asked,
            format!("a manifest of type `{own}` is served as `{claimed}`"),
        )),
        (Some(media_type), _) | (None, Some(media_type)) => Ok(media_type),
        (None, None) => Err(malformed(asked, "the manifest has no type".to_owned())),
    }
}
