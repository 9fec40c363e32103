//! Images in the order they are built, and which of them were asked for.
//!
//! The unit of work is a *leg*: one image on one platform. Must not know LLB, the network, the time
//! or files.

mod graph;
mod links;
mod select;

pub use graph::{Leg, Plan, Planned, plan};
pub use links::{Linked, check_links, check_names};
pub use select::{Selector, SelectorError};
