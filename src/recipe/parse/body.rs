//! The part of a recipe that says what an image contains.

use std::collections::{BTreeMap, BTreeSet};

use super::compression::compression;
use super::dockerfile;
use super::fields::{Fields, Keys};
use super::kernel::kernel;
use super::limits::limits;
use super::reader::Reader;
use super::runtime::runtime;
use super::scalars;
use super::stages::check_stages;
use super::steps::steps;
use super::tests::tests;
use super::values::{ENV, PLAIN};
use crate::diagnostic::{Finding, nearest};
use crate::oci::{Platform, Reference};
use crate::recipe::image::{
    Base, Content, EnvChange, EnvEntry, RecipeRef, Shell, Stage, StagePlatform,
};
use crate::text::Spanned;
use crate::yaml::{Entry, Node, NodeKind};

const STAGE: Keys = Keys {
    of: "a stage",
    known: &["base", "env", "workdir", "shell", "steps", "platform"],
    later: &[],
};
const EXTEND: Keys = Keys {
    of: "a variable of `env`",
    known: &["prepend", "append"],
    later: &[],
};

/// Reads everything an image contains; nothing comes back without a base or a Dockerfile.
pub(crate) fn content(
    reader: &mut Reader<'_>,
    tree: &Node,
    fields: &Fields<'_>,
    workspace_shell: &Shell,
) -> Option<Content> {
    let shell = fields.get("shell").and_then(|node| shell(reader, node));
    let shell = shell.unwrap_or_else(|| workspace_shell.clone());
    let base = dockerfile::beginning(reader, fields);
    let (stages, names) = stages(reader, fields, &shell);
    let steps = fields.get("steps").map(|node| steps(reader, node));
    let steps = steps.unwrap_or_default();
    check_stages(reader, &stages, &names, base.as_ref(), &steps);
    let (env, workdir) = (env_of(reader, fields), workdir(reader, fields));
    let read = |reader: &mut Reader<'_>| runtime(reader, fields);
    let runtime = reader.remembered(tree, &fields.asked, |memos| &memos.runtime, read);
    let compression = compression(reader, fields);
    let kernel = kernel(reader, fields, base.as_ref());
    let (tests, limits) = (tests(reader, fields), limits(reader, fields));
    Some(Content {
        base: base?,
        stages,
        env,
        workdir,
        shell,
        steps,
        runtime,
        compression,
        kernel,
        tests,
        limits,
    })
}

/// The stages, and the names of all that are written, whether they can be read or not.
fn stages(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    shell: &Shell,
) -> (BTreeMap<String, Stage>, BTreeSet<String>) {
    let mut stages = BTreeMap::new();
    let mut names = BTreeSet::new();
    let Some(node) = fields.get("stages") else {
        return (stages, names);
    };
    for (name, node) in entries(reader, node, "stages") {
        names.insert(name.value.clone());
        if let Some(stage) = reader.one(node, |reader, node| stage(reader, node, shell)) {
            stages.insert(name.value.clone(), stage);
        }
    }
    (stages, names)
}

fn stage(reader: &mut Reader<'_>, node: &Node, recipe_shell: &Shell) -> Option<Stage> {
    let fields = Fields::read(reader, node, STAGE)?;
    let base = fields
        .require(reader, "base")
        .and_then(|node| base(reader, node));
    let shell = fields.get("shell").and_then(|node| shell(reader, node));
    let platform = fields
        .get("platform")
        .and_then(|node| stage_platform(reader, node));
    let stage = Stage {
        env: env_of(reader, &fields),
        workdir: workdir(reader, &fields),
        shell: shell.unwrap_or_else(|| recipe_shell.clone()),
        steps: fields
            .get("steps")
            .map(|node| steps(reader, node))
            .unwrap_or_default(),
        platform: platform.unwrap_or(StagePlatform::Target),
        base: base?,
    };
    Some(stage)
}

fn stage_platform(reader: &mut Reader<'_>, node: &Node) -> Option<StagePlatform> {
    let text = reader.text(node)?;
    let platform = reader.convert(text, |text| match text {
        "native" => Ok(StagePlatform::Native),
        _ => text
            .parse::<Platform>()
            .map(StagePlatform::Fixed)
            .map_err(|error| error.to_string()),
    })?;
    Some(platform.value)
}

/// The entries of a map whose keys are free.
pub(crate) fn entries<'n>(
    reader: &mut Reader<'_>,
    node: &'n Node,
    what: &str,
) -> Vec<(&'n Spanned<String>, &'n Node)> {
    let mut all = Vec::new();
    for branch in reader.branches(node) {
        match &branch.kind {
            NodeKind::Map(entries) => {
                all.extend(entries.iter().map(|entry| (&entry.key, &entry.value)));
            }
            _ => reader.not_as(branch, &format!("`{what}` is a map")),
        }
    }
    all
}

/// Reads a map from names to text.
pub(crate) fn text_map(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    key: &str,
) -> BTreeMap<String, String> {
    let mut map = BTreeMap::new();
    let Some(node) = fields.get(key) else {
        return map;
    };
    for (name, value) in entries(reader, node, key) {
        if name.value.contains("${{") {
            reader.error(&name.place, "expressions stand in values, not in keys");
        }
        if let Some(text) = reader.text(value) {
            map.insert(name.value.clone(), text.value);
        }
    }
    map
}

/// Reads what an image, a stage or `from` begins with.
pub(crate) fn base(reader: &mut Reader<'_>, node: &Node) -> Option<Spanned<Base>> {
    reader.one(node, |reader, node| {
        if let NodeKind::Map(entries) = &node.kind {
            base_map(reader, node, entries)
        } else {
            let text = reader.text_with(node, PLAIN)?;
            reader.convert(text, |text| match text {
                "scratch" => Ok(Base::Scratch),
                _ => text
                    .parse::<Reference>()
                    .map(Base::Image)
                    .map_err(|e| e.to_string()),
            })
        }
    })
}

