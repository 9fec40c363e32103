//! The time in an image: never the clock's.

use std::collections::BTreeMap;

use crate::lower::{Epoch, Parent, Pins};
use crate::oci::Platform;
use crate::plan::{Plan, Planned};
use crate::recipe::Base;

/// The time of each image of a plan. `known` has the times of those that are published already. Who asks for a time wants the same bytes again.
pub(in crate::ops) fn epochs(
    plan: &Plan,
    pins: &Pins,
    known: &BTreeMap<usize, i64>,
    asked: Option<i64>,
    reproducible: bool,
) -> Vec<Epoch> {
    let reproducible = reproducible || asked.is_some();
    let seconds = seconds(plan, pins, known, asked).into_iter();
    seconds
        .map(|seconds| Epoch {
            seconds,
            reproducible,
        })
        .collect()
}

/// Seconds since 1970 for each image of a plan: what was asked for, else the newest time among its
/// bases on all platforms, so that two platforms agree; 1970 where no base has a time or only an earlier
/// one, since times of files cannot lie before it.
fn seconds(plan: &Plan, pins: &Pins, known: &BTreeMap<usize, i64>, asked: Option<i64>) -> Vec<i64> {
    let mut all: Vec<i64> = Vec::with_capacity(plan.images.len());
    for (number, planned) in plan.images.iter().enumerate() {
        let known = known.get(&number).copied();
        // A platform that is taken as it is has the time of its image, which the others must have as well.
        let epoch = asked.or(known).unwrap_or_else(|| {
            let own = newest(planned, pins);
            // Parents stand before their children, so their times are known.
            let parents = planned
                .parents
                .values()
                .filter_map(|&parent| all.get(parent).copied());
            parents.chain(own).max().unwrap_or(0).max(0)
        });
        all.push(epoch);
    }
    all
}

/// The time of an image that begins with a parent of which nothing was known when the plan's times were
/// chosen, as of a Dockerfile: not before the parent's, unless a time was asked for.
pub(super) fn not_before(epoch: Epoch, parent: &Parent) -> Epoch {
    match time_of(parent) {
        Some(seconds) if !epoch.reproducible && seconds > epoch.seconds => {
            Epoch { seconds, ..epoch }
        }
        _ => epoch,
    }
}

/// The time in a finished image, in seconds since 1970.
pub(super) fn time_of(parent: &Parent) -> Option<i64> {
    let config = match parent {
        Parent::Published(pin) => &pin.config,
        Parent::Laid(pin) => &pin.config,
        Parent::Graph(lowered) => &lowered.config,
    };
    let created = config.created.as_ref()?.parse::<jiff::Timestamp>().ok()?;
    Some(created.as_second())
}

/// The newest base. Of platforms that are not built a pin may be there as well, where a builder is of one.
fn newest(planned: &Planned, pins: &Pins) -> Option<i64> {
    let mut times = Vec::new();
    let built = |it: &(&Platform, _)| planned.platforms.contains(it.0);
    for (platform, content) in planned.image.contents.iter().filter(built) {
        for base in content.bases() {
            let created = match &base.value {
                Base::Image(reference) => pins
                    .image(reference, *platform)
                    .and_then(|pin| pin.config.created.clone()),
                Base::Oci { folder, tag } => pins
                    .layout(folder, tag, *platform)
                    .and_then(|pin| pin.config.created.clone()),
                _ => None,
            };
            times.extend(created.and_then(|text| text.parse::<jiff::Timestamp>().ok()));
        }
    }
    times.into_iter().map(jiff::Timestamp::as_second).max()
}
