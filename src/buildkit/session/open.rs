//! Opening, serving and ending a session.
//!
//! Hyper serves the tunnel directly: tonic's own server spawns each connection as a task that a stop
//! signal does not end, and the daemon never hangs up first.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use hyper::server::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::sync::{mpsc, watch};
use tokio_stream::Stream;
use tokio_util::task::AbortOnDropHandle;
use tonic::Request;
use tonic::metadata::{Ascii, MetadataKey, MetadataValue};
use tonic::service::Routes;

use crate::buildkit::archive::ArchiveReceiver;
use crate::buildkit::client::{Builder, CONNECTION_WINDOW, STREAM_WINDOW};
use crate::buildkit::error::BuildkitError;
use crate::buildkit::id::fresh_id;
use crate::buildkit::pulse::Pulse;
use crate::buildkit::session::auth::AuthService;
use crate::buildkit::session::content::SessionContent;
use crate::buildkit::session::filesend::{Expectation, Expected, FileSendService, MAX_MESSAGE};
use crate::buildkit::session::filesync::FileSyncService;
use crate::buildkit::session::layouts::{LayoutService, Layouts};
use crate::buildkit::session::secrets::SecretsService;
use crate::buildkit::session::ssh::SshService;
use crate::buildkit::session::tunnel::{QUEUE, Tunnel, messages};
use crate::proto::content::content_server::ContentServer;
use crate::proto::control::BytesMessage;
use crate::proto::filesync::auth_server::AuthServer;
use crate::proto::filesync::file_send_server::FileSendServer;
use crate::proto::filesync::file_sync_server::FileSyncServer;
use crate::proto::secrets::secrets_server::SecretsServer;
use crate::proto::sshforward::ssh_server::SshServer;
use crate::text::with_causes;

/// What we serve. The daemon calls no `FileSync` or `FileSend` method that is not announced.
const METHODS: [&str; 12] = [
    "/grpc.health.v1.Health/Check",
    "/moby.filesync.v1.FileSync/DiffCopy",
    "/moby.filesync.v1.FileSend/DiffCopy",
    "/moby.filesync.v1.Auth/Credentials",
    "/moby.filesync.v1.Auth/FetchToken",
    "/moby.filesync.v1.Auth/GetTokenAuthority",
    "/moby.filesync.v1.Auth/VerifyTokenAuthority",
    "/moby.buildkit.secrets.v1.Secrets/GetSecret",
    "/moby.sshforward.v1.SSH/CheckAgent",
    "/moby.sshforward.v1.SSH/ForwardAgent",
    "/containerd.services.content.v1.Content/Info",
    "/containerd.services.content.v1.Content/Read",
];

/// Part of the key under which the daemon keeps its copy of a local folder. A constant, so that
/// later sessions find the copy of earlier ones.
const SHARED_KEY: &str = "kiln";

/// An open session. Dropping it ends it, once.
#[derive(Debug)]
pub(in crate::buildkit) struct Session {
    id: String,
    /// Why the session ended, once it did.
    ended: watch::Receiver<Option<String>>,
    pulse: Pulse,
    expected: Expected,
    layouts: Layouts,
    _serving: AbortOnDropHandle<()>,
}

impl Session {
    /// Opens a session on a connection of its own.
    pub(in crate::buildkit) async fn open(
        builder: &Builder,
        content: Arc<SessionContent>,
    ) -> Result<Session, BuildkitError> {
        Session::open_as(builder, content, SHARED_KEY).await
    }

