//! The session's `FileSend` service: images that the daemon sends to us as OCI archives.
//!
//! One method serves two kinds of messages in BuildKit. Ours is the one of archives: the bytes of one
//! file until the stream ends. All builds of a session share the service, so an archive is given to
//! whoever expects one of its name; one that nobody expects is refused before a byte of it is read.

use std::collections::BTreeMap;
use std::io;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::mpsc;
use tokio_stream::{Stream, empty};
use tonic::metadata::MetadataMap;
use tonic::{Request, Response, Status, Streaming, async_trait};

use crate::buildkit::archive::{ArchiveReceiver, Received};
use crate::buildkit::details::BrokenCall;
use crate::oci::Digest;
use crate::proto::filesync::BytesMessage;
use crate::proto::filesync::file_send_server::FileSend;

/// The daemon's largest message is 3 MiB of data.
pub(super) const MAX_MESSAGE: usize = 16 << 20;
/// Messages that may wait to be written.
const QUEUE: usize = 4;
/// What the daemon says of the archive it sends, see `session/filesync` in BuildKit.
const NAME: &str = "exporter-md-image.name";
const MANIFEST: &str = "exporter-md-containerimage.digest";

type Receivers = Arc<Mutex<BTreeMap<String, Arc<dyn ArchiveReceiver>>>>;

/// Who expects which archive.
#[derive(Debug, Clone, Default)]
pub(super) struct Expected(Receivers);

/// An archive that is expected until this is dropped.
#[derive(Debug)]
pub(in crate::buildkit) struct Expectation {
    name: String,
    all: Receivers,
}

impl Expected {
    pub(super) fn add(&self, name: String, receiver: Arc<dyn ArchiveReceiver>) -> Expectation {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(name.clone(), receiver);
        Expectation {
            name,
            all: Arc::clone(&self.0),
        }
    }

    fn find(&self, name: &str) -> Option<Arc<dyn ArchiveReceiver>> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(name).map(Arc::clone)
    }
}

impl Drop for Expectation {
    fn drop(&mut self) {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        all.remove(&self.name);
    }
}

pub(super) struct FileSendService(pub(super) Expected);

#[async_trait]
impl FileSend for FileSendService {
    type DiffCopyStream = Pin<Box<dyn Stream<Item = Result<BytesMessage, Status>> + Send>>;

    async fn diff_copy(
        &self,
        request: Request<Streaming<BytesMessage>>,
    ) -> Result<Response<Self::DiffCopyStream>, Status> {
        let name = value(request.metadata(), NAME).unwrap_or_default();
        let Some(receiver) = self.0.find(&name) else {
            return Err(Status::not_found(format!(
                "nobody expects an archive `{name}`"
            )));
        };
        let manifest = value(request.metadata(), MANIFEST);
        let manifest: Option<Digest> = manifest.and_then(|text| text.parse().ok());
        let (sender, pieces) = mpsc::channel(QUEUE);
        let mut receiving = receiver.receive(manifest, pieces);
        let mut forwarding = pin!(forward(request.into_inner(), sender));
        let mut forwarded = false;
        let received = loop {
            tokio::select! {
                // Whoever has enough, or cannot take more, ends it without hearing the rest.
                received = &mut receiving => break received,
                () = &mut forwarding, if !forwarded => forwarded = true,
            }
        };
        match received {
            Ok(Received::Whole) => Ok(Response::new(Box::pin(empty()))),
            // With this code the daemon leaves the rest out and is content.
            Ok(Received::AlreadyHere) => Err(Status::already_exists("it is here already")),
            Err(message) => Err(Status::aborted(message)),
        }
    }
}

fn value(metadata: &MetadataMap, key: &str) -> Option<String> {
    Some(metadata.get(key)?.to_str().ok()?.to_owned())
}

/// Passes on what comes. The end of the stream and its break must not look the same.
async fn forward(
    mut stream: Streaming<BytesMessage>,
    pieces: mpsc::Sender<io::Result<bytes::Bytes>>,
) {
    loop {
        let piece = match stream.message().await {
            Ok(Some(message)) => Ok(message.data),
            Ok(None) => return,
            Err(status) => Err(io::Error::other(BrokenCall(status))),
        };
        let broken = piece.is_err();
        if pieces.send(piece).await.is_err() || broken {
            return;
        }
    }
}
