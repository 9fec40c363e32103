//! What a recipe says of a kernel of Backend.AI, resolved.

use std::collections::BTreeMap;

use crate::kernel::Releases;
use crate::text::{Place, Spanned};

/// A kernel of Backend.AI: its labels, each with its place, and the files that go with them.
#[derive(Debug, Clone, Default)]
pub struct Kernel {
    /// Where `kernel` stands; nothing where the platform's labels stand in `labels` only.
    pub place: Option<Place>,
    /// The labels that `kernel` becomes.
    pub labels: BTreeMap<String, Spanned<String>>,
    /// The platform's labels in `labels`.
    pub raw: BTreeMap<String, Spanned<String>>,
    /// Definitions of its services.
    pub definitions: Vec<ServiceDefinition>,
    /// The releases that it must satisfy.
    pub releases: Releases,
}

/// A file that says how a service is started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceDefinition {
    /// The service.
    pub name: String,
    /// The file's path in the image.
    pub path: String,
    /// Its content, rendered.
    pub content: String,
    /// Where the recipe speaks of it.
    pub place: Place,
}

impl Kernel {
    /// All labels of the platform that the recipe gives.
    pub fn all_labels(&self) -> BTreeMap<String, String> {
        let all = self.raw.iter().chain(&self.labels);
        all.map(|(key, value)| (key.clone(), value.value.clone()))
            .collect()
    }

    /// Where a label stands, or where a missing one would be looked for.
    pub fn place_of(&self, key: &str) -> Option<&Place> {
        let own = self.labels.get(key).or_else(|| self.raw.get(key));
        own.map(|value| &value.place)
            .or(self.place.as_ref())
            .or_else(|| self.raw.values().next().map(|value| &value.place))
    }
}
