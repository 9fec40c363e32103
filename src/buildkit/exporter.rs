//! What becomes of a build: the exporter's attributes, in one place.
//!
//! Owns every attribute name of BuildKit's image exporter that we send. A daemon takes unknown
//! names silently, so a slip here would do nothing and say nothing; the tests spell them out.

use std::collections::BTreeMap;
use std::fmt;

use crate::oci::Repository;
use crate::proto::control;

/// What is done with the result of a build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Exporter {
    /// Nothing: the steps are run and stay in the daemon's cache.
    None,
    /// An image manifest is pushed without a tag.
    ImageByDigest(Box<ImageByDigest>),
}

/// An image manifest of one platform, pushed under its digest only.
#[derive(Clone, PartialEq, Eq)]
pub struct ImageByDigest {
    /// Where it goes.
    pub repository: Repository,
    /// The whole image configuration as JSON, with `os`, `architecture` and full history; the
    /// daemon only puts `rootfs` in. Without it the image would claim the daemon's own platform.
    pub config: Vec<u8>,
    /// The configuration of the base image as its registry gave it. The daemon leaves the base's
    /// layers and history alone then.
    pub base_config: Option<Vec<u8>>,
    /// Whether times in new layers later than the solve's epoch are set back to it. It costs: all layers
    /// above the base are packed again in every export.
    pub rewrite_times: bool,
    /// Annotations of the manifest.
    pub annotations: BTreeMap<String, String>,
    /// Plain HTTP, or TLS without verification.
    pub insecure: bool,
    /// How new layers are compressed; the daemon's default (gzip) when not given.
    pub compression: Option<Compression>,
}

impl fmt::Debug for ImageByDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ImageByDigest {
            repository,
            config,
            base_config,
            rewrite_times,
            annotations,
            insecure,
            compression,
        } = self;
        f.debug_struct("ImageByDigest")
            .field("repository", repository)
            .field("config", &String::from_utf8_lossy(config))
            .field("base_config", &base_config.as_ref().map(Vec::len))
            .field("rewrite_times", rewrite_times)
            .field("annotations", annotations)
            .field("insecure", insecure)
            .field("compression", compression)
            .finish()
    }
}

/// How the layers that a build adds are compressed. Layers of the base stay as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    Uncompressed,
    /// gzip, levels 0 to 9.
    Gzip {
        /// The daemon's default when not given.
        level: Option<u8>,
    },
    /// zstd, levels 0 to 22.
    Zstd {
        /// The daemon's default when not given.
        level: Option<u8>,
    },
}

impl Compression {
    fn name_and_level(self) -> (&'static str, Option<u8>) {
        match self {
            Compression::Uncompressed => ("uncompressed", None),
            Compression::Gzip { level } => ("gzip", level),
            Compression::Zstd { level } => ("zstd", level),
        }
    }
}

impl Exporter {
    /// The repository that is pushed to.
    pub fn repository(&self) -> Option<&Repository> {
        match self {
            Exporter::None => None,
            Exporter::ImageByDigest(image) => Some(&image.repository),
        }
    }

    /// The exporters of a solve request. `source_date_epoch` (seconds since 1970) bounds the times
    /// in configuration and history.
    pub(super) fn to_proto(&self, source_date_epoch: Option<i64>) -> Vec<control::Exporter> {
        match self {
            Exporter::None => Vec::new(),
            Exporter::ImageByDigest(image) => vec![control::Exporter {
                r#type: "image".to_owned(),
                attrs: image.attributes(source_date_epoch),
            }],
        }
    }
}

impl ImageByDigest {
    /// The attributes of exporter type `image`, see `exporter/containerimage/exptypes` in BuildKit.
    fn attributes(&self, source_date_epoch: Option<i64>) -> BTreeMap<String, String> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let mut attributes: BTreeMap<String, String> = BTreeMap::new();
        let mut set = |key: &str, value: String| attributes.insert(key.to_owned(), value);
        set("name", self.repository.to_string());
        for flag in ["push", "push-by-digest", "name-canonical", "oci-mediatypes"] {
            set(flag, "true".to_owned());
        }
        set("containerimage.config", text(&self.config));
        if let Some(config) = &self.base_config {
            set("containerimage.base.config", text(config));
        }
        if self.rewrite_times {
            set("rewrite-timestamp", "true".to_owned());
        }
        if self.insecure {
            set("registry.insecure", "true".to_owned());
        }
        if let Some((name, level)) = self.compression.map(Compression::name_and_level) {
            set("compression", name.to_owned());
            if let Some(level) = level {
                set("compression-level", level.to_string());
            }
        }
        if let Some(seconds) = source_date_epoch {
            set("source-date-epoch", seconds.to_string());
        }
        for (key, value) in &self.annotations {
            set(&format!("annotation.{key}"), value.clone());
        }
        attributes
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{Compression, Exporter, ImageByDigest};

    fn image() -> ImageByDigest {
        ImageByDigest {
            repository: "127.0.0.1:5417/test/x".parse().unwrap(),
            config: b"{\"os\":\"linux\"}".to_vec(),
            base_config: None,
            rewrite_times: false,
            annotations: BTreeMap::new(),
            insecure: false,
            compression: None,
        }
    }

    fn attributes(image: ImageByDigest, epoch: Option<i64>) -> Vec<String> {
        let exporters = Exporter::ImageByDigest(Box::new(image)).to_proto(epoch);
        assert_eq!(exporters.len(), 1);
        assert_eq!(exporters[0].r#type, "image");
        exporters[0]
            .attrs
            .iter()
            .map(|(key, value)| format!("{key}={value}"))
            .collect()
    }

    #[test]
    fn an_image_is_pushed_by_digest_with_its_config() {
        assert_eq!(
            attributes(image(), None),
            [
                "containerimage.config={\"os\":\"linux\"}",
                "name=127.0.0.1:5417/test/x",
                "name-canonical=true",
                "oci-mediatypes=true",
                "push=true",
                "push-by-digest=true",
            ]
        );
    }

    #[test]
    fn what_is_asked_for_is_sent() {
        let mut asked = image();
        asked.base_config = Some(b"{}".to_vec());
        asked.rewrite_times = true;
        asked.insecure = true;
        asked.compression = Some(Compression::Zstd { level: Some(3) });
        asked.annotations = [("org.example.größe".to_owned(), "klein".to_owned())].into();
        let plain = attributes(image(), None);
        let mut added = attributes(asked, Some(7));
        added.retain(|line| !plain.contains(line));
        assert_eq!(
            added,
            [
                "annotation.org.example.größe=klein",
                "compression=zstd",
                "compression-level=3",
                "containerimage.base.config={}",
                "registry.insecure=true",
                "rewrite-timestamp=true",
                "source-date-epoch=7",
            ]
        );
    }

    #[test]
    fn nothing_is_exported_on_request() {
        assert!(Exporter::None.to_proto(Some(1)).is_empty());
        assert_eq!(Exporter::None.repository(), None);
    }
}
