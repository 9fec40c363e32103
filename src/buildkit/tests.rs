//! The client against a daemon that builds nothing: what it refuses, what it serves, how it ends.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};
use tokio_stream::wrappers::UnboundedReceiverStream;
use tonic::transport::Channel;
use tonic::{Code, Request, Status};

use crate::buildkit::fake_daemon::{FakeDaemon, Script};
use crate::buildkit::{
    Builder, BuildkitError, CredentialSource, Daemon, ProgressSink, SecretBytes, SessionContent,
    Solve, SolveError, Solver,
};
use crate::credentials::Credential;
use crate::oci::Platform;
use crate::proto::control::SolveResponse;
use crate::proto::filesync::auth_client::AuthClient;
use crate::proto::filesync::file_sync_client::FileSyncClient;
use crate::proto::filesync::{CredentialsRequest, GetTokenAuthorityRequest};
use crate::proto::fsutil::Packet;
use crate::proto::fsutil::packet::PacketType;
use crate::proto::pb;
use crate::proto::secrets::GetSecretRequest;
use crate::proto::secrets::secrets_client::SecretsClient;

async fn connect(daemon: &FakeDaemon) -> Builder {
    let address = daemon.address.parse().unwrap();
    Builder::connect("lab", &address, None).await.unwrap()
}

pub(super) async fn open(
    daemon: &FakeDaemon,
    content: SessionContent,
) -> (Daemon, Channel, Vec<String>) {
    let opened = connect(daemon).await.open(content).await.unwrap();
    // The daemon's end is connected a moment later.
    for _ in 0..200 {
        if daemon.has_session() {
            break;
        }
        sleep(Duration::from_millis(5)).await;
    }
    let (channel, methods) = daemon.session();
    (opened, channel, methods)
}

pub(super) fn solve() -> Solve {
    Solve::new(pb::Definition::default(), Platform::LINUX_ARM64)
}

#[tokio::test]
async fn daemons_that_will_not_do_are_refused() {
    let rows: [(Script, &str); 4] = [
        (
            Script {
                version: None,
                ..Script::default()
            },
            "builder `lab` runs BuildKit older than v0.11, at least v0.13 is needed",
        ),
        (
            Script {
                version: Some("v0.12.5"),
                ..Script::default()
            },
            "builder `lab` runs BuildKit v0.12.5, at least v0.13 is needed",
        ),
        (
            Script {
                platforms: &[],
                ..Script::default()
            },
            "builder `lab` has no worker",
        ),
        (
            Script {
                platforms: &[("plan9", "größe")],
                ..Script::default()
            },
            "builder `lab` has no worker",
        ),
    ];
    for (script, expected) in rows {
        let daemon = FakeDaemon::start(script);
        let error = connect(&daemon).await.info().await.unwrap_err();
        assert_eq!(error.to_string(), expected);
        assert!(error.next_step().is_some());
    }
}

#[tokio::test]
async fn a_daemon_tells_what_it_can_build() {
    let daemon = FakeDaemon::start(Script {
        platforms: &[("linux", "arm64"), ("linux", "vax"), ("linux", "amd64")],
        ..Script::default()
    });
    let info = connect(&daemon).await.info().await.unwrap();
    assert_eq!(info.native, Platform::LINUX_ARM64);
    assert_eq!(
        info.platforms,
        [Platform::LINUX_ARM64, Platform::LINUX_AMD64]
    );
    info.require(&Platform::LINUX_AMD64).unwrap();
    let error = info.require(&"linux/s390x".parse().unwrap()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "builder `lab` cannot build for `linux/s390x`, only for `linux/arm64`, `linux/amd64`"
    );
}

#[tokio::test]
async fn nobody_at_the_address_is_unreachable() {
    let folder = tempfile::tempdir().unwrap();
    let socket = format!("unix://{}/größe.sock", folder.path().display());
    let error = Builder::connect("lab", &socket.parse().unwrap(), None)
        .await
        .unwrap_err();
    assert!(
        matches!(error, BuildkitError::Unreachable { .. }),
        "{error:?}"
    );
    assert!(error.next_step().unwrap().contains("there is no `"));
}

#[derive(Debug)]
struct Logins;

#[async_trait]
impl CredentialSource for Logins {
    async fn credentials(&self, host: &str) -> Option<Credential> {
        (host == "registry.example").then(|| Credential::basic("kiln", "geheim"))
    }
}

