//! A connection to one daemon, and what the daemon says of itself.
//!
//! Owns the settings of the connection. They are not taste:
//!
//! * No keepalive pings: daemons close a connection that pings more often than every five minutes.
//! * Large windows: HTTP/2 libraries count small unread frames against the connection's window, and a
//!   daemon asks for files in frames of ten bytes.
//! * A large limit for headers: the details of an error arrive in trailers, with the texts that the
//!   graph's source map names.

use std::time::Duration;

use http::Uri;
use hyper_util::rt::TokioIo;
use tokio::net::UnixStream;
use tokio::time::timeout;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Status};
use tower::service_fn;

use crate::buildkit::address::Address;
use crate::buildkit::details::{BrokenCall, is_connection_lost};
use crate::buildkit::error::BuildkitError;
use crate::buildkit::pipe;
use crate::buildkit::pulse::IDLE_LIMIT;
use crate::buildkit::tls::{self, Tls};
use crate::oci::Platform;
use crate::proto::control::control_client::ControlClient;
use crate::proto::control::{InfoRequest, ListWorkersRequest};
use crate::proto::pb;

/// How long a daemon may take to accept a connection or to answer a question about itself.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);
/// Flow control windows, also used for the session inside the connection.
pub(super) const STREAM_WINDOW: u32 = 8 << 20;
pub(super) const CONNECTION_WINDOW: u32 = 16 << 20;
/// Largest message taken: status messages can be long. The daemon itself stops at 16 MiB.
pub(super) const MAX_MESSAGE: usize = 64 << 20;
/// Largest block of headers or trailers taken.
const MAX_HEADERS: u32 = 16 << 20;

/// The first version with several exporters in one request and with usable epochs.
const MIN_VERSION: (u64, u64) = (0, 13);

/// A daemon that we are connected to. Cheap to clone; all clones share the connection.
#[derive(Debug, Clone)]
pub struct Builder {
    name: String,
    address: Address,
    tls: Option<Tls>,
    control: ControlClient<Channel>,
    idle_limit: Duration,
}

/// What a daemon says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuilderInfo {
    /// The builder's name, for messages.
    pub name: String,
    /// The daemon's version as it writes it.
    pub version: String,
    /// What it can build for, natively or emulated, in its own order. Platforms that we do not know
    /// are left out.
    pub platforms: Vec<Platform>,
    /// What its machine is.
    pub native: Platform,
}

impl BuilderInfo {
    /// Whether the daemon can build for a platform.
    pub fn supports(&self, platform: &Platform) -> bool {
        self.platforms.contains(platform)
    }

    /// Refuses a platform that the daemon cannot build for.
    ///
    /// # Errors
    /// [`BuildkitError::PlatformMissing`].
    pub fn require(&self, platform: &Platform) -> Result<(), BuildkitError> {
        if self.supports(platform) {
            return Ok(());
        }
        Err(BuildkitError::PlatformMissing {
            builder: self.name.clone(),
            platform: *platform,
            offered: self.platforms.clone(),
        })
    }
}

impl Builder {
    /// Connects to the daemon at `address`; `name` is what messages call it. `tls` is for tcp only.
    ///
    /// A connection that breaks later is made again by the next call.
    ///
    /// # Errors
    /// [`BuildkitError::Unreachable`], [`BuildkitError::Insecure`], [`BuildkitError::TimedOut`].
    pub async fn connect(
        name: impl Into<String>,
        address: &Address,
        tls: Option<&Tls>,
    ) -> Result<Builder, BuildkitError> {
        let name = name.into();
        let control = dial(&name, address, tls).await?;
        Ok(Builder {
            name,
            address: address.clone(),
            tls: tls.cloned(),
            control,
            idle_limit: IDLE_LIMIT,
        })
    }

    /// What messages call the builder.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where the daemon listens.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// How long the daemon may be silent in a build before it is given up; 60 s where nothing is said.
    /// A step that writes nothing is not silence: the daemon asks for our health meanwhile.
    #[must_use]
    pub fn with_idle_limit(mut self, limit: Duration) -> Builder {
        self.idle_limit = limit;
        self
    }

    pub(super) fn idle_limit(&self) -> Duration {
        self.idle_limit
    }

    /// Asks the daemon what it is.
    ///
    /// # Errors
    /// [`BuildkitError::TooOld`], [`BuildkitError::NoWorker`], or that there was no answer.
    pub async fn info(&self) -> Result<BuilderInfo, BuildkitError> {
        let mut control = self.control();
        let version = match self.answer("Info", control.info(InfoRequest {})).await {
            Ok(response) => response
                .buildkit_version
                .unwrap_or_default()
                .version
                .trim()
                .to_owned(),
            Err(BuildkitError::Failed {
                code: Code::Unimplemented,
                ..
            }) => return Err(self.too_old(None)),
            Err(error) => return Err(self.without_tls(error).await),
        };
        if is_too_old(&version) {
            return Err(self.too_old(Some(version)));
        }
        let request = ListWorkersRequest::default();
        let workers = self
            .answer("ListWorkers", control.list_workers(request))
            .await?;
        let mut platforms = Vec::new();
        for wire in workers.record.iter().flat_map(|worker| &worker.platforms) {
            match known_platform(wire) {
                Some(platform) if !platforms.contains(&platform) => platforms.push(platform),
                _ => {}
            }
        }
        let Some(&native) = platforms.first() else {
            return Err(BuildkitError::NoWorker {
                builder: self.name.clone(),
            });
        };
        Ok(BuilderInfo {
            name: self.name.clone(),
            version,
            platforms,
            native,
        })
    }

