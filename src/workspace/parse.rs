//! `kiln.yaml` as a tree to a [`Workspace`].

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::builders::builders;
use super::registries::{host, registry};
use super::{Mirror, Workspace};
use crate::diagnostic::{Findings, nearest};
use crate::kernel::{Release, Releases};
use crate::oci::{Platform, RegistryHost};
use crate::text::{Place, SourceFile, Spanned};
use crate::yaml::{self, Entry, Keys, Node, NodeKind, checked_entries, text, texts};

const WORKSPACE: Keys = Keys {
    of: "kiln.yaml",
    known: &[
        "kiln",
        "recipes",
        "registry",
        "registries",
        "mirrors",
        "builders",
        "trust",
        "defaults",
        "kernel",
        "lint",
    ],
    later: &[],
};
const TRUST: Keys = Keys {
    of: "`trust`",
    known: &["ca"],
    later: &[],
};
const KERNEL: Keys = Keys {
    of: "`kernel` in kiln.yaml",
    known: &["releases"],
    later: &[],
};
const DEFAULTS: Keys = Keys {
    of: "`defaults`",
    known: &["platforms", "shell", "installer", "reproducible", "publish"],
    later: &[],
};

/// Reads a workspace file; what is wrong goes into `findings`.
pub fn parse(
    root: PathBuf,
    source: &Arc<SourceFile>,
    findings: &mut Findings,
) -> Option<Workspace> {
    let tree = yaml::parse(source, findings)?;
    let before = findings.len();
    refuse_expressions(&tree, findings);
    if findings.len() > before {
        return None;
    }
    let entries = checked_entries(&tree, WORKSPACE, findings)?;
    let mut workspace = Workspace {
        file: Some(Arc::clone(source)),
        ..Workspace::bare(root)
    };
    if tree.get("kiln").is_none() {
        let message = "kiln.yaml does not say its version; begin it with `kiln: 1`";
        findings.error(&Place::file(source), message);
    }
    for entry in entries {
        section(&mut workspace, entry, findings);
    }
    if let Some(name) = &workspace.registry {
        check_registry(name, tree.get("registries"), findings);
    }
    Some(workspace)
}

/// The default registry is one of those written, whether that one can be read or not.
fn check_registry(name: &Spanned<String>, registries: Option<&Node>, findings: &mut Findings) {
    let entries = match registries.map(|node| &node.kind) {
        Some(NodeKind::Map(entries)) => entries.as_slice(),
        Some(_) => return,
        None => &[],
    };
    let mut names = entries.iter().map(|entry| entry.key.value.as_str());
    if names.clone().any(|known| known == name.value) {
        return;
    }
    let message = format!("there is no registry `{}` in `registries`", name.value);
    let message = match nearest(&name.value, &mut names) {
        Some(near) => format!("{message}; did you mean `{near}`?"),
        None => message,
    };
    findings.error(&name.place, message);
}

/// Reports every expression: this file speaks of places, which do not depend on variants.
fn refuse_expressions(node: &Node, findings: &mut Findings) {
    match &node.kind {
        NodeKind::Scalar(scalar) if scalar.text.contains("${{") => {
            findings.error(&node.place, "no expression may stand in kiln.yaml");
        }
        NodeKind::Scalar(_) => {}
        NodeKind::List(items) => {
            for item in items {
                refuse_expressions(item, findings);
            }
        }
        NodeKind::Map(entries) => {
            for entry in entries {
                refuse_expressions(&entry.value, findings);
            }
        }
    }
}

fn section(workspace: &mut Workspace, entry: &Entry, findings: &mut Findings) {
    let node = &entry.value;
    match entry.key.value.as_str() {
        "kiln" => version(node, findings),
        "recipes" => {
            let globs = texts(node, findings).unwrap_or_default();
            let (inside, outside): (Vec<_>, Vec<_>) = globs.into_iter().partition(|glob| {
                !glob.value.starts_with('/') && glob.value.split('/').all(|part| part != "..")
            });
            for glob in outside {
                let message = format!("`{}` leaves the workspace", glob.value);
                findings.error(&glob.place, message);
            }
            workspace.recipes = inside.into_iter().map(|glob| glob.value).collect();
        }
        "registry" => workspace.registry = text(node, findings),
        "registries" => {
            for entry in named(node, "registries", findings) {
                if let Some(registry) = registry(&entry.value, findings) {
                    workspace
                        .registries
                        .insert(entry.key.value.clone(), registry);
                }
            }
        }
        "mirrors" => workspace.mirrors = mirrors(node, findings),
        "builders" => workspace.builders = builders(&workspace.root, node, findings),
        "trust" => {
            let ca = checked_entries(node, TRUST, findings).and_then(|_| node.get("ca"));
            let ca = ca.and_then(|node| text(node, findings));
            workspace.ca = ca.map(|ca| ca.map(|path| workspace.root.join(path)));
        }
        "defaults" => defaults(workspace, node, findings),
        "kernel" => workspace.releases = releases(node, findings),
        "lint" => workspace.lint = super::lint::lint(node, findings),
        _ => {}
    }
}

