//! Whether native tools make the same image as the image's own programs do under emulation.
//!
//! ```text
//! build as always ─┐                                   ┌ differs between the emulated ones, too → by chance
//! build emulated ──┼→ layouts in a scratch folder → compare ┼ documented difference of uv and pip → excused
//! build emulated ──┘                                   └ else → a difference
//! ```
//!
//! Nothing is pushed, no tag is touched, nothing is recorded. The scratch folder goes with its run.

mod excuse;
mod judge;
mod report;
mod run;

pub use excuse::{EXCUSES, Excuse, excuses_table};
pub use report::{Found, Proof, ProvedLeg, Times};
pub use run::{ProveOptions, Proving, Way, begin};
