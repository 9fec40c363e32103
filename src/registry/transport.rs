//! One exchange with a registry over HTTP: login, redirects, reading and counting of the body, retries.
//!
//! Owns the HTTP client. What is asked, and what an answer means, is the business of `remote` and `upload`.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Method, StatusCode, header};
use url::Url;

use super::asked::Asked;
use super::auth::{Authorizer, Login};
use super::challenge::{Challenge, Scopes};
use super::endpoint::{Endpoint, RemoteConfig};
use super::error::{Problem, RegistryError};
use super::failure;
use super::redact::redacted;
use super::retry::{Attempts, RetryPolicy};
use crate::oci::{Algorithm, Digest, Digester};

/// Most redirects followed for one request.
const MAX_REDIRECTS: usize = 5;
/// Most bytes of an error's body that are read.
const MAX_ERROR_BODY_BYTES: u64 = 64 * 1024;

/// Installs the cryptography that TLS connections use, for the whole process. Does nothing when one is there already.
///
/// Must have run before any HTTP client is made, or making one panics; [`RemoteRegistry::new`](super::RemoteRegistry)
/// calls it.
pub fn install_tls_provider() {
    // The only failure is that a provider is installed already, which is what we want.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// What to do with the body of a good answer.
#[derive(Debug, Clone, Copy)]
pub(super) enum Sink {
    /// Nothing: there is none, or it says nothing.
    Ignore,
    /// Keep it, if it has at most so many bytes.
    Keep(u64),
    /// Count and hash it.
    Hash(Algorithm),
}

/// The body of a good answer after a [`Sink`].
#[derive(Debug)]
pub(super) enum Body {
    None,
    Kept(Bytes),
    Hashed { size: u64, digest: Digest },
}

/// One request.
#[derive(Debug, Clone)]
pub(super) struct Call<'a> {
    pub(super) asked: &'a Asked,
    pub(super) endpoint: &'a Endpoint,
    pub(super) scopes: &'a Scopes,
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    pub(super) sink: Sink,
}

/// A good answer, or a 404 to a read.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    /// Where it came from, after redirects.
    pub(super) url: Url,
    pub(super) body: Body,
    /// Whether a stored login was sent with it.
    pub(super) had_login: bool,
}

impl Reply {
    pub(super) fn is_missing(&self) -> bool {
        self.status == StatusCode::NOT_FOUND
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// The HTTP side of a [`RemoteRegistry`](super::RemoteRegistry).
#[derive(Debug)]
pub(super) struct Transport {
    client: reqwest::Client,
    /// For loopback hosts, which no proxy of the environment can reach.
    direct: reqwest::Client,
    authorizer: Authorizer,
    policy: RetryPolicy,
    /// The authorities that are trusted, in words.
    trusted: String,
}

impl Transport {
    pub(super) fn new(config: &RemoteConfig) -> Result<Self, RegistryError> {
        install_tls_provider();
        Ok(Self {
            client: client(config, false)?,
            direct: client(config, true)?,
            authorizer: Authorizer::new(config.credentials.clone()),
            policy: config.retry.clone(),
            trusted: match &config.ca {
                Some(ca) => format!("the system's roots and `{}`", ca.source.display()),
                None => "the system's roots".to_owned(),
            },
        })
    }

    pub(super) fn attempts(&self) -> Attempts<'_> {
        Attempts::new(&self.policy)
    }

    /// Makes a request until it gets an answer that counts.
    pub(super) async fn call(&self, call: &Call<'_>) -> Result<Reply, RegistryError> {
        let mut attempts = self.attempts();
        loop {
            match self.once(call).await {
                Ok(reply) => return Ok(reply),
                Err(error) => attempts.after(error).await?,
            }
        }
    }

    /// Makes a request once, or twice when the registry first wants a login.
    pub(super) async fn once(&self, call: &Call<'_>) -> Result<Reply, RegistryError> {
        self.exchange(call).await.map_err(|mut error| {
            if let RegistryError::Unreachable {
                problem: Problem::Tls | Problem::Certificate(_),
                detail,
                ..
            } = &mut error
            {
                *detail = format!("{detail} (trusted: {})", self.trusted);
            }
            error
        })
    }

    async fn exchange(&self, call: &Call<'_>) -> Result<Reply, RegistryError> {
        let client = if call.endpoint.host.is_loopback() {
            &self.direct
        } else {
            &self.client
        };
        let mut login = self
            .authorizer
            .known(client, call.endpoint, call.scopes, call.asked)
            .await?;
        let (mut response, mut url) = follow(client, call, login.as_ref()).await?;
        // A host that we were redirected to must not learn a login by asking for one.
        if response.status() == StatusCode::UNAUTHORIZED && call.endpoint.owns(&url) {
            let wanted = response.headers().get_all(header::WWW_AUTHENTICATE);
            let wanted = wanted
                .iter()
                .filter_map(|value| std::str::from_utf8(value.as_bytes()).ok());
            let challenge = Challenge::best(wanted);
            if let Some(challenge) = challenge {
                let (endpoint, scopes, asked) = (call.endpoint, call.scopes, call.asked);
                let answer = self
                    .authorizer
                    .answer(client, endpoint, challenge, scopes, login.as_ref(), asked)
                    .await?;
                if let Some(answer) = answer {
                    (response, url) = follow(client, call, Some(&answer)).await?;
                    login = Some(answer);
                }
            }
        }
        let asked = Asked {
            url: redacted(&url),
            ..call.asked.clone()
        };
        let had_login = login.is_some_and(|login| login.is_personal);
        read(asked, call, had_login, response, url).await
    }
}

pub(super) fn client(
    config: &RemoteConfig,
    direct: bool,
) -> Result<reqwest::Client, RegistryError> {
    let mut builder = reqwest::Client::builder()
        .user_agent(&config.user_agent)
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(Duration::from_millis(config.retry.connect_timeout_ms))
        .read_timeout(Duration::from_millis(config.retry.idle_timeout_ms));
    if direct {
        builder = builder.no_proxy();
    }
    if let Some(ca) = &config.ca {
        let bad = |error: &dyn std::error::Error| RegistryError::BadCertificates {
            path: ca.source.clone(),
            reason: error.to_string(),
        };
        let certificates =
            reqwest::Certificate::from_pem_bundle(&ca.pem).map_err(|error| bad(&error))?;
        builder = builder.tls_certs_merge(certificates);
    }
    builder.build().map_err(|error| RegistryError::NoClient {
        reason: chain(&error),
    })
}

pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}

