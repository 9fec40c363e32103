//! Exit codes, and which error means which.

use std::process::ExitCode;

use crate::ops::OpError;
use crate::ops::build::{BuildReport, Failure, FailureKind, ImageReport, ImageState, LegState};

/// How the program ends. Where several apply, the lowest but 0 wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Exit {
    /// Done, and read back.
    Done = 0,
    /// Usage, an invalid recipe, a base or file that is not there, a base without the platform.
    Invalid = 2,
    /// A build step failed on every platform of its image.
    StepFailed = 3,
    /// No builder, or it went away.
    Builder = 4,
    /// No registry, or it went away.
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
            | OpError::File { .. } => Self::Invalid,
            OpError::Builder(_) => Self::Builder,
            OpError::Registry(_) => Self::Registry,
            OpError::WouldShrink { .. } => Self::Policy,
            OpError::Ledger(_) | OpError::Bug(_) => Self::Bug,
        }
    }

    /// The exit for what happened in a build.
    pub(super) fn of_report(report: &BuildReport) -> Self {
        let exits = report.images.iter().filter_map(of_image);
        exits.min().unwrap_or(Self::Done)
    }
}

fn of_image(image: &ImageReport) -> Option<Exit> {
    if image.state != ImageState::Failed {
        return None;
    }
    let failures = image.legs.values().filter_map(|leg| match &leg.state {
        LegState::Failed(failure) => Some(of_failure(failure, image.is_partial())),
        _ => None,
    });
    failures
        .chain(
            image
                .error
                .as_ref()
                .map(|failure| of_failure(failure, false)),
        )
        .min()
}

fn of_failure(failure: &Failure, partial: bool) -> Exit {
    match failure.kind {
        FailureKind::Step { .. } if partial => Exit::Partial,
        FailureKind::Step { .. } => Exit::StepFailed,
        FailureKind::Builder => Exit::Builder,
        FailureKind::Registry => Exit::Registry,
        FailureKind::Policy => Exit::Policy,
        FailureKind::Bug => Exit::Bug,
    }
}
