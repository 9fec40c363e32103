//! The package steps: `apt` and `pip`.

use std::collections::BTreeMap;

use super::body::entries;
use super::fields::{Fields, Keys};
use super::files;
use super::reader::{Reader, Text};
use super::scalars;
use crate::diagnostic::Finding;
use crate::recipe::steps::{Apt, AptSource, Key, Package, PackageIndex, Pip};
use crate::text::Spanned;
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
const PIP: Keys = Keys {
    of: "`pip`",
    known: &[
        "install",
        "remove",
        "find_links",
        "options",
        "requirements",
        "constraints",
        "index",
        "upgrade",
        "deps",
        "python",
        "installer",
    ],
    later: &[],
};
const INDEX: Keys = Keys {
    of: "an index",
    known: &["url", "packages"],
    later: &[],
};

/// Reads `apt`.
pub(super) fn apt(reader: &mut Reader<'_>, node: &Node) -> Option<Apt> {
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

/// Names and package files, in the order written.
fn packages(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Vec<Package> {
    let Some(node) = fields.get("install") else {
        return Vec::new();
    };
    let mut all = Vec::new();
    for branch in reader.branches(node) {
        let NodeKind::List(items) = &branch.kind else {
            let texts = reader.list(branch).unwrap_or_default();
            all.extend(names(reader, texts));
            continue;
        };
        for item in items {
            if matches!(item.kind, NodeKind::List(_)) {
                reader.wrong_kind(item, "a package");
                continue;
            }
            for choice in reader.branches(item) {
                package(reader, choice, &mut all);
            }
        }
    }
    all
}

fn package(reader: &mut Reader<'_>, node: &Node, all: &mut Vec<Package>) {
    match &node.kind {
        NodeKind::Map(_) => all.extend(files::download(reader, node).map(Package::File)),
        NodeKind::List(items) => {
            for item in items {
                for choice in reader.branches(item) {
                    package(reader, choice, all);
                }
            }
        }
        NodeKind::Scalar(_) => {
            let texts = reader.text_or_list(node).unwrap_or_default();
            all.extend(names(reader, texts));
        }
    }
}

fn names(reader: &mut Reader<'_>, texts: Vec<Text>) -> Vec<Package> {
    let names = texts.into_iter().filter_map(|text| word(reader, text));
    names.map(Package::Name).collect()
}

/// Package names: a word that begins with `-` would be taken for an option.
fn words(reader: &mut Reader<'_>, fields: &Fields<'_>, key: &str) -> Vec<String> {
    let texts = fields
        .get(key)
        .and_then(|node| reader.list(node))
        .unwrap_or_default();
    texts
        .into_iter()
        .filter_map(|text| word(reader, text))
        .collect()
}

fn word(reader: &mut Reader<'_>, text: Text) -> Option<String> {
    if text.opaque {
        return None;
    }
    if text.value.starts_with('-') {
        reader.findings.push(
            Finding::error(
                &text.place,
                format!("`{}` is an option, not a package", text.value),
            )
            .with_help("options go into `options`"),
        );
        return None;
    }
    if text.value.trim().is_empty() {
        reader.error(&text.place, "a package name is empty");
        return None;
    }
    Some(text.value)
}

fn strings(texts: Vec<Spanned<String>>) -> Vec<String> {
    texts.into_iter().map(|text| text.value).collect()
}

/// A step that would do nothing is a mistake.
fn needs_work(reader: &mut Reader<'_>, fields: &Fields<'_>, any_of: &[&str]) {
    if !any_of.iter().any(|key| fields.is_written(key)) {
        let keys = any_of
            .iter()
            .map(|key| format!("`{key}`"))
            .collect::<Vec<_>>()
            .join(", ");
        reader.error(
            &fields.place,
            format!("this step does nothing; it needs one of {keys}"),
        );
    }
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
            files::download(reader, node).map(Key::Download)
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

/// Reads `pip`.
pub(super) fn pip(reader: &mut Reader<'_>, node: &Node) -> Option<Pip> {
    let fields = Fields::read(reader, node, PIP)?;
    let (index, package_indexes) = indexes(reader, &fields);
    let python = fields.get("python").and_then(|node| reader.text(node));
    if let Some(text) = fields.get("installer").and_then(|node| reader.text(node)) {
        reader.convert(text, |text| match text {
            "pip" => Ok(()),
            "uv" => Err("`installer: uv` is not supported yet".into()),
            _ => Err(format!(
                "`{text}` is no installer; there are `pip` and `uv`"
            )),
        });
    }
    needs_work(
        reader,
        &fields,
        &["install", "requirements", "remove", "index"],
    );
    Some(Pip {
        requirements: file_list(reader, &fields, "requirements"),
        constraints: file_list(reader, &fields, "constraints"),
        install: words(reader, &fields, "install"),
        remove: words(reader, &fields, "remove"),
        find_links: strings(fields.list(reader, "find_links")),
        options: strings(fields.list(reader, "options")),
        index,
        package_indexes,
        upgrade: fields.flag(reader, "upgrade", false),
        deps: fields.flag(reader, "deps", true),
        python: python.map_or_else(|| "python3".to_owned(), |text| text.value),
    })
}

fn file_list(reader: &mut Reader<'_>, fields: &Fields<'_>, key: &str) -> Vec<Spanned<String>> {
    let texts = fields.text_or_list(reader, key);
    texts
        .into_iter()
        .filter(|text| !text.opaque)
        .filter_map(|text| reader.workspace_path(text))
        .collect()
}

fn indexes(reader: &mut Reader<'_>, fields: &Fields<'_>) -> (Option<String>, Vec<PackageIndex>) {
    let Some(node) = fields.get("index") else {
        return (None, Vec::new());
    };
    let mut default = None;
    let mut for_packages = Vec::new();
    for branch in reader.branches(node) {
        let NodeKind::List(items) = &branch.kind else {
            let text = reader.text(branch);
            default = text
                .and_then(|text| reader.convert(text, scalars::url))
                .map(|u| u.value);
            continue;
        };
        for item in items {
            for item in reader.branches(item) {
                if matches!(item.kind, NodeKind::Map(_)) {
                    for_packages.extend(package_index(reader, item));
                } else if let Some(text) = reader.text(item) {
                    let url = reader.convert(text, scalars::url).map(|url| url.value);
                    default = default.or(url);
                }
            }
        }
    }
    (default, for_packages)
}

fn package_index(reader: &mut Reader<'_>, node: &Node) -> Option<PackageIndex> {
    let fields = Fields::read(reader, node, INDEX)?;
    fields.require(reader, "packages");
    let packages = words(reader, &fields, "packages");
    let url = fields
        .require(reader, "url")
        .and_then(|node| reader.text(node))?;
    let url = reader.convert(url, scalars::url)?;
    Some(PackageIndex {
        url: url.value,
        packages,
    })
}
