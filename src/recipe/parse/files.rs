//! The file steps: `copy`, `write`, `link`, `mkdir`, `remove`, `fetch`.

use std::sync::Arc;

use super::fields::{Fields, Keys};
use super::program::{each, from, source_path};
use super::reader::{Pass, Reader, Text};
use super::scalars;
use crate::diagnostic::Finding;
use crate::recipe::expr::Value;
use crate::recipe::steps::{Copy, Download, Extract, Fetch, Link, Mkdir, Mode, Owner, Write};
use crate::text::Spanned;
use crate::yaml::{Node, NodeKind};

const COPY: Keys = Keys {
    of: "`copy`",
    known: &["src", "from", "to", "exclude", "parents", "mode", "owner"],
    later: &[],
};
const WRITE: Keys = Keys {
    of: "`write`",
    known: &["path", "content", "template", "append", "mode", "owner"],
    later: &[],
};
const LINK: Keys = Keys {
    of: "`link`",
    known: &["path", "target"],
    later: &[],
};
const MKDIR: Keys = Keys {
    of: "`mkdir`",
    known: &["path", "mode", "owner"],
    later: &[],
};
const FETCH: Keys = Keys {
    of: "`fetch`",
    known: &["url", "sha256", "extract", "to", "mode", "owner"],
    later: &[],
};
const DOWNLOAD: Keys = Keys {
    of: "a download",
    known: &["url", "sha256", "extract"],
    later: &[],
};
const FILE: Keys = Keys {
    of: "a file by URL",
    known: &["url", "sha256"],
    later: &[],
};
const EXTRACT: Keys = Keys {
    of: "`extract`",
    known: &["strip", "include"],
    later: &[],
};

/// Reads `copy`.
pub(super) fn copy(reader: &mut Reader<'_>, node: &Node) -> Option<Copy> {
    let fields = Fields::read(reader, node, COPY)?;
    let from_node = fields.get("from");
    let from = from_node.and_then(|node| from(reader, node));
    let before = reader.findings.len();
    let texts = fields
        .require(reader, "src")
        .and_then(|node| reader.text_or_list(node));
    let texts = texts.unwrap_or_default();
    if let Some(node) = fields.get("src")
        && texts.is_empty()
        && reader.findings.len() == before
    {
        let about = reader.about_empty(node);
        reader.error(&node.place, format!("`src` names nothing to copy{about}"));
    }
    let parents = fields.flag(reader, "parents", false);
    let mut src = Vec::new();
    for text in texts {
        src.extend(match from_node {
            None if parents => kept_path(reader, text),
            _ => source_path(reader, text, from_node.is_some()),
        });
    }
    let to = image_path(reader, &fields, "to");
    let copy = Copy {
        from,
        exclude: fields
            .list(reader, "exclude")
            .into_iter()
            .map(|text| text.value)
            .collect(),
        parents,
        mode: mode(reader, &fields),
        owner: owner(reader, &fields),
        src,
        to: to?,
    };
    if copy.src.len() > 1 && !copy.to.ends_with('/') {
        reader.error(
            &fields.place,
            "several sources need a `to` that ends in `/`",
        );
    }
    // A source that could not be read has been reported; nothing can be said of the rest.
    (from_node.is_none() || copy.from.is_some()).then_some(copy)
}

/// A source in the workspace of which a part is kept: what stands behind `/./` stays marked.
fn kept_path(reader: &mut Reader<'_>, text: Text) -> Option<Spanned<String>> {
    let source = Arc::clone(&text.place.source);
    let folder = source.folder();
    reader.convert(text, |written| {
        let is_up = |path: &str| path.split('/').any(|part| part == "..");
        let Some((before, kept)) = written.split_once("/./") else {
            return if is_up(written) {
                Err(format!("`parents` keeps the path `{written}`, which has `..`; write `/./` before the part to keep"))
            } else {
                scalars::workspace_path(folder, written)
            };
        };
        if is_up(kept) {
            return Err(format!("what is kept, `{kept}`, has no `..`"));
        }
        let before = match before {
            "" => String::new(),
            before => scalars::workspace_path(folder, before)?,
        };
        Ok(format!("{before}/./{}", scalars::workspace_path("", kept)?))
    })
}

