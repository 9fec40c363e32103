//! Ten times ten times three images from nothing: the case that bake is known to be slow at
//! (docker/buildx issue 3810). It is all overhead, there is nothing to build.

use serde_json::{Map, json};

use crate::lab::{Lab, native};
use crate::measure::{Cost, measure};
use crate::table::{Figure, Row, Wish};
use crate::twins::{Side, bake, forget, workspace, write_bake_file};
use crate::{Fallible, Rounds};

const PART: &str = "scratch-300";

/// Runs the part.
pub(crate) fn run(lab: &Lab, rounds: &Rounds) -> Fallible<Vec<Row>> {
    let folders =
        [Side::Kiln, Side::Bake].map(|side| lab.folder(&format!("{PART}-{}", side.name())));
    for folder in &folders {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(folders[0].join("kiln.yaml"), workspace("all.yaml", lab))?;
    std::fs::write(folders[0].join("all.yaml"), recipe()?)?;
    write_bake_file(&folders[1], &targets())?;
    let mut costs: [Vec<Cost>; 2] = Default::default();
    for round in rounds {
        for side in round.order() {
            let name = [Side::Kiln, Side::Bake][side].name();
            let folder = &folders[side];
            let log = lab.log(&format!("{PART}-{name}"));
            lab.daemon.wait();
            let cost = if side == 0 {
                let mut kiln = lab.kiln();
                kiln.args(["build", "--progress", "plain"]);
                measure(kiln.current_dir(folder), &log)?
            } else {
                let cost = measure(&mut bake(lab, folder), &log)?;
                forget(lab, folder)?;
                cost
            };
            round.tell(PART, "all", name, &cost);
            costs[side].push(cost);
        }
    }
    let wishes = vec![Wish::new(Figure::Wall, 1.0)];
    Ok(vec![Row::new(PART, "all", "bake", costs, wishes)?])
}

/// For the builder's own platform, as bake does where none is named.
fn recipe() -> Fallible<String> {
    let platform = native()?;
    let ten = "[\"1\", \"2\", \"3\", \"4\", \"5\", \"6\", \"7\", \"8\", \"9\", \"10\"]";
    Ok(format!(
        "kiln: 1\nname: all\nrepository: kiln-bench/scratch\n\
         tags: [\"${{{{ a }}}}-${{{{ b }}}}-${{{{ c }}}}\"]\nplatforms: [{platform}]\n\
         axes: {{a: {ten}, b: {ten}, c: [\"1\", \"2\", \"3\"]}}\nbase: scratch\n"
    ))
}

fn targets() -> Map<String, serde_json::Value> {
    let mut targets = Map::new();
    for a in 1..=10 {
        for b in 1..=10 {
            for c in 1..=3 {
                let target = json!({"dockerfile-inline": "FROM scratch", "tags": [format!("{a}-{b}:latest{c}")]});
                targets.insert(format!("t{a}-{b}-{c}"), target);
            }
        }
    }
    targets
}
