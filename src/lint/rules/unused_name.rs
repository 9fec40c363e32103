//! `unused-name`: an axis, column or var that nothing uses.

use std::collections::BTreeSet;

use crate::diagnostic::{Finding, Level};
use crate::lint::names::used;
use crate::lint::rule::{Check, Example, Rule, UNUSED};
use crate::lint::view::{RecipeView, Report};

pub(in crate::lint) static RULE: Rule = Rule {
    id: "unused-name",
    group: UNUSED,
    level: Some(Level::Warning),
    fixed: false,
    summary: "an axis, a column of `rows` or a var that no expression uses",
    why: "It was forgotten, or what used it is misspelt. An unused axis builds the same image under several names. Names of \
          a fragment are passed over, since other recipes may use them.",
    bad: Example(&[(Example::PATH, "vars: {python: \"3.12\"}\n")]),
    good: Example(&[(
        Example::PATH,
        "vars: {python: \"3.12\"}\nbase: python:${{ python }}-slim-bookworm\n",
    )]),
    check: Check::Recipe(check),
};

fn check(view: &RecipeView<'_>, report: &mut Report<'_>) {
    let recipe = view.recipe;
    if recipe.axes().is_empty() && recipe.rows().is_empty() && recipe.vars().next().is_none() {
        return;
    }
    let Some(used) = used(view) else {
        return;
    };
    let own = recipe.source().path();
    for axis in recipe.axes() {
        if !used.contains(&axis.name.value) && axis.name.place.source.path() == own {
            let message = format!("nothing uses the axis `{}`", axis.name.value);
            let help = "take it out, or use it where its images differ";
            report.push(Finding::error(&axis.name.place, message).with_help(help));
        }
    }
    let mut told = BTreeSet::new();
    for row in recipe
        .rows()
        .iter()
        .filter(|row| row.place.source.path() == own)
    {
        for (name, _) in &row.values {
            if !used.contains(name) && told.insert(name.as_str()) {
                report.at(&row.place, format!("nothing uses the column `{name}`"));
            }
        }
    }
    for (name, place, _) in recipe.vars() {
        if !used.contains(name) && !told.contains(name) && place.source.path() == own {
            report.at(place, format!("nothing uses the var `{name}`"));
        }
    }
}
