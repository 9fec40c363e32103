//! What it costs that an image is the same bytes wherever and whenever it is built: kiln beside itself,
//! with `reproducible: true` and without, on one image whose program step leaves a few hundred megabytes.

use std::path::PathBuf;
use std::process::Command;

use crate::lab::{Lab, native};
use crate::measure::{Cost, measure};
use crate::table::Row;
use crate::twins::{prune, workspace};
use crate::{Fallible, Rounds};

const PART: &str = "reproducible";
/// What each side is called, and what stands in its `kiln.yaml`.
const SIDES: [(&str, &str); 2] = [
    ("with", "defaults: {reproducible: true}\n"),
    ("without", ""),
];

/// Runs the part.
pub(crate) fn run(lab: &Lab, rounds: &Rounds) -> Fallible<Vec<Row>> {
    let mut cold: [Vec<Cost>; 2] = Default::default();
    let mut unchanged: [Vec<Cost>; 2] = Default::default();
    for round in rounds {
        for side in round.order() {
            let (name, defaults) = SIDES[side];
            let nonce = format!("{}-{name}", round.nonce);
            let folder = image(lab, name, defaults, &nonce)?;
            for (what, costs) in [("cold", &mut cold), ("unchanged", &mut unchanged)] {
                lab.daemon.wait();
                let cost = measure(&mut build(lab, &folder), &lab.log(PART))?;
                round.tell(PART, what, name, &cost);
                costs[side].push(cost);
            }
            prune(lab, &nonce)?;
        }
    }
    let row = |what, costs| Row::new(PART, what, "without", costs, Vec::new());
    Ok(vec![row("cold", cold)?, row("unchanged", unchanged)?])
}

/// A workspace with one image, whose one step was never run.
fn image(lab: &Lab, name: &str, defaults: &str, nonce: &str) -> Fallible<PathBuf> {
    let folder = lab.folder(&format!("{PART}-{name}"));
    std::fs::create_dir_all(&folder)?;
    let kiln = format!("{}{defaults}", workspace("image.yaml", lab));
    std::fs::write(folder.join("kiln.yaml"), kiln)?;
    let recipe = format!(
        "kiln: 1\nname: cost\nrepository: kiln-bench/{PART}-{name}\ntags: [\"1\"]\n\
         platforms: [{platform}]\nbase: {registry}/library/python:3.11-slim\nsteps:\n\
         \x20 - run: cp -a /usr /eins; cp -a /usr /zwei; echo größe {nonce} > /round\n",
        platform = native()?,
        registry = lab.registry,
    );
    std::fs::write(folder.join("image.yaml"), recipe)?;
    Ok(folder)
}

fn build(lab: &Lab, folder: &PathBuf) -> Command {
    let mut kiln = lab.kiln();
    kiln.args(["build", "--push", "--progress", "plain"])
        .current_dir(folder);
    kiln
}
