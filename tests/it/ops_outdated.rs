//! What is not up to date is told with its reason, and nobody is asked more than is needed.

use kiln::oci::Platform;
use kiln::ops::{
    GraphOptions, Outdated, OutdatedOptions, PlanOptions, PublishedBy, Reason, ReasonKind, State,
    graph_with_states, outdated,
};
use kiln::registry::Operation;

use crate::build::{AMD64, ARM64, Workshop, image_of, put_image, put_index};

const APP: &str = "base: debian:12\nsteps:\n  - copy: {src: ../앱/, to: /srv/}\n";
const CHILD: &str = "base: {recipe: app}\nsteps:\n  - run: echo 딸\n";
const OTHER: &str = "base: python:3.11\nsteps:\n  - run: echo 다른\n";

/// `app` on debian, `child` on it, and `other` on python.
pub(crate) async fn shop() -> Workshop {
    let shop = Workshop::new().await;
    shop.seed("python:3.11", &[AMD64, ARM64]).await;
    shop.write("앱/a.txt", "가");
    shop.recipe("app", APP);
    shop.recipe("child", CHILD);
    shop.recipe("other", OTHER);
    shop.pushed().await;
    shop.registry.forget_requests();
    shop
}

pub(crate) async fn judged(shop: &Workshop, options: &OutdatedOptions) -> Outdated {
    let registry = shop.registry.as_ref();
    let found = outdated(&shop.load(), options, registry, registry).await;
    found.unwrap()
}

pub(crate) async fn asked(shop: &Workshop) -> Outdated {
    judged(shop, &OutdatedOptions::default()).await
}

/// Asks this machine's records.
pub(crate) async fn remembered(shop: &Workshop) -> Outdated {
    let options = OutdatedOptions {
        against: PublishedBy::Record,
        ..OutdatedOptions::default()
    };
    judged(shop, &options).await
}

/// The state of each image, by its recipe.
pub(crate) fn states(found: &Outdated) -> Vec<(&str, State)> {
    let images = found.images.iter();
    images.map(|it| (it.name.as_str(), it.state)).collect()
}

pub(crate) fn reasons<'a>(found: &'a Outdated, name: &str) -> &'a [Reason] {
    let image = found.images.iter().find(|image| image.name == name);
    &image.unwrap().reasons
}

/// Moves a base, whose new images say when they were made.
pub(crate) async fn move_base(shop: &Workshop, name: &str, created: &str) {
    let reference = name.parse().unwrap();
    let mut entries = Vec::new();
    for platform in [AMD64, ARM64] {
        let mut config = image_of(platform, created);
        config.created = Some(created.to_owned());
        let entry = put_image(shop.registry.as_ref(), &reference, &config, created).await;
        entries.push(entry.with_platform(platform));
    }
    put_index(shop.registry.as_ref(), &reference, entries).await;
    shop.registry.forget_requests();
}

/// What was asked of the registry.
fn targets(shop: &Workshop) -> Vec<String> {
    let requests = shop.registry.requests().into_iter();
    let mut all: Vec<String> = requests
        .map(|it| {
            assert!(matches!(
                it.operation,
                Operation::GetManifest | Operation::GetBlob
            ));
            format!("{}:{}", it.repository, it.target)
        })
        .collect();
    all.sort();
    all
}

const QUESTIONS: [&str; 5] = [
    "127.0.0.1:5999/team/app:1",
    "127.0.0.1:5999/team/child:1",
    "127.0.0.1:5999/team/other:1",
    "docker.io/library/debian:12",
    "docker.io/library/python:3.11",
];

#[tokio::test]
async fn what_was_just_built_is_current_and_costs_one_question_per_tag_and_base() {
    let shop = shop().await;
    let found = asked(&shop).await;
    assert!(found.is_current(), "{found:?}");
    assert_eq!(targets(&shop), QUESTIONS);
    // The same answer where nothing is shared but the registry.
    std::fs::remove_dir_all(shop.path(".kiln")).unwrap();
    assert!(asked(&shop).await.is_current());
}

