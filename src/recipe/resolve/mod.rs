//! What a recipe says for one variant: its own words, with every condition decided and every expression
//! replaced, and the place of each value.
//!
//! ```text
//! Recipe's tree ──walk by schema::Table, values by parse::Reader──▶ Tree per platform ──together──▶ Tree ──lines──▶ text
//! ```
//!
//! Values come from the same reader as those of an [`Image`](super::Image), so the two cannot disagree; what the
//! reader does not need to know (the order of keys, which text is a path) comes from the tables of `schema`.
//! A snippet's steps stand in place of its `use`, read in the snippet's scope; its templates become text, since a
//! recipe does not have the snippet's names.
//! The text of a [`Tree`] is a recipe again, and means the same images: a `${{` of a value is written `$${{`.

mod lines;
mod text;
mod together;
mod tree;
mod vars;
mod walk;

pub use lines::{Line, lines};
pub use together::together;
pub use tree::{Entry, Origin, Tree, TreeKind};
pub use walk::{Resolved, resolve};
