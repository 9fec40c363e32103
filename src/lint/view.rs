//! What a rule sees, and where it says what it found.

use std::cell::OnceCell;

use super::rule::Rule;
use super::summary::Summary;
use super::tree::{self, StepView};
use crate::diagnostic::{Finding, Findings, Level};
use crate::recipe::{Image, Recipe};
use crate::text::Place;
use crate::workspace::Workspace;
use crate::yaml::Node;

/// The files of a workspace, for rules about what is copied and read.
pub trait Files {
    /// The paths that a source of `copy` stands for; an error text where it stands for none.
    fn matches(&self, source: &str, exclude: &[String]) -> Result<Vec<String>, String>;
    /// The patterns that a recipe in a folder never copies.
    fn ignored(&self, folder: &str) -> Result<Vec<String>, String>;
    /// The text of a file.
    fn read(&self, path: &str) -> Result<String, String>;
}

/// A recipe, the images it expands to, and what is around it.
///
/// The tree has every branch of every condition, and a place for each value; the images have values and
/// few places. A rule about what is written walks the tree, a rule about what comes out of it
/// walks the images.
pub struct RecipeView<'a> {
    /// The recipe.
    pub recipe: &'a Recipe,
    /// Its images, on all their platforms. One with a mistake is missing.
    pub images: &'a [Image],
    /// The workspace.
    pub workspace: &'a Workspace,
    /// The workspace's files.
    pub files: &'a dyn Files,
    steps: OnceCell<Vec<StepView<'a>>>,
}

impl std::fmt::Debug for RecipeView<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RecipeView")
            .field("recipe", &self.recipe.name())
            .finish_non_exhaustive()
    }
}

impl<'a> RecipeView<'a> {
    /// A view of a recipe.
    pub fn new(
        recipe: &'a Recipe,
        images: &'a [Image],
        workspace: &'a Workspace,
        files: &'a dyn Files,
    ) -> Self {
        Self {
            recipe,
            images,
            workspace,
            files,
            steps: OnceCell::new(),
        }
    }

    /// The recipe's tree: merged with what it extends, so that a place may lie in another file.
    pub fn tree(&self) -> &'a Node {
        self.recipe.tree()
    }

    /// Every step as written, of the image and of its stages, in all branches of conditions.
    pub fn steps(&self) -> &[StepView<'a>] {
        self.steps.get_or_init(|| tree::steps(self.recipe.tree()))
    }
}

/// Short facts about all recipes of a workspace.
#[derive(Debug)]
pub struct WorkspaceView<'a> {
    /// The workspace.
    pub workspace: &'a Workspace,
    /// One summary per recipe, by file.
    pub recipes: &'a [Summary],
}

/// Where a rule says what it found. The level is that of the rule, here and now.
#[derive(Debug)]
pub struct Report<'a> {
    rule: &'static Rule,
    level: Level,
    explicit: bool,
    findings: &'a mut Findings,
}

impl<'a> Report<'a> {
    pub(super) fn new(
        rule: &'static Rule,
        (level, explicit): (Level, bool),
        findings: &'a mut Findings,
    ) -> Self {
        Self {
            rule,
            level,
            explicit,
            findings,
        }
    }

    /// Reports with nothing but a message.
    pub fn at(&mut self, place: &Place, message: impl Into<String>) {
        self.push(Finding::error(place, message));
    }

    /// Reports. A finding that is made with a weaker level than the rule's keeps it, unless the user has
    /// given the rule a level.
    pub fn push(&mut self, mut finding: Finding) {
        finding.rule = self.rule.id;
        finding.level = if self.explicit {
            self.level
        } else {
            finding.level.max(self.level)
        };
        self.findings.push(finding);
    }
}