    /// The same for sources that cannot say by themselves whose folders they are.
    pub(in crate::buildkit) async fn open_as(
        builder: &Builder,
        content: Arc<SessionContent>,
        shared_key: &str,
    ) -> Result<Session, BuildkitError> {
        let id = fresh_id();
        let mut control = builder.dial_again().await?;
        let (sender, receiver) = mpsc::channel(QUEUE);
        let request = announce(messages(receiver), &id, shared_key);
        let incoming = builder.answer("Session", control.session(request)).await?;
        let pulse = Pulse::new();
        let tunnel = Tunnel::new(incoming, sender, pulse.clone());
        let (end, ended) = watch::channel(None);
        let (expected, layouts) = (Expected::default(), Layouts::new(&content.layouts));
        let services = Services {
            content,
            layouts: layouts.clone(),
            expected: expected.clone(),
        };
        let serving = tokio::spawn(async move {
            let reason = serve(tunnel, services).await;
            end.send_replace(Some(reason));
        });
        Ok(Session {
            id,
            ended,
            pulse,
            expected,
            layouts,
            _serving: AbortOnDropHandle::new(serving),
        })
    }

    /// The name by which a solve asks for this session.
    pub(in crate::buildkit) fn id(&self) -> &str {
        &self.id
    }

    /// When the daemon was last heard of.
    pub(in crate::buildkit) fn pulse(&self) -> &Pulse {
        &self.pulse
    }

    /// Takes the archive of that name, until what comes back is dropped.
    pub(in crate::buildkit) fn expect(
        &self,
        name: String,
        receiver: Arc<dyn ArchiveReceiver>,
    ) -> Expectation {
        self.expected.add(name, receiver)
    }

    /// Serves more OCI layouts, from now on.
    pub(in crate::buildkit) fn serve_layouts(&self, more: &BTreeMap<String, PathBuf>) {
        self.layouts.add(more);
    }

    /// Whether the session ended although nobody on our side ended it.
    pub(in crate::buildkit) fn is_lost(&self) -> bool {
        self.ended.borrow().is_some()
    }

    /// Waits until the session is lost, and says why.
    pub(in crate::buildkit) async fn lost(&self) -> String {
        let mut ended = self.ended.clone();
        let reason = match ended.wait_for(Option::is_some).await {
            Ok(reason) => reason.clone(),
            Err(_) => None,
        };
        reason.unwrap_or_else(|| "its task ended".to_owned())
    }
}

fn announce<S: Stream<Item = BytesMessage>>(outgoing: S, id: &str, shared_key: &str) -> Request<S> {
    const UUID: &str = "x-docker-expose-session-uuid";
    const KEY: &str = "x-docker-expose-session-sharedkey";
    const METHOD: &str = "x-docker-expose-session-grpc-method";

    let mut request = Request::new(outgoing);
    let mut add = |key: &'static str, value: &str| {
        // Both are plain ASCII by construction.
        if let Ok(value) = value.parse::<MetadataValue<Ascii>>() {
            let key = MetadataKey::from_static(key);
            request.metadata_mut().append(key, value);
        }
    };
    add(UUID, id);
    add(KEY, shared_key);
    for method in METHODS {
        add(METHOD, method);
    }
    request
}

/// What the services are made of.
struct Services {
    content: Arc<SessionContent>,
    layouts: Layouts,
    expected: Expected,
}

/// Serves the daemon until the tunnel ends; returns why it did.
async fn serve(tunnel: Tunnel, services: Services) -> String {
    let Services {
        content,
        layouts,
        expected,
    } = services;
    // Reports "serving" for the empty name, which is all that the daemon asks.
    let (_, health) = tonic_health::server::health_reporter();
    let routes = Routes::new(health)
        .add_service(FileSyncServer::new(FileSyncService(Arc::clone(&content))))
        .add_service(SecretsServer::new(SecretsService(Arc::clone(&content))))
        .add_service(SshServer::new(SshService(Arc::clone(&content))))
        .add_service(ContentServer::new(LayoutService(layouts)))
        .add_service(
            FileSendServer::new(FileSendService(expected)).max_decoding_message_size(MAX_MESSAGE),
        )
        .add_service(AuthServer::new(AuthService(content)))
        .prepare();
    let served = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .serve_connection(TokioIo::new(tunnel), TowerToHyperService::new(routes))
        .await;
    match served {
        Ok(()) => "the daemon ended it".to_owned(),
        Err(error) => with_causes(&error),
    }
}
