//! Images in the order they are built, and which of them were asked for.
//!
//! The unit of work is a *leg*: one image on one platform. Must not know LLB, the network, the time
//! or files.

mod graph;
mod select;

pub use graph::{Leg, Plan, Planned, plan};
pub use select::{Selector, SelectorError};
