//! The session's `SSH` service: agents of this machine for steps that ask for them.
//!
//! A build may list keys and have things signed, and nothing else: requests to add, remove or lock
//! keys, and extensions, are answered with failure here and never reach the agent
//! (draft-ietf-sshm-ssh-agent, section 6.1).

use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;

use bytes::{Buf as _, Bytes, BytesMut};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;
use tokio::sync::mpsc;
use tokio_stream::Stream;
use tokio_stream::wrappers::ReceiverStream;
use tonic::metadata::MetadataMap;
use tonic::{Request, Response, Status, Streaming, async_trait};

use crate::buildkit::session::content::SessionContent;
use crate::proto::sshforward::ssh_server::Ssh;
use crate::proto::sshforward::{BytesMessage, CheckAgentRequest, CheckAgentResponse};

const ID: &str = "buildkit.ssh.id";
/// The id of an agent for which no other is given.
const DEFAULT: &str = "default";

/// Requests that pass: list the keys, sign.
const LIST: u8 = 11;
const SIGN: u8 = 13;
/// The whole answer to everything else: one byte long, "failure".
const FAILURE: [u8; 5] = [0, 0, 0, 1, 5];
/// The longest message that agents take, in bytes.
const MAX_MESSAGE: usize = 256 * 1024;

pub(super) struct SshService(pub(super) Arc<SessionContent>);

impl SshService {
    fn socket(&self, id: &str) -> Result<PathBuf, Status> {
        let id = if id.is_empty() { DEFAULT } else { id };
        let found = self.0.agents.get(id).cloned();
        found.ok_or_else(|| Status::not_found(format!("ssh agent {id} is not given")))
    }
}

fn id_of(metadata: &MetadataMap) -> &str {
    metadata
        .get(ID)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}

#[async_trait]
impl Ssh for SshService {
    async fn check_agent(
        &self,
        request: Request<CheckAgentRequest>,
    ) -> Result<Response<CheckAgentResponse>, Status> {
        self.socket(&request.into_inner().id)?;
        Ok(Response::new(CheckAgentResponse {}))
    }

    type ForwardAgentStream =
        Pin<Box<dyn Stream<Item = Result<BytesMessage, Status>> + Send + 'static>>;

    async fn forward_agent(
        &self,
        request: Request<Streaming<BytesMessage>>,
    ) -> Result<Response<Self::ForwardAgentStream>, Status> {
        let socket = self.socket(id_of(request.metadata()))?;
        let agent = UnixStream::connect(&socket).await.map_err(|error| {
            Status::unavailable(format!(
                "cannot reach the ssh agent at {}: {error}",
                socket.display()
            ))
        })?;
        let (sender, receiver) = mpsc::channel(4);
        tokio::spawn(forward(request.into_inner(), agent, sender));
        Ok(Response::new(Box::pin(ReceiverStream::new(receiver))))
    }
}

/// Answers request by request until the step closes its connection.
async fn forward(
    mut incoming: Streaming<BytesMessage>,
    mut agent: UnixStream,
    sender: mpsc::Sender<Result<BytesMessage, Status>>,
) {
    let mut waiting = BytesMut::new();
    while let Ok(Some(message)) = incoming.message().await {
        waiting.extend_from_slice(&message.data);
        loop {
            let answer = match next_request(&mut waiting) {
                Next::Incomplete => break,
                Next::TooLong => return,
                Next::Refused => Ok(Bytes::from_static(&FAILURE)),
                Next::Allowed(request) => ask(&mut agent, &request).await,
            };
            let answer = answer
                .map(|data| BytesMessage { data })
                .map_err(|error| Status::unavailable(format!("the ssh agent failed: {error}")));
            let failed = answer.is_err();
            if sender.send(answer).await.is_err() || failed {
                return;
            }
        }
    }
}

/// What stands at the start of the bytes received so far.
enum Next {
    /// Not a whole request yet.
    Incomplete,
    /// No agent would take it.
    TooLong,
    /// A request that builds may not make.
    Refused,
    /// A request to pass on, with its length.
    Allowed(Bytes),
}

fn next_request(waiting: &mut BytesMut) -> Next {
    let Some(mut head) = waiting.get(..4) else {
        return Next::Incomplete;
    };
    let length = head.get_u32() as usize;
    if length == 0 || length > MAX_MESSAGE {
        return Next::TooLong;
    }
    if waiting.len() < 4 + length {
        return Next::Incomplete;
    }
    let request = waiting.split_to(4 + length).freeze();
    if matches!(request[4], LIST | SIGN) {
        Next::Allowed(request)
    } else {
        Next::Refused
    }
}

async fn ask(agent: &mut UnixStream, request: &[u8]) -> std::io::Result<Bytes> {
    agent.write_all(request).await?;
    let length = agent.read_u32().await?;
    let size = length as usize;
    if size > MAX_MESSAGE {
        return Err(std::io::Error::other("it answers with too many bytes"));
    }
    let mut answer = vec![0; 4 + size];
    answer[..4].copy_from_slice(&length.to_be_bytes());
    agent.read_exact(&mut answer[4..]).await?;
    Ok(answer.into())
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;

    use super::{Next, next_request};

    #[test]
    fn only_listing_and_signing_pass() {
        for (kind, passes) in [
            (11, true),
            (13, true),
            (17, false),
            (19, false),
            (22, false),
            (27, false),
        ] {
            let mut bytes = BytesMut::from(&[0, 0, 0, 1, kind, 9][..]);
            let allowed = matches!(next_request(&mut bytes), Next::Allowed(_));
            assert_eq!(allowed, passes, "{kind}");
            assert_eq!(&bytes[..], [9]);
        }
    }

    #[test]
    fn pieces_wait_for_the_rest_and_absurd_lengths_end_it() {
        let mut bytes = BytesMut::from(&[0, 0, 0, 2, 11][..]);
        assert!(matches!(next_request(&mut bytes), Next::Incomplete));
        assert_eq!(bytes.len(), 5);
        let mut bytes = BytesMut::from(&[0xff; 8][..]);
        assert!(matches!(next_request(&mut bytes), Next::TooLong));
    }
}
