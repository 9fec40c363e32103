//! What a recipe's `limits.emulation` says to steps and tests that a builder would emulate.

use std::collections::BTreeMap;

use super::assign::emulated;
use super::foreign::{Foreign, as_warning, judged};
use super::report::{Failure, FailureKind};
use crate::diagnostic::{Finding, Findings, Level};
use crate::lower::{Lowered, Mode, StepMode};
use crate::oci::Platform;
use crate::ops::connect::Ready;
use crate::ops::error::OpError;
use crate::ops::modes::LegModes;
use crate::plan::{Leg, Plan};
use crate::recipe::{
    Base, Content, Emulation, Limits, Stage, StagePlatform, Step, StepKind, TestKind,
};
use crate::text::Spanned;

/// Refuses steps and tests that would be emulated where the recipe denies that, before anything is built; gives the
/// warnings about those where it wants to be warned. A leg without a graph is published already.
pub(super) fn check(
    plan: &Plan,
    assigned: &BTreeMap<Platform, usize>,
    builders: &[Ready],
    graphs: &BTreeMap<Leg, Lowered>,
) -> Result<Vec<Finding>, OpError> {
    let (mut denied, mut warnings) = (Findings::new(), Vec::new());
    for leg in plan.legs() {
        let image = &plan.images[leg.image].image;
        let content = &image.contents[&leg.platform];
        let builder = &builders[assigned[&leg.platform]];
        let (Some(rule), Some(graph)) = (&content.limits.emulation, graphs.get(&leg)) else {
            continue;
        };
        if !emulated(builder, leg.platform) {
            continue;
        }
        let foreign = Foreign {
            name: image.name(),
            platform: leg.platform,
            builder: &builder.info.name,
            native: builder.info.native,
            rule,
        };
        let (whole, steps) = emulated_in(content, &graph.modes);
        for finding in judged(&foreign, whole, &steps) {
            match finding.level {
                Level::Error => denied.push(finding),
                _ => warnings.push(finding),
            }
        }
    }
    if denied.is_empty() {
        Ok(warnings)
    } else {
        Err(OpError::Refused(denied))
    }
}

/// The legs of a plan that may not be emulated.
pub(in crate::ops) fn denying(plan: &Plan) -> impl Iterator<Item = Leg> {
    let legs = plan.legs().into_iter();
    legs.filter(|leg| {
        let content = &plan.images[leg.image].image.contents[&leg.platform];
        denies(&content.limits).is_some()
    })
}

/// What [`check`] would refuse, as far as it is known without asking any builder: warnings, since a leg that is
/// published already is not built.
pub(in crate::ops) fn planned(plan: &Plan, modes: &BTreeMap<Leg, LegModes>) -> Vec<Finding> {
    let mut denied = Vec::new();
    for leg in denying(plan) {
        let image = &plan.images[leg.image].image;
        let content = &image.contents[&leg.platform];
        let known = modes
            .get(&leg)
            .and_then(|modes| Some((modes, modes.builder.as_ref()?)));
        let (Some(rule), Some((modes, builder))) = (denies(&content.limits), known) else {
            continue;
        };
        if !leg.platform.is_foreign_to(builder.native) {
            continue;
        }
        let foreign = Foreign {
            name: image.name(),
            platform: leg.platform,
            builder: &builder.name,
            native: builder.native,
            rule,
        };
        let steps: Vec<StepMode> = modes.emulated().chain(of_tests(content)).collect();
        let found = judged(&foreign, runs_unseen(content), &steps);
        denied.extend(found.into_iter().map(as_warning));
    }
    denied
}

fn denies(limits: &Limits) -> Option<&Spanned<Emulation>> {
    let rule = limits.emulation.as_ref();
    rule.filter(|rule| rule.value == Emulation::Deny)
}

/// Refuses a leg that was lowered anew, for what a native op could not do, where its recipe denies emulation and one of
/// its steps is emulated now. In a leg as it was settled there is no such step: [`check`] has seen it.
pub(super) fn still_denied(limits: &Limits, modes: &[StepMode]) -> Result<(), Box<Failure>> {
    if denies(limits).is_none() {
        return Ok(());
    }
    let Some(step) = modes.iter().find(|step| step.mode == Mode::Emulated) else {
        return Ok(());
    };
    Err(Box::new(Failure {
        kind: FailureKind::Limit {
            place: step.place.clone(),
            layers: Vec::new(),
        },
        message: format!(
            "`{}` would be emulated now, which `limits` denies: {}",
            step.title, step.why
        ),
        next: Some("allow emulation, or add a builder that has the platform".to_owned()),
    }))
}

