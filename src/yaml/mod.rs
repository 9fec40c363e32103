//! YAML text as a tree in which every key and scalar knows its place.
//!
//! The only user of the YAML crate. Recipes, `kiln.yaml` and the lock are read through it. It keeps
//! what a serde model would lose: the style of a scalar (a quoted `"3.10"` is text, a plain one
//! is a mistake), the order of keys, and the bytes each of them covers. Anchors, aliases, tags
//! and a second document are refused here, since sharing in kiln is written with its own words.
//!
//! Must not know recipes.

mod build;
mod keys;
mod plain;
mod shared;
mod write;

use std::sync::Arc;

use crate::diagnostic::Findings;
use crate::text::{Place, SourceFile, Spanned};

pub use keys::{Keys, checked_entries, is_text, text, texts};
pub use plain::{Plain, classify};
pub use shared::Shared;
pub use write::{block, scalar};

/// The most bytes a file may have.
pub const MAX_BYTES: usize = 1 << 20;
/// The deepest nesting of lists and maps.
pub const MAX_DEPTH: usize = 64;
/// The most nodes in a file.
pub const MAX_NODES: usize = 50_000;

/// A value and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Where it stands. A block list or map covers its first entry's start only.
    pub place: Place,
    /// What it is.
    pub kind: NodeKind,
}

/// The three forms of a YAML value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NodeKind {
    /// Text, in some style.
    Scalar(Scalar),
    /// A sequence.
    List(Shared<Node>),
    /// A mapping with string keys, in the order written.
    Map(Shared<Entry>),
}

/// A scalar after YAML's own unescaping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scalar {
    /// The text.
    pub text: String,
    /// Whether it was written without quotes and not as a block: only then could another reader take
    /// it for a number, a date or a boolean.
    pub plain: bool,
}

/// One entry of a map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The key.
    pub key: Spanned<String>,
    /// The value.
    pub value: Node,
}

impl Node {
    /// What the node is, in words for messages.
    pub fn describe(&self) -> &'static str {
        match &self.kind {
            NodeKind::List(_) => "a list",
            NodeKind::Map(_) => "a map",
            NodeKind::Scalar(scalar) if scalar.plain => match classify(&scalar.text) {
                Plain::Null => "an empty value",
                Plain::Bool(_) => "a boolean",
                _ => "a string",
            },
            NodeKind::Scalar(_) => "a string",
        }
    }

    /// The entry of a key; nothing for what is no map.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        match &self.kind {
            NodeKind::Map(entries) => entries.iter().find(|entry| entry.key.value == key),
            _ => None,
        }
    }

    /// The value of a key, if this is a map that has it.
    pub fn get(&self, key: &str) -> Option<&Self> {
        match &self.kind {
            NodeKind::Map(entries) => entries
                .iter()
                .find(|entry| entry.key.value == key)
                .map(|entry| &entry.value),
            _ => None,
        }
    }

    /// Whether this is a plain `null`, `~` or nothing at all.
    pub fn is_null(&self) -> bool {
        matches!(&self.kind, NodeKind::Scalar(scalar)
            if scalar.plain && classify(&scalar.text) == Plain::Null)
    }
}

/// Reads a file. Nothing comes back where the text is no YAML; what can be gone on with, such as a
/// key written twice, is reported and read over.
pub fn parse(source: &Arc<SourceFile>, findings: &mut Findings) -> Option<Node> {
    build::parse(source, (MAX_BYTES, MAX_NODES), findings)
}

/// The same within other limits: so many bytes, and so many nodes.
pub fn parse_within(
    source: &Arc<SourceFile>,
    limits: (usize, usize),
    findings: &mut Findings,
) -> Option<Node> {
    build::parse(source, limits, findings)
}

#[cfg(test)]
mod tests {
    use super::{Node, NodeKind, parse};
    use crate::diagnostic::Findings;
    use crate::text::SourceFile;

    fn read(text: &str) -> (Option<Node>, Vec<String>) {
        let source = SourceFile::new("r.yaml", text);
        let mut findings = Findings::new();
        let node = parse(&source, &mut findings);
        let messages = findings
            .sorted()
            .iter()
            .map(|finding| format!("{} {}", finding.place, finding.message))
            .collect();
        (node, messages)
    }

    #[test]
    fn every_key_and_scalar_has_its_bytes_after_non_ascii_text() {
        let text = "# 설명 ☕\nname: \"é한\"\nlist: [a, 나]\n";
        let (node, messages) = read(text);
        assert!(messages.is_empty(), "{messages:?}");
        let node = node.unwrap();
        let name = node.get("name").unwrap();
        assert_eq!(name.place.source.slice(name.place.span), "\"é한\"");
        let NodeKind::List(items) = &node.get("list").unwrap().kind else {
            panic!("no list")
        };
        assert_eq!(items[1].place.to_string(), "r.yaml:3:11");
        assert_eq!(items[1].place.source.slice(items[1].place.span), "나");
    }

    #[test]
    fn sharing_by_yaml_means_is_refused_with_the_place() {
        let (_, messages) = read("a: &x 1\nb: *x\nc: !t 2\n<<: {d: 1}\n");
        let joined = messages.join("\n");
        for expected in [
            "r.yaml:1:4 anchors",
            "r.yaml:2:4 aliases",
            "tags",
            "merge keys",
        ] {
            assert!(joined.contains(expected), "{expected} not in\n{joined}");
        }
    }

    #[test]
    fn a_key_written_twice_is_reported_and_the_rest_still_read() {
        let (node, messages) = read("a: 1\nb: 2\na: 3\n");
        assert_eq!(messages, ["r.yaml:3:1 `a` stands twice in this map"]);
        assert!(node.unwrap().get("b").is_some());
    }

    #[test]
    fn broken_and_hostile_text_is_refused_quickly() {
        for text in ["a: [1, 2", "a: \"x", "--- a\n--- b\n", "", "a: 1\n\tb: 2\n"] {
            let (node, messages) = read(text);
            assert!(
                node.is_none() || !messages.is_empty(),
                "{text:?} was accepted"
            );
            assert!(!messages.is_empty(), "{text:?} has no message");
        }
        assert!(read(&"[".repeat(100_000)).0.is_none());
        assert!(read(&format!("a: {}", "x".repeat(2 << 20))).0.is_none());
    }
}
