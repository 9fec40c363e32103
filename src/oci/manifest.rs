//! Image manifests.
//!
//! Owns their wire form. How a manifest fits its configuration is checked in `validate`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::descriptor::{Descriptor, MediaType};
use super::text_form::null_as_default;

/// An image manifest: one configuration and the layers, lowest first; image-spec v1.1, manifest.md.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Always 2.
    #[serde(rename = "schemaVersion")]
    pub schema_version: u32,
    /// Type of this document. The standard only recommends it: a document without one is an OCI manifest.
    #[serde(rename = "mediaType", default = "oci_manifest")]
    pub media_type: MediaType,
    /// Type of the artifact, where this is one and no image.
    #[serde(
        rename = "artifactType",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub artifact_type: Option<String>,
    /// The image configuration.
    pub config: Descriptor,
    /// The layers, lowest first.
    #[serde(default, deserialize_with = "null_as_default")]
    pub layers: Vec<Descriptor>,
    /// The manifest that this one is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Descriptor>,
    /// Free-form facts about the image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub annotations: Option<BTreeMap<String, String>>,
    /// Members that this crate does not know.
    #[serde(flatten)]
    pub other: BTreeMap<String, Value>,
}

fn oci_manifest() -> MediaType {
    MediaType::OciManifest
}

impl Manifest {
    /// An OCI manifest without annotations.
    pub const fn new(config: Descriptor, layers: Vec<Descriptor>) -> Self {
        Self {
            schema_version: 2,
            media_type: MediaType::OciManifest,
            artifact_type: None,
            config,
            layers,
            subject: None,
            annotations: None,
            other: BTreeMap::new(),
        }
    }

    /// Bytes of all layers together, as stored (compressed).
    pub fn layers_size(&self) -> u64 {
        self.layers
            .iter()
            .fold(0, |sum, layer| sum.saturating_add(layer.size))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_foreign_manifest_survives_a_round_trip() {
        let config = serde_json::to_string(&Descriptor::of(MediaType::OciConfig, b"{}")).unwrap();
        let text = format!(
            r#"{{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{config},"layers":[],"annotations":{{"a":"é"}},"x":[1]}}"#
        );
        let manifest: Manifest = serde_json::from_str(&text).unwrap();
        assert_eq!(serde_json::to_string(&manifest).unwrap(), text);
    }

    #[test]
    fn a_missing_type_and_null_layers_are_read() {
        let config = serde_json::to_string(&Descriptor::of(MediaType::OciConfig, b"{}")).unwrap();
        let manifest: Manifest = serde_json::from_str(&format!(
            r#"{{"schemaVersion":2,"config":{config},"layers":null}}"#
        ))
        .unwrap();
        assert_eq!(
            (manifest.media_type, manifest.layers.len()),
            (MediaType::OciManifest, 0)
        );
    }
}
