//! What it costs to pack layers and to push them, by the way of packing: the image is built before, and only leaves the
//! daemon in the measured run. Beside it stands bake, which packs as the daemon does where nobody says otherwise.

use std::collections::BTreeMap;

use super::twins::{List, Pair};
use super::{SIDES, cold, spent};
use crate::lab::{Lab, native};
use crate::measure::{Cost, output};
use crate::table::Row;
use crate::twins::Side;
use crate::{Fallible, Round, Rounds};

const PART: &str = "packing";

/// What is asked for: its name in the table, and the recipe's line.
const WAYS: [(&str, &str); 12] = [
    ("nothing said", ""),
    ("gzip", "compression: {type: gzip}\n"),
    ("gzip 1", "compression: {type: gzip, level: 1}\n"),
    ("gzip 2", "compression: {type: gzip, level: 2}\n"),
    ("gzip 3", "compression: {type: gzip, level: 3}\n"),
    ("gzip 4", "compression: {type: gzip, level: 4}\n"),
    ("gzip 5", "compression: {type: gzip, level: 5}\n"),
    ("zstd 1", "compression: {type: zstd, level: 1}\n"),
    ("zstd", "compression: {type: zstd}\n"),
    ("zstd 7", "compression: {type: zstd, level: 7}\n"),
    ("estargz", "compression: {type: estargz}\n"),
    ("estargz 1", "compression: {type: estargz, level: 1}\n"),
];

/// Runs the part, on the builder's own platform.
pub(crate) fn run(lab: &Lab, rounds: &Rounds) -> Fallible<Vec<Row>> {
    let pair = Pair::new(List::Short, lab)?;
    let mut ours: BTreeMap<usize, Vec<Cost>> = BTreeMap::new();
    let mut sizes: BTreeMap<usize, u64> = BTreeMap::new();
    let (mut theirs, mut size) = (Vec::new(), 0);
    for round in rounds {
        let (cost, bytes) = once(&pair, Side::Bake, "", "bake", round)?;
        theirs.push(cost);
        size = bytes;
        for (number, (name, line)) in WAYS.iter().enumerate() {
            let (cost, bytes) = once(&pair, Side::Kiln, line, name, round)?;
            ours.entry(number).or_default().push(cost);
            sizes.insert(number, bytes);
        }
    }
    let rows = ours.into_iter().map(|(number, costs)| {
        let costs = [costs, theirs.clone()];
        let row = Row::new(PART, WAYS[number].0, "bake", costs, Vec::new())?;
        let bytes = sizes.get(&number).copied().unwrap_or_default();
        Ok(row.with_sizes([bytes, size], None))
    });
    rows.collect()
}

/// Builds the image anew, then measures how it leaves the daemon.
fn once(
    pair: &Pair<'_>,
    side: Side,
    packing: &str,
    name: &str,
    round: &Round,
) -> Fallible<(Cost, u64)> {
    let lab = pair.lab;
    let own = [native()?];
    let nonce = format!("{}-{}", round.nonce, name.replace(' ', "-"));
    pair.refresh(side, &nonce, &own)?;
    pair.pack(side, packing)?;
    output(&mut pair.build_only(side))?;
    lab.daemon.wait();
    let cost = spent::measure(lab, &mut pair.build(side), &lab.log(PART))?;
    round.tell(
        PART,
        name,
        SIDES[usize::from(side == Side::Bake)].name(),
        &cost,
    );
    let size = pair.size(side, &own)?;
    eprintln!("{PART} {name}: {size} bytes");
    if side == Side::Bake {
        pair.forget(side)?;
    }
    cold::forget(lab, &nonce)?;
    Ok((cost, size))
}