    pub(super) fn control(&self) -> ControlClient<Channel> {
        self.control.clone()
    }

    /// A second connection to the same daemon: a slow reader on one cannot hold up the other.
    pub(super) async fn dial_again(&self) -> Result<ControlClient<Channel>, BuildkitError> {
        dial(&self.name, &self.address, self.tls.as_ref()).await
    }

    /// Waits for a short call.
    pub(super) async fn answer<T>(
        &self,
        operation: &'static str,
        call: impl Future<Output = Result<tonic::Response<T>, Status>>,
    ) -> Result<T, BuildkitError> {
        match timeout(ANSWER_TIMEOUT, call).await {
            Ok(Ok(response)) => Ok(response.into_inner()),
            Ok(Err(status)) if is_connection_lost(&status) => {
                let error = BrokenCall(status);
                Err(BuildkitError::unreachable(
                    &self.name,
                    &self.address,
                    &error,
                ))
            }
            Ok(Err(status)) => Err(BuildkitError::Failed {
                builder: self.name.clone(),
                operation,
                code: status.code(),
                message: status.message().to_owned(),
            }),
            Err(_) => Err(timed_out(&self.name, &self.address, ANSWER_TIMEOUT)),
        }
    }

    /// A daemon that wants TLS only hangs up on a client without it; this looks for the reason.
    async fn without_tls(&self, error: BuildkitError) -> BuildkitError {
        match (&error, &self.address, &self.tls) {
            (BuildkitError::Unreachable { .. }, Address::Tcp { host, port }, None)
                if tls::is_spoken_at(host, *port).await =>
            {
                BuildkitError::insecure(&self.name, &self.address, tls::wanted())
            }
            _ => error,
        }
    }

    fn too_old(&self, version: Option<String>) -> BuildkitError {
        BuildkitError::TooOld {
            builder: self.name.clone(),
            version,
        }
    }
}

fn timed_out(name: &str, address: &Address, after: Duration) -> BuildkitError {
    BuildkitError::TimedOut {
        builder: name.to_owned(),
        address: address.clone(),
        seconds: after.as_secs(),
    }
}

/// How long a connection may take: a program may have to log in somewhere first.
fn patience(address: &Address) -> Duration {
    match address {
        Address::Command(_) => 3 * ANSWER_TIMEOUT,
        _ => ANSWER_TIMEOUT,
    }
}

async fn dial(
    name: &str,
    address: &Address,
    tls: Option<&Tls>,
) -> Result<ControlClient<Channel>, BuildkitError> {
    let connecting = async {
        match address {
            Address::Unix(path) => {
                let path = path.clone();
                let open = service_fn(move |_| {
                    let path = path.clone();
                    async move { UnixStream::connect(path).await.map(TokioIo::new) }
                });
                // The name is for HTTP's sake; the socket decides.
                settings(Endpoint::from_static("http://localhost"))?
                    .connect_with_connector(open)
                    .await
            }
            Address::Command(command) => {
                settings(Endpoint::from_static("http://localhost"))?
                    .connect_with_connector(pipe::connector(command))
                    .await
            }
            Address::Tcp { host, port } => {
                let place = if host.contains(':') {
                    format!("[{host}]:{port}")
                } else {
                    format!("{host}:{port}")
                };
                let endpoint = settings(Endpoint::from_shared(format!("http://{place}"))?)?;
                match (tls, format!("https://{place}").parse::<Uri>()) {
                    // The connector speaks TLS; the origin is what the requests say.
                    (Some(tls), Ok(origin)) => {
                        let connector = tls.connector(host);
                        let endpoint = endpoint.origin(origin);
                        endpoint.connect_with_connector(connector).await
                    }
                    _ => endpoint.connect().await,
                }
            }
        }
    };
    match timeout(patience(address), connecting).await {
        Ok(Ok(channel)) => Ok(ControlClient::new(channel).max_decoding_message_size(MAX_MESSAGE)),
        Ok(Err(error)) => Err(BuildkitError::unreachable(name, address, &error)),
        Err(_) => Err(timed_out(name, address, patience(address))),
    }
}

fn settings(endpoint: Endpoint) -> Result<Endpoint, tonic::transport::Error> {
    Ok(endpoint
        .user_agent(concat!("kiln/", env!("CARGO_PKG_VERSION")))?
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .http2_max_header_list_size(MAX_HEADERS))
}

/// Whether a version is below [`MIN_VERSION`]. One that says nothing (a daemon built without a
/// version, or with the name of a commit) is taken for new.
fn is_too_old(version: &str) -> bool {
    let mut numbers = version
        .trim_start_matches('v')
        .split(['.', '-', '+'])
        .map(str::parse::<u64>);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(0)), Some(Ok(0))) => false,
        (Some(Ok(major)), Some(Ok(minor))) => (major, minor) < MIN_VERSION,
        _ => false,
    }
}

fn known_platform(wire: &pb::Platform) -> Option<Platform> {
    Platform::from_parts(&wire.os, &wire.architecture, Some(&wire.variant)).ok()
}

#[cfg(test)]
mod tests {
    use super::is_too_old;

    #[test]
    fn old_versions_are_known_and_unknown_ones_are_new() {
        let rows = [
            ("v0.12.5", true),
            ("0.11.7+0a15675913b7", true),
            ("v0.13.0-rc1", false),
            ("v0.32.2", false),
            ("v1.0.0", false),
            ("v0.0.0+unknown", false),
            ("9f2a1c7", false),
            ("", false),
        ];
        for (version, expected) in rows {
            assert_eq!(is_too_old(version), expected, "{version}");
        }
    }
}
