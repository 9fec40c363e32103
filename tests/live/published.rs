//! Published images, read by tools that are not ours.

use std::collections::BTreeMap;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::lab::Lab;
use crate::layers::{Entry, entries, lines, stacked};

/// An index and the images in it.
#[derive(Debug)]
pub(crate) struct Published {
    pub(crate) digest: String,
    pub(crate) index: Value,
    images: BTreeMap<String, Built>,
}

/// The image of one platform.
#[derive(Debug, Clone)]
pub(crate) struct Built {
    pub(crate) digest: String,
    pub(crate) manifest: Value,
    pub(crate) config: Value,
    layers: Vec<Vec<u8>>,
}

impl Published {
    /// Reads a reference and everything it leads to.
    pub(crate) fn read(lab: &Lab, reference: &str) -> Self {
        let bytes = lab.bytes_of("crane", ["manifest", reference]);
        let index: Value = serde_json::from_slice(&bytes).unwrap();
        let (repository, _) = reference.rsplit_once(':').unwrap();
        let mut images = BTreeMap::new();
        for entry in index["manifests"].as_array().expect("an index") {
            let platform = &entry["platform"];
            let name = format!(
                "{}/{}",
                text(&platform["os"]),
                text(&platform["architecture"])
            );
            let digest = text(&entry["digest"]);
            images.insert(name, Built::read(lab, repository, &digest));
        }
        Self {
            digest: sha256(&bytes),
            index,
            images,
        }
    }

    /// The image of a platform.
    pub(crate) fn on(&self, platform: &str) -> &Built {
        &self.images[platform]
    }

    /// All images, by platform.
    pub(crate) fn images(&self) -> impl Iterator<Item = (&str, &Built)> {
        self.images
            .iter()
            .map(|(platform, built)| (platform.as_str(), built))
    }

    /// Requires that the same layers, as lines, were added on both platforms to the base's.
    #[track_caller]
    pub(crate) fn adds(&self, base_layers: usize, expected: &[&[&str]]) {
        for (platform, built) in self.images() {
            let added = built
                .layers()
                .skip(base_layers)
                .map(|layer| lines(&layer))
                .collect::<Vec<_>>();
            assert_eq!(added, expected, "{platform}");
        }
    }
}

impl Built {
    fn read(lab: &Lab, repository: &str, digest: &str) -> Self {
        let at = |digest: &str| format!("{repository}@{digest}");
        let manifest: Value =
            serde_json::from_slice(&lab.bytes_of("crane", ["manifest", &at(digest)])).unwrap();
        let blob = |descriptor: &Value| {
            let digest = text(&descriptor["digest"]);
            let bytes = lab.bytes_of("crane", ["blob", &at(&digest)]);
            assert_eq!(sha256(&bytes), digest);
            bytes
        };
        let config = serde_json::from_slice(&blob(&manifest["config"])).unwrap();
        // BuildKit writes `null` where there is no layer.
        let layers = manifest["layers"].as_array().into_iter().flatten();
        let layers = layers.map(blob).collect();
        Self {
            digest: digest.to_owned(),
            manifest,
            config,
            layers,
        }
    }

    /// The layers' entries, from the base up.
    pub(crate) fn layers(&self) -> impl Iterator<Item = Vec<Entry>> {
        self.layers.iter().map(|blob| entries(blob))
    }

    /// The layers' digests, from the base up.
    pub(crate) fn layer_digests(&self) -> Vec<String> {
        self.manifest["layers"]
            .as_array()
            .unwrap()
            .iter()
            .map(|layer| text(&layer["digest"]))
            .collect()
    }

    /// The layers' digests before compression.
    pub(crate) fn diff_ids(&self) -> Vec<String> {
        self.config["rootfs"]["diff_ids"]
            .as_array()
            .unwrap()
            .iter()
            .map(text)
            .collect()
    }

    /// The file system.
    pub(crate) fn files(&self) -> BTreeMap<String, Entry> {
        stacked(self.layers())
    }

    /// A file's text.
    #[track_caller]
    pub(crate) fn text(&self, path: &str) -> String {
        let files = self.files();
        let entry = files
            .get(path)
            .unwrap_or_else(|| panic!("no `{path}` in the image"));
        entry.text().to_owned()
    }

    /// A variable of the configuration.
    pub(crate) fn env(&self, name: &str) -> Option<String> {
        let all = self.config["config"]["Env"].as_array()?;
        let start = format!("{name}=");
        all.iter()
            .find_map(|entry| text(entry).strip_prefix(&start).map(str::to_owned))
    }
}

fn text(value: impl std::borrow::Borrow<Value>) -> String {
    value.borrow().as_str().expect("a text").to_owned()
}

pub(crate) fn sha256(bytes: &[u8]) -> String {
    format!("sha256:{}", hex(&Sha256::digest(bytes)))
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut all, byte| {
        let _ = write!(all, "{byte:02x}");
        all
    })
}
