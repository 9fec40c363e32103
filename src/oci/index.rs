//! The image index: its wire form and how ours are put together.
//!
//! [`Index::assemble`] is the only place where an index of ours comes from. Some scanners of registries misread entries
//! that carry annotations, nested indexes and doubled platforms, so it writes bare entries, one per platform, in one
//! fixed order, whatever the builder handed over.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::canonical::{self, EncodeError};
use super::descriptor::{Descriptor, MediaType};
use super::digest::Digest;
use super::platform::{ParsePlatformError, Platform};
use super::text_form::null_as_default;

/// Largest index that we assemble, in bytes: registries refuse manifests of more than 4 MiB, and some less.
const MAX_INDEX_BYTES: usize = 3_670_016;

/// An image index: one entry per platform; image-spec v1.1, image-index.md. Also reads Docker manifest lists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Index {
    /// Always 2.
    #[serde(rename = "schemaVersion")]
    pub schema_version: u32,
    /// Type of this document. The standard only recommends it: a document without one is an OCI index.
    #[serde(rename = "mediaType", default = "oci_index")]
    pub media_type: MediaType,
    /// Type of the artifact, where this is one.
    #[serde(
        rename = "artifactType",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub artifact_type: Option<String>,
    /// The entries; the first that fits is taken by clients.
    #[serde(default, deserialize_with = "null_as_default")]
    pub manifests: Vec<Descriptor>,
    /// The manifest that this index is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Descriptor>,
    /// Free-form facts about the index.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub annotations: Option<BTreeMap<String, String>>,
    /// Members that this crate does not know.
    #[serde(flatten)]
    pub other: BTreeMap<String, Value>,
}

fn oci_index() -> MediaType {
    MediaType::OciIndex
}

impl Index {
    /// An OCI index of image manifests, ordered by platform, its entries without annotations.
    ///
    /// The same entries in any order give the same bytes. Empty `annotations` give no member.
    ///
    /// # Errors
    /// See [`AssembleError`]: no entry, an entry that is no OCI image manifest or has no known platform, two entries of
    /// one platform, one manifest for two platforms, an index that registries would refuse for its size.
    pub fn assemble(
        entries: Vec<Descriptor>,
        annotations: BTreeMap<String, String>,
    ) -> Result<Self, AssembleError> {
        let mut ordered: BTreeMap<Platform, Descriptor> = BTreeMap::new();
        for entry in entries {
            let (platform, bare) = bare_entry(&entry)?;
            let twin = ordered
                .iter()
                .find(|(_, other)| other.digest == bare.digest)
                .map(|(platform, _)| *platform);
            if let Some(previous) = ordered.get(&platform) {
                let (first, second) = (previous.digest.clone(), bare.digest);
                return Err(AssembleError::DoubledPlatform {
                    platform,
                    first,
                    second,
                });
            }
            if let Some(first) = twin {
                return Err(AssembleError::SharedManifest {
                    digest: bare.digest,
                    first,
                    second: platform,
                });
            }
            ordered.insert(platform, bare);
        }
        if ordered.is_empty() {
            return Err(AssembleError::NoEntries);
        }
        let index = Self {
            schema_version: 2,
            media_type: MediaType::OciIndex,
            artifact_type: None,
            manifests: ordered.into_values().collect(),
            subject: None,
            annotations: (!annotations.is_empty()).then_some(annotations),
            other: BTreeMap::new(),
        };
        let bytes = canonical::encode(&index)?.0.len();
        if bytes > MAX_INDEX_BYTES {
            return Err(AssembleError::TooLarge { bytes });
        }
        Ok(index)
    }

    /// Images of the index by normalised platform. Attestations and platforms that we do not know are left out; of two
    /// entries of one platform the first stays, as clients choose.
    pub fn images(&self) -> BTreeMap<Platform, &Descriptor> {
        let mut images = BTreeMap::new();
        for entry in self
            .manifests
            .iter()
            .filter(|entry| !entry.is_attestation())
        {
            if let Some(platform) = entry
                .platform
                .as_ref()
                .and_then(|wire| Platform::try_from(wire).ok())
            {
                images.entry(platform).or_insert(entry);
            }
        }
        images
    }
}

fn bare_entry(entry: &Descriptor) -> Result<(Platform, Descriptor), AssembleError> {
    let digest = entry.digest.clone();
    if entry.media_type != MediaType::OciManifest {
        return Err(AssembleError::NotAnImage {
            digest,
            media_type: entry.media_type.clone(),
        });
    }
    let Some(wire) = &entry.platform else {
        return Err(AssembleError::NoPlatform { digest });
    };
    let platform = Platform::try_from(wire)
        .map_err(|source| AssembleError::UnknownPlatform { digest, source })?;
    let bare = Descriptor::new(entry.media_type.clone(), entry.digest.clone(), entry.size)
        .with_platform(platform);
    Ok((platform, bare))
}

