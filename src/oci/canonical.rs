//! The one way from a document to bytes.
//!
//! A registry keeps a manifest byte for byte, so its digest is ours to choose: compact JSON, members in the order of
//! the struct (that of the image-spec), maps in the order of their keys. Anything that pushes or hashes a document of
//! ours goes through here; documents of others are hashed as received, never re-encoded.

use serde::Serialize;

use super::digest::Digest;

/// Bytes of `value` and their SHA-256.
pub fn encode<T: Serialize>(value: &T) -> Result<(Vec<u8>, Digest), EncodeError> {
    let bytes = serde_json::to_vec(value).map_err(|source| EncodeError { source })?;
    let digest = Digest::sha256_of(&bytes);
    Ok((bytes, digest))
}

/// A value that has no JSON form, such as a map whose keys are no strings. No type of this crate is one.
#[derive(Debug, thiserror::Error)]
#[error("the document cannot be written as JSON")]
pub struct EncodeError {
    #[source]
    source: serde_json::Error,
}
