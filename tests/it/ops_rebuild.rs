//! A rebuild makes what is stale current, in order, and can be repeated.

use kiln::oci::Digest;
use kiln::ops::build::{BuildOptions, ImageState};
use kiln::ops::rebuild::{After, RebuildOptions, Scope, Verdict};
use kiln::registry::Operation;

use crate::build::{
    AMD64, ARM64, Act, Workshop, after, move_base, rebuild, rebuild_with, verdicts,
};

use Verdict::{Current, Failed, Identical, Published, Skipped, Tagged};

fn family(shop: &Workshop) {
    shop.recipe("mutter", "base: debian:12\nsteps:\n  - run: echo größer\n");
    shop.recipe("kind", "base: {recipe: mutter}\nsteps:\n  - run: echo 딸\n");
    shop.recipe(
        "z-enkel",
        "base: {recipe: kind}\nsteps:\n  - run: echo 손녀\n",
    );
}

/// The digest that the last record of an image says it is based on.
fn base_of(shop: &Workshop, name: &str) -> Digest {
    let records = shop.records();
    let last = records.iter().rev().find(|it| it.draft.image == name);
    let platform = &last.unwrap().draft.platforms[&AMD64];
    platform.base.as_ref().unwrap().digest.clone()
}

async fn manifest(shop: &Workshop, name: &str) -> Digest {
    let index = shop.index(&format!("{name}:1")).await.0;
    index.images()[&AMD64].digest.clone()
}

#[tokio::test]
async fn what_is_never_built_is_built_in_order_and_the_next_run_asks_no_builder() {
    let shop = Workshop::new().await;
    family(&shop);
    let first = rebuild(&shop, Scope::Due).await.unwrap();
    let all = ["mutter", "kind", "z-enkel"];
    assert_eq!(verdicts(&first), all.map(|name| (name, Published)));
    assert!(
        all.iter()
            .all(|name| *after(&first, name) == After::Current)
    );
    let solves = shop.solver.seen().len();
    shop.registry.forget_requests();
    // Without a builder: there is none to be asked when nothing is to do.
    let second = rebuild(&shop, Scope::Due).await.unwrap();
    assert_eq!(verdicts(&second), all.map(|name| (name, Current)));
    assert_eq!(*after(&second, "kind"), After::NotAsked);
    assert_eq!(shop.solver.seen().len(), solves);
    let asked = shop.registry.requests();
    let asked: Vec<Operation> = asked.iter().map(|it| it.operation).collect();
    assert_eq!(asked, [Operation::GetManifest; 4], "three tags and a base");
    assert_eq!(shop.records().len(), 3);
}

#[tokio::test]
async fn a_base_that_moved_rebuilds_exactly_its_dependents_each_child_on_its_rebuilt_parent() {
    let shop = Workshop::new().await;
    for base in ["alpine:3", "ubuntu:24.04"] {
        shop.seed(base, &[AMD64, ARM64]).await;
    }
    family(&shop);
    shop.recipe("a", "base: alpine:3\nsteps:\n  - run: echo 가\n");
    shop.recipe("u", "base: ubuntu:24.04\nsteps:\n  - run: echo 우\n");
    rebuild(&shop, Scope::Stale).await.unwrap();
    let before = [manifest(&shop, "a").await, manifest(&shop, "u").await];
    let solves = shop.solver.seen().len();
    move_base(&shop, "debian:12", "새").await;
    let report = rebuild(&shop, Scope::Stale).await.unwrap();
    let expected = [
        ("a", Current),
        ("mutter", Published),
        ("kind", Published),
        ("z-enkel", Published),
        ("u", Current),
    ];
    let mut verdicts = verdicts(&report);
    verdicts.sort_by_key(|it| expected.iter().position(|other| other.0 == it.0));
    assert_eq!(verdicts, expected);
    assert_eq!(
        shop.solver.seen().len(),
        solves + 6,
        "three on two platforms"
    );
    assert_eq!(base_of(&shop, "kind"), manifest(&shop, "mutter").await);
    assert_eq!(base_of(&shop, "z-enkel"), manifest(&shop, "kind").await);
    let parent = shop.image("mutter:1", AMD64).await.0.layers;
    let child = shop.image("kind:1", AMD64).await.0.layers;
    assert_eq!(child[..parent.len()], parent[..]);
    let now = [manifest(&shop, "a").await, manifest(&shop, "u").await];
    assert_eq!(now, before);
}

