//! Runs the rules that are on.

use super::levels::Levels;
use super::rule::{Check, RULES};
use super::view::{RecipeView, Report, WorkspaceView};
use crate::diagnostic::Findings;

/// Runs the rules about one recipe.
pub fn check_recipe(view: &RecipeView<'_>, levels: &Levels, findings: &mut Findings) {
    for &rule in RULES {
        if let Check::Recipe(check) = rule.check
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
