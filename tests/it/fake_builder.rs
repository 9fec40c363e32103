//! A daemon on loopback that says what it is, and builds nothing but tries of foreign programs.

use std::pin::Pin;

use kiln::proto::control::control_server::{Control, ControlServer};
use kiln::proto::control::{
    BytesMessage, InfoRequest, InfoResponse, ListWorkersRequest, ListWorkersResponse, SolveRequest,
    SolveResponse, StatusRequest, StatusResponse,
};
use kiln::proto::{pb, rpc, types};
use prost::Message as _;
use tokio::task::JoinHandle;
use tokio_stream::Stream;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::Server;
use tonic::{Code, Request, Response, Status, Streaming, async_trait};

use crate::build::Emulates;

type Boxed<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;
type Platforms = &'static [(&'static str, &'static str)];

/// It stops when dropped.
pub(crate) struct FakeBuilder {
    /// `tcp://…`.
    pub(crate) address: String,
    task: JoinHandle<()>,
}

impl Drop for FakeBuilder {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl FakeBuilder {
    /// One that is a machine of the first platform and emulates the others.
    pub(crate) async fn start(platforms: Platforms) -> Self {
        Self::emulating(platforms, Emulates::Inside).await
    }

    /// The same with a kernel or daemon that emulates so.
    pub(crate) async fn emulating(platforms: Platforms, emulates: Emulates) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("tcp://{}", listener.local_addr().unwrap());
        let serving = Server::builder()
            .add_service(ControlServer::new(Words {
                platforms,
                emulates,
            }))
            .serve_with_incoming(TcpListenerStream::new(listener));
        let task = tokio::spawn(async move { serving.await.unwrap() });
        Self { address, task }
    }
}

struct Words {
    platforms: Platforms,
    emulates: Emulates,
}

#[async_trait]
impl Control for Words {
    type StatusStream = Boxed<StatusResponse>;
    type SessionStream = Boxed<BytesMessage>;

    async fn info(&self, _: Request<InfoRequest>) -> Result<Response<InfoResponse>, Status> {
        Ok(Response::new(InfoResponse {
            buildkit_version: Some(types::BuildkitVersion {
                version: "v0.32.2".to_owned(),
                ..types::BuildkitVersion::default()
            }),
        }))
    }

    async fn list_workers(
        &self,
        _: Request<ListWorkersRequest>,
    ) -> Result<Response<ListWorkersResponse>, Status> {
        let platform = |&(os, architecture): &(&str, &str)| pb::Platform {
            os: os.to_owned(),
            architecture: architecture.to_owned(),
            ..pb::Platform::default()
        };
        let record = types::WorkerRecord {
            platforms: self.platforms.iter().map(platform).collect(),
            ..types::WorkerRecord::default()
        };
        Ok(Response::new(ListWorkersResponse {
            record: vec![record],
        }))
    }

    /// Foreign programs run where the test says so; nothing else is ever solved.
    async fn solve(
        &self,
        request: Request<SolveRequest>,
    ) -> Result<Response<SolveResponse>, Status> {
        let definition = request.into_inner().definition.unwrap_or_default();
        let ops = definition.def.iter();
        let ops = ops.map(|op| pb::Op::decode(op.as_ref()).unwrap());
        let mut runs = ops.filter(|op| matches!(op.op, Some(pb::op::Op::Exec(_))));
        let machine = runs.next().unwrap().platform.unwrap().architecture;
        let is_own = machine != self.platforms[0].1;
        match self.emulates {
            Emulates::Inside => Ok(Response::new(SolveResponse::default())),
            Emulates::Apart if is_own => Ok(Response::new(SolveResponse::default())),
            Emulates::Apart => Err(ended("exec /kiln-probe: exec format error")),
            Emulates::Unfixed => Err(ended("exec /kiln-probe: no such file or directory")),
            Emulates::Lost => Err(Status::unavailable("연결이 끊겼다")),
        }
    }

    async fn status(
        &self,
        _: Request<StatusRequest>,
    ) -> Result<Response<Self::StatusStream>, Status> {
        Ok(Response::new(Box::pin(tokio_stream::empty())))
    }

    async fn session(
        &self,
        _: Request<Streaming<BytesMessage>>,
    ) -> Result<Response<Self::SessionStream>, Status> {
        Ok(Response::new(Box::pin(tokio_stream::pending())))
    }
}

/// How a daemon says that a step's program ended, with the words that the program's log would have.
fn ended(words: &str) -> Status {
    let detail = |kind: &str, json: &str| prost_types::Any {
        type_url: format!("github.com/moby/buildkit/{kind}"),
        value: json.as_bytes().to_vec(),
    };
    let details = rpc::Status {
        code: Code::Unknown as i32,
        message: words.to_owned(),
        details: vec![
            detail("errdefs.Vertex+json", r#"{"digest":"sha256:aa"}"#),
            detail("gatewayapi.ExitMessage+json", r#"{"Code":1}"#),
        ],
    };
    let details = details.encode_to_vec().into();
    Status::with_details(Code::Unknown, words, details)
}