#[tokio::test]
async fn a_run_that_ended_early_is_continued_by_the_next() {
    let shop = Workshop::new().await;
    family(&shop);
    let options = RebuildOptions::default();
    let stop = options.build.stop.clone();
    let first = rebuild_with(&shop, &options, shop.backends(), move |event| {
        if let kiln::ops::build::Event::Published { image, .. } = event
            && image.contains("kind")
        {
            stop.cancel();
        }
    });
    let first = first.await.unwrap();
    let reached = [
        ("mutter", Published),
        ("kind", Published),
        ("z-enkel", Skipped),
    ];
    assert_eq!(verdicts(&first), reached);
    let solves = shop.solver.seen().len();
    let second = rebuild(&shop, Scope::Stale).await.unwrap();
    let rest = [
        ("mutter", Current),
        ("kind", Current),
        ("z-enkel", Published),
    ];
    assert_eq!(verdicts(&second), rest);
    assert_eq!(shop.solver.seen().len(), solves + 2);
    assert_eq!(base_of(&shop, "z-enkel"), manifest(&shop, "kind").await);
}

#[tokio::test]
async fn what_fails_stops_nothing_but_what_stands_on_it() {
    let shop = Workshop::new().await;
    family(&shop);
    shop.recipe("other", "base: debian:12\nsteps:\n  - run: echo gut\n");
    let fails = Act::Fail {
        step: "echo größer",
        code: 3,
    };
    shop.solver.on(Some(ARM64), "echo größer", fails);
    let report = rebuild(&shop, Scope::Due).await.unwrap();
    let expected = [
        ("mutter", Failed),
        ("kind", Skipped),
        ("z-enkel", Skipped),
        ("other", Published),
    ];
    let mut verdicts = verdicts(&report);
    verdicts.sort_by_key(|it| expected.iter().position(|other| other.0 == it.0));
    assert_eq!(verdicts, expected);
    assert_eq!((shop.tag("mutter:1"), shop.records().len()), (None, 1));
}

#[tokio::test]
async fn what_failed_before_is_begun_after_all_that_is_ready() {
    let mut small = Workshop::new().await;
    small.builders = vec![small.builder("fake", AMD64, &[AMD64, ARM64], 1)];
    for name in ["a", "b", "c"] {
        let text = format!("base: debian:12\nsteps:\n  - run: echo {name}-größe\n");
        small.recipe(name, &text);
    }
    let began = |shop: &Workshop| -> Vec<String> {
        let seen = shop.solver.seen();
        let names = seen
            .iter()
            .map(|it| it.repository().unwrap().path().to_owned());
        names.collect()
    };
    rebuild(&small, Scope::Stale).await.unwrap();
    let in_order = ["team/a", "team/a", "team/b", "team/b", "team/c", "team/c"];
    assert_eq!(began(&small), in_order);
    move_base(&small, "debian:12", "새").await;
    let line = |image: &str| {
        format!(
            "{{\"version\":1,\"at\":\"2026-11-21T07:45:00Z\",\"image\":\"{image}\",\"failed\":true}}\n"
        )
    };
    let lines = [line("team/a:1"), line("team/a:1"), line("team/b:1")].concat();
    small.write(".kiln/failures.jsonl", &lines);
    rebuild(&small, Scope::Stale).await.unwrap();
    let sunk = ["team/c", "team/c", "team/b", "team/b", "team/a", "team/a"];
    assert_eq!(began(&small)[6..], sunk);
    // Both are built, so they wait for nobody any more.
    move_base(&small, "debian:12", "더 새").await;
    rebuild(&small, Scope::Stale).await.unwrap();
    assert_eq!(began(&small)[12..], in_order);
}

#[tokio::test]
async fn a_failure_is_remembered_and_forgotten_when_the_image_is_built() {
    let shop = Workshop::new().await;
    shop.recipe("a", "base: debian:12\nsteps:\n  - run: echo größer\n");
    let fails = Act::Fail {
        step: "echo größer",
        code: 3,
    };
    shop.solver.on(None, "echo größer", fails);
    rebuild(&shop, Scope::Stale).await.unwrap();
    let lines = || {
        let text = std::fs::read_to_string(shop.path(".kiln/failures.jsonl")).unwrap();
        text.lines().filter(|it| !it.is_empty()).count()
    };
    assert_eq!(lines(), 1, "once, although two platforms failed");
    shop.recipe("a", "base: debian:12\nsteps:\n  - run: echo kleiner\n");
    rebuild(&shop, Scope::Stale).await.unwrap();
    assert_eq!(lines(), 2);
    shop.recipe("a", "base: debian:12\nsteps:\n  - run: echo klein\n");
    rebuild(&shop, Scope::Stale).await.unwrap();
    assert_eq!(lines(), 2);
}

