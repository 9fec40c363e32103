//! The whole story of an image.

use kiln::ops::{OutdatedOptions, PlanOptions, ReasonKind, State, Story, why};

use crate::build::{AMD64, ARM64, Workshop};
use crate::ops_outdated::{move_base, shop};

async fn told(shop: &Workshop, name: &str) -> Story {
    let registry = shop.registry.as_ref();
    let options = OutdatedOptions {
        plan: PlanOptions {
            selectors: vec![name.to_owned()],
            ..PlanOptions::default()
        },
        ..OutdatedOptions::default()
    };
    why(&shop.load(), &options, registry, registry)
        .await
        .unwrap()
}

#[tokio::test]
async fn the_story_of_a_current_image_has_keys_parts_record_and_builder() {
    let shop = shop().await;
    let story = told(&shop, "app").await;
    let [app] = &story.images[..] else {
        panic!("{story:?}");
    };
    assert_eq!((app.state, app.reasons.len()), (State::Current, 0));
    assert_eq!(app.index, shop.tag("app:1"));
    let record = app.record.as_ref().unwrap();
    // Images are recorded as they come.
    let records = shop.records();
    let own = records.iter().find(|record| record.draft.image == "app");
    assert_eq!(record.id, own.unwrap().id.to_string());
    for platform in [AMD64, ARM64] {
        let leg = &app.platforms[&platform];
        assert!(leg.is_current);
        assert_eq!(leg.key, leg.published_key);
        assert!(leg.key.as_ref().unwrap().starts_with("v1:sha256:"));
        assert_eq!(leg.bases.len(), 2);
        assert!(
            leg.bases
                .values()
                .all(|(then, now)| then == now && now.is_some())
        );
        assert!(leg.files.contains_key("앱"), "{leg:?}");
        assert!(leg.steps > 0);
        assert_eq!(leg.made.as_ref().unwrap().builder, "fake");
    }
}

#[tokio::test]
async fn the_story_of_a_stale_image_has_both_sides_of_what_moved() {
    let shop = shop().await;
    move_base(&shop, "debian:12", "2026-11-02T00:00:00Z").await;
    let story = told(&shop, "app").await;
    let app = &story.images[0];
    assert_eq!(app.reasons[0].kind, ReasonKind::Base);
    let leg = &app.platforms[&AMD64];
    assert!(!leg.is_current && leg.key.is_some() && leg.key != leg.published_key);
    let (then, now) = &leg.bases["docker.io/library/debian:12 linux/amd64"];
    assert!(then.is_some() && now.is_some() && then != now);
}

#[tokio::test]
async fn the_story_of_a_child_names_its_parents_and_has_no_key_before_they_are_built() {
    let shop = shop().await;
    shop.write("앱/a.txt", "나");
    let story = told(&shop, "child").await;
    let [child] = &story.images[..] else {
        panic!("only what was asked for: {story:?}");
    };
    assert_eq!(child.parents["team/app:1"], State::Stale);
    let leg = &child.platforms[&ARM64];
    assert_eq!((&leg.key, leg.published_key.is_some()), (&None, true));
    let (then, now) = &leg.bases["team/app:1 linux/arm64"];
    assert!(then.is_some() && now.is_none());
    // Elsewhere nobody knows who built it, and the rest is the same.
    std::fs::remove_dir_all(shop.path(".kiln")).unwrap();
    let elsewhere = told(&shop, "child").await;
    let other = &elsewhere.images[0];
    assert!(other.record.is_none() && other.platforms[&ARM64].made.is_none());
    assert_eq!(other.platforms[&ARM64].published_key, leg.published_key);
}
