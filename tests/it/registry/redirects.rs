//! Redirects and uploads that lead to other hosts: no login goes along.

use bytes::Bytes;
use kiln::credentials::Credential;
use kiln::registry::{Registry, RegistryError};

use super::auth::{guarded, login};
use super::client_with;
use super::server::{Answer, Server};

#[tokio::test]
async fn a_redirect_to_another_host_takes_no_login_along() {
    let storage = Server::start().await;
    let target = storage.url();
    let held = storage.repository("team/image");
    let digest = storage
        .registry
        .put_blob(&held, Bytes::from_static(b"blob"))
        .await
        .unwrap();
    let server = Server::hooked(move |seen, answer| {
        if seen.header("authorization").is_none() {
            return Answer::status(401).with("www-authenticate", "Basic realm=\"x\"");
        }
        if seen.is("GET", "/blobs/") {
            return Answer::status(307).with(
                "location",
                format!("{target}{}?X-Signature=s3cret", seen.target),
            );
        }
        answer
    })
    .await;
    let repository = server.repository("team/image");
    let client = client_with(login(server.host()));
    assert_eq!(
        client
            .get_blob(&repository, &digest, 10)
            .await
            .unwrap()
            .unwrap(),
        "blob"
    );
    let seen = storage.seen();
    assert_eq!((seen.len(), seen[0].header("authorization")), (1, None));

    // The error of the other host hides what its address carries.

    drop(storage);
    let error = client.get_blob(&repository, &digest, 10).await.unwrap_err();
    assert!(
        error.to_string().contains("X-Signature=…") && !error.to_string().contains("s3cret"),
        "{error}"
    );
}

#[tokio::test]
async fn an_upload_sent_to_another_host_takes_no_login_along() {
    let storage = Server::hooked(|_, _| Answer::status(201)).await;
    let target = storage.url();
    let server = Server::hooked(move |seen, answer| {
        if seen.header("authorization").is_none() {
            return Answer::status(401).with("www-authenticate", "Basic realm=\"x\"");
        }
        if seen.is("POST", "/uploads/") {
            return Answer::status(202).with("location", format!("{target}/put?sig=a%2Fb"));
        }
        answer
    })
    .await;
    let client = client_with(login(server.host()));
    client
        .put_blob(
            &server.repository("team/image"),
            Bytes::from_static(b"blob"),
        )
        .await
        .unwrap();
    let seen = storage.seen();
    assert_eq!(
        (seen[0].header("authorization"), seen[0].body.as_slice()),
        (None, b"blob".as_slice())
    );
    assert!(
        seen[0]
            .target
            .starts_with("/put?sig=a%2Fb&digest=sha256%3A"),
        "{}",
        seen[0].target
    );
}

#[tokio::test]
async fn a_host_that_we_were_sent_to_cannot_ask_for_a_login() {
    let realm = Server::start().await;
    let storage = guarded(realm.url(), |_, _| true).await;
    let target = storage.url();
    let server = Server::hooked(move |seen, _| {
        Answer::status(307).with("location", format!("{target}{}", seen.target))
    })
    .await;
    let store = login(server.host()).with(storage.host(), Credential::basic("다른", "other"));
    let error = client_with(store)
        .tags(&server.repository("team/image"))
        .await
        .unwrap_err();
    assert!(
        matches!(
            error,
            RegistryError::Unauthorized {
                had_login: false,
                ..
            }
        ),
        "{error:?}"
    );
    assert!(realm.lines().is_empty());
}