#[tokio::test]
async fn an_image_whose_platforms_come_out_as_before_is_identical_and_no_tag_is_written() {
    let shop = Workshop::new().await;
    shop.recipe(
        "app",
        "base: debian:12\nrefresh: monthly\nsteps:\n  - run: echo größer\n",
    );
    rebuild(&shop, Scope::Due).await.unwrap();
    let tag = shop.tag("app:1");
    age(&shop, "\"finished\":\"2", "\"finished\":\"1");
    shop.registry.forget_requests();
    let report = rebuild(&shop, Scope::Due).await.unwrap();
    assert_eq!(verdicts(&report), [("app", Identical)]);
    assert_eq!(shop.tag("app:1"), tag);
    let puts = shop.puts();
    assert!(puts.len() >= 2, "the platforms are pushed: {puts:?}");
    assert!(!puts.contains(&"1".to_owned()), "{puts:?}");
    let reason = &report.build.images[0].reasons[0];
    assert!(
        reason
            .message
            .contains("`refresh: monthly`: it was built on 1")
    );
    // Now it is made in this month.
    let report = rebuild(&shop, Scope::Due).await.unwrap();
    assert_eq!(verdicts(&report), [("app", Current)]);
}

/// Changes the records.
fn age(shop: &Workshop, from: &str, to: &str) {
    let path = shop.path(".kiln/records.jsonl");
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains(from));
    std::fs::write(&path, text.replace(from, to)).unwrap();
}

#[tokio::test]
async fn what_is_due_is_made_with_every_step_anew_and_what_stands_on_it_as_builders_know_it() {
    let shop = Workshop::new().await;
    let refreshed = "base: debian:12\nrefresh: quarterly\nsteps:\n  - run: echo größer\n";
    shop.recipe("mutter", refreshed);
    shop.recipe("kind", "base: {recipe: mutter}\nsteps:\n  - run: echo 딸\n");
    shop.recipe("never", &refreshed.replace("quarterly", "never"));
    rebuild(&shop, Scope::Due).await.unwrap();
    let solves = shop.solver.seen().len();
    age(&shop, "\"finished\":\"2", "\"finished\":\"1");
    // Only by `--due` is anything stale because time has passed.
    let report = rebuild(&shop, Scope::Stale).await.unwrap();
    assert!(verdicts(&report).iter().all(|it| it.1 == Current));
    let report = rebuild(&shop, Scope::Due).await.unwrap();
    let expected = [
        ("mutter", Identical),
        ("kind", Identical),
        ("never", Current),
    ];
    assert_eq!(verdicts(&report), expected);
    let seen = shop.solver.seen();
    let fresh = |seen: &crate::build::Seen| seen.ignores_cache().contains(&true);
    for solve in &seen[solves..] {
        let is_parent = solve.repository().unwrap().path() == "team/mutter";
        assert_eq!(fresh(solve), is_parent);
    }
}

#[tokio::test]
async fn a_record_from_the_future_is_of_a_wrong_clock_and_its_image_is_made_anew_once() {
    let shop = Workshop::new().await;
    shop.recipe(
        "app",
        "base: debian:12\nrefresh: weekly\nsteps:\n  - run: echo größer\n",
    );
    rebuild(&shop, Scope::Due).await.unwrap();
    age(&shop, "\"finished\":\"2", "\"finished\":\"3");
    let report = rebuild(&shop, Scope::Due).await.unwrap();
    assert_eq!(verdicts(&report), [("app", Identical)]);
    let report = rebuild(&shop, Scope::Due).await.unwrap();
    assert_eq!(verdicts(&report), [("app", Current)]);
}

#[tokio::test]
async fn a_tag_that_is_missing_is_put_without_a_builder() {
    let shop = Workshop::new().await;
    shop.recipe("app", "tags: [\"1\"]\nbase: debian:12\n");
    rebuild(&shop, Scope::Stale).await.unwrap();
    shop.recipe("app", "tags: [\"1\", neu]\nbase: debian:12\n");
    let report = rebuild(&shop, Scope::Stale).await.unwrap();
    assert_eq!(verdicts(&report), [("app", Tagged)]);
    assert_eq!(report.build.images[0].state, ImageState::Tagged);
    assert_eq!(shop.tag("app:neu"), shop.tag("app:1"));
}

#[tokio::test]
async fn selectors_narrow_what_is_rebuilt() {
    let shop = Workshop::new().await;
    family(&shop);
    shop.recipe("other", "base: debian:12\n");
    let options = RebuildOptions {
        scope: Scope::Stale,
        build: BuildOptions {
            selectors: vec!["oth*".to_owned()],
            ..BuildOptions::default()
        },
    };
    let report = rebuild_with(&shop, &options, shop.backends(), |_| {}).await;
    assert_eq!(verdicts(&report.unwrap()), [("other", Published)]);
}
