//! Indexes as Backend.AI reads them, and the checks that general faults of documents belong to.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::finding::ImageFinding;
use super::{any, kernel};
use crate::diagnostic::Level;
use crate::kernel::{Range, Releases};
use crate::oci::validate::Fault;
use crate::oci::{Descriptor, Index, MediaType, Platform, WirePlatform};

/// The annotations by which an attestation says what it is and what it is about.
const REFERENCE: [&str; 2] = ["vnd.docker.reference.type", "vnd.docker.reference.digest"];

/// The architectures that the platform has agents for.
const AGENTS: [&str; 2] = ["amd64", "arm64"];

/// Releases up to one, by name.
pub(super) fn before(release: &str) -> Range {
    Range {
        from: None,
        until: release.parse().ok(),
    }
}

/// The finding for a fault of a document. `is_manifest` tells an index's faults from those of the manifests in it.
pub fn of_fault(fault: &Fault, is_manifest: bool) -> ImageFinding {
    let check = match fault {
        Fault::SchemaVersion { .. } | Fault::MediaType { .. } if is_manifest => &any::MANIFEST_FORM,
        Fault::SchemaVersion { .. } | Fault::MediaType { .. } => &any::INDEX_FORM,
        Fault::NoEntries | Fault::EntryType { .. } | Fault::EntrySize { .. } => &any::INDEX_ENTRIES,
        Fault::MixedFamilies { .. } => &any::INDEX_ONE_FAMILY,
        Fault::NoPlatform { .. } => &any::ENTRY_PLATFORM,
        Fault::DoubledPlatform { .. } => &any::ENTRY_DISTINCT,
        Fault::StrayAttestation { .. } => &any::ATTESTATION_SUBJECT,
        Fault::ConfigType { .. } => &any::MANIFEST_FORM,
        Fault::LayerCount { .. } | Fault::HistoryCount { .. } => &any::CONFIG_LAYERS,
        Fault::Platform { .. } => &any::CONFIG_PLATFORM,
    };
    let finding = ImageFinding::new(check, fault.to_string());
    match fault {
        Fault::NoPlatform { .. } => finding.help(
            "push the index again with a platform on every entry; what is no image belongs in a tag of its own",
        ),
        Fault::MixedFamilies { .. } => {
            finding.help("push all of it as OCI, or all of it with Docker's media types")
        }
        Fault::DoubledPlatform { .. } => finding.help("leave one of them in the index"),
        _ => finding,
    }
}

/// What the platform minds of an index.
pub(super) fn check(
    index: &Index,
    bytes: &[u8],
    releases: &Releases,
    findings: &mut Vec<ImageFinding>,
) {
    let annotated = annotated(bytes);
    for (number, entry) in index.manifests.iter().enumerate() {
        if entry.is_attestation() {
            findings.extend(attestation(entry));
        } else if !entry.media_type.is_index() {
            // The platform asks for the key, whatever it holds.
            if annotated.get(number).copied().unwrap_or_default() {
                findings.push(annotations(entry));
            }
            findings.extend(platform(entry));
        }
    }
    findings.extend(architectures(index));
    let old = before("25.10");
    if index.media_type == MediaType::OciIndex && old.concerns(releases) {
        let message = "the index is of the OCI type, which a plain registry on distribution 2.x does not show these";
        findings.push(
            ImageFinding::new(&kernel::INDEX_MEDIA_TYPE, message)
                .within(old)
                .help("nothing has to be done where the registry is Harbor or distribution 3.x"),
        );
    }
}

/// Which entries have the key `annotations`, also an empty object or null.
fn annotated(bytes: &[u8]) -> Vec<bool> {
    let document: Value = serde_json::from_slice(bytes).unwrap_or_default();
    let entries = document.get("manifests").and_then(Value::as_array);
    let has = |entry: &Value| entry.get("annotations").is_some();
    entries.into_iter().flatten().map(has).collect()
}

