//! Questions that change nothing: is a host a registry, does it take our login, may we push?

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Method};
use url::Url;

use super::asked::{Asked, Operation};
use super::challenge::Scopes;
use super::checks::malformed;
use super::endpoint::{Endpoint, Scheme};
use super::error::RegistryError;
use super::remote::RemoteRegistry;
use super::transport::{Call, Sink, Transport};
use super::upload::Upload;
use crate::oci::{RegistryHost, Repository};

/// A registry that answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ping {
    /// Whether it asked for a login and took the stored one.
    pub took_login: bool,
}

impl RemoteRegistry {
    /// Asks a host whether it is a registry (distribution-spec v1.1, `GET /v2/`), with the login that is stored for it
    /// where it wants one.
    ///
    /// # Errors
    /// That it did not answer, is no registry, or refuses the login.
    pub async fn ping(&self, host: &RegistryHost, scheme: Scheme) -> Result<Ping, RegistryError> {
        let nothing = |error: &dyn std::fmt::Display| RegistryError::NoClient {
            reason: error.to_string(),
        };
        // Only the host counts; errors need a repository to speak of.
        let repository = Repository::new(host.clone(), "v2").map_err(|error| nothing(&error))?;
        let endpoint = Endpoint {
            scheme,
            host: host.clone(),
            path: String::new(),
        };
        let url = format!("{}://{}/v2/", scheme.as_str(), host.api_host());
        let url = Url::parse(&url).map_err(|error| nothing(&error))?;
        let asked = Asked {
            url: url.to_string(),
            ..Asked::new(Operation::Ping, &repository, &"")
        };
        let call = Call {
            asked: &asked,
            endpoint: &endpoint,
            scopes: &Scopes::default(),
            method: Method::GET,
            url,
            headers: HeaderMap::new(),
            body: Bytes::new(),
            sink: Sink::Ignore,
        };
        let reply = self.transport().call(&call).await?;
        if reply.is_missing() {
            return Err(malformed(&asked, "it has no `/v2/`".to_owned()));
        }
        Ok(Ping {
            took_login: reply.had_login,
        })
    }

    /// Begins an upload to a repository and gives it up again.
    ///
    /// # Errors
    /// That the registry does not let us.
    pub async fn probe_push(&self, repository: &Repository) -> Result<(), RegistryError> {
        let asked = Asked::new(Operation::Probe, repository, &"");
        let transport: &Arc<Transport> = self.transport();
        Upload::new(transport, self.endpoint(repository), asked)
            .probe()
            .await
    }
}
