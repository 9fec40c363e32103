//! Maps with a closed set of keys.

use super::reader::Reader;
use crate::text::{Place, Spanned};
pub(crate) use crate::yaml::Keys;
use crate::yaml::{Entry, Node, checked_entries};

/// A map whose keys have been checked.
pub(crate) struct Fields<'n> {
    pub(crate) place: Place,
    of: &'static str,
    entries: &'n [Entry],
}

impl<'n> Fields<'n> {
    /// Checks a node's keys; nothing comes back where it is no map.
    pub(crate) fn read(reader: &mut Reader<'_>, node: &'n Node, keys: Keys) -> Option<Self> {
        let entries = checked_entries(node, keys, reader.findings)?;
        Some(Self {
            place: node.place.clone(),
            of: keys.of,
            entries,
        })
    }

    /// The value of a key.
    pub(crate) fn get(&self, key: &str) -> Option<&'n Node> {
        self.entries
            .iter()
            .find(|entry| entry.key.value == key)
            .map(|entry| &entry.value)
    }

    /// The key's own place.
    pub(crate) fn key(&self, key: &str) -> Option<&'n Spanned<String>> {
        self.entries
            .iter()
            .find(|entry| entry.key.value == key)
            .map(|entry| &entry.key)
    }

    /// The value of a key that must be there.
    pub(crate) fn require(&self, reader: &mut Reader<'_>, key: &str) -> Option<&'n Node> {
        let found = self.get(key);
        if found.is_none() {
            reader.error(&self.place, format!("{} needs `{key}`", self.of));
        }
        found
    }

    /// A boolean with a default.
    pub(crate) fn flag(&self, reader: &mut Reader<'_>, key: &str, default: bool) -> bool {
        self.get(key)
            .and_then(|node| reader.bool(node))
            .unwrap_or(default)
    }

    /// A list of strings; empty where the key is not there.
    pub(crate) fn list(&self, reader: &mut Reader<'_>, key: &str) -> Vec<Spanned<String>> {
        let items = self
            .get(key)
            .and_then(|node| reader.list(node))
            .unwrap_or_default();
        items
            .into_iter()
            .map(super::reader::Text::spanned)
            .collect()
    }

    /// A string or list of strings; empty where the key is not there.
    pub(crate) fn text_or_list(
        &self,
        reader: &mut Reader<'_>,
        key: &str,
    ) -> Vec<super::reader::Text> {
        self.get(key)
            .and_then(|node| reader.text_or_list(node))
            .unwrap_or_default()
    }
}