#[tokio::test]
async fn a_file_that_changed_makes_its_image_stale_and_what_begins_with_it() {
    let shop = shop().await;
    shop.write("앱/a.txt", "나");
    let found = asked(&shop).await;
    let expected = [
        ("app", State::Stale),
        ("child", State::Stale),
        ("other", State::Current),
    ];
    assert_eq!(states(&found), expected);
    for (reason, platform) in reasons(&found, "app").iter().zip([AMD64, ARM64]) {
        assert_eq!(reason.kind, ReasonKind::File);
        assert_eq!(reason.platform, Some(platform));
        let place = reason.place.as_ref().unwrap().to_string();
        assert!(place.starts_with("recipes/app.yaml:7:"), "{place}");
    }
    let kinds = reasons(&found, "child").iter().map(|it| it.kind);
    assert!(kinds.eq([ReasonKind::Parent, ReasonKind::Parent]));
    // Nothing but tags and bases was asked for: no base moved.
    assert_eq!(targets(&shop), QUESTIONS);
}

#[tokio::test]
async fn a_base_that_moved_makes_exactly_its_dependents_stale_and_the_days_are_told() {
    let shop = shop().await;
    move_base(&shop, "debian:12", "2026-11-02T23:59:59Z").await;
    let found = asked(&shop).await;
    let expected = [
        ("app", State::Stale),
        ("child", State::Stale),
        ("other", State::Current),
    ];
    assert_eq!(states(&found), expected);
    let reason = &reasons(&found, "app")[0];
    assert_eq!(reason.kind, ReasonKind::Base);
    let words = &reason.message;
    let begin = "the base `docker.io/library/debian:12 linux/amd64` moved from sha256:";
    assert!(words.starts_with(begin), "{words}");
    assert!(words.contains(" (2026-01-01) to sha256:"), "{words}");
    assert!(words.ends_with(" (2026-11-02)"), "{words}");
    // Both sides on both platforms: a manifest and a configuration each.
    assert_eq!(targets(&shop).len(), QUESTIONS.len() + 8);
}

#[tokio::test]
async fn a_day_that_the_registry_does_not_know_any_more_is_left_out() {
    let shop = shop().await;
    let reference: kiln::oci::Reference = "debian:12".parse().unwrap();
    let seeded = shop.seed("debian:12", &[AMD64, ARM64]).await;
    move_base(&shop, "debian:12", "2026-11-02T00:00:00Z").await;
    for manifest in seeded.manifests.values() {
        shop.registry.remove(reference.repository(), manifest);
    }
    let found = asked(&shop).await;
    let words = &reasons(&found, "app")[0].message;
    assert!(!words.contains("2026-01-01"), "{words}");
    assert!(words.ends_with(" (2026-11-02)"), "{words}");
}

#[tokio::test]
async fn an_image_that_was_never_built_is_stale() {
    let shop = shop().await;
    shop.recipe("neu", "base: debian:12\n");
    let found = asked(&shop).await;
    assert_eq!(reasons(&found, "neu")[0].kind, ReasonKind::NeverBuilt);
    assert!(!found.is_current());
}

#[tokio::test]
async fn by_the_records_no_tag_is_asked_for_and_bases_are() {
    let shop = shop().await;
    let found = remembered(&shop).await;
    assert!(found.is_current(), "{found:?}");
    assert_eq!(targets(&shop), QUESTIONS[3..]);
    shop.recipe("app", &format!("tags: [\"1\", neu]\n{APP}"));
    shop.write("recipes/other.yaml", &{
        let text = std::fs::read_to_string(shop.path("recipes/other.yaml")).unwrap();
        text.replace("다른", "다시")
    });
    let found = remembered(&shop).await;
    let expected = [
        ("app", State::TagMissing),
        ("child", State::Current),
        ("other", State::Stale),
    ];
    assert_eq!(states(&found), expected);
    move_base(&shop, "debian:12", "2026-11-02T00:00:00Z").await;
    let found = remembered(&shop).await;
    assert_eq!(reasons(&found, "app")[0].kind, ReasonKind::Base);
    assert!(targets(&shop).iter().all(|it| it.starts_with("docker.io/")));
    // Without records nothing was ever built, as far as this machine knows.
    std::fs::remove_dir_all(shop.path(".kiln")).unwrap();
    let found = remembered(&shop).await;
    let kinds = reasons(&found, "other").iter().map(|it| it.kind);
    assert!(kinds.eq([ReasonKind::NeverBuilt]), "{found:?}");
}

