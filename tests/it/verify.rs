//! What `verify` sees of an image that is whole, and of one that is not.

use bytes::Bytes;
use kiln::oci::{Descriptor, Digest, ImageConfig, Manifest, MediaType, Reference, canonical};
use kiln::ops::{OpError, Verified, VerifyOptions, verify};
use kiln::registry::{
    Fault, ManifestRef, MemoryRegistry, Operation, Registry as _, SeededImage, seed_image,
};

use crate::build::{AMD64, ARM64, image_of, put_image, put_index};

fn reference() -> Reference {
    "registry.example.com/team/app:1".parse().unwrap()
}

async fn seeded() -> (MemoryRegistry, SeededImage) {
    let registry = MemoryRegistry::new();
    let seeded = seed_image(&registry, &reference(), &[AMD64, ARM64]).await;
    (registry, seeded.unwrap())
}

async fn seen(registry: &MemoryRegistry, deep: bool) -> Verified {
    let options = VerifyOptions {
        deep,
        ..VerifyOptions::default()
    };
    verify(&reference(), &options, registry).await.unwrap()
}

/// The only problem there is.
async fn problem(registry: &MemoryRegistry, deep: bool) -> String {
    let verified = seen(registry, deep).await;
    assert!(!verified.is_whole());
    assert!(!verified.passes());
    let mut problems = verified.problems();
    assert_eq!(problems.len(), 1, "{problems:#?}");
    problems.remove(0)
}

/// The layer of a platform.
async fn layer(registry: &MemoryRegistry, digest: &Digest) -> Descriptor {
    let at = ManifestRef::Digest(digest.clone());
    let raw = registry.get_manifest(reference().repository(), &at).await;
    raw.unwrap().unwrap().manifest().unwrap().layers.remove(0)
}

/// Puts an index whose arm64 entry is made of a configuration and a manifest that are changed at will.
async fn with_arm64(
    change_config: impl FnOnce(&mut ImageConfig),
    change_manifest: impl FnOnce(&mut Manifest),
    change_entry: impl FnOnce(&mut Descriptor),
) -> MemoryRegistry {
    let registry = MemoryRegistry::lenient();
    let name = reference();
    let good = put_image(&registry, &name, &image_of(AMD64, "층"), "층").await;
    let mut config = image_of(ARM64, "층");
    change_config(&mut config);
    let bytes = canonical::encode(&config).unwrap().0;
    let of_config = Descriptor::of(MediaType::OciConfig, &bytes);
    let repository = name.repository();
    registry
        .put_blob(repository, Bytes::from(bytes))
        .await
        .unwrap();
    let layer = Descriptor::of(
        MediaType::from("application/vnd.oci.image.layer.v1.tar"),
        "층".as_bytes(),
    );
    let mut manifest = Manifest::new(of_config, vec![layer]);
    change_manifest(&mut manifest);
    let bytes = Bytes::from(canonical::encode(&manifest).unwrap().0);
    let mut entry = Descriptor::of(MediaType::OciManifest, &bytes).with_platform(ARM64);
    let at = ManifestRef::Digest(entry.digest.clone());
    let put = registry.put_manifest(repository, &at, &MediaType::OciManifest, bytes);
    put.await.unwrap();
    change_entry(&mut entry);
    put_index(&registry, &name, vec![good.with_platform(AMD64), entry]).await;
    registry
}

#[tokio::test]
async fn an_image_that_is_whole_is_shown_by_platform() {
    let (registry, seeded) = seeded().await;
    for deep in [false, true] {
        let verified = seen(&registry, deep).await;
        assert!(verified.is_whole());
        assert_eq!(verified.digest, seeded.index);
        let platforms: Vec<_> = verified.platforms.iter().map(|it| it.platform).collect();
        assert_eq!(platforms, [AMD64, ARM64]);
        let arm = &verified.platforms[1];
        assert_eq!(arm.manifest, seeded.manifests[&ARM64]);
        assert_eq!(arm.config, seeded.configs[&ARM64]);
        assert!(arm.layers == 1 && arm.size > 0);
    }
}

#[tokio::test]
async fn an_image_is_found_by_digest_as_well() {
    let (registry, seeded) = seeded().await;
    let by_digest = reference().with_digest(seeded.index.clone());
    let verified = verify(&by_digest, &VerifyOptions::default(), &registry)
        .await
        .unwrap();
    assert!(verified.is_whole());
    assert_eq!(verified.digest, seeded.index);
}

#[tokio::test]
async fn what_is_gone_is_named_with_its_platform() {
    for (part, word) in [(0, "manifest"), (1, "configuration"), (2, "layer")] {
        let (registry, seeded) = seeded().await;
        let manifest = &seeded.manifests[&ARM64];
        let digest = match part {
            0 => manifest.clone(),
            1 => seeded.configs[&ARM64].clone(),
            _ => layer(&registry, manifest).await.digest,
        };
        registry.remove(reference().repository(), &digest);
        for deep in [false, true] {
            let expected = format!("linux/arm64: {word} {digest} is not there");
            assert_eq!(problem(&registry, deep).await, expected);
        }
    }
}

