//! `apt` with its package sources.

use std::collections::BTreeMap;

use super::{needs_work, packages, strings, words};
use crate::recipe::parse::body::entries;
use crate::recipe::parse::fields::{Fields, Keys};
use crate::recipe::parse::files;
use crate::recipe::parse::reader::Reader;
use crate::recipe::steps::{Apt, AptSource, Key};
use crate::yaml::{Node, NodeKind};

const APT: Keys = Keys {
    of: "`apt`",
    known: &[
        "install",
        "remove",
        "options",
        "upgrade",
        "recommends",
        "sources",
    ],
    later: &[],
};
const SOURCE: Keys = Keys {
    of: "a package source",
    known: &["uris", "suites", "components", "architectures", "key"],
    later: &[],
};
/// Reads `apt`.
pub(in crate::recipe::parse) fn apt(reader: &mut Reader<'_>, node: &Node) -> Option<Apt> {
    let fields = Fields::read(reader, node, APT)?;
    let apt = Apt {
        install: packages(reader, &fields),
        remove: words(reader, &fields, "remove"),
        options: strings(fields.list(reader, "options")),
        upgrade: fields.flag(reader, "upgrade", false),
        recommends: fields.flag(reader, "recommends", false),
        sources: sources(reader, &fields),
    };
    needs_work(
        reader,
        &fields,
        &["install", "remove", "upgrade", "sources"],
    );
    Some(apt)
}

fn sources(reader: &mut Reader<'_>, fields: &Fields<'_>) -> BTreeMap<String, AptSource> {
    let mut all = BTreeMap::new();
    let Some(node) = fields.get("sources") else {
        return all;
    };
    for (name, value) in entries(reader, node, "sources") {
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if name.value.is_empty() || !name.value.chars().all(fits) {
            let message = format!(
                "`{}` cannot be a file name; use letters, digits, `-`",
                name.value
            );
            reader.error(&name.place, message);
        }
        if let Some(source) = reader.one(value, source) {
            all.insert(name.value.clone(), source);
        }
    }
    all
}

fn source(reader: &mut Reader<'_>, node: &Node) -> Option<AptSource> {
    let fields = Fields::read(reader, node, SOURCE)?;
    fields.require(reader, "uris");
    fields.require(reader, "suites");
    let mut one_line = |key: &str| -> Vec<String> {
        let mut all = Vec::new();
        for text in fields.text_or_list(reader, key) {
            if text.value.chars().any(char::is_whitespace) {
                reader.error(&text.place, "this goes into one line of a file: no blanks");
            }
            all.push(text.value);
        }
        all
    };
    Some(AptSource {
        uris: one_line("uris"),
        suites: one_line("suites"),
        components: one_line("components"),
        architectures: one_line("architectures"),
        key: fields.get("key").and_then(|node| key(reader, node)),
    })
}

fn key(reader: &mut Reader<'_>, node: &Node) -> Option<Key> {
    reader.one(node, |reader, node| {
        if let NodeKind::Map(_) = &node.kind {
            files::file(reader, node).map(Key::Download)
        } else {
            let text = reader.text(node)?;
            if text.opaque {
                None
            } else {
                reader.workspace_path(text).map(Key::File)
            }
        }
    })
}
