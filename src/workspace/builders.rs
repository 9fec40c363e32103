//! The builders of `kiln.yaml`.

use std::path::{Path, PathBuf};

use super::parse::{field, platforms};
use super::{Builder, Tls};
use crate::diagnostic::{Finding, Findings};
use crate::text::Spanned;
use crate::yaml::{Keys, Node, NodeKind, checked_entries};

const BUILDER: Keys = Keys {
    of: "a builder",
    known: &["name", "address", "platforms", "slots", "tls"],
    later: &[],
};
const TLS: Keys = Keys {
    of: "`tls`",
    known: &["ca", "cert", "key"],
    later: &[],
};

pub(super) fn builders(root: &Path, node: &Node, findings: &mut Findings) -> Vec<Builder> {
    let NodeKind::List(items) = &node.kind else {
        findings.error(
            &node.place,
            format!("`builders` is a list, not {}", node.describe()),
        );
        return Vec::new();
    };
    let mut all: Vec<Builder> = Vec::new();
    for item in items {
        let Some(builder) = builder(root, item, findings) else {
            continue;
        };
        if all
            .iter()
            .any(|known| known.name.value == builder.name.value)
        {
            let message = format!("two builders are named `{}`", builder.name.value);
            findings.error(&builder.name.place, message);
        }
        all.push(builder);
    }
    all
}

fn builder(root: &Path, node: &Node, findings: &mut Findings) -> Option<Builder> {
    checked_entries(node, BUILDER, findings)?;
    for key in ["name", "address"] {
        if node.get(key).is_none() {
            findings.error(&node.place, format!("a builder needs `{key}`"));
        }
    }
    let platforms = node.get("platforms").map(|node| platforms(node, findings));
    let slots = field(node, "slots", findings);
    let slots = slots.and_then(|slots| match slots.value.parse::<usize>() {
        Ok(count) if (1..=64).contains(&count) => Some(count),
        _ => {
            findings.error(&slots.place, "`slots` is a number from 1 to 64");
            None
        }
    });
    let (name, address) = (
        field(node, "name", findings),
        field(node, "address", findings),
    );
    let tls = node.get("tls").and_then(|node| tls(root, node, findings));
    if let (Some(tls), Some(address)) = (&tls, &address)
        && !address.value.starts_with("tcp://")
    {
        let message = format!("`tls` is for tcp://, and `{}` is not", address.value);
        findings.error(&tls.place, message);
    }
    Some(Builder {
        name: name?,
        address: address?,
        platforms: platforms.unwrap_or_default(),
        slots,
        tls,
    })
}

/// `tls: {ca, cert, key}`; each may be missing, certificate and key only together.
fn tls(root: &Path, node: &Node, findings: &mut Findings) -> Option<Tls> {
    if !matches!(node.kind, NodeKind::Map(_)) {
        let message = format!("`tls` is a map, not {}", node.describe());
        let help = "write `tls: {}` to trust the system's authorities, or name files by `ca`, `cert` and `key`";
        findings.push(Finding::error(&node.place, message).with_help(help));
        return None;
    }
    checked_entries(node, TLS, findings)?;
    for (one, other) in [("cert", "key"), ("key", "cert")] {
        if let (Some(given), None) = (node.get(one), node.get(other)) {
            findings.error(&given.place, format!("`{one}` needs `{other}`"));
        }
    }
    let mut path = |key: &str| -> Option<Spanned<PathBuf>> {
        Some(field(node, key, findings)?.map(|path| root.join(path)))
    };
    Some(Tls {
        place: node.place.clone(),
        ca: path("ca"),
        cert: path("cert"),
        key: path("key"),
    })
}
