//! The settings that count, and where each comes from: environment, `kiln.yaml`, default, in this order.

use std::collections::BTreeMap;
use std::fmt::Display;

use super::builders::{SYSTEM, named};
use super::connect::bundle_named_by;
use super::error::OpError;
use super::load::{LoadOptions, load_workspace};
use super::password::without_password;
use crate::config::Config;
use crate::diagnostic::Findings;
use crate::oci::Platform;
use crate::workspace::{Mirror, Workspace};
use crate::yaml::{self, Node, NodeKind};

const DEFAULT: &str = "default";

/// A setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Its name: the path of keys in `kiln.yaml` where it can stand there.
    pub key: String,
    /// Its value as text; passwords are masked. Empty for nothing.
    pub value: String,
    /// A place in `kiln.yaml`, a variable, or `default`.
    pub origin: String,
}

/// All settings, in the order of `kiln.yaml`, then those of the environment alone.
pub fn settings(config: &Config, options: &LoadOptions) -> Result<Vec<Setting>, OpError> {
    let workspace = load_workspace(options)?;
    let tree = workspace
        .file
        .as_ref()
        .and_then(|file| yaml::parse(file, &mut Findings::new()));
    let mut all = Collected {
        tree: tree.as_ref(),
        settings: Vec::new(),
    };
    all.add_at("workspace", workspace.root.display(), &[]);
    all.add_at("recipes", workspace.recipes.join(", "), &["recipes"]);
    let registry = workspace.registry.as_ref().map(|name| name.value.clone());
    all.add_at("registry", registry.unwrap_or_default(), &["registry"]);
    registries(&workspace, &mut all);
    builders(config, &workspace, &mut all)?;
    trust(config, &workspace, &mut all);
    defaults(&workspace, &mut all);
    environment(config, &mut all);
    Ok(all.settings)
}

struct Collected<'t> {
    tree: Option<&'t Node>,
    settings: Vec<Setting>,
}

impl Collected<'_> {
    fn add(&mut self, key: &str, value: impl Display, origin: impl Into<String>) {
        self.settings.push(Setting {
            key: key.to_owned(),
            value: format!("{value}"),
            origin: origin.into(),
        });
    }

    /// A setting that stands in `kiln.yaml` at a path of keys, or else is a default.
    fn add_at(&mut self, key: &str, value: impl Display, path: &[&str]) {
        let origin = self.place(path).unwrap_or_else(|| DEFAULT.to_owned());
        self.add(key, value, origin);
    }

    /// Where a key of a builder stands.
    fn place_of_builder(&self, name: &str, key: &str) -> Option<String> {
        let NodeKind::List(items) = &self.tree?.get("builders")?.kind else {
            return None;
        };
        let is_named = |item: &&Node| match item.get("name").map(|node| &node.kind) {
            Some(NodeKind::Scalar(scalar)) => scalar.text == name,
            _ => false,
        };
        let entry = items.iter().find(is_named)?;
        Some(entry.get(key)?.place.to_string())
    }

    fn place(&self, path: &[&str]) -> Option<String> {
        let mut node = self.tree?;
        for key in path {
            node = node.get(key)?;
        }
        Some(node.place.to_string())
    }
}

fn registries(workspace: &Workspace, all: &mut Collected<'_>) {
    for (name, registry) in &workspace.registries {
        let scheme = if registry.plain_http { "http" } else { "https" };
        let mut url = format!("{scheme}://{}", registry.host);
        if !registry.path.is_empty() {
            url = format!("{url}/{}", registry.path);
        }
        let key = format!("registries.{name}");
        all.add_at(&key, url, &["registries", name]);
        if let Some(compression) = registry.compression {
            let key = format!("{key}.compression");
            all.add_at(&key, compression, &["registries", name, "compression"]);
        }
    }
    // The file may write a host in another way than we do.
    let written: BTreeMap<String, String> = match all.tree.and_then(|tree| tree.get("mirrors")) {
        Some(Node {
            kind: NodeKind::Map(entries),
            ..
        }) => entries
            .iter()
            .filter_map(|entry| {
                let host: crate::oci::RegistryHost = entry.key.value.parse().ok()?;
                Some((host.to_string(), entry.value.place.to_string()))
            })
            .collect(),
        _ => BTreeMap::new(),
    };
    for (host, mirrors) in &workspace.mirrors {
        let shown: Vec<String> = mirrors.iter().map(mirror).collect();
        let origin = written.get(host.as_str()).map_or(DEFAULT, String::as_str);
        all.add(&format!("mirrors.{host}"), shown.join(", "), origin);
    }
}

