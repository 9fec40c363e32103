//! Mirrors: asked first, for reads only, and never the last word.

use std::collections::BTreeMap;

use bytes::Bytes;
use kiln::oci::{Platform, Reference, RegistryHost};
use kiln::registry::{
    ManifestRef, MemoryRegistry, Mirror, Registry, RegistryError, RemoteConfig, RemoteRegistry,
    seed_image,
};

use super::server::{Answer, Server};
use super::{configured, seeded};

fn mirrored(host: RegistryHost, mirrors: Vec<Mirror>) -> RemoteRegistry {
    configured(RemoteConfig {
        mirrors: BTreeMap::from([(host, mirrors)]),
        ..RemoteConfig::default()
    })
}

#[tokio::test]
async fn docker_hub_is_read_through_a_mirror_with_a_prefix() {
    let mirror = Server::start().await;
    let kept = Reference::tagged(
        mirror.repository("dockerhub/library/python"),
        "3.11-slim".parse().unwrap(),
    );
    let image = seed_image(mirror.registry.as_ref(), &kept, &[Platform::LINUX_ARM64])
        .await
        .unwrap();
    let client = mirrored(RegistryHost::docker_hub(), vec![mirror.mirror("dockerhub")]);
    let python: Reference = "python:3.11-slim".parse().unwrap();
    let raw = client
        .get_manifest(python.repository(), &ManifestRef::of(&python))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(raw.digest, image.index);
    assert_eq!(
        mirror.lines(),
        ["GET /v2/dockerhub/library/python/manifests/3.11-slim"]
    );
}

#[tokio::test]
async fn what_mirrors_lack_or_spoil_comes_from_the_registry() {
    let lacking = Server::start().await;
    let failing = Server::hooked(|_, _| Answer::status(500)).await;
    let denying = Server::hooked(|_, _| Answer::status(403)).await;
    let lying = Server::hooked(|_, _| {
        Answer::status(200).body(r#"{"mediaType":"application/vnd.oci.image.index.v1+json"}"#)
    })
    .await;
    let origin = Server::start().await;
    let (reference, image) = seeded(&origin).await;
    let mirrors = [&lacking, &failing, &denying, &lying]
        .map(|server| server.mirror(""))
        .to_vec();
    let client = mirrored(origin.host(), mirrors);
    let at = ManifestRef::Digest(image.index.clone());
    let raw = client
        .get_manifest(reference.repository(), &at)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(raw.digest, image.index);
    assert_eq!(
        [lacking, failing, denying, lying, origin].map(|server| server.lines().len()),
        [1, 4, 1, 1, 1]
    );
}

#[tokio::test]
async fn the_error_lists_every_host_that_was_tried() {
    let failing = Server::hooked(|_, _| Answer::status(500)).await;
    let gone = Server::start().await;
    let (gone_host, gone_mirror) = (gone.host(), gone.mirror(""));
    drop(gone);
    let origin = Server::hooked(|_, _| Answer::status(403)).await;
    let repository = origin.repository("team/image");
    let client = mirrored(origin.host(), vec![failing.mirror(""), gone_mirror]);
    let error = client
        .get_manifest(&repository, &ManifestRef::Tag("1".parse().unwrap()))
        .await
        .unwrap_err();
    let RegistryError::AllFailed { tried, .. } = &error else {
        panic!("{error:?}")
    };
    let hosts: Vec<String> = tried
        .iter()
        .map(|error| error.asked().unwrap().host.to_string())
        .collect();
    assert_eq!(
        hosts,
        [failing.host(), gone_host.clone(), origin.host()].map(|host| host.to_string())
    );
    assert!(
        error
            .to_string()
            .contains(&format!("at the mirror `{gone_host}`")),
        "{error}"
    );
    // The registry's own word decides what kind of error it is.
    assert!(error.is_denied() && !error.is_unavailable());
    assert_eq!(error.status(), Some(403));
}

#[tokio::test]
async fn a_registry_that_has_nothing_is_believed_even_if_mirrors_fail() {
    let failing = Server::hooked(|_, _| Answer::status(500)).await;
    let origin = Server::start().await;
    let client = mirrored(origin.host(), vec![failing.mirror("")]);
    let at = ManifestRef::Tag("1".parse().unwrap());
    assert_eq!(
        client
            .get_manifest(&origin.repository("none"), &at)
            .await
            .unwrap(),
        None
    );
}

#[tokio::test]
async fn writes_and_reads_without_mirrors_ask_no_mirror() {
    let mirror = Server::start().await;
    let origin = Server::start().await;
    let client = mirrored(origin.host(), vec![mirror.mirror("")]);
    let repository = origin.repository("team/image");
    let digest = client
        .put_blob(&repository, Bytes::from_static(b"blob"))
        .await
        .unwrap();
    client.tags(&repository).await.unwrap();
    assert!(
        client
            .without_mirrors()
            .check_blob(&repository, &digest, 4)
            .await
            .unwrap()
    );
    assert!(mirror.lines().is_empty(), "{:?}", mirror.lines());
    assert!(client.check_blob(&repository, &digest, 4).await.unwrap());
    assert_eq!(mirror.lines().len(), 1);
}

#[tokio::test]
async fn all_registries_are_one_trait() {
    let memory: Box<dyn Registry> = Box::new(MemoryRegistry::new());
    let remote: Box<dyn Registry> = Box::new(configured(RemoteConfig::default()));
    assert_ne!(format!("{memory:?}"), format!("{remote:?}"));
}
