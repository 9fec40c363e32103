//! Exit codes, and which error means which.

use std::process::ExitCode;

use crate::ops::OpError;
use crate::ops::build::{
    BuildReport, Failure, FailureKind, ImageReport, ImageState, LegReport, LegState, OutputReport,
    OutputState,
};
use crate::ops::doctor::{Diagnosis, Fault};
use crate::ops::rebuild::RebuildReport;

/// How the program ends. Where several apply, the lowest but 0 wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Exit {
    /// Done, and read back.
    Done = 0,
    /// `lint` has a finding at error level.
    Findings = 1,
    /// Usage, an invalid recipe, a base or file that is not there, a base without the platform, a file or
    /// output that cannot be written.
    Invalid = 2,
    /// A build step, or a test of the image, failed on every platform of its image.
    StepFailed = 3,
    /// No builder, or it went away.
    Builder = 4,
    /// No registry, or it went away; or another host that was to be asked for a pin.
    Registry = 5,
    /// Refused by policy.
    Policy = 6,
    /// Some platforms of an image failed and others did not; nothing of it was published.
    Partial = 7,
    /// A check says no.
    CheckFailed = 8,
    /// Unexpected: a mistake of kiln.
    Bug = 70,
    /// Interrupted by the user.
    Interrupted = 130,
    /// Terminated.
    Terminated = 143,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

impl Exit {
    /// The exit for an error of a whole verb.
    pub(super) fn of_error(error: &OpError) -> Self {
        match error {
            OpError::Invalid(_)
            | OpError::Usage { .. }
            | OpError::Selector(_)
            | OpError::File { .. }
            | OpError::Ledger(_) => Self::Invalid,
            OpError::Builder(_) => Self::Builder,
            OpError::Registry(_) | OpError::Unanswered { .. } => Self::Registry,
            OpError::WouldShrink { .. } | OpError::Refused(_) => Self::Policy,
            OpError::Interrupted => Self::Interrupted,
            OpError::Bug(_) => Self::Bug,
        }
    }

    /// The exit of a diagnosis: that of the first failure that others follow from, which is the lowest.
    pub(super) fn of_diagnosis(diagnosis: &Diagnosis) -> Self {
        let faults = diagnosis.checks.iter().filter_map(|check| check.fault);
        let exits = faults.map(|fault| match fault {
            Fault::Invalid => Self::Invalid,
            Fault::Builder => Self::Builder,
            Fault::Registry => Self::Registry,
            Fault::Policy => Self::Policy,
        });
        exits.min().unwrap_or(Self::Done)
    }

    /// The exit where two things went wrong: the lowest but [`Exit::Done`].
    pub(super) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Done, one) | (one, Self::Done) => one,
            (one, other) => one.min(other),
        }
    }

    /// The exit for what happened in a rebuild.
    pub(super) fn of_rebuild(report: &RebuildReport) -> Self {
        let check = if report.is_any_still_stale() {
            Self::CheckFailed
        } else {
            Self::Done
        };
        Self::of_report(&report.build).and(check)
    }

    /// The exit for what happened in a build.
    pub(super) fn of_report(report: &BuildReport) -> Self {
        let exits = report.images.iter().filter_map(of_image);
        let outputs = report.outputs.iter().filter_map(of_output);
        exits.chain(outputs).min().unwrap_or(Self::Done)
    }
}

fn of_image(image: &ImageReport) -> Option<Exit> {
    if image.state != ImageState::Failed {
        return None;
    }
    let by_step = |leg: &LegReport| match &leg.state {
        LegState::Failed(failure) => {
            matches!(
                failure.kind,
                FailureKind::Step { .. } | FailureKind::Tests(_)
            )
        }
        _ => false,
    };
    // A leg that was cancelled or lost its builder did not fail by a step.
    let everywhere = image.legs.values().all(by_step);
    let failures = image.legs.values().filter_map(|leg| match &leg.state {
        LegState::Failed(failure) => Some(of_failure(failure, everywhere)),
        _ => None,
    });
    failures
        .chain(
            image
                .error
                .as_ref()
                .map(|failure| of_failure(failure, everywhere)),
        )
        .min()
}

fn of_output(output: &OutputReport) -> Option<Exit> {
    match &output.state {
        OutputState::Failed(failure) => Some(of_failure(failure, false)),
        // Its images say why they are missing.
        OutputState::Written | OutputState::Incomplete(_) => None,
    }
}

