//! The workspace file, `kiln.yaml`: where images go, who builds them, whom to trust.
//!
//! Without a `kiln.yaml` a recipe's folder is the workspace, with defaults. Must not know what stands
//! in a recipe, nor the network.

mod builders;
mod lint;
mod parse;
mod registries;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use crate::diagnostic::Level;
use crate::kernel::Releases;
use crate::oci::{Compression, Platform, RegistryHost, Repository};
use crate::text::{Place, SourceFile, Spanned};

pub use parse::parse;

/// The name of the workspace file.
pub const FILE_NAME: &str = "kiln.yaml";

/// A workspace.
#[derive(Debug, Clone)]
pub struct Workspace {
    /// Its root folder.
    pub root: PathBuf,
    /// Its file, where it has one.
    pub file: Option<Arc<SourceFile>>,
    /// Globs of recipe files.
    pub recipes: Vec<String>,
    /// The registry of recipes that name none.
    pub registry: Option<Spanned<String>>,
    /// Registries by name.
    pub registries: BTreeMap<String, Registry>,
    /// Where images of a registry are read from first.
    pub mirrors: BTreeMap<RegistryHost, Vec<Mirror>>,
    /// Builders, in the order written.
    pub builders: Vec<Builder>,
    /// A file with private certificates, as an absolute path.
    pub ca: Option<Spanned<PathBuf>>,
    /// Defaults of recipes.
    pub platforms: Vec<Platform>,
    /// The shell of recipes that name none: `sh` or `bash`.
    pub shell: String,
    /// What installs Python packages where a step does not say: `pip` or `uv`.
    pub installer: String,
    /// Whether images are to be the same bytes wherever and whenever they are built.
    pub reproducible: bool,
    /// Releases of Backend.AI that kernels must satisfy.
    pub releases: Releases,
    /// Levels of lint rules, in the order written.
    pub lint: Vec<LintLevel>,
}

/// The level of a lint rule or a group of them.
#[derive(Debug, Clone)]
pub struct LintLevel {
    /// The rule or group, as written.
    pub rule: Spanned<String>,
    /// The level; nothing for `off`.
    pub level: Option<Level>,
}

/// A registry that images are pushed to.
#[derive(Debug, Clone)]
pub struct Registry {
    /// The host.
    pub host: RegistryHost,
    /// Whether it is spoken to without TLS.
    pub plain_http: bool,
    /// What stands between the host and a recipe's repository; may be empty.
    pub path: String,
    /// How layers are compressed, where a recipe does not say.
    pub compression: Option<Compression>,
    /// Whether it is one of Backend.AI's, which engines of any age read.
    pub old_readers: bool,
}

impl Registry {
    /// The full repository of a recipe's one.
    pub fn repository(&self, repository: &str) -> Result<Repository, String> {
        let path = if self.path.is_empty() {
            repository.to_owned()
        } else {
            format!("{}/{repository}", self.path)
        };
        Repository::new(self.host.clone(), &path).map_err(|error| error.to_string())
    }
}

/// A mirror of a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mirror {
    /// The host.
    pub host: RegistryHost,
    /// Whether it is spoken to without TLS.
    pub plain_http: bool,
    /// What stands before the repository; may be empty.
    pub prefix: String,
}

/// A builder.
#[derive(Debug, Clone)]
pub struct Builder {
    /// Its name.
    pub name: Spanned<String>,
    /// Where it is.
    pub address: Spanned<String>,
    /// The platforms it is used for; all it has where none are named.
    pub platforms: Vec<Platform>,
    /// How many legs it builds at once.
    pub slots: Option<usize>,
    /// TLS, where it is spoken to so.
    pub tls: Option<Tls>,
}

/// TLS to a builder. Paths are absolute.
#[derive(Debug, Clone)]
pub struct Tls {
    /// Where it stands.
    pub place: Place,
    /// The authorities to trust instead of the system's.
    pub ca: Option<Spanned<PathBuf>>,
    /// The certificate of this client.
    pub cert: Option<Spanned<PathBuf>>,
    /// The key of this client.
    pub key: Option<Spanned<PathBuf>>,
}

impl Workspace {
    /// A workspace without a file.
    pub fn bare(root: impl Into<PathBuf>) -> Self {
        Self {
            root: root.into(),
            file: None,
            recipes: vec!["recipes/**/*.yaml".to_owned()],
            registry: None,
            registries: BTreeMap::new(),
            mirrors: BTreeMap::new(),
            builders: Vec::new(),
            ca: None,
            platforms: Vec::new(),
            shell: "sh".to_owned(),
            installer: "uv".to_owned(),
            reproducible: false,
            releases: Releases::default(),
            lint: Vec::new(),
        }
    }
}
