//! From configuration to the things that are talked to: the registry client and the builders.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;

use super::builders::named;
use super::error::OpError;
use super::given::Given;
use super::layout::layouts;
use super::load::Loaded;
use super::lock::{Sources, Uv};
use super::probe::BuilderId;
use crate::buildkit::{
    Builder, BuilderInfo, CredentialSource, SecretBytes, SessionContent, Solver,
};
use crate::config::{Config, SYSTEM_BUNDLES};
use crate::credentials::{CaBundle, Credential, CredentialStore};
use crate::lower::{CONTEXT, trust_secrets};
use crate::oci::{Platform, RegistryHost};
use crate::registry::{Mirror, Registry, RemoteConfig, RemoteRegistry, RetryPolicy, Scheme, Web};
use crate::text::with_causes;
use crate::workspace::{self, Workspace};

/// A builder that is ready.
#[derive(Debug, Clone)]
pub struct Ready {
    /// What it is.
    pub info: BuilderInfo,
    /// Its address, as it is written.
    pub address: String,
    /// The platforms it is used for.
    pub platforms: Vec<Platform>,
    /// Legs it makes at once.
    pub slots: usize,
    /// Whether steps get the client's certificates.
    pub trust: bool,
    /// Foreign platforms whose programs its kernel runs inside of native ops.
    pub inside: BTreeSet<Platform>,
    /// Why it does not run those of others, where that was asked; in half a sentence.
    pub lacks: BTreeMap<Platform, String>,
    /// It.
    pub solver: Arc<dyn Solver>,
}

impl Ready {
    /// What it is remembered by.
    pub fn id(&self) -> BuilderId {
        BuilderId {
            name: self.info.name.clone(),
            address: self.address.clone(),
        }
    }
}

/// Everything outside that a verb talks to.
#[derive(Debug, Clone)]
pub struct Backends {
    /// Where bases are looked for: mirrors first.
    pub registry: Arc<dyn Registry>,
    /// Where images are published and read back: the registries themselves. A mirror may be behind.
    pub origin: Arc<dyn Registry>,
    /// Builders; empty for verbs that need none.
    pub builders: Vec<Ready>,
}

/// The registry client of a workspace, which asks mirrors first.
pub fn registry(config: &Config, workspace: &Workspace) -> Result<RemoteRegistry, OpError> {
    let mirrors = workspace
        .mirrors
        .iter()
        .map(|(host, mirrors)| (host.clone(), mirrors.iter().map(mirror).collect()))
        .collect();
    client(config, workspace, mirrors)
}

/// The registry client of a workspace without mirrors.
pub fn origin(config: &Config, workspace: &Workspace) -> Result<RemoteRegistry, OpError> {
    client(config, workspace, BTreeMap::new())
}

/// The registry client to look at an image with: what is published from this workspace is looked at
/// where it was pushed to, everything else where it would be pulled from.
pub fn viewer(
    config: &Config,
    workspace: &Workspace,
    host: &RegistryHost,
) -> Result<RemoteRegistry, OpError> {
    let mut registries = workspace.registries.values();
    if registries.any(|registry| registry.host == *host) {
        origin(config, workspace)
    } else {
        registry(config, workspace)
    }
}

/// Who is asked for the lock.
pub fn sources(config: &Config, workspace: &Workspace) -> Result<Sources, OpError> {
    Ok(Sources {
        registry: Arc::new(registry(config, workspace)?),
        web: Web::new(&remote(config, workspace)?)?,
        uv: Uv::new(config.uv.clone()),
        bundle: steps_bundle(config, workspace)?,
    })
}

fn client(
    config: &Config,
    workspace: &Workspace,
    mirrors: BTreeMap<RegistryHost, Vec<Mirror>>,
) -> Result<RemoteRegistry, OpError> {
    let remote = RemoteConfig {
        mirrors,
        ..remote(config, workspace)?
    };
    Ok(RemoteRegistry::new(remote)?)
}

/// A client without mirrors that asks once and does not wait long.
pub(super) fn impatient(config: &Config, workspace: &Workspace) -> Result<RemoteRegistry, OpError> {
    let remote = RemoteConfig {
        retry: RetryPolicy {
            attempts: 1,
            connect_timeout_ms: 5_000,
            idle_timeout_ms: 10_000,
            ..RetryPolicy::default()
        },
        ..remote(config, workspace)?
    };
    Ok(RemoteRegistry::new(remote)?)
}

fn remote(config: &Config, workspace: &Workspace) -> Result<RemoteConfig, OpError> {
    let plain_http: BTreeSet<RegistryHost> = workspace
        .registries
        .values()
        .filter(|registry| registry.plain_http)
        .map(|registry| registry.host.clone())
        .collect();
    let tls = workspace
        .registries
        .values()
        .filter(|registry| !registry.plain_http)
        .map(|registry| registry.host.clone())
        .collect();
    Ok(RemoteConfig {
        credentials: Arc::new(credentials(config)?),
        plain_http,
        tls,
        ca: bundle(config, workspace)?,
        ..RemoteConfig::default()
    })
}

