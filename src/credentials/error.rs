//! What can go wrong when a login or a certificate bundle is looked up.
//!
//! Owns the words. No message ever holds a secret: contents of files are pointed to by line and column.

use std::path::PathBuf;

use crate::oci::RegistryHost;

/// Why a login or a certificate bundle could not be had.
#[derive(Debug, thiserror::Error)]
pub enum CredentialError {
    /// A file could not be read.
    #[error("`{path}` could not be read")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A configuration file is not what it should be.
    #[error("`{path}:{line}:{column}` is not a Docker configuration: {expected}")]
    Invalid {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// What was expected.
        expected: &'static str,
    },
    /// A stored login does not decode.
    #[error(
        "the login for `{host}` in `{path}` is damaged: log in again with `docker login {host}`"
    )]
    Damaged {
        /// The registry.
        host: RegistryHost,
        /// The file that holds the login.
        path: PathBuf,
    },
    /// A helper is named that has no program.
    #[error(
        "the credential helper `{helper}` for `{host}`, named in `{path}`, could not be started: install it or remove it from the file"
    )]
    HelperMissing {
        /// The program.
        helper: String,
        /// The registry.
        host: RegistryHost,
        /// The file that names the helper.
        path: PathBuf,
        /// Why it could not be started.
        #[source]
        source: std::io::Error,
    },
    /// A helper failed.
    #[error("the credential helper `{helper}` failed for `{host}`: {message}")]
    HelperFailed {
        /// The program.
        helper: String,
        /// The registry.
        host: RegistryHost,
        /// What it said, or what is wrong with its answer.
        message: String,
    },
    /// A bundle holds no certificate, or a broken one.
    #[error("`{path}` is not a bundle of PEM certificates: {reason}")]
    BadBundle {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
}
