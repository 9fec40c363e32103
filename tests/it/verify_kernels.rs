//! What `verify` asks of kernels of Backend.AI: an image that passes everything, and for every check a fault that this
//! check finds and no other.

use std::collections::BTreeSet;

use kiln::lint::image::CHECKS;
use kiln::oci::{Digest, MediaType, Reference};
use kiln::ops::{Outcome, Release, Releases, Verified, VerifyOptions, verify};
use kiln::registry::MemoryRegistry;
use serde_json::{Value, json};

use crate::build::{AMD64, ARM64, Draft};

pub(crate) async fn pushed(draft: &Draft) -> MemoryRegistry {
    let registry = MemoryRegistry::lenient();
    draft.push(&registry).await;
    registry
}

pub(crate) async fn verified(draft: &Draft) -> Verified {
    seen(&draft.reference, &pushed(draft).await).await
}

pub(crate) async fn seen(reference: &Reference, registry: &MemoryRegistry) -> Verified {
    with(reference, registry, &VerifyOptions::default()).await
}

pub(crate) async fn with(
    reference: &Reference,
    registry: &MemoryRegistry,
    options: &VerifyOptions,
) -> Verified {
    verify(reference, options, registry).await.unwrap()
}

/// The checks that found something, but for the note that every OCI index gets for old releases.
pub(crate) fn found(verified: &Verified) -> BTreeSet<&str> {
    let all = verified.findings.iter().map(|finding| finding.check.id);
    all.filter(|id| *id != "index-media-type").collect()
}

pub(crate) fn options_for(releases: &[&str]) -> VerifyOptions {
    let releases = releases.iter().map(|text| text.parse::<Release>().unwrap());
    VerifyOptions {
        releases: Releases::new(releases),
        ..VerifyOptions::default()
    }
}

fn entry(index: &mut Value, number: usize) -> &mut Value {
    &mut index["manifests"][number]
}

fn entries(index: &mut Value) -> &mut Vec<Value> {
    index["manifests"].as_array_mut().unwrap()
}

fn attestation(about: &Value) -> Value {
    json!({
        "mediaType": MediaType::OciManifest, "digest": Digest::sha256_of(b"attestation"), "size": 99,
        "platform": {"architecture": "unknown", "os": "unknown"},
        "annotations": {
            "vnd.docker.reference.type": "attestation-manifest",
            "vnd.docker.reference.digest": about,
        },
    })
}

#[tokio::test]
async fn a_good_kernel_passes_every_check() {
    let verified = verified(&Draft::kernel()).await;
    assert!(verified.kernel && verified.is_whole() && verified.passes());
    assert_eq!(
        found(&verified),
        BTreeSet::new(),
        "{:#?}",
        verified.findings
    );
    for one in &verified.checks {
        let expected = match one.check.id {
            "index-media-type" => Outcome::Found(1),
            _ => Outcome::Passed,
        };
        assert_eq!(one.outcome, expected, "{}", one.check.id);
    }
    assert_eq!(verified.checks.len(), CHECKS.len());
    assert_eq!(verified.platforms[1].labels["org.example.note"], "쓰기");
    let verified = with(
        &verified.reference,
        &pushed(&Draft::kernel()).await,
        &options_for(&["26.8"]),
    )
    .await;
    assert!(verified.findings.is_empty(), "{:#?}", verified.findings);
}

#[tokio::test]
async fn a_docker_list_with_attestations_and_annotations_of_its_own_passes() {
    let mut draft = Draft::kernel();
    draft.docker = true;
    assert!(verified(&draft).await.findings.is_empty());
    let mut draft = Draft::kernel();
    draft.index = |index| {
        index["annotations"] = json!({"org.example.note": "색인"});
        let about = entry(index, 0)["digest"].clone();
        entries(index).push(attestation(&about));
    };
    assert_eq!(found(&verified(&draft).await), BTreeSet::new());
}

