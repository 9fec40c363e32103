//! One image for two platforms on a builder that is of one of them, beside bake: a long apt list and a long pip list,
//! nothing in any cache. For the platform that is foreign to the builder bake emulates both steps; kiln lets programs of
//! the builder's platform do them.
//!
//! Each run begins with a base that nobody has built on, which makes every step new, and without any cache mount of the
//! daemon. The builder's own platform is measured by itself as well: what helps one platform must not harm the other.

mod cold;
pub(crate) mod packing;
mod spent;
mod steps;
mod twins;

use std::collections::BTreeMap;
use std::time::Duration;

use crate::lab::{Lab, native};
use crate::measure::Cost;
use crate::table::{Figure, Row, Wish};
use crate::twins::Side;
use crate::{Fallible, Round, Rounds, fault};

use self::steps::Step;
pub(crate) use self::twins::List;
use self::twins::Pair;

const SIDES: [Side; 2] = [Side::Kiln, Side::Bake];

/// What a run is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Scope {
    /// Both platforms.
    Both,
    /// Both platforms, where compiled Python modules are known from an earlier run. Only kiln keeps any.
    Compiled,
    /// The builder's own platform.
    Own,
}

impl Scope {
    const fn name(self) -> &'static str {
        match self {
            Scope::Both => "both",
            Scope::Compiled => "both, compiled before",
            Scope::Own => "own",
        }
    }
}

/// A row: its run, its step and platform (`true`: the foreign one) or the whole, and the promised ratio.
type Line = (Scope, Option<(Step, bool)>, f64);

/// What is promised; what is not faster by a promise is not slower.
const LINES: [Line; 13] = [
    (Scope::Both, None, 0.25),
    (Scope::Both, Some((Step::Apt, true)), 0.33),
    (Scope::Both, Some((Step::Pip, true)), 0.1),
    (Scope::Both, Some((Step::Apt, false)), 1.0),
    // Beside the foreign platform's apt, which needs one of two cores; alone it is below.
    (Scope::Both, Some((Step::Pip, false)), 1.0),
    (Scope::Compiled, None, 0.25),
    (Scope::Compiled, Some((Step::Apt, true)), 0.33),
    (Scope::Compiled, Some((Step::Pip, true)), 0.04),
    (Scope::Compiled, Some((Step::Apt, false)), 1.0),
    (Scope::Compiled, Some((Step::Pip, false)), 0.55),
    (Scope::Own, None, 1.0),
    (Scope::Own, Some((Step::Apt, false)), 1.0),
    (Scope::Own, Some((Step::Pip, false)), 0.55),
];
/// The largest ratio of what the steps add to an image, packed.
const SIZE: f64 = 1.15;

/// What each of two sides spent, by run and step.
type Sheet = BTreeMap<(Scope, Option<(Step, bool)>), [Vec<Cost>; 2]>;

/// Runs the part with a list of libraries.
pub(crate) fn run(list: List, lab: &Lab, rounds: &Rounds) -> Fallible<Vec<Row>> {
    let pair = Pair::new(list, lab)?;
    let mut sheet = Sheet::new();
    let mut sizes: BTreeMap<(Scope, usize), u64> = BTreeMap::new();
    for round in rounds {
        for scope in [Scope::Both, Scope::Own] {
            for side in round.order() {
                let done = once(&pair, scope, side, round)?;
                sizes.insert((scope, side), done.size);
                enter(&mut sheet, scope, side, &done);
                if scope == Scope::Both && SIDES[side] == Side::Kiln {
                    let again = once(&pair, Scope::Compiled, side, round)?;
                    sizes.insert((Scope::Compiled, side), again.size);
                    enter(&mut sheet, Scope::Compiled, side, &again);
                }
            }
            if scope == Scope::Both {
                pair.check_alike()?;
            }
        }
    }
    let rows = LINES.iter().map(|line| row(line, &pair, &sheet, &sizes));
    rows.collect()
}

/// What a run spent.
struct Done {
    whole: Cost,
    steps: BTreeMap<(Step, bool), Duration>,
    /// Bytes that the steps added to the image, packed, on all platforms.
    size: u64,
}

fn once(pair: &Pair<'_>, scope: Scope, side: usize, round: &Round) -> Fallible<Done> {
    let (lab, part) = (pair.lab, pair.list.part());
    let name = SIDES[side].name();
    cold::clear_mounts(lab, scope == Scope::Compiled)?;
    let nonce = format!("{}-{name}-{}", round.nonce, scope as usize);
    let own = native()?;
    let platforms = match scope {
        Scope::Both | Scope::Compiled => crate::twins::PLATFORMS.to_vec(),
        Scope::Own => vec![own],
    };
    pair.refresh(SIDES[side], &nonce, &platforms)?;
    lab.daemon.wait();
    let log = lab.log(&format!("{part}-{name}"));
    let whole = spent::measure(lab, &mut pair.build(SIDES[side]), &log)?;
    round.tell(part, scope.name(), name, &whole);
    let all = steps::read(SIDES[side], &log)?;
    let steps = steps::wanted(SIDES[side], &all, platforms.len() == 2, own)?;
    for step in &all {
        step.tell(part, scope.name(), name);
    }
    let size = pair.size(SIDES[side], &platforms)?;
    if SIDES[side] == Side::Bake {
        pair.forget(SIDES[side])?;
    }
    cold::forget(lab, &nonce)?;
    Ok(Done { whole, steps, size })
}

fn enter(sheet: &mut Sheet, scope: Scope, side: usize, done: &Done) {
    let mut add = |what, cost| sheet.entry((scope, what)).or_default()[side].push(cost);
    add(None, done.whole);
    for (&step, &wall) in &done.steps {
        add(Some(step), Cost::of_wall(wall));
    }
}

fn row(
    &(scope, what, at_most): &Line,
    pair: &Pair<'_>,
    sheet: &Sheet,
    sizes: &BTreeMap<(Scope, usize), u64>,
) -> Fallible<Row> {
    // bake has nothing to find in a cache, so one run of it stands beside both of kiln's.
    let beside = if scope == Scope::Compiled {
        Scope::Both
    } else {
        scope
    };
    let of = |scope, side: usize| {
        let costs = sheet.get(&(scope, what)).map(|costs| costs[side].clone());
        costs.ok_or_else(|| fault(format!("nothing was measured of {}", scope.name())))
    };
    let words = match what {
        None => format!("{}: whole", scope.name()),
        Some((step, foreign)) => {
            let platform = twins::platform(foreign)?;
            format!("{}: {} {platform}", scope.name(), step.name())
        }
    };
    let costs = [of(scope, 0)?, of(beside, 1)?];
    let wishes = vec![Wish::new(Figure::Wall, at_most)];
    let row = Row::new(pair.list.part(), &words, "bake", costs, wishes)?;
    Ok(
        match (what, sizes.get(&(scope, 0)), sizes.get(&(beside, 1))) {
            (None, Some(&ours), Some(&theirs)) => row.with_sizes([ours, theirs], Some(SIZE)),
            _ => row,
        },
    )
}
