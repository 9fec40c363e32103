//! What becomes of a build: the exporter's attributes, in one place.
//!
//! Owns every attribute name of BuildKit's exporters `image` and `oci` that we send. A daemon takes unknown
//! names silently, so a slip here would do nothing and say nothing; the tests spell them out.

use std::collections::BTreeMap;
use std::fmt;

use crate::buildkit::archive::{ArchiveTo, archive_name};
use crate::oci::{Packing, Repository};
use crate::proto::control;

/// What is done with the result of a build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Exporter {
    /// Nothing: the steps are run and stay in the daemon's cache.
    None,
    /// An image manifest of one platform is made of it.
    Image(Box<ImageExport>),
}

/// An image of one platform, and where it goes. Its bytes do not depend on where.
#[derive(Clone, PartialEq, Eq)]
pub struct ImageExport {
    /// The whole image configuration as JSON, with `os`, `architecture` and full history; the
    /// daemon only puts `rootfs` in. Without it the image of a graph would claim the daemon's own platform;
    /// it is empty for a Dockerfile, whose frontend makes it.
    pub config: Vec<u8>,
    /// The configuration of the base image as its registry gave it. The daemon leaves the base's
    /// layers and history alone then.
    pub base_config: Option<Vec<u8>>,
    /// Whether times in new layers later than the solve's epoch are set back to it. It costs: all layers
    /// above the base are packed again in every export.
    pub rewrite_times: bool,
    /// Annotations of the manifest.
    pub annotations: BTreeMap<String, String>,
    /// How layers are packed; when not given, new ones as the daemon likes (gzip), and the base's as they are.
    pub packing: Option<Packing>,
    /// Where it goes.
    pub to: ImageTarget,
}

/// Where an image goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImageTarget {
    /// Into a registry.
    Registry(PushByDigest),
    /// To us.
    Archive(ArchiveTo),
    /// To both, in one solve.
    Both(PushByDigest, ArchiveTo),
}

/// A push of an image under its digest only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushByDigest {
    /// Where it goes.
    pub repository: Repository,
    /// Plain HTTP, or TLS without verification.
    pub insecure: bool,
}

impl ImageTarget {
    /// The push, where there is one.
    pub fn push(&self) -> Option<&PushByDigest> {
        match self {
            ImageTarget::Registry(push) | ImageTarget::Both(push, _) => Some(push),
            ImageTarget::Archive(_) => None,
        }
    }

    /// Who gets the archive, where there is one.
    pub fn archive(&self) -> Option<&ArchiveTo> {
        match self {
            ImageTarget::Archive(archive) | ImageTarget::Both(_, archive) => Some(archive),
            ImageTarget::Registry(_) => None,
        }
    }
}

impl fmt::Debug for ImageExport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ImageExport {
            config,
            base_config,
            rewrite_times,
            annotations,
            packing,
            to,
        } = self;
        f.debug_struct("ImageExport")
            .field("config", &String::from_utf8_lossy(config))
            .field("base_config", &base_config.as_ref().map(Vec::len))
            .field("rewrite_times", rewrite_times)
            .field("annotations", annotations)
            .field("packing", packing)
            .field("to", to)
            .finish()
    }
}

impl Exporter {
    /// The image that is made, where one is.
    pub fn image(&self) -> Option<&ImageExport> {
        match self {
            Exporter::None => None,
            Exporter::Image(image) => Some(image),
        }
    }

    /// The repository that is pushed to.
    pub fn repository(&self) -> Option<&Repository> {
        let push = self.image()?.to.push()?;
        Some(&push.repository)
    }

    /// Who gets the archive.
    pub(super) fn archive(&self) -> Option<&ArchiveTo> {
        self.image()?.to.archive()
    }

    /// The exporters of a solve request. `source_date_epoch` (seconds since 1970) bounds the times
    /// in configuration and history; `reference` is the name of the solve.
    pub(super) fn to_proto(
        &self,
        source_date_epoch: Option<i64>,
        reference: &str,
    ) -> Vec<control::Exporter> {
        let Exporter::Image(image) = self else {
            return Vec::new();
        };
        let common = image.attributes(source_date_epoch);
        let exporter = |kind: &str, own: BTreeMap<String, String>| control::Exporter {
            r#type: kind.to_owned(),
            attrs: common.clone().into_iter().chain(own).collect(),
        };
        let push = image
            .to
            .push()
            .map(|push| exporter("image", push.attributes()));
        let archive = image.to.archive().map(|_| {
            let name = ("name".to_owned(), archive_name(reference));
            let tar = ("tar".to_owned(), "true".to_owned());
            exporter("oci", BTreeMap::from([name, tar]))
        });
        push.into_iter().chain(archive).collect()
    }
}

impl PushByDigest {
    /// What only exporter type `image` takes.
    fn attributes(&self) -> BTreeMap<String, String> {
        let mut attributes = BTreeMap::from([("name".to_owned(), self.repository.to_string())]);
        let insecure = self.insecure.then_some("registry.insecure");
        let flags = ["push", "push-by-digest", "name-canonical"];
        for flag in flags.into_iter().chain(insecure) {
            attributes.insert(flag.to_owned(), "true".to_owned());
        }
        attributes
    }
}

