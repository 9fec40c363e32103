//! The in-memory registry: a faithful small registry that fails on demand.

use bytes::Bytes;
use kiln::oci::{Platform, Reference, Repository};
use kiln::registry::{
    Fault, ManifestRef, MemoryRegistry, Operation, Registry, RegistryError, SeededImage, seed_image,
};

async fn seeded(registry: &MemoryRegistry) -> (Reference, SeededImage) {
    let reference: Reference = "registry.example/team".parse().expect("a reference");
    let platforms = [Platform::LINUX_AMD64, Platform::LINUX_ARM64];
    let seeded = seed_image(registry, &reference, &platforms)
        .await
        .expect("a seed");
    (reference, seeded)
}

#[tokio::test]
async fn an_image_is_read_back_as_written() {
    let registry = MemoryRegistry::new();
    let (reference, seeded) = seeded(&registry).await;
    let at = ManifestRef::of(&reference);
    let raw = registry
        .get_manifest(reference.repository(), &at)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(raw.digest, seeded.index);
    assert_eq!(raw.index().unwrap().images().len(), 2);
    assert!(raw.manifest().is_err());
    assert_eq!(
        registry.tags(reference.repository()).await.unwrap().len(),
        1
    );
}

#[tokio::test]
async fn an_index_before_its_children_is_refused() {
    let registry = MemoryRegistry::new();
    let (reference, seeded) = seeded(&registry).await;
    let at = ManifestRef::Digest(seeded.index);
    let raw = registry
        .get_manifest(reference.repository(), &at)
        .await
        .unwrap()
        .unwrap();
    let other: Repository = "registry.example/other".parse().unwrap();
    let error = registry
        .put_manifest(&other, &at, &raw.media_type, raw.bytes.clone())
        .await
        .unwrap_err();
    assert_eq!(
        (error.status(), error.code()),
        (Some(400), Some("MANIFEST_BLOB_UNKNOWN"))
    );
    MemoryRegistry::lenient()
        .put_manifest(&other, &at, &raw.media_type, raw.bytes)
        .await
        .unwrap();
}

#[tokio::test]
async fn faults_come_when_they_are_due() {
    let registry = MemoryRegistry::new();
    let (reference, seeded) = seeded(&registry).await;
    let (repository, at) = (reference.repository(), ManifestRef::of(&reference));
    registry.forget_requests();
    registry.fail_next(Operation::GetManifest, Some("latest"), Fault::Unavailable);
    registry.fail_always(Operation::Tags, None, Fault::Denied);
    let by_digest = ManifestRef::Digest(seeded.index);
    assert!(
        registry
            .get_manifest(repository, &by_digest)
            .await
            .unwrap()
            .is_some()
    );
    assert!(
        registry
            .get_manifest(repository, &at)
            .await
            .unwrap_err()
            .is_unavailable()
    );
    assert!(
        registry
            .get_manifest(repository, &at)
            .await
            .unwrap()
            .is_some()
    );
    assert!(registry.tags(repository).await.unwrap_err().is_denied());
    assert!(registry.tags(repository).await.is_err());
    registry.heal();
    assert!(registry.tags(repository).await.is_ok());
    assert_eq!(registry.requests().len(), 6);
}

#[tokio::test]
async fn damaged_content_is_noticed() {
    let registry = MemoryRegistry::new();
    let repository: Repository = "registry.example/x".parse().unwrap();
    let digest = registry
        .put_blob(&repository, Bytes::from_static(b"whole"))
        .await
        .unwrap();
    assert!(registry.check_blob(&repository, &digest, 5).await.unwrap());
    registry.damage(&repository, &digest, "other");
    assert!(matches!(
        registry.get_blob(&repository, &digest, 9).await,
        Err(RegistryError::WrongDigest { .. })
    ));
    assert!(matches!(
        registry.get_blob(&repository, &digest, 4).await,
        Err(RegistryError::TooLarge { .. })
    ));
    assert!(matches!(
        registry.check_blob(&repository, &digest, 4).await,
        Err(RegistryError::WrongSize { .. })
    ));
    registry.remove(&repository, &digest);
    assert!(!registry.check_blob(&repository, &digest, 5).await.unwrap());
}
