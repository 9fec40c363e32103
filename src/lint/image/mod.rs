//! What is to be said of a published image, whoever built it: named checks on its index, its configurations, its
//! labels and its name.
//!
//! Everything here judges what others fetched. Wholeness is asked of every image; what Backend.AI asks of an index
//! besides, of kernels only: images with a label of the platform. Findings say which check found them, and a finding
//! that a recipe could have as well has the id of the same rule.
//!
//! Must not know registries.

mod any;
mod check;
mod config;
mod finding;
mod index;
mod judge;
mod kernel;
mod labels;
mod name;
mod page;

pub(crate) use any::{
    CONFIG_FORM, CONTENT_PRESENT, IMAGE_INDEX, INDEX_FLAT, INDEX_FORM, MANIFEST_FORM,
};
pub use check::{CHECKS, ImageCheck, Scope, image_check};
pub use config::SeenConfig;
pub use finding::ImageFinding;
pub use index::of_fault;
pub use judge::{ImageView, SeenImage, is_kernel, judge};
pub(crate) use kernel::{REFERRERS_TAG, TAG_GRAMMAR, TAG_SINGLE};
pub use name::{is_referrers_tag, minds_twins};
pub use page::image_page;
pub(super) use page::{explain_check, overview_of_checks};
