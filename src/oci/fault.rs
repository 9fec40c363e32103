//! What can be wrong with a well-formed document.
//!
//! Owns the words for each fault and the limits that they name. Finding faults is the work of `validate`.

use super::descriptor::MediaType;
use super::digest::Digest;
use super::platform::Platform;

/// Smallest manifest, in bytes: `{}`.
pub(super) const MIN_MANIFEST_BYTES: u64 = 2;
/// Largest manifest that registries take, in bytes (distribution-spec v1.1, "Pushing Manifests").
pub(super) const MAX_MANIFEST_BYTES: u64 = 4 * 1024 * 1024;

/// Something in a document that is not as it must be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The schema version is not 2.
    #[error("`schemaVersion` is {found} where it must be 2")]
    SchemaVersion {
        /// The version found.
        found: u32,
    },
    /// The document's own type is not the one that it must have.
    #[error("`mediaType` is `{found}`, which is no type of {expected}")]
    MediaType {
        /// The type found.
        found: MediaType,
        /// What the document should be: `an index`, `an image manifest`.
        expected: &'static str,
    },
    /// There are no entries.
    #[error("the index lists nothing")]
    NoEntries,
    /// An entry is neither an image manifest nor an index.
    #[error(
        "entry `{digest}` is of type `{media_type}`, which is neither an image manifest nor an index"
    )]
    EntryType {
        /// Digest of the entry.
        digest: Digest,
        /// Its type.
        media_type: MediaType,
    },
    /// An entry is of the other family of types than its index.
    #[error(
        "entry `{digest}` is of type `{media_type}`, which does not belong in an index of type `{index}`"
    )]
    MixedFamilies {
        /// Digest of the entry.
        digest: Digest,
        /// Its type.
        media_type: MediaType,
        /// The index's type.
        index: MediaType,
    },
    /// An entry has a size that no manifest has.
    #[error(
        "entry `{digest}` has a size of {size} bytes, where a manifest has {MIN_MANIFEST_BYTES} to {MAX_MANIFEST_BYTES}"
    )]
    EntrySize {
        /// Digest of the entry.
        digest: Digest,
        /// Its size in bytes.
        size: u64,
    },
    /// An image entry has no platform.
    #[error("entry `{digest}` has no platform")]
    NoPlatform {
        /// Digest of the entry.
        digest: Digest,
    },
    /// Two entries are of one platform.
    #[error("entries `{first}` and `{second}` are both for {platform}")]
    DoubledPlatform {
        /// The platform, normalised where we know it.
        platform: String,
        /// Digest of the first entry.
        first: Digest,
        /// Digest of the second entry.
        second: Digest,
    },
    /// An attestation is about nothing in its index.
    #[error("attestation `{digest}` is about `{subject}`, which the index does not list")]
    StrayAttestation {
        /// Digest of the attestation.
        digest: Digest,
        /// What it says it is about.
        subject: String,
    },
    /// The manifest's configuration is of another type.
    #[error("the configuration is of type `{media_type}`, which is no image configuration")]
    ConfigType {
        /// The type found.
        media_type: MediaType,
    },
    /// Configuration and manifest disagree on the number of layers.
    #[error("the configuration names {diff_ids} layers and the manifest {layers}")]
    LayerCount {
        /// Layers in the configuration.
        diff_ids: usize,
        /// Layers in the manifest.
        layers: usize,
    },
    /// The history does not tell of as many layers as there are.
    #[error("the history tells of {history} layers where there are {layers}")]
    HistoryCount {
        /// Lines of history with a layer.
        history: usize,
        /// Layers in the configuration.
        layers: usize,
    },
    /// The configuration is of another platform than its entry says.
    #[error("the configuration says {found} where the index says {expected}")]
    Platform {
        /// The platform of the configuration, as written.
        found: String,
        /// The platform of the entry.
        expected: Platform,
    },
}