fn version(node: &Node, findings: &mut Findings) {
    if let Some(version) = text(node, findings)
        && version.value != "1"
    {
        let message = format!("version {} is not known; this kiln knows 1", version.value);
        findings.error(&version.place, message);
    }
}

fn named<'n>(node: &'n Node, what: &str, findings: &mut Findings) -> &'n [Entry] {
    if let NodeKind::Map(entries) = &node.kind {
        return entries;
    }
    findings.error(
        &node.place,
        format!("`{what}` is a map from names, not {}", node.describe()),
    );
    &[]
}

/// A value of a map, as text.
pub(super) fn field(node: &Node, key: &str, findings: &mut Findings) -> Option<Spanned<String>> {
    text(node.get(key)?, findings)
}

fn mirrors(node: &Node, findings: &mut Findings) -> BTreeMap<RegistryHost, Vec<Mirror>> {
    let mut all = BTreeMap::new();
    for entry in named(node, "mirrors", findings) {
        let Some(origin) = host(&entry.key.value, &entry.key, findings) else {
            continue;
        };
        let texts = texts(&entry.value, findings).unwrap_or_default();
        let list = texts
            .iter()
            .filter_map(|text| mirror(text, findings))
            .collect();
        all.insert(origin, list);
    }
    all
}

/// `[http://]host[:port][/path]`.
fn mirror(text: &Spanned<String>, findings: &mut Findings) -> Option<Mirror> {
    let (plain_http, rest) = match text.value.strip_prefix("http://") {
        Some(rest) => (true, rest),
        None => (
            false,
            text.value.strip_prefix("https://").unwrap_or(&text.value),
        ),
    };
    let (first, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    let host = host(first, text, findings)?;
    Some(Mirror {
        host,
        plain_http,
        prefix: prefix.trim_end_matches('/').to_owned(),
    })
}

pub(super) fn platforms(node: &Node, findings: &mut Findings) -> Vec<Platform> {
    let mut all = Vec::new();
    for text in texts(node, findings).unwrap_or_default() {
        match text.value.parse::<Platform>() {
            Ok(platform) if all.contains(&platform) => {
                findings.error(&text.place, format!("`{platform}` stands twice"));
            }
            Ok(platform) => all.push(platform),
            Err(error) => findings.error(&text.place, error.to_string()),
        }
    }
    all
}

/// The releases of Backend.AI that kernels must satisfy.
fn releases(node: &Node, findings: &mut Findings) -> Releases {
    let mut all = Vec::new();
    if checked_entries(node, KERNEL, findings).is_none() {
        return Releases::default();
    }
    let Some(node) = node.get("releases") else {
        return Releases::default();
    };
    if matches!(&node.kind, NodeKind::List(items) if items.is_empty()) {
        findings.error(
            &node.place,
            "name at least one release, or leave the key out",
        );
    }
    for text in texts(node, findings).unwrap_or_default() {
        match text.value.parse::<Release>() {
            Ok(release) => all.push(release),
            Err(error) => findings.error(&text.place, error.to_string()),
        }
    }
    Releases::new(all)
}

fn defaults(workspace: &mut Workspace, node: &Node, findings: &mut Findings) {
    if checked_entries(node, DEFAULTS, findings).is_none() {
        return;
    }
    if let Some(node) = node.get("platforms") {
        if matches!(&node.kind, NodeKind::List(items) if items.is_empty()) {
            findings.error(&node.place, "an image needs at least one platform");
        }
        workspace.platforms = platforms(node, findings);
    }
    if let Some(shell) = field(node, "shell", findings) {
        if matches!(shell.value.as_str(), "sh" | "bash") {
            workspace.shell = shell.value;
        } else {
            findings.error(
                &shell.place,
                format!("`{}` is no shell; write sh or bash", shell.value),
            );
        }
    }
    if let Some(node) = node.get("reproducible") {
        match &node.kind {
            NodeKind::Scalar(scalar) if scalar.plain && scalar.text == "true" => {
                workspace.reproducible = true;
            }
            NodeKind::Scalar(scalar) if scalar.plain && scalar.text == "false" => {}
            _ => findings.error(&node.place, "`reproducible` is true or false"),
        }
    }
    if let Some(installer) = field(node, "installer", findings) {
        if matches!(installer.value.as_str(), "pip" | "uv") {
            workspace.installer = installer.value;
        } else {
            let message = format!("`{}` is no installer; write pip or uv", installer.value);
            findings.error(&installer.place, message);
        }
    }
    if let Some(publish) = field(node, "publish", findings)
        && publish.value != "image"
    {
        let message = match publish.value.as_str() {
            "group" | "run" => format!(
                "`publish: {}` is not there yet: tags move image by image; write image",
                publish.value
            ),
            other => format!("`{other}` is no way to publish; write image"),
        };
        findings.error(&publish.place, message);
    }
}
