//! Nothing of an earlier run: what the daemon keeps, and taking it away.

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::lab::Lab;
use crate::measure::output;
use crate::{Fallible, fault};

/// How the daemon calls a cache mount.
const MOUNT: &str = "exec.cachemount";
/// What stands in the daemon's words about the mount in which kiln keeps compiled Python modules.
const COMPILED: &str = "pyc";

/// Something that the daemon keeps.
#[derive(Debug, Deserialize)]
struct Kept {
    id: String,
    #[serde(default)]
    description: String,
    #[serde(rename = "recordType")]
    kind: String,
    /// What it was made on.
    parents: Option<Vec<String>>,
}

fn all(lab: &Lab) -> Fallible<Vec<Kept>> {
    let text = output(lab.buildctl().args(["du", "--format", "{{json .}}"]))?;
    let all: Option<Vec<Kept>> = serde_json::from_str(&text)?;
    Ok(all.unwrap_or_default())
}

/// Takes every cache mount away, whoever made it: lists, archives, wheels. Compiled modules may stay.
pub(super) fn clear_mounts(lab: &Lab, compiled_stay: bool) -> Fallible<()> {
    let goes =
        |kept: &Kept| kept.kind == MOUNT && !(compiled_stay && kept.description.contains(COMPILED));
    let ids = |all: Vec<Kept>| all.into_iter().filter(goes).map(|kept| kept.id).collect();
    prune(lab, ids(all(lab)?))?;
    let left: Vec<String> = ids(all(lab)?);
    if left.is_empty() {
        return Ok(());
    }
    let message = format!(
        "{} cache mounts are in use: is the daemon yours alone?",
        left.len()
    );
    Err(fault(message))
}

/// Takes a base away, by a word in what the daemon says of it, and all that was made on it.
pub(super) fn forget(lab: &Lab, nonce: &str) -> Fallible<()> {
    let all = all(lab)?;
    let bases = all.iter().filter(|kept| kept.description.contains(nonce));
    let mut goes: BTreeSet<&String> = bases.map(|kept| &kept.id).collect();
    loop {
        let above = all.iter().filter(|kept| {
            let mut parents = kept.parents.iter().flatten();
            !goes.contains(&kept.id) && parents.any(|parent| goes.contains(parent))
        });
        let above: Vec<&String> = above.map(|kept| &kept.id).collect();
        if above.is_empty() {
            break;
        }
        goes.extend(above);
    }
    prune(lab, goes.into_iter().cloned().collect())
}

fn prune(lab: &Lab, ids: Vec<String>) -> Fallible<()> {
    if ids.is_empty() {
        return Ok(());
    }
    let filters = ids
        .into_iter()
        .flat_map(|id| ["--filter".to_owned(), format!("id=={id}")]);
    output(lab.buildctl().arg("prune").args(filters)).map(drop)
}
