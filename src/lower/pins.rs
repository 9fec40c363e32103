//! What names in a recipe resolve to.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Lowered;
use crate::lock::Lock;
use crate::oci::{Digest, ImageConfig, Platform, Reference};
use crate::recipe::RecipeRef;

/// An image of a registry, for one platform.
#[derive(Debug, Clone)]
pub struct PinnedImage {
    /// The reference to build on, with a digest.
    pub reference: Reference,
    /// The platform's manifest.
    pub manifest: Digest,
    /// The platform's configuration.
    pub config: ImageConfig,
    /// Its bytes as read.
    pub config_bytes: Vec<u8>,
}

/// An image of an OCI layout, for one platform.
#[derive(Debug, Clone)]
pub struct PinnedLayout {
    /// The name the session serves the layout under.
    pub store: String,
    /// What to build on: the layout's index or manifest.
    pub digest: Digest,
    /// The platform's manifest.
    pub manifest: Digest,
    /// The platform's configuration.
    pub config: ImageConfig,
    /// Its bytes as read.
    pub config_bytes: Vec<u8>,
}

/// An image of this workspace that another one begins with or copies from.
#[derive(Debug, Clone)]
pub enum Parent {
    /// It is in the registry.
    Published(Box<PinnedImage>),
    /// It is in an OCI layout that the session serves.
    Laid(Box<PinnedLayout>),
    /// It is part of the same graph.
    Graph(Box<Lowered>),
}

/// What a manifest says it is based on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseRecord {
    /// The base as the recipe names it, in full form.
    pub name: String,
    /// The digest of its manifest for this platform, where it has one.
    pub digest: Option<Digest>,
}

/// All names of an image that were resolved before its graph was made.
#[derive(Debug, Clone, Default)]
pub struct Pins {
    images: BTreeMap<(String, Platform), PinnedImage>,
    parents: BTreeMap<(RecipeRef, Platform), (String, Parent)>,
    layouts: BTreeMap<(String, String, Platform), PinnedLayout>,
    dockerfile: Option<Parent>,
    lock: Option<Arc<Lock>>,
}

impl Pins {
    /// Adds what a reference stands for.
    pub fn add_image(&mut self, reference: &Reference, platform: Platform, pin: PinnedImage) {
        self.images.insert((reference.to_string(), platform), pin);
    }

    /// What a reference stands for.
    pub fn image(&self, reference: &Reference, platform: Platform) -> Option<&PinnedImage> {
        self.images.get(&(reference.to_string(), platform))
    }

    /// Adds an image of this workspace and the name it is published under.
    pub fn add_parent(
        &mut self,
        reference: RecipeRef,
        platform: Platform,
        name: String,
        parent: Parent,
    ) {
        self.parents.insert((reference, platform), (name, parent));
    }

    /// An image of this workspace and the name it is published under.
    pub fn parent(&self, reference: &RecipeRef, platform: Platform) -> Option<&(String, Parent)> {
        self.parents.get(&(reference.clone(), platform))
    }

    /// Sets the workspace's lock, which says what downloads, checkouts and requirements stand for.
    pub fn set_lock(&mut self, lock: Option<Arc<Lock>>) {
        self.lock = lock;
    }

    /// The workspace's lock.
    pub fn lock(&self) -> Option<&Lock> {
        self.lock.as_deref()
    }

    /// Sets what the Dockerfile of the image has become.
    pub fn set_dockerfile(&mut self, result: Parent) {
        self.dockerfile = Some(result);
    }

    /// What the Dockerfile of the image has become; nothing before it was built.
    pub fn dockerfile(&self) -> Option<&Parent> {
        self.dockerfile.as_ref()
    }

    /// Adds an image of an OCI layout.
    pub fn add_layout(&mut self, folder: &str, tag: &str, platform: Platform, pin: PinnedLayout) {
        self.layouts
            .insert((folder.to_owned(), tag.to_owned(), platform), pin);
    }

    /// An image of an OCI layout.
    pub fn layout(&self, folder: &str, tag: &str, platform: Platform) -> Option<&PinnedLayout> {
        self.layouts
            .get(&(folder.to_owned(), tag.to_owned(), platform))
    }
}
