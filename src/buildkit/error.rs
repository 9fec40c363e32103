//! What can go wrong with a builder and with a build on it. Owns the words and the advice; how a
//! gRPC answer becomes one of these is in `details.rs`.

use std::error::Error;
use std::io;

use thiserror::Error;

use crate::buildkit::address::Address;
use crate::buildkit::pipe::PipeFault;
use crate::buildkit::tls::Fault;
use crate::oci::{Platform, Repository};
use crate::text::with_causes;

/// A builder that cannot be used.
#[derive(Debug, Error)]
pub enum BuildkitError {
    /// Nobody answers at the address, or nobody who speaks gRPC.
    #[error("cannot reach builder `{builder}` at `{address}`: {reason}")]
    Unreachable {
        /// Name of the builder.
        builder: String,
        /// Where it should be.
        address: Address,
        /// What the system says.
        reason: String,
        /// The same as a kind, when it is an error of the system.
        kind: Option<io::ErrorKind>,
    },
    /// No secure connection could be made.
    #[error("no secure connection to builder `{builder}` at `{address}`: {reason}")]
    Insecure {
        /// Name of the builder.
        builder: String,
        /// Where it is.
        address: Address,
        /// What was wrong, with the authorities that were trusted.
        reason: String,
        /// What to do about it.
        next: String,
    },
    /// The program that leads to the builder failed.
    #[error("cannot reach builder `{builder}` at `{address}`: {reason}")]
    Command {
        /// Name of the builder.
        builder: String,
        /// Where it should be.
        address: Address,
        /// How the program ended, and what it said.
        reason: String,
        /// What to do about it.
        next: String,
    },
    /// The builder takes too long to answer.
    #[error("builder `{builder}` at `{address}` did not answer within {seconds} s")]
    TimedOut {
        /// Name of the builder.
        builder: String,
        /// Where it should be.
        address: Address,
        /// How long we waited.
        seconds: u64,
    },
    /// The daemon is older than what we can work with.
    #[error(
        "builder `{builder}` runs BuildKit {}, at least v0.13 is needed",
        version.as_deref().unwrap_or("older than v0.11")
    )]
    TooOld {
        /// Name of the builder.
        builder: String,
        /// What the daemon says of itself; it could not before v0.11.
        version: Option<String>,
    },
    /// A call was answered with an error.
    #[error("builder `{builder}` failed to answer `{operation}`: {message}")]
    Failed {
        /// Name of the builder.
        builder: String,
        /// The call.
        operation: &'static str,
        /// gRPC's name for the kind of error.
        code: tonic::Code,
        /// The daemon's words.
        message: String,
    },
    /// The daemon has no worker, so it can build nothing.
    #[error("builder `{builder}` has no worker")]
    NoWorker {
        /// Name of the builder.
        builder: String,
    },
    /// The daemon cannot build for a platform.
    #[error(
        "builder `{builder}` cannot build for `{platform}`, only for {}",
        list(offered)
    )]
    PlatformMissing {
        /// Name of the builder.
        builder: String,
        /// The platform asked for.
        platform: Platform,
        /// The platforms that it has.
        offered: Vec<Platform>,
    },
}

impl BuildkitError {
    /// What to try next, as a sentence without a period.
    pub fn next_step(&self) -> Option<String> {
        Some(match self {
            BuildkitError::Unreachable {
                address: Address::Unix(path),
                kind,
                ..
            } => match kind {
                Some(io::ErrorKind::NotFound) => format!(
                    "start buildkitd, or name the right socket: there is no `{}`",
                    path.display()
                ),
                Some(io::ErrorKind::PermissionDenied) => {
                    "run as a user who may open the socket".to_owned()
                }
                Some(io::ErrorKind::ConnectionRefused) => {
                    "start buildkitd: the socket is there, but nobody listens".to_owned()
                }
                _ => "check that the socket is buildkitd's".to_owned(),
            },
            BuildkitError::Unreachable { .. } | BuildkitError::TimedOut { .. } => {
                "check that buildkitd runs there and listens at this address".to_owned()
            }
            BuildkitError::Insecure { next, .. } | BuildkitError::Command { next, .. } => {
                next.clone()
            }
            BuildkitError::TooOld { .. } => "upgrade buildkitd".to_owned(),
            BuildkitError::NoWorker { .. } => {
                "enable the OCI or containerd worker in buildkitd.toml".to_owned()
            }
            BuildkitError::PlatformMissing { platform, .. } => format!(
                "register an emulator for {} on that machine (binfmt), or add a builder that has it",
                platform.architecture()
            ),
            BuildkitError::Failed { .. } => return None,
        })
    }
}

