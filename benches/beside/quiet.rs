//! Waiting until the daemon has nothing left to do.
//!
//! A daemon works on after a build has ended: three seconds later it saves traces, and it cleans up.
//! Whoever came next would pay for it, so every measured run begins when the daemon is idle.

use std::path::Path;
use std::time::{Duration, Instant};

/// The trace of a build is saved three seconds after its end.
const AT_LEAST: Duration = Duration::from_secs(4);
/// The longest wait: a daemon that others use as well may never be idle.
const AT_MOST: Duration = Duration::from_secs(60);
const GLANCE: Duration = Duration::from_millis(500);
/// Glances in a row at which the daemon must be idle.
const IDLE_GLANCES: u32 = 3;
/// Clock ticks (of 10 ms) in one glance that are still idle: saving traces takes all cores.
const IDLE_TICKS: u32 = 10;
/// What the kernel counts times in.
const TICK: Duration = Duration::from_millis(10);
/// The pause after a run on a daemon whose process we cannot see.
const BLIND: Duration = Duration::from_secs(10);

/// The daemon's process, where it is ours.
#[derive(Debug)]
pub(crate) struct Daemon(Option<u32>);

impl Daemon {
    /// The lab's daemon, if that is the builder.
    pub(crate) fn of(lab: &Path, builder: &str) -> Daemon {
        let run = lab.join("run");
        let own = format!("unix://{}", run.join("buildkitd.sock").display());
        let pid = std::fs::read_to_string(run.join("buildkitd.pid")).ok();
        let pid = pid.and_then(|pid| pid.trim().parse().ok());
        Daemon(pid.filter(|_| own == builder))
    }

    /// Waits until it is idle.
    pub(crate) fn wait(&self) {
        let Some(mut before) = self.ticks() else {
            std::thread::sleep(BLIND);
            return;
        };
        let begin = Instant::now();
        let mut idle = 0;
        while begin.elapsed() < AT_MOST && (idle < IDLE_GLANCES || begin.elapsed() < AT_LEAST) {
            std::thread::sleep(GLANCE);
            let Some(now) = self.ticks() else { return };
            idle = if now - before <= IDLE_TICKS {
                idle + 1
            } else {
                0
            };
            before = now;
        }
    }

    /// CPU time of it and of all programs that it started and that have ended.
    pub(crate) fn used(&self) -> Option<Duration> {
        self.fields(4).map(|ticks| TICK * ticks)
    }

    /// CPU time that it has used itself.
    fn ticks(&self) -> Option<u32> {
        self.fields(2)
    }

    /// The sum of times in clock ticks; proc(5), `stat`: in fields 14 and 15 its own, in user space and in the kernel,
    /// in 16 and 17 that of children.
    fn fields(&self, count: usize) -> Option<u32> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.0?)).ok()?;
        // The program's name, in parentheses, may hold blanks; field 3 follows.
        let (_, fields) = stat.rsplit_once(')')?;
        let times = fields.split_whitespace().skip(11).take(count);
        times.map(|field| field.parse::<u32>().ok()).sum()
    }
}
