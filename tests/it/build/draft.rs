//! A kernel of Backend.AI as documents that a test may change before they are pushed.

use std::collections::BTreeMap;

use bytes::Bytes;
use kiln::oci::{Descriptor, Digest, Manifest, MediaType, Platform, Reference, canonical};
use kiln::registry::{ManifestRef, Registry};
use serde_json::{Value, json};

use super::seed::image_of;
use super::workshop::{AMD64, ARM64};

/// Labels that every release takes.
const LABELS: [(&str, &str); 8] = [
    ("ai.backend.kernelspec", "1"),
    ("ai.backend.features", "uid-match batch"),
    ("ai.backend.base-distro", "ubuntu22.04"),
    ("ai.backend.runtime-type", "python"),
    ("ai.backend.runtime-path", "/usr/bin/python3"),
    ("ai.backend.resource.min.mem", "256m"),
    ("ai.backend.service-ports", "jupyter:http:8091"),
    ("org.example.note", "쓰기"),
];

/// An image to be pushed, as documents that a test may change before they are.
pub(crate) struct Draft {
    pub(crate) reference: Reference,
    pub(crate) configs: BTreeMap<Platform, Value>,
    /// Bytes that stand in place of a configuration.
    pub(crate) raw: BTreeMap<Platform, Vec<u8>>,
    /// Changes each manifest before it gets its digest.
    pub(crate) manifest: fn(Platform, &mut Manifest),
    /// Changes the index before it is written.
    pub(crate) index: fn(&mut Value),
    /// Docker's media types.
    pub(crate) docker: bool,
}

impl Draft {
    /// A kernel that passes everything.
    pub(crate) fn kernel() -> Self {
        let config = |platform| {
            let mut config = image_of(platform, "층");
            let own = LABELS.map(|(key, value)| (key.to_owned(), value.to_owned()));
            config.config.labels = Some(BTreeMap::from(own));
            (platform, serde_json::to_value(&config).unwrap())
        };
        Self {
            reference: "registry.example.com/stable/python:3.11-ubuntu22.04"
                .parse()
                .unwrap(),
            configs: [AMD64, ARM64].map(config).into(),
            raw: BTreeMap::new(),
            manifest: |_, _| {},
            index: |_| {},
            docker: false,
        }
    }

    /// The same without a label of the platform.
    pub(crate) fn plain() -> Self {
        let mut draft = Self::kernel();
        for config in draft.configs.values_mut() {
            config["config"]["Labels"] = json!({"org.example.note": "쓰기"});
        }
        draft
    }

    /// Sets a label on some platforms.
    pub(crate) fn label(
        mut self,
        platforms: &[Platform],
        key: &str,
        value: impl Into<Value>,
    ) -> Self {
        let value = value.into();
        for platform in platforms {
            let config = self.configs.get_mut(platform).unwrap();
            config["config"]["Labels"][key] = value.clone();
        }
        self
    }

    /// Adds an image for another platform, with the labels of the first.
    pub(crate) fn and(mut self, platform: &str) -> Self {
        let platform: Platform = platform.parse().unwrap();
        let labels = self.configs[&AMD64]["config"].clone();
        let mut config = serde_json::to_value(image_of(platform, "층")).unwrap();
        config["config"] = labels;
        self.configs.insert(platform, config);
        self
    }

    /// The same under another name.
    pub(crate) fn named(mut self, reference: &str) -> Self {
        self.reference = reference.parse().unwrap();
        self
    }

    /// Writes it, and gives the digest of the index.
    pub(crate) async fn push(&self, registry: &dyn Registry) -> Digest {
        let repository = self.reference.repository();
        let types = if self.docker {
            [
                MediaType::DockerConfig,
                MediaType::DockerManifest,
                MediaType::DockerList,
            ]
        } else {
            [
                MediaType::OciConfig,
                MediaType::OciManifest,
                MediaType::OciIndex,
            ]
        };
        let mut entries = Vec::new();
        for (platform, config) in &self.configs {
            let layer = Bytes::from("층");
            let of_layer = Descriptor::of(
                MediaType::from("application/vnd.oci.image.layer.v1.tar"),
                &layer,
            );
            registry.put_blob(repository, layer).await.unwrap();
            let raw = self.raw.get(platform).cloned();
            let bytes = Bytes::from(raw.unwrap_or_else(|| config.to_string().into_bytes()));
            let of_config = Descriptor::of(types[0].clone(), &bytes);
            registry.put_blob(repository, bytes).await.unwrap();
            let mut manifest = Manifest::new(of_config, vec![of_layer]);
            manifest.media_type = types[1].clone();
            (self.manifest)(*platform, &mut manifest);
            let bytes = Bytes::from(canonical::encode(&manifest).unwrap().0);
            let entry = Descriptor::of(types[1].clone(), &bytes).with_platform(*platform);
            let at = ManifestRef::Digest(entry.digest.clone());
            let put = registry.put_manifest(repository, &at, &types[1], bytes);
            put.await.unwrap();
            entries.push(entry);
        }
        let mut index = json!({"schemaVersion": 2, "mediaType": types[2], "manifests": entries});
        (self.index)(&mut index);
        let bytes = Bytes::from(index.to_string());
        let digest = Digest::sha256_of(&bytes);
        for at in [
            ManifestRef::of(&self.reference),
            ManifestRef::Digest(digest.clone()),
        ] {
            let put = registry.put_manifest(repository, &at, &types[2], bytes.clone());
            put.await.unwrap();
        }
        digest
    }
}
