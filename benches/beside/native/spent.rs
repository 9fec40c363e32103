//! What a run costs the machine: the client's time, and that of the daemon and all that it starts.

use std::path::Path;
use std::process::Command;

use crate::lab::Lab;
use crate::measure::{Cost, measure as client};
use crate::{Fallible, fault};

/// Runs a client. CPU time is its own and the daemon's, with the steps of the build: they are the daemon's children, and
/// all of them have ended when the client has.
pub(super) fn measure(lab: &Lab, command: &mut Command, log: &Path) -> Fallible<Cost> {
    let used = || {
        let used = lab.daemon.used();
        used.ok_or_else(|| fault("the CPU time of steps is only known of the lab's own daemon"))
    };
    let before = used()?;
    let mut cost = client(command, log)?;
    cost.cpu += used()?.saturating_sub(before);
    Ok(cost)
}
