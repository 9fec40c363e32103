//! Recipes that are meant to do harm beside a harmless one of the same size: how many times longer does kiln
//! take to refuse them?

use std::path::Path;

use crate::families::{Family, all, harmless};
use crate::lab::Lab;
use crate::measure::{Cost, measure_ending};
use crate::table::{Figure, Row, Wish};
use crate::{Fallible, Rounds, fault};

const PART: &str = "hostile";
/// How many times a harmless file's time a hostile one may take.
const TIMES: f64 = 20.0;
/// kiln ends with 0 where the file is a recipe like others, else with 2.
const CODES: [i32; 2] = [0, 2];

/// Runs the part.
pub(crate) fn run(lab: &Lab, rounds: &Rounds) -> Fallible<Vec<Row>> {
    let folder = lab.folder(PART);
    std::fs::create_dir_all(&folder)?;
    let good = cost(lab, &folder, &harmless(), rounds)?;
    let mut rows = Vec::new();
    for Family { name, text, says } in all() {
        let bad = cost(lab, &folder, &text, rounds)?;
        let told = std::fs::read_to_string(lab.log(PART))?;
        if !told.contains(says) {
            return Err(fault(format!("{name}: `{says}` is not said")));
        }
        let wishes = vec![Wish::new(Figure::Wall, TIMES)];
        let costs = [bad, good.clone()];
        rows.push(Row::new(PART, name, "harmless", costs, wishes)?);
    }
    Ok(rows)
}

fn cost(lab: &Lab, folder: &Path, text: &str, rounds: &Rounds) -> Fallible<Vec<Cost>> {
    std::fs::write(folder.join("r.yaml"), text)?;
    let mut costs = Vec::new();
    for _ in rounds {
        let mut kiln = lab.kiln();
        kiln.arg("plan").current_dir(folder);
        costs.push(measure_ending(&mut kiln, &lab.log(PART), &CODES)?);
    }
    Ok(costs)
}
