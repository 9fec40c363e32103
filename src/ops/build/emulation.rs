//! What a recipe's `limits.emulation` says to steps and tests that a builder would emulate.

use std::collections::BTreeMap;

use super::assign::emulated;
use super::report::{Failure, FailureKind};
use crate::diagnostic::{Finding, Findings, Level};
use crate::lower::{Lowered, Mode, StepMode};
use crate::oci::Platform;
use crate::ops::connect::Ready;
use crate::ops::error::OpError;
use crate::plan::{Leg, Plan};
use crate::recipe::{
    Base, Content, Emulation, Limits, Stage, StagePlatform, Step, StepKind, TestKind,
};
use crate::text::{Place, Spanned};

/// Steps that a warning names.
const NAMED: usize = 3;

/// A leg that a limit is about: `team/app:1`, where it is made, and by what machine.
struct Foreign<'a> {
    name: String,
    platform: Platform,
    builder: &'a str,
    native: Platform,
    rule: &'a Spanned<Emulation>,
}

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

/// Refuses a leg that was lowered anew, for what a native op could not do, where its recipe denies emulation and one of
/// its steps is emulated now. In a leg as it was settled there is no such step: [`check`] has seen it.
pub(super) fn still_denied(limits: &Limits, modes: &[StepMode]) -> Result<(), Box<Failure>> {
    let denied = |rule: &Spanned<Emulation>| rule.value == Emulation::Deny;
    if !limits.emulation.as_ref().is_some_and(denied) {
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

/// What is said of a foreign leg: an error for each step, or one warning that counts them.
fn judged(foreign: &Foreign<'_>, whole: bool, steps: &[StepMode]) -> Vec<Finding> {
    match foreign.rule.value {
        Emulation::Allow => Vec::new(),
        // What is not known step by step is said of the leg.
        Emulation::Deny if whole => vec![foreign.whole("would be")],
        Emulation::Warn if whole => vec![as_warning(foreign.whole("is"))],
        Emulation::Deny => steps.iter().map(|step| foreign.denied(step)).collect(),
        Emulation::Warn if steps.is_empty() => Vec::new(),
        Emulation::Warn => vec![as_warning(foreign.counted(steps))],
    }
}

impl Foreign<'_> {
    fn machine(&self) -> String {
        format!("builder `{}` is {}", self.builder, self.native)
    }

    fn help(&self) -> String {
        format!(
            "add a builder for {} to `builders` of kiln.yaml",
            self.platform
        )
    }

    fn whole(&self, is: &str) -> Finding {
        let (name, platform) = (&self.name, self.platform);
        let message = format!("{name} {is} emulated on {platform}: {}", self.machine());
        Finding::error(&self.rule.place, message).with_help(self.help())
    }

    fn denied(&self, step: &StepMode) -> Finding {
        let (name, platform) = (&self.name, self.platform);
        let (title, why) = (&step.title, &step.why);
        let message = format!(
            "`{title}` of {name} would be emulated on {platform} by builder `{}`: {why}",
            self.builder
        );
        let help = format!(
            "{}, write an `apt` or `pip` step, or do it in a stage with `platform: native`",
            self.help()
        );
        Finding::error(&step.place, message)
            .with_help(help)
            .with_related(&self.rule.place, "emulation is denied here")
    }

    fn counted(&self, steps: &[StepMode]) -> Finding {
        let (name, platform) = (&self.name, self.platform);
        let count = match steps.len() {
            1 => "1 step".to_owned(),
            count => format!("{count} steps"),
        };
        let mut named: Vec<String> = steps.iter().take(NAMED).map(words).collect();
        if steps.len() > NAMED {
            named.push(format!("and {} more", steps.len() - NAMED));
        }
        let named = named.join(", ");
        let message = format!(
            "{name} has {count} emulated on {platform} by builder `{}`: {named}",
            self.builder
        );
        let finding = Finding::error(&self.rule.place, message).with_help(self.help());
        let related = steps.iter().take(NAMED);
        related.fold(finding, |finding, step| {
            finding.with_related(&step.place, step.why.clone())
        })
    }
}

fn as_warning(mut finding: Finding) -> Finding {
    finding.level = Level::Warning;
    finding
}

/// A step by line and title.
fn words(step: &StepMode) -> String {
    let Place { source, .. } = &step.place;
    let (line, _) = step.place.line_column();
    format!("`{}` ({}:{line})", step.title, source.path())
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
    use std::sync::Arc;

    use super::{FailureKind, Foreign, fallbacks, judged, still_denied};
    use crate::diagnostic::Level;
    use crate::lower::{Mode, StepMode};
    use crate::oci::Platform;
    use crate::recipe::{Emulation, Limits};
    use crate::text::{Place, SourceFile, Span, Spanned};

    const TEXT: &str =
        "steps:\n- run: a\n- run: b\n- run: 한\n- run: d\n- run: e\nemulation: deny\n";

    fn place(source: &Arc<SourceFile>, words: &str) -> Place {
        let start = source.text().find(words).unwrap();
        let end = start + words.len();
        Place::new(source, Span { start, end })
    }

    fn steps(source: &Arc<SourceFile>, words: &[&str]) -> Vec<StepMode> {
        let step = |words: &&str| StepMode {
            title: (*words).to_owned(),
            place: place(source, words),
            mode: Mode::Emulated,
            why: "a run step says only how".to_owned(),
            is_fallback: false,
        };
        words.iter().map(step).collect()
    }

    /// What is said, with level and place.
    fn said(value: Emulation, whole: bool, words: &[&str]) -> Vec<String> {
        let source = SourceFile::new("r.yaml", TEXT);
        let rule = Spanned::new(value, place(&source, "deny"));
        let foreign = Foreign {
            name: "team/앱:1".to_owned(),
            platform: "linux/arm64".parse::<Platform>().unwrap(),
            builder: "b",
            native: "linux/amd64".parse().unwrap(),
            rule: &rule,
        };
        let found = judged(&foreign, whole, &steps(&source, words));
        let shown = found.iter().map(|it| {
            assert!(it.level == Level::Warning || value == Emulation::Deny);
            format!("{} {}", it.place, it.message)
        });
        shown.collect()
    }

    #[test]
    fn each_emulated_step_is_denied_at_its_own_line_with_the_reason() {
        let why = "would be emulated on linux/arm64 by builder `b`: a run step says only how";
        assert_eq!(
            said(Emulation::Deny, false, &["run: b", "run: 한"]),
            [
                format!("r.yaml:3:3 `run: b` of team/앱:1 {why}"),
                format!("r.yaml:4:3 `run: 한` of team/앱:1 {why}"),
            ]
        );
        assert_eq!(said(Emulation::Deny, false, &[]), [""; 0]);
    }

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
    fn a_warning_names_three_steps_and_counts_the_rest() {
        let all = ["run: a", "run: b", "run: 한", "run: d", "run: e"];
        assert_eq!(
            said(Emulation::Warn, false, &all),
            [
                "r.yaml:7:12 team/앱:1 has 5 steps emulated on linux/arm64 by builder `b`: \
                 `run: a` (r.yaml:2), `run: b` (r.yaml:3), `run: 한` (r.yaml:4), and 2 more"
            ]
        );
        assert_eq!(
            said(Emulation::Warn, false, &all[2..3]),
            [
                "r.yaml:7:12 team/앱:1 has 1 step emulated on linux/arm64 by builder `b`: \
                 `run: 한` (r.yaml:4)"
            ]
        );
        assert_eq!(said(Emulation::Warn, false, &[]), [""; 0]);
    }

    #[test]
    fn what_is_not_known_step_by_step_is_said_of_the_whole_leg() {
        let all = ["run: a"];
        let rest = "emulated on linux/arm64: builder `b` is linux/amd64";
        assert_eq!(
            said(Emulation::Deny, true, &all),
            [format!("r.yaml:7:12 team/앱:1 would be {rest}")]
        );
        assert_eq!(
            said(Emulation::Warn, true, &[]),
            [format!("r.yaml:7:12 team/앱:1 is {rest}")]
        );
        assert_eq!(said(Emulation::Allow, true, &all), [""; 0]);
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
