//! Media types, descriptors and the platform object of descriptors.
//!
//! Owns the wire form of a pointer to content. What the content is belongs to the modules of the documents.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::digest::Digest;
use super::platform::{ParsePlatformError, Platform};
use super::text_form::{null_as_default, serde_as_text};

/// The kind of content that a descriptor points to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MediaType {
    /// An OCI index.
    OciIndex,
    /// An OCI image manifest.
    OciManifest,
    /// An OCI image configuration.
    OciConfig,
    /// A Docker manifest list, the older form of an index.
    DockerList,
    /// A Docker image manifest, version 2 schema 2.
    DockerManifest,
    /// A Docker image configuration.
    DockerConfig,
    /// Any other type, kept as written.
    Other(String),
}

impl MediaType {
    /// The four types that a manifest request accepts, indexes first: a registry converts to a single image for
    /// clients that do not list the index types.
    pub const MANIFESTS: [Self; 4] = [
        Self::OciIndex,
        Self::DockerList,
        Self::OciManifest,
        Self::DockerManifest,
    ];

    /// The type as written in documents and headers.
    pub fn as_str(&self) -> &str {
        match self {
            Self::OciIndex => "application/vnd.oci.image.index.v1+json",
            Self::OciManifest => "application/vnd.oci.image.manifest.v1+json",
            Self::OciConfig => "application/vnd.oci.image.config.v1+json",
            Self::DockerList => "application/vnd.docker.distribution.manifest.list.v2+json",
            Self::DockerManifest => "application/vnd.docker.distribution.manifest.v2+json",
            Self::DockerConfig => "application/vnd.docker.container.image.v1+json",
            Self::Other(text) => text,
        }
    }

    /// Whether this is an index of either family.
    pub const fn is_index(&self) -> bool {
        matches!(self, Self::OciIndex | Self::DockerList)
    }

    /// Whether this is an image manifest of either family.
    pub const fn is_manifest(&self) -> bool {
        matches!(self, Self::OciManifest | Self::DockerManifest)
    }

    /// Whether this is an image configuration of either family.
    pub const fn is_config(&self) -> bool {
        matches!(self, Self::OciConfig | Self::DockerConfig)
    }
}

impl From<&str> for MediaType {
    fn from(text: &str) -> Self {
        [
            Self::OciIndex,
            Self::OciManifest,
            Self::OciConfig,
            Self::DockerList,
            Self::DockerManifest,
            Self::DockerConfig,
        ]
        .into_iter()
        .find(|known| known.as_str() == text)
        .unwrap_or_else(|| Self::Other(text.to_owned()))
    }
}

impl FromStr for MediaType {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self::from(text))
    }
}

impl fmt::Display for MediaType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

serde_as_text!(MediaType);

/// A pointer to content: its type, digest and size in bytes; image-spec v1.1, descriptor.md.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Descriptor {
    /// What the content is.
    #[serde(rename = "mediaType")]
    pub media_type: MediaType,
    /// Digest of the content.
    pub digest: Digest,
    /// Size of the content in bytes.
    pub size: u64,
    /// Other places where the content can be had.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub urls: Vec<String>,
    /// Free-form facts about the content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub annotations: Option<BTreeMap<String, String>>,
    /// The content itself in base64, where it was embedded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<String>,
    /// The platform of the image pointed to; only in an index.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<WirePlatform>,
    /// Type of the artifact pointed to, where it is one.
    #[serde(
        rename = "artifactType",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub artifact_type: Option<String>,
    /// Members that this crate does not know.
    #[serde(flatten)]
    pub other: BTreeMap<String, Value>,
}

impl Descriptor {
    /// A bare descriptor: type, digest and size, nothing else.
    pub const fn new(media_type: MediaType, digest: Digest, size: u64) -> Self {
        Self {
            media_type,
            digest,
            size,
            urls: Vec::new(),
            annotations: None,
            data: None,
            platform: None,
            artifact_type: None,
            other: BTreeMap::new(),
        }
    }

    /// A bare descriptor of these bytes, by SHA-256.
    pub fn of(media_type: MediaType, bytes: &[u8]) -> Self {
        Self::new(media_type, Digest::sha256_of(bytes), bytes.len() as u64)
    }

    /// The same descriptor for an index, with a platform.
    #[must_use]
    pub fn with_platform(mut self, platform: Platform) -> Self {
        self.platform = Some(WirePlatform::from(platform));
        self
    }

    /// Whether this entry of an index is an attestation of another entry and no image: builders mark them by
    /// annotation and by the platform `unknown/unknown`.
    pub fn is_attestation(&self) -> bool {
        let marked = self
            .annotations
            .as_ref()
            .is_some_and(|map| map.contains_key("vnd.docker.reference.type"));
        marked
            || self.platform.as_ref().is_some_and(|platform| {
                platform.os == "unknown" || platform.architecture == "unknown"
            })
    }
}

/// The platform object of a descriptor, as written by whoever wrote it; image-spec v1.1, image-index.md.
///
/// [`Platform`] is the normalised form to compare with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WirePlatform {
    /// GOARCH name.
    pub architecture: String,
    /// GOOS name.
    pub os: String,
    /// Version of the operating system; Windows only.
    #[serde(
        rename = "os.version",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub os_version: Option<String>,
    /// Features of the operating system; Windows only.
    #[serde(
        rename = "os.features",
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub os_features: Vec<String>,
    /// Variant of the architecture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// Members that this crate does not know.
    #[serde(flatten)]
    pub other: BTreeMap<String, Value>,
}

impl From<Platform> for WirePlatform {
    fn from(platform: Platform) -> Self {
        Self {
            architecture: platform.architecture().to_owned(),
            os: platform.os().to_owned(),
            os_version: None,
            os_features: Vec::new(),
            variant: platform.variant().map(str::to_owned),
            other: BTreeMap::new(),
        }
    }
}

impl TryFrom<&WirePlatform> for Platform {
    type Error = ParsePlatformError;

    fn try_from(wire: &WirePlatform) -> Result<Self, Self::Error> {
        Self::from_parts(&wire.os, &wire.architecture, wire.variant.as_deref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENTRY: &str = r#"{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","size":7,"annotations":{"가":"마"},"platform":{"architecture":"arm64","os":"linux","variant":"v8"},"x-new":{"b":1}}"#;

    #[test]
    fn unknown_members_survive_a_round_trip() {
        let descriptor: Descriptor = serde_json::from_str(ENTRY).unwrap();
        assert_eq!(serde_json::to_string(&descriptor).unwrap(), ENTRY);
        assert_eq!(
            Platform::try_from(descriptor.platform.as_ref().unwrap()).unwrap(),
            Platform::LINUX_ARM64
        );
    }

    #[test]
    fn media_types_are_told_apart() {
        for media_type in MediaType::MANIFESTS {
            assert_eq!(MediaType::from(media_type.as_str()), media_type);
            assert!(media_type.is_index() != media_type.is_manifest());
        }
        assert_eq!(
            MediaType::from("text/plain"),
            MediaType::Other("text/plain".to_owned())
        );
    }

    #[test]
    fn attestations_are_known_by_platform_or_annotation() {
        let mut descriptor =
            Descriptor::of(MediaType::OciManifest, b"{}").with_platform(Platform::LINUX_AMD64);
        assert!(!descriptor.is_attestation());
        descriptor.annotations = Some(BTreeMap::from([(
            "vnd.docker.reference.type".to_owned(),
            "attestation-manifest".to_owned(),
        )]));
        assert!(descriptor.is_attestation());
    }
}
