//! How long the programs take to start: to say their version, and to plan twenty images without asking
//! anybody.

use crate::lab::Lab;
use crate::measure::{Cost, measure};
use crate::table::Row;
use crate::twins::{Side, Twin};
use crate::{Fallible, Rounds};

const PART: &str = "start";
/// Runs of a round: they take milliseconds.
const RUNS: usize = 10;

/// Runs the part.
pub(crate) fn run(lab: &Lab, rounds: &Rounds) -> Fallible<Vec<Row>> {
    let kiln = Twin::new(Side::Kiln, 20, lab)?;
    let bake = Twin::new(Side::Bake, 20, lab)?;
    kiln.refresh("start")?;
    bake.refresh("start")?;
    let asks: [(&str, [&[&str]; 2]); 2] = [
        ("version", [&["--version"], &["version"]]),
        ("plan of 20", [&["plan"], &["bake", "--print"]]),
    ];
    let mut rows = Vec::new();
    for (what, arguments) in asks {
        let mut costs: [Vec<Cost>; 2] = Default::default();
        for round in rounds {
            for side in round.order().into_iter().cycle().take(2 * RUNS) {
                let (mut command, twin) = if side == 0 {
                    (lab.kiln(), &kiln)
                } else {
                    (lab.buildx(), &bake)
                };
                command.args(arguments[side]).current_dir(&twin.folder);
                costs[side].push(measure(&mut command, &lab.log(PART))?);
            }
        }
        rows.push(Row::new(PART, what, "buildx", costs, Vec::new())?);
    }
    Ok(rows)
}
