//! `missing-file`: a file that a step wants and the workspace does not have.

use std::collections::BTreeSet;

use crate::diagnostic::Level;
use crate::lint::rule::{CORRECTNESS, Check, Example, Rule};
use crate::lint::view::{RecipeView, Report};
use crate::recipe::{Content, MountSource, Program, Step, StepKind};
use crate::text::Spanned;

pub(in crate::lint) static RULE: Rule = Rule {
    id: "missing-file",
    group: CORRECTNESS,
    level: Some(Level::Error),
    fixed: false,
    summary: "a file or glob of the workspace stands for nothing",
    why: "The build stops at it, on whatever machine runs it first. The path is relative to the file it is written in; a leading \
          `/` is the root of the workspace. What `.dockerignore` leaves out is not there either.",
    bad: Example(&[(
        Example::PATH,
        "steps:\n  - copy: {src: page.txt, to: /srv/}\n",
    )]),
    good: Example(&[
        (
            Example::PATH,
            "steps:\n  - copy: {src: page.txt, to: /srv/}\n",
        ),
        ("recipes/page.txt", "쪽\n"),
    ]),
    check: Check::Recipe(check),
};

fn check(view: &RecipeView<'_>, report: &mut Report<'_>) {
    let mut seen = BTreeSet::new();
    for content in view.images.iter().flat_map(|image| image.contents.values()) {
        for (source, exclude) in wanted(content) {
            if !seen.insert((source.value.clone(), exclude.to_vec())) {
                continue;
            }
            if let Err(message) = view.files.matches(&source.value, exclude) {
                report.at(&source.place, message);
            }
        }
    }
}

/// Everything that an image takes from the workspace.
fn wanted(content: &Content) -> Vec<(&Spanned<String>, &[String])> {
    let stages = content.stages.values().map(|stage| &stage.steps);
    let steps = stages.chain([&content.steps]).flatten();
    steps.flat_map(of_step).collect()
}

fn of_step(step: &Step) -> Vec<(&Spanned<String>, &[String])> {
    let plain = |path| (path, [].as_slice());
    match &step.kind {
        StepKind::Copy(copy) if copy.from.is_none() => {
            let exclude = copy.exclude.as_slice();
            copy.src.iter().map(|src| (src, exclude)).collect()
        }
        StepKind::Run(_, program) | StepKind::Apt(_, program) => {
            mounted(program).map(plain).collect()
        }
        StepKind::Pip(pip, program) => {
            let files = pip.requirements.iter().chain(&pip.constraints);
            files.chain(mounted(program)).map(plain).collect()
        }
        _ => Vec::new(),
    }
}

fn mounted(program: &Program) -> impl Iterator<Item = &Spanned<String>> {
    program
        .mounts
        .iter()
        .filter_map(|mount| match &mount.source {
            MountSource::Files { src, from: None } => Some(src),
            _ => None,
        })
}
