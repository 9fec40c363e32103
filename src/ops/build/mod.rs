//! Builds images: for each platform a solve, for each image one index, its tags and a record.
//!
//! ```text
//! load → plan → builders → bases pinned → rehearsal → legs (in parallel) ─┐
//!                             record ← read back ← tags ← outputs ← index ←┘ per image
//! ```
//!
//! `run.rs` tells the story; a file per chapter: [`schedule`] (which leg runs where and when),
//! [`leg`] (one image on one platform), [`trial`] (its tests), [`output`] (layouts and archives), [`publish`] (index, tags,
//! read-back), [`report`] (what happened), `masked.rs` (without secrets).

mod aim;
mod assign;
mod attempt;
mod blame;
mod complete;
mod dockerfile;
mod due;
mod emulation;
mod epoch;
mod event;
mod foreign;
mod found;
mod leg;
mod limits;
mod masked;
mod metadata;
mod modes;
mod native_op;
mod options;
mod origin;
mod output;
mod publish;
mod queue;
mod readback;
mod record;
mod rehearse;
mod report;
mod reuse;
mod run;
mod schedule;
mod settle;
mod shrink;
mod trial;
mod verdict;

pub(super) use assign::choose;
pub use event::{Event, EventSink, LegName, LegOutcomeKind, StepState};
pub use masked::{finish, run};
pub use metadata::metadata;
pub use options::{BuildOptions, FailurePolicy};
pub use output::{ArchiveDest, ByteSink, Output, OutputReport, OutputState};
pub use report::{
    BuildReport, Failure, FailureKind, ImageReport, ImageState, LegReport, LegState, Solved,
};
pub use reuse::{Begun, begin};
pub use run::check;
pub use verdict::TestReport;

pub(in crate::ops) use emulation::{denying, planned as planned_denials};
pub(in crate::ops) use epoch::epochs;
pub(in crate::ops) use output::Scratch;
pub(in crate::ops) use rehearse::rehearse;
pub(in crate::ops) use reuse::outlined;
pub(in crate::ops) use settle::ledger_path;
