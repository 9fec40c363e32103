//! Logins on the wire: from a challenge and a stored login to an `Authorization` header.
//!
//! Owns the tokens of a run. A token is kept per registry, token server and scopes (which, with the fixed store of
//! logins, fix the account too); it is given up after 90 % of its life, and once more when the registry refuses it.
//! Only one task fetches a given token, the others wait for it. Sends nothing but token requests.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderValue, header};
use serde::Deserialize;
use url::Url;
use url::form_urlencoded::Serializer as FormSerializer;

use super::asked::Asked;
use super::challenge::{Challenge, Scopes};
use super::endpoint::{Endpoint, Scheme};
use super::error::RegistryError;
use super::failure;
use super::redact::redacted;
use crate::credentials::{Credential, CredentialStore};
use crate::oci::Repository;

/// Life of a token that does not say its own, in seconds (distribution's token specification).
const DEFAULT_LIFE_SECONDS: u64 = 60;

/// Longest that a token is kept, in seconds, whatever the server says.
const MAX_LIFE_SECONDS: u64 = 86_400;

/// An `Authorization` header, and whether a stored login stands behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Login {
    pub(super) header: HeaderValue,
    pub(super) is_personal: bool,
}

#[derive(Debug)]
struct Kept {
    login: Login,
    /// Nothing for a password, which does not expire.
    until: Option<Instant>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    origin: String,
    realm: String,
    service: Option<String>,
    scopes: Scopes,
}

type Slot = Arc<tokio::sync::Mutex<Option<Kept>>>;

/// The logins and tokens of one client.
#[derive(Debug)]
pub(super) struct Authorizer {
    credentials: Arc<CredentialStore>,
    /// Last challenge of each registry, so that later requests need no refusal first.
    challenges: Mutex<BTreeMap<String, Challenge>>,
    slots: Mutex<BTreeMap<Key, Slot>>,
}

#[derive(Deserialize)]
struct TokenAnswer {
    #[serde(default)]
    token: Option<String>,
    #[serde(default)]
    access_token: Option<String>,
    #[serde(default)]
    expires_in: Option<u64>,
}

impl Authorizer {
    pub(super) fn new(credentials: Arc<CredentialStore>) -> Self {
        Self {
            credentials,
            challenges: Mutex::default(),
            slots: Mutex::default(),
        }
    }

    /// The login for a first request, if the registry is known to want one.
    pub(super) async fn known(
        &self,
        client: &reqwest::Client,
        endpoint: &Endpoint,
        wanted: &Scopes,
        asked: &Asked,
    ) -> Result<Option<Login>, RegistryError> {
        let challenge = self.challenge(endpoint);
        match challenge {
            Some(challenge) => {
                self.login(client, endpoint, &challenge, wanted, None, asked)
                    .await
            }
            None => Ok(None),
        }
    }

    fn challenge(&self, endpoint: &Endpoint) -> Option<Challenge> {
        let challenges = self
            .challenges
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        challenges.get(&endpoint.origin()).cloned()
    }

    /// The login that answers a challenge; another one than `refused`, or nothing if there is none to be had.
    pub(super) async fn answer(
        &self,
        client: &reqwest::Client,
        endpoint: &Endpoint,
        challenge: Challenge,
        wanted: &Scopes,
        refused: Option<&Login>,
        asked: &Asked,
    ) -> Result<Option<Login>, RegistryError> {
        let login = self
            .login(client, endpoint, &challenge, wanted, refused, asked)
            .await?;
        self.challenges
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(endpoint.origin(), challenge);
        Ok(login)
    }

    async fn login(
        &self,
        client: &reqwest::Client,
        endpoint: &Endpoint,
        challenge: &Challenge,
        wanted: &Scopes,
        refused: Option<&Login>,
        asked: &Asked,
    ) -> Result<Option<Login>, RegistryError> {
        let (realm, service) = match challenge {
            Challenge::Basic => (String::new(), None),
            Challenge::Bearer { realm, service, .. } => (realm.clone(), service.clone()),
        };
        let key = Key {
            origin: endpoint.origin(),
            realm,
            service,
            scopes: wanted.clone(),
        };
        let slot = Arc::clone(
            self.slots
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .entry(key)
                .or_default(),
        );
        let mut kept = slot.lock().await;
        if let Some(kept) = kept.as_ref()
            && kept.until.is_none_or(|until| Instant::now() < until)
            && refused != Some(&kept.login)
        {
            return Ok(Some(kept.login.clone()));
        }
        let credential = self.credential(endpoint).await?;
        let fresh = match challenge {
            Challenge::Basic => credential.as_ref().and_then(basic),
            Challenge::Bearer {
                realm,
                service,
                scopes,
            } => {
                let request = TokenRequest {
                    realm: token_server(realm, endpoint, asked)?,
                    service: service.as_deref(),
                    scopes: wanted.union(scopes).texts(),
                };
                Some(request.send(client, credential.as_ref(), asked).await?)
            }
        };
        let login = fresh.as_ref().map(|kept| kept.login.clone());
        *kept = fresh;
        Ok(login.filter(|login| refused != Some(login)))
    }

