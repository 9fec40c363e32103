//! The session: a daemon calls us back for local folders, secrets and registry logins.
//!
//! Owns the tunnel and the services behind it. Must not know what a build is about.
//!
//! ```text
//! our gRPC call Control/Session ═ bytes both ways ═ HTTP/2 inside, in which *we* are the server:
//!     health    every five seconds; a session that does not answer is dropped
//!     FileSync  local folders, see filesync.rs
//!     Secrets   by id
//!     Auth      registry logins by host
//!     SSH       agents of this machine, for listing keys and signing only
//!     Content   blobs of OCI layouts, see layouts.rs
//!     FileSend  images that come to us, see filesend.rs
//! ```
//!
//! The session has a connection of its own, so that a large folder does not hold up progress. The
//! services never block the runtime: whoever misses two health checks has lost the session.

mod auth;
mod content;
mod filesend;
mod filesync;
mod layouts;
mod open;
mod secrets;
mod ssh;
mod transfer;
mod tunnel;

pub use content::{Anonymous, CredentialSource, NoteSink, SecretBytes, SessionContent};
pub(super) use open::Session;
#[cfg(test)]
pub(super) use tunnel::Tunnel;
