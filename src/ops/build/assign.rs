//! Which builder makes which platform.

use std::collections::{BTreeMap, BTreeSet};

use crate::buildkit::BuildkitError;
use crate::oci::Platform;
use crate::ops::connect::Ready;
use crate::ops::error::OpError;
use crate::plan::Plan;

/// The builder for each platform, as a position among the ready ones: the first that has it natively,
/// else the first that has it at all.
pub(super) fn assign(
    plan: &Plan,
    builders: &[Ready],
) -> Result<BTreeMap<Platform, usize>, OpError> {
    let mut assigned = BTreeMap::new();
    for leg in plan.legs() {
        if assigned.contains_key(&leg.platform) {
            continue;
        }
        let all = builders
            .iter()
            .map(|ready| (ready.info.native, &ready.platforms[..]));
        match choose(all, leg.platform) {
            Some(index) => {
                assigned.insert(leg.platform, index);
            }
            None => return Err(nobody(builders, leg.platform)),
        }
    }
    Ok(assigned)
}

/// The position of the builder that makes a platform, among builders that are told by their own platform and by
/// those that they are used for.
pub(in crate::ops) fn choose<'a>(
    builders: impl Iterator<Item = (Platform, &'a [Platform])>,
    platform: Platform,
) -> Option<usize> {
    let able: Vec<(usize, Platform)> = builders
        .enumerate()
        .filter(|(_, (_, platforms))| platforms.contains(&platform))
        .map(|(index, (native, _))| (index, native))
        .collect();
    let native = able
        .iter()
        .find(|(_, native)| !platform.is_foreign_to(*native));
    native.or(able.first()).map(|(index, _)| *index)
}

/// Whether programs of a platform run under emulation on a builder.
pub(super) fn emulated(ready: &Ready, platform: Platform) -> bool {
    platform.is_foreign_to(ready.info.native)
}

fn nobody(builders: &[Ready], platform: Platform) -> OpError {
    let offered: BTreeSet<Platform> = builders
        .iter()
        .flat_map(|ready| ready.platforms.clone())
        .collect();
    let names: Vec<&str> = builders
        .iter()
        .map(|ready| ready.info.name.as_str())
        .collect();
    OpError::Builder(BuildkitError::PlatformMissing {
        builder: names.join(", "),
        platform,
        offered: offered.into_iter().collect(),
    })
}
