//! Sending files to the daemon, beside buildctl: both ask for the same graph, which copies one folder.
//!
//! Every run has a folder of its own with contents of its own, so the daemon has none of it before. It
//! says afterwards how much it got.

use std::fs::File;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::files::{Tree, fill};
use crate::lab::{Lab, native};
use crate::measure::{Cost, measure, output};
use crate::table::{Figure, Row, Wish};
use crate::twins::workspace;
use crate::{Fallible, Round, Rounds, fault};

const CLIENTS: [&str; 2] = ["kiln", "buildctl"];

/// Runs the part for a tree.
pub(crate) fn run(part: &str, tree: Tree, lab: &Lab, rounds: &Rounds) -> Fallible<Vec<Row>> {
    let mut costs: [Vec<Cost>; 2] = Default::default();
    for round in rounds {
        for side in round.order() {
            let cost = once(part, tree, side, round, lab)?;
            round.tell(part, "send", CLIENTS[side], &cost);
            costs[side].push(cost);
        }
    }
    let wishes = vec![Wish::new(Figure::Wall, 1.0)];
    Ok(vec![Row::new(part, "send", "buildctl", costs, wishes)?])
}

fn once(part: &str, tree: Tree, side: usize, round: &Round, lab: &Lab) -> Fallible<Cost> {
    let client = CLIENTS[side];
    // The name is part of the key under which the daemon keeps its copy.
    let data = format!("data-{}-{client}", round.nonce);
    let folder = lab.folder(&format!("{part}-{client}-{}", round.nonce));
    let bytes = fill(&folder.join(&data), tree, &data)?;
    std::fs::write(folder.join("kiln.yaml"), workspace("image.yaml", lab))?;
    std::fs::write(folder.join("image.yaml"), recipe(&data)?)?;
    let graph = graph(&folder, lab)?;
    let before = kept(lab)?;
    lab.daemon.wait();
    let log = lab.log(&format!("{part}-{client}"));
    let cost = if side == 0 {
        let mut kiln = lab.kiln();
        kiln.args(["build", "--progress", "plain"]);
        measure(kiln.current_dir(&folder), &log)?
    } else {
        let mut buildctl = lab.buildctl();
        let local = format!("context={}", folder.display());
        buildctl.args(["build", "--progress", "plain", "--local", &local]);
        measure(buildctl.stdin(File::open(graph)?), &log)?
    };
    let mut new = kept(lab)?;
    new.retain(|entry| !before.iter().any(|old| old.id == entry.id));
    let is_local = |entry: &&Kept| entry.kind == "source.local" && entry.size >= bytes;
    if !new.iter().any(|entry| is_local(&entry)) {
        let message = format!("{part}: the daemon has no new copy of {bytes} bytes from {client}");
        return Err(fault(message));
    }
    for entry in new.iter().filter(|entry| entry.size >= bytes) {
        let filter = format!("id=={}", entry.id);
        output(lab.buildctl().args(["prune", "--filter", &filter]))?;
    }
    std::fs::remove_dir_all(&folder)?;
    Ok(cost)
}

fn recipe(data: &str) -> Fallible<String> {
    let platform = native()?;
    Ok(format!(
        "kiln: 1\nname: sent\nrepository: kiln-bench/sent\ntags: [\"1\"]\nplatforms: [{platform}]\n\
         base: scratch\nsteps:\n  - copy: {{src: /{data}, to: /data/}}\n"
    ))
}

/// The recipe's graph, as kiln writes it for buildctl.
fn graph(folder: &Path, lab: &Lab) -> Fallible<PathBuf> {
    let mut plan = lab.kiln();
    plan.args(["plan", "--llb", "graph"]).current_dir(folder);
    output(&mut plan)?;
    let mut files = std::fs::read_dir(folder.join("graph"))?.filter_map(Result::ok);
    files
        .find(|file| file.path().extension().is_some_and(|kind| kind == "llb"))
        .map(|file| file.path())
        .ok_or_else(|| fault("kiln wrote no graph"))
}

/// Something that the daemon keeps.
#[derive(Debug, Deserialize)]
struct Kept {
    id: String,
    size: u64,
    #[serde(rename = "recordType")]
    kind: String,
}

fn kept(lab: &Lab) -> Fallible<Vec<Kept>> {
    let text = output(lab.buildctl().args(["du", "--format", "{{json .}}"]))?;
    let kept: Option<Vec<Kept>> = serde_json::from_str(&text)?;
    Ok(kept.unwrap_or_default())
}
