//! Why a verb did not do what it was asked to.

use crate::buildkit::BuildkitError;
use crate::diagnostic::Findings;
use crate::plan::SelectorError;
use crate::record::LedgerError;
use crate::registry::RegistryError;

/// An error of a verb as a whole. What happens to a single leg or image is in its report instead.
#[derive(Debug, thiserror::Error)]
pub enum OpError {
    /// Recipes, `kiln.yaml` or bases are wrong; each finding says where.
    #[error("{}", count(.0))]
    Invalid(Findings),
    /// The command line asks for something that is not there.
    #[error("{message}")]
    Usage {
        /// What is wrong.
        message: String,
        /// What to do.
        next: Option<String>,
    },
    /// A name that no image has.
    #[error(transparent)]
    Selector(#[from] SelectorError),
    /// No builder can be used.
    #[error(transparent)]
    Builder(#[from] BuildkitError),
    /// A registry cannot be used.
    #[error(transparent)]
    Registry(#[from] Box<RegistryError>),
    /// It would take platforms away from a published tag.
    #[error("{reference} has {}, which this run does not build", platforms.join(", "))]
    WouldShrink {
        /// The tag.
        reference: String,
        /// The platforms it would lose.
        platforms: Vec<String>,
    },
    /// What the recipes' limits refuse; each finding says where.
    #[error("refused by limits: {}", count(.0))]
    Refused(Findings),
    /// The ledger cannot be read or written.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// A file cannot be read or written.
    #[error("cannot {action} `{path}`: {source}")]
    File {
        /// `read`, `write`.
        action: &'static str,
        /// The path.
        path: String,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// Somebody who was to be asked for a pin does not answer.
    #[error("{message}")]
    Unanswered {
        /// Who, and what was asked.
        message: String,
        /// What to do.
        next: String,
    },
    /// The user ended it before anything was begun.
    #[error("interrupted before anything was begun")]
    Interrupted,
    /// A mistake of kiln itself.
    #[error("{0}")]
    Bug(String),
}

impl From<RegistryError> for OpError {
    fn from(error: RegistryError) -> Self {
        Self::Registry(Box::new(error))
    }
}

impl OpError {
    /// A usage error without a hint.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::Usage {
            message: message.into(),
            next: None,
        }
    }

    /// What to do next, where something can be said.
    pub fn next_step(&self) -> Option<String> {
        match self {
            Self::Usage { next, .. } => next.clone(),
            Self::Unanswered { next, .. } => Some(next.clone()),
            Self::Builder(error) => error.next_step(),
            Self::Registry(error) => Some(error.next_step()),
            Self::WouldShrink { .. } => {
                Some("build all platforms, or pass --allow-shrink to publish fewer".to_owned())
            }
            Self::Ledger(_) => {
                Some("make way for the file, or name another one by --record".to_owned())
            }
            _ => None,
        }
    }
}

fn count(findings: &Findings) -> String {
    match findings.sorted().len() {
        1 => "one mistake".to_owned(),
        many => format!("{many} mistakes"),
    }
}