fn base_map(reader: &mut Reader<'_>, node: &Node, entries: &[Entry]) -> Option<Spanned<Base>> {
    if node.get("recipe").is_some() {
        let reference = recipe_ref(reader, node)?;
        return Some(Spanned::new(Base::Recipe(reference), node.place.clone()));
    }
    let keys = Keys {
        of: "`base`",
        known: &["recipe", "stage", "rootfs", "oci"],
        later: &[],
    };
    let names: Vec<&str> = entries.iter().map(|e| e.key.value.as_str()).collect();
    let is_near = |name: &&str| nearest(name, keys.known.iter().copied()).is_some();
    if !names.iter().any(is_near) {
        let place = entries
            .first()
            .map_or(&node.place, |entry| &entry.key.place);
        reader.findings.push(
            Finding::error(place, "no base has these keys").with_help(
                "an image is written as text, `debian:12`; a map has one of `recipe`, `stage`, `rootfs`, `oci`",
            ),
        );
        return None;
    }
    let fields = Fields::read(reader, node, keys)?;
    let (key, value) = ["stage", "rootfs", "oci"]
        .into_iter()
        .find_map(|key| Some((key, fields.get(key)?)))?;
    if let [_, second, ..] = entries {
        reader.error(&second.key.place, "a base is one thing: this is a second");
        return None;
    }
    let text = reader.text(value)?;
    match key {
        "stage" => reader.convert(text, |name| Ok(Base::Stage(name.to_owned()))),
        "rootfs" => {
            let path = if text.opaque {
                None
            } else {
                reader.workspace_path(text)
            };
            path.map(|path| path.map(Base::Rootfs))
        }
        _ => {
            let folder = text.place.source.clone();
            reader.convert(text, |written| {
                let (path, tag) = written
                    .rsplit_once(':')
                    .ok_or("an OCI layout is written `folder:tag`")?;
                let path = scalars::workspace_path(folder.folder(), path)?;
                Ok(Base::Oci {
                    folder: path,
                    tag: tag.to_owned(),
                })
            })
        }
    }
}

/// Reads `{recipe: NAME, AXIS: VALUE, …}`.
pub(crate) fn recipe_ref(reader: &mut Reader<'_>, node: &Node) -> Option<RecipeRef> {
    let mut recipe = None;
    let mut select = BTreeMap::new();
    for (key, value) in entries(reader, node, "recipe") {
        let Some(text) = reader.text(value) else {
            continue;
        };
        if key.value == "recipe" {
            recipe = Some(text.value);
        } else {
            select.insert(key.value.clone(), text.value);
        }
    }
    Some(RecipeRef {
        recipe: recipe?,
        select,
    })
}

/// Reads a shell: a known name or an argument vector.
pub(crate) fn shell(reader: &mut Reader<'_>, node: &Node) -> Option<Shell> {
    reader.one(node, |reader, node| {
        if let NodeKind::List(_) = &node.kind {
            let words: Vec<String> = reader
                .list(node)?
                .into_iter()
                .map(|word| word.value)
                .collect();
            if words.is_empty() {
                reader.error(&node.place, "a shell has at least a program");
                return None;
            }
            Some(Shell(words))
        } else {
            let text = reader.text(node)?;
            let shell = reader.convert(text, |text| match text {
                "sh" => Ok(Shell::sh()),
                "bash" => Ok(Shell::bash()),
                _ => Err(format!(
                    "`{text}` is no known shell; write `sh`, `bash` or a list"
                )),
            })?;
            Some(shell.value)
        }
    })
}

/// Reads the key `env`.
pub(crate) fn env_of(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Vec<EnvEntry> {
    fields
        .get("env")
        .map(|node| {
            reader.remembered(
                node,
                &(0..0),
                |memos| &memos.env,
                |reader| env(reader, node),
            )
        })
        .unwrap_or_default()
}

/// Reads a map of variables.
pub(crate) fn env(reader: &mut Reader<'_>, node: &Node) -> Vec<EnvEntry> {
    let mut all = Vec::new();
    for (name, value) in entries(reader, node, "env") {
        if !is_variable(&name.value) {
            let message = format!("`{}` is no name of a variable", name.value);
            reader.error(&name.place, message);
            continue;
        }
        let change = reader.one(value, |reader, value| match &value.kind {
            NodeKind::Map(_) => extend(reader, value),
            _ => reader
                .text_with(value, ENV)
                .map(|text| EnvChange::Set(text.value)),
        });
        if let Some(change) = change {
            all.push(EnvEntry {
                name: name.value.clone(),
                change,
            });
        }
    }
    all
}

fn extend(reader: &mut Reader<'_>, node: &Node) -> Option<EnvChange> {
    let fields = Fields::read(reader, node, EXTEND)?;
    if !fields.is_written("prepend") && !fields.is_written("append") {
        reader.error(
            &fields.place,
            "this changes nothing; write `prepend` or `append`",
        );
    }
    let mut side = |key| -> Vec<String> {
        fields
            .text_or_list(reader, key)
            .into_iter()
            .map(|text| text.value)
            .collect()
    };
    Some(EnvChange::Extend {
        prepend: side("prepend"),
        append: side("append"),
    })
}

fn is_variable(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn workdir(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Option<Spanned<String>> {
    let text = fields.get("workdir").and_then(|node| reader.text(node))?;
    reader.convert(text, |path| {
        if path.starts_with('/') {
            Ok(path.to_owned())
        } else {
            Err(format!(
                "`workdir` is an absolute path in the image, not `{path}`"
            ))
        }
    })
}