#[tokio::test]
async fn a_session_serves_secrets_and_logins() {
    let daemon = FakeDaemon::start(Script::default());
    let content = SessionContent {
        secrets: [("token".to_owned(), SecretBytes::new("größe"))].into(),
        credentials: Arc::new(Logins),
        ..SessionContent::default()
    };
    let (_opened, channel, methods) = open(&daemon, content).await;
    assert!(methods.contains(&"/grpc.health.v1.Health/Check".to_owned()));
    assert!(methods.contains(&"/moby.filesync.v1.FileSync/DiffCopy".to_owned()));

    let mut secrets = SecretsClient::new(channel.clone());
    let secret = |id: &str| GetSecretRequest {
        id: id.to_owned(),
        annotations: BTreeMap::new(),
    };
    let found = secrets.get_secret(secret("token")).await.unwrap();
    assert_eq!(found.into_inner().data, "größe".as_bytes());
    let missing = secrets.get_secret(secret("other")).await.unwrap_err();
    assert_eq!(missing.code(), Code::NotFound);

    let mut auth = AuthClient::new(channel);
    for (host, username) in [("registry.example", "kiln"), ("other.example", "")] {
        let host = host.to_owned();
        let found = auth.credentials(CredentialsRequest { host }).await.unwrap();
        assert_eq!(found.into_inner().username, username);
    }
    let token = auth.get_token_authority(GetTokenAuthorityRequest::default());
    assert_eq!(token.await.unwrap_err().code(), Code::Unavailable);
}

/// Asks for a folder as a daemon does: for the files `wanted` (by number) once the list is complete,
/// and for the end once they are there. Returns what came.
async fn transfer(
    channel: Channel,
    name: &str,
    wanted: &[u32],
    before_asking: impl Fn(),
) -> Result<Vec<Packet>, Status> {
    let (demand, demands) = mpsc::unbounded_channel();
    let mut request = Request::new(UnboundedReceiverStream::new(demands));
    let metadata = request.metadata_mut();
    metadata.insert("dir-name", name.parse().unwrap());
    let mut stream = FileSyncClient::new(channel)
        .diff_copy(request)
        .await?
        .into_inner();
    let send = |kind: PacketType, id: u32| {
        let packet = Packet {
            r#type: kind.into(),
            id,
            ..Packet::default()
        };
        demand.send(packet).unwrap();
    };
    let (mut packets, mut ended) = (Vec::new(), 0);
    while let Ok(Some(packet)) = stream.message().await {
        match packet.r#type() {
            PacketType::Stat if packet.stat.is_none() => {
                before_asking();
                for &id in wanted {
                    send(PacketType::Req, id);
                }
            }
            PacketType::Data if packet.data.is_empty() => {
                ended += 1;
                if ended == wanted.len() {
                    send(PacketType::Fin, 0);
                }
            }
            _ => {}
        }
        packets.push(packet);
    }
    Ok(packets)
}

