//! YAML trees to typed values, with every mistake at its place.
//!
//! The functions here are used twice: to check a recipe without values, and to read what one variant
//! contains on one platform (see [`reader`]). A file per section: [`head`] (which variants there are),
//! [`body`] (what an image contains), [`steps`] and its kinds.

mod body;
mod compression;
mod contract;
mod definitions;
mod dockerfile;
mod evaluate;
mod fields;
mod files;
mod git;
mod head;
mod kernel;
mod limits;
mod outline;
mod packages;
mod program;
pub(crate) mod reader;
mod resolved;
mod runtime;
mod scalars;
mod snippet;
mod stages;
mod steps;
mod tests;
mod uses;
mod values;

pub(super) use body::content;
pub(super) use contract::check_tags;
pub use contract::finding;
pub use evaluate::place_within;
pub(super) use fields::Fields;
pub(super) use head::{RECIPE, check_fragment, head, unknown_key};
pub(super) use outline::{Outline, check_body, check_condition, outline_of, platforms};
pub(in crate::recipe) use resolved::{resolved_scalar, resolved_template};
pub(crate) use scalars::workspace_path;
pub(super) use snippet::{check_snippet, snippet};
pub(in crate::recipe) use uses::entered;
