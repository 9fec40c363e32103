//! A byte stream made of gRPC messages. Knows nothing of what flows through it.
//!
//! The daemon pays for messages rather than for bytes: each is an allocation, a copy and a way through its
//! locks. HTTP/2 inside the tunnel writes frames of 16 KiB, and the nine bytes before each by themselves
//! where a writer takes one piece at a time. So a write takes all pieces that there are, and what waits to
//! be sent is sent together.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::mpsc;
use tokio_stream::Stream;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::PollSender;
use tonic::Streaming;

use crate::buildkit::details::BrokenCall;
use crate::buildkit::pulse::Pulse;
use crate::proto::control::BytesMessage;

/// Writes that may wait to be sent; all of them become one message.
pub(super) const QUEUE: usize = 16;
/// Most bytes of one write; a message of [`QUEUE`] such writes is far below the 16 MiB that the daemon takes.
const MAX_WRITE: usize = 256 << 10;

/// Both directions of a Session call as one stream of bytes.
#[derive(Debug)]
pub(in crate::buildkit) struct Tunnel {
    incoming: Streaming<BytesMessage>,
    /// What of the last message was not read yet.
    rest: Bytes,
    outgoing: PollSender<BytesMessage>,
    /// Beats with every message that comes in.
    pulse: Pulse,
}

impl Tunnel {
    pub(in crate::buildkit) fn new(
        incoming: Streaming<BytesMessage>,
        outgoing: mpsc::Sender<BytesMessage>,
        pulse: Pulse,
    ) -> Tunnel {
        Tunnel {
            incoming,
            rest: Bytes::new(),
            outgoing: PollSender::new(outgoing),
            pulse,
        }
    }
}

impl AsyncRead for Tunnel {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        while this.rest.is_empty() {
            match ready!(Pin::new(&mut this.incoming).poll_next(cx)) {
                Some(Ok(message)) => {
                    this.pulse.beat();
                    this.rest = message.data;
                }
                Some(Err(status)) => return Poll::Ready(Err(io::Error::other(BrokenCall(status)))),
                None => return Poll::Ready(Ok(())),
            }
        }
        let size = this.rest.len().min(buffer.remaining());
        buffer.put_slice(&this.rest.split_to(size));
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Tunnel {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let size: usize = pieces.iter().map(|piece| piece.len()).sum();
        // The daemon takes no empty messages.
        if size == 0 {
            return Poll::Ready(Ok(0));
        }
        let this = self.get_mut();
        let closed = |_| io::Error::from(io::ErrorKind::BrokenPipe);
        ready!(this.outgoing.poll_reserve(cx)).map_err(closed)?;
        let mut data = BytesMut::with_capacity(size.min(MAX_WRITE));
        for piece in pieces {
            let room = MAX_WRITE - data.len();
            data.extend_from_slice(&piece[..piece.len().min(room)]);
        }
        let size = data.len();
        let data = data.freeze();
        this.outgoing
            .send_item(BytesMessage { data })
            .map_err(closed)?;
        Poll::Ready(Ok(size))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().outgoing.close();
        Poll::Ready(Ok(()))
    }
}

/// What a tunnel writes as messages for the daemon.
pub(super) fn messages(
    written: mpsc::Receiver<BytesMessage>,
) -> impl Stream<Item = BytesMessage> + Send + 'static {
    ReceiverStream::new(written).ready_chunks(QUEUE).map(join)
}

fn join(mut writes: Vec<BytesMessage>) -> BytesMessage {
    if writes.len() == 1 {
        return writes.remove(0);
    }
    let size = writes.iter().map(|write| write.data.len()).sum();
    let mut data = BytesMut::with_capacity(size);
    for write in writes {
        data.extend_from_slice(&write.data);
    }
    BytesMessage {
        data: data.freeze(),
    }
}

#[cfg(test)]
mod tests {
    use futures_util::StreamExt as _;
    use tokio::sync::mpsc;

    use super::{BytesMessage, messages};

    #[tokio::test]
    async fn what_waits_to_be_sent_is_one_message_and_its_order_stays() {
        let (sender, receiver) = mpsc::channel(4);
        for text in ["빵", "größe", "c"] {
            let data = text.into();
            sender.send(BytesMessage { data }).await.unwrap();
        }
        let mut messages = Box::pin(messages(receiver));
        assert_eq!(messages.next().await.unwrap().data, "빵größec");
        let data = "later".into();
        sender.send(BytesMessage { data }).await.unwrap();
        assert_eq!(messages.next().await.unwrap().data, "later");
        drop(sender);
        assert!(messages.next().await.is_none());
    }
}
