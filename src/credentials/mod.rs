//! Logins for registries, and bundles of certificates to trust.
//!
//! Owns Docker's configuration file (also written by podman and others), the protocol of credential helpers, and values
//! that cannot be printed by accident. Which files to read is told by the caller: this module looks at no environment.
//! It does not know how a registry is talked to, nor what a builder does with a login.

mod ca;
mod certificate;
mod docker_config;
mod error;
mod helper;
mod refusal;
mod secret;
mod store;

pub use self::ca::CaBundle;
pub use self::certificate::{CertificateFacts, certificates};
pub use self::error::CredentialError;
pub use self::refusal::Refusal;
pub use self::secret::{Credential, Secret};
pub use self::store::{CredentialStore, LoginFrom};
