//! `pip` with its indexes, whichever program installs.

use super::{needs_work, strings, words};
use crate::recipe::parse::fields::{Fields, Keys};
use crate::recipe::parse::reader::Reader;
use crate::recipe::parse::scalars;
use crate::recipe::steps::{Installer, PackageIndex, Pip};
use crate::text::Spanned;
use crate::yaml::{Node, NodeKind};

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

/// Reads `pip`.
pub(in crate::recipe::parse) fn pip(reader: &mut Reader<'_>, node: &Node) -> Option<Pip> {
    let fields = Fields::read(reader, node, PIP)?;
    let (index, package_indexes) = indexes(reader, &fields);
    let python = fields.get("python").and_then(|node| reader.text(node));
    let installer = fields.get("installer").and_then(|node| {
        let text = reader.text(node)?;
        reader.convert(text, str::parse::<Installer>)
    });
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
        installer: installer.map(|installer| installer.value),
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
