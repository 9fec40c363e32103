//! Faults between client and registry: what is tried again, what is refused, and what the errors say.

use std::time::{Duration, Instant};

use bytes::Bytes;
use kiln::oci::{MediaType, Reference};
use kiln::registry::{
    ManifestRef, Problem, Registry, RegistryError, RemoteConfig, RemoteRegistry, RetryPolicy,
};

use super::server::{Answer, Server};
use super::{client, configured, seeded};

#[tokio::test]
async fn a_503_is_tried_again() {
    let server = Server::hooked(|seen, answer| {
        if seen.number < 2 {
            Answer::status(503)
        } else {
            answer
        }
    })
    .await;
    let (reference, image) = seeded(&server).await;
    let raw = client()
        .get_manifest(reference.repository(), &ManifestRef::of(&reference))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(raw.digest, image.index);
    assert_eq!(server.lines().len(), 3);
}

#[tokio::test]
async fn a_503_that_stays_is_an_error_with_the_effort_made() {
    let server = Server::hooked(|_, _| {
        Answer::status(503)
            .with("content-type", "text/plain")
            .body("점검 중")
    })
    .await;
    let repository = server.repository("team/image");
    let error = client()
        .get_manifest(&repository, &ManifestRef::Tag("1".parse().unwrap()))
        .await
        .unwrap_err();
    assert!(error.is_unavailable());
    assert_eq!(error.asked().unwrap().attempts, 4);
    let expected = format!(
        "could not read manifest `1` of `{repository}`: `{}/v2/team/image/manifests/1` answered 503: 점검 중 (4 attempts in 0.",
        server.url()
    );
    assert!(error.to_string().starts_with(&expected), "{error}");
}

#[tokio::test]
async fn retry_after_wins_over_our_own_pause() {
    let server = Server::hooked(|seen, answer| match seen.number {
        0 => Answer::status(429).with("retry-after", "1"),
        _ => answer,
    })
    .await;
    let (reference, _) = seeded(&server).await;
    let started = Instant::now();
    client()
        .head_manifest(reference.repository(), &ManifestRef::of(&reference))
        .await
        .unwrap()
        .unwrap();
    assert!(started.elapsed() >= Duration::from_secs(1));
    assert_eq!(server.lines().len(), 2);
}

#[tokio::test]
async fn a_pause_beyond_the_deadline_is_not_made() {
    let server = Server::hooked(|_, _| Answer::status(429).with("retry-after", "3600")).await;
    let started = Instant::now();
    let error = client()
        .tags(&server.repository("team/image"))
        .await
        .unwrap_err();
    assert!(started.elapsed() < Duration::from_secs(2));
    assert!(
        matches!(
            error,
            RegistryError::Unavailable {
                status: 429,
                retry_after_ms: Some(3_600_000),
                ..
            }
        ),
        "{error:?}"
    );
    assert!(
        error.next_step().starts_with("wait a while"),
        "{}",
        error.next_step()
    );
}

