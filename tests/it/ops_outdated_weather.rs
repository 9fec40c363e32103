//! Bad weather: what others did to tags, bases and records, and registries that do not answer.

use bytes::Bytes;
use kiln::oci::MediaType;
use kiln::ops::build::ImageState;
use kiln::ops::{ReasonKind, State};
use kiln::registry::{Fault, ManifestRef, Operation, Registry as _};
use serde_json::{Value, json};

use crate::build::Workshop;
use crate::ops_outdated::{asked, reasons, remembered, shop, states};

/// Puts another index under a tag, made of the one that is there.
async fn edit(shop: &Workshop, name: &str, change: impl FnOnce(&mut Value)) {
    let (_, text) = shop.index(name).await;
    let mut index: Value = serde_json::from_str(&text).unwrap();
    change(&mut index);
    let reference = Workshop::reference(name);
    let at = ManifestRef::of(&reference);
    let bytes = Bytes::from(index.to_string());
    let repository = reference.repository();
    let put = shop
        .registry
        .put_manifest(repository, &at, &MediaType::OciIndex, bytes);
    put.await.unwrap();
}

fn forget_records(shop: &Workshop) {
    std::fs::remove_dir_all(shop.path(".kiln")).unwrap();
}

/// The only kind of reason of an image, and what is said first.
async fn told(shop: &Workshop, name: &str) -> (ReasonKind, String) {
    let found = asked(shop).await;
    let all = reasons(&found, name);
    assert!(all.iter().all(|it| it.kind == all[0].kind), "{all:?}");
    (all[0].kind, all[0].message.clone())
}

async fn state(shop: &Workshop, name: &str) -> State {
    let found = asked(shop).await;
    let states = states(&found);
    states.iter().find(|it| it.0 == name).unwrap().1
}

#[tokio::test]
async fn an_index_without_our_annotations_is_unknown_where_no_record_is() {
    let shop = shop().await;
    edit(&shop, "other:1", |index| {
        index["annotations"] = json!({"작성자": "남"});
    })
    .await;
    forget_records(&shop);
    let (kind, words) = told(&shop, "other").await;
    assert_eq!(
        (kind, state(&shop, "other").await),
        (ReasonKind::NoKey, State::Unknown)
    );
    assert!(
        words.ends_with("says nothing of how it was made"),
        "{words}"
    );
}

#[tokio::test]
async fn a_tag_that_somebody_else_moved_is_stale_and_by_the_records_nothing_is() {
    let shop = shop().await;
    edit(&shop, "other:1", |index| index["annotations"] = json!({})).await;
    let (kind, words) = told(&shop, "other").await;
    assert_eq!(
        (kind, state(&shop, "other").await),
        (ReasonKind::TagMoved, State::Stale)
    );
    assert!(words.contains("somebody else published"), "{words}");
    assert!(remembered(&shop).await.is_current());
}

#[tokio::test]
async fn the_key_of_a_newer_kiln_is_unknown_and_said_to_be_one() {
    for version in ["v2", "v17"] {
        let shop = shop().await;
        edit(&shop, "other:1", |index| {
            let keys = index["annotations"].as_object_mut().unwrap();
            for (name, value) in keys.iter_mut() {
                if name.starts_with("dev.kiln.build-key.") {
                    let text = value.as_str().unwrap();
                    *value = json!(text.replacen("v1", version, 1));
                }
            }
        })
        .await;
        let (kind, words) = told(&shop, "other").await;
        assert_eq!(
            (kind, state(&shop, "other").await),
            (ReasonKind::NoKey, State::Unknown)
        );
        assert!(words.contains("made by a newer kiln"), "{words}");
        assert!(words.ends_with(version), "{words}");
    }
}