#[tokio::test]
async fn a_platform_that_is_not_asked_for_is_not_judged() {
    let shop = shop().await;
    let arm = "base: debian:12\nsteps:\n  - if: arch == \"arm64\"\n    run: echo 팔\n";
    shop.recipe("other", &arm.replace("debian:12", "python:3.11"));
    let on = |platform: Platform| OutdatedOptions {
        plan: PlanOptions {
            selectors: vec!["other".to_owned()],
            platforms: [platform].into(),
            epoch: None,
            ..PlanOptions::default()
        },
        ..OutdatedOptions::default()
    };
    for platform in [AMD64, ARM64] {
        let found = judged(&shop, &on(platform)).await;
        let mut told = reasons(&found, "other").iter();
        assert!(told.all(|it| it.platform == Some(platform)), "{found:?}");
    }
}

#[tokio::test]
async fn an_image_without_the_platform_that_is_asked_for_is_left_out() {
    let shop = shop().await;
    let text = "platforms: [linux/arm64]\nbase: python:3.11\nsteps:\n  - run: echo 다른\n";
    shop.recipe("other", text);
    let options = OutdatedOptions {
        plan: PlanOptions {
            platforms: [AMD64].into(),
            ..PlanOptions::default()
        },
        ..OutdatedOptions::default()
    };
    let found = judged(&shop, &options).await;
    let expected = [("app", State::Current), ("child", State::Current)];
    assert_eq!(states(&found), expected, "{found:?}");
    let found = asked(&shop).await;
    let [reason] = reasons(&found, "other") else {
        panic!("{found:?}");
    };
    // Its own base on the platform that is gone counted, too.
    assert!(reason.message.contains("linux/amd64"), "{reason:?}");
    assert_eq!(reason.platform, Some(ARM64));
}

#[tokio::test]
async fn an_image_that_says_refresh_is_due_when_its_window_is_over_and_no_key_knows_of_it() {
    let shop = shop().await;
    for (name, refresh) in [("app", "quarterly"), ("other", "never")] {
        let path = format!("recipes/{name}.yaml");
        let text = std::fs::read_to_string(shop.path(&path)).unwrap();
        shop.write(&path, &format!("{text}refresh: {refresh}\n"));
    }
    let built = shop.records()[0].draft.platforms[&AMD64].finished;
    let after = |days: i64| OutdatedOptions {
        now: Some(built.as_millis() / 1000 + days * 24 * 3600),
        ..OutdatedOptions::default()
    };
    assert!(judged(&shop, &after(0)).await.is_current());
    let found = judged(&shop, &after(100)).await;
    let expected = [
        ("app", State::Stale),
        ("child", State::Stale),
        ("other", State::Current),
    ];
    assert_eq!(states(&found), expected);
    let reason = &reasons(&found, "app")[0];
    assert_eq!(reason.kind, ReasonKind::Refresh);
    assert!(
        reason.message.contains("`refresh: quarterly`"),
        "{reason:?}"
    );
    let reason = &reasons(&found, "child")[0];
    assert_eq!((reason.kind, reason.platform), (ReasonKind::Parent, None));
    assert!(reason.place.is_some());
    // A clock that was wrong when it was built does not make it young for ever.
    let found = judged(&shop, &after(-100)).await;
    let reason = &reasons(&found, "app")[0];
    assert!(reason.message.contains("a clock was wrong"), "{reason:?}");
    // Without the record nothing is said of its age, and the build sees no reason.
    let solves = shop.solver.seen().len();
    shop.pushed().await;
    assert_eq!(shop.solver.seen().len(), solves);
    std::fs::remove_dir_all(shop.path(".kiln")).unwrap();
    assert!(judged(&shop, &after(100)).await.is_current());
}

#[tokio::test]
async fn a_graph_has_the_states_that_outdated_tells() {
    let shop = shop().await;
    shop.write("앱/a.txt", "나");
    let registry = shop.registry.as_ref();
    let options = GraphOptions::default();
    let graph = graph_with_states(&shop.load(), &options, registry, registry).await;
    let nodes = graph.unwrap().nodes;
    let told: Vec<_> = nodes
        .iter()
        .map(|it| (it.name.as_str(), it.state))
        .collect();
    let expected = [
        ("debian:12", None),
        ("python:3.11", None),
        ("team/app:1", Some(State::Stale)),
        ("team/child:1", Some(State::Stale)),
        ("team/other:1", Some(State::Current)),
    ];
    assert_eq!(told, expected);
}
