//! The session's content service: blobs of OCI layouts, read-only.
//!
//! The daemon names the layout in a header and asks for a blob's size and bytes by digest. It checks the
//! digests itself.

use std::collections::BTreeMap;
use std::io::{Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use tokio::sync::mpsc;
use tokio_stream::Stream;
use tokio_stream::wrappers::ReceiverStream;
use tonic::metadata::MetadataMap;
use tonic::{Request, Response, Status, async_trait};

use crate::oci::Digest;
use crate::oci::layout::blob_path;
use crate::proto::content::content_server::Content;
use crate::proto::content::{
    Info, InfoRequest, InfoResponse, ReadContentRequest, ReadContentResponse,
};

/// Names the store, as `oci:NAME`.
const STORE: &str = "buildkit-attachable-store-id";
/// Bytes per answer, and answers waiting to be sent.
const CHUNK: usize = 256 << 10;
const QUEUE: usize = 4;

/// Folders by the name of their store. Solves add to them.
#[derive(Debug, Clone)]
pub(super) struct Layouts(Arc<Mutex<BTreeMap<String, PathBuf>>>);

impl Layouts {
    pub(super) fn new(known: &BTreeMap<String, PathBuf>) -> Layouts {
        Layouts(Arc::new(Mutex::new(known.clone())))
    }

    pub(super) fn add(&self, more: &BTreeMap<String, PathBuf>) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.extend(more.clone());
    }

    fn folder(&self, store: &str) -> Option<PathBuf> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(store).cloned()
    }
}

pub(super) struct LayoutService(pub(super) Layouts);

impl LayoutService {
    fn blob(&self, metadata: &MetadataMap, digest: &str) -> Result<PathBuf, Status> {
        let store = metadata
            .get(STORE)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        let name = store.strip_prefix("oci:").unwrap_or(store);
        let Some(folder) = self.0.folder(name) else {
            return Err(Status::not_found(format!("there is no OCI layout {name}")));
        };
        // A parsed digest has no path in it but its own two parts.
        let digest: Digest = digest
            .parse()
            .map_err(|_| Status::invalid_argument("this is no digest"))?;
        Ok(folder.join(blob_path(&digest)))
    }
}

#[async_trait]
impl Content for LayoutService {
    async fn info(&self, request: Request<InfoRequest>) -> Result<Response<InfoResponse>, Status> {
        let digest = request.get_ref().digest.clone();
        let path = self.blob(request.metadata(), &digest)?;
        let found = tokio::fs::metadata(&path)
            .await
            .map_err(|error| missing(&digest, &error))?;
        let size = i64::try_from(found.len()).unwrap_or(i64::MAX);
        let info = Some(Info { digest, size });
        Ok(Response::new(InfoResponse { info }))
    }

    type ReadStream =
        Pin<Box<dyn Stream<Item = Result<ReadContentResponse, Status>> + Send + 'static>>;

    async fn read(
        &self,
        request: Request<ReadContentRequest>,
    ) -> Result<Response<Self::ReadStream>, Status> {
        let path = self.blob(request.metadata(), &request.get_ref().digest)?;
        let request = request.into_inner();
        let (sender, receiver) = mpsc::channel(QUEUE);
        tokio::task::spawn_blocking(move || {
            let sent = send(&path, &request, &sender);
            if let Err(error) = sent {
                // The reader may have gone; then nobody is there to be told.
                let _ = sender.blocking_send(Err(missing(&request.digest, &error)));
            }
        });
        Ok(Response::new(Box::pin(ReceiverStream::new(receiver))))
    }
}

fn missing(digest: &str, error: &std::io::Error) -> Status {
    match error.kind() {
        std::io::ErrorKind::NotFound => Status::not_found(format!("the layout has no {digest}")),
        _ => Status::internal(format!("cannot read {digest}: {error}")),
    }
}

fn send(
    path: &std::path::Path,
    request: &ReadContentRequest,
    sender: &mpsc::Sender<Result<ReadContentResponse, Status>>,
) -> std::io::Result<()> {
    let mut file = std::fs::File::open(path)?;
    let mut offset = request.offset.max(0);
    file.seek(SeekFrom::Start(u64::try_from(offset).unwrap_or(0)))?;
    let limit = if request.size > 0 {
        u64::try_from(request.size).unwrap_or(0)
    } else {
        u64::MAX
    };
    let mut file = file.take(limit);
    let mut chunk = vec![0; CHUNK];
    loop {
        let read = file.read(&mut chunk)?;
        if read == 0 {
            return Ok(());
        }
        let data = Bytes::copy_from_slice(&chunk[..read]);
        if sender
            .blocking_send(Ok(ReadContentResponse { offset, data }))
            .is_err()
        {
            return Ok(());
        }
        offset += i64::try_from(read).unwrap_or(0);
    }
}
