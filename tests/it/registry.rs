//! The remote client against the in-memory registry over loopback.

mod auth;
mod content;
mod faults;
mod memory;
mod mirrors;
mod redirects;
pub(crate) mod secure;
pub(crate) mod server;

use std::sync::Arc;

use bytes::Bytes;
use kiln::credentials::CredentialStore;
use kiln::oci::{Digest, MediaType, Platform, Reference, Tag};
use kiln::registry::{
    ManifestRef, Registry, RegistryError, RemoteConfig, RemoteRegistry, RetryPolicy, SeededImage,
    seed_image,
};

use self::server::Server;

/// A client that does not wait long.
fn client() -> RemoteRegistry {
    client_with(CredentialStore::empty())
}

fn client_with(credentials: CredentialStore) -> RemoteRegistry {
    configured(RemoteConfig {
        credentials: Arc::new(credentials),
        ..RemoteConfig::default()
    })
}

fn configured(config: RemoteConfig) -> RemoteRegistry {
    let retry = RetryPolicy {
        attempts: 4,
        first_delay_ms: 2,
        max_delay_ms: 5,
        deadline_ms: 3_000,
        connect_timeout_ms: 2_000,
        idle_timeout_ms: 2_000,
    };
    RemoteRegistry::new(RemoteConfig { retry, ..config }).expect("a client")
}

/// An image of two platforms in the server's memory, at `team/image:1`.
async fn seeded(server: &Server) -> (Reference, SeededImage) {
    let reference = Reference::tagged(server.repository("team/image"), "1".parse().expect("a tag"));
    let platforms = [Platform::LINUX_ARM64, Platform::LINUX_AMD64];
    let image = seed_image(server.registry.as_ref(), &reference, &platforms)
        .await
        .expect("a seed");
    (reference, image)
}

#[tokio::test]
async fn an_image_is_written_and_read_back() {
    let server = Server::start().await;
    let client = client();
    let reference = Reference::tagged(server.repository("team/image"), "v1".parse().unwrap());
    let image = seed_image(
        &client,
        &reference,
        &[Platform::LINUX_AMD64, Platform::LINUX_ARM64],
    )
    .await
    .unwrap();
    let (repository, at) = (reference.repository(), ManifestRef::of(&reference));

    let raw = client.get_manifest(repository, &at).await.unwrap().unwrap();
    assert_eq!(
        (&raw.digest, &raw.media_type),
        (&image.index, &MediaType::OciIndex)
    );
    let head = client
        .head_manifest(repository, &at)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(head, raw.descriptor());
    for (platform, digest) in &image.manifests {
        let raw = client
            .get_manifest(repository, &digest.clone().into())
            .await
            .unwrap()
            .unwrap();
        let manifest = raw.manifest().unwrap();
        assert_eq!(manifest.config.digest, image.configs[platform]);
        let config = client
            .get_blob(repository, &manifest.config.digest, 10_000)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(config.len() as u64, manifest.config.size);
        let layer = &manifest.layers[0];
        assert_eq!(
            client.head_blob(repository, &layer.digest).await.unwrap(),
            Some(layer.size)
        );
        assert!(
            client
                .check_blob(repository, &layer.digest, layer.size)
                .await
                .unwrap()
        );
    }
}

#[tokio::test]
async fn manifests_are_asked_for_in_all_four_types_indexes_first() {
    let server = Server::start().await;
    let (reference, _) = seeded(&server).await;
    client()
        .head_manifest(reference.repository(), &ManifestRef::of(&reference))
        .await
        .unwrap();
    let seen = server.seen();
    assert_eq!(
        seen[0].header("accept").unwrap(),
        "application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.list.v2+json, \
         application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json"
    );
    assert!(seen[0].header("user-agent").unwrap().starts_with("kiln/"));
    assert_eq!(seen[0].header("authorization"), None);
}

#[tokio::test]
async fn what_is_not_there_is_no_error() {
    let server = Server::start().await;
    let client = client();
    let repository = server.repository("team/none");
    let digest = Digest::sha256_of("없음".as_bytes());
    let at = ManifestRef::Digest(digest.clone());
    assert_eq!(client.head_manifest(&repository, &at).await.unwrap(), None);
    assert_eq!(client.get_manifest(&repository, &at).await.unwrap(), None);
    assert_eq!(client.head_blob(&repository, &digest).await.unwrap(), None);
    assert_eq!(
        client.get_blob(&repository, &digest, 9).await.unwrap(),
        None
    );
    assert!(!client.check_blob(&repository, &digest, 9).await.unwrap());
    assert_eq!(client.tags(&repository).await.unwrap(), []);
}

#[tokio::test]
async fn tags_are_read_page_by_page() {
    let server = Server::start().await;
    let client = client();
    let repository = server.repository("team/image");
    let names = ["a", "b", "c", "d", "e"];
    for name in names {
        let reference = Reference::tagged(repository.clone(), name.parse().unwrap());
        seed_image(
            server.registry.as_ref(),
            &reference,
            &[Platform::LINUX_AMD64],
        )
        .await
        .unwrap();
    }
    let tags = client.tags(&repository).await.unwrap();
    assert_eq!(tags.iter().map(Tag::as_str).collect::<Vec<_>>(), names);
    assert_eq!(server.lines().len(), 3);
}

#[tokio::test]
async fn a_blob_is_sent_in_one_piece_and_only_once() {
    let server = Server::start().await;
    let client = client();
    let repository = server.repository("team/image");
    let bytes = Bytes::from(vec![b'x'; 300_000]);
    let digest = client.put_blob(&repository, bytes.clone()).await.unwrap();
    client.put_blob(&repository, bytes).await.unwrap();
    let path = "/v2/team/image/blobs";
    assert_eq!(
        server.lines(),
        [
            format!("HEAD {path}/{digest}"),
            format!("POST {path}/uploads/"),
            format!(
                "PUT {path}/uploads/session?_state=a%2Fb%3D&digest={}",
                digest.as_str().replace(':', "%3A")
            ),
            format!("HEAD {path}/{digest}"),
        ]
    );
    assert_eq!(server.seen()[2].body.len(), 300_000);
}

#[tokio::test]
async fn a_manifest_is_not_sent_under_a_foreign_digest() {
    let server = Server::start().await;
    let at = ManifestRef::Digest(Digest::sha256_of(b"other"));
    let repository = server.repository("team/image");
    let sent = client()
        .put_manifest(
            &repository,
            &at,
            &MediaType::OciManifest,
            Bytes::from_static(b"{}"),
        )
        .await;
    assert!(
        matches!(sent, Err(RegistryError::WrongDigest { .. })),
        "{sent:?}"
    );
    assert!(server.lines().is_empty());
}

#[tokio::test]
async fn a_refused_manifest_gives_the_code_of_the_registry() {
    let server = Server::start().await;
    let (reference, image) = seeded(&server).await;
    let client = client();
    let index = client
        .get_manifest(reference.repository(), &image.index.into())
        .await
        .unwrap()
        .unwrap();
    let other = server.repository("team/other");
    let at = ManifestRef::Tag("1".parse().unwrap());
    let error = client
        .put_manifest(&other, &at, &index.media_type, index.bytes)
        .await
        .unwrap_err();
    assert_eq!(
        (error.status(), error.code()),
        (Some(400), Some("MANIFEST_BLOB_UNKNOWN"))
    );
    assert!(!error.is_unavailable() && !error.is_denied());
    assert!(
        error.next_step().starts_with("push again"),
        "{}",
        error.next_step()
    );
    assert_eq!(server.lines().len(), 2);
}
