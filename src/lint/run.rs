//! Runs the rules that are on.

use super::levels::Levels;
use super::rule::{Check, RULES};
use super::view::{RecipeView, Report, WorkspaceView, Written};
use crate::diagnostic::Findings;

/// Runs the rules about one recipe.
pub fn check_recipe(view: &RecipeView<'_>, levels: &Levels, findings: &mut Findings) {
    for &rule in RULES {
        let Some(level) = levels.of(rule) else {
            continue;
        };
        match rule.check {
            Check::Recipe(check) => check(view, &mut Report::new(rule, level, findings)),
            Check::Written(check) => check(&view.written, &mut Report::new(rule, level, findings)),
            Check::Workspace(_) | Check::Engine => {}
        }
    }
}

/// Runs the rules about what is written on a snippet.
pub fn check_snippet(view: &Written<'_>, levels: &Levels, findings: &mut Findings) {
    for &rule in RULES {
        if let Check::Written(check) = rule.check
            && let Some(level) = levels.of(rule)
        {
            check(view, &mut Report::new(rule, level, findings));
        }
    }
}

/// Runs the rules about a workspace.
pub fn check_workspace(view: &WorkspaceView<'_>, levels: &Levels, findings: &mut Findings) {
    for &rule in RULES {
        if let Check::Workspace(check) = rule.check
            && let Some(level) = levels.of(rule)
        {
            check(view, &mut Report::new(rule, level, findings));
        }
    }
}
