//! Talking to BuildKit daemons: a graph goes in, a [`PlatformResult`] comes out.
//!
//! Owns the connection, the session, solves and their progress, and the typing of every error. Must
//! not know recipes, plans or records: steps are named by the digests of their ops, and whoever made
//! the graph knows what they mean.
//!
//! ```text
//! Address ─Builder::connect→ Builder ─Builder::open(SessionContent)→ Daemon: Solver
//!                                                                      │ solve(Solve, ProgressSink)
//!    local folders, secrets, logins ←── session (the daemon calls us) ─┤
//!    images as archives ───────────────→                               │
//!                          Progress ←── Status stream ─────────────────┤
//!                                                                      └→ PlatformResult | SolveError
//! ```
//!
//! One [`Builder`] is one daemon. [`Builder::open`] gives it a session, through which the daemon asks
//! us for files, secrets and logins; all solves on it share that session, so that the daemon logs in
//! once and transfers a folder once for all platforms. Dropping the future of a solve cancels the
//! build; dropping the [`Daemon`] ends the session.
//!
//! A build has no platform of its own in BuildKit's eyes: the platform of the result is the one in
//! the image configuration that the [`Exporter`] carries. The answer is therefore checked against
//! the platform asked for.

mod address;
mod archive;
mod client;
mod command;
mod daemon;
mod details;
mod dockerfile;
mod error;
mod exporter;
#[cfg(test)]
mod fake_daemon;
mod id;
mod lines;
mod pipe;
mod progress;
mod pulse;
mod result;
mod run;
mod session;
mod solve;
mod status;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_archive;
mod tls;
mod tls_fault;

pub use address::{Address, ParseAddressError};
pub use archive::{ArchiveReceiver, ArchiveTo, Pieces, Received};
pub use client::{Builder, BuilderInfo};
pub use command::Command;
pub use daemon::Daemon;
pub use dockerfile::Dockerfile;
pub use error::{BuildkitError, SolveError, SourceLines};
pub use exporter::{Exporter, ImageExport, ImageTarget, PushByDigest};
pub use id::fresh_id;
pub use progress::{LogStream, Progress, ProgressSink, Warning};
pub use result::PlatformResult;
pub use session::{Anonymous, CredentialSource, NoteSink, SecretBytes, SessionContent};
pub use solve::{Entitlement, Solve, Solver};
pub use tls::{Tls, TlsError, TlsFile, TlsFiles};
