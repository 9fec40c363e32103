//! A byte stream made of gRPC messages. Knows nothing of what flows through it.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::mpsc;
use tokio_stream::Stream;
use tokio_util::sync::PollSender;
use tonic::Streaming;

use crate::buildkit::details::BrokenCall;
use crate::buildkit::pulse::Pulse;
use crate::proto::control::BytesMessage;

/// Messages that may wait to be sent.
pub(super) const QUEUE: usize = 16;
/// Largest message written; the daemon takes up to 16 MiB, but shares the connection fairly only
/// with small ones.
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
        // The daemon takes no empty messages.
        if bytes.is_empty() {
            return Poll::Ready(Ok(0));
        }
        let this = self.get_mut();
        let closed = |_| io::Error::from(io::ErrorKind::BrokenPipe);
        ready!(this.outgoing.poll_reserve(cx)).map_err(closed)?;
        let size = bytes.len().min(MAX_WRITE);
        let data = Bytes::copy_from_slice(&bytes[..size]);
        this.outgoing
            .send_item(BytesMessage { data })
            .map_err(closed)?;
        Poll::Ready(Ok(size))
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().outgoing.close();
        Poll::Ready(Ok(()))
    }
}