/// A check, and a fault of an index that it finds.
type IndexFault = (&'static str, fn(&mut Value));

const INDEX_FAULTS: [IndexFault; 13] = [
    ("index-form", |index| index["schemaVersion"] = 1.into()),
    ("index-entries", |index| index["manifests"] = json!([])),
    ("index-flat", |index| {
        let digest = Digest::sha256_of(b"nested");
        let nested = json!({"mediaType": MediaType::OciIndex, "digest": digest, "size": 99});
        entries(index).push(nested);
    }),
    ("index-one-family", |index| {
        entry(index, 1)["mediaType"] = MediaType::DockerManifest.as_str().into();
    }),
    ("entry-platform", |index| {
        let mut bare = entry(index, 1).clone();
        bare.as_object_mut().unwrap().remove("platform");
        entries(index).push(bare);
    }),
    ("entry-distinct", |index| {
        let mut twin = entry(index, 1).clone();
        twin["platform"]["variant"] = "v8".into();
        entries(index).push(twin);
    }),
    ("attestation-subject", |index| {
        let stray = Digest::sha256_of("없음".as_bytes());
        entries(index).push(attestation(&stray.as_str().into()));
    }),
    ("entry-annotations", |index| {
        entry(index, 1)["annotations"] = json!({"org.example.note": "주석"});
    }),
    ("entry-annotations", |index| {
        entry(index, 0)["annotations"] = json!({});
    }),
    ("entry-annotations", |index| {
        entry(index, 0)["annotations"] = Value::Null;
    }),
    ("attestation-form", |index| {
        let mut bare = attestation(&Value::Null);
        bare.as_object_mut().unwrap().remove("annotations");
        entries(index).push(bare);
    }),
    ("attestation-form", |index| {
        let mut posing = attestation(&entry(index, 0)["digest"].clone());
        posing["platform"] = json!({"architecture": "amd64", "os": "linux"});
        entries(index).push(posing);
    }),
    ("attestation-form", |index| {
        let mut bare = attestation(&entry(index, 0)["digest"].clone());
        bare.as_object_mut().unwrap().remove("platform");
        entries(index).push(bare);
    }),
];

#[tokio::test]
async fn each_fault_of_an_index_is_an_error_of_its_check_and_of_no_other() {
    for (number, (check, change)) in INDEX_FAULTS.into_iter().enumerate() {
        let mut draft = Draft::kernel();
        draft.index = change;
        let verified = verified(&draft).await;
        let all = &verified.findings;
        assert_eq!(
            found(&verified),
            BTreeSet::from([check]),
            "{number}: {all:#?}"
        );
        assert_eq!(verified.problems().len(), 1, "{number}: {all:#?}");
    }
}

#[tokio::test]
async fn images_that_the_platform_has_no_agent_for_or_cannot_tell_apart_are_found() {
    for (platform, words, is_error) in [
        ("linux/arm64/v9", "keeps the last", true),
        ("windows/amd64", "no agent runs images for windows", true),
        ("linux/s390x", "no agent for s390x", false),
    ] {
        let verified = verified(&Draft::kernel().and(platform)).await;
        assert_eq!(
            found(&verified),
            BTreeSet::from(["entry-architecture"]),
            "{platform}"
        );
        assert_eq!(verified.passes(), !is_error, "{platform}");
        let said = verified
            .findings
            .iter()
            .any(|one| one.message.contains(words));
        assert!(said, "{platform}: {:#?}", verified.findings);
    }
}

/// A check, and a fault of a configuration that it finds.
type ConfigFault = (&'static str, fn(&mut Value));

const CONFIG_FAULTS: [ConfigFault; 10] = [
    ("config-form", |config| config["rootfs"] = 7.into()),
    ("config-form", |config| {
        config["config"]["Labels"]["org.example.number"] = 7.into();
    }),
    ("config-platform", |config| {
        config["architecture"] = "amd64".into();
    }),
    ("config-layers", |config| {
        config["history"] = json!([{}, {}]);
    }),
    ("config-present", |config| {
        config.as_object_mut().unwrap().remove("config");
    }),
    ("labels-equal", |config| {
        config["config"]["Labels"]["ai.backend.features"] = "uid-match".into();
    }),
    ("labels-equal", |config| {
        config["config"]["Labels"]["ai.backend.resource.min.cpu"] = "1".into();
    }),
    ("kernel-labels", |config| {
        config["config"]["Labels"]["ai.backend.resource.min.mem"] = "256Mi".into();
    }),
    ("kernel-labels", |config| {
        let labels = config["config"]["Labels"].as_object_mut().unwrap();
        labels.remove("ai.backend.base-distro");
    }),
    ("kernel-labels", |config| {
        config["config"]["Labels"]["ai.backend.service-ports"] = "a:http:8080, b:http:80".into();
    }),
];

#[tokio::test]
async fn each_fault_of_a_configuration_is_found_by_its_check_and_no_other() {
    for (number, (check, change)) in CONFIG_FAULTS.into_iter().enumerate() {
        let mut draft = Draft::kernel();
        // What concerns one platform alone also makes it differ from the other.
        let both = matches!(check, "kernel-labels" | "config-present");
        let platforms = if both {
            vec![AMD64, ARM64]
        } else {
            vec![ARM64]
        };
        for platform in platforms {
            change(draft.configs.get_mut(&platform).unwrap());
        }
        let options = VerifyOptions {
            kernel: true,
            ..VerifyOptions::default()
        };
        let verified = with(&draft.reference, &pushed(&draft).await, &options).await;
        let mut all = found(&verified);
        if check == "config-present" {
            // Without it there are no labels either.
            all.remove("kernel-labels");
        }
        assert_eq!(
            all,
            BTreeSet::from([check]),
            "{number}: {:#?}",
            verified.findings
        );
        assert!(!verified.passes(), "{number}");
    }
}

#[tokio::test]
async fn a_manifest_of_another_form_and_a_single_one_are_found() {
    let mut draft = Draft::kernel();
    draft.manifest = |platform, manifest| {
        if platform == ARM64 {
            manifest.schema_version = 1;
        }
    };
    let seen_one = verified(&draft).await;
    assert_eq!(found(&seen_one), BTreeSet::from(["manifest-form"]));
    // Labels of a single manifest are read as well.
    let draft = Draft::kernel().label(&[AMD64], "ai.backend.kernelspec", "2");
    let registry = pushed(&draft).await;
    let index = verify(&draft.reference, &VerifyOptions::default(), &registry)
        .await
        .unwrap();
    let single = draft
        .reference
        .clone()
        .with_digest(index.platforms[0].manifest.clone());
    let verified = seen(&single, &registry).await;
    assert_eq!(
        found(&verified),
        BTreeSet::from(["image-index", "kernel-labels"])
    );
    assert!(verified.kernel && verified.platforms[0].platform == AMD64);
    let of_index = verified.checks.iter().filter(|one| one.check.of_index);
    for one in of_index {
        assert_eq!(
            one.outcome,
            Outcome::NotAsked("no index".to_owned()),
            "{}",
            one.check.id
        );
    }
}

#[tokio::test]
async fn content_that_is_gone_is_one_check() {
    let draft = Draft::kernel();
    let registry = pushed(&draft).await;
    let before = seen(&draft.reference, &registry).await;
    for digest in [&before.platforms[1].config, &before.platforms[1].manifest] {
        registry.remove(draft.reference.repository(), digest);
        let verified = seen(&draft.reference, &registry).await;
        assert_eq!(found(&verified), BTreeSet::from(["content-present"]));
        assert!(!verified.is_whole() && verified.kernel);
    }
}