/// What is said of steps that native tools could do and that are emulated all the same: one message for each reason,
/// at the first step that has it.
pub(super) fn fallbacks(modes: &[StepMode]) -> Vec<String> {
    let mut all: Vec<(&StepMode, usize)> = Vec::new();
    for step in modes.iter().filter(|step| step.is_fallback) {
        match all.iter_mut().find(|(first, _)| first.why == step.why) {
            Some((_, count)) => *count += 1,
            None => all.push((step, 0)),
        }
    }
    let said = all.into_iter().map(|(step, more)| {
        let (place, title, why) = (&step.place, &step.title, &step.why);
        match more {
            0 => format!("{place}: `{title}` is emulated: {why}"),
            more => format!("{place}: `{title}` and {more} more are emulated: {why}"),
        }
    });
    said.collect()
}

/// The steps and tests of a foreign leg that are emulated, and whether there are more of which nothing is known.
fn emulated_in(content: &Content, modes: &[StepMode]) -> (bool, Vec<StepMode>) {
    let of_steps = modes.iter().filter(|step| step.mode == Mode::Emulated);
    let steps = of_steps.cloned().chain(of_tests(content)).collect();
    let unknown = modes.is_empty() && runs_programs(content);
    (unknown || runs_unseen(content), steps)
}

/// Tests that run a program of the image do so where it was built.
fn of_tests(content: &Content) -> impl Iterator<Item = StepMode> {
    let runs = content.tests.iter();
    let runs = runs.filter(|test| matches!(test.kind, TestKind::Run(_)));
    runs.map(|test| {
        let title = test.title();
        StepMode {
            title: format!("test {}", title.lines().next().unwrap_or_default()),
            place: test.place.clone(),
            mode: Mode::Emulated,
            why: "a test runs the image's own programs".to_owned(),
            is_fallback: false,
        }
    })
}

/// Whether programs run of which no step tells: those of a Dockerfile.
fn runs_unseen(content: &Content) -> bool {
    matches!(content.base.value, Base::Dockerfile(_))
}

/// Whether a step runs a program of the image's platform.
fn runs_programs(content: &Content) -> bool {
    let target = |stage: &&Stage| stage.platform == StagePlatform::Target;
    let stages = content.stages.values().filter(target);
    let mut steps = stages.flat_map(|stage| &stage.steps).chain(&content.steps);
    steps.any(is_program)
}

fn is_program(step: &Step) -> bool {
    matches!(
        step.kind,
        StepKind::Run(..)
            | StepKind::Apt(..)
            | StepKind::Dnf(..)
            | StepKind::Apk(..)
            | StepKind::Pip(..)
            | StepKind::Conda(..)
    )
}

#[cfg(test)]
mod tests {
    use super::super::foreign::tests::{TEXT, place, steps};
    use super::{FailureKind, fallbacks, still_denied};
    use crate::lower::Mode;
    use crate::recipe::{Emulation, Limits};
    use crate::text::{SourceFile, Spanned};

    #[test]
    fn fallbacks_of_one_reason_are_told_once_and_what_is_wanted_is_not() {
        let source = SourceFile::new("r.yaml", TEXT);
        let mut modes = steps(&source, &["run: a", "run: b", "run: 한", "run: d"]);
        for step in &mut modes[1..] {
            step.is_fallback = true;
        }
        "왜".clone_into(&mut modes[2].why);
        assert_eq!(
            fallbacks(&modes),
            [
                "r.yaml:3:3: `run: b` and 1 more are emulated: a run step says only how",
                "r.yaml:4:3: `run: 한` is emulated: 왜",
            ]
        );
    }

    #[test]
    fn a_leg_in_which_a_native_op_was_declined_is_not_emulated_where_that_is_denied() {
        let source = SourceFile::new("r.yaml", TEXT);
        let limits = |value| Limits {
            emulation: Some(Spanned::new(value, place(&source, "deny"))),
            ..Limits::default()
        };
        let mut modes = steps(&source, &["run: a", "run: 한"]);
        modes[0].mode = Mode::NativeTools;
        let failure = still_denied(&limits(Emulation::Deny), &modes).unwrap_err();
        let FailureKind::Limit { place, .. } = &failure.kind else {
            panic!("{failure:?}");
        };
        assert_eq!(place.to_string(), "r.yaml:4:3");
        assert_eq!(
            failure.message,
            "`run: 한` would be emulated now, which `limits` denies: a run step says only how"
        );
        assert!(still_denied(&limits(Emulation::Warn), &modes).is_ok());
        assert!(still_denied(&Limits::default(), &modes).is_ok());
        assert!(still_denied(&limits(Emulation::Deny), &modes[..1]).is_ok());
    }
}
