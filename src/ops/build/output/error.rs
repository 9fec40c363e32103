//! What can go wrong with an output.

use std::io;
use std::path::Path;

use super::super::report::{Failure, FailureKind};
use crate::ops::error::OpError;

/// Why an output is not there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(in super::super) enum OutputError {
    /// The place cannot be written to.
    #[error("cannot write to `{place}`: {reason}")]
    Unwritable {
        /// As the user named it.
        place: String,
        /// What the system says.
        reason: String,
        /// The same as a kind.
        kind: io::ErrorKind,
    },
    /// What is in the place is not what it should be.
    #[error("`{place}` cannot be the output: {problem}")]
    Odd {
        /// As the user named it.
        place: String,
        /// What is wrong with it.
        problem: String,
    },
    /// What the builder sent is not what it should be.
    #[error("the builder's archive is not whole: {0}")]
    BadArchive(String),
}

impl OutputError {
    pub(super) fn unwritable(place: &Path, error: &io::Error) -> OutputError {
        OutputError::Unwritable {
            place: shown(place),
            reason: error.to_string(),
            kind: error.kind(),
        }
    }

    pub(super) fn odd(place: &Path, problem: impl Into<String>) -> OutputError {
        OutputError::Odd {
            place: shown(place),
            problem: problem.into(),
        }
    }

    /// What to do next.
    pub(super) fn next_step(&self) -> &'static str {
        match self {
            OutputError::Unwritable { kind, .. } => match kind {
                io::ErrorKind::StorageFull
                | io::ErrorKind::QuotaExceeded
                | io::ErrorKind::FileTooLarge => {
                    "make room there, or name another place by --output"
                }
                io::ErrorKind::BrokenPipe => {
                    "let the program that reads the archive read all of it"
                }
                _ => "make the place writable, or name another one by --output",
            },
            OutputError::Odd { .. } => "name another place by --output, or remove what is there",
            OutputError::BadArchive(_) => "run it again; if it stays so, upgrade the builder",
        }
    }
}

impl From<OutputError> for OpError {
    fn from(error: OutputError) -> Self {
        Self::Usage {
            message: error.to_string(),
            next: Some(error.next_step().to_owned()),
        }
    }
}

impl From<OutputError> for Box<Failure> {
    fn from(error: OutputError) -> Self {
        match error {
            OutputError::BadArchive(_) => Failure::builder(error.to_string(), error.next_step()),
            _ => Box::new(Failure {
                kind: FailureKind::Output,
                message: error.to_string(),
                next: Some(error.next_step().to_owned()),
            }),
        }
    }
}

fn shown(place: &Path) -> String {
    place.display().to_string()
}
