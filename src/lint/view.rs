//! What a rule sees, and where it says what it found.

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::sync::Arc;

use super::rule::Rule;
use super::summary::Summary;
use super::tree::{self, StepView};
use crate::diagnostic::{Finding, Findings, Level};
use crate::recipe::{Image, Recipe};
use crate::text::{Place, SourceFile};
use crate::workspace::Workspace;
use crate::yaml::Node;

/// The files of a workspace, for rules about what is copied and read.
pub trait Files {
    /// Why a source written in a folder copies nothing.
    fn copies(&self, source: &str, folder: &str, exclude: &[String]) -> Result<(), String>;
    /// Why there is nothing at a path.
    fn exists(&self, path: &str) -> Result<(), String>;
    /// The names of the files in a folder.
    fn names(&self, path: &str) -> Result<Vec<String>, String>;
    /// Whether somebody may execute a file.
    fn is_executable(&self, path: &str) -> Result<bool, String>;
    /// The text of a file.
    fn read(&self, path: &str) -> Result<String, String>;
    /// The lines of a requirement file, and of those it names, that ask more than one index for packages: path, line
    /// and option.
    fn extra_indexes(&self, path: &str) -> Result<Vec<(String, usize, String)>, String>;
}

/// What is around everything that is looked at.
#[derive(Clone, Copy)]
pub struct Around<'a> {
    /// The workspace.
    pub workspace: &'a Workspace,
    /// Its files.
    pub files: &'a dyn Files,
    /// Whether it has a `kiln.lock`.
    pub has_lock: bool,
}

impl std::fmt::Debug for Around<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Around").finish_non_exhaustive()
    }
}

/// What is written: a recipe's tree, or that of a snippet by itself, whose steps are in no recipe's.
///
/// A recipe's tree is merged with what it extends, so that a place may lie in another file.
#[derive(Debug)]
pub struct Written<'a> {
    /// The tree.
    pub tree: &'a Node,
    /// What is around it.
    pub around: Around<'a>,
    /// Whether it is a snippet.
    pub is_snippet: bool,
    /// The architectures it is built for, in OCI's words.
    pub architectures: BTreeSet<&'static str>,
    steps: OnceCell<Vec<StepView<'a>>>,
}

impl<'a> Written<'a> {
    /// A snippet, and the architectures that it is used for.
    pub fn snippet(
        tree: &'a Node,
        architectures: BTreeSet<&'static str>,
        around: Around<'a>,
    ) -> Self {
        Self {
            tree,
            around,
            is_snippet: true,
            architectures,
            steps: OnceCell::new(),
        }
    }

    /// Every step as written, of the image and of its stages, in all branches of conditions.
    pub fn steps(&self) -> &[StepView<'a>] {
        self.steps.get_or_init(|| tree::steps(self.tree))
    }
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
    /// Whether it has a `kiln.lock`.
    pub has_lock: bool,
    /// What is written.
    pub written: Written<'a>,
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
    pub fn new(recipe: &'a Recipe, images: &'a [Image], around: Around<'a>) -> Self {
        let platforms = images.iter().flat_map(|image| image.contents.keys());
        Self {
            recipe,
            images,
            workspace: around.workspace,
            files: around.files,
            has_lock: around.has_lock,
            written: Written {
                tree: recipe.tree(),
                around,
                is_snippet: false,
                architectures: platforms.map(crate::oci::Platform::architecture).collect(),
                steps: OnceCell::new(),
            },
        }
    }

    /// The recipe's tree: merged with what it extends, so that a place may lie in another file.
    pub fn tree(&self) -> &'a Node {
        self.recipe.tree()
    }

    /// Every step as written, of the image and of its stages, in all branches of conditions.
    pub fn steps(&self) -> &[StepView<'a>] {
        self.written.steps()
    }
}

/// Short facts about all recipes of a workspace.
#[derive(Debug)]
pub struct WorkspaceView<'a> {
    /// The workspace.
    pub workspace: &'a Workspace,
    /// One summary per recipe, by file.
    pub recipes: &'a [Summary],
    /// The snippets that no file of the workspace uses.
    pub unused_snippets: &'a [Arc<SourceFile>],
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