/// Reads `write`.
pub(super) fn write(reader: &mut Reader<'_>, node: &Node) -> Option<Write> {
    let fields = Fields::read(reader, node, WRITE)?;
    let path = image_path(reader, &fields, "path");
    let content = match (fields.get("content"), fields.get("template")) {
        (Some(node), None) => reader.text(node).map(|text| text.value),
        (None, Some(node)) => {
            let text = reader.text(node)?;
            reader.rendered(text)
        }
        (Some(_), Some(_)) => {
            reader.error(
                &fields.place,
                "`write` takes `content` or `template`, not both",
            );
            None
        }
        (None, None) => {
            if !fields.is_misspelt("content") && !fields.is_misspelt("template") {
                let written = ["content", "template"].map(|key| fields.is_written(key));
                let about = if written.contains(&true) {
                    reader.about()
                } else {
                    String::new()
                };
                let message = format!("`write` needs `content` or `template`{about}");
                reader.error(&fields.place, message);
            }
            None
        }
    };
    let mode = mode(reader, &fields);
    let append = fields.flag(reader, "append", false);
    let owner = owner(reader, &fields);
    let kept = ["mode", "owner"]
        .into_iter()
        .find_map(|key| fields.key(key));
    if let (true, Some(key)) = (append, kept) {
        let message = "a file that is added to keeps its mode and owner";
        reader.error(&key.place, message);
    }
    let mode = mode.unwrap_or(Mode::Octal(0o644));
    Some(Write {
        path: path?,
        content: content?,
        append,
        mode,
        owner,
    })
}

/// Reads `link`.
pub(super) fn link(reader: &mut Reader<'_>, node: &Node) -> Option<Link> {
    let fields = Fields::read(reader, node, LINK)?;
    let path = image_path(reader, &fields, "path");
    let target = fields
        .require(reader, "target")
        .and_then(|node| reader.text(node));
    Some(Link {
        path: path?,
        target: target?.value,
    })
}

/// Reads `mkdir`: a path, a list of paths and maps, or a map.
pub(super) fn mkdir(reader: &mut Reader<'_>, node: &Node) -> Option<Vec<Mkdir>> {
    match &node.kind {
        NodeKind::List(_) => Some(each(reader, Some(node), "mkdir", mkdir_one)),
        _ => mkdir_one(reader, node).map(|one| vec![one]),
    }
}

fn mkdir_one(reader: &mut Reader<'_>, node: &Node) -> Option<Mkdir> {
    if !matches!(node.kind, NodeKind::Map(_)) {
        let text = reader.text(node)?;
        let path = image_paths(reader, vec![text]).pop()?;
        return Some(Mkdir {
            path,
            mode: None,
            owner: None,
        });
    }
    let fields = Fields::read(reader, node, MKDIR)?;
    let path = image_path(reader, &fields, "path");
    let mode = mode(reader, &fields);
    let owner = owner(reader, &fields);
    Some(Mkdir {
        path: path?,
        mode,
        owner,
    })
}

/// Reads `fetch`.
pub(super) fn fetch(reader: &mut Reader<'_>, node: &Node) -> Option<Fetch> {
    let fields = Fields::read(reader, node, FETCH)?;
    let to = image_path(reader, &fields, "to");
    let download = download_of(reader, &fields);
    let mode = mode(reader, &fields);
    let owner = owner(reader, &fields);
    Some(Fetch {
        download: download?,
        to: to?,
        mode,
        owner,
    })
}

/// Reads a download written as a map of its own.
pub(super) fn download(reader: &mut Reader<'_>, node: &Node) -> Option<Download> {
    let fields = Fields::read(reader, node, DOWNLOAD)?;
    download_of(reader, &fields)
}

/// Reads a download that stays one file.
pub(super) fn file(reader: &mut Reader<'_>, node: &Node) -> Option<Download> {
    let fields = Fields::read(reader, node, FILE)?;
    download_of(reader, &fields)
}