#[tokio::test]
async fn altered_bytes_of_a_layer_are_found_by_a_deep_look_only() {
    let (registry, seeded) = seeded().await;
    let layer = layer(&registry, &seeded.manifests[&AMD64]).await;
    let size = usize::try_from(layer.size).unwrap();
    registry.damage(reference().repository(), &layer.digest, vec![b'x'; size]);
    assert!(seen(&registry, false).await.is_whole());
    let problem = problem(&registry, true).await;
    assert!(problem.starts_with("linux/amd64: "), "{problem}");
    assert!(problem.contains(layer.digest.as_str()), "{problem}");
}

#[tokio::test]
async fn a_layer_of_another_size_is_found_either_way() {
    let (registry, seeded) = seeded().await;
    let layer = layer(&registry, &seeded.manifests[&AMD64]).await;
    registry.damage(reference().repository(), &layer.digest, "kurz");
    for deep in [false, true] {
        let problem = problem(&registry, deep).await;
        assert!(problem.contains(&layer.size.to_string()), "{problem}");
    }
}

#[tokio::test]
async fn altered_documents_are_problems_and_no_failure_of_the_registry() {
    let (registry, seeded) = seeded().await;
    let repository = reference().repository().clone();
    registry.damage(&repository, &seeded.configs[&AMD64], "{}");
    registry.damage(&repository, &seeded.manifests[&ARM64], "{}");
    let verified = seen(&registry, false).await;
    let problems = verified.problems();
    assert_eq!(problems.len(), 2, "{problems:#?}");
    assert!(problems[0].starts_with("linux/amd64: "));
    assert!(problems[1].starts_with("linux/arm64: "));
    registry.damage(&repository, &seeded.index, "{}");
    let problem = problem(&registry, false).await;
    assert!(problem.contains(seeded.index.as_str()), "{problem}");
}

#[tokio::test]
async fn a_configuration_for_another_platform_is_a_problem() {
    let wrong = |config: &mut ImageConfig| config.architecture = "amd64".to_owned();
    let registry = with_arm64(wrong, |_| {}, |_| {}).await;
    let problem = problem(&registry, false).await;
    assert!(problem.starts_with("linux/arm64: "), "{problem}");
    assert!(problem.contains("linux/amd64"), "{problem}");
}

#[tokio::test]
async fn documents_that_do_not_fit_each_other_are_problems() {
    let history = |config: &mut ImageConfig| config.history.push(config.history[0].clone());
    let registry = with_arm64(history, |_| {}, |_| {}).await;
    assert!(problem(&registry, false).await.contains("history"));
    let layers = |config: &mut ImageConfig| {
        config.rootfs.diff_ids.clear();
        config.history.clear();
    };
    let registry = with_arm64(layers, |_| {}, |_| {}).await;
    assert!(problem(&registry, false).await.contains("layers"));
    let schema = |manifest: &mut Manifest| manifest.schema_version = 1;
    let registry = with_arm64(|_| {}, schema, |_| {}).await;
    assert!(problem(&registry, false).await.contains("schemaVersion"));
    let size = |entry: &mut Descriptor| entry.size += 7;
    let registry = with_arm64(|_| {}, |_| {}, size).await;
    assert!(problem(&registry, false).await.contains("bytes"));
}

#[tokio::test]
async fn what_is_no_index_is_a_problem() {
    let registry = MemoryRegistry::new();
    let config = image_of(AMD64, "x");
    let entry = put_image(&registry, &reference(), &config, "x").await;
    let verified = seen(&registry, false).await;
    assert_eq!(verified.digest, entry.digest);
    assert!(problem(&registry, false).await.contains("is no index"));
}

#[tokio::test]
async fn an_index_without_entries_is_not_whole() {
    let registry = MemoryRegistry::new();
    put_index(&registry, &reference(), Vec::new()).await;
    assert!(problem(&registry, false).await.contains("lists nothing"));
}

#[tokio::test]
async fn an_image_that_is_not_there_is_the_callers_mistake() {
    let registry = MemoryRegistry::new();
    let error = verify(&reference(), &VerifyOptions::default(), &registry)
        .await
        .unwrap_err();
    assert!(matches!(error, OpError::Usage { .. }), "{error:?}");
    assert!(error.next_step().unwrap().contains("registry.example.com"));
}

#[tokio::test]
async fn a_registry_that_does_not_answer_is_an_error_at_every_step() {
    for operation in [
        Operation::GetManifest,
        Operation::GetBlob,
        Operation::HeadBlob,
    ] {
        for fault in [Fault::Unreachable, Fault::Unavailable, Fault::Denied] {
            let (registry, _) = seeded().await;
            registry.fail_always(operation, None, fault);
            let error = verify(&reference(), &VerifyOptions::default(), &registry)
                .await
                .unwrap_err();
            assert!(matches!(error, OpError::Registry(_)), "{error:?}");
            assert!(error.next_step().is_some());
        }
    }
}
