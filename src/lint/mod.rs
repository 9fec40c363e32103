//! Rules about recipes that could be built and are likely not meant so.
//!
//! A rule sees what is written in a recipe or snippet ([`Written`]), one recipe with everything it expands to
//! ([`RecipeView`]), or short facts about all recipes of a workspace ([`WorkspaceView`]). Recipes come one after the other and are forgotten: what a workspace
//! rule needs is kept in a [`Summary`]. What a rule reports gets its level from [`Levels`], and may be
//! taken back by a comment in the file ([`Allows`]).
//!
//! Must not know the network, LLB, or who asks.

mod allow;
mod comments;
mod extent;
pub mod image;
mod installs;
mod levels;
mod names;
mod page;
mod rewrite;
mod rule;
mod rules;
mod run;
mod shell;
mod summary;
pub mod tree;
mod view;

pub use allow::{Allows, allowed, apply};
pub use levels::{Levels, Setting};
pub use page::{explain, overview, page};
pub use rule::{Check, Example, GROUPS, Group, RULES, Rule, rule};
pub use rules::duplicate_tag::{Published, duplicates};
pub use run::{check_recipe, check_snippet, check_workspace};
pub use summary::{ImageSummary, Summary};
pub use view::{Around, Files, RecipeView, Report, WorkspaceView, Written};
