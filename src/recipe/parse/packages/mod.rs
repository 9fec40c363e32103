//! The package steps, a file per tool; what they share is here.

mod apk;
mod apt;
mod conda;
mod dnf;
mod pip;

use super::fields::Fields;
use super::files;
use super::reader::{Reader, Text};
use crate::diagnostic::Finding;
use crate::recipe::steps::Package;
use crate::text::Spanned;
use crate::yaml::{Node, NodeKind};

pub(super) use apk::apk;
pub(super) use apt::apt;
pub(super) use conda::conda;
pub(super) use dnf::dnf;
pub(super) use pip::pip;

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
        NodeKind::Map(_) => all.extend(files::file(reader, node).map(Package::File)),
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
