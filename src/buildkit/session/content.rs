//! What a session serves. Owns the registry of names; reads nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;

use crate::credentials::Credential;

/// What a daemon may ask us for. Anything else is refused.
#[derive(Debug, Clone)]
pub struct SessionContent {
    /// Local folders by the name after `local://`.
    pub locals: BTreeMap<String, PathBuf>,
    /// Patterns of what is never sent of these folders.
    pub hidden: Vec<String>,
    /// Sockets of ssh agents by id.
    pub agents: BTreeMap<String, PathBuf>,
    /// OCI layouts by the name of their store.
    pub layouts: BTreeMap<String, PathBuf>,
    /// Secrets by id.
    pub secrets: BTreeMap<String, SecretBytes>,
    /// Logins for registries.
    pub credentials: Arc<dyn CredentialSource>,
    /// Who hears what the user should know of local folders.
    pub notes: NoteSink,
}

impl Default for SessionContent {
    fn default() -> Self {
        SessionContent {
            locals: BTreeMap::new(),
            hidden: Vec::new(),
            agents: BTreeMap::new(),
            layouts: BTreeMap::new(),
            secrets: BTreeMap::new(),
            credentials: Arc::new(Anonymous),
            notes: NoteSink::default(),
        }
    }
}

/// Who hears remarks on local folders. Each is told once, however often a folder is sent.
#[derive(Clone, Default)]
pub struct NoteSink {
    hear: Option<Arc<Hear>>,
    told: Arc<Mutex<BTreeSet<String>>>,
}

type Hear = dyn Fn(&str) + Send + Sync;

impl NoteSink {
    /// A sink that calls `hear` for each remark.
    pub fn new(hear: impl Fn(&str) + Send + Sync + 'static) -> NoteSink {
        NoteSink {
            hear: Some(Arc::new(hear)),
            told: Arc::default(),
        }
    }

    /// Passes a remark on.
    pub(super) fn tell(&self, note: String) {
        let Some(hear) = &self.hear else { return };
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if !told.contains(&note) {
            hear(&note);
            told.insert(note);
        }
    }
}

impl fmt::Debug for NoteSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NoteSink")
    }
}

/// Where registry logins come from.
#[async_trait]
pub trait CredentialSource: Send + Sync + fmt::Debug {
    /// The login for a registry, `None` for none. Docker Hub is asked for as `registry-1.docker.io`.
    async fn credentials(&self, host: &str) -> Option<Credential>;
}

/// No logins at all.
#[derive(Debug, Clone, Copy)]
pub struct Anonymous;

#[async_trait]
impl CredentialSource for Anonymous {
    async fn credentials(&self, _host: &str) -> Option<Credential> {
        None
    }
}

/// The value of a secret. It is not shown by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretBytes(Bytes);

impl SecretBytes {
    /// Wraps a value.
    pub fn new(value: impl Into<Bytes>) -> SecretBytes {
        SecretBytes(value.into())
    }

    /// The value, for the one place that sends it.
    pub(super) fn expose(&self) -> Bytes {
        self.0.clone()
    }
}

impl fmt::Debug for SecretBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretBytes(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::{SecretBytes, SessionContent};

    #[test]
    fn secrets_are_not_shown() {
        let mut content = SessionContent::default();
        let value = SecretBytes::new("geheim§");
        content.secrets.insert("token".to_owned(), value);
        let text = format!("{content:?}");
        assert!(text.contains("token") && !text.contains("geheim"), "{text}");
    }
}
