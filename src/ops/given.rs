//! Secrets and ssh agents that the command line gives to steps, and its ear for what happens to local files.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::error::OpError;
use super::mask::Mask;
use crate::buildkit::{NoteSink, SecretBytes};
use crate::config;

/// The largest secret, in bytes: what the daemon's own client allows.
const MAX_SECRET: usize = 500 * 1024;

/// What steps may ask for, and who hears of it.
#[derive(Debug, Clone, Default)]
pub struct Given {
    pub(in crate::ops) secrets: BTreeMap<String, SecretBytes>,
    pub(in crate::ops) agents: BTreeMap<String, PathBuf>,
    pub(in crate::ops) notes: NoteSink,
    mask: Mask,
}

/// Where a secret's value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretFrom {
    /// A file.
    File(PathBuf),
    /// A variable of the environment.
    Variable(String),
}

impl Given {
    /// Remarks on local files go to `hear`.
    pub fn on_note(&mut self, hear: impl Fn(&str) + Send + Sync + 'static) {
        self.notes = NoteSink::new(hear);
    }

    /// Reads a secret.
    pub fn add_secret(&mut self, id: &str, from: &SecretFrom) -> Result<(), OpError> {
        let value = match from {
            SecretFrom::File(path) => std::fs::read(path).map_err(|source| OpError::File {
                action: "read",
                path: path.display().to_string(),
                source,
            })?,
            SecretFrom::Variable(name) => config::variable(name).ok_or_else(|| {
                OpError::usage(format!(
                    "the secret `{id}` comes from ${name}, which is not set"
                ))
            })?,
        };
        if value.len() > MAX_SECRET {
            return Err(OpError::usage(format!(
                "the secret `{id}` is larger than 500 KiB"
            )));
        }
        self.mask.add(&value);
        self.secrets.insert(id.to_owned(), SecretBytes::new(value));
        Ok(())
    }

    /// What hides the values of the secrets.
    pub fn mask(&self) -> &Mask {
        &self.mask
    }

    /// Adds an agent; without a socket the one of the environment.
    pub fn add_agent(&mut self, id: &str, socket: Option<PathBuf>) -> Result<(), OpError> {
        let socket = socket
            .or_else(config::ssh_agent)
            .ok_or_else(|| OpError::Usage {
                message: format!("there is no ssh agent for `{id}`: SSH_AUTH_SOCK is not set"),
                next: Some(
                    "start one with `eval $(ssh-agent)`, or name a socket: --ssh ID=SOCKET"
                        .to_owned(),
                ),
            })?;
        self.agents.insert(id.to_owned(), socket);
        Ok(())
    }
}