/// Why entries do not make an index.
#[derive(Debug, thiserror::Error)]
pub enum AssembleError {
    /// There is nothing to list.
    #[error("an index needs at least one image")]
    NoEntries,
    /// An entry is no OCI image manifest.
    #[error("`{digest}` is of type `{media_type}`: an index entry must be an OCI image manifest")]
    NotAnImage {
        /// Digest of the entry.
        digest: Digest,
        /// Its type.
        media_type: MediaType,
    },
    /// An entry has no platform.
    #[error("`{digest}` has no platform")]
    NoPlatform {
        /// Digest of the entry.
        digest: Digest,
    },
    /// An entry has a platform that we do not know.
    #[error("the platform of `{digest}` is not known")]
    UnknownPlatform {
        /// Digest of the entry.
        digest: Digest,
        /// What is wrong with the platform.
        #[source]
        source: ParsePlatformError,
    },
    /// Two entries are of one platform.
    #[error("`{first}` and `{second}` are both for {platform}")]
    DoubledPlatform {
        /// The platform, normalised.
        platform: Platform,
        /// Digest of the first entry.
        first: Digest,
        /// Digest of the second entry.
        second: Digest,
    },
    /// One manifest is listed for two platforms; its configuration can name only one.
    #[error("`{digest}` is listed both for {first} and for {second}")]
    SharedManifest {
        /// Digest of both entries.
        digest: Digest,
        /// First platform.
        first: Platform,
        /// Second platform.
        second: Platform,
    },
    /// The index is larger than registries take.
    #[error(
        "the index would have {bytes} bytes, more than the {MAX_INDEX_BYTES} that registries surely take: shorten its annotations"
    )]
    TooLarge {
        /// Size in bytes.
        bytes: usize,
    },
    /// The index could not be written.
    #[error(transparent)]
    Encode(#[from] EncodeError),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(platform: &str) -> Descriptor {
        Descriptor::of(MediaType::OciManifest, platform.as_bytes())
            .with_platform(platform.parse().unwrap())
    }

    #[test]
    fn entries_are_sorted_by_platform_and_bare() {
        let mut arm = entry("linux/arm64");
        arm.annotations = Some(BTreeMap::from([("from".to_owned(), "builder".to_owned())]));
        arm.platform.as_mut().unwrap().variant = Some("v8".to_owned());
        arm.other.insert("extra".to_owned(), Value::Bool(true));
        let notes = BTreeMap::from([
            ("b".to_owned(), "빌드".to_owned()),
            ("a".to_owned(), "1".to_owned()),
        ]);
        let index = Index::assemble(
            vec![entry("linux/s390x"), arm.clone(), entry("linux/amd64")],
            notes.clone(),
        )
        .unwrap();
        let (bytes, digest) = canonical::encode(&index).unwrap();
        let expected = concat!(
            r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":["#,
            r#"{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:baf0239e48ff4c47ebac3ba02b5cf1506b69cd5a0c0d0c825a53ba65976fb942","size":11,"platform":{"architecture":"amd64","os":"linux"}},"#,
            r#"{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:b3e3ab55f887c56c0bd8bec3743b0fb54daaa17861e03db5133ef2835eb0da5a","size":11,"platform":{"architecture":"arm64","os":"linux"}},"#,
            r#"{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:f2bd2b7d44b2622465708aad8d95db149be8437447c4f93fd0437024ed277208","size":11,"platform":{"architecture":"s390x","os":"linux"}}"#,
            r#"],"annotations":{"a":"1","b":"빌드"}}"#,
        );
        assert_eq!(String::from_utf8(bytes).unwrap(), expected);
        let other =
            Index::assemble(vec![entry("linux/amd64"), entry("linux/s390x"), arm], notes).unwrap();
        assert_eq!(canonical::encode(&other).unwrap().1, digest);
    }

    #[test]
    fn what_scanners_misread_is_refused() {
        let none = BTreeMap::new;
        assert!(matches!(
            Index::assemble(vec![], none()),
            Err(AssembleError::NoEntries)
        ));
        let mut twin = entry("linux/arm64");
        twin.platform.as_mut().unwrap().variant = Some("v8".to_owned());
        twin.digest = Digest::sha256_of(b"other");
        let doubled = Index::assemble(vec![entry("linux/arm64"), twin], none());
        assert!(matches!(
            doubled,
            Err(AssembleError::DoubledPlatform {
                platform: Platform::LINUX_ARM64,
                ..
            })
        ));
        let mut shared = entry("linux/amd64");
        shared.platform = entry("linux/arm64").platform;
        let shared = Index::assemble(vec![entry("linux/amd64"), shared], none());
        assert!(matches!(shared, Err(AssembleError::SharedManifest { .. })));
        let bare = Descriptor::of(MediaType::OciManifest, b"x");
        assert!(matches!(
            Index::assemble(vec![bare], none()),
            Err(AssembleError::NoPlatform { .. })
        ));
        let mut docker = entry("linux/amd64");
        docker.media_type = MediaType::DockerManifest;
        assert!(matches!(
            Index::assemble(vec![docker], none()),
            Err(AssembleError::NotAnImage { .. })
        ));
        let long = BTreeMap::from([("note".to_owned(), "긴".repeat(1_300_000))]);
        assert!(matches!(
            Index::assemble(vec![entry("linux/amd64")], long),
            Err(AssembleError::TooLarge { .. })
        ));
    }

    #[test]
    fn images_leave_attestations_and_unknown_platforms_out() {
        let mut attestation = entry("linux/amd64");
        attestation.platform.as_mut().unwrap().os = "unknown".to_owned();
        let mut strange = entry("linux/amd64");
        strange.platform.as_mut().unwrap().architecture = "vax".to_owned();
        let mut index = Index::assemble(vec![entry("linux/arm64")], BTreeMap::new()).unwrap();
        index.manifests.extend([attestation, strange]);
        assert_eq!(
            index.images().into_keys().collect::<Vec<_>>(),
            [Platform::LINUX_ARM64]
        );
    }
}
