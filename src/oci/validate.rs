//! Checks of documents against themselves and each other.
//!
//! Owns the rules that a well-formed document keeps beyond its grammar. Fetches nothing: what is to be compared is
//! handed in. All faults of a document are found in one go.

use std::collections::BTreeMap;

use super::descriptor::{Descriptor, MediaType};
use super::digest::Digest;
pub use super::fault::Fault;
use super::fault::{MAX_MANIFEST_BYTES, MIN_MANIFEST_BYTES};
use super::image_config::ImageConfig;
use super::index::Index;
use super::manifest::Manifest;
use super::platform::Platform;

/// Faults of an index in itself: schema, types, sizes, one image per platform, attestations that belong to something.
pub fn index_is_consistent(index: &Index) -> Result<(), Vec<Fault>> {
    let mut faults = Vec::new();
    if index.schema_version != 2 {
        faults.push(Fault::SchemaVersion {
            found: index.schema_version,
        });
    }
    if !index.media_type.is_index() {
        faults.push(Fault::MediaType {
            found: index.media_type.clone(),
            expected: "an index",
        });
    }
    if index.manifests.is_empty() {
        faults.push(Fault::NoEntries);
    }
    let mut platforms: BTreeMap<String, &Digest> = BTreeMap::new();
    for entry in &index.manifests {
        entry_type_and_size(index, entry, &mut faults);
        if entry.is_attestation() {
            attestation_has_subject(index, entry, &mut faults);
            continue;
        }
        let Some(platform) = platform_key(entry) else {
            faults.push(Fault::NoPlatform {
                digest: entry.digest.clone(),
            });
            continue;
        };
        if let Some(first) = platforms.get(&platform) {
            let (first, second) = ((*first).clone(), entry.digest.clone());
            faults.push(Fault::DoubledPlatform {
                platform,
                first,
                second,
            });
        } else {
            platforms.insert(platform, &entry.digest);
        }
    }
    none_or(faults)
}

fn entry_type_and_size(index: &Index, entry: &Descriptor, faults: &mut Vec<Fault>) {
    let (digest, media_type) = (entry.digest.clone(), entry.media_type.clone());
    if !media_type.is_manifest() && !media_type.is_index() {
        faults.push(Fault::EntryType { digest, media_type });
    } else if is_docker(&media_type) != is_docker(&index.media_type) {
        faults.push(Fault::MixedFamilies {
            digest,
            media_type,
            index: index.media_type.clone(),
        });
    }
    if !(MIN_MANIFEST_BYTES..=MAX_MANIFEST_BYTES).contains(&entry.size) {
        faults.push(Fault::EntrySize {
            digest: entry.digest.clone(),
            size: entry.size,
        });
    }
}

const fn is_docker(media_type: &MediaType) -> bool {
    matches!(
        media_type,
        MediaType::DockerList | MediaType::DockerManifest
    )
}

fn attestation_has_subject(index: &Index, entry: &Descriptor, faults: &mut Vec<Fault>) {
    let subject = entry
        .annotations
        .as_ref()
        .and_then(|map| map.get("vnd.docker.reference.digest"));
    if let Some(subject) = subject
        && !index
            .manifests
            .iter()
            .any(|other| other.digest.as_str() == subject)
    {
        faults.push(Fault::StrayAttestation {
            digest: entry.digest.clone(),
            subject: subject.clone(),
        });
    }
}

/// What tells two entries apart: the normalised platform, and the version of the system where one is given.
fn platform_key(entry: &Descriptor) -> Option<String> {
    let wire = entry.platform.as_ref()?;
    let mut key = match Platform::try_from(wire) {
        Ok(platform) => platform.to_string(),
        Err(_) => format!(
            "{}/{}/{}",
            wire.os,
            wire.architecture,
            wire.variant.as_deref().unwrap_or_default()
        ),
    };
    if let Some(version) = &wire.os_version {
        key.push_str(" version ");
        key.push_str(version);
    }
    Some(key)
}

/// Faults of an image manifest in itself.
pub fn manifest_is_consistent(manifest: &Manifest) -> Result<(), Vec<Fault>> {
    let mut faults = Vec::new();
    if manifest.schema_version != 2 {
        faults.push(Fault::SchemaVersion {
            found: manifest.schema_version,
        });
    }
    if !manifest.media_type.is_manifest() {
        faults.push(Fault::MediaType {
            found: manifest.media_type.clone(),
            expected: "an image manifest",
        });
    }
    if !manifest.config.media_type.is_config() {
        faults.push(Fault::ConfigType {
            media_type: manifest.config.media_type.clone(),
        });
    }
    none_or(faults)
}

