//! Content that is not what it should be: every byte is checked.

use bytes::Bytes;
use kiln::oci::{Digest, MediaType};
use kiln::registry::{ManifestRef, Problem, Registry, RegistryError};

use super::server::{Answer, Server};
use super::{client, seeded};

#[tokio::test]
async fn wrong_digests_are_refused() {
    let other = Digest::sha256_of(b"other");
    let claimed = other.clone();
    let server =
        Server::hooked(move |_, answer| answer.with("docker-content-digest", claimed.as_str()))
            .await;
    let (reference, image) = seeded(&server).await;
    let (repository, at) = (reference.repository(), ManifestRef::of(&reference));
    let error = client().get_manifest(repository, &at).await.unwrap_err();
    assert!(
        matches!(&error, RegistryError::WrongDigest { expected, .. } if *expected == other),
        "{error:?}"
    );
    assert!(error.next_step().starts_with("do not use this content"));
    assert!(
        client()
            .head_manifest(repository, &image.index.into())
            .await
            .is_err()
    );
    assert!(
        client()
            .put_blob(repository, Bytes::from_static(b"new"))
            .await
            .is_err()
    );
    let bytes = Bytes::from_static(b"{}");
    assert!(
        client()
            .put_manifest(repository, &at, &MediaType::Other("x/y".to_owned()), bytes)
            .await
            .is_err()
    );
}

#[tokio::test]
async fn altered_content_is_refused() {
    let server = Server::hooked(|_, answer| {
        let body = String::from_utf8_lossy(&answer.body).replace("linux", "Linux");
        Answer {
            headers: vec![("content-type".to_owned(), "application/json".to_owned())],
            ..answer
        }
        .body(body)
    })
    .await;
    let (reference, image) = seeded(&server).await;
    let (repository, client) = (reference.repository(), client());
    let by_digest = client.get_manifest(repository, &image.index.into()).await;
    assert!(
        matches!(by_digest, Err(RegistryError::WrongDigest { .. })),
        "{by_digest:?}"
    );
    for config in image.configs.values() {
        let blob = client.get_blob(repository, config, 10_000).await;
        assert!(
            matches!(blob, Err(RegistryError::WrongDigest { .. })),
            "{blob:?}"
        );
        let size = client.head_blob(repository, config).await.unwrap().unwrap();
        assert!(matches!(
            client.check_blob(repository, config, size).await,
            Err(RegistryError::WrongDigest { .. })
        ));
        assert!(matches!(
            client.check_blob(repository, config, 1).await,
            Err(RegistryError::WrongSize { .. })
        ));
        assert!(matches!(
            client.get_blob(repository, config, 1).await,
            Err(RegistryError::TooLarge { .. })
        ));
    }
}

#[tokio::test]
async fn a_body_cut_short_is_read_again() {
    let server = Server::hooked(|seen, answer| {
        if seen.number < 2 {
            answer.cut(20)
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
    assert_eq!((raw.digest, server.lines().len()), (image.index, 3));

    let always = Server::hooked(|_, answer| answer.cut(5)).await;
    let digest = always
        .registry
        .put_blob(&always.repository("x"), Bytes::from_static(b"0123456789"))
        .await
        .unwrap();
    let error = client()
        .check_blob(&always.repository("x"), &digest, 10)
        .await
        .unwrap_err();
    assert!(
        matches!(
            error,
            RegistryError::Unreachable {
                problem: Problem::Broken,
                ..
            }
        ),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_manifest_served_as_another_kind_is_refused() {
    let server = Server::hooked(|_, answer| {
        answer.with("content-type", "application/vnd.oci.image.manifest.v1+json")
    })
    .await;
    let (reference, _) = seeded(&server).await;
    let error = client()
        .get_manifest(reference.repository(), &ManifestRef::of(&reference))
        .await
        .unwrap_err();
    assert!(error.to_string().contains("is served as"), "{error}");
}

#[tokio::test]
async fn a_head_without_digest_is_made_good_by_reading() {
    let server = Server::hooked(|_, mut answer| {
        answer
            .headers
            .retain(|(name, _)| name != "docker-content-digest");
        answer
    })
    .await;
    let (reference, image) = seeded(&server).await;
    let head = client()
        .head_manifest(reference.repository(), &ManifestRef::of(&reference))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(head.digest, image.index);
}
