//! What is up to date is not built, and what is not is built for a reason that is told.

use kiln::key::annotation;
use kiln::ops::ReasonKind;
use kiln::ops::build::{BuildOptions, BuildReport, ImageState};
use kiln::registry::{ManifestRef, Operation, Registry as _};

use crate::build::{AMD64, ARM64, Workshop, forced, image_of, push, put_image, put_index, solved};

const APP: &str = "base: debian:12\nsteps:\n  - run: echo größer\n  - copy: {src: ../앱/, to: /srv/}\nlabels: {who: me}\n";

async fn shop() -> Workshop {
    let shop = Workshop::new().await;
    shop.write("앱/a.txt", "가");
    shop.recipe("app", APP);
    shop
}

/// What the reasons of the only image are, with their lines.
fn reasons(report: &BuildReport) -> Vec<(ReasonKind, String, Option<usize>)> {
    let mut all: Vec<_> = report.images[0]
        .reasons
        .iter()
        .map(|it| {
            let line = it.place.as_ref().map(|place| place.line_column().0);
            (it.kind, it.message.clone(), line)
        })
        .collect();
    all.dedup();
    all
}

#[tokio::test]
async fn an_image_that_is_up_to_date_costs_one_question_per_tag_and_base_and_no_builder() {
    let shop = shop().await;
    let first = shop.pushed().await;
    assert_eq!(first.images[0].state, ImageState::Built);
    assert_eq!(reasons(&first)[0].0, ReasonKind::NeverBuilt);
    let solves = shop.solver.seen().len();
    shop.registry.forget_requests();
    let second = shop.pushed().await;
    assert_eq!(second.images[0].state, ImageState::Current);
    assert_eq!(second.images[0].index, first.images[0].index);
    assert!(second.images[0].reasons.is_empty());
    assert_eq!(shop.solver.seen().len(), solves);
    let asked: Vec<Operation> = shop
        .registry
        .requests()
        .iter()
        .map(|it| it.operation)
        .collect();
    assert_eq!(asked, [Operation::GetManifest, Operation::GetManifest]);
    assert_eq!(shop.records().len(), 1);
}

#[tokio::test]
async fn keys_stand_at_the_top_of_the_index_and_in_the_record() {
    let shop = shop().await;
    shop.pushed().await;
    let (index, _) = shop.index("app:1").await;
    let record = &shop.records()[0].draft;
    for platform in [AMD64, ARM64] {
        let key = annotation::key(&index, platform).unwrap();
        let parts = annotation::parts(&index, platform).unwrap();
        assert_eq!(record.platforms[&platform].key.as_ref(), Some(&key));
        assert_eq!(record.platforms[&platform].parts.as_ref(), Some(&parts));
        assert_eq!(parts.files.len(), 1);
        assert_eq!(parts.bases.len(), 2);
    }
    assert!(index.manifests.iter().all(|it| it.annotations.is_none()));
}

#[tokio::test]
async fn what_cannot_matter_makes_nothing_stale() {
    let shop = shop().await;
    shop.pushed().await;
    let reordered = "# 설명\nlabels: {who: me}\nvars: {unused: x}\nbase: debian:12\n\nsteps:\n  - run: echo größer\n  # and\n  - copy: {to: /srv/, src: ../앱/}\n";
    shop.recipe("app", reordered);
    shop.write("앱/a.txt", "가");
    shop.write("elsewhere.txt", "x");
    let report = shop.pushed().await;
    assert_eq!(report.images[0].state, ImageState::Current, "{report:?}");
}

#[tokio::test]
async fn a_change_is_told_with_its_line() {
    let shop = shop().await;
    shop.pushed().await;
    shop.recipe("app", &APP.replace("größer", "kleiner"));
    let report = shop.pushed().await;
    assert_eq!(report.images[0].state, ImageState::Built);
    // Later steps differ as well; the first one is the reason.
    let (kind, _, line) = &reasons(&report)[0];
    assert_eq!((*kind, *line), (ReasonKind::Recipe, Some(7)));
    shop.write("앱/a.txt", "나");
    let report = shop.pushed().await;
    assert_eq!(
        reasons(&report),
        [(ReasonKind::File, "`앱` changed".to_owned(), Some(8))]
    );
    shop.recipe(
        "app",
        &APP.replace("größer", "kleiner").replace("me", "you"),
    );
    let report = shop.pushed().await;
    assert_eq!(reasons(&report)[0].0, ReasonKind::Recipe);
    assert_eq!(shop.pushed().await.images[0].state, ImageState::Current);
}

#[tokio::test]
async fn a_base_that_moves_makes_stale_what_begins_with_it() {
    let shop = shop().await;
    shop.pushed().await;
    let reference = "debian:12".parse().unwrap();
    let mut entries = Vec::new();
    for platform in [AMD64, ARM64] {
        let config = image_of(platform, "neu");
        let entry = put_image(shop.registry.as_ref(), &reference, &config, "neu").await;
        entries.push(entry.with_platform(platform));
    }
    put_index(shop.registry.as_ref(), &reference, entries).await;
    let report = shop.pushed().await;
    let all = reasons(&report);
    assert!(all.iter().all(|it| it.0 == ReasonKind::Base), "{all:?}");
    assert_eq!(all[0].2, Some(5));
    assert!(
        all[0]
            .1
            .contains("debian:12 linux/amd64` moved from sha256:")
    );
}