fn of_failure(failure: &Failure, everywhere: bool) -> Exit {
    match failure.kind {
        FailureKind::Step { .. } | FailureKind::Tests(_) if everywhere => Exit::StepFailed,
        FailureKind::Step { .. } | FailureKind::Tests(_) => Exit::Partial,
        FailureKind::Builder => Exit::Builder,
        FailureKind::Registry => Exit::Registry,
        FailureKind::Policy | FailureKind::Limit { .. } => Exit::Policy,
        FailureKind::Output | FailureKind::Ledger => Exit::Invalid,
        FailureKind::Interrupted => Exit::Interrupted,
        FailureKind::Bug => Exit::Bug,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use super::Exit;
    use crate::oci::Platform;
    use crate::ops::build::{
        BuildReport, Failure, FailureKind, ImageReport, ImageState, LegReport, LegState,
        OutputReport, OutputState, Solved,
    };

    fn failed(kind: FailureKind) -> LegState {
        LegState::Failed(Box::new(Failure {
            kind,
            message: "größer".to_owned(),
            next: None,
        }))
    }

    fn step() -> LegState {
        failed(FailureKind::Step {
            name: "run".to_owned(),
            places: Vec::new(),
            exit_code: Some(1),
            logs: Vec::new(),
        })
    }

    fn built() -> LegState {
        LegState::Built(Box::<Solved>::default())
    }

    fn cancelled() -> LegState {
        LegState::Skipped("cancelled".to_owned())
    }

    /// An image whose legs for amd64 and arm64 ended so.
    fn image(legs: [LegState; 2]) -> ImageReport {
        let platforms = [Platform::LINUX_AMD64, Platform::LINUX_ARM64];
        let leg = |state| LegReport {
            builder: None,
            emulated: false,
            steps: Vec::new(),
            started: None,
            finished: None,
            took: Duration::ZERO,
            state,
        };
        let legs: BTreeMap<_, _> = platforms.into_iter().zip(legs.map(leg)).collect();
        let any = |wanted: fn(&LegState) -> bool| legs.values().any(|leg| wanted(&leg.state));
        let state = if any(|state| matches!(state, LegState::Failed(_))) {
            ImageState::Failed
        } else if any(|state| matches!(state, LegState::Skipped(_))) {
            ImageState::Skipped
        } else {
            ImageState::Built
        };
        ImageReport {
            reasons: Vec::new(),
            name: "app".to_owned(),
            variant: "1".to_owned(),
            image: "team/app:1".to_owned(),
            references: Vec::new(),
            state,
            index: None,
            legs,
            error: None,
        }
    }

    fn exit(images: Vec<ImageReport>) -> Exit {
        let outputs = Vec::new();
        Exit::of_report(&BuildReport {
            images,
            outputs,
            ..BuildReport::default()
        })
    }

    #[test]
    fn a_step_that_failed_everywhere_is_3_and_one_that_failed_on_some_platforms_is_7() {
        assert_eq!(exit(vec![image([built(), built()])]), Exit::Done);
        assert_eq!(exit(vec![image([step(), step()])]), Exit::StepFailed);
        assert_eq!(exit(vec![image([built(), step()])]), Exit::Partial);
        assert_eq!(exit(vec![image([cancelled(), step()])]), Exit::Partial);
    }

    #[test]
    fn of_several_the_lowest_but_0_counts() {
        let done = image([built(), built()]);
        let partial = image([step(), built()]);
        let lost = image([failed(FailureKind::Builder), step()]);
        let skipped = image([cancelled(), cancelled()]);
        assert_eq!(
            exit(vec![done.clone(), partial.clone(), skipped.clone()]),
            Exit::Partial
        );
        assert_eq!(exit(vec![done, partial, lost]), Exit::Builder);
        assert_eq!(exit(vec![skipped]), Exit::Done);
        assert_eq!(Exit::Done.and(Exit::Registry), Exit::Registry);
        assert_eq!(Exit::Builder.and(Exit::Invalid), Exit::Invalid);
    }

    #[test]
    fn an_output_that_could_not_be_written_is_2_and_one_without_all_images_is_its_images_exit() {
        let failure = Failure {
            kind: FailureKind::Output,
            message: "디스크가 가득 찼다".to_owned(),
            next: None,
        };
        let rows = [
            (OutputState::Failed(Box::new(failure)), Exit::Invalid),
            (
                OutputState::Incomplete("team/app:1".to_owned()),
                Exit::Partial,
            ),
            (OutputState::Written, Exit::Partial),
        ];
        for (state, expected) in rows {
            let report = BuildReport {
                images: vec![image([step(), built()])],
                outputs: vec![OutputReport {
                    kind: "oci",
                    dest: "größe.tar".to_owned(),
                    images: BTreeMap::new(),
                    state,
                }],
                ..BuildReport::default()
            };
            assert_eq!(Exit::of_report(&report), expected);
        }
    }

    #[test]
    fn an_image_whose_legs_are_built_fails_by_what_its_publication_met() {
        let mut unpublished = image([built(), built()]);
        unpublished.state = ImageState::Failed;
        let kinds = [
            (FailureKind::Registry, Exit::Registry),
            (FailureKind::Output, Exit::Invalid),
            (FailureKind::Policy, Exit::Policy),
            (FailureKind::Ledger, Exit::Invalid),
            (FailureKind::Interrupted, Exit::Interrupted),
            (FailureKind::Bug, Exit::Bug),
        ];
        for (kind, expected) in kinds {
            unpublished.error = Some(Failure {
                kind,
                message: String::new(),
                next: None,
            });
            assert_eq!(exit(vec![unpublished.clone()]), expected);
        }
    }
}