fn download_of(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Option<Download> {
    let url = fields
        .require(reader, "url")
        .and_then(|node| reader.text(node));
    let sha256 = fields.get("sha256").and_then(|node| checksum(reader, node));
    let extract = fields.get("extract").and_then(|node| extract(reader, node));
    let url = reader.convert(url?, scalars::url)?;
    Some(Download {
        url: url.value,
        sha256,
        extract: extract.flatten(),
    })
}

/// A checksum, or a map of them by architecture.
fn checksum(reader: &mut Reader<'_>, node: &Node) -> Option<String> {
    let mut found = None;
    for branch in reader.branches(node) {
        let NodeKind::Map(by_arch) = &branch.kind else {
            let text = reader.text(branch)?;
            found = reader.convert(text, scalars::sha256).map(|sum| sum.value);
            continue;
        };
        let arch = match reader.pass {
            Pass::Expand(scope, _) => match scope.fixed("arch") {
                Some(Ok(Value::Text(arch))) => Some(arch),
                _ => None,
            },
            Pass::Check(_) => None,
        };
        for entry in by_arch {
            let sum = reader
                .text(&entry.value)
                .and_then(|text| reader.convert(text, scalars::sha256));
            if arch.as_deref() == Some(entry.key.value.as_str()) {
                found = sum.map(|sum| sum.value);
            }
        }
        if let Some(arch) = arch
            && branch.get(&arch).is_none()
        {
            let message = format!("`sha256` has no checksum for {arch}");
            let finding = Finding::error(&branch.place, message).with_rule("missing-checksum");
            let help = "add the checksum of that architecture's file";
            reader.findings.push(finding.with_help(help));
        }
    }
    found
}

/// `true`, `false`, or a map with `strip` and `include`.
#[allow(
    clippy::option_option,
    reason = "outer: readable; inner: whether it is unpacked"
)]
fn extract(reader: &mut Reader<'_>, node: &Node) -> Option<Option<Extract>> {
    reader.one(node, |reader, node| {
        if !matches!(node.kind, NodeKind::Map(_)) {
            return Some(reader.bool(node)?.then(Extract::default));
        }
        let fields = Fields::read(reader, node, EXTRACT)?;
        let strip = fields.get("strip").and_then(|node| reader.text(node));
        let parse = |text: &str| {
            text.parse::<usize>()
                .ok()
                .filter(|&count| count <= 16)
                .ok_or_else(|| format!("`{text}` is no count of path parts from 0 to 16"))
        };
        let strip = strip
            .and_then(|text| reader.convert(text, parse))
            .map_or(0, |n| n.value);
        let include = fields
            .list(reader, "include")
            .into_iter()
            .map(|text| text.value)
            .collect();
        Some(Some(Extract { strip, include }))
    })
}

fn mode(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Option<Mode> {
    let text = fields.get("mode").and_then(|node| reader.text(node))?;
    reader.convert(text, scalars::mode).map(|mode| mode.value)
}

pub(super) fn owner(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Option<Owner> {
    let text = fields.get("owner").and_then(|node| reader.text(node))?;
    reader
        .convert(text, scalars::owner)
        .map(|owner| owner.value)
}

/// A required path in the image.
pub(super) fn image_path(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    key: &str,
) -> Option<String> {
    let text = fields
        .require(reader, key)
        .and_then(|node| reader.text(node))?;
    image_paths(reader, vec![text]).pop()
}

/// Paths in the image: absolute, or relative to the working directory.
pub(super) fn image_paths(reader: &mut Reader<'_>, texts: Vec<Text>) -> Vec<String> {
    let mut all = Vec::new();
    for text in texts {
        if text.value.is_empty() && !text.opaque {
            reader.error(&text.place, "the path is empty");
        } else if text.value.split('/').any(|part| part == "..") {
            reader.error(&text.place, "a path in the image has no `..`");
        } else {
            all.push(text.value);
        }
    }
    all
}