#[tokio::test]
async fn other_refusals_are_not_tried_again() {
    for status in [400, 405, 412, 413, 416] {
        let server = Server::hooked(move |_, _| Answer::status(status)).await;
        let repository = server.repository("team/image");
        let at = ManifestRef::Tag("1".parse().unwrap());
        let sent = client()
            .put_manifest(
                &repository,
                &at,
                &MediaType::OciIndex,
                Bytes::from_static(b"{}"),
            )
            .await;
        let error = sent.unwrap_err();
        assert_eq!(
            (error.status(), server.lines().len()),
            (Some(status), 1),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_registry_that_is_down_is_named_with_the_next_step() {
    let server = Server::start().await;
    let repository = server.repository("team/image");
    let host = server.host();
    drop(server);
    tokio::task::yield_now().await;
    let error = client()
        .get_manifest(&repository, &ManifestRef::Tag("1".parse().unwrap()))
        .await
        .unwrap_err();
    assert!(
        matches!(
            error,
            RegistryError::Unreachable {
                problem: Problem::Refused,
                ..
            }
        ),
        "{error:?}"
    );
    assert!(error.is_unavailable());
    assert_eq!(error.asked().unwrap().attempts, 4);
    assert!(
        error.to_string().contains("the connection was refused"),
        "{error}"
    );
    assert_eq!(
        error.next_step(),
        format!("start the registry at `{host}`, or check `registries.NAME.url` in kiln.yaml")
    );
}

#[tokio::test]
async fn an_unknown_host_is_told_from_a_silent_one() {
    let unknown: Reference = "registry.invalid/x:1".parse().unwrap();
    let error = client().tags(unknown.repository()).await.unwrap_err();
    assert!(error.is_unavailable(), "{error:?}");
    // Behind a proxy it is the proxy that looks for the name.
    let proxies = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
    #[expect(
        clippy::disallowed_methods,
        reason = "the test asks what reqwest will see"
    )]
    if proxies.iter().all(|name| std::env::var_os(name).is_none()) {
        let is_unknown = matches!(
            error,
            RegistryError::Unreachable {
                problem: Problem::UnknownHost,
                ..
            }
        );
        assert!(is_unknown, "{error:?}");
        assert!(
            error
                .next_step()
                .starts_with("check the spelling of `registry.invalid`")
        );
    }

    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let silent: Reference = format!("{}/x:1", listener.local_addr().unwrap())
        .parse()
        .unwrap();
    let retry = RetryPolicy {
        attempts: 1,
        idle_timeout_ms: 50,
        ..RetryPolicy::default()
    };
    let impatient = RemoteRegistry::new(RemoteConfig {
        retry,
        ..RemoteConfig::default()
    })
    .unwrap();
    let error = impatient.tags(silent.repository()).await.unwrap_err();
    assert!(
        matches!(
            error,
            RegistryError::Unreachable {
                problem: Problem::TimedOut,
                ..
            }
        ),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_plain_server_asked_with_tls_gives_a_tls_hint() {
    let server = Server::start().await;
    let tls = [server.host()].into();
    let client = configured(RemoteConfig {
        tls,
        ..RemoteConfig::default()
    });
    let error = client.tags(&server.repository("x")).await.unwrap_err();
    assert!(
        matches!(
            error,
            RegistryError::Unreachable {
                problem: Problem::Tls,
                ..
            }
        ),
        "{error:?}"
    );
    assert!(
        error.next_step().contains("trust.ca"),
        "{}",
        error.next_step()
    );
}

#[tokio::test]
async fn an_upload_that_breaks_is_begun_anew() {
    let server = Server::hooked(|seen, answer| match (seen.method.as_str(), seen.number) {
        ("PUT", 2) => Answer::status(502),
        _ => answer,
    })
    .await;
    client()
        .put_blob(&server.repository("x"), Bytes::from_static(b"blob"))
        .await
        .unwrap();
    let methods: Vec<String> = server.seen().into_iter().map(|seen| seen.method).collect();
    assert_eq!(methods, ["HEAD", "POST", "PUT", "POST", "PUT"]);
}

#[tokio::test]
async fn nonsense_is_reported_as_such() {
    let server = Server::hooked(|seen, _| match seen.target.as_str() {
        "/v2/login/tags/list?n=1000" => Answer::status(200)
            .with("content-type", "text/html")
            .body("<html>로그인</html>"),
        "/v2/loop/tags/list?n=1000" => {
            Answer::status(302).with("location", "/v2/loop/tags/list?n=1000")
        }
        "/v2/upload/blobs/uploads/" => Answer::status(202),
        _ => Answer::status(404),
    })
    .await;
    let (client, loops) = (client(), "it redirects more than 5 times");
    let login = client
        .tags(&server.repository("login"))
        .await
        .unwrap_err()
        .to_string();
    assert!(login.contains("its list of tags does not read"), "{login}");
    let endless = client
        .tags(&server.repository("loop"))
        .await
        .unwrap_err()
        .to_string();
    assert!(endless.contains(loops), "{endless}");
    let upload = client
        .put_blob(&server.repository("upload"), Bytes::new())
        .await
        .unwrap_err();
    assert!(
        upload.to_string().contains("without saying where"),
        "{upload}"
    );
    assert!(
        upload.next_step().contains("is a registry"),
        "{}",
        upload.next_step()
    );
}
