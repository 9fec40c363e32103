//! A recipe as written: checked, with its conditions and expressions still inside.
//!
//! [`Recipe::parse`] finds every mistake that does not depend on values, in every branch of every
//! condition. [`Recipe::expand`](super::expand) turns it into [`Image`](super::Image)s, of which
//! nothing is left to decide. There is no second, "unresolved" copy of the model: the tree with its
//! places is that copy, and one set of parsing functions reads it in both passes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::extend::inherited;
use super::image::Shell;
use super::library::{File, Library};
use super::merge::{Dropped, merge};
use super::parse;
use super::scope::Names;
use super::steps::Installer;
use super::variant::{Axis, Row};
use crate::diagnostic::Findings;
use crate::text::{Place, SourceFile, Spanned};
use crate::yaml::Node;

/// A parsed recipe file.
#[derive(Debug, Clone)]
pub struct Recipe {
    pub(super) source: Arc<SourceFile>,
    pub(super) name: Spanned<String>,
    pub(super) axes: Vec<Axis>,
    pub(super) rows: Vec<Row>,
    pub(super) vars: Vars,
    pub(super) exclude: Vec<Exclude>,
    pub(super) own: Arc<BTreeSet<String>>,
    pub(super) dropped: Arc<Dropped>,
    pub(super) whole: bool,
    pub(super) tree: Node,
    pub(super) library: Arc<Library>,
}

/// Vars by name: where each stands, and its value as written.
pub(crate) type Vars = BTreeMap<String, (Spanned<()>, Node)>;

/// An entry of `exclude`.
#[derive(Debug, Clone)]
pub(crate) struct Exclude {
    pub(crate) place: Place,
    pub(crate) condition: Node,
    pub(crate) reason: String,
}

impl Recipe {
    /// Reads a recipe, with what it extends. Nothing comes back for a file without `name` (a fragment or a
    /// snippet), nor where the mistakes, which are in `findings` or in those of the library, leave it open
    /// which variants there are. A recipe with other mistakes comes back, so that expanding it shows those that
    /// depend on values as well.
    pub fn parse(library: &Arc<Library>, file: &File, findings: &mut Findings) -> Option<Self> {
        let own = file.tree().filter(|tree| tree.get("name").is_some())?;
        let inherited = inherited(library, file, findings);
        let merged = merge(&inherited, own, findings);
        let (recipe, usable) = parse::head(library, file, merged, findings)?;
        let names = recipe.names();
        parse::check_body(
            &recipe.tree,
            &names,
            &names.without_platform(),
            &recipe.vars,
            library,
            findings,
        );
        for exclude in &recipe.exclude {
            parse::check_condition(&exclude.condition, &names, findings);
        }
        usable.then_some(recipe)
    }

    /// The name, unique in the workspace.
    pub fn name(&self) -> &str {
        &self.name.value
    }

    /// Where the name stands.
    pub fn name_place(&self) -> &Place {
        &self.name.place
    }

    /// The file.
    pub fn source(&self) -> &Arc<SourceFile> {
        &self.source
    }

    /// Everything that is written, merged with what it extends; each value's place is in the file that it came
    /// from.
    pub fn tree(&self) -> &Node {
        &self.tree
    }

    /// Whether `--set` may replace a name: a var that no axis or row sets.
    pub fn can_set(&self, name: &str) -> bool {
        self.vars.contains_key(name)
            && !self.axes.iter().any(|axis| axis.name.value == name)
            && !self
                .rows
                .iter()
                .any(|row| row.values.iter().any(|(column, _)| column == name))
    }

    /// The names for one reading of the recipe, with a budget of their own.
    pub(super) fn names(&self) -> Names {
        let own = Arc::clone(&self.own);
        Names::of_recipe(own, self.whole, Arc::clone(&self.dropped))
    }
}

/// What the workspace gives to all recipes.
#[derive(Debug, Clone)]
pub struct Defaults {
    /// Platforms of recipes that name none.
    pub platforms: Vec<crate::oci::Platform>,
    /// Shell of recipes that name none.
    pub shell: Shell,
    /// Installer of `pip` steps that name none.
    pub installer: Installer,
    /// Releases of Backend.AI that kernels must satisfy.
    pub releases: crate::kernel::Releases,
}
