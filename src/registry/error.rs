//! What can go wrong between us and a registry.
//!
//! Owns the error type and its classes. The next step to take is found in `hint`.

use std::fmt;
use std::path::PathBuf;

use super::asked::{Asked, Operation};
use crate::credentials::{CredentialError, Refusal};
use crate::oci::{Digest, RegistryHost, Repository};

/// Why no answer came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Problem {
    /// The host's name has no address.
    UnknownHost,
    /// Nobody listens at the address.
    Refused,
    /// No answer in time.
    TimedOut,
    /// The two sides could not agree on a secure connection.
    Tls,
    /// The certificate of the host is not what it should be.
    Certificate(Refusal),
    /// The connection broke, before the answer or in the middle of it.
    Broken,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UnknownHost => "its name has no address",
            Self::Refused => "the connection was refused",
            Self::TimedOut => "no answer came in time",
            Self::Tls | Self::Certificate(_) => "no secure connection could be made",
            Self::Broken => "the connection broke",
        })
    }
}

/// Why something asked of a registry was not had.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// No answer came.
    #[error("could not {at}: `{}` does not answer, {problem}: {detail}{}", at.url, at.effort())]
    Unreachable {
        /// What was asked.
        at: Box<Asked>,
        /// The class of failure.
        problem: Problem,
        /// The system's words.
        detail: String,
    },
    /// The registry answered that it cannot answer now: 408, 429 or 5xx.
    #[error("could not {at}: `{}` answered {status}{}{}", at.url, said(code.as_deref(), message), at.effort())]
    Unavailable {
        /// What was asked.
        at: Box<Asked>,
        /// HTTP status.
        status: u16,
        /// The registry's error code, such as `TOOMANYREQUESTS`.
        code: Option<String>,
        /// The registry's words; may be empty.
        message: String,
        /// The pause that the registry asked for, in milliseconds.
        retry_after_ms: Option<u64>,
    },
    /// The registry wants a login, or another one: 401.
    #[error("could not {at}: `{}` wants a login{}{}", at.host, if *had_login { " and refused the stored one" } else { "" }, said(code.as_deref(), message))]
    Unauthorized {
        /// What was asked.
        at: Box<Asked>,
        /// Whether a login was sent.
        had_login: bool,
        /// The registry's error code.
        code: Option<String>,
        /// The registry's words; may be empty.
        message: String,
    },
    /// The login, or nobody, has the right: 403.
    #[error("could not {at}: `{}` denied it{}", at.host, said(code.as_deref(), message))]
    Denied {
        /// What was asked.
        at: Box<Asked>,
        /// The registry's error code.
        code: Option<String>,
        /// The registry's words; may be empty.
        message: String,
    },
    /// The registry refused the request for another reason.
    #[error("could not {at}: `{}` answered {status}{}", at.url, said(code.as_deref(), message))]
    Refused {
        /// What was asked.
        at: Box<Asked>,
        /// HTTP status.
        status: u16,
        /// The registry's error code, such as `MANIFEST_BLOB_UNKNOWN`.
        code: Option<String>,
        /// The registry's words; may be empty.
        message: String,
    },
    /// The answer does not follow the distribution-spec.
    #[error("could not {at}: the answer of `{}` makes no sense, {problem}", at.url)]
    Malformed {
        /// What was asked.
        at: Box<Asked>,
        /// What is wrong with the answer.
        problem: String,
    },
    /// Content does not have the digest that it must have.
    #[error(
        "could not {at}: its content has the digest `{actual}` where `{expected}` was expected"
    )]
    WrongDigest {
        /// What was asked.
        at: Box<Asked>,
        /// The digest asked for, or claimed by the registry.
        expected: Digest,
        /// The digest of the bytes.
        actual: Digest,
    },
    /// Content does not have the size that it must have.
    #[error("could not {at}: it has {actual} bytes where {expected} were expected")]
    WrongSize {
        /// What was asked.
        at: Box<Asked>,
        /// Bytes expected.
        expected: u64,
        /// Bytes there are.
        actual: u64,
    },
    /// Content is larger than the caller takes.
    #[error("could not {at}: it has more than {limit_bytes} bytes")]
    TooLarge {
        /// What was asked.
        at: Box<Asked>,
        /// Most bytes taken.
        limit_bytes: u64,
    },
    /// No mirror had it, and then the registry itself failed.
    #[error("could not {operation} `{target}` of `{repository}` from any of {} hosts: {}", tried.len(), listed(tried))]
    AllFailed {
        /// What was asked.
        operation: Operation,
        /// The repository.
        repository: Box<Repository>,
        /// Tag or digest.
        target: String,
        /// One error per host that failed, in the order asked; the registry itself is last.
        tried: Vec<RegistryError>,
    },
    /// The login for a host could not be had.
    #[error("no login for `{host}` could be had")]
    Credentials {
        /// The host.
        host: RegistryHost,
        /// Why.
        #[source]
        source: Box<CredentialError>,
    },
    /// The certificates to trust are not accepted.
    #[error("the certificates in `{path}` are not accepted: {reason}")]
    BadCertificates {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// There can be no client at all.
    #[error("no HTTP client could be made: {reason}")]
    NoClient {
        /// Why.
        reason: String,
    },
}

