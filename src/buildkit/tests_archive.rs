//! Archives that a daemon sends through the session: who gets them, and what the daemon is told.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Channel;
use tonic::{Code, Request, Status};

use crate::buildkit::fake_daemon::{FakeDaemon, Script};
use crate::buildkit::tests::{open, solve};
use crate::buildkit::{
    ArchiveReceiver, ArchiveTo, Exporter, ImageExport, ImageTarget, Pieces, ProgressSink, Received,
    SessionContent, Solve, Solver,
};
use crate::oci::Digest;
use crate::proto::filesync::BytesMessage;
use crate::proto::filesync::file_send_client::FileSendClient;

const NAME: &str = "exporter-md-image.name";
const MANIFEST: &str = "exporter-md-containerimage.digest";

/// Keeps what it gets; what it answers stands in the archive's first piece.
#[derive(Debug, Default)]
struct Shelf(Mutex<Vec<(Option<Digest>, Vec<u8>)>>);

#[async_trait]
impl ArchiveReceiver for Shelf {
    async fn receive(
        &self,
        manifest: Option<Digest>,
        mut pieces: Pieces,
    ) -> Result<Received, String> {
        let mut all = Vec::new();
        while let Some(piece) = pieces.recv().await {
            match piece {
                Ok(piece) if piece == "schon da" => return Ok(Received::AlreadyHere),
                Ok(piece) if piece == "zu groß" => return Err("kein Platz für größe".to_owned()),
                Ok(piece) => all.extend(piece),
                Err(error) => return Err(error.to_string()),
            }
        }
        self.0.lock().unwrap().push((manifest, all));
        Ok(Received::Whole)
    }
}

fn to_shelf(shelf: &Arc<Shelf>) -> Solve {
    let receiver = Arc::clone(shelf) as Arc<dyn ArchiveReceiver>;
    let image = ImageExport {
        config: b"{}".to_vec(),
        base_config: None,
        rewrite_times: false,
        annotations: [].into(),
        packing: None,
        to: ImageTarget::Archive(ArchiveTo::new(receiver)),
    };
    Solve {
        exporter: Exporter::Image(Box::new(image)),
        ..solve()
    }
}

/// Sends pieces under a name, without an end where `endless`, and gives what was answered.
async fn send(
    channel: &Channel,
    name: &str,
    pieces: &[&str],
    endless: bool,
) -> Result<Option<BytesMessage>, Status> {
    let (sender, receiver) = mpsc::channel(pieces.len() + 1);
    for piece in pieces {
        let data = piece.as_bytes().to_vec().into();
        sender.send(BytesMessage { data }).await.unwrap();
    }
    let _open = endless.then_some(sender);
    let mut request = Request::new(ReceiverStream::new(receiver));
    let digest = Digest::sha256_of(b"manifest").to_string();
    for (key, value) in [(NAME, name), (MANIFEST, &digest)] {
        request.metadata_mut().insert(key, value.parse().unwrap());
    }
    let mut client = FileSendClient::new(channel.clone());
    let sending = async {
        client
            .diff_copy(request)
            .await?
            .into_inner()
            .message()
            .await
    };
    let sent = timeout(Duration::from_secs(20), sending).await;
    sent.expect("the daemon is told something")
}

/// The name under which the daemon is to send the archive of its last solve.
async fn asked_name(daemon: &FakeDaemon, count: usize) -> String {
    for _ in 0..400 {
        if daemon.requests().len() == count {
            break;
        }
        sleep(Duration::from_millis(5)).await;
    }
    let requests = daemon.requests();
    let exporter = &requests[count - 1].exporters[0];
    assert_eq!(exporter.r#type, "oci");
    exporter.attrs["name"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_goes_to_the_build_that_expects_it() {
    let daemon = FakeDaemon::start(Script::default());
    let (opened, channel, methods) = open(&daemon, SessionContent::default()).await;
    assert!(methods.contains(&"/moby.filesync.v1.FileSend/DiffCopy".to_owned()));
    let shelves = [Arc::<Shelf>::default(), Arc::default()];
    let first = opened.solve(to_shelf(&shelves[0]), ProgressSink::none());
    let mut first = Box::pin(first);
    let second = opened.solve(to_shelf(&shelves[1]), ProgressSink::none());
    let mut second = Box::pin(second);
    let sending = async {
        let name = asked_name(&daemon, 1).await;
        assert_eq!(
            send(&channel, &name, &["하나", "둘"], false).await.unwrap(),
            None
        );
        name
    };
    let first_name = tokio::select! {
        _ = &mut first => panic!("the daemon does not answer"),
        name = sending => name,
    };
    let sending = async {
        let name = asked_name(&daemon, 2).await;
        send(&channel, &name, &["셋"], false).await.unwrap();
    };
    tokio::select! {
        _ = &mut second => panic!("the daemon does not answer"),
        () = sending => {}
    }
    let manifest = Some(Digest::sha256_of(b"manifest"));
    let kept = |shelf: &Shelf| shelf.0.lock().unwrap().clone();
    assert_eq!(kept(&shelves[0]), [(manifest.clone(), "하나둘".into())]);
    assert_eq!(kept(&shelves[1]), [(manifest, "셋".into())]);

    // A build that is over expects nothing.
    drop(first);
    let refused = send(&channel, &first_name, &["하나"], false).await;
    assert_eq!(refused.unwrap_err().code(), Code::NotFound);
    let unknown = send(&channel, "fremd", &["하나"], false).await;
    assert_eq!(unknown.unwrap_err().code(), Code::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_enough_or_cannot_take_more_says_so_before_the_end() {
    let daemon = FakeDaemon::start(Script::default());
    let (opened, channel, _) = open(&daemon, SessionContent::default()).await;
    let shelf = Arc::<Shelf>::default();
    let mut solving = Box::pin(opened.solve(to_shelf(&shelf), ProgressSink::none()));
    let sending = async {
        let name = asked_name(&daemon, 1).await;
        let rows = [
            ("schon da", Code::AlreadyExists, "it is here already"),
            ("zu groß", Code::Aborted, "kein Platz für größe"),
        ];
        for (piece, code, message) in rows {
            let status = send(&channel, &name, &["x", piece], true)
                .await
                .unwrap_err();
            assert_eq!((status.code(), status.message()), (code, message));
        }
    };
    tokio::select! {
        _ = &mut solving => panic!("the daemon does not answer"),
        () = sending => {}
    }
    assert!(shelf.0.lock().unwrap().is_empty());
}
