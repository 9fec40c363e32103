//! A daemon that builds nothing, for tests of the client: it says what it is told to say and calls
//! back through the session as a real one does.

use std::path::PathBuf;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use hyper_util::rt::TokioIo;
use tokio::net::UnixListener;
use tokio::runtime::Runtime;
use tokio::sync::mpsc;
use tokio_stream::wrappers::{ReceiverStream, UnixListenerStream};
use tokio_stream::{Stream, empty};
use tonic::transport::{Channel, Endpoint, Server};
use tonic::{Request, Response, Status, Streaming, async_trait};
use tower::service_fn;

use crate::buildkit::pulse::Pulse;
use crate::buildkit::session::Tunnel;
use crate::proto::control::control_server::{Control, ControlServer};
use crate::proto::control::{
    BytesMessage, InfoRequest, InfoResponse, ListWorkersRequest, ListWorkersResponse, SolveRequest,
    SolveResponse, StatusRequest, StatusResponse,
};
use crate::proto::{pb, types};

type Boxed<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// A way into a session, and the methods that it announced.
type Opened = (Channel, Vec<String>);

/// How the daemon behaves.
#[derive(Clone)]
pub(super) struct Script {
    /// What `Info` says; `None` is a daemon that has no such call.
    pub(super) version: Option<&'static str>,
    /// What `ListWorkers` says.
    pub(super) platforms: &'static [(&'static str, &'static str)],
    /// What `Solve` says; `None` never answers.
    pub(super) answer: Option<Result<SolveResponse, Status>>,
}

impl Default for Script {
    fn default() -> Self {
        Script {
            version: Some("v0.32.2"),
            platforms: &[("linux", "amd64"), ("linux", "arm64")],
            answer: None,
        }
    }
}

/// A running daemon. It has a runtime of its own, so that all of its connections end with it.
pub(super) struct FakeDaemon {
    pub(super) address: String,
    control: FakeControl,
    _folder: tempfile::TempDir,
    runtime: Option<Runtime>,
}

#[derive(Clone)]
struct FakeControl {
    script: Script,
    sessions: Arc<Mutex<Vec<Opened>>>,
    solving: Arc<AtomicBool>,
    requests: Arc<Mutex<Vec<SolveRequest>>>,
}

impl FakeDaemon {
    pub(super) fn start(script: Script) -> FakeDaemon {
        let folder = tempfile::tempdir().unwrap();
        let socket: PathBuf = folder.path().join("bk.sock");
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let listener = {
            let _inside = runtime.enter();
            UnixListener::bind(&socket).unwrap()
        };
        let control = FakeControl {
            script,
            sessions: Arc::default(),
            solving: Arc::default(),
            requests: Arc::default(),
        };
        let service = ControlServer::new(control.clone());
        runtime.spawn(async move {
            let incoming = UnixListenerStream::new(listener);
            let serving = Server::builder().add_service(service);
            serving.serve_with_incoming(incoming).await.unwrap();
        });
        FakeDaemon {
            address: format!("unix://{}", socket.display()),
            control,
            _folder: folder,
            runtime: Some(runtime),
        }
    }

    /// The last session that was opened.
    pub(super) fn session(&self) -> Opened {
        let sessions = self.control.sessions.lock().unwrap();
        sessions.last().cloned().unwrap()
    }

    pub(super) fn has_session(&self) -> bool {
        !self.control.sessions.lock().unwrap().is_empty()
    }

    pub(super) fn drop_sessions(&self) {
        self.control.sessions.lock().unwrap().clear();
    }

    pub(super) fn is_solving(&self) -> bool {
        self.control.solving.load(Ordering::SeqCst)
    }

    /// All solves so far.
    pub(super) fn requests(&self) -> Vec<SolveRequest> {
        self.control.requests.lock().unwrap().clone()
    }

    pub(super) fn stop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Drop for FakeDaemon {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Clears the flag when a solve ends, however it does.
struct Solving(Arc<AtomicBool>);

impl Drop for Solving {
    fn drop(&mut self) {
        self.0.store(false, Ordering::SeqCst);
    }
}

#[async_trait]
impl Control for FakeControl {
    type StatusStream = Boxed<StatusResponse>;
    type SessionStream = ReceiverStream<Result<BytesMessage, Status>>;

    async fn solve(
        &self,
        request: Request<SolveRequest>,
    ) -> Result<Response<SolveResponse>, Status> {
        self.requests.lock().unwrap().push(request.into_inner());
        self.solving.store(true, Ordering::SeqCst);
        let _solving = Solving(Arc::clone(&self.solving));
        match &self.script.answer {
            Some(answer) => answer.clone().map(Response::new),
            None => std::future::pending().await,
        }
    }

    async fn status(
        &self,
        _request: Request<StatusRequest>,
    ) -> Result<Response<Self::StatusStream>, Status> {
        Ok(Response::new(Box::pin(empty())))
    }

    async fn session(
        &self,
        request: Request<Streaming<BytesMessage>>,
    ) -> Result<Response<Self::SessionStream>, Status> {
        let methods = request
            .metadata()
            .get_all("x-docker-expose-session-grpc-method")
            .iter()
            .map(|value| value.to_str().unwrap().to_owned())
            .collect();
        let (sender, mut written) = mpsc::channel(16);
        let tunnel = Mutex::new(Some(Tunnel::new(
            request.into_inner(),
            sender,
            Pulse::new(),
        )));
        let open = service_fn(move |_| {
            let tunnel = tunnel.lock().unwrap().take().map(TokioIo::new);
            async move { tunnel.ok_or_else(|| std::io::Error::other("a session opens once")) }
        });
        let sessions = Arc::clone(&self.sessions);
        tokio::spawn(async move {
            let endpoint = Endpoint::from_static("http://localhost");
            let channel = endpoint.connect_with_connector(open).await.unwrap();
            sessions.lock().unwrap().push((channel, methods));
        });
        let (answer, answers) = mpsc::channel(16);
        tokio::spawn(async move {
            while let Some(message) = written.recv().await {
                if answer.send(Ok(message)).await.is_err() {
                    return;
                }
            }
        });
        Ok(Response::new(ReceiverStream::new(answers)))
    }

    async fn list_workers(
        &self,
        _request: Request<ListWorkersRequest>,
    ) -> Result<Response<ListWorkersResponse>, Status> {
        let platform = |&(os, architecture): &(&str, &str)| pb::Platform {
            os: os.to_owned(),
            architecture: architecture.to_owned(),
            ..pb::Platform::default()
        };
        let record = types::WorkerRecord {
            platforms: self.script.platforms.iter().map(platform).collect(),
            ..types::WorkerRecord::default()
        };
        Ok(Response::new(ListWorkersResponse {
            record: vec![record],
        }))
    }

    async fn info(&self, _request: Request<InfoRequest>) -> Result<Response<InfoResponse>, Status> {
        let version = self
            .script
            .version
            .ok_or(Status::unimplemented("no Info"))?;
        Ok(Response::new(InfoResponse {
            buildkit_version: Some(types::BuildkitVersion {
                version: version.to_owned(),
                ..types::BuildkitVersion::default()
            }),
        }))
    }
}