fn text_of(packet: &Packet) -> String {
    String::from_utf8_lossy(&packet.data).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_serves_folders() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("größe"), "x".repeat(100_000)).unwrap();
    fs::write(folder.path().join("leer"), "").unwrap();
    let daemon = FakeDaemon::start(Script::default());
    let content = SessionContent {
        locals: [("ctx".to_owned(), folder.path().to_owned())].into(),
        ..SessionContent::default()
    };
    let (_opened, channel, _) = open(&daemon, content).await;

    let unknown = transfer(channel.clone(), "other", &[], || ())
        .await
        .unwrap_err();
    assert_eq!(unknown.code(), Code::NotFound);

    let packets = transfer(channel.clone(), "ctx", &[0, 1], || ())
        .await
        .unwrap();
    assert_eq!(packets.last().unwrap().r#type(), PacketType::Fin);
    let names = packets.iter().filter_map(|it| it.stat.as_ref());
    let names: Vec<&str> = names.map(|stat| stat.path.as_str()).collect();
    assert_eq!(names, ["größe", "leer"]);
    let size = |id| -> usize {
        let data = packets.iter().filter(|it| it.r#type() == PacketType::Data);
        data.filter(|it| it.id == id).map(|it| it.data.len()).sum()
    };
    assert_eq!((size(0), size(1)), (100_000, 0));

    let packets = transfer(channel, "ctx", &[99], || ()).await.unwrap();
    let last = packets.last().unwrap();
    assert_eq!(last.r#type(), PacketType::Err);
    assert!(text_of(last).contains("file number 99"), "{last:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_vanished_or_changed_is_an_error_and_not_another_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("größe");
    let daemon = FakeDaemon::start(Script::default());
    let content = SessionContent {
        locals: [("ctx".to_owned(), folder.path().to_owned())].into(),
        ..SessionContent::default()
    };
    let (_opened, channel, _) = open(&daemon, content).await;
    let change = || fs::write(&file, "xy").unwrap();
    let remove = || fs::remove_file(&file).unwrap();
    let rows: [(&dyn Fn(), &str); 2] = [
        (&change, "it changed while it was read"),
        (&remove, "No such"),
    ];
    for (before_asking, words) in rows {
        fs::write(&file, "x").unwrap();
        let packets = transfer(channel.clone(), "ctx", &[0], before_asking);
        let packets = packets.await.unwrap();
        let last = packets.last().unwrap();
        assert_eq!(last.r#type(), PacketType::Err);
        let expected = format!("cannot read `größe` of local folder `ctx`: {words}");
        assert!(text_of(last).starts_with(&expected), "{last:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_is_not_there_is_an_error_that_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let daemon = FakeDaemon::start(Script::default());
    let content = SessionContent {
        locals: [("gone".to_owned(), folder.path().join("größe"))].into(),
        ..SessionContent::default()
    };
    let (_opened, channel, _) = open(&daemon, content).await;
    let packets = transfer(channel, "gone", &[], || ()).await.unwrap();
    let text = text_of(packets.last().unwrap());
    assert!(
        text.starts_with("local folder `gone`: cannot read `"),
        "{text}"
    );
    assert!(text.contains("größe`: No such file"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_solve_is_cancelled_and_a_lost_session_is_reported() {
    let daemon = FakeDaemon::start(Script::default());
    let (opened, channel, _) = open(&daemon, SessionContent::default()).await;
    let cut = timeout(
        Duration::from_millis(300),
        opened.solve(solve(), ProgressSink::none()),
    );
    assert!(cut.await.is_err());
    for _ in 0..200 {
        if !daemon.is_solving() {
            break;
        }
        sleep(Duration::from_millis(10)).await;
    }
    assert!(!daemon.is_solving(), "the daemon was not told");

    drop(channel);
    let solving = opened.solve(solve(), ProgressSink::none());
    let losing = async {
        sleep(Duration::from_millis(200)).await;
        daemon.drop_sessions();
    };
    let (end, ()) = tokio::join!(solving, losing);
    let error = end.unwrap_err();
    assert!(matches!(error, SolveError::SessionLost { .. }), "{error:?}");
    assert!(error.is_retryable());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_that_goes_away_is_lost() {
    let mut daemon = FakeDaemon::start(Script::default());
    let (opened, _channel, _) = open(&daemon, SessionContent::default()).await;
    let solving = opened.solve(solve(), ProgressSink::none());
    let stopping = async {
        sleep(Duration::from_millis(200)).await;
        daemon.stop();
    };
    let (end, ()) = tokio::join!(solving, stopping);
    let error = end.unwrap_err();
    assert!(error.is_retryable(), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_that_falls_silent_is_given_up_and_one_that_asks_after_our_health_is_not() {
    let daemon = FakeDaemon::start(Script::default());
    let limit = Duration::from_millis(400);
    let builder = connect(&daemon).await.with_idle_limit(limit);
    let opened = builder.open(SessionContent::default()).await.unwrap();
    let error = opened.solve(solve(), ProgressSink::none()).await;
    let error = error.unwrap_err();
    assert!(matches!(error, SolveError::Stalled { .. }), "{error:?}");
    assert!(error.is_retryable());

    // The session is opened again, and this time the daemon asks through it.
    daemon.drop_sessions();
    let asking = async {
        while !daemon.has_session() {
            sleep(Duration::from_millis(5)).await;
        }
        let mut secrets = SecretsClient::new(daemon.session().0);
        for _ in 0..30 {
            let id = "größe".to_owned();
            let request = GetSecretRequest {
                id,
                ..GetSecretRequest::default()
            };
            secrets.get_secret(request).await.unwrap_err();
            sleep(limit / 8).await;
        }
    };
    let solving = opened.solve(solve(), ProgressSink::none());
    tokio::select! {
        end = solving => panic!("given up: {end:?}"),
        () = asking => {}
    }
}

#[tokio::test]
async fn a_finished_build_without_export_has_no_manifest() {
    let daemon = FakeDaemon::start(Script {
        answer: Some(Ok(SolveResponse::default())),
        ..Script::default()
    });
    let (opened, _channel, _) = open(&daemon, SessionContent::default()).await;
    let built = opened.solve(solve(), ProgressSink::none()).await.unwrap();
    assert_eq!(built.platform, Platform::LINUX_ARM64);
    assert_eq!((built.manifest, built.config), (None, None));
}