#[tokio::test]
async fn parts_that_somebody_edited_are_not_trusted_and_the_image_is_built_again() {
    let shop = shop().await;
    edit(&shop, "other:1", |index| {
        let parts = &mut index["annotations"]["dev.kiln.build-parts.linux.amd64"];
        let text = parts
            .as_str()
            .unwrap()
            .replace("python:3.11", "파이썬:3.11");
        *parts = json!(text);
    })
    .await;
    let found = asked(&shop).await;
    assert_eq!(states(&found)[2], ("other", State::Unknown));
    let [reason] = reasons(&found, "other") else {
        panic!("{found:?}");
    };
    assert_eq!(reason.kind, ReasonKind::NoKey);
    assert!(reason.message.contains("is not trusted"), "{reason:?}");
    let built = shop.pushed().await;
    let built: Vec<ImageState> = built.images.iter().map(|it| it.state).collect();
    assert_eq!(
        built,
        [ImageState::Current, ImageState::Current, ImageState::Built]
    );
    assert!(asked(&shop).await.is_current());
}

#[tokio::test]
async fn a_base_that_vanished_is_told_at_its_line_with_what_to_do() {
    let shop = shop().await;
    let reference: kiln::oci::Reference = "python:3.11".parse().unwrap();
    let index = shop
        .registry
        .tag(reference.repository(), reference.tag().unwrap());
    shop.registry
        .remove(reference.repository(), &index.unwrap());
    let found = asked(&shop).await;
    assert_eq!(states(&found)[2], ("other", State::Stale));
    let reason = &reasons(&found, "other")[0];
    assert_eq!(reason.kind, ReasonKind::Base);
    let words = "the base `docker.io/library/python:3.11` does not exist; name another";
    assert_eq!(reason.message, words);
    let place = reason.place.as_ref().unwrap().to_string();
    assert!(place.starts_with("recipes/other.yaml:5:"), "{place}");
}

#[tokio::test]
async fn a_registry_that_does_not_answer_leaves_what_depends_on_it_unknown() {
    let shop = shop().await;
    let ask = Operation::GetManifest;
    shop.registry
        .fail_always(ask, Some("3.11"), Fault::Unreachable);
    let found = asked(&shop).await;
    let expected = [
        ("app", State::Current),
        ("child", State::Current),
        ("other", State::Unknown),
    ];
    assert_eq!(states(&found), expected);
    assert_eq!(reasons(&found, "other")[0].kind, ReasonKind::Unreachable);
    assert!(!found.is_current());
    shop.registry.heal();
    shop.registry.fail_always(ask, Some("1"), Fault::Denied);
    let found = asked(&shop).await;
    assert!(states(&found).iter().all(|it| it.1 == State::Unknown));
    for name in ["app", "other"] {
        let [reason] = reasons(&found, name) else {
            panic!("{found:?}");
        };
        assert_eq!(reason.kind, ReasonKind::Unreachable);
        assert!(reason.message.contains("127.0.0.1:5999"), "{reason:?}");
    }
    // Of the child of what nobody knows, nobody knows.
    let of_parent = reasons(&found, "child").iter();
    let mut of_parent = of_parent.filter(|it| it.kind == ReasonKind::Parent);
    let words = "nobody knows whether its parent `team/app:1` is current";
    assert!(of_parent.any(|it| it.message == words), "{found:?}");
    // Records know, and ask none of these.
    assert!(remembered(&shop).await.is_current());
}

#[tokio::test]
async fn a_damaged_line_of_the_ledger_is_told_and_the_others_count() {
    let shop = shop().await;
    let path = shop.path(".kiln/records.jsonl");
    let text = std::fs::read_to_string(&path).unwrap();
    let mut lines: Vec<&str> = text.lines().collect();
    lines.insert(1, "{\"version\": 1, \"größe\": ");
    std::fs::write(&path, format!("{}\n", lines.join("\n"))).unwrap();
    let found = remembered(&shop).await;
    assert!(found.is_current(), "{found:?}");
    let [fault] = &found.faults[..] else {
        panic!("{found:?}");
    };
    assert!(fault.contains("records.jsonl:2`"), "{fault}");
    // Of the image whose record is lost, the machine knows nothing.
    let is_apps = |line: &str| line.contains("\"image\":\"app\"");
    let all = lines.len();
    lines.retain(|line| !is_apps(line));
    assert_eq!(lines.len(), all - 1, "{lines:?}");
    std::fs::write(&path, format!("{}\n", lines.join("\n"))).unwrap();
    let found = remembered(&shop).await;
    assert_eq!(states(&found)[0], ("app", State::Stale));
    assert!(asked(&shop).await.is_current());
}
