//! The logins of one run, from all configuration files.
//!
//! Owns the order of preference: logins given by the program, then the files in the order given; in a file the helper of
//! the host, then its general helper, then what the file itself holds.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use super::docker_config::DockerConfig;
use super::error::CredentialError;
use super::helper;
use super::secret::Credential;
use crate::oci::{RegistryHost, Repository};

/// Where a login is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoginFrom {
    /// By the program itself.
    Given,
    /// In a configuration file.
    File {
        /// The file.
        path: PathBuf,
    },
    /// By a credential helper.
    Helper {
        /// The program.
        program: String,
        /// The file that names it.
        path: PathBuf,
    },
}

impl fmt::Display for LoginFrom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Given => f.write_str("the program itself"),
            Self::File { path } => write!(f, "`{}`", path.display()),
            Self::Helper { program, path } => {
                write!(f, "`{program}`, which `{}` names", path.display())
            }
        }
    }
}

/// Where logins come from. Looking one up may start a helper program; nothing is kept of its answer.
#[derive(Debug, Clone, Default)]
pub struct CredentialStore {
    given: BTreeMap<RegistryHost, Credential>,
    files: Vec<DockerConfig>,
}

impl CredentialStore {
    /// A store without any login.
    pub fn empty() -> Self {
        Self::default()
    }

    /// Reads Docker configuration files, the most important first. Files that do not exist are passed over.
    ///
    /// # Errors
    /// [`CredentialError::Unreadable`] and [`CredentialError::Invalid`].
    pub fn load<P: AsRef<Path>>(paths: &[P]) -> Result<Self, CredentialError> {
        let mut files = Vec::new();
        for path in paths {
            files.extend(DockerConfig::load(path.as_ref())?);
        }
        Ok(Self {
            given: BTreeMap::new(),
            files,
        })
    }

    /// The same store with a login for a host that goes before all files.
    #[must_use]
    pub fn with(mut self, host: RegistryHost, credential: Credential) -> Self {
        self.given.insert(host, credential);
        self
    }

    /// The login for a host, if there is one.
    ///
    /// # Errors
    /// [`CredentialError::Damaged`] and the errors of helpers.
    pub async fn for_host(
        &self,
        host: &RegistryHost,
    ) -> Result<Option<Credential>, CredentialError> {
        let found = self.find(host).await?;
        Ok(found.map(|(credential, _)| credential))
    }

    /// Where the login for a host is kept, if there is one.
    ///
    /// # Errors
    /// As [`Self::for_host`].
    pub async fn locate(&self, host: &RegistryHost) -> Result<Option<LoginFrom>, CredentialError> {
        let found = self.find(host).await?;
        Ok(found.map(|(_, from)| from))
    }

    async fn find(
        &self,
        host: &RegistryHost,
    ) -> Result<Option<(Credential, LoginFrom)>, CredentialError> {
        if let Some(credential) = self.given.get(host) {
            return Ok(Some((credential.clone(), LoginFrom::Given)));
        }
        for file in &self.files {
            let path = file.path().to_owned();
            if let Some(name) = file.helper(host)
                && let Some(credential) = helper::get(name, host, &path).await?
            {
                let program = helper::program(name);
                return Ok(Some((credential, LoginFrom::Helper { program, path })));
            }
            if let Some(credential) = file.login(host)? {
                return Ok(Some((credential, LoginFrom::File { path })));
            }
        }
        Ok(None)
    }

    /// The login for a repository: one kept for it or for a folder above it, else the one of its host.
    ///
    /// # Errors
    /// As [`Self::for_host`].
    pub async fn for_repository(
        &self,
        repository: &Repository,
    ) -> Result<Option<Credential>, CredentialError> {
        if !self.given.contains_key(repository.host()) {
            for file in &self.files {
                if let Some(credential) = file.login_below(repository)? {
                    return Ok(Some(credential));
                }
            }
        }
        self.for_host(repository.host()).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(text: &str) -> RegistryHost {
        text.parse().unwrap()
    }

    fn store(text: &str) -> Result<CredentialStore, CredentialError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.json");
        std::fs::write(&path, text).unwrap();
        CredentialStore::load(&[folder.path().join("none.json"), path])
    }

    #[tokio::test]
    async fn logins_are_found_in_all_their_forms() {
        // "가마:비:밀" and "u:p\0"
        let store = store(
            r#"{"auths": {
                "https://index.docker.io/v1/": {"auth": "6rCA66eIOuu5hDrrsIA="},
                "quay.io": {"auth": "dTpwAA=="},
                "quay.io/team": {"username": "t", "password": "tp"},
                "azure.example": {"auth": "MDA6", "identitytoken": "idt"},
                "empty.example": {}
            }}"#,
        )
        .unwrap();
        let hub = store
            .for_host(&RegistryHost::docker_hub())
            .await
            .unwrap()
            .unwrap();
        assert_eq!(hub, Credential::basic("가마", "비:밀"));
        assert_eq!(
            store.for_host(&host("quay.io")).await.unwrap().unwrap(),
            Credential::basic("u", "p")
        );
        let azure = store
            .for_host(&host("azure.example"))
            .await
            .unwrap()
            .unwrap();
        assert!(azure.is_identity_token() && azure.secret.expose() == "idt");
        assert_eq!(store.for_host(&host("empty.example")).await.unwrap(), None);
        let team: Repository = "quay.io/team/x".parse().unwrap();
        assert_eq!(
            store.for_repository(&team).await.unwrap().unwrap(),
            Credential::basic("t", "tp")
        );
        let other: Repository = "quay.io/other/x".parse().unwrap();
        assert_eq!(
            store.for_repository(&other).await.unwrap().unwrap(),
            Credential::basic("u", "p")
        );
        let given = store.with(host("quay.io"), Credential::basic("g", "gp"));
        assert_eq!(
            given.for_repository(&team).await.unwrap().unwrap().username,
            "g"
        );
    }

    #[tokio::test]
    async fn errors_show_no_secret() {
        let error = store(r#"{"auths": {"x.example": "hunter2"}}"#)
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("config.json:1:") && !error.contains("hunter2"),
            "{error}"
        );
        let broken = store(r#"{"auths": {"x.example": {"auth": "@@@hunter2"}}}"#).unwrap();
        let error = broken
            .for_host(&host("x.example"))
            .await
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("docker login x.example") && !error.contains("hunter2"),
            "{error}"
        );
    }

    #[tokio::test]
    async fn a_helper_that_is_not_there_is_named() {
        let store = store(r#"{"credHelpers": {"x.example": "kiln-test-없음"}}"#).unwrap();
        let error = store
            .for_host(&host("x.example"))
            .await
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("docker-credential-kiln-test-없음") && error.contains("config.json"),
            "{error}"
        );
        assert_eq!(store.for_host(&host("y.example")).await.unwrap(), None);
    }
}
