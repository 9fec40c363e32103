//! `kiln lint`: every mistake and every finding of the rules, of all files at once.
//!
//! Ten thousand recipes are no reason to keep ten thousand recipes: each is read, checked, expanded, shown to
//! the rules and forgotten, by as many threads as there are processors. What rules about the workspace
//! need of it is a summary. The result does not depend on who was faster.

mod fix;
mod images;
mod places;
mod read;
mod shared;
mod work;

use std::path::PathBuf;
use std::sync::Arc;

use super::error::OpError;
use crate::diagnostic::{Finding, Level};

pub use fix::{Fixed, apply_fixes};
pub use images::{ImageOptions, lint_image, lint_images};

/// The words of a rule, of a kind of mistake, of all of them; and the table of rules.
pub use crate::lint::image::{CHECKS, ImageCheck, image_check};
pub use crate::lint::{GROUPS, RULES, Rule, Setting, explain, overview};

/// What to look at.
#[derive(Debug, Clone, Default)]
pub struct LintOptions {
    /// The folder the command was started in.
    pub folder: PathBuf,
    /// Files whose findings are wanted; all where none are named.
    pub files: Vec<PathBuf>,
    /// Levels that win over those of `kiln.yaml`.
    pub levels: Vec<Setting>,
}

/// A finding and how to get at its file.
#[derive(Debug, Clone)]
pub struct Reported {
    /// The finding.
    pub finding: Finding,
    /// What stands before a path of the workspace when it is seen from the folder of the command; empty, or
    /// ends in `/`.
    pub prefix: Arc<str>,
    /// The root of the workspace; empty where it is about a published image.
    pub root: Arc<PathBuf>,
}

impl Reported {
    /// Whether it is about a published image, whose name stands where the path of a file would.
    pub fn is_of_image(&self) -> bool {
        self.root.as_os_str().is_empty()
    }

    /// The path of the finding's file.
    pub fn file(&self) -> String {
        self.shown(self.finding.place.source.path())
    }

    /// A path of the same workspace.
    pub fn shown(&self, path: &str) -> String {
        format!("{}{path}", self.prefix)
    }
}

/// Everything that was found.
#[derive(Debug, Clone, Default)]
pub struct LintReport {
    /// The findings, by file and place.
    pub findings: Vec<Reported>,
    /// Files with more findings of a level than are kept, and at least how many more. They count like those that
    /// are here: a run does not pass because its mistakes are many.
    pub left_out: Vec<(String, Level, usize)>,
    /// Findings in files that were not named.
    pub elsewhere: usize,
    /// How many recipes were looked at.
    pub recipes: usize,
    /// How many published images were looked at.
    pub images: usize,
}

impl LintReport {
    /// How many findings have a level.
    pub fn count(&self, level: Level) -> usize {
        let same = |one: &&Reported| one.finding.level == level;
        self.findings.iter().filter(same).count()
    }

    /// Whether some file could not be read, so that nothing is known of what is in it.
    pub fn is_unreadable(&self) -> bool {
        let unreadable = ["unreadable-file", "yaml-limits", "yaml-syntax"];
        self.findings
            .iter()
            .any(|one| unreadable.contains(&one.finding.rule))
    }
}

/// Looks at the workspaces of some files, or at the one around the folder.
pub fn lint(options: &LintOptions) -> Result<LintReport, OpError> {
    let mut report = LintReport::default();
    for workspace in places::workspaces(options)? {
        let prefix: Arc<str> = workspace.prefix.as_str().into();
        let root = Arc::new(workspace.root.clone());
        let found = work::lint(&workspace, &options.levels);
        report.recipes += found.recipes;
        for (path, level, count) in found.left_out {
            if workspace.wants_file(&path) {
                let path = format!("{prefix}{path}");
                report.left_out.push((path, level, count));
            } else {
                report.elsewhere += count;
            }
        }
        for finding in found.findings {
            if workspace.wants(&finding) {
                report.findings.push(Reported {
                    finding,
                    prefix: Arc::clone(&prefix),
                    root: Arc::clone(&root),
                });
            } else {
                report.elsewhere += 1;
            }
        }
    }
    report.findings.sort_by(|a, b| {
        let key = |one: &Reported| (one.file(), one.finding.place.span, one.finding.level);
        key(a).cmp(&key(b))
    });
    Ok(report)
}
