//! A workshop for library-level builds: a workspace in a temporary folder, a registry in memory, and a
//! builder that makes no image but one with the right documents. [`Workshop`] runs `ops::build::run`
//! in it and shows what became of it. The program itself can be run in it, too.

mod archive;
mod dockerfile;
mod draft;
mod fake;
mod probed;
mod program;
mod rebuilding;
mod rival;
mod seed;
mod seen;
mod workshop;

pub(crate) use draft::Draft;
pub(crate) use probed::Emulates;
pub(crate) use program::{Ran, closed_port, kiln};
pub(crate) use rebuilding::{after, move_base, rebuild, rebuild_with, verdicts};
pub(crate) use rival::Rival;
pub(crate) use seed::{image_of, put_image, put_index};
pub(crate) use seen::{Act, Moment, Seen, Wrong};
pub(crate) use workshop::{
    AMD64, ARM64, Workshop, findings, forced, kinds, leg, push, solved, step_places,
};
