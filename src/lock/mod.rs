//! `kiln.lock`: what the names in recipes stood for when somebody last looked.
//!
//! A tag, a download, a branch and a list of requirements mean something else next week. The lock says what they mean
//! until it is moved: digests of images, checksums of downloads, commits, and the whole list of each `pip` step. It is
//! a file for people: one line per fact in a fixed order, so that a change can be reviewed, and two changes of
//! different facts can be merged line by line.
//!
//! [`parse`](Lock::parse) and [`text`](Lock::text) are each other's reverse, byte for byte. [`Needs`] says what recipes
//! want of it, so that what is missing can be told without asking anybody. Must not know the network, nor what a
//! recipe looks like: `ops::lock` looks things up.

mod changes;
mod model;
mod needs;
mod parse;
mod period;
mod write;

pub use changes::{Change, ChangeKind};
pub use model::{Lock, LockedImage, PipId, PipList, PipPackage, is_commit};
pub use needs::{ImageNeed, Needs};
pub use period::Period;

/// The file's name, beside `kiln.yaml`.
pub const FILE_NAME: &str = "kiln.lock";

/// The version of the format that is read and written.
pub const VERSION: u32 = 1;

/// The id of a mistake in the file.
pub const MISTAKE: &str = "lock";

/// The id of what the file lacks.
pub const STALE: &str = "lock-stale";

/// The most bytes a lock may have.
pub const MAX_BYTES: usize = 16 << 20;

/// The most values in a lock.
const MAX_NODES: usize = 1_000_000;
