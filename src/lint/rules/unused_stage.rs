//! `unused-stage`: a stage that nothing begins with and nothing is taken from.

use std::collections::BTreeSet;

use crate::diagnostic::Level;
use crate::lint::rule::{Check, Example, Rule, UNUSED};
use crate::lint::tree::{entries, items, scalars, texts, values};
use crate::lint::view::{RecipeView, Report};
use crate::recipe::{From, MountSource, StepKind};

pub(in crate::lint) static RULE: Rule = Rule {
    id: "unused-stage",
    group: UNUSED,
    level: Some(Level::Warning),
    fixed: false,
    summary: "a stage that no base, copy or mount names",
    why: "It is never built: nothing of it is in the image, and no mistake in it is ever seen.",
    bad: Example(&[(
        Example::PATH,
        "stages:\n  build: {base: golang:1.24, steps: [{run: go build -o /app}]}\n",
    )]),
    good: Example(&[(
        Example::PATH,
        "stages:\n  build: {base: golang:1.24, steps: [{run: go build -o /app}]}\n\
         steps:\n  - copy: {from: build, src: /app, to: /app}\n",
    )]),
    check: Check::Recipe(check),
};

fn check(view: &RecipeView<'_>, report: &mut Report<'_>) {
    let tree = view.tree();
    let stages: Vec<_> = values(tree, "stages")
        .into_iter()
        .flat_map(entries)
        .collect();
    if stages.is_empty() {
        return;
    }
    let mut names = BTreeSet::new();
    let mut open = false;
    let bases = stages.iter().flat_map(|stage| values(&stage.value, "base"));
    let bases = bases.chain(values(tree, "base"));
    let begun = bases.flat_map(|base| values(base, "stage"));
    let taken = view.steps().iter().flat_map(|step| {
        let mounts = values(step.node, "mounts").into_iter().flat_map(items);
        let from = mounts.flat_map(|mount| values(mount, "from"));
        from.chain(values(step.value, "from")).collect::<Vec<_>>()
    });
    for text in begun.chain(taken).flat_map(texts) {
        // Which stage an expression means is not known here.
        open |= text.has_expression();
        names.insert(text.text);
    }
    for with in view
        .steps()
        .iter()
        .flat_map(|step| values(step.node, "with"))
    {
        // A snippet may be told a stage's name.
        scalars(with, &mut |text| {
            names.insert(text.text);
        });
    }
    names.extend(in_snippets(view));
    for stage in stages {
        if !open && !names.contains(stage.key.value.as_str()) {
            let message = format!("nothing uses the stage `{}`", stage.key.value);
            report.at(&stage.key.place, message);
        }
    }
}

/// The stages that steps of snippets take files from.
fn in_snippets<'v>(view: &'v RecipeView<'_>) -> BTreeSet<&'v str> {
    let contents = view.images.iter().flat_map(|image| image.contents.values());
    let steps = contents.flat_map(|content| {
        let stages = content.stages.values().flat_map(|stage| &stage.steps);
        stages.chain(&content.steps)
    });
    let mut names = BTreeSet::new();
    for step in steps.filter(|step| !step.used.is_empty()) {
        match &step.kind {
            StepKind::Copy(copy) => {
                names.extend(copy.from.as_ref().and_then(|it| stage(&it.value)));
            }
            StepKind::Run(_, program) => {
                for mount in &program.mounts {
                    if let MountSource::Files {
                        from: Some(from), ..
                    } = &mount.source
                    {
                        names.extend(stage(&from.value));
                    }
                }
            }
            _ => {}
        }
    }
    names
}

fn stage(from: &From) -> Option<&str> {
    match from {
        From::Stage(name) => Some(name),
        _ => None,
    }
}
