//! Downloads from any host, for their checksums: nothing is kept.
//!
//! The same client as for registries, with the same proxies and certificates, and without any login.

use std::error::Error as _;
use std::net::IpAddr;
use std::time::Duration;

use reqwest::header;
use url::{Host, Url};

use super::endpoint::RemoteConfig;
use super::error::RegistryError;
use super::redact::redacted;
use super::transport::{chain, client, install_tls_provider};
use crate::oci::{Digest, Digester};

/// Most redirects that are followed.
const MAX_REDIRECTS: usize = 10;
/// How often a download is tried.
const ATTEMPTS: u32 = 3;

/// Why a download has no checksum.
#[derive(Debug, thiserror::Error)]
pub enum WebError {
    /// The host says no.
    #[error("{url} answers {status}")]
    Refused {
        /// What was asked for, after redirects.
        url: String,
        /// The status and its words.
        status: String,
    },
    /// The host does not answer, or the answer breaks off.
    #[error("{url}: {reason}")]
    Unreachable {
        /// What was asked for, after redirects.
        url: String,
        /// Why, with all causes.
        reason: String,
    },
    /// It redirects to where nobody should follow.
    #[error("{url} redirects {to}")]
    Redirected {
        /// Who redirects.
        url: String,
        /// To what.
        to: String,
    },
    /// It is larger than anything that should be fetched.
    #[error("{url} has more than {limit} bytes")]
    TooLarge {
        /// What was asked for.
        url: String,
        /// The limit.
        limit: u64,
    },
}

impl WebError {
    /// Whether it may go better at another time.
    pub fn is_unavailable(&self) -> bool {
        match self {
            Self::Unreachable { .. } => true,
            Self::Refused { status, .. } => status.starts_with('5') || status.starts_with("429"),
            Self::Redirected { .. } | Self::TooLarge { .. } => false,
        }
    }
}

/// A client for downloads.
#[derive(Debug, Clone)]
pub struct Web {
    client: reqwest::Client,
    /// For loopback hosts, which no proxy can reach.
    direct: reqwest::Client,
}

impl Web {
    /// A client with the proxies and certificates of a configuration.
    pub fn new(config: &RemoteConfig) -> Result<Self, RegistryError> {
        install_tls_provider();
        Ok(Self {
            client: client(config, false)?,
            direct: client(config, true)?,
        })
    }

    /// The checksum and size of what a URL leads to; it is read piece by piece, up to a limit.
    pub async fn checksum(&self, url: &str, limit: u64) -> Result<(Digest, u64), WebError> {
        let mut attempt = 1;
        loop {
            match self.once(url, limit).await {
                Err(error) if error.is_unavailable() && attempt < ATTEMPTS => {
                    tokio::time::sleep(Duration::from_millis(500 << attempt)).await;
                    attempt += 1;
                }
                ended => return ended,
            }
        }
    }

    async fn once(&self, url: &str, limit: u64) -> Result<(Digest, u64), WebError> {
        let mut response = self.get(url).await?;
        let shown = url.to_owned();
        let too_large = || WebError::TooLarge {
            url: shown.clone(),
            limit,
        };
        if response.content_length().is_some_and(|size| size > limit) {
            return Err(too_large());
        }
        let (mut size, mut digester) = (0_u64, Digester::new());
        loop {
            let piece = response.chunk().await;
            let Some(piece) = piece.map_err(|error| unreachable(url, &error))? else {
                return Ok((digester.finish(), size));
            };
            size += piece.len() as u64;
            if size > limit {
                return Err(too_large());
            }
            digester.update(&piece);
        }
    }

    async fn get(&self, url: &str) -> Result<reqwest::Response, WebError> {
        let bad = |reason: &str| WebError::Unreachable {
            url: url.to_owned(),
            reason: reason.to_owned(),
        };
        let mut at = Url::parse(url).map_err(|error| bad(&error.to_string()))?;
        for _ in 0..=MAX_REDIRECTS {
            let client = if is_loopback(&at) {
                &self.direct
            } else {
                &self.client
            };
            // Bytes as they are: what is unpacked on the way would have another checksum than the builder sees.
            let request = client
                .get(at.clone())
                .header(header::ACCEPT_ENCODING, "identity");
            let response = request.send().await;
            let response = response.map_err(|error| unreachable(&redacted(&at), &error))?;
            let status = response.status();
            if status.is_success() {
                return Ok(response);
            }
            if !matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308) {
                return Err(WebError::Refused {
                    url: redacted(&at),
                    status: status.to_string(),
                });
            }
            let location = response.headers().get(header::LOCATION);
            let location = location.and_then(|value| value.to_str().ok());
            let next = location.and_then(|location| at.join(location).ok());
            let redirected = |to: &str| WebError::Redirected {
                url: redacted(&at),
                to: to.to_owned(),
            };
            let next = next
                .filter(|next| matches!(next.scheme(), "http" | "https"))
                .ok_or_else(|| redirected("to no address"))?;
            if at.scheme() == "https" && next.scheme() == "http" {
                return Err(redirected("from https to http"));
            }
            at = next;
        }
        Err(WebError::Redirected {
            url: url.to_owned(),
            to: format!("more than {MAX_REDIRECTS} times"),
        })
    }
}

fn unreachable(url: &str, error: &reqwest::Error) -> WebError {
    WebError::Unreachable {
        url: url.to_owned(),
        // Its own words repeat the address, with whatever stands in it.
        reason: error.source().map_or_else(|| error.to_string(), chain),
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
        None => false,
    }
}
