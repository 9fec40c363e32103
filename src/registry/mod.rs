//! Bytes from and to registries.
//!
//! One trait, [`Registry`], with two implementations: [`RemoteRegistry`] speaks the distribution-spec over HTTP,
//! [`MemoryRegistry`] keeps everything in memory for tests and dry runs. Both take and give documents as bytes with their
//! digest; what the documents mean is the business of `oci` and of those who call.
//!
//! What every implementation promises:
//!
//! * **Every byte is checked**, size before digest, against what was asked for and against what the registry claims.
//! * **Nothing is there** is an answer (`None`, `false`), not an error; only a write that meets it fails.
//! * **Errors say what to do**: they name host, repository, operation, status and the registry's own code, and
//!   [`RegistryError::next_step`] gives the next step. Addresses in them hold no secret.
//!
//! The remote one also promises: an answer that may be better next time (no connection, 408, 429, 5xx, a body cut short)
//! is asked for again with growing pauses, where `Retry-After` wins, until a number of attempts or a deadline is reached;
//! reads go to the mirrors of a host in their order and then to the host itself, writes to the host alone; a login is
//! sent to no host but the one it is for, whatever a redirect or a `Location` says.
//!
//! This module knows nothing of recipes, builders and records.

mod asked;
mod auth;
mod challenge;
mod checks;
mod client;
mod download;
mod endpoint;
mod error;
mod failure;
mod hint;
mod memory;
mod memory_content;
mod memory_faults;
mod probe;
mod redact;
mod remote;
mod retry;
mod seed;
pub mod transport;
mod upload;
mod web;

pub use self::asked::{Asked, Operation};
pub use self::client::{DocumentError, ManifestRef, RawManifest, Registry};
pub use self::endpoint::{Mirror, RemoteConfig, Scheme};
pub use self::error::{Problem, RegistryError};
pub use self::memory::MemoryRegistry;
pub use self::memory_faults::{Fault, Request};
pub use self::probe::Ping;
pub use self::remote::RemoteRegistry;
pub use self::retry::RetryPolicy;
pub use self::seed::{SeededImage, seed_image};
pub use self::web::{Web, WebError};
