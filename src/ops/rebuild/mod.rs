//! Rebuilds what is stale, image after image, so that it can be repeated until all is current.
//!
//! ```text
//! lock of the workspace → scope (which images) → what is up to date → build, push, record → the same question again
//! ```
//!
//! A rebuild keeps no state but what builds leave anyway: what a run finished is current for the next one. Two small
//! files are its own: `.kiln/rebuild.lock` says who is at work, and `.kiln/failures.jsonl` which images failed, so that
//! these go last.

mod after;
mod changed;
mod dependents;
mod due;
mod failures;
mod guard;
mod report;
mod run;
mod scope;

pub use due::{has_ended, move_period};
pub use guard::Guard;
pub use report::{After, RebuildReport, Rebuilt, Verdict};
pub use run::{Started, begin, finish};
pub use scope::{RebuildOptions, Scope};
