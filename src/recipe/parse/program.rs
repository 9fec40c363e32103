//! Options of steps that run a program.

use super::body::{self, env};
use super::fields::{Fields, Keys};
use super::files;
use super::git::git;
use super::reader::{Reader, Text};
use super::scalars;
use crate::recipe::image::{
    Base, CacheMount, From, Mount, MountSource, Network, Program, SecretTarget, SecretUse,
};
use crate::text::Spanned;
use crate::yaml::{Node, NodeKind};

/// The options.
pub(super) const PROGRAM: [&str; 9] = [
    "env", "workdir", "shell", "user", "mounts", "cache", "secrets", "ssh", "network",
];

const MOUNT: Keys = Keys {
    of: "a mount",
    known: &["path", "rw", "src", "from", "fetch", "git", "tmpfs"],
    later: &[],
};
const CACHE: Keys = Keys {
    of: "a cache",
    known: &["path", "id"],
    later: &[],
};
const SECRET: Keys = Keys {
    of: "a secret",
    known: &["id", "path", "env", "required"],
    later: &[],
};

/// Reads the options beside a step word.
pub(super) fn program(reader: &mut Reader<'_>, step: &Node, word: &str) -> Program {
    let user = step.get("user").and_then(|node| {
        let text = reader.text(node)?;
        if matches!(word, "apt" | "dnf" | "apk") {
            reader.error(&text.place, format!("`{word}` always runs as root"));
            return None;
        }
        reader.convert(text, scalars::user).map(|user| user.value)
    });
    let shell = step.get("shell").and_then(|node| {
        if word != "run" {
            reader.error(
                &node.place,
                format!("`shell` is for `run` text, not for `{word}`"),
            );
            return None;
        }
        body::shell(reader, node)
    });
    let native = step.get("native").and_then(|node| reader.bool(node));
    let network = step.get("network").and_then(|node| {
        let text = reader.text(node)?;
        reader.convert(text, network).map(|network| network.value)
    });
    Program {
        env: step
            .get("env")
            .map(|node| env(reader, node))
            .unwrap_or_default(),
        workdir: step
            .get("workdir")
            .and_then(|node| reader.text(node))
            .map(|text| text.value),
        shell,
        user,
        mounts: each(reader, step.get("mounts"), "mounts", mount),
        caches: each(reader, step.get("cache"), "cache", cache),
        secrets: each(reader, step.get("secrets"), "secrets", secret),
        ssh: step
            .get("ssh")
            .and_then(|node| reader.list(node))
            .unwrap_or_default()
            .into_iter()
            .map(|text| text.value)
            .collect(),
        network: network.unwrap_or_default(),
        emulate: native == Some(false),
    }
}

