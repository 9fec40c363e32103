//! Rebuilds in a workshop.

use std::sync::Arc;
use std::time::Duration;

use kiln::oci::{Platform, Reference};
use kiln::ops::OpError;
use kiln::ops::build::{Event, EventSink};
use kiln::ops::connect::Backends;
use kiln::ops::rebuild::{
    After, Guard, RebuildOptions, RebuildReport, Scope, Verdict, begin, finish,
};

use super::seed::{image_of, put_image, put_index};
use super::workshop::{AMD64, ARM64, Workshop};

/// Rebuilds a scope.
pub(crate) async fn rebuild(shop: &Workshop, scope: Scope) -> Result<RebuildReport, OpError> {
    let options = RebuildOptions {
        scope,
        ..RebuildOptions::default()
    };
    rebuild_with(shop, &options, shop.backends(), |_| {}).await
}

/// The same with more options, other backends, and something that is done at each event.
pub(crate) async fn rebuild_with(
    shop: &Workshop,
    options: &RebuildOptions,
    mut backends: Backends,
    at: impl Fn(&Event) + Send + Sync + 'static,
) -> Result<RebuildReport, OpError> {
    let loaded = shop.load();
    let guard = Guard::take(&shop.path(""))?;
    let registry = Arc::clone(&backends.registry);
    let origin = Arc::clone(&backends.origin);
    let started = begin(guard, &loaded, options, origin.as_ref(), registry.as_ref()).await?;
    if started.is_idle() {
        backends.builders.clear();
    }
    let sink = EventSink::new(move |event| at(&event));
    let done = finish(started, &loaded, &backends, &sink);
    let done = tokio::time::timeout(Duration::from_secs(20), done).await;
    done.expect("the rebuild waits for something that does not come")
}

/// What became of each image, in build order.
pub(crate) fn verdicts(report: &RebuildReport) -> Vec<(&str, Verdict)> {
    let images = report.build.images.iter().zip(&report.images);
    images
        .map(|(image, rebuilt)| (image.name.as_str(), rebuilt.verdict))
        .collect()
}

/// What is true of an image afterwards.
pub(crate) fn after<'a>(report: &'a RebuildReport, name: &str) -> &'a After {
    let mut images = report.build.images.iter().zip(&report.images);
    let found = images.find(|(image, _)| image.name == name);
    &found.unwrap().1.after
}

/// A base is another one from now on, on both platforms.
pub(crate) async fn move_base(shop: &Workshop, reference: &str, word: &str) {
    let reference: Reference = reference.parse().unwrap();
    let mut entries = Vec::new();
    for platform in [AMD64, ARM64] {
        let entry = entry(shop, &reference, platform, word).await;
        entries.push(entry);
    }
    put_index(shop.registry.as_ref(), &reference, entries).await;
    shop.registry.forget_requests();
}

async fn entry(
    shop: &Workshop,
    reference: &Reference,
    platform: Platform,
    word: &str,
) -> kiln::oci::Descriptor {
    let config = image_of(platform, word);
    let entry = put_image(shop.registry.as_ref(), reference, &config, word).await;
    entry.with_platform(platform)
}
