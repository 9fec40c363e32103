//! What `verify` asks about the tag and repository of a kernel, and about the tags beside it.

use std::collections::BTreeSet;

use bytes::Bytes;
use kiln::oci::{Digest, Reference, Tag};
use kiln::ops::{ImageFinding, Outcome, Verified};
use kiln::registry::{Fault, ManifestRef, MemoryRegistry, Operation, Registry as _};

use crate::build::Draft;
use crate::verify_kernels::{found, options_for, pushed, seen, verified, with};

#[tokio::test]
async fn names_that_the_platform_passes_over_are_found() {
    for (name, check, is_error) in [
        (
            "r.example/stable/python:1.0.0-rc.1-ubuntu22.04",
            "tag-grammar",
            true,
        ),
        ("r.example/stable/python:2.6-py38-py11", "tag-grammar", true),
        ("r.example/stable/python:1.0-tt_metal0", "tag-grammar", true),
        ("r.example/python:3.11", "repository-project", false),
        (
            "r.example/stable/python:3.11-cuda12.4",
            "kernel-labels",
            false,
        ),
    ] {
        let verified = verified(&Draft::kernel().named(name)).await;
        assert_eq!(found(&verified), BTreeSet::from([check]), "{name}");
        assert_eq!(verified.passes(), !is_error, "{name}");
    }
    // 24.03 and later ones read a `_`.
    let draft = Draft::kernel().named("r.example/stable/python:1.0-tt_metal0");
    let verified = with(
        &draft.reference,
        &pushed(&draft).await,
        &options_for(&["24.03"]),
    )
    .await;
    assert_eq!(found(&verified), BTreeSet::new());
}

/// Puts a tag beside an image, to the same index or to something else.
async fn beside(registry: &MemoryRegistry, reference: &Reference, tag: &str, same: bool) {
    let repository = reference.repository();
    let at = ManifestRef::of(reference);
    let raw = registry
        .get_manifest(repository, &at)
        .await
        .unwrap()
        .unwrap();
    let bytes = if same {
        raw.bytes
    } else {
        Bytes::from(r#"{"schemaVersion":2,"manifests":[]}"#)
    };
    let at = ManifestRef::Tag(tag.parse::<Tag>().unwrap());
    let put = registry.put_manifest(repository, &at, &raw.media_type, bytes);
    put.await.unwrap();
}

#[tokio::test]
async fn tags_of_referrers_are_a_warning_and_those_of_signatures_are_not() {
    let draft = Draft::kernel();
    let hex = |text: &str| Digest::sha256_of(text.as_bytes()).hex().to_owned();
    let registry = pushed(&draft).await;
    let digest = seen(&draft.reference, &registry).await.digest;
    beside(
        &registry,
        &draft.reference,
        &format!("sha256-{}.sig", hex("a")),
        false,
    )
    .await;
    assert_eq!(
        found(&seen(&draft.reference, &registry).await),
        BTreeSet::new()
    );
    beside(
        &registry,
        &draft.reference,
        &format!("sha256-{}", hex("a")),
        false,
    )
    .await;
    let verified = seen(&draft.reference, &registry).await;
    assert_eq!(found(&verified), BTreeSet::from(["referrers-tag"]));
    assert!(verified.passes());
    let message = |verified: &Verified| {
        let own = |one: &&ImageFinding| one.check.id == "referrers-tag";
        verified.findings.iter().find(own).unwrap().message.clone()
    };
    assert!(
        message(&verified).contains("of another image"),
        "{}",
        message(&verified)
    );
    beside(
        &registry,
        &draft.reference,
        &format!("sha256-{}", digest.hex()),
        false,
    )
    .await;
    let said = message(&seen(&draft.reference, &registry).await);
    assert!(said.contains("of this image, and 1 more"), "{said}");
}

#[tokio::test]
async fn a_second_tag_of_the_index_is_a_note_for_releases_that_see_one_only() {
    let draft = Draft::kernel();
    let registry = pushed(&draft).await;
    beside(&registry, &draft.reference, "3.10", false).await;
    assert_eq!(
        found(&seen(&draft.reference, &registry).await),
        BTreeSet::new()
    );
    beside(&registry, &draft.reference, "3.11", true).await;
    let verified = seen(&draft.reference, &registry).await;
    assert_eq!(found(&verified), BTreeSet::from(["tag-single"]));
    assert!(verified.passes());
    // By digest one of the two is the one that is meant.
    let pinned = draft
        .reference
        .clone()
        .with_digest(verified.digest)
        .without_tag();
    assert_eq!(
        found(&seen(&pinned, &registry).await),
        BTreeSet::from(["tag-single"])
    );
    let new = with(&draft.reference, &registry, &options_for(&["26.8"])).await;
    assert_eq!(found(&new), BTreeSet::new());
    for number in 0..40 {
        beside(&registry, &draft.reference, &format!("1.{number}"), false).await;
    }
    let many = seen(&draft.reference, &registry).await;
    let outcome = many.checks.iter().find(|one| one.check.id == "tag-single");
    let expected = Outcome::NotAsked("the repository has 42 tags".to_owned());
    assert_eq!(outcome.unwrap().outcome, expected);
}

#[tokio::test]
async fn a_registry_that_does_not_list_its_tags_leaves_two_checks_unasked() {
    for fault in [Fault::Denied, Fault::Unavailable, Fault::Unauthorized] {
        let draft = Draft::kernel();
        let registry = pushed(&draft).await;
        registry.fail_always(Operation::Tags, None, fault);
        let verified = seen(&draft.reference, &registry).await;
        assert!(verified.passes() && found(&verified).is_empty());
        let unasked = verified.checks.iter().filter_map(|one| match &one.outcome {
            Outcome::NotAsked(reason) => {
                Some((one.check.id, reason.contains("registry.example.com")))
            }
            _ => None,
        });
        let unasked: Vec<_> = unasked.collect();
        assert_eq!(unasked, [("tag-single", true), ("referrers-tag", true)]);
    }
}
