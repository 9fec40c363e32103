//! Where an image goes: registry, repository, references.

use crate::diagnostic::{Finding, Findings, nearest};
use crate::kernel::check_repository;
use crate::oci::{Packing, Reference, Repository};
use crate::recipe::{Image, finding};
use crate::workspace::{Registry, Workspace};

/// Where an image is published.
#[derive(Debug, Clone)]
pub struct Destination {
    /// The repository; nothing in a workspace without a registry.
    pub repository: Option<Repository>,
    /// Whether the registry is spoken to without TLS.
    pub plain_http: bool,
    /// One reference per tag.
    pub references: Vec<Reference>,
    /// How layers are packed, where the recipe does not say.
    pub packing: Packing,
}

impl Destination {
    /// No registry is named.
    pub(super) fn nowhere(image: &Image) -> Self {
        Self {
            repository: None,
            plain_http: false,
            references: Vec::new(),
            packing: packing(None, image),
        }
    }
}

/// How an image's layers are packed in a registry, where its recipe does not say: as the registry wants them, else by who
/// reads them. Of the engines that run kernels of Backend.AI, and what is in its registries, nobody knows the age.
fn packing(registry: Option<&Registry>, image: &Image) -> Packing {
    if let Some(compression) = registry.and_then(|registry| registry.compression) {
        return Packing::said(compression);
    }
    let is_kernel = image.contents.values().any(|one| one.kernel.is_some());
    if is_kernel || registry.is_some_and(|registry| registry.old_readers) {
        Packing::FOR_OLD_READERS
    } else {
        Packing::USUAL
    }
}

/// A kernel of Backend.AI is found in a project of its registry only.
fn check_project(image: &Image, repository: &Repository, findings: &mut Findings) {
    let mut kernels = image
        .contents
        .values()
        .filter_map(|one| one.kernel.as_ref());
    let Some(kernel) = kernels.next() else {
        return;
    };
    for fault in check_repository(repository.path()) {
        if fault.concerns(&kernel.releases) {
            findings.push(finding(&image.repository.place, &fault));
        }
    }
}

/// Finds the registry that an image names, or the workspace's.
pub(super) fn destination(
    workspace: &Workspace,
    image: &Image,
    findings: &mut Findings,
) -> Destination {
    let Some(name) = image.registry.as_ref().or(workspace.registry.as_ref()) else {
        return Destination::nowhere(image);
    };
    let Some(registry) = workspace.registries.get(&name.value) else {
        let known = workspace.registries.keys().map(String::as_str);
        let message = match nearest(&name.value, known) {
            Some(near) => format!(
                "there is no registry `{}`; did you mean `{near}`?",
                name.value
            ),
            None => format!("there is no registry `{}`", name.value),
        };
        let help = "add it to `registries` in kiln.yaml";
        findings.push(Finding::error(&name.place, message).with_help(help));
        return Destination::nowhere(image);
    };
    let repository = match registry.repository(&image.repository.value) {
        Ok(repository) => repository,
        Err(message) => {
            findings.error(&image.repository.place, message);
            return Destination::nowhere(image);
        }
    };
    check_project(image, &repository, findings);
    let references = image
        .tags
        .iter()
        .map(|tag| Reference::tagged(repository.clone(), tag.value.clone()))
        .collect();
    Destination {
        repository: Some(repository),
        plain_http: registry.plain_http,
        references,
        packing: packing(Some(registry), image),
    }
}
