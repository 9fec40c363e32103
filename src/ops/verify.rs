//! Whether a published image is whole: index → manifests → configurations → blobs.

use super::error::OpError;
use super::resolve::MAX_CONFIG;
use crate::oci::validate::{config_fits, index_is_consistent, manifest_is_consistent};
use crate::oci::{Descriptor, Digest, ImageConfig, Platform, Reference};
use crate::registry::{ManifestRef, Registry, RegistryError};

/// What was found.
#[derive(Debug, Clone)]
pub struct Verified {
    /// The reference asked for.
    pub reference: Reference,
    /// The index, or the manifest where there is none.
    pub digest: Digest,
    /// Its platforms.
    pub platforms: Vec<VerifiedPlatform>,
    /// What is wrong; nothing where the image is whole.
    pub problems: Vec<String>,
}

/// One platform of a verified image.
#[derive(Debug, Clone)]
pub struct VerifiedPlatform {
    /// The platform.
    pub platform: Platform,
    /// Its manifest.
    pub manifest: Digest,
    /// Its configuration.
    pub config: Digest,
    /// Number of layers.
    pub layers: usize,
    /// Their compressed size in bytes.
    pub size: u64,
}

impl Verified {
    /// Whether nothing is wrong.
    pub fn is_whole(&self) -> bool {
        self.problems.is_empty()
    }
}

/// Walks an image. With `deep` every blob is read and its digest computed; otherwise the registry is
/// asked for presence and size.
pub async fn verify(
    reference: &Reference,
    deep: bool,
    registry: &dyn Registry,
) -> Result<Verified, OpError> {
    let repository = reference.repository();
    let at = ManifestRef::of(reference);
    let begin = |digest: &Digest| Verified {
        reference: reference.clone(),
        digest: digest.clone(),
        platforms: Vec::new(),
        problems: Vec::new(),
    };
    let raw = match registry.get_manifest(repository, &at).await {
        Ok(Some(raw)) => raw,
        Ok(None) => {
            return Err(OpError::Usage {
                message: format!("`{reference}` does not exist"),
                next: Some(format!("check the name; {} was asked", repository.host())),
            });
        }
        Err(error) => {
            // Content that is there and wrong is what was looked for.
            let RegistryError::WrongDigest { expected, .. } = &error else {
                return Err(error.into());
            };
            let mut verified = begin(expected);
            verified.problems.push(error.to_string());
            return Ok(verified);
        }
    };
    let mut verified = begin(&raw.digest);
    if !raw.media_type.is_index() {
        verified.problems.push(format!(
            "`{reference}` is no index but a {}",
            raw.media_type
        ));
        return Ok(verified);
    }
    let index = match raw.index() {
        Ok(index) => index,
        Err(error) => {
            verified.problems.push(error.to_string());
            return Ok(verified);
        }
    };
    if let Err(faults) = index_is_consistent(&index) {
        verified
            .problems
            .extend(faults.iter().map(ToString::to_string));
    }
    let mut walk = Walk {
        reference,
        deep,
        registry,
        verified,
    };
    for (platform, child) in index.images() {
        walk.platform(platform, child).await?;
    }
    Ok(walk.verified)
}

struct Walk<'a> {
    reference: &'a Reference,
    deep: bool,
    registry: &'a dyn Registry,
    verified: Verified,
}

impl Walk<'_> {
    fn problem(&mut self, platform: Platform, words: impl std::fmt::Display) {
        self.verified.problems.push(format!("{platform}: {words}"));
    }

    /// An answer, or the problem that it is: content that is there and wrong is a finding, a registry
    /// that does not answer is an error.
    fn settle<T>(
        &mut self,
        platform: Platform,
        answer: Result<T, RegistryError>,
    ) -> Result<Option<T>, OpError> {
        match answer {
            Ok(value) => Ok(Some(value)),
            Err(error) if error.is_unavailable() || error.is_denied() => Err(error.into()),
            Err(error) => {
                self.problem(platform, error);
                Ok(None)
            }
        }
    }

    async fn platform(&mut self, platform: Platform, child: &Descriptor) -> Result<(), OpError> {
        let repository = self.reference.repository();
        let at = ManifestRef::Digest(child.digest.clone());
        let answer = self.registry.get_manifest(repository, &at).await;
        let Some(raw) = self.settle(platform, answer)? else {
            return Ok(());
        };
        let Some(raw) = raw else {
            self.problem(platform, format!("manifest {} is not there", child.digest));
            return Ok(());
        };
        if raw.bytes.len() as u64 != child.size {
            let found = raw.bytes.len();
            self.problem(
                platform,
                format!("manifest has {found} bytes, the index says {}", child.size),
            );
        }
        let manifest = match raw.manifest() {
            Ok(manifest) => manifest,
            Err(error) => {
                self.problem(platform, error);
                return Ok(());
            }
        };
        if let Err(faults) = manifest_is_consistent(&manifest) {
            for fault in faults {
                self.problem(platform, fault);
            }
        }
        let wanted = &manifest.config.digest;
        let answer = self.registry.get_blob(repository, wanted, MAX_CONFIG).await;
        match self.settle(platform, answer)? {
            None => {}
            Some(None) => self.problem(platform, format!("configuration {wanted} is not there")),
            Some(Some(bytes)) => match serde_json::from_slice::<ImageConfig>(&bytes) {
                Err(error) => self.problem(platform, format!("configuration: {error}")),
                Ok(config) => {
                    if let Err(faults) = config_fits(&config, &manifest, platform) {
                        for fault in faults {
                            self.problem(platform, fault);
                        }
                    }
                }
            },
        }
        for layer in &manifest.layers {
            self.layer(platform, layer).await?;
        }
        self.verified.platforms.push(VerifiedPlatform {
            platform,
            manifest: child.digest.clone(),
            config: manifest.config.digest.clone(),
            layers: manifest.layers.len(),
            size: manifest.layers_size(),
        });
        Ok(())
    }

    async fn layer(&mut self, platform: Platform, layer: &Descriptor) -> Result<(), OpError> {
        let repository = self.reference.repository();
        let there = if self.deep {
            let answer = self
                .registry
                .check_blob(repository, &layer.digest, layer.size)
                .await;
            self.settle(platform, answer)?
        } else {
            let answer = self.registry.head_blob(repository, &layer.digest).await;
            let size = self.settle(platform, answer)?;
            if let Some(Some(size)) = size
                && size != layer.size
            {
                let words = format!(
                    "layer {} has {size} bytes, not {}",
                    layer.digest, layer.size
                );
                self.problem(platform, words);
            }
            size.map(|size| size.is_some())
        };
        if there == Some(false) {
            self.problem(platform, format!("layer {} is not there", layer.digest));
        }
        Ok(())
    }
}