/// Code and words of the registry as a tail of a message.
fn said(code: Option<&str>, message: &str) -> String {
    match (code, message) {
        (None, "") => String::new(),
        (Some(code), "") => format!(" ({code})"),
        (None, message) => format!(": {message}"),
        (Some(code), message) => format!(" ({code}): {message}"),
    }
}

fn listed(tried: &[RegistryError]) -> String {
    let all: Vec<String> = tried.iter().map(ToString::to_string).collect();
    all.join("; ")
}

/// The member `at` of whichever variant, as a reference of the kind that the error is given by.
macro_rules! asked_in {
    ($error:expr) => {
        match $error {
            RegistryError::Unreachable { at, .. }
            | RegistryError::Unavailable { at, .. }
            | RegistryError::Unauthorized { at, .. }
            | RegistryError::Denied { at, .. }
            | RegistryError::Refused { at, .. }
            | RegistryError::Malformed { at, .. }
            | RegistryError::WrongDigest { at, .. }
            | RegistryError::WrongSize { at, .. }
            | RegistryError::TooLarge { at, .. } => Some(at),
            RegistryError::AllFailed { .. }
            | RegistryError::Credentials { .. }
            | RegistryError::BadCertificates { .. }
            | RegistryError::NoClient { .. } => None,
        }
    };
}

impl RegistryError {
    /// What was asked; nothing where it never came to a request, or where several hosts were asked.
    pub fn asked(&self) -> Option<&Asked> {
        asked_in!(self)
    }

    pub(super) fn asked_mut(&mut self) -> Option<&mut Asked> {
        asked_in!(self)
    }

    /// The error that decides among several: that of the registry itself, asked last.
    pub(super) fn deciding(&self) -> &Self {
        match self {
            Self::AllFailed { tried, .. } => tried.last().map_or(self, Self::deciding),
            other => other,
        }
    }

    /// Whether the registry was not there or not able to answer, after all attempts: no connection, 408, 429, 5xx.
    pub fn is_unavailable(&self) -> bool {
        matches!(
            self.deciding(),
            Self::Unreachable { .. } | Self::Unavailable { .. }
        )
    }

    /// Whether a login, or the right to do it, is missing: 401, 403, or a login that could not be had.
    pub fn is_denied(&self) -> bool {
        matches!(
            self.deciding(),
            Self::Unauthorized { .. } | Self::Denied { .. } | Self::Credentials { .. }
        )
    }

    /// HTTP status of the answer that decided, where there was one.
    pub fn status(&self) -> Option<u16> {
        match self.deciding() {
            Self::Unavailable { status, .. } | Self::Refused { status, .. } => Some(*status),
            Self::Unauthorized { .. } => Some(401),
            Self::Denied { .. } => Some(403),
            _ => None,
        }
    }

    /// The registry's error code (distribution-spec v1.1, "Error Codes"), where it gave one.
    pub fn code(&self) -> Option<&str> {
        match self.deciding() {
            Self::Unavailable { code, .. }
            | Self::Unauthorized { code, .. }
            | Self::Denied { code, .. }
            | Self::Refused { code, .. } => code.as_deref(),
            _ => None,
        }
    }

    /// Whether the same request may succeed if it is made again.
    pub(super) fn is_retryable(&self) -> bool {
        match self {
            Self::Unreachable { problem, .. } => {
                !matches!(problem, Problem::Tls | Problem::Certificate(_))
            }
            Self::Unavailable { .. } => true,
            _ => false,
        }
    }
}
