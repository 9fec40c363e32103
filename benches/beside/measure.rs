//! What one run of a client costs: wall time, CPU time and peak memory of the process itself.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use wait4::Wait4 as _;

use crate::{Fallible, fault};

/// Lines of a failed client's output that are shown.
const SHOWN: usize = 30;

/// The cost of a run, or the least of several.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Cost {
    pub(crate) wall: Duration,
    /// User and system time of the client and of the programs that it waited for.
    pub(crate) cpu: Duration,
    /// Bytes that the client held at most.
    pub(crate) peak: u64,
}

impl Cost {
    /// The cost of two runs, one after the other.
    pub(crate) fn and(&self, other: &Cost) -> Cost {
        Cost {
            wall: self.wall + other.wall,
            cpu: self.cpu + other.cpu,
            peak: self.peak.max(other.peak),
        }
    }

    /// The cost of a part of a run, of which nothing but the time is known.
    pub(crate) fn of_wall(wall: Duration) -> Cost {
        Cost {
            wall,
            cpu: Duration::ZERO,
            peak: 0,
        }
    }

    /// The lesser of each figure: noise only ever adds.
    pub(crate) fn least(self, other: Cost) -> Cost {
        Cost {
            wall: self.wall.min(other.wall),
            cpu: self.cpu.min(other.cpu),
            peak: self.peak.min(other.peak),
        }
    }
}

/// Runs a client to its end, with what it writes going to a file, as in a pipeline. A client that fails
/// ends the benchmark.
pub(crate) fn measure(command: &mut Command, log: &Path) -> Fallible<Cost> {
    measure_ending(command, log, &[0])
}

/// The same for a client that may end with one of these codes.
pub(crate) fn measure_ending(command: &mut Command, log: &Path, codes: &[i32]) -> Fallible<Cost> {
    let output = File::create(log)?;
    if command.get_envs().count() == 0 {
        return Err(fault("a client would see the caller's environment"));
    }
    command.stdout(output.try_clone()?).stderr(output);
    let begin = Instant::now();
    let mut child = command.spawn()?;
    let used = child.wait4()?;
    let wall = begin.elapsed();
    if !used.status.code().is_some_and(|code| codes.contains(&code)) {
        let text = std::fs::read_to_string(log)?;
        let lines: Vec<&str> = text.lines().collect();
        let last = lines[lines.len().saturating_sub(SHOWN)..].join("\n");
        return Err(fault(format!("{command:?}: {}\n{last}", used.status)));
    }
    Ok(Cost {
        wall,
        cpu: used.rusage.utime + used.rusage.stime,
        peak: used.rusage.maxrss,
    })
}

/// Runs a helper program and returns what it prints.
pub(crate) fn output(command: &mut Command) -> Fallible<String> {
    let output = command.stdin(Stdio::null()).output()?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr);
        return Err(fault(format!("{command:?}: {}\n{text}", output.status)));
    }
    Ok(String::from_utf8(output.stdout)?)
}
