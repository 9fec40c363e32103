//! `missing-file`: a file that a step wants and the workspace does not have.

use std::collections::BTreeSet;

use crate::diagnostic::{Finding, Level};
use crate::lint::rule::{CORRECTNESS, Check, Example, Rule};
use crate::lint::view::{RecipeView, Report};
use crate::recipe::steps::Key;
use crate::recipe::{Base, Content, MountSource, Step, StepKind};
use crate::text::{Place, Spanned};

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

/// Something of the workspace that an image needs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Wanted<'a> {
    /// Copied or mounted: `.dockerignore` and `exclude` have a say.
    Copied(&'a str, &'a [String]),
    /// Read as it is.
    File(&'a str),
}

fn check(view: &RecipeView<'_>, report: &mut Report<'_>) {
    let mut seen = BTreeSet::new();
    for content in view.images.iter().flat_map(|image| image.contents.values()) {
        for (wanted, place) in wanted(content) {
            if !seen.insert((place.source.path(), place.span, wanted.clone())) {
                continue;
            }
            let found = match wanted {
                Wanted::Copied(source, exclude) => {
                    view.files.copies(source, place.source.folder(), exclude)
                }
                Wanted::File(path) => view.files.exists(path),
            };
            if let Err(message) = found {
                let help = "a path is relative to its file; a leading `/` is the workspace";
                report.push(Finding::error(place, message).with_help(help));
            }
        }
    }
}

/// Everything that an image takes from the workspace.
fn wanted(content: &Content) -> Vec<(Wanted<'_>, &Place)> {
    let stages = content.stages.values().map(|stage| &stage.steps);
    let steps = stages.chain([&content.steps]).flatten();
    let mut all: Vec<_> = steps.flat_map(of_step).collect();
    for base in content.bases() {
        match &base.value {
            Base::Rootfs(path) => all.push((Wanted::File(path), &base.place)),
            Base::Oci { folder, .. } => all.push((Wanted::File(folder), &base.place)),
            Base::Dockerfile(dockerfile) => {
                for path in [&dockerfile.file, &dockerfile.context] {
                    all.push((Wanted::File(&path.value), &path.place));
                }
            }
            _ => {}
        }
    }
    all
}

fn of_step(step: &Step) -> Vec<(Wanted<'_>, &Place)> {
    let (mut all, program) = match &step.kind {
        StepKind::Copy(copy) if copy.from.is_none() => {
            let copied = |src| copied(src, &copy.exclude);
            return copy.src.iter().map(copied).collect();
        }
        StepKind::Apt(apt, program) => {
            let keys = apt.sources.values().filter_map(|source| match &source.key {
                Some(Key::File(path)) => Some(read(path)),
                _ => None,
            });
            (keys.collect(), program)
        }
        StepKind::Pip(pip, program) => {
            let files = pip.requirements.iter().chain(&pip.constraints);
            (files.map(read).collect(), program)
        }
        StepKind::Run(_, program)
        | StepKind::Dnf(_, program)
        | StepKind::Apk(_, program)
        | StepKind::Conda(_, program) => (Vec::new(), program),
        _ => return Vec::new(),
    };
    let mounts = program
        .mounts
        .iter()
        .filter_map(|mount| match &mount.source {
            MountSource::Files { src, from: None } => Some(copied(src, &[])),
            _ => None,
        });
    all.extend(mounts);
    all
}

fn copied<'a>(path: &'a Spanned<String>, exclude: &'a [String]) -> (Wanted<'a>, &'a Place) {
    (Wanted::Copied(&path.value, exclude), &path.place)
}

fn read(path: &Spanned<String>) -> (Wanted<'_>, &Place) {
    (Wanted::File(&path.value), &path.place)
}