/// A build that did not succeed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SolveError {
    /// A step failed: a program ended with an error, a source could not be had, a file was missing.
    #[error("step `{name}` failed: {message}")]
    StepFailed {
        /// Digest of the step's op.
        vertex: String,
        /// The step's name in the progress.
        name: String,
        /// How the program ended, when it was one.
        exit_code: Option<i64>,
        /// The daemon's words.
        message: String,
        /// The last lines that the step wrote, at most 20.
        logs: Vec<String>,
    },
    /// The frontend found a mistake in a Dockerfile, or a step of it failed.
    #[error("{}: {message}", step.as_deref().unwrap_or("the Dockerfile"))]
    DockerfileFailed {
        /// The step's name in the progress, where it came to one.
        step: Option<String>,
        /// How the program ended, when it was one.
        exit_code: Option<i64>,
        /// The daemon's words.
        message: String,
        /// The last lines that the step wrote, at most 20.
        logs: Vec<String>,
        /// Where it stands.
        at: Vec<SourceLines>,
    },
    /// The image was built but could not be pushed.
    #[error("cannot push to `{repository}`: {message}")]
    PushFailed {
        /// Where to.
        repository: Repository,
        /// The daemon's words.
        message: String,
    },
    /// The daemon does not take the request: the graph, an entitlement or an export.
    #[error("builder `{builder}` rejected the build: {message}")]
    Rejected {
        /// Name of the builder.
        builder: String,
        /// The daemon's words.
        message: String,
    },
    /// Somebody else ended the build, as a daemon does that shuts down.
    #[error("builder `{builder}` cancelled the build: {message}")]
    Cancelled {
        /// Name of the builder.
        builder: String,
        /// The daemon's words.
        message: String,
    },
    /// The connection broke or could not be made.
    #[error("lost builder `{builder}`: {message}")]
    DaemonLost {
        /// Name of the builder.
        builder: String,
        /// What the connection says.
        message: String,
    },
    /// Nothing was heard of the daemon for too long: neither progress nor a question after our health,
    /// which comes every five seconds.
    #[error("builder `{builder}` was silent for {seconds} s")]
    Stalled {
        /// Name of the builder.
        builder: String,
        /// How long, in seconds.
        seconds: u64,
    },
    /// The daemon has no space left on its disk.
    #[error("the disk of builder `{builder}` is full: {message}")]
    DiskFull {
        /// Name of the builder.
        builder: String,
        /// The daemon's words.
        message: String,
    },
    /// The session broke, through which the daemon gets local files, secrets and logins.
    #[error("lost the session with builder `{builder}`: {reason}")]
    SessionLost {
        /// Name of the builder.
        builder: String,
        /// What the session says.
        reason: String,
    },
    /// The daemon's answer to a finished build makes no sense.
    #[error("builder `{builder}` gave a wrong answer: {problem}")]
    BadAnswer {
        /// Name of the builder.
        builder: String,
        /// What is wrong with it.
        problem: String,
    },
}

/// Lines of a file that a frontend read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SourceLines {
    /// The name by which the frontend knows it.
    pub file: String,
    /// The whole text.
    pub text: String,
    /// The first and the last line, counted from 1.
    pub lines: (usize, usize),
}

impl SolveError {
    /// Whether the same build may well succeed when it is simply started again: what was finished
    /// is in the daemon's cache.
    pub fn is_retryable(&self) -> bool {
        matches!(
            self,
            SolveError::DaemonLost { .. }
                | SolveError::SessionLost { .. }
                | SolveError::Stalled { .. }
                | SolveError::Cancelled { .. }
        )
    }
}

impl BuildkitError {
    /// [`BuildkitError::Unreachable`] for whatever a connection ended with.
    pub(super) fn unreachable(
        builder: &str,
        address: &Address,
        error: &(dyn Error + 'static),
    ) -> BuildkitError {
        if let Some(fault) = cause::<Fault>(error) {
            return BuildkitError::insecure(builder, address, fault.clone());
        }
        if let Some(fault) = cause::<PipeFault>(error) {
            return BuildkitError::Command {
                builder: builder.to_owned(),
                address: address.clone(),
                reason: fault.reason.clone(),
                next: fault.next.clone(),
            };
        }
        let system = cause::<io::Error>(error);
        BuildkitError::Unreachable {
            builder: builder.to_owned(),
            address: address.clone(),
            reason: system.map_or_else(|| with_causes(error), ToString::to_string),
            kind: system.map(io::Error::kind),
        }
    }

    /// [`BuildkitError::Insecure`] for what TLS met.
    pub(super) fn insecure(builder: &str, address: &Address, fault: Fault) -> BuildkitError {
        BuildkitError::Insecure {
            builder: builder.to_owned(),
            address: address.clone(),
            reason: fault.reason,
            next: fault.next,
        }
    }
}

/// The first cause of a type.
fn cause<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(found) = error.downcast_ref::<E>() {
            return Some(found);
        }
        cause = error.source();
    }
    None
}

fn list(platforms: &[Platform]) -> String {
    let names: Vec<String> = platforms.iter().map(|it| format!("`{it}`")).collect();
    names.join(", ")
}
