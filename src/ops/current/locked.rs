//! What the lock says of what a leg takes from elsewhere, besides images.

use std::collections::BTreeMap;

use crate::diagnostic::Finding;
use crate::lock::Lock;
use crate::lower::LocalFiles;
use crate::oci::{Digest, Platform};
use crate::ops::lock::needs_of;
use crate::recipe::Content;
use crate::text::Place;

/// Pins by names for them: the digest of each, and where it is asked for.
type Pinned = BTreeMap<String, (Digest, Option<Place>)>;

/// The digest of each pin by a name for it, and where it is asked for. What the lock does not have has none.
pub(super) fn locked(
    content: &Content,
    platform: Platform,
    files: &LocalFiles,
    lock: &Lock,
) -> Result<Pinned, Vec<Finding>> {
    let needs = needs_of(content, platform, files)?;
    let mut all = BTreeMap::new();
    let mut add = |name: String, pin: Digest, places: &[Place]| {
        all.insert(name, (pin, places.first().cloned()));
    };
    for (url, places) in &needs.fetch {
        if let Some(checksum) = lock.fetch(url) {
            add(format!("fetch {url}"), checksum.clone(), places);
        }
    }
    for ((url, reference), places) in &needs.git {
        if let Some(commit) = lock.git(url, reference) {
            let commit = Digest::sha256_of(commit.as_bytes());
            add(format!("git {url} {reference}"), commit, places);
        }
    }
    for ((id, platform), places) in &needs.pip {
        if let Some(list) = lock.pip(id, *platform) {
            let mut text = list.python.clone();
            for package in &list.packages {
                text.push('\n');
                text.push_str(&package.requirement);
                for hash in &package.hashes {
                    text.push(' ');
                    text.push_str(&hash.to_string());
                }
            }
            let list = Digest::sha256_of(text.as_bytes());
            add(format!("pip {id} {platform}"), list, places);
        }
    }
    Ok(all)
}