/// Reads each item of a list, which may be conditional or nested by a condition.
pub(super) fn each<T>(
    reader: &mut Reader<'_>,
    node: Option<&Node>,
    what: &str,
    read: fn(&mut Reader<'_>, &Node) -> Option<T>,
) -> Vec<T> {
    let mut all = Vec::new();
    let Some(node) = node else { return all };
    for branch in reader.branches(node) {
        let NodeKind::List(items) = &branch.kind else {
            reader.not_as(branch, &format!("`{what}` is a list"));
            continue;
        };
        for item in items {
            for branch in reader.branches(item) {
                match &branch.kind {
                    NodeKind::List(inner) => {
                        for node in inner {
                            all.extend(reader.one(node, read));
                        }
                    }
                    _ => all.extend(read(reader, branch)),
                }
            }
        }
    }
    all
}

fn network(text: &str) -> Result<Network, String> {
    match text {
        "default" => Ok(Network::Default),
        "none" => Ok(Network::None),
        "host" => Ok(Network::Host),
        _ => Err(format!(
            "`{text}` is no network; there are `default`, `none` and `host`"
        )),
    }
}

fn mount(reader: &mut Reader<'_>, node: &Node) -> Option<Mount> {
    let fields = Fields::read(reader, node, MOUNT)?;
    let path = fields
        .require(reader, "path")
        .and_then(|node| reader.text(node));
    let sources: Vec<&str> = ["src", "fetch", "git", "tmpfs"]
        .into_iter()
        .filter(|key| fields.get(key).is_some())
        .collect();
    if sources.len() != 1 {
        let message = "a mount has exactly one source: `src`, `fetch`, `git` or `tmpfs`";
        reader.error(&fields.place, message);
        return None;
    }
    if let (Some(from), false) = (fields.key("from"), sources[0] == "src") {
        reader.error(&from.place, "`from` belongs to `src`");
    }
    let source = match sources[0] {
        "src" => {
            let from = fields.get("from").and_then(|node| from(reader, node));
            let src = reader.text(fields.get("src")?)?;
            MountSource::Files {
                src: source_path(reader, src, from.is_some())?,
                from,
            }
        }
        "fetch" => MountSource::Fetch(reader.one(fields.get("fetch")?, files::download)?),
        "git" => MountSource::Git(reader.one(fields.get("git")?, git)?),
        _ => {
            if fields.flag(reader, "tmpfs", true) {
                MountSource::Tmpfs
            } else {
                reader.error(&fields.place, "`tmpfs` is only ever `true`");
                return None;
            }
        }
    };
    let rw = fields.flag(reader, "rw", false);
    Some(Mount {
        place: fields.place.clone(),
        path: path?.value,
        rw,
        source,
    })
}

/// A source's path: in the workspace, or in `from` as it stands.
pub(super) fn source_path(
    reader: &mut Reader<'_>,
    text: Text,
    in_from: bool,
) -> Option<Spanned<String>> {
    if text.opaque {
        return None;
    }
    if in_from {
        Some(text.spanned())
    } else {
        reader.workspace_path(text)
    }
}

/// Reads `from`: a stage's name, `{image: …}` or `{recipe: …}`.
pub(super) fn from(reader: &mut Reader<'_>, node: &Node) -> Option<Spanned<From>> {
    let from = reader.one(node, from_one)?;
    Some(Spanned::new(from, node.place.clone()))
}

fn from_one(reader: &mut Reader<'_>, node: &Node) -> Option<From> {
    match &node.kind {
        NodeKind::Map(_) if node.get("recipe").is_some() => {
            body::recipe_ref(reader, node).map(From::Recipe)
        }
        NodeKind::Map(_) if node.get("stage").is_some() => {
            let message = "a stage is named by its name alone: `from: NAME`";
            reader.error(&node.place, message);
            None
        }
        NodeKind::Map(_) => {
            let keys = Keys {
                of: "`from`",
                known: &["image", "recipe"],
                later: &[],
            };
            let fields = Fields::read(reader, node, keys)?;
            let base = fields
                .require(reader, "image")
                .and_then(|node| body::base(reader, node))?;
            if let Base::Image(reference) = base.value {
                Some(From::Image(reference))
            } else {
                reader.error(&base.place, "`image` is an image by tag or digest");
                None
            }
        }
        _ => {
            let text = reader.text(node)?;
            reader
                .convert(text, |name| Ok(From::Stage(name.to_owned())))
                .map(|from| from.value)
        }
    }
}

fn cache(reader: &mut Reader<'_>, node: &Node) -> Option<CacheMount> {
    if !matches!(node.kind, NodeKind::Map(_)) {
        return Some(CacheMount {
            path: reader.text(node)?.value,
            id: None,
        });
    }
    let fields = Fields::read(reader, node, CACHE)?;
    let path = fields
        .require(reader, "path")
        .and_then(|node| reader.text(node));
    let id = fields
        .get("id")
        .and_then(|node| reader.text(node))
        .map(|text| text.value);
    Some(CacheMount {
        path: path?.value,
        id,
    })
}

fn secret(reader: &mut Reader<'_>, node: &Node) -> Option<SecretUse> {
    let fields = Fields::read(reader, node, SECRET)?;
    let id = fields
        .require(reader, "id")
        .and_then(|node| reader.text(node));
    let path = fields.get("path").and_then(|node| reader.text(node));
    let variable = fields.get("env").and_then(|node| reader.text(node));
    let required = fields.flag(reader, "required", true);
    let id = id?.value;
    let target = match (path, variable) {
        (Some(_), Some(variable)) => {
            reader.error(
                &variable.place,
                "a secret is a file or a variable; use two for both",
            );
            return None;
        }
        (Some(path), None) => SecretTarget::Path(path.value),
        (None, Some(variable)) => SecretTarget::Env(variable.value),
        (None, None) => SecretTarget::Path(format!("/run/secrets/{id}")),
    };
    Some(SecretUse {
        id,
        target,
        required,
    })
}