impl ImageExport {
    /// What types `image` and `oci` both take, see `exporter/containerimage/exptypes` in BuildKit: all
    /// that decides about the image's bytes.
    fn attributes(&self, source_date_epoch: Option<i64>) -> BTreeMap<String, String> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let mut attributes: BTreeMap<String, String> = BTreeMap::new();
        let mut set = |key: &str, value: String| attributes.insert(key.to_owned(), value);
        set("oci-mediatypes", "true".to_owned());
        if !self.config.is_empty() {
            set("containerimage.config", text(&self.config));
        }
        if let Some(config) = &self.base_config {
            set("containerimage.base.config", text(config));
        }
        if self.rewrite_times {
            set("rewrite-timestamp", "true".to_owned());
        }
        if let Some(Packing {
            compression,
            every_layer,
        }) = self.packing
        {
            set("compression", compression.name().to_owned());
            // Without it a layer stays as some earlier build has packed it, so the image would depend on what
            // the daemon has done before.
            if every_layer {
                set("force-compression", "true".to_owned());
            }
            if let Some(level) = compression.level() {
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
    use std::sync::Arc;

    use async_trait::async_trait;

    use super::{Exporter, ImageExport, ImageTarget, PushByDigest};
    use crate::buildkit::archive::{ArchiveReceiver, ArchiveTo, Pieces, Received};
    use crate::oci::{Compression, Digest, Packing};

    #[derive(Debug)]
    struct Nobody;

    #[async_trait]
    impl ArchiveReceiver for Nobody {
        async fn receive(&self, _: Option<Digest>, _: Pieces) -> Result<Received, String> {
            Err("niemand".to_owned())
        }
    }

    fn push() -> PushByDigest {
        PushByDigest {
            repository: "127.0.0.1:5417/test/x".parse().unwrap(),
            insecure: false,
        }
    }

    fn image() -> ImageExport {
        ImageExport {
            config: b"{\"os\":\"linux\"}".to_vec(),
            base_config: None,
            rewrite_times: false,
            annotations: BTreeMap::new(),
            packing: None,
            to: ImageTarget::Registry(push()),
        }
    }

    /// The type of each exporter, and its attributes.
    fn exporters(image: ImageExport, epoch: Option<i64>) -> Vec<(String, Vec<String>)> {
        let exporters = Exporter::Image(Box::new(image)).to_proto(epoch, "abc");
        let lines = |attributes: &BTreeMap<String, String>| {
            let all = attributes.iter();
            all.map(|(key, value)| format!("{key}={value}")).collect()
        };
        exporters
            .iter()
            .map(|exporter| (exporter.r#type.clone(), lines(&exporter.attrs)))
            .collect()
    }

    fn attributes(image: ImageExport, epoch: Option<i64>) -> Vec<String> {
        let mut all = exporters(image, epoch);
        assert_eq!(all.len(), 1);
        let (kind, attributes) = all.remove(0);
        assert_eq!(kind, "image");
        attributes
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
        asked.packing = Some(Packing::said(Compression::Zstd { level: Some(3) }));
        asked.annotations = [("org.example.größe".to_owned(), "klein".to_owned())].into();
        asked.to = ImageTarget::Registry(PushByDigest {
            insecure: true,
            ..push()
        });
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
                "force-compression=true",
                "registry.insecure=true",
                "rewrite-timestamp=true",
                "source-date-epoch=7",
            ]
        );
    }

    #[test]
    fn where_nobody_says_how_layers_are_packed_those_that_are_packed_stay() {
        let mut usual = image();
        usual.packing = Some(Packing::USUAL);
        let mut added = attributes(usual, None);
        added.retain(|line| line.contains("compression"));
        assert_eq!(added, ["compression=zstd"]);
    }

    #[test]
    fn an_archive_differs_from_a_push_only_in_where_it_goes() {
        let archive = ArchiveTo::new(Arc::new(Nobody));
        let mut both = image();
        both.annotations = [("org.example.größe".to_owned(), "klein".to_owned())].into();
        both.rewrite_times = true;
        both.to = ImageTarget::Both(push(), archive.clone());
        let mut alone = both.clone();
        alone.to = ImageTarget::Archive(archive);

        let [(first, pushed), (second, archived)] = &exporters(both, Some(7))[..] else {
            panic!("two exporters");
        };
        assert_eq!((first.as_str(), second.as_str()), ("image", "oci"));
        let only = |these: &[String], those: &[String]| {
            let these = these.iter().filter(|line| !those.contains(line));
            these.cloned().collect::<Vec<_>>()
        };
        assert_eq!(
            only(archived, pushed),
            ["name=kiln.invalid/abc:archive", "tar=true"]
        );
        let place = ["name", "name-canonical", "push", "push-by-digest"];
        let pushed = only(pushed, archived);
        let keys = pushed.iter().filter_map(|line| line.split('=').next());
        assert_eq!(keys.collect::<Vec<_>>(), place);
        assert_eq!(
            exporters(alone, Some(7)),
            [("oci".to_owned(), archived.clone())]
        );
    }

    #[test]
    fn nothing_is_exported_on_request() {
        assert!(Exporter::None.to_proto(Some(1), "abc").is_empty());
        assert_eq!(Exporter::None.repository(), None);
    }
}
