//! The way through an image: every manifest, configuration and layer of it, and what is wrong with them.

use super::VerifiedPlatform;
use crate::diagnostic::Level;
use crate::lint::image::{
    CONFIG_FORM, CONTENT_PRESENT, IMAGE_INDEX, INDEX_FLAT, INDEX_FORM, ImageFinding, MANIFEST_FORM,
    SeenConfig, SeenImage, of_fault,
};
use crate::oci::validate::{Fault, config_fits, index_is_consistent, manifest_is_consistent};
use crate::oci::{Descriptor, Digest, ImageConfig, Index, Manifest, Platform, Reference};
use crate::ops::error::OpError;
use crate::ops::resolve::MAX_CONFIG;
use crate::registry::{ManifestRef, RawManifest, Registry, RegistryError};
use crate::text::with_causes;

/// What was seen on the way.
#[derive(Debug, Default)]
pub(super) struct Walked {
    /// The index, where there is one that reads.
    pub(super) index: Option<Index>,
    /// The platforms whose manifests read.
    pub(super) platforms: Vec<VerifiedPlatform>,
    /// The images, as they are judged.
    pub(super) images: Vec<SeenImage>,
    /// Digests of the index and of everything that it lists.
    pub(super) digests: Vec<Digest>,
    /// What is wrong.
    pub(super) findings: Vec<ImageFinding>,
}

/// Walks through an image from the document that its name leads to.
pub(super) async fn walk(
    reference: &Reference,
    deep: bool,
    raw: &RawManifest,
    registry: &dyn Registry,
) -> Result<Walked, OpError> {
    let mut walk = Walk {
        reference,
        deep,
        registry,
        walked: Walked::default(),
    };
    walk.walked.digests.push(raw.digest.clone());
    if raw.media_type.is_index() {
        walk.index(raw).await?;
    } else {
        walk.single(raw).await?;
    }
    Ok(walk.walked)
}

struct Walk<'a> {
    reference: &'a Reference,
    deep: bool,
    registry: &'a dyn Registry,
    walked: Walked,
}

