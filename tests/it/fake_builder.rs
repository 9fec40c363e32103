//! A daemon on loopback that says what it is and builds nothing.

use std::pin::Pin;

use kiln::proto::control::control_server::{Control, ControlServer};
use kiln::proto::control::{
    BytesMessage, InfoRequest, InfoResponse, ListWorkersRequest, ListWorkersResponse, SolveRequest,
    SolveResponse, StatusRequest, StatusResponse,
};
use kiln::proto::{pb, types};
use tokio::task::JoinHandle;
use tokio_stream::Stream;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::Server;
use tonic::{Request, Response, Status, Streaming, async_trait};

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
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("tcp://{}", listener.local_addr().unwrap());
        let serving = Server::builder()
            .add_service(ControlServer::new(Words(platforms)))
            .serve_with_incoming(TcpListenerStream::new(listener));
        let task = tokio::spawn(async move { serving.await.unwrap() });
        Self { address, task }
    }
}

struct Words(Platforms);

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
            platforms: self.0.iter().map(platform).collect(),
            ..types::WorkerRecord::default()
        };
        Ok(Response::new(ListWorkersResponse {
            record: vec![record],
        }))
    }

    async fn solve(&self, _: Request<SolveRequest>) -> Result<Response<SolveResponse>, Status> {
        Err(Status::unimplemented("it builds nothing"))
    }

    async fn status(
        &self,
        _: Request<StatusRequest>,
    ) -> Result<Response<Self::StatusStream>, Status> {
        Err(Status::unimplemented("it builds nothing"))
    }

    async fn session(
        &self,
        _: Request<Streaming<BytesMessage>>,
    ) -> Result<Response<Self::SessionStream>, Status> {
        Err(Status::unimplemented("it builds nothing"))
    }
}
