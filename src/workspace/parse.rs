//! `kiln.yaml` as a tree to a [`Workspace`].

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::builders::builders;
use super::{Mirror, Registry, Workspace};
use crate::diagnostic::{Findings, nearest};
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
    ],
    later: &["lint", "kernel"],
};
const REGISTRY: Keys = Keys {
    of: "a registry",
    known: &["url", "prefix", "type", "project", "media_types"],
    later: &["attestations", "compression"],
};
const TRUST: Keys = Keys {
    of: "`trust`",
    known: &["ca"],
    later: &[],
};
const DEFAULTS: Keys = Keys {
    of: "`defaults`",
    known: &["platforms", "shell", "installer", "reproducible"],
    later: &["publish"],
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

fn registry(node: &Node, findings: &mut Findings) -> Option<Registry> {
    checked_entries(node, REGISTRY, findings)?;
    let url = field(node, "url", findings);
    let prefix = field(node, "prefix", findings);
    let project = field(node, "project", findings);
    if let Some(kind) = field(node, "type", findings)
        && !matches!(kind.value.as_str(), "docker" | "harbor2")
    {
        findings.error(
            &kind.place,
            format!("`{}` is no type; write docker or harbor2", kind.value),
        );
    }
    if let Some(types) = field(node, "media_types", findings)
        && types.value != "oci"
    {
        findings.error(
            &types.place,
            format!("`media_types: {}` is not supported yet", types.value),
        );
    }
    let Some(url) = url else {
        if node.get("url").is_none() {
            findings.error(&node.place, "a registry needs `url`");
        }
        return None;
    };
    let (plain_http, rest) = scheme(&url, findings)?;
    let host = host(rest.trim_end_matches('/'), &url, findings)?;
    let mut path = String::new();
    if let Some(prefix) = prefix {
        let (first, rest) = prefix.value.split_once('/').unwrap_or((&prefix.value, ""));
        if first != host.as_str() {
            let message =
                format!("`prefix` begins with the host of `url`, `{host}`, not `{first}`");
            findings.error(&prefix.place, message);
        }
        rest.trim_end_matches('/').clone_into(&mut path);
    }
    if let Some(project) = project {
        path = if path.is_empty() {
            project.value
        } else {
            format!("{path}/{}", project.value)
        };
    }
    Some(Registry {
        host,
        plain_http,
        path,
    })
}

/// Whether a URL is plain HTTP, and what stands behind the scheme.
fn scheme<'t>(url: &'t Spanned<String>, findings: &mut Findings) -> Option<(bool, &'t str)> {
    if let Some(rest) = url.value.strip_prefix("https://") {
        return Some((false, rest));
    }
    if let Some(rest) = url.value.strip_prefix("http://") {
        return Some((true, rest));
    }
    let message = format!(
        "`{}` is no URL of a registry; write https://HOST or http://HOST",
        url.value
    );
    findings.error(&url.place, message);
    None
}

fn host(text: &str, at: &Spanned<String>, findings: &mut Findings) -> Option<RegistryHost> {
    match text.parse::<RegistryHost>() {
        Ok(host) => Some(host),
        Err(error) => {
            findings.error(&at.place, error.to_string());
            None
        }
    }
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
    if let Some(installer) = field(node, "installer", findings)
        && installer.value != "pip"
    {
        let message = match installer.value.as_str() {
            "uv" => "`installer: uv` is not supported yet; write pip".to_owned(),
            other => format!("`{other}` is no installer; write pip"),
        };
        findings.error(&installer.place, message);
    }
}