fn mirror(mirror: &Mirror) -> String {
    let scheme = if mirror.plain_http { "http" } else { "https" };
    let place = format!("{scheme}://{}", mirror.host);
    if mirror.prefix.is_empty() {
        place
    } else {
        format!("{place}/{}", mirror.prefix)
    }
}

fn builders(
    config: &Config,
    workspace: &Workspace,
    all: &mut Collected<'_>,
) -> Result<(), OpError> {
    for named in named(config, workspace) {
        let key = |what: &str| format!("builders.{}.{what}", named.name);
        let mut origin = named.origin.clone();
        if let (Some(_), Some(place)) = (&config.buildkit_host, all.place(&["builders"])) {
            origin = format!("{origin}, in place of {place}");
        }
        all.add(&key("address"), named.address, &origin);
        let entry = named.entry;
        let of_entry = |key: &str| {
            let place = entry.and_then(|_| all.place_of_builder(named.name, key));
            place.unwrap_or_else(|| DEFAULT.to_owned())
        };
        let (from_platforms, from_slots) = (of_entry("platforms"), of_entry("slots"));
        let platforms = match named.platforms {
            [] => "all it has".to_owned(),
            some => list(some),
        };
        all.add(&key("platforms"), platforms, from_platforms);
        all.add(&key("slots"), named.slots, from_slots);
        let Some(files) = named.files(config)? else {
            continue;
        };
        let (cert, secret) = files.identity.unzip();
        let named_files = [("ca", files.ca), ("cert", cert), ("key", secret)];
        let mut any = false;
        for (what, file) in named_files {
            if let Some(file) = file {
                any = true;
                all.add(
                    &key(&format!("tls.{what}")),
                    file.path.display(),
                    file.named,
                );
            }
        }
        if !any {
            let tls = entry.and_then(|entry| entry.tls.as_ref());
            let origin = tls.map_or("KILN_BUILDER_TLS".to_owned(), |tls| tls.place.to_string());
            all.add(&key("tls"), SYSTEM, origin);
        }
    }
    Ok(())
}

fn trust(config: &Config, workspace: &Workspace, all: &mut Collected<'_>) {
    let written = workspace.ca.as_ref().map(|ca| ca.place.to_string());
    match (bundle_named_by(config, workspace), written) {
        (Some((path, _)), Some(place)) => all.add("trust.ca", path.display(), place),
        (Some((path, variable)), None) => all.add("trust.ca", path.display(), variable),
        (None, _) => all.add("trust.ca", "", DEFAULT),
    }
}

fn defaults(workspace: &Workspace, all: &mut Collected<'_>) {
    let both = [Platform::LINUX_AMD64, Platform::LINUX_ARM64];
    let platforms = match workspace.platforms.as_slice() {
        [] => both.as_slice(),
        some => some,
    };
    let key = "defaults.platforms";
    all.add_at(key, list(platforms), &["defaults", "platforms"]);
    let shell = &workspace.shell;
    all.add_at("defaults.shell", shell, &["defaults", "shell"]);
    let (key, installer) = ("defaults.installer", &workspace.installer);
    all.add_at(key, installer, &["defaults", "installer"]);
    let key = "defaults.reproducible";
    all.add_at(key, workspace.reproducible, &["defaults", "reproducible"]);
}

fn environment(config: &Config, all: &mut Collected<'_>) {
    for (path, origin) in config.auth_files.iter().zip(&config.auth_named_by) {
        all.add("logins", path.display(), *origin);
    }
    let proxies = &config.proxies;
    let proxies = [
        ("proxy.http", &proxies.http, "HTTP_PROXY"),
        ("proxy.https", &proxies.https, "HTTPS_PROXY"),
        ("proxy.ftp", &proxies.ftp, "FTP_PROXY"),
        ("proxy.all", &proxies.all, "ALL_PROXY"),
        ("proxy.none_for", &proxies.no, "NO_PROXY"),
    ];
    for (key, value, variable) in proxies {
        let set = !value.is_empty();
        all.add(
            key,
            without_password(value),
            if set { variable } else { DEFAULT },
        );
    }
    let texts = [
        ("progress", &config.progress, "BUILDKIT_PROGRESS", "auto"),
        ("epoch", &config.source_date_epoch, "SOURCE_DATE_EPOCH", ""),
        ("log", &config.log, "KILN_LOG", ""),
    ];
    for (key, value, variable, default) in texts {
        match value {
            Some(value) => all.add(key, value, variable),
            None => all.add(key, default, DEFAULT),
        }
    }
}

fn list(platforms: &[Platform]) -> String {
    let names: Vec<String> = platforms.iter().map(ToString::to_string).collect();
    names.join(", ")
}
