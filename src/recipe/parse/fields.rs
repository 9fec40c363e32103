//! Maps with a closed set of keys.

use std::ops::Range;

use super::reader::{Pass, Reader, Text, is_conditional};
use crate::diagnostic::{Finding, nearest};
use crate::text::{Place, Spanned};
pub(crate) use crate::yaml::Keys;
use crate::yaml::{Node, checked_entries};

type Field<'n> = (&'n Spanned<String>, &'n Node);

/// How many unknown keys of a map may excuse a missing one: a file of nothing but unknown keys is beyond that.
const MAX_MISSPELT: usize = 16;

/// A map whose keys have been checked. In the expand pass a key whose condition yields nothing is absent.
pub(crate) struct Fields<'n> {
    pub(crate) place: Place,
    of: &'static str,
    entries: Vec<Field<'n>>,
    /// Keys that are written and yield nothing.
    dropped: Vec<&'n Spanned<String>>,
    /// Keys that a misspelt one was probably meant to be: what they would say is not missed.
    misspelt: Vec<&'static str>,
    /// The names that conditions of whole keys asked for: see [`Reader::remembered`].
    pub(super) asked: Range<usize>,
}

impl<'n> Fields<'n> {
    /// Checks a node's keys; nothing comes back where it is no map.
    pub(crate) fn read(reader: &mut Reader<'_>, node: &'n Node, keys: Keys) -> Option<Self> {
        let mut fields = Self::as_written(reader, node, keys)?;
        if let Pass::Expand(scope, _) = reader.pass {
            let mark = scope.mark();
            fields.resolve(reader);
            fields.asked = mark..scope.mark();
        }
        Some(fields)
    }

    /// The same with every condition still inside.
    pub(crate) fn as_written(reader: &mut Reader<'_>, node: &'n Node, keys: Keys) -> Option<Self> {
        let entries = checked_entries(node, keys, reader.findings)?;
        let misspelt = entries
            .iter()
            .filter(|entry| !keys.known.contains(&entry.key.value.as_str()))
            .take(MAX_MISSPELT)
            .filter_map(|entry| nearest(&entry.key.value, keys.known.iter().copied()));
        Some(Self {
            place: node.place.clone(),
            of: keys.of,
            misspelt: misspelt.collect(),
            dropped: Vec::new(),
            asked: 0..0,
            entries: entries
                .iter()
                .map(|entry| (&entry.key, &entry.value))
                .collect(),
        })
    }

    fn resolve(&mut self, reader: &mut Reader<'_>) {
        for (key, value) in std::mem::take(&mut self.entries) {
            if !is_conditional(value) {
                self.entries.push((key, value));
                continue;
            }
            let before = reader.findings.len();
            match reader.branches(value).as_slice() {
                [one] => self.entries.push((key, one)),
                [] if reader.findings.len() == before => self.dropped.push(key),
                // What went wrong has been reported; the key counts as there.
                _ => self.entries.push((key, value)),
            }
        }
    }

    /// The value of a key.
    pub(crate) fn get(&self, key: &str) -> Option<&'n Node> {
        self.find(key).map(|(_, value)| value)
    }

    /// The key's own place.
    pub(crate) fn key(&self, key: &str) -> Option<&'n Spanned<String>> {
        self.find(key).map(|(key, _)| key)
    }

    fn find(&self, key: &str) -> Option<Field<'n>> {
        let found = self.entries.iter().find(|(own, _)| own.value == key);
        found.copied()
    }

    /// Whether a key stands in the file, or one that was probably meant to be it.
    pub(crate) fn is_written(&self, key: &str) -> bool {
        self.find(key).is_some()
            || self.dropped.iter().any(|own| own.value == key)
            || self.is_misspelt(key)
    }

    /// Whether an unknown key was probably meant to be this one.
    pub(crate) fn is_misspelt(&self, key: &str) -> bool {
        self.misspelt.contains(&key)
    }

    /// The value of a key that must be there.
    pub(crate) fn require(&self, reader: &mut Reader<'_>, key: &str) -> Option<&'n Node> {
        let found = self.get(key);
        // A recipe may have it from a file that could not be read.
        if found.is_some() || self.is_misspelt(key) || !reader.names().whole {
            return found;
        }
        let dropped = self.dropped.iter().find(|own| own.value == key);
        let message = format!("{} needs `{key}`", self.of);
        if let Some(key) = dropped {
            let finding = Finding::error(
                &key.place,
                format!("{message}, and this yields nothing{}", reader.about()),
            );
            let finding = finding.with_help("add an `else`");
            reader.findings.push(finding.with_rule("missing-key"));
        } else {
            reader
                .findings
                .error_of("missing-key", &self.place, message);
        }
        None
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
        items.into_iter().map(Text::spanned).collect()
    }

    /// A string or list of strings; empty where the key is not there.
    pub(crate) fn text_or_list(&self, reader: &mut Reader<'_>, key: &str) -> Vec<Text> {
        self.get(key)
            .and_then(|node| reader.text_or_list(node))
            .unwrap_or_default()
    }
}
