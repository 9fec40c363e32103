//! Images put into a registry by hand, where a base must have something that ordinary ones lack.

use std::collections::BTreeMap;

use bytes::Bytes;
use kiln::oci::{
    Descriptor, Digest, History, ImageConfig, Index, Manifest, MediaType, Platform, Reference,
    canonical,
};
use kiln::registry::{ManifestRef, Registry};

/// A configuration for a platform, with one layer whose content is the given text.
pub(crate) fn image_of(platform: Platform, layer: &str) -> ImageConfig {
    let mut config = ImageConfig::new(platform);
    config.rootfs.diff_ids = vec![Digest::sha256_of(layer.as_bytes())];
    config.history = vec![History {
        created_by: Some("어머니".to_owned()),
        ..History::default()
    }];
    config
}

/// Puts a manifest of a configuration and the layer it speaks of; its descriptor has no platform.
pub(crate) async fn put_image(
    registry: &dyn Registry,
    reference: &Reference,
    config: &ImageConfig,
    layer: &str,
) -> Descriptor {
    let repository = reference.repository();
    let layer = Bytes::from(layer.to_owned());
    let of_layer = Descriptor::of(
        MediaType::from("application/vnd.oci.image.layer.v1.tar"),
        &layer,
    );
    registry.put_blob(repository, layer).await.unwrap();
    let bytes = Bytes::from(canonical::encode(config).unwrap().0);
    let of_config = Descriptor::of(MediaType::OciConfig, &bytes);
    registry.put_blob(repository, bytes).await.unwrap();
    put(
        registry,
        reference,
        MediaType::OciManifest,
        &Manifest::new(of_config, vec![of_layer]),
    )
    .await
}

/// An index of whatever entries, put under a reference.
pub(crate) async fn put_index(
    registry: &dyn Registry,
    reference: &Reference,
    entries: Vec<Descriptor>,
) -> Descriptor {
    let index = Index {
        schema_version: 2,
        media_type: MediaType::OciIndex,
        artifact_type: None,
        manifests: entries,
        subject: None,
        annotations: None,
        other: BTreeMap::new(),
    };
    put(registry, reference, MediaType::OciIndex, &index).await
}

async fn put<T: serde::Serialize>(
    registry: &dyn Registry,
    reference: &Reference,
    media_type: MediaType,
    document: &T,
) -> Descriptor {
    let bytes = Bytes::from(canonical::encode(document).unwrap().0);
    let entry = Descriptor::of(media_type.clone(), &bytes);
    let repository = reference.repository();
    for at in [
        ManifestRef::Digest(entry.digest.clone()),
        ManifestRef::of(reference),
    ] {
        registry
            .put_manifest(repository, &at, &media_type, bytes.clone())
            .await
            .unwrap();
    }
    entry
}
