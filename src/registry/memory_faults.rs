//! Faults on demand for the in-memory registry, and the list of what was asked of it.
//!
//! Owns the rules that say when a request fails, and the errors that follow. Stores no content.

use super::asked::{Asked, Operation};
use super::error::{Problem, RegistryError};
use crate::oci::Repository;

/// A request made to a [`MemoryRegistry`](super::MemoryRegistry).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// What was asked.
    pub operation: Operation,
    /// The repository.
    pub repository: Repository,
    /// Tag or digest; empty for a list of tags.
    pub target: String,
}

/// A failure that a [`MemoryRegistry`](super::MemoryRegistry) can be told to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Nobody listens.
    Unreachable,
    /// 503.
    Unavailable,
    /// 401.
    Unauthorized,
    /// 403.
    Denied,
    /// Any other refusal.
    Refused {
        /// HTTP status.
        status: u16,
        /// Error code of the distribution-spec.
        code: String,
    },
}

impl Fault {
    fn error(self, at: Asked) -> RegistryError {
        let at = Box::new(at);
        match self {
            Self::Unreachable => RegistryError::Unreachable {
                at,
                problem: Problem::Refused,
                detail: "a fault was asked for".to_owned(),
            },
            Self::Unavailable => RegistryError::Unavailable {
                at,
                status: 503,
                code: None,
                message: String::new(),
                retry_after_ms: None,
            },
            Self::Unauthorized => RegistryError::Unauthorized {
                at,
                had_login: false,
                code: None,
                message: String::new(),
            },
            Self::Denied => RegistryError::Denied {
                at,
                code: Some("DENIED".to_owned()),
                message: String::new(),
            },
            Self::Refused { status, code } => RegistryError::Refused {
                at,
                status,
                code: Some(code),
                message: String::new(),
            },
        }
    }
}

#[derive(Debug)]
struct Rule {
    operation: Operation,
    target: Option<String>,
    once: bool,
    fault: Fault,
}

/// The faults that are due, and the requests made so far.
#[derive(Debug, Default)]
pub(super) struct Script {
    rules: Vec<Rule>,
    pub(super) requests: Vec<Request>,
}

impl Script {
    pub(super) fn add(
        &mut self,
        operation: Operation,
        target: Option<&str>,
        once: bool,
        fault: Fault,
    ) {
        self.rules.push(Rule {
            operation,
            target: target.map(str::to_owned),
            once,
            fault,
        });
    }

    pub(super) fn clear(&mut self) {
        self.rules.clear();
    }

    /// Notes a request and gives the fault that is due for it.
    pub(super) fn take(&mut self, at: &Asked) -> Result<(), RegistryError> {
        self.requests.push(Request {
            operation: at.operation,
            repository: at.repository.clone(),
            target: at.target.clone(),
        });
        let due = self.rules.iter().position(|rule| {
            rule.operation == at.operation
                && rule
                    .target
                    .as_ref()
                    .is_none_or(|target| *target == at.target)
        });
        let Some(due) = due else { return Ok(()) };
        let fault = if self.rules[due].once {
            self.rules.remove(due).fault
        } else {
            self.rules[due].fault.clone()
        };
        Err(fault.error(at.clone()))
    }
}