/// Sends a request and follows redirects. The login goes to the endpoint's own host only.
async fn follow(
    client: &reqwest::Client,
    call: &Call<'_>,
    login: Option<&Login>,
) -> Result<(reqwest::Response, Url), RegistryError> {
    let mut url = call.url.clone();
    for _ in 0..=MAX_REDIRECTS {
        let asked = || Asked {
            url: redacted(&url),
            ..call.asked.clone()
        };
        let mut headers = call.headers.clone();
        if let Some(login) = login
            && call.endpoint.owns(&url)
        {
            headers.insert(header::AUTHORIZATION, login.header.clone());
        }
        let mut request = client
            .request(call.method.clone(), url.clone())
            .headers(headers);
        if matches!(call.method, Method::POST | Method::PUT) {
            request = request.body(call.body.clone());
        }
        let response = request
            .send()
            .await
            .map_err(|error| failure::of_transport(asked(), &error))?;
        if !is_redirect(&call.method, response.status()) {
            return Ok((response, url));
        }
        let location = response
            .headers()
            .get(header::LOCATION)
            .and_then(|value| value.to_str().ok());
        let next = location.and_then(|location| url.join(location).ok());
        let Some(next) = next.filter(|next| matches!(next.scheme(), "http" | "https")) else {
            let problem = format!(
                "it redirects ({}) to no address",
                response.status().as_u16()
            );
            return Err(RegistryError::Malformed {
                at: Box::new(asked()),
                problem,
            });
        };
        url = next;
    }
    let at = Box::new(Asked {
        url: redacted(&url),
        ..call.asked.clone()
    });
    Err(RegistryError::Malformed {
        at,
        problem: format!("it redirects more than {MAX_REDIRECTS} times"),
    })
}

/// Whether the same request is to be made at another address. A write is repeated only where the status demands the
/// same method.
fn is_redirect(method: &Method, status: StatusCode) -> bool {
    match status.as_u16() {
        307 | 308 => true,
        301..=303 => matches!(*method, Method::GET | Method::HEAD),
        _ => false,
    }
}

async fn read(
    asked: Asked,
    call: &Call<'_>,
    had_login: bool,
    mut response: reqwest::Response,
    url: Url,
) -> Result<Reply, RegistryError> {
    let (status, headers) = (response.status(), response.headers().clone());
    let missing =
        status == StatusCode::NOT_FOUND && matches!(call.method, Method::GET | Method::HEAD);
    if missing {
        return Ok(Reply {
            status,
            headers,
            url,
            body: Body::None,
            had_login,
        });
    }
    if !status.is_success() {
        // What a registry says about its failure helps, but is not worth another failure.
        let body = keep(&asked, &mut response, MAX_ERROR_BODY_BYTES)
            .await
            .unwrap_or_default();
        return Err(failure::of_status(
            asked, status, &headers, &body, had_login,
        ));
    }
    let body = match call.sink {
        Sink::Ignore => Body::None,
        Sink::Keep(limit_bytes) => Body::Kept(keep(&asked, &mut response, limit_bytes).await?),
        Sink::Hash(algorithm) => {
            let (mut size, mut digester) = (0_u64, Digester::with(algorithm));
            while let Some(chunk) = response
                .chunk()
                .await
                .map_err(|error| failure::of_transport(asked.clone(), &error))?
            {
                size += chunk.len() as u64;
                digester.update(&chunk);
            }
            Body::Hashed {
                size,
                digest: digester.finish(),
            }
        }
    };
    Ok(Reply {
        status,
        headers,
        url,
        body,
        had_login,
    })
}

async fn keep(
    asked: &Asked,
    response: &mut reqwest::Response,
    limit_bytes: u64,
) -> Result<Bytes, RegistryError> {
    let too_large = || RegistryError::TooLarge {
        at: Box::new(asked.clone()),
        limit_bytes,
    };
    if response
        .content_length()
        .is_some_and(|length| length > limit_bytes)
    {
        return Err(too_large());
    }
    let mut kept = BytesMut::new();
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|error| failure::of_transport(asked.clone(), &error))?
    {
        if (kept.len() + chunk.len()) as u64 > limit_bytes {
            return Err(too_large());
        }
        kept.extend_from_slice(&chunk);
    }
    Ok(kept.freeze())
}