fn mirror(mirror: &workspace::Mirror) -> Mirror {
    Mirror {
        scheme: if mirror.plain_http {
            Scheme::Http
        } else {
            Scheme::Https
        },
        host: mirror.host.clone(),
        prefix: mirror.prefix.clone(),
    }
}

pub(super) fn credentials(config: &Config) -> Result<CredentialStore, OpError> {
    let existing: Vec<_> = config
        .auth_files
        .iter()
        .filter(|path| path.exists())
        .collect();
    CredentialStore::load(&existing).map_err(|error| OpError::usage(with_causes(&error)))
}

/// The file of the private bundle and who names it: `trust.ca`, else a variable.
pub(super) fn bundle_named_by(config: &Config, workspace: &Workspace) -> Option<(PathBuf, String)> {
    match (&workspace.ca, &config.ca_bundle) {
        (Some(ca), _) => Some((ca.value.clone(), format!("`trust.ca` at {}", ca.place))),
        (None, Some((variable, path))) => Some((path.clone(), (*variable).to_owned())),
        (None, None) => None,
    }
}

/// The private bundle.
pub(super) fn bundle(config: &Config, workspace: &Workspace) -> Result<Option<CaBundle>, OpError> {
    let Some((path, from)) = bundle_named_by(config, workspace) else {
        return Ok(None);
    };
    let bundle = CaBundle::load(&path)
        .map_err(|error| OpError::usage(format!("{from}: {}", with_causes(&error))))?;
    Ok(Some(bundle))
}

/// What steps get: variables such as `SSL_CERT_FILE` replace a tool's own roots, so the system's public
/// ones stand before a private authority.
fn steps_bundle(config: &Config, workspace: &Workspace) -> Result<Option<Vec<u8>>, OpError> {
    let Some(bundle) = bundle(config, workspace)? else {
        return Ok(None);
    };
    if workspace.ca.is_none() {
        return Ok(Some(bundle.pem));
    }
    let public = SYSTEM_BUNDLES
        .iter()
        .find_map(|path| std::fs::read(path).ok());
    let mut all = public.unwrap_or_default();
    if !all.is_empty() && !all.ends_with(b"\n") {
        all.push(b'\n');
    }
    all.extend(bundle.pem);
    Ok(Some(all))
}

/// Connects to every builder that is named: by the environment, else by the workspace.
pub async fn builders(
    config: &Config,
    loaded: &Loaded,
    given: &Given,
) -> Result<Vec<Ready>, OpError> {
    let workspace = &loaded.workspace;
    let bundle = steps_bundle(config, workspace)?;
    let mut content = session_content(config, workspace, bundle.as_deref())?;
    content.layouts = layouts(loaded);
    content.secrets.extend(given.secrets.clone());
    content.agents.clone_from(&given.agents);
    content.notes = given.notes.clone();
    let named = named(config, workspace);
    let mut targets = Vec::new();
    for builder in &named {
        targets.push((builder, builder.target(config, workspace)?));
    }
    let connected = targets.into_iter().map(|(named, (address, tls))| {
        let content = content.clone();
        let trust = bundle.is_some();
        async move {
            let (platforms, slots) = (named.platforms.to_vec(), named.slots);
            let builder = Builder::connect(named.name, &address, tls.as_ref()).await?;
            let info = builder.info().await?;
            for platform in &platforms {
                info.require(platform)?;
            }
            let platforms = if platforms.is_empty() {
                info.platforms.clone()
            } else {
                platforms
            };
            let solver: Arc<dyn Solver> = Arc::new(builder.open(content).await?);
            Ok::<Ready, OpError>(Ready {
                info,
                address: named.address.to_owned(),
                platforms,
                slots,
                trust,
                inside: BTreeSet::new(),
                lacks: BTreeMap::new(),
                solver,
            })
        }
    });
    futures_util::future::try_join_all(connected).await
}

fn session_content(
    config: &Config,
    workspace: &Workspace,
    bundle: Option<&[u8]>,
) -> Result<SessionContent, OpError> {
    let secrets = bundle.map(trust_secrets).into_iter().flatten();
    Ok(SessionContent {
        locals: BTreeMap::from([(CONTEXT.to_owned(), workspace.root.clone())]),
        secrets: secrets
            .map(|(id, value)| (id.to_owned(), SecretBytes::new(value)))
            .collect(),
        credentials: Arc::new(Logins(credentials(config)?)),
        ..SessionContent::default()
    })
}

/// The logins of the client, for a daemon that pushes and pulls in its name.
#[derive(Debug)]
struct Logins(CredentialStore);

#[async_trait]
impl CredentialSource for Logins {
    async fn credentials(&self, host: &str) -> Option<Credential> {
        let host = if host == "registry-1.docker.io" {
            RegistryHost::docker_hub()
        } else {
            host.parse().ok()?
        };
        // The daemon falls back to an anonymous request and reports what the registry says.
        self.0.for_host(&host).await.ok().flatten()
    }
}
