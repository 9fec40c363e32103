//! Where requests go: registries, their mirrors, and the scheme to reach them by.
//!
//! Owns the configuration of the remote client and the addresses under `/v2/`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use url::{Origin, Url};

use super::asked::Asked;
use super::error::RegistryError;
use super::retry::RetryPolicy;
use crate::credentials::{CaBundle, CredentialStore};
use crate::oci::{RegistryHost, Repository};

/// How a host is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scheme {
    /// Without TLS.
    Http,
    /// With TLS.
    Https,
}

impl Scheme {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }
}

/// A host that holds copies of another registry's content; asked for reads only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mirror {
    /// How it is reached.
    pub scheme: Scheme,
    /// The host.
    pub host: RegistryHost,
    /// What it puts before the path of a repository, without slashes at the ends; empty for nothing. With `dockerhub`,
    /// `docker.io/library/python` is asked for as `/v2/dockerhub/library/python/…`.
    pub prefix: String,
}

/// How [`RemoteRegistry`](super::RemoteRegistry) reaches registries.
#[derive(Debug, Clone)]
pub struct RemoteConfig {
    /// Logins.
    pub credentials: Arc<CredentialStore>,
    /// Hosts without TLS. Loopback hosts count as such unless they are in `tls`.
    pub plain_http: BTreeSet<RegistryHost>,
    /// Loopback hosts that do have TLS.
    pub tls: BTreeSet<RegistryHost>,
    /// Mirrors of a host, the first asked first.
    pub mirrors: BTreeMap<RegistryHost, Vec<Mirror>>,
    /// Authorities to trust besides those of the system.
    pub ca: Option<CaBundle>,
    /// What to send as `User-Agent`.
    pub user_agent: String,
    /// When to try again.
    pub retry: RetryPolicy,
}

impl Default for RemoteConfig {
    /// No logins, no mirrors, the system's authorities, `kiln/VERSION`.
    fn default() -> Self {
        Self {
            credentials: Arc::new(CredentialStore::empty()),
            plain_http: BTreeSet::new(),
            tls: BTreeSet::new(),
            mirrors: BTreeMap::new(),
            ca: None,
            user_agent: concat!("kiln/", env!("CARGO_PKG_VERSION")).to_owned(),
            retry: RetryPolicy::default(),
        }
    }
}

impl RemoteConfig {
    fn scheme(&self, host: &RegistryHost) -> Scheme {
        let plain =
            self.plain_http.contains(host) || (host.is_loopback() && !self.tls.contains(host));
        if plain { Scheme::Http } else { Scheme::Https }
    }

    /// Where a repository itself is asked for.
    pub(super) fn origin(&self, repository: &Repository) -> Endpoint {
        let host = repository.host();
        Endpoint {
            scheme: self.scheme(host),
            host: host.clone(),
            path: repository.path().to_owned(),
        }
    }

    /// Where a repository may be read from: its mirrors in order, then itself.
    pub(super) fn sources(&self, repository: &Repository) -> Vec<Endpoint> {
        let mirrors = self
            .mirrors
            .get(repository.host())
            .map(Vec::as_slice)
            .unwrap_or_default();
        let mirrored = mirrors.iter().map(|mirror| {
            let prefix = mirror.prefix.trim_matches('/');
            let path = if prefix.is_empty() {
                repository.path().to_owned()
            } else {
                format!("{prefix}/{}", repository.path())
            };
            Endpoint {
                scheme: mirror.scheme,
                host: mirror.host.clone(),
                path,
            }
        });
        mirrored.chain([self.origin(repository)]).collect()
    }
}

/// One place where one repository can be asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Endpoint {
    pub(super) scheme: Scheme,
    pub(super) host: RegistryHost,
    /// Path of the repository at this host.
    pub(super) path: String,
}

impl Endpoint {
    /// The address of something below the repository: `manifests/latest`.
    fn url(&self, below: &str) -> Result<Url, url::ParseError> {
        Url::parse(&format!(
            "{}://{}/v2/{}/{below}",
            self.scheme.as_str(),
            self.host.api_host(),
            self.path
        ))
    }

    /// The address of something below the repository, for a request.
    pub(super) fn address(&self, asked: &Asked, below: &str) -> Result<Url, RegistryError> {
        self.url(below).map_err(|error| RegistryError::Malformed {
            at: Box::new(asked.clone()),
            problem: format!("its address does not parse: {error}"),
        })
    }

    /// Whether an address is at the host that this endpoint's login is for.
    pub(super) fn owns(&self, url: &Url) -> bool {
        self.url("").is_ok_and(|own| own.origin() == url.origin())
    }

    /// Scheme, host and port, for tables.
    pub(super) fn origin(&self) -> String {
        self.url("")
            .map(|url| url.origin())
            .as_ref()
            .map(Origin::ascii_serialization)
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(config: &RemoteConfig, repository: &str) -> Vec<String> {
        let repository: Repository = repository.parse().unwrap();
        let sources = config.sources(&repository);
        sources
            .iter()
            .map(|endpoint| endpoint.url("manifests/1").unwrap().to_string())
            .collect()
    }

    #[test]
    fn mirrors_come_first_with_their_prefix() {
        let mirror = |host: &str, prefix: &str| Mirror {
            scheme: Scheme::Https,
            host: host.parse().unwrap(),
            prefix: prefix.to_owned(),
        };
        let mirrors = vec![
            mirror("harbor.example", "/dockerhub/"),
            mirror("m.example:8443", ""),
        ];
        let config = RemoteConfig {
            mirrors: BTreeMap::from([(RegistryHost::docker_hub(), mirrors)]),
            ..RemoteConfig::default()
        };
        assert_eq!(
            addresses(&config, "python"),
            [
                "https://harbor.example/v2/dockerhub/library/python/manifests/1",
                "https://m.example:8443/v2/library/python/manifests/1",
                "https://registry-1.docker.io/v2/library/python/manifests/1",
            ]
        );
        assert_eq!(
            addresses(&config, "quay.io/a/b"),
            ["https://quay.io/v2/a/b/manifests/1"]
        );
    }

    #[test]
    fn loopback_is_plain_unless_told() {
        let host: RegistryHost = "localhost:5000".parse().unwrap();
        let told = RemoteConfig {
            tls: BTreeSet::from([host]),
            ..RemoteConfig::default()
        };
        assert_eq!(
            addresses(&RemoteConfig::default(), "localhost:5000/x"),
            ["http://localhost:5000/v2/x/manifests/1"]
        );
        assert_eq!(
            addresses(&told, "localhost:5000/x"),
            ["https://localhost:5000/v2/x/manifests/1"]
        );
    }

    #[test]
    fn other_ports_and_schemes_are_other_hosts() {
        let endpoint = RemoteConfig::default().origin(&"quay.io/a/b".parse().unwrap());
        for (address, own) in [
            ("https://quay.io/x", true),
            ("https://quay.io:443/x", true),
            ("http://quay.io/x", false),
            ("https://quay.io:8443/x", false),
            ("https://cdn.quay.io/x", false),
        ] {
            assert_eq!(
                endpoint.owns(&Url::parse(address).unwrap()),
                own,
                "{address}"
            );
        }
    }
}
