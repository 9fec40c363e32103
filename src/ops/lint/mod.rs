//! `kiln lint`: every mistake and every finding of the rules, of all files at once.
//!
//! Ten thousand recipes are no reason to keep ten thousand recipes: each is read, checked, expanded, shown to
//! the rules and forgotten, by as many threads as there are processors. What rules about the workspace
//! need of it is a summary. The result does not depend on who was faster.

mod fix;
mod places;
mod read;
mod work;

use std::path::PathBuf;
use std::sync::Arc;

use super::error::OpError;
use crate::diagnostic::{Finding, Level};

pub use fix::{Fixed, apply_fixes};

/// The words of a rule, of a kind of mistake, of all of them; and the table of rules.
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
    /// The root of the workspace.
    pub root: Arc<PathBuf>,
}

impl Reported {
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
    /// Findings in files that were not named.
    pub elsewhere: usize,
    /// How many recipes were looked at.
    pub recipes: usize,
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
        let (findings, recipes) = work::lint(&workspace, &options.levels);
        report.recipes += recipes;
        for finding in findings {
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
