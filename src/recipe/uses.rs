//! The names that a content needs resolved before it can be built.

use super::image::{Base, Content, From, MountSource, Program, RecipeRef, Step, StepKind};
use crate::oci::Reference;
use crate::text::{Place, Spanned};

impl Content {
    /// Every base: of the image, of its Dockerfile, and of its stages.
    pub fn bases(&self) -> Vec<&Spanned<Base>> {
        let stages = self.stages.values().map(|stage| &stage.base);
        let own = std::iter::once(&self.base).chain(self.base.value.given());
        own.chain(stages).collect()
    }

    /// The Dockerfile that the image begins with.
    pub fn dockerfile(&self) -> Option<&super::Dockerfile> {
        match &self.base.value {
            Base::Dockerfile(dockerfile) => Some(dockerfile),
            _ => None,
        }
    }

    /// Every image of a registry that it begins with or takes files from.
    pub fn images(&self) -> Vec<(&Reference, &Place)> {
        let bases = self
            .bases()
            .into_iter()
            .filter_map(|base| match &base.value {
                Base::Image(reference) => Some((reference, &base.place)),
                _ => None,
            });
        let taken = self
            .taken()
            .into_iter()
            .filter_map(|(from, place)| match from {
                From::Image(reference) => Some((reference, place)),
                _ => None,
            });
        bases.chain(taken).collect()
    }

    /// Every image of the workspace that it begins with or takes files from.
    pub fn recipes(&self) -> Vec<(&RecipeRef, &Place)> {
        let bases = self
            .bases()
            .into_iter()
            .filter_map(|base| match &base.value {
                Base::Recipe(reference) => Some((reference, &base.place)),
                _ => None,
            });
        let taken = self
            .taken()
            .into_iter()
            .filter_map(|(from, place)| match from {
                From::Recipe(reference) => Some((reference, place)),
                _ => None,
            });
        bases.chain(taken).collect()
    }

    /// Everything that steps take files from, other than the workspace.
    pub(super) fn taken(&self) -> Vec<(&From, &Place)> {
        let stages = self.stages.values().map(|stage| &stage.steps);
        taken_by(stages.chain([&self.steps]).flatten())
    }
}

/// Everything that some steps take files from, other than the workspace.
pub(super) fn taken_by<'s>(
    steps: impl IntoIterator<Item = &'s Step>,
) -> Vec<(&'s From, &'s Place)> {
    let all = steps.into_iter().flat_map(from_of);
    all.map(|from| (&from.value, &from.place)).collect()
}

impl Step {
    /// The options of a step that runs a program.
    pub fn program(&self) -> Option<&Program> {
        match &self.kind {
            StepKind::Run(_, program)
            | StepKind::Apt(_, program)
            | StepKind::Dnf(_, program)
            | StepKind::Apk(_, program)
            | StepKind::Pip(_, program)
            | StepKind::Conda(_, program) => Some(program),
            _ => None,
        }
    }
}

fn from_of(step: &Step) -> Vec<&Spanned<From>> {
    match &step.kind {
        StepKind::Copy(copy) => copy.from.iter().collect(),
        _ => step.program().map(mounted).unwrap_or_default(),
    }
}

fn mounted(program: &Program) -> Vec<&Spanned<From>> {
    program
        .mounts
        .iter()
        .filter_map(|mount| match &mount.source {
            MountSource::Files { from, .. } => from.as_ref(),
            _ => None,
        })
        .collect()
}