#[tokio::test]
async fn a_stale_parent_makes_its_children_stale_and_a_current_one_is_built_on_as_it_is() {
    let shop = shop().await;
    shop.recipe("kind", "base: {recipe: app}\nsteps:\n  - run: echo 딸\n");
    shop.pushed().await;
    let solves = shop.solver.seen().len();
    let parent = shop.index("app:1").await.0.images()[&AMD64].digest.clone();
    shop.recipe("kind", "base: {recipe: app}\nsteps:\n  - run: echo 아들\n");
    let report = shop.pushed().await;
    let states: Vec<ImageState> = report.images.iter().map(|it| it.state).collect();
    assert_eq!(states, [ImageState::Current, ImageState::Built]);
    assert_eq!(shop.solver.seen().len(), solves + 2);
    let record = shop.records().pop().unwrap().draft;
    assert_eq!(
        record.platforms[&AMD64].base.as_ref().unwrap().digest,
        parent
    );
    shop.write("앱/a.txt", "나");
    let report = shop.pushed().await;
    let states: Vec<ImageState> = report.images.iter().map(|it| it.state).collect();
    assert_eq!(states, [ImageState::Built, ImageState::Built]);
    assert!(
        report.images[1]
            .reasons
            .iter()
            .all(|it| it.kind == ReasonKind::Parent)
    );
    let report = shop.pushed().await;
    assert!(
        report
            .images
            .iter()
            .all(|it| it.state == ImageState::Current)
    );
}

#[tokio::test]
async fn of_an_image_only_the_platform_that_is_stale_is_built() {
    let shop = Workshop::new().await;
    let text = |word: &str| {
        format!("base: debian:12\nsteps:\n  - if: arch == \"arm64\"\n    run: echo {word}\n")
    };
    shop.recipe("app", &text("하나"));
    shop.pushed().await;
    let before = shop.index("app:1").await.0;
    let solves = shop.solver.seen().len();
    shop.recipe("app", &text("둘"));
    let report = shop.pushed().await;
    assert_eq!(shop.solver.seen().len(), solves + 1);
    let legs = &report.images[0].legs;
    assert!(solved(&legs[&AMD64]).reused);
    assert!(!solved(&legs[&ARM64]).reused);
    let after = shop.index("app:1").await.0;
    assert_eq!(
        before.images()[&AMD64].digest,
        after.images()[&AMD64].digest
    );
    assert_ne!(
        before.images()[&ARM64].digest,
        after.images()[&ARM64].digest
    );
    // The record still tells who built what.
    let records = shop.records();
    let of = |number: usize| &records[number].draft.platforms[&AMD64];
    assert_eq!(of(0).builder, of(1).builder);
    assert_eq!(of(0).started, of(1).started);
    assert_eq!(shop.pushed().await.images[0].state, ImageState::Current);
}

#[tokio::test]
async fn a_tag_that_is_missing_is_put_and_nothing_is_built() {
    let shop = shop().await;
    shop.recipe("app", &format!("tags: [\"1\", latest]\n{APP}"));
    shop.pushed().await;
    let solves = shop.solver.seen().len();
    shop.recipe("app", &format!("tags: [\"1\", latest, neu]\n{APP}"));
    let report = shop.pushed().await;
    assert_eq!(report.images[0].state, ImageState::Tagged);
    assert_eq!(reasons(&report)[0].0, ReasonKind::TagMissing);
    assert_eq!(shop.tag("app:neu"), shop.tag("app:1"));
    assert_eq!(shop.solver.seen().len(), solves);
    let record = shop.records().pop().unwrap().draft;
    assert_eq!(record.references.len(), 3);
    assert_eq!(record.platforms.len(), 2);
    assert_eq!(shop.pushed().await.images[0].state, ImageState::Current);
}

#[tokio::test]
async fn a_tag_that_somebody_else_moved_is_built_again_and_told() {
    let shop = shop().await;
    shop.pushed().await;
    let reference = Workshop::reference("app:1");
    let foreign = shop.seed("other:1", &[AMD64, ARM64]).await;
    drop(foreign);
    let other = "other:1".parse::<kiln::oci::Reference>().unwrap();
    let raw = shop
        .registry
        .get_manifest(other.repository(), &ManifestRef::of(&other))
        .await
        .unwrap()
        .unwrap();
    for (_, child) in raw.index().unwrap().images() {
        let at = ManifestRef::Digest(child.digest.clone());
        let manifest = shop.registry.get_manifest(other.repository(), &at);
        let manifest = manifest.await.unwrap().unwrap();
        let parsed = manifest.manifest().unwrap();
        for blob in parsed.layers.iter().chain([&parsed.config]) {
            let bytes = shop
                .registry
                .get_blob(other.repository(), &blob.digest, 1 << 20);
            let bytes = bytes.await.unwrap().unwrap();
            let put = shop.registry.put_blob(reference.repository(), bytes);
            put.await.unwrap();
        }
        let put = shop.registry.put_manifest(
            reference.repository(),
            &at,
            &manifest.media_type,
            manifest.bytes,
        );
        put.await.unwrap();
    }
    let at = ManifestRef::of(&reference);
    let put = shop
        .registry
        .put_manifest(reference.repository(), &at, &raw.media_type, raw.bytes);
    put.await.unwrap();
    let report = shop.pushed().await;
    assert_eq!(reasons(&report)[0].0, ReasonKind::TagMoved);
    assert_eq!(report.images[0].state, ImageState::Built);
}

