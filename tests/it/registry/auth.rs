//! Logins: tokens, passwords and identity tokens.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use kiln::credentials::{Credential, CredentialStore};
use kiln::oci::RegistryHost;
use kiln::registry::{ManifestRef, Registry, RegistryError};

use super::server::{Answer, Seen, Server};
use super::{client, client_with, seeded};

/// Gives out the tokens `t0`, `t1`, … that live for so many seconds.
pub(crate) async fn token_server(seconds: u64) -> Server {
    Server::hooked(move |seen, _| {
        let body = format!(r#"{{"token":"t{}","expires_in":{seconds}}}"#, seen.number);
        Answer::status(200).body(body)
    })
    .await
}

/// A registry that takes the tokens for which `accepts` holds.
pub(crate) async fn guarded(
    realm: String,
    accepts: impl Fn(&Seen, &str) -> bool + Send + Sync + 'static,
) -> Server {
    Server::hooked(move |seen, answer| {
        let token = seen
            .header("authorization")
            .and_then(|header| header.strip_prefix("Bearer "));
        if token.is_some_and(|token| accepts(seen, token)) {
            return answer;
        }
        let scope = "repository:team/image:pull registry:catalog:*";
        let challenge =
            format!(r#"Bearer realm="{realm}/token",service="레지.example",scope="{scope}""#);
        let body = r#"{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}"#;
        Answer::status(401)
            .with("www-authenticate", challenge)
            .body(body)
    })
    .await
}

pub(crate) fn login(host: RegistryHost) -> CredentialStore {
    CredentialStore::empty().with(host, Credential::basic("가마", "s3cret"))
}

fn query(seen: &Seen) -> Vec<(String, String)> {
    let url = url::Url::parse(&format!("http://x{}", seen.target)).expect("an address");
    url.query_pairs()
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect()
}

#[tokio::test]
async fn tokens_are_asked_for_by_scope_and_kept() {
    let tokens = token_server(300).await;
    let server = guarded(tokens.url(), |_, _| true).await;
    let (reference, image) = seeded(&server).await;
    let client = client_with(login(server.host()));
    let (repository, at) = (reference.repository(), ManifestRef::of(&reference));
    client.get_manifest(repository, &at).await.unwrap().unwrap();
    client
        .get_manifest(repository, &image.index.into())
        .await
        .unwrap()
        .unwrap();
    client
        .put_blob(repository, Bytes::from_static(b"blob"))
        .await
        .unwrap();

    // Three requests for the first manifest and its token, then none without a login.
    assert_eq!(
        server
            .seen()
            .iter()
            .filter(|seen| seen.header("authorization").is_none())
            .count(),
        1
    );
    let asked = tokens.seen();
    assert_eq!(asked.len(), 2, "{asked:?}");
    let basic = format!("Basic {}", STANDARD.encode("가마:s3cret"));
    assert!(
        asked
            .iter()
            .all(|seen| seen.header("authorization") == Some(&basic))
    );
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let service = pair("service", "레지.example");
    let catalog = pair("scope", "registry:catalog:*");
    assert_eq!(
        query(&asked[0]),
        [
            service.clone(),
            catalog.clone(),
            pair("scope", "repository:team/image:pull")
        ]
    );
    assert_eq!(
        query(&asked[1]),
        [
            service,
            catalog,
            pair("scope", "repository:team/image:pull,push")
        ]
    );
}

#[tokio::test]
async fn a_token_without_life_is_replaced_and_a_refused_one_once() {
    let tokens = token_server(0).await;
    let server = guarded(tokens.url(), |_, _| true).await;
    let (reference, _) = seeded(&server).await;
    let client = client_with(login(server.host()));
    for _ in 0..3 {
        client
            .head_manifest(reference.repository(), &ManifestRef::of(&reference))
            .await
            .unwrap()
            .unwrap();
    }
    assert_eq!(tokens.lines().len(), 3);

    let tokens = token_server(300).await;
    let server = guarded(tokens.url(), |seen, token| token != "t0" || seen.number < 3).await;
    let (reference, _) = seeded(&server).await;
    let client = client_with(login(server.host()));
    for _ in 0..4 {
        client
            .head_manifest(reference.repository(), &ManifestRef::of(&reference))
            .await
            .unwrap()
            .unwrap();
    }
    assert_eq!(tokens.lines().len(), 2);
}

#[tokio::test]
async fn many_tasks_share_one_token() {
    let tokens = token_server(300).await;
    let server = guarded(tokens.url(), |_, _| true).await;
    let (reference, _) = seeded(&server).await;
    let client = Arc::new(client_with(login(server.host())));
    let tasks: Vec<_> = (0..16)
        .map(|_| {
            let (client, reference) = (client.clone(), reference.clone());
            tokio::spawn(async move {
                client
                    .head_manifest(reference.repository(), &ManifestRef::of(&reference))
                    .await
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap().unwrap();
    }
    assert_eq!(tokens.lines().len(), 1);
}

#[tokio::test]
async fn an_identity_token_is_exchanged_by_post() {
    let tokens = Server::hooked(|seen, _| {
        let form = String::from_utf8_lossy(&seen.body).into_owned();
        let fits = seen.method == "POST"
            && form.contains("grant_type=refresh_token")
            && form.contains("refresh_token=id%2Ftoken");
        if fits {
            Answer::status(200).body(r#"{"access_token":"a"}"#)
        } else {
            Answer::status(400)
        }
    })
    .await;
    let server = guarded(tokens.url(), |_, token| token == "a").await;
    let (reference, _) = seeded(&server).await;
    let store =
        CredentialStore::empty().with(server.host(), Credential::identity_token("id/token"));
    let found = client_with(store)
        .head_manifest(reference.repository(), &ManifestRef::of(&reference))
        .await;
    assert!(found.unwrap().is_some());
}

#[tokio::test]
async fn a_password_is_sent_where_basic_is_asked_for() {
    let basic = format!("Basic {}", STANDARD.encode("가마:s3cret"));
    let server = Server::hooked(move |seen, answer| {
        if seen.header("authorization") == Some(&basic) {
            return answer;
        }
        Answer::status(401).with("www-authenticate", "Basic realm=\"x\"")
    })
    .await;
    let (reference, _) = seeded(&server).await;
    let (repository, at) = (reference.repository(), ManifestRef::of(&reference));
    let known = client_with(login(server.host()));
    assert!(
        known
            .head_manifest(repository, &at)
            .await
            .unwrap()
            .is_some()
    );
    assert!(
        known
            .head_manifest(repository, &at)
            .await
            .unwrap()
            .is_some()
    );
    assert_eq!(server.lines().len(), 3);

    let unknown = client().head_manifest(repository, &at).await.unwrap_err();
    assert!(
        matches!(
            unknown,
            RegistryError::Unauthorized {
                had_login: false,
                ..
            }
        ),
        "{unknown:?}"
    );
    assert!(
        unknown
            .next_step()
            .starts_with(&format!("log in with `docker login {}`", server.host()))
    );
    let store = CredentialStore::empty().with(server.host(), Credential::basic("가마", "wrong"));
    let refused = client_with(store)
        .head_manifest(repository, &at)
        .await
        .unwrap_err();
    assert!(
        matches!(
            refused,
            RegistryError::Unauthorized {
                had_login: true,
                ..
            }
        ),
        "{refused:?}"
    );
    assert!(!format!("{refused} {refused:?}").contains("wrong"));
    assert!(refused.is_denied() && !refused.is_unavailable());
}

#[tokio::test]
async fn a_token_server_that_refuses_or_fails_is_named() {
    let refusing = Server::hooked(|_, _| Answer::status(401)).await;
    let server = guarded(refusing.url(), |_, _| true).await;
    let repository = server.repository("team/image");
    let error = client_with(login(server.host()))
        .tags(&repository)
        .await
        .unwrap_err();
    assert!(
        matches!(
            error,
            RegistryError::Unauthorized {
                had_login: true,
                ..
            }
        ),
        "{error:?}"
    );
    assert_eq!(server.lines().len(), 1);

    let failing = Server::hooked(|seen, _| match seen.number {
        0 => Answer::status(503),
        _ => Answer::status(200).body(r#"{"token":"t"}"#),
    })
    .await;
    let server = guarded(failing.url(), |_, _| true).await;
    assert_eq!(
        client()
            .tags(&server.repository("team/image"))
            .await
            .unwrap(),
        []
    );
    assert_eq!(failing.lines().len(), 2);

    let empty = Server::hooked(|_, _| Answer::status(200).body("비밀")).await;
    let server = guarded(empty.url(), |_, _| true).await;
    let error = client()
        .tags(&server.repository("team/image"))
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("gave no token") && !error.to_string().contains("비밀"),
        "{error}"
    );
    assert!(error.to_string().contains(&empty.url()), "{error}");
}