impl Walk<'_> {
    fn found(&mut self, platform: Option<Platform>, finding: ImageFinding) {
        let finding = match platform {
            Some(platform) => finding.on(platform),
            None => finding,
        };
        self.walked.findings.push(finding);
    }

    fn lost(&mut self, platform: Option<Platform>, message: impl AsRef<str>) {
        let finding = ImageFinding::new(&CONTENT_PRESENT, message);
        let again = format!("push `{}` again", self.reference);
        self.found(platform, finding.help(again));
    }

    fn faults(&mut self, platform: Option<Platform>, faults: Result<(), Vec<Fault>>, child: bool) {
        for fault in faults.err().into_iter().flatten() {
            self.found(platform, of_fault(&fault, child));
        }
    }

    /// An answer, or the finding that it is: content that is there and wrong is one, a registry that does not
    /// answer is an error.
    fn settle<T>(
        &mut self,
        platform: Option<Platform>,
        answer: Result<T, RegistryError>,
    ) -> Result<Option<T>, OpError> {
        match answer {
            Ok(value) => Ok(Some(value)),
            Err(error) if error.is_unavailable() || error.is_denied() => Err(error.into()),
            Err(error) => {
                let finding = ImageFinding::new(&CONTENT_PRESENT, error.to_string());
                self.found(platform, finding.help(error.next_step()));
                Ok(None)
            }
        }
    }

    async fn index(&mut self, raw: &RawManifest) -> Result<(), OpError> {
        let index = match raw.index() {
            Ok(index) => index,
            Err(error) => {
                self.found(None, ImageFinding::new(&INDEX_FORM, with_causes(&error)));
                return Ok(());
            }
        };
        let faults = index_is_consistent(&index).err().unwrap_or_default();
        let entries = || index.manifests.iter();
        let nested = |digest: &Digest| {
            let mut nested = entries().filter(|entry| entry.media_type.is_index());
            nested.any(|entry| entry.digest == *digest)
        };
        // An index has no platform of its own.
        let faults = faults
            .into_iter()
            .filter(|fault| !matches!(fault, Fault::NoPlatform { digest } if nested(digest)));
        self.faults(None, Err(faults.collect()), false);
        for entry in entries().filter(|entry| entry.media_type.is_index()) {
            let message = format!("entry `{}` is an index itself", entry.digest);
            let finding = ImageFinding::new(&INDEX_FLAT, message);
            self.found(None, finding.help("list its images in the outer index"));
        }
        self.walked
            .digests
            .extend(entries().map(|entry| entry.digest.clone()));
        for (platform, child) in index.images() {
            if !child.media_type.is_index() {
                self.child(platform, child).await?;
            }
        }
        self.walked.index = Some(index);
        Ok(())
    }

    /// An image without an index around it.
    async fn single(&mut self, raw: &RawManifest) -> Result<(), OpError> {
        let message = format!("`{}` is no index but a {}", self.reference, raw.media_type);
        let finding = ImageFinding::new(&IMAGE_INDEX, message);
        self.found(
            None,
            finding.help("push an index, also for a single platform"),
        );
        if raw.media_type.is_manifest() {
            self.image(None, raw).await?;
        }
        Ok(())
    }

    async fn child(&mut self, platform: Platform, child: &Descriptor) -> Result<(), OpError> {
        let (repository, on) = (self.reference.repository(), Some(platform));
        let at = ManifestRef::Digest(child.digest.clone());
        let answer = self.registry.get_manifest(repository, &at).await;
        let Some(raw) = self.settle(on, answer)? else {
            return Ok(());
        };
        let Some(raw) = raw else {
            self.lost(on, format!("manifest {} is not there", child.digest));
            return Ok(());
        };
        if raw.bytes.len() as u64 != child.size {
            let found = raw.bytes.len();
            let message = format!("manifest has {found} bytes, the index says {}", child.size);
            self.lost(on, message);
        }
        self.image(on, &raw).await
    }

    /// A manifest, its configuration and its layers. Without a platform it is the configuration's own.
    async fn image(&mut self, on: Option<Platform>, raw: &RawManifest) -> Result<(), OpError> {
        let manifest = match raw.manifest() {
            Ok(manifest) => manifest,
            Err(error) => {
                self.found(on, ImageFinding::new(&MANIFEST_FORM, with_causes(&error)));
                return Ok(());
            }
        };
        self.faults(on, manifest_is_consistent(&manifest), true);
        // What is no image has no configuration to look into.
        let config = if manifest.config.media_type.is_config() {
            self.config(on, &manifest).await?
        } else {
            Config::default()
        };
        for layer in &manifest.layers {
            self.layer(on, layer).await?;
        }
        let platform = on.or(config.platform);
        let labels = config.seen.as_ref().map(|config| config.labels.clone());
        self.walked
            .platforms
            .extend(platform.map(|platform| VerifiedPlatform {
                platform,
                manifest: raw.digest.clone(),
                config: manifest.config.digest.clone(),
                layers: manifest.layers.len(),
                size: manifest.layers_size(),
                labels: labels.unwrap_or_default(),
            }));
        let name = platform.map_or_else(|| "image".to_owned(), |it| it.to_string());
        self.walked.images.push(SeenImage {
            platform: name,
            config: config.seen,
        });
        Ok(())
    }

    async fn config(
        &mut self,
        on: Option<Platform>,
        manifest: &Manifest,
    ) -> Result<Config, OpError> {
        let (repository, wanted) = (self.reference.repository(), &manifest.config.digest);
        let answer = self.registry.get_blob(repository, wanted, MAX_CONFIG).await;
        let bytes = match self.settle(on, answer)? {
            None => return Ok(Config::default()),
            Some(None) => {
                self.lost(on, format!("configuration {wanted} is not there"));
                return Ok(Config::default());
            }
            Some(Some(bytes)) => bytes,
        };
        let form = |message: String| ImageFinding::new(&CONFIG_FORM, message);
        let read = SeenConfig::read(&bytes).map_err(|error| error.to_string());
        let parsed = serde_json::from_slice::<ImageConfig>(&bytes);
        match &read {
            Err(error) => self.found(on, form(format!("configuration {wanted}: {error}"))),
            Ok(config) => {
                for (key, kind) in &config.no_texts {
                    let message = format!("the label `{key}` is {kind}, where labels are texts");
                    self.found(on, form(message).help("push the image with a text"));
                }
                for key in &config.doubled {
                    let message =
                        format!("the label `{key}` stands twice, and the last one counts");
                    self.found(on, form(message).level(Level::Warning));
                }
                if let (Err(error), true) = (&parsed, config.no_texts.is_empty()) {
                    self.found(on, form(format!("configuration {wanted}: {error}")));
                }
            }
        }
        // What others cannot read has no labels to be judged.
        let seen = read
            .ok()
            .filter(|seen| parsed.is_ok() || !seen.no_texts.is_empty());
        let mut platform = None;
        if let Ok(config) = &parsed {
            platform = config.platform().ok();
            // Without an architecture that is known there is nothing to compare.
            if let Some(expected) = on.or(platform) {
                self.faults(on, config_fits(config, manifest, expected), true);
            }
        }
        Ok(Config { platform, seen })
    }

    async fn layer(&mut self, on: Option<Platform>, layer: &Descriptor) -> Result<(), OpError> {
        let repository = self.reference.repository();
        let there = if self.deep {
            let answer = self
                .registry
                .check_blob(repository, &layer.digest, layer.size);
            let answer = answer.await;
            self.settle(on, answer)?
        } else {
            let answer = self.registry.head_blob(repository, &layer.digest).await;
            let size = self.settle(on, answer)?;
            if let Some(Some(size)) = size
                && size != layer.size
            {
                let (digest, said) = (&layer.digest, layer.size);
                self.lost(on, format!("layer {digest} has {size} bytes, not {said}"));
            }
            size.map(|size| size.is_some())
        };
        if there == Some(false) {
            self.lost(on, format!("layer {} is not there", layer.digest));
        }
        Ok(())
    }
}

/// A configuration that was looked at.
#[derive(Debug, Default)]
struct Config {
    /// The platform it names.
    platform: Option<Platform>,
    /// What of it is judged.
    seen: Option<SeenConfig>,
}
