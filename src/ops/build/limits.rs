//! What a recipe's `limits` refuse of finished images: those that came out too large.

use super::report::{Failure, FailureKind};
use crate::oci::{ImageConfig, Manifest};
use crate::recipe::Limits;
use crate::text::{Spanned, size_words};

/// Layers that are named where an image is too large.
const NAMED: usize = 3;

/// Refuses an image, or a layer of it, that is larger than it may be.
pub(super) fn sizes(
    limits: &Limits,
    manifest: &Manifest,
    config: &ImageConfig,
) -> Result<(), Box<Failure>> {
    let whole = manifest.layers_size();
    let largest = manifest.layers.iter().map(|layer| layer.size).max();
    let checks = [
        ("the image has", &limits.image_size, whole),
        (
            "its largest layer has",
            &limits.layer_size,
            largest.unwrap_or(0),
        ),
    ];
    for (what, limit, size) in checks {
        if let Some(limit) = limit.as_ref().filter(|limit| size > limit.value) {
            return Err(too_large(what, limit, size, layers(manifest, config)));
        }
    }
    Ok(())
}

fn too_large(what: &str, limit: &Spanned<u64>, size: u64, layers: Vec<String>) -> Box<Failure> {
    let (has, may) = (size_words(size), size_words(limit.value));
    // Sizes that differ by little look alike when they are rounded.
    let exact = if has == may {
        format!(" ({size} bytes, not {})", limit.value)
    } else {
        String::new()
    };
    Box::new(Failure {
        kind: FailureKind::Limit {
            place: limit.place.clone(),
            layers,
        },
        message: format!("{what} {has} compressed, and may have {may}{exact}"),
        next: Some(
            "make the steps of the largest layers leave less, or raise the limit".to_owned(),
        ),
    })
}

/// The largest layers, each with its size and the words of its history.
fn layers(manifest: &Manifest, config: &ImageConfig) -> Vec<String> {
    let made = config.history.iter().filter(|entry| !entry.empty_layer);
    let made: Vec<&str> = made
        .map(|entry| entry.created_by.as_deref().unwrap_or_default())
        .collect();
    let mut layers: Vec<(usize, u64)> = manifest
        .layers
        .iter()
        .map(|layer| layer.size)
        .enumerate()
        .collect();
    layers.sort_by_key(|&(at, size)| (std::cmp::Reverse(size), at));
    let all = layers.len();
    let words = layers.into_iter().take(NAMED).map(|(at, size)| {
        // Another number of entries than of layers says nothing about either.
        let of = if made.len() == all { made[at] } else { "" };
        let line: String = of
            .lines()
            .next()
            .unwrap_or_default()
            .chars()
            .take(80)
            .collect();
        format!("layer {} of {all}, {}: {line}", at + 1, size_words(size))
    });
    words
        .map(|words| words.trim_end_matches([':', ' ']).to_owned())
        .collect()
}