    async fn credential(&self, endpoint: &Endpoint) -> Result<Option<Credential>, RegistryError> {
        let found = match Repository::new(endpoint.host.clone(), &endpoint.path) {
            Ok(repository) => self.credentials.for_repository(&repository).await,
            Err(_) => self.credentials.for_host(&endpoint.host).await,
        };
        found.map_err(|source| RegistryError::Credentials {
            host: endpoint.host.clone(),
            source: Box::new(source),
        })
    }
}

fn basic(credential: &Credential) -> Option<Kept> {
    let pair = format!("{}:{}", credential.username, credential.secret.expose());
    let header = sensitive(&format!("Basic {}", STANDARD.encode(pair)))?;
    Some(Kept {
        login: Login {
            header,
            is_personal: true,
        },
        until: None,
    })
}

fn sensitive(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// The address of the token server; one without TLS only for a registry without TLS, or a login would go in the clear.
fn token_server(realm: &str, endpoint: &Endpoint, asked: &Asked) -> Result<Url, RegistryError> {
    let malformed = |problem: String| RegistryError::Malformed {
        at: Box::new(asked.clone()),
        problem,
    };
    let url = Url::parse(realm).map_err(|error| {
        malformed(format!(
            "the address of its token server does not parse: {error}"
        ))
    })?;
    match url.scheme() {
        "https" => Ok(url),
        "http" if endpoint.scheme == Scheme::Http => Ok(url),
        _ => Err(malformed(format!(
            "its token server `{}` has no TLS, so no login is sent there",
            redacted(&url)
        ))),
    }
}

struct TokenRequest<'a> {
    realm: Url,
    service: Option<&'a str>,
    scopes: Vec<String>,
}

impl TokenRequest<'_> {
    async fn send(
        self,
        client: &reqwest::Client,
        credential: Option<&Credential>,
        asked: &Asked,
    ) -> Result<Kept, RegistryError> {
        let asked = Asked {
            url: redacted(&self.realm),
            ..asked.clone()
        };
        let request = match credential {
            Some(credential) if credential.is_identity_token() => {
                self.by_identity_token(client, credential)
            }
            credential => self.by_password(client, credential),
        };
        let response = request
            .send()
            .await
            .map_err(|error| failure::of_transport(asked.clone(), &error))?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = response
            .bytes()
            .await
            .map_err(|error| failure::of_transport(asked.clone(), &error))?;
        if !status.is_success() {
            return Err(failure::of_status(
                asked,
                status,
                &headers,
                &body,
                credential.is_some(),
            ));
        }
        // The parser's words may quote the answer, which is a secret.
        let answer: Option<TokenAnswer> = serde_json::from_slice(&body).ok();
        let seconds = answer
            .as_ref()
            .and_then(|answer| answer.expires_in)
            .unwrap_or(DEFAULT_LIFE_SECONDS);
        let token = answer
            .and_then(|answer| answer.token.or(answer.access_token))
            .filter(|token| !token.is_empty());
        let header = token.and_then(|token| sensitive(&format!("Bearer {token}")));
        let Some(header) = header else {
            let problem = "the token server gave no token".to_owned();
            return Err(RegistryError::Malformed {
                at: Box::new(asked),
                problem,
            });
        };
        let life = Duration::from_millis(seconds.min(MAX_LIFE_SECONDS) * 900);
        let login = Login {
            header,
            is_personal: credential.is_some(),
        };
        Ok(Kept {
            login,
            until: Some(Instant::now() + life),
        })
    }

    /// `GET` with one `scope` per resource, with the login as basic authentication where there is one.
    fn by_password(
        &self,
        client: &reqwest::Client,
        credential: Option<&Credential>,
    ) -> reqwest::RequestBuilder {
        let mut url = self.realm.clone();
        {
            let mut query = url.query_pairs_mut();
            if let Some(service) = self.service {
                query.append_pair("service", service);
            }
            for scope in &self.scopes {
                query.append_pair("scope", scope);
            }
        }
        let login = credential.and_then(basic).map(|kept| kept.login.header);
        let request = client.get(url);
        match login {
            Some(login) => request.header(header::AUTHORIZATION, login),
            None => request,
        }
    }

    /// `POST` of the identity token (OAuth 2.0, RFC 6749, 6).
    fn by_identity_token(
        &self,
        client: &reqwest::Client,
        credential: &Credential,
    ) -> reqwest::RequestBuilder {
        let mut form = FormSerializer::new(String::new());
        form.append_pair("grant_type", "refresh_token")
            .append_pair("service", self.service.unwrap_or_default())
            .append_pair("client_id", "kiln")
            .append_pair("scope", &self.scopes.join(" "))
            .append_pair("refresh_token", credential.secret.expose());
        client
            .post(self.realm.clone())
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form.finish())
    }
}
