//! OCI layouts in the workspace as bases.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::load::Loaded;
use crate::diagnostic::{Finding, Findings};
use crate::lower::{PinnedLayout, Pins};
use crate::oci::layout::{INDEX, REF_NAME, blob_path};
use crate::oci::{Descriptor, Digest, ImageConfig, Index, Manifest, Platform};
use crate::plan::Plan;
use crate::recipe::Base;
use crate::text::Place;

/// The name under which a session serves a layout: it ends up in graphs, so it depends on the folder's
/// place in the workspace and on nothing else.
fn store(folder: &str) -> String {
    format!(
        "layout-{}",
        &Digest::sha256_of(folder.as_bytes()).hex()[..12]
    )
}

/// Every layout that images of a workspace begin with, by the name of its store.
pub(super) fn layouts(loaded: &Loaded) -> BTreeMap<String, PathBuf> {
    let contents = loaded
        .images
        .iter()
        .flat_map(|image| image.contents.values());
    contents
        .flat_map(|content| content.bases())
        .filter_map(|base| match &base.value {
            Base::Oci { folder, .. } => Some((store(folder), loaded.workspace.root.join(folder))),
            _ => None,
        })
        .collect()
}

/// Resolves the layouts that a plan's legs begin with.
pub(super) fn resolve_layouts(plan: &Plan, root: &Path, pins: &mut Pins, findings: &mut Findings) {
    for planned in &plan.images {
        let platforms: BTreeSet<Platform> = planned.platforms.iter().copied().collect();
        for platform in platforms {
            for base in planned.image.contents[&platform].bases() {
                let Base::Oci { folder, tag } = &base.value else {
                    continue;
                };
                match resolve(&root.join(folder), tag, platform) {
                    Ok(found) => {
                        let pin = PinnedLayout {
                            store: store(folder),
                            ..found
                        };
                        pins.add_layout(folder, tag, platform, pin);
                    }
                    Err(why) => wrong(findings, &base.place, &format!("{folder}:{tag}"), &why),
                }
            }
        }
    }
}

fn wrong(findings: &mut Findings, place: &Place, name: &str, why: &str) {
    findings.push(
        Finding::error(
            place,
            format!("the OCI layout `{name}` cannot be used: {why}"),
        )
        .with_help(
            "a layout is a folder with `index.json` and `blobs/`; its tags are listed there",
        ),
    );
}

fn resolve(folder: &Path, tag: &str, platform: Platform) -> Result<PinnedLayout, String> {
    let top: Index = parse(&read(&folder.join(INDEX))?)?;
    let named = |entry: &&Descriptor| {
        let name = entry.annotations.as_ref().and_then(|all| all.get(REF_NAME));
        name.is_some_and(|name| name == tag)
    };
    let entry = top.manifests.iter().find(named).ok_or_else(|| {
        let names: Vec<String> = top
            .manifests
            .iter()
            .filter_map(|entry| entry.annotations.as_ref()?.get(REF_NAME).cloned())
            .collect();
        format!("it has no tag `{tag}`, only {}", names.join(", "))
    })?;
    let digest = entry.digest.clone();
    let manifest = if entry.media_type.is_index() {
        let index: Index = parse(&blob(folder, &digest)?)?;
        let images = index.images();
        let child = images.get(&platform).map(|child| child.digest.clone());
        child.ok_or_else(|| format!("it has no {platform}"))?
    } else {
        digest.clone()
    };
    let parsed: Manifest = parse(&blob(folder, &manifest)?)?;
    let config_bytes = blob(folder, &parsed.config.digest)?;
    let config: ImageConfig = parse(&config_bytes)?;
    match config.platform() {
        Ok(says) if says == platform => {}
        Ok(says) => return Err(format!("it is for {says}, not for {platform}")),
        Err(error) => return Err(error.to_string()),
    }
    Ok(PinnedLayout {
        store: String::new(),
        digest,
        manifest,
        config,
        config_bytes,
    })
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(path).map_err(|error| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        format!("`{name}`: {error}")
    })
}

fn blob(folder: &Path, digest: &Digest) -> Result<Vec<u8>, String> {
    let bytes = read(&folder.join(blob_path(digest)))?;
    if digest.same_algorithm_of(&bytes) == *digest {
        Ok(bytes)
    } else {
        Err(format!("the content of {digest} is damaged"))
    }
}

fn parse<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    serde_json::from_slice(bytes).map_err(|error| error.to_string())
}