/// Faults between a configuration, its manifest and the platform under which an index lists them.
pub fn config_fits(
    config: &ImageConfig,
    manifest: &Manifest,
    platform: Platform,
) -> Result<(), Vec<Fault>> {
    let mut faults = Vec::new();
    if config.platform() != Ok(platform) {
        let parts = [
            Some(config.os.as_str()),
            Some(config.architecture.as_str()),
            config.variant.as_deref(),
        ];
        let found = parts.into_iter().flatten().collect::<Vec<_>>().join("/");
        faults.push(Fault::Platform {
            found,
            expected: platform,
        });
    }
    let layers = config.rootfs.diff_ids.len();
    if layers != manifest.layers.len() {
        faults.push(Fault::LayerCount {
            diff_ids: layers,
            layers: manifest.layers.len(),
        });
    }
    let history = config
        .history
        .iter()
        .filter(|line| !line.empty_layer)
        .count();
    if !config.history.is_empty() && history != layers {
        faults.push(Fault::HistoryCount { history, layers });
    }
    none_or(faults)
}

fn none_or(faults: Vec<Fault>) -> Result<(), Vec<Fault>> {
    if faults.is_empty() {
        Ok(())
    } else {
        Err(faults)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::oci::{History, RootFs};

    fn entry(platform: &str) -> Descriptor {
        Descriptor::of(MediaType::OciManifest, platform.as_bytes())
            .with_platform(platform.parse().unwrap())
    }

    fn faults(index: &Index) -> Vec<String> {
        index_is_consistent(index)
            .unwrap_err()
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn an_assembled_index_has_no_faults() {
        let index = Index::assemble(
            vec![entry("linux/arm64"), entry("linux/amd64")],
            BTreeMap::new(),
        )
        .unwrap();
        assert_eq!(index_is_consistent(&index), Ok(()));
    }

    #[test]
    fn all_faults_of_an_index_are_found_at_once() {
        let mut index = Index::assemble(vec![entry("linux/arm64")], BTreeMap::new()).unwrap();
        index.schema_version = 1;
        let mut twin = entry("linux/arm64");
        twin.platform.as_mut().unwrap().variant = Some("v8".to_owned());
        twin.size = 1;
        let mut docker = entry("linux/amd64");
        docker.media_type = MediaType::DockerManifest;
        let bare = Descriptor::of(MediaType::Other("text/plain".to_owned()), b"{}");
        index.manifests.extend([twin, docker, bare]);
        let found = faults(&index);
        assert_eq!(found.len(), 6, "{found:#?}");
        assert_eq!(found[0], "`schemaVersion` is 1 where it must be 2");
        assert!(found[1].contains("has a size of 1 bytes"), "{found:?}");
        assert!(found[2].ends_with("are both for linux/arm64"), "{found:?}");
    }

    #[test]
    fn windows_versions_and_attestations_are_no_doubles() {
        let mut old = entry("windows/amd64");
        old.platform.as_mut().unwrap().os_version = Some("10.0.17763".to_owned());
        let mut new = old.clone();
        new.platform.as_mut().unwrap().os_version = Some("10.0.20348".to_owned());
        let mut index = Index::assemble(vec![entry("linux/amd64")], BTreeMap::new()).unwrap();
        let attestation: Descriptor = serde_json::from_value(json!({
            "mediaType": MediaType::OciManifest, "digest": Digest::sha256_of(b"a"), "size": 9,
            "platform": {"architecture": "unknown", "os": "unknown"},
            "annotations": {"vnd.docker.reference.digest": index.manifests[0].digest},
        }))
        .unwrap();
        let mut stray = attestation.clone();
        index
            .manifests
            .extend([old, new, attestation.clone(), attestation]);
        assert_eq!(index_is_consistent(&index), Ok(()));
        stray.annotations = Some(BTreeMap::from([(
            "vnd.docker.reference.digest".to_owned(),
            "sha256:없음".to_owned(),
        )]));
        index.manifests.push(stray);
        assert!(faults(&index)[0].contains("is about `sha256:없음`"));
    }

    #[test]
    fn a_lying_configuration_is_found() {
        let layer = Descriptor::of(MediaType::Other("layer".to_owned()), b"layer");
        let manifest = Manifest::new(Descriptor::of(MediaType::OciConfig, b"{}"), vec![layer]);
        assert_eq!(manifest_is_consistent(&manifest), Ok(()));
        let mut config = ImageConfig::new(Platform::LINUX_AMD64);
        config.history.push(History {
            empty_layer: true,
            ..History::default()
        });
        config.rootfs = RootFs {
            diff_ids: vec![Digest::sha256_of(b"layer")],
            ..RootFs::default()
        };
        let found = config_fits(&config, &manifest, Platform::LINUX_ARM64).unwrap_err();
        assert_eq!(
            found[0].to_string(),
            "the configuration says linux/amd64 where the index says linux/arm64"
        );
        assert_eq!(
            found[1],
            Fault::HistoryCount {
                history: 0,
                layers: 1
            }
        );
        config.history.push(History::default());
        assert_eq!(
            config_fits(&config, &manifest, Platform::LINUX_AMD64),
            Ok(())
        );
        config.rootfs.diff_ids.clear();
        assert!(config_fits(&config, &manifest, Platform::LINUX_AMD64).is_err());
    }
}
