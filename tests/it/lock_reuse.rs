//! What the lock means for the question what is up to date.

use kiln::ops::ReasonKind;
use kiln::ops::build::ImageState;
use kiln::registry::Operation;

use crate::build::{AMD64, ARM64, Workshop, image_of, put_image, put_index};

const COMMIT: &str = "993fad6aebed2b06b7fd1d6c1dbda1a1a9a4a5a6";
const APP: &str = "base: debian:12\nrefresh: quarterly\nsteps:\n  - fetch: {url: \"https://example.com/größe.txt\", to: /g}\n  - git: {url: \"https://example.com/blas.git\", ref: v0.3, to: /b}\n";

/// A lock that has everything that the recipe wants.
async fn lock(shop: &Workshop, period: &str, checksum: char, commit: &str) -> String {
    let seeded = shop.seed("debian:12", &[AMD64, ARM64]).await;
    let reference = "docker.io/library/debian:12".parse().unwrap();
    let at = kiln::registry::ManifestRef::of(&reference);
    let raw = kiln::registry::Registry::get_manifest(
        shop.registry.as_ref(),
        kiln::oci::Reference::repository(&reference),
        &at,
    );
    let index = raw.await.unwrap().unwrap();
    drop(seeded);
    let children = index.index().unwrap();
    let child = |platform| children.images()[&platform].digest.clone();
    shop.registry.forget_requests();
    format!(
        "lock: 1\nperiod: {period}\nimages:\n  docker.io/library/debian:12:\n    index: {}\n    linux/amd64: {}\n    linux/arm64: {}\nfetch:\n  https://example.com/größe.txt: sha256:{}\ngit:\n  https://example.com/blas.git:\n    v0.3: {commit}\n",
        index.digest,
        child(AMD64),
        child(ARM64),
        checksum.to_string().repeat(64),
    )
}

async fn shop() -> Workshop {
    let shop = Workshop::new().await;
    shop.recipe("app", APP);
    shop.write("kiln.lock", &lock(&shop, "2026Q4", 'a', COMMIT).await);
    shop.pushed().await;
    shop.registry.forget_requests();
    shop
}

#[tokio::test]
async fn of_a_base_that_the_lock_has_nobody_is_asked_and_where_it_moves_does_not_matter() {
    let shop = shop().await;
    let reference = "debian:12".parse().unwrap();
    let mut entries = Vec::new();
    for platform in [AMD64, ARM64] {
        let config = image_of(platform, "neu");
        let entry = put_image(shop.registry.as_ref(), &reference, &config, "neu").await;
        entries.push(entry.with_platform(platform));
    }
    put_index(shop.registry.as_ref(), &reference, entries).await;
    shop.registry.forget_requests();
    let report = shop.pushed().await;
    assert_eq!(report.images[0].state, ImageState::Current, "{report:?}");
    let requests = shop.registry.requests();
    let asked: Vec<Operation> = requests.iter().map(|it| it.operation).collect();
    assert_eq!(asked, [Operation::GetManifest]);
}

#[tokio::test]
async fn each_pin_and_the_period_make_stale_what_they_speak_of() {
    let other = COMMIT.replace('9', "8");
    let cases = [
        ("2026Q4", 'b', COMMIT, ReasonKind::Lock, "größe.txt"),
        ("2026Q4", 'a', &other, ReasonKind::Lock, "blas.git v0.3"),
        (
            "2027Q1",
            'a',
            COMMIT,
            ReasonKind::Refresh,
            "2026Q4 to 2027Q1",
        ),
    ];
    for (period, checksum, commit, kind, words) in cases {
        let shop = shop().await;
        shop.write("kiln.lock", &lock(&shop, period, checksum, commit).await);
        let report = shop.pushed().await;
        let image = &report.images[0];
        assert_eq!(image.state, ImageState::Built);
        for reason in &image.reasons {
            assert_eq!(reason.kind, kind, "{reason:?}");
            assert!(reason.message.contains(words), "{reason:?}");
            assert!(reason.place.is_some());
        }
        assert!(!image.reasons.is_empty());
        assert_eq!(shop.pushed().await.images[0].state, ImageState::Current);
    }
}

#[tokio::test]
async fn the_period_is_nothing_to_an_image_that_does_not_say_refresh() {
    let shop = Workshop::new().await;
    shop.recipe("app", &APP.replace("refresh: quarterly\n", ""));
    shop.write("kiln.lock", &lock(&shop, "2026Q4", 'a', COMMIT).await);
    shop.pushed().await;
    shop.write("kiln.lock", &lock(&shop, "2027Q1", 'a', COMMIT).await);
    assert_eq!(shop.pushed().await.images[0].state, ImageState::Current);
}
