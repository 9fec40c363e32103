//! `duplicate-tag`: two images of the workspace that are published under one name.

use std::collections::BTreeMap;

use crate::diagnostic::{Finding, Findings, Level};
use crate::lint::rule::{Check, Example, NAMING, Rule};
use crate::lint::view::{Report, WorkspaceView};
use crate::text::Place;

pub(in crate::lint) static RULE: Rule = Rule {
    id: "duplicate-tag",
    group: NAMING,
    level: Some(Level::Error),
    fixed: true,
    summary: "two images become one `repository:tag`",
    why: "The one that is pushed last would replace the other, without a word. Use what tells them apart, an axis or a \
          column, in `tags` or `repository`.",
    bad: Example(&[(
        Example::PATH,
        "axes: {python: [\"3.12\", \"3.13\"]}\ntags: [stable]\nbase: python:${{ python }}-slim\n",
    )]),
    good: Example(&[(
        Example::PATH,
        "axes: {python: [\"3.12\", \"3.13\"]}\ntags: [\"${{ python }}\"]\nbase: python:${{ python }}-slim\n",
    )]),
    check: Check::Workspace(check),
};

/// A name that an image is published under.
#[derive(Debug, Clone)]
pub struct Published<'a> {
    /// Registry, repository and tag.
    pub reference: String,
    /// Where the tag stands.
    pub place: &'a Place,
    /// The image's recipe.
    pub recipe: &'a str,
    /// The image's variant; empty where the recipe has one image.
    pub variant: String,
    /// The recipe's file.
    pub file: &'a str,
}

fn check(view: &WorkspaceView<'_>, report: &mut Report<'_>) {
    let recipes = view.recipes.iter();
    let published = recipes.flat_map(|recipe| {
        recipe.images.iter().flat_map(move |image| {
            image.references.iter().map(move |reference| Published {
                reference: reference.value.clone(),
                place: &reference.place,
                recipe: &recipe.name.value,
                variant: image.variant.to_string(),
                file: recipe.name.place.source.path(),
            })
        })
    });
    let mut findings = Findings::new();
    duplicates(published, &mut findings);
    for finding in findings.into_items() {
        report.push(finding);
    }
}

/// Reports every name that is taken already.
pub fn duplicates<'a>(published: impl IntoIterator<Item = Published<'a>>, findings: &mut Findings) {
    let mut seen: BTreeMap<String, Published<'a>> = BTreeMap::new();
    for one in published {
        let Some(other) = seen.insert(one.reference.clone(), one.clone()) else {
            continue;
        };
        let named = |one: &Published<'_>| match one.variant.as_str() {
            "" => format!("`{}`", one.recipe),
            variant => variant.to_owned(),
        };
        let reference = &one.reference;
        let message = if one.file == other.file {
            format!(
                "{} and {} both become {reference}",
                named(&other),
                named(&one)
            )
        } else {
            format!(
                "{} in {} becomes {reference} as well",
                named(&other),
                other.file
            )
        };
        findings.push(
            Finding::error(one.place, message)
                .with_rule(RULE.id)
                .with_help("use what tells them apart in `tags` or `repository`"),
        );
    }
}
