//! Whether a published image is whole, index → manifests → configurations → blobs, and whether a kernel of Backend.AI
//! is one that the platform sees and takes.
//!
//! `walk` fetches and finds what every image is asked; `tags` asks for the tags beside it; what is minded of a kernel is
//! for [`crate::lint::image`] to judge.

mod tags;
mod verdict;
mod walk;

use std::collections::BTreeMap;

use super::error::OpError;
use crate::diagnostic::{Findings, Level};
use crate::kernel::Releases;
use crate::lint::Levels;
use crate::lint::image::{CONTENT_PRESENT, ImageFinding, ImageView, Scope, is_kernel, judge};
use crate::oci::{Digest, Platform, Reference};
use crate::registry::{ManifestRef, RawManifest, Registry, RegistryError};
use crate::workspace::Workspace;

pub use verdict::{Checked, Outcome};

/// What to look at, and how closely.
#[derive(Debug, Clone, Default)]
pub struct VerifyOptions {
    /// Whether every blob is read and its digest computed; otherwise the registry is asked for presence and size.
    pub deep: bool,
    /// Whether an image without a label of Backend.AI is asked what kernels are asked.
    pub kernel: bool,
    /// The releases of Backend.AI that count.
    pub releases: Releases,
    /// Levels of what is found.
    pub levels: Levels,
}

impl VerifyOptions {
    /// What a workspace says; `releases` win over its own where there are any.
    pub fn of(workspace: &Workspace, releases: Option<Releases>) -> Self {
        Self {
            deep: false,
            kernel: false,
            releases: releases.unwrap_or_else(|| workspace.releases.clone()),
            // What is wrong with the levels of kiln.yaml is for `lint` to say.
            levels: Levels::new(workspace, &[], &mut Findings::new()),
        }
    }
}

/// What was found.
#[derive(Debug, Clone)]
pub struct Verified {
    /// The reference asked for.
    pub reference: Reference,
    /// The index, or the manifest where there is none.
    pub digest: Digest,
    /// Its platforms.
    pub platforms: Vec<VerifiedPlatform>,
    /// Whether it was asked what kernels are asked.
    pub kernel: bool,
    /// The releases that it was asked for.
    pub releases: Releases,
    /// What was found; nothing where all is well.
    pub findings: Vec<ImageFinding>,
    /// What was asked, and what came of it.
    pub checks: Vec<Checked>,
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
    /// Its labels, where the configuration could be read.
    pub labels: BTreeMap<String, String>,
}

impl Verified {
    /// Whether everything is there and fits.
    pub fn is_whole(&self) -> bool {
        let mut errors = self.errors();
        errors.all(|finding| finding.check.scope != Scope::Any)
    }

    /// Whether nothing is an error.
    pub fn passes(&self) -> bool {
        self.errors().next().is_none()
    }

    /// The findings that are errors, in words.
    pub fn problems(&self) -> Vec<String> {
        self.errors().map(ToString::to_string).collect()
    }

    fn errors(&self) -> impl Iterator<Item = &ImageFinding> {
        let all = self.findings.iter();
        all.filter(|finding| finding.level == Level::Error)
    }
}

/// Looks at an image.
pub async fn verify(
    reference: &Reference,
    options: &VerifyOptions,
    registry: &dyn Registry,
) -> Result<Verified, OpError> {
    let raw = match top(reference, registry).await? {
        Ok(raw) => raw,
        Err((digest, finding)) => {
            // Nothing of it can be believed, so nothing else was asked.
            return Ok(Verified {
                reference: reference.clone(),
                digest,
                platforms: Vec::new(),
                kernel: options.kernel,
                releases: options.releases.clone(),
                checks: verdict::only(&finding),
                findings: vec![finding],
            });
        }
    };
    let mut walked = walk::walk(reference, options.deep, &raw, registry).await?;
    let kernel = options.kernel || is_kernel(&walked.images);
    let mut beside = tags::Beside::default();
    if kernel {
        beside = tags::ask(reference, &raw.digest, &options.releases, registry).await;
        let view = ImageView {
            reference,
            index: walked.index.as_ref().map(|index| (index, &raw.bytes[..])),
            images: &walked.images,
            referrers: &beside.referrers,
            digests: &walked.digests,
            twins: &beside.twins,
            releases: &options.releases,
        };
        walked.findings.extend(judge(&view));
    }
    let mut findings = options.levels.settle_images(walked.findings);
    findings.sort_by_key(|finding| finding.level);
    let asked = verdict::Asked {
        kernel,
        index: walked.index.is_some(),
        tag: reference.tag().is_some(),
        beside: &beside,
    };
    Ok(Verified {
        reference: reference.clone(),
        digest: raw.digest.clone(),
        platforms: walked.platforms,
        kernel,
        releases: options.releases.clone(),
        checks: verdict::of(&asked, &findings),
        findings,
    })
}

/// The document that a reference leads to, or what is wrong with it and the digest that it should have.
async fn top(
    reference: &Reference,
    registry: &dyn Registry,
) -> Result<Result<RawManifest, (Digest, ImageFinding)>, OpError> {
    let repository = reference.repository();
    let at = ManifestRef::of(reference);
    match registry.get_manifest(repository, &at).await {
        Ok(Some(raw)) => Ok(Ok(raw)),
        Ok(None) => Err(OpError::Usage {
            message: format!("`{reference}` does not exist"),
            next: Some(format!("check the name; {} was asked", repository.host())),
        }),
        Err(error) => {
            // Content that is there and wrong is what was looked for.
            let RegistryError::WrongDigest { expected, .. } = &error else {
                return Err(error.into());
            };
            let digest = expected.clone();
            let finding = ImageFinding::new(&CONTENT_PRESENT, error.to_string());
            Ok(Err((digest, finding.help(error.next_step()))))
        }
    }
}
