//! What is said of a leg whose steps a builder would emulate.

use crate::diagnostic::{Finding, Level};
use crate::lower::StepMode;
use crate::oci::Platform;
use crate::recipe::Emulation;
use crate::text::{Place, Spanned};

/// Steps that a warning names.
const NAMED: usize = 3;

/// A leg that a limit is about: `team/app:1`, where it is made, and by what machine.
pub(super) struct Foreign<'a> {
    pub(super) name: String,
    pub(super) platform: Platform,
    pub(super) builder: &'a str,
    pub(super) native: Platform,
    pub(super) rule: &'a Spanned<Emulation>,
}

/// What is said of a foreign leg: an error for each step, or one warning that counts them.
pub(super) fn judged(foreign: &Foreign<'_>, whole: bool, steps: &[StepMode]) -> Vec<Finding> {
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

pub(super) fn as_warning(mut finding: Finding) -> Finding {
    finding.level = Level::Warning;
    finding
}

/// A step by line and title.
fn words(step: &StepMode) -> String {
    let Place { source, .. } = &step.place;
    let (line, _) = step.place.line_column();
    format!("`{}` ({}:{line})", step.title, source.path())
}

#[cfg(test)]
pub(super) mod tests {
    use std::sync::Arc;

    use super::{Foreign, judged};
    use crate::diagnostic::Level;
    use crate::lower::{Mode, StepMode};
    use crate::oci::Platform;
    use crate::recipe::Emulation;
    use crate::text::{Place, SourceFile, Span, Spanned};

    pub(in crate::ops::build) const TEXT: &str =
        "steps:\n- run: a\n- run: b\n- run: 한\n- run: d\n- run: e\nemulation: deny\n";

    pub(in crate::ops::build) fn place(source: &Arc<SourceFile>, words: &str) -> Place {
        let start = source.text().find(words).unwrap();
        let end = start + words.len();
        Place::new(source, Span { start, end })
    }

    pub(in crate::ops::build) fn steps(source: &Arc<SourceFile>, words: &[&str]) -> Vec<StepMode> {
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
}
