//! The registries of `kiln.yaml`.

use super::Registry;
use super::parse::field;
use crate::diagnostic::Findings;
use crate::oci::{Compression, RegistryHost};
use crate::text::Spanned;
use crate::yaml::{Keys, Node, checked_entries};

const REGISTRY: Keys = Keys {
    of: "a registry",
    known: &[
        "url",
        "prefix",
        "type",
        "project",
        "media_types",
        "attestations",
        "compression",
    ],
    later: &[],
};
const COMPRESSION: Keys = Keys {
    of: "`compression`",
    known: &["type", "level"],
    later: &[],
};

/// Reads a registry.
pub(super) fn registry(node: &Node, findings: &mut Findings) -> Option<Registry> {
    checked_entries(node, REGISTRY, findings)?;
    let url = field(node, "url", findings);
    let prefix = field(node, "prefix", findings);
    let project = field(node, "project", findings);
    let kind = field(node, "type", findings);
    let old_readers = kind.as_ref().is_some_and(|kind| kind.value == "harbor2");
    if let Some(kind) = kind
        && !matches!(kind.value.as_str(), "docker" | "harbor2")
    {
        findings.error(
            &kind.place,
            format!("`{}` is no type; write docker or harbor2", kind.value),
        );
    }
    media_types(node, findings);
    attestations(node, findings);
    let compression = compression(node, findings);
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
        compression,
        old_readers,
    })
}

/// An index lists manifests of one family, so that layers and configurations are shared by all images.
fn media_types(node: &Node, findings: &mut Findings) {
    let Some(types) = field(node, "media_types", findings) else {
        return;
    };
    let message = match types.value.as_str() {
        "oci" => return,
        "docker" => {
            "`media_types: docker` is not there: images are made with OCI media types only; \
                     write oci"
                .to_owned()
        }
        other => format!("`{other}` is no family of media types; write oci"),
    };
    findings.error(&types.place, message);
}

/// An index has one entry per platform and nothing else.
fn attestations(node: &Node, findings: &mut Findings) {
    if let Some(attestations) = field(node, "attestations", findings)
        && attestations.value != "none"
    {
        let message = format!(
            "`attestations: {}` is not there: images are published without; write none",
            attestations.value
        );
        findings.error(&attestations.place, message);
    }
}

fn compression(node: &Node, findings: &mut Findings) -> Option<Compression> {
    let node = node.get("compression")?;
    checked_entries(node, COMPRESSION, findings)?;
    let level = field(node, "level", findings);
    if node.get("type").is_none() {
        findings.error(&node.place, "`compression` needs `type`");
    }
    let kind = field(node, "type", findings)?;
    let compression = match kind.value.parse::<Compression>() {
        Ok(compression) => compression,
        Err(message) => {
            findings.error(&kind.place, message);
            return None;
        }
    };
    let Some(level) = level else {
        return Some(compression);
    };
    match compression.with_level(&level.value) {
        Ok(levelled) => Some(levelled),
        Err(message) => {
            findings.error(&level.place, message);
            None
        }
    }
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

/// A registry's host.
pub(super) fn host(
    text: &str,
    at: &Spanned<String>,
    findings: &mut Findings,
) -> Option<RegistryHost> {
    match text.parse::<RegistryHost>() {
        Ok(host) => Some(host),
        Err(error) => {
            findings.error(&at.place, error.to_string());
            None
        }
    }
}
