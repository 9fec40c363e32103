//! What was asked of whom: the part that all errors of this module share.

use std::fmt;

use crate::oci::{RegistryHost, Repository};

/// What can be asked of a registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    /// Does a manifest exist, and what is it?
    HeadManifest,
    /// Read a manifest.
    GetManifest,
    /// Write a manifest.
    PutManifest,
    /// Does a blob exist?
    HeadBlob,
    /// Read a blob.
    GetBlob,
    /// Write a blob.
    PutBlob,
    /// List the tags of a repository.
    Tags,
    /// Is the host a registry?
    Ping,
    /// Would it take an upload?
    Probe,
}

impl Operation {
    /// Whether it changes the registry.
    pub const fn is_write(self) -> bool {
        matches!(self, Self::PutManifest | Self::PutBlob | Self::Probe)
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::HeadManifest => "look for manifest",
            Self::GetManifest => "read manifest",
            Self::PutManifest => "write manifest",
            Self::HeadBlob => "look for blob",
            Self::GetBlob => "read blob",
            Self::PutBlob => "write blob",
            Self::Tags => "list tags",
            Self::Ping => "ask for the API",
            Self::Probe => "begin an upload",
        })
    }
}

/// What was asked, of whom, and how often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// What was asked.
    pub operation: Operation,
    /// The repository, as the caller named it.
    pub repository: Repository,
    /// Tag or digest; empty for a list of tags.
    pub target: String,
    /// The host that was asked: the repository's own or a mirror of it.
    pub host: RegistryHost,
    /// The address of the last request without secrets; empty where nothing was sent.
    pub url: String,
    /// How often it was tried.
    pub attempts: u32,
    /// Time spent on all attempts, in milliseconds.
    pub elapsed_ms: u64,
}

impl Asked {
    pub(super) fn new(
        operation: Operation,
        repository: &Repository,
        target: &dyn fmt::Display,
    ) -> Self {
        Self {
            operation,
            repository: repository.clone(),
            target: target.to_string(),
            host: repository.host().clone(),
            url: String::new(),
            attempts: 1,
            elapsed_ms: 0,
        }
    }

    /// How often and how long, where it was more than once: ` (4 attempts in 2.5 s)`.
    pub(super) fn effort(&self) -> String {
        if self.attempts <= 1 {
            return String::new();
        }
        format!(
            " ({} attempts in {}.{} s)",
            self.attempts,
            self.elapsed_ms / 1000,
            self.elapsed_ms % 1000 / 100
        )
    }
}

impl fmt::Display for Asked {
    /// A phrase that fits after "could not".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.operation)?;
        if self.operation == Operation::Ping {
            return write!(f, " of `{}`", self.host);
        }
        if !self.target.is_empty() {
            write!(f, " `{}`", self.target)?;
        }
        write!(f, " of `{}`", self.repository)?;
        if self.host != *self.repository.host() {
            write!(f, " at the mirror `{}`", self.host)?;
        }
        Ok(())
    }
}
