//! Small images for tests.
//!
//! Owns the making of an image with one layer per platform, well formed in every document. Nothing in it runs.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::client::{ManifestRef, Registry};
use super::error::RegistryError;
use crate::oci::{
    Descriptor, Digest, History, ImageConfig, Index, Manifest, MediaType, Platform, Reference,
    canonical,
};

/// What [`seed_image`] wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeededImage {
    /// Digest of the index.
    pub index: Digest,
    /// Digest of the manifest of each platform.
    pub manifests: BTreeMap<Platform, Digest>,
    /// Digest of the configuration of each platform.
    pub configs: BTreeMap<Platform, Digest>,
}

/// Writes an image of the given platforms under a reference: one small layer each, `PATH` set, one line of history.
///
/// The same reference and platforms always give the same digests.
///
/// # Panics
/// When `platforms` is empty or names one twice.
pub async fn seed_image(
    registry: &dyn Registry,
    reference: &Reference,
    platforms: &[Platform],
) -> Result<SeededImage, RegistryError> {
    let repository = reference.repository();
    let mut seeded = SeededImage {
        index: Digest::sha256_of(b""),
        manifests: BTreeMap::new(),
        configs: BTreeMap::new(),
    };
    let mut entries = Vec::new();
    for platform in platforms {
        let layer = Bytes::from(format!("layer of {reference} for {platform}"));
        let mut config = ImageConfig::new(*platform);
        config.created = Some("2026-01-01T00:00:00Z".to_owned());
        config
            .config
            .env
            .push("PATH=/usr/local/bin:/usr/bin:/bin".to_owned());
        config.rootfs.diff_ids.push(Digest::sha256_of(&layer));
        config.history.push(History {
            created_by: Some("seed".to_owned()),
            ..History::default()
        });
        let layer_type = MediaType::Other("application/vnd.oci.image.layer.v1.tar".to_owned());
        let layer_entry = Descriptor::of(layer_type, &layer);
        let (config, config_digest) = encoded(&config);
        let config_entry = Descriptor::of(MediaType::OciConfig, &config);
        let (manifest, digest) = encoded(&Manifest::new(config_entry, vec![layer_entry]));
        entries.push(Descriptor::of(MediaType::OciManifest, &manifest).with_platform(*platform));
        registry.put_blob(repository, layer).await?;
        registry.put_blob(repository, config).await?;
        let at = ManifestRef::Digest(digest.clone());
        registry
            .put_manifest(repository, &at, &MediaType::OciManifest, manifest)
            .await?;
        seeded.manifests.insert(*platform, digest);
        seeded.configs.insert(*platform, config_digest);
    }
    let index =
        Index::assemble(entries, BTreeMap::new()).expect("distinct platforms make an index");
    let (bytes, digest) = encoded(&index);
    registry
        .put_manifest(
            repository,
            &ManifestRef::of(reference),
            &MediaType::OciIndex,
            bytes,
        )
        .await?;
    seeded.index = digest;
    Ok(seeded)
}

fn encoded<T: serde::Serialize>(document: &T) -> (Bytes, Digest) {
    let (bytes, digest) = canonical::encode(document).expect("documents have a JSON form");
    (Bytes::from(bytes), digest)
}
