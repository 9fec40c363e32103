//! `kiln.lock`: written, moved, held against the recipes.
//!
//! 1. what the images want of the lock (`needs`)
//! 2. what of it the lock has stays; on `update` the chosen part is forgotten first
//! 3. the rest is looked up: images and downloads and commits side by side, then lists of packages, parents first
//! 4. what nothing wants any more goes, the recipes' checksums are noted, and the file is written as a whole
//!
//! The current time is asked for here and nowhere else: the period is set by [`lock()`] where there is no lock, and moved
//! by [`update()`]. Recipes see what the lock says.

mod answer;
mod bases;
mod check;
mod downloads;
mod file;
mod git;
mod needs;
mod packages;
mod run;
mod unresolved;
mod uv;

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::diagnostic::Finding;
use crate::lock::{Lock, Period};
use crate::oci::Platform;
use crate::ops::OpError;
use crate::registry::{Registry, Web};

pub use crate::lock::{Change, ChangeKind as Pinned};
pub use check::check;
pub use run::{lock, update};
pub use uv::Uv;

pub(in crate::ops) use check::require;
pub(in crate::ops) use file::read;
pub(in crate::ops) use needs::needs_of;

/// Where recipes have the period from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum PeriodFrom {
    /// The lock; without one there is none.
    #[default]
    Lock,
    /// The lock; where there is none, it will say this.
    LockOr(Period),
    /// This, whatever the lock says: it is about to be moved.
    Moved(Period),
}

impl PeriodFrom {
    /// The period, or why there is none.
    pub(in crate::ops) fn of(self, lock: Option<&Lock>) -> Result<String, String> {
        let period = match (self, lock) {
            (Self::Moved(period), _) | (Self::LockOr(period), None) => period,
            (_, Some(lock)) => lock.period(),
            (Self::Lock, None) => {
                return Err("there is no kiln.lock; `kiln lock` writes one".to_owned());
            }
        };
        Ok(period.to_string())
    }
}

/// What to lock.
#[derive(Debug, Clone, Default)]
pub struct LockOptions {
    /// Which images: `NAME` or `REPOSITORY:TAG`, with `*` and `?`; all where there is none.
    pub selectors: Vec<String>,
    /// Which platforms; all of each image where there is none.
    pub platforms: BTreeSet<Platform>,
    /// Which kinds of pins are moved; all where there is none.
    pub only: BTreeSet<Pinned>,
    /// Whether vars have been given values: what others want stays then.
    pub set: bool,
    /// Whether packages without a wheel may be asked for their dependencies by running their own code.
    pub allow_builds: bool,
}

impl LockOptions {
    /// Whether it is about a part of the workspace only.
    fn is_partial(&self, named_files: bool) -> bool {
        self.set || named_files || !self.selectors.is_empty() || !self.platforms.is_empty()
    }
}

/// Who is asked what names stand for.
#[derive(Debug, Clone)]
pub struct Sources {
    /// For images: mirrors first.
    pub registry: Arc<dyn Registry>,
    /// For downloads.
    pub web: Web,
    /// For packages.
    pub uv: Uv,
    /// The authorities that programs trust, where there are private ones.
    pub bundle: Option<Vec<u8>>,
}

/// What has become of the lock.
#[derive(Debug, Clone)]
pub struct LockReport {
    /// The period that it has now.
    pub period: Period,
    /// What has changed, in the file's order.
    pub changes: Vec<Change>,
    /// How many facts it has.
    pub pins: usize,
    /// Whether there was none before.
    pub fresh: bool,
    /// Whether the file was written; one that would be the same is left alone.
    pub written: bool,
    /// What is worth knowing of packages.
    pub notes: Vec<Finding>,
}

/// The quarter that it is now, in UTC.
pub fn current_period() -> Result<Period, OpError> {
    let now = jiff::Timestamp::now().as_second();
    Period::at(now)
        .ok_or_else(|| OpError::usage("the clock of this machine shows no year from 1000 to 9999"))
}
