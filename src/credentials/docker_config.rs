//! One Docker configuration file: its `auths`, `credsStore` and `credHelpers`.
//!
//! Owns the file's shape and the many ways in which its keys name a registry. Starts no helper.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use super::error::CredentialError;
use super::secret::{Credential, Secret};
use crate::oci::{RegistryHost, Repository};

/// A configuration file as far as logins go.
#[derive(Debug, Clone)]
pub(super) struct DockerConfig {
    path: PathBuf,
    members: Members,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Members {
    #[serde(default)]
    auths: BTreeMap<String, Login>,
    #[serde(default)]
    creds_store: Option<String>,
    #[serde(default)]
    cred_helpers: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Deserialize)]
struct Login {
    auth: Option<Secret>,
    username: Option<String>,
    password: Option<Secret>,
    identitytoken: Option<Secret>,
}

impl DockerConfig {
    /// Reads a file; nothing when it does not exist.
    pub(super) fn load(path: &Path) -> Result<Option<Self>, CredentialError> {
        let bytes = match std::fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(source) => {
                return Err(CredentialError::Unreadable {
                    path: path.to_owned(),
                    source,
                });
            }
        };
        // The parser's own message may quote a value, and any value here may be a secret.
        let members = serde_json::from_slice(&bytes).map_err(|error| CredentialError::Invalid {
            path: path.to_owned(),
            line: error.line(),
            column: error.column(),
            expected: "expected a JSON object with `auths`, `credsStore` or `credHelpers` in their usual form",
        })?;
        Ok(Some(Self {
            path: path.to_owned(),
            members,
        }))
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Name of the helper for a host: its own one, else the file's general one.
    pub(super) fn helper(&self, host: &RegistryHost) -> Option<&str> {
        let own = self
            .members
            .cred_helpers
            .iter()
            .find(|(key, _)| names_host(key, host));
        own.map(|(_, helper)| helper.as_str())
            .or(self.members.creds_store.as_deref())
            .filter(|helper| !helper.is_empty())
    }

    /// The login that the file itself holds for a host.
    pub(super) fn login(&self, host: &RegistryHost) -> Result<Option<Credential>, CredentialError> {
        let entries = self
            .members
            .auths
            .iter()
            .filter(|(key, _)| names_host(key, host));
        for (_, login) in entries {
            if let Some(credential) = self.decode(login, host)? {
                return Ok(Some(credential));
            }
        }
        Ok(None)
    }

    /// The login that the file holds for a repository or a folder of repositories above it, the nearest first; podman
    /// writes such keys (`quay.io/team`).
    pub(super) fn login_below(
        &self,
        repository: &Repository,
    ) -> Result<Option<Credential>, CredentialError> {
        let full = repository.to_string();
        let mut name = full.as_str();
        while let Some((parent, _)) = name.rsplit_once('/') {
            if let Some(login) = self.members.auths.get(name)
                && let Some(credential) = self.decode(login, repository.host())?
            {
                return Ok(Some(credential));
            }
            name = parent;
        }
        Ok(None)
    }

    fn decode(
        &self,
        login: &Login,
        host: &RegistryHost,
    ) -> Result<Option<Credential>, CredentialError> {
        if let Some(token) = login
            .identitytoken
            .as_ref()
            .filter(|token| !token.is_empty())
        {
            return Ok(Some(Credential {
                username: String::new(),
                secret: token.clone(),
            }));
        }
        if let (Some(username), Some(password)) = (&login.username, &login.password)
            && !username.is_empty()
        {
            return Ok(Some(Credential {
                username: username.clone(),
                secret: password.clone(),
            }));
        }
        let Some(auth) = login.auth.as_ref().filter(|auth| !auth.is_empty()) else {
            return Ok(None);
        };
        let damaged = || CredentialError::Damaged {
            host: host.clone(),
            path: self.path.clone(),
        };
        let bytes = STANDARD
            .decode(auth.expose().trim())
            .map_err(|_| damaged())?;
        let text = String::from_utf8(bytes).map_err(|_| damaged())?;
        let (username, password) = text.split_once(':').ok_or_else(damaged)?;
        // Docker pads the password with NUL characters on some systems.
        Ok(Some(Credential::basic(
            username,
            password.trim_end_matches('\0'),
        )))
    }
}

/// Whether a key of the file names a host: `host`, `https://host`, `https://host/v1/`, and all names of Docker Hub.
fn names_host(key: &str, host: &RegistryHost) -> bool {
    let bare = key
        .strip_prefix("https://")
        .or_else(|| key.strip_prefix("http://"))
        .unwrap_or(key);
    let (name, path) = bare.split_once('/').unwrap_or((bare, ""));
    matches!(path.trim_end_matches('/'), "" | "v1" | "v2")
        && name
            .parse::<RegistryHost>()
            .is_ok_and(|named| named == *host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_name_hosts_in_many_ways() {
        let hub = RegistryHost::docker_hub();
        for key in [
            "docker.io",
            "https://index.docker.io/v1/",
            "index.docker.io",
            "https://registry-1.docker.io/v2/",
        ] {
            assert!(names_host(key, &hub), "{key}");
        }
        let host: RegistryHost = "localhost:5000".parse().unwrap();
        assert!(names_host("http://localhost:5000", &host));
        for key in [
            "localhost",
            "localhost:5000/team",
            "https://index.docker.io/v1/",
            "",
        ] {
            assert!(!names_host(key, &host), "{key}");
        }
    }
}
