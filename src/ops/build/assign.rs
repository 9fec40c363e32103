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
        let able = |ready: &&(usize, &Ready)| ready.1.platforms.contains(&leg.platform);
        let all: Vec<(usize, &Ready)> = builders.iter().enumerate().collect();
        let native = all
            .iter()
            .filter(able)
            .find(|(_, ready)| !emulated(ready, leg.platform));
        let chosen = native.or_else(|| all.iter().find(able));
        match chosen {
            Some(&(index, _)) => {
                assigned.insert(leg.platform, index);
            }
            None => return Err(nobody(builders, leg.platform)),
        }
    }
    Ok(assigned)
}

/// Whether programs of a platform run under emulation on a builder.
pub(super) fn emulated(ready: &Ready, platform: Platform) -> bool {
    is_emulated(ready.info.native, platform)
}

/// The same for the machine of a builder.
pub(in crate::ops) fn is_emulated(native: Platform, platform: Platform) -> bool {
    let runs_32_bit = native.architecture() == "amd64" && platform.architecture() == "386";
    native.architecture() != platform.architecture() && !runs_32_bit
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