#[tokio::test]
async fn two_workspaces_without_anything_shared_but_the_registry_agree() {
    let shop = shop().await;
    shop.pushed().await;
    std::fs::remove_dir_all(shop.path(".kiln")).unwrap();
    assert_eq!(shop.pushed().await.images[0].state, ImageState::Current);
}

#[tokio::test]
async fn what_is_forced_or_goes_elsewhere_is_built() {
    let shop = shop().await;
    shop.pushed().await;
    let no_cache = BuildOptions {
        no_cache: true,
        ..push()
    };
    for options in [forced(), no_cache, BuildOptions::default()] {
        let report = shop.build(&options).await.unwrap();
        assert_eq!(report.images[0].state, ImageState::Built);
    }
}

#[tokio::test]
async fn a_child_manifest_that_the_registry_lost_is_built_again() {
    let shop = Workshop::new().await;
    let text = |word: &str| {
        format!("base: debian:12\nsteps:\n  - if: arch == \"arm64\"\n    run: echo {word}\n")
    };
    shop.recipe("app", &text("하나"));
    shop.pushed().await;
    let lost = shop.index("app:1").await.0.images()[&AMD64].digest.clone();
    let reference = Workshop::reference("app:1");
    shop.registry.remove(reference.repository(), &lost);
    shop.recipe("app", &text("둘"));
    let report = shop.pushed().await;
    assert_eq!(report.images[0].state, ImageState::Built);
    assert!(!solved(&report.images[0].legs[&AMD64]).reused);
}

#[tokio::test]
async fn the_key_of_a_recipe_is_the_same_in_every_version_that_makes_the_same_image() {
    // Where this fails, images that were published before are all stale: go up with `key::FORM` if their content
    // is another one by now, and look for the cause if not.
    let shop = shop().await;
    shop.pushed().await;
    let (index, _) = shop.index("app:1").await;
    let keys: Vec<String> = [AMD64, ARM64]
        .map(|platform| annotation::key(&index, platform).unwrap().to_string())
        .to_vec();
    insta::assert_debug_snapshot!(keys);
}

#[tokio::test]
async fn a_build_that_is_forced_says_how_it_was_made_like_any_other() {
    let shop = Workshop::new().await;
    shop.write("recipes/Dockerfile", "FROM debian:12\nRUN echo 도커\n");
    shop.recipe("app", "dockerfile: {}\n");
    shop.seed("docker.io/library/python:3.11", &[AMD64, ARM64])
        .await;
    shop.recipe(
        "native",
        "base: scratch\nstages:\n  tool: {base: python:3.11, platform: native, steps: [{run: echo 도구}]}\nsteps:\n  - copy: {from: tool, src: /x, to: /x}\n",
    );
    shop.pushed().await;
    let first = [shop.index("app:1").await.1, shop.index("native:1").await.1];
    assert!(first.iter().all(|text| text.contains("dev.kiln.build-key")));
    shop.build(&forced()).await.unwrap();
    let second = [shop.index("app:1").await.1, shop.index("native:1").await.1];
    assert_eq!(first, second);
    let report = shop.pushed().await;
    assert!(
        report
            .images
            .iter()
            .all(|it| it.state == ImageState::Current)
    );
}

#[tokio::test]
async fn of_a_hundred_images_only_the_one_whose_file_was_touched_is_solved() {
    let shop = Workshop::new().await;
    for number in 0..100 {
        shop.write(&format!("앱/{number}"), "가");
        shop.recipe(
            &format!("app{number}"),
            &format!("base: debian:12\nsteps:\n  - copy: {{src: ../앱/{number}, to: /srv/}}\n"),
        );
    }
    shop.pushed().await;
    let solves = shop.solver.seen().len();
    assert_eq!(solves, 200);
    shop.write("앱/42", "나");
    let report = shop.pushed().await;
    let built = report
        .images
        .iter()
        .filter(|it| it.state == ImageState::Built);
    let built: Vec<&str> = built.map(|image| image.name.as_str()).collect();
    assert_eq!(built, ["app42"]);
    let seen = shop.solver.seen();
    let solved = seen[solves..]
        .iter()
        .map(|it| it.repository().unwrap().path());
    assert_eq!(solved.collect::<Vec<_>>(), ["team/app42"; 2]);
}