fn annotations(entry: &Descriptor) -> ImageFinding {
    let keys = entry.annotations.iter().flatten().map(|(key, _)| key);
    let keys: Vec<&str> = keys.map(String::as_str).take(3).collect();
    let what = if keys.is_empty() {
        "empty annotations".to_owned()
    } else {
        format!("annotations ({})", keys.join(", "))
    };
    let message = format!(
        "the entry has {what}, and the scanner of plain registries passes over it: this platform is lost"
    );
    ImageFinding::new(&kernel::ENTRY_ANNOTATIONS, message)
        .on(named(entry))
        .help("annotate the index as a whole, or the manifest, and leave its entries bare")
}

fn attestation(entry: &Descriptor) -> Option<ImageFinding> {
    let at = &entry.digest;
    let (level, message) = match &entry.platform {
        None => (
            Level::Error,
            format!("attestation {at} has no platform, and fails the scan of the tag"),
        ),
        Some(wire) if wire.os != "unknown" || wire.architecture != "unknown" => (
            Level::Error,
            format!(
                "attestation {at} has the platform {}, and Harbor's scanner takes it for an image",
                words(wire)
            ),
        ),
        Some(_) => {
            let has = |key: &str| {
                let notes = entry.annotations.as_ref();
                notes.is_some_and(|notes| notes.contains_key(key))
            };
            let lacking = REFERENCE.into_iter().find(|key| !has(key))?;
            // The scanner looks for any annotation, and not into it.
            if entry.annotations.is_some() {
                let message = format!("attestation {at} has no annotation {lacking}");
                (Level::Warning, message)
            } else {
                let message = format!(
                    "attestation {at} has no annotations, and is taken for an image of the architecture `unknown`"
                );
                (Level::Error, message)
            }
        }
    };
    Some(
        ImageFinding::new(&kernel::ATTESTATION_FORM, message)
            .level(level)
            .help("push attestations as BuildKit writes them, or leave them out"),
    )
}

/// A system or architecture without an agent.
fn platform(entry: &Descriptor) -> Option<ImageFinding> {
    let wire = entry.platform.as_ref()?;
    if wire.os != "linux" {
        let message = format!("no agent runs images for {}", wire.os);
        let finding = ImageFinding::new(&kernel::ENTRY_ARCHITECTURE, message);
        return Some(finding.on(words(wire)).help("leave it out of the index"));
    }
    if AGENTS.contains(&wire.architecture.as_str()) {
        return None;
    }
    let message = format!("the platform has no agent for {}", wire.architecture);
    let finding = ImageFinding::new(&kernel::ENTRY_ARCHITECTURE, message);
    Some(finding.level(Level::Warning).on(words(wire)))
}

/// Entries that the platform cannot tell apart, though others can.
fn architectures(index: &Index) -> Vec<ImageFinding> {
    let mut all: BTreeMap<&str, BTreeSet<Platform>> = BTreeMap::new();
    for entry in &index.manifests {
        if entry.is_attestation() || entry.media_type.is_index() {
            continue;
        }
        let wire = entry.platform.as_ref();
        if let Some(Ok(platform)) = wire.map(Platform::try_from) {
            // What is not for linux has its own finding.
            let own = (platform.os() == "linux").then_some(platform);
            all.entry(platform.architecture()).or_default().extend(own);
        }
    }
    let many = all.into_iter().filter(|(_, platforms)| platforms.len() > 1);
    many.map(|(architecture, platforms)| {
        let names: Vec<String> = platforms.iter().map(ToString::to_string).collect();
        let message = format!(
            "{} are all {architecture} to the platform, which keeps the last of them",
            names.join(" and ")
        );
        ImageFinding::new(&kernel::ENTRY_ARCHITECTURE, message)
            .help("leave one of them in the index, and give the others tags of their own")
    })
    .collect()
}

/// A platform as it is written.
fn words(wire: &WirePlatform) -> String {
    let parts = [
        Some(&wire.os),
        Some(&wire.architecture),
        wire.variant.as_ref(),
    ];
    let parts: Vec<&str> = parts.into_iter().flatten().map(String::as_str).collect();
    parts.join("/")
}

/// What an entry is called: by its platform, normalised where it is known, else by its digest.
fn named(entry: &Descriptor) -> String {
    match entry.platform.as_ref() {
        Some(wire) => Platform::try_from(wire).map_or_else(|_| words(wire), |it| it.to_string()),
        None => entry.digest.to_string(),
    }
}
