//! What is known of an image, and all that is said of it.

use std::collections::BTreeMap;

use super::config::SeenConfig;
use super::finding::ImageFinding;
use super::{index, labels, name};
use crate::kernel::{Releases, is_label};
use crate::oci::{Digest, Index, Reference, Tag};

/// An image of one platform.
#[derive(Debug, Clone)]
pub struct SeenImage {
    /// Its platform, as text.
    pub platform: String,
    /// Its configuration, where it could be read.
    pub config: Option<SeenConfig>,
}

/// What is known of a published image.
#[derive(Debug, Clone)]
pub struct ImageView<'a> {
    /// The name it was asked for by.
    pub reference: &'a Reference,
    /// Its index, where it is one that reads, and the bytes of it.
    pub index: Option<(&'a Index, &'a [u8])>,
    /// The images in it.
    pub images: &'a [SeenImage],
    /// Tags of the repository that are fallbacks of the referrers API.
    pub referrers: &'a [Tag],
    /// Digests of the index and of all that it lists.
    pub digests: &'a [Digest],
    /// Tags that lead to the same index, the one asked for left out.
    pub twins: &'a [Tag],
    /// The releases of Backend.AI that count.
    pub releases: &'a Releases,
}

impl ImageView<'_> {
    /// The labels of each platform whose configuration could be read.
    pub(super) fn labels(&self) -> impl Iterator<Item = (&str, &BTreeMap<String, String>)> {
        let images = self.images.iter();
        images.filter_map(|image| Some((image.platform.as_str(), &image.config.as_ref()?.labels)))
    }
}

/// Whether images are a kernel of Backend.AI: one of them has a label of the platform.
pub fn is_kernel(images: &[SeenImage]) -> bool {
    let configs = images.iter().filter_map(|image| image.config.as_ref());
    let mut keys = configs.flat_map(|config| {
        let odd = config.no_texts.iter().map(|(key, _)| key);
        config.labels.keys().chain(odd)
    });
    keys.any(|key| is_label(key))
}

/// Everything that Backend.AI minds of a kernel beyond what every image is asked: that is found on the way through it.
pub fn judge(view: &ImageView<'_>) -> Vec<ImageFinding> {
    let mut findings = Vec::new();
    if let Some((index, bytes)) = view.index {
        index::check(index, bytes, view.releases, &mut findings);
    }
    labels::check(view, &mut findings);
    name::check(view, &mut findings);
    let heard = |finding: &ImageFinding| {
        let range = finding.range;
        range.is_none_or(|range| range.concerns(view.releases))
    };
    findings.retain(heard);
    findings
}
