//! The shape of the files that users write: which keys a map has, what type each value is, and what it is for.
//!
//! A [`Table`] per kind of map, declared once and read twice: [`json`] makes the JSON Schema of it that
//! editors check and complete with, and `recipe::resolve` walks a recipe's tree by it. The parsers have their
//! own lists of keys (`yaml::Keys`); `tests/it/schema.rs` holds both against each other, in both
//! directions, so that neither knows a key that the other does not.
//!
//! Must not know trees, findings or files: this is data about the language.

mod emit;
mod names;
mod packages;
mod recipe;
mod sharing;
mod sources;
mod steps;
mod text;
mod types;
mod workspace;

pub use emit::json;
pub use recipe::RECIPE;
pub use sharing::SNIPPET;
pub use steps::{BESIDE, PROGRAM, STEP, WORDS};
pub use text::text;
pub use types::{Field, Rule, Table, Type};
pub use workspace::WORKSPACE;

/// A kind of file that has a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Document {
    /// A recipe, or a fragment that recipes extend.
    Recipe,
    /// `kiln.yaml`.
    Workspace,
    /// A snippet: steps with inputs.
    Snippet,
}

impl Document {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Recipe, Self::Workspace, Self::Snippet];

    /// Its name, which is also that of its schema's file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Recipe => "recipe",
            Self::Workspace => "workspace",
            Self::Snippet => "snippet",
        }
    }

    /// The map that the whole file is.
    pub fn table(self) -> &'static Table {
        match self {
            Self::Recipe => &RECIPE,
            Self::Workspace => &WORKSPACE,
            Self::Snippet => &SNIPPET,
        }
    }

    /// Every table of the file, itself first, each once.
    pub fn tables(self) -> Vec<&'static Table> {
        let mut all = Vec::new();
        self.table().walk(&mut all);
        all
    }
}
