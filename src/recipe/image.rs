//! What one variant must contain on each of its platforms.
//!
//! No template and no condition is left here: the planner and the lowering read plain values. Places
//! stay with what can fail later, so that a failed build step points to its line.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::oci::{Compression, Packing, Platform, Reference, Tag};
use crate::text::{Place, SourceFile, Spanned};

use super::kernel::Kernel;
use super::tests::{Limits, Refresh, Test};
use super::variant::Variant;

/// One variant of a recipe.
#[derive(Debug, Clone)]
pub struct Image {
    /// The recipe's name.
    pub recipe: Spanned<String>,
    /// The file it was read from.
    pub source: Arc<SourceFile>,
    /// The values of axes and columns.
    pub variant: Variant,
    /// `registry`, where the recipe names one.
    pub registry: Option<Spanned<String>>,
    /// The repository below the registry's prefix.
    pub repository: Spanned<String>,
    /// The tags; the first names the variant in plans and logs.
    pub tags: Vec<Spanned<Tag>>,
    /// How often it is to be made anew.
    pub refresh: Option<Refresh>,
    /// What it contains, per platform.
    pub contents: BTreeMap<Platform, Content>,
    /// The platforms that `exclude` takes from it, with the reasons.
    pub excluded: BTreeMap<Platform, String>,
}

impl Image {
    /// `REPOSITORY:TAG` with the first tag: the image's name in plans and logs.
    pub fn name(&self) -> String {
        format!("{}:{}", self.repository.value, self.tag())
    }

    /// The first tag.
    pub fn tag(&self) -> &str {
        self.tags.first().map_or("", |tag| tag.value.as_str())
    }
}

/// What an image contains on one platform.
#[derive(Debug, Clone)]
pub struct Content {
    /// What it begins with.
    pub base: Spanned<Base>,
    /// Stages by name.
    pub stages: BTreeMap<String, Stage>,
    /// Environment, in the order written.
    pub env: Vec<EnvEntry>,
    /// Working directory.
    pub workdir: Option<Spanned<String>>,
    /// What interprets `run` text.
    pub shell: Shell,
    /// The steps, in order.
    pub steps: Vec<Step>,
    /// What containers are started with.
    pub runtime: Runtime,
    /// How its layers are compressed, where the recipe says so.
    pub compression: Option<Compression>,
    /// What it says of itself as a kernel of Backend.AI, where it is one.
    pub kernel: Option<Kernel>,
    /// What it must do once it is finished.
    pub tests: Vec<Test>,
    /// What it may not exceed.
    pub limits: Limits,
}

impl Content {
    /// How its layers are packed: as the recipe says, else as `otherwise`.
    pub fn packing(&self, otherwise: Packing) -> Packing {
        self.compression.map_or(otherwise, Packing::said)
    }
}

/// The keys that describe the container and not its files.
#[derive(Debug, Clone, Default)]
pub struct Runtime {
    /// User of the running container.
    pub user: Option<String>,
    /// Entrypoint; an empty list clears the base's.
    pub entrypoint: Option<Vec<String>>,
    /// Command; an empty list clears the base's.
    pub cmd: Option<Vec<String>>,
    /// Ports as `8080/tcp`.
    pub expose: Vec<String>,
    /// Paths.
    pub volumes: Vec<String>,
    /// Signal.
    pub stop_signal: Option<String>,
    /// Health check.
    pub healthcheck: Option<Healthcheck>,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Annotations of the index and of each manifest.
    pub annotations: BTreeMap<String, String>,
}

/// A health check; times in nanoseconds, as the image configuration has them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Healthcheck {
    /// `[CMD, …]`, `[CMD-SHELL, …]` or `[NONE]`.
    pub test: Vec<String>,
    /// Time between checks.
    pub interval: Option<i64>,
    /// Longest time of one check.
    pub timeout: Option<i64>,
    /// Time at the start in which failures do not count.
    pub start_period: Option<i64>,
    /// Time between checks during the start period.
    pub start_interval: Option<i64>,
    /// Failures in a row that make the container unhealthy.
    pub retries: Option<i64>,
}

/// What an image or stage begins with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Base {
    /// An image of a registry.
    Image(Reference),
    /// Nothing.
    Scratch,
    /// An image of this workspace.
    Recipe(RecipeRef),
    /// A stage of this recipe.
    Stage(String),
    /// A tarball of a root filesystem, as a path in the workspace.
    Rootfs(String),
    /// An image in an OCI layout.
    Oci {
        /// The layout's folder in the workspace.
        folder: String,
        /// The tag (`org.opencontainers.image.ref.name`) in it.
        tag: String,
    },
    /// What a Dockerfile makes; only of an image, never of a stage.
    Dockerfile(Box<super::Dockerfile>),
}

/// Points to one variant of another recipe.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RecipeRef {
    /// The recipe's name.
    pub recipe: String,
    /// Values that axes and columns must have.
    pub select: BTreeMap<String, String>,
}

/// A stage: built only where something of it is copied or mounted, or begins with it.
#[derive(Debug, Clone)]
pub struct Stage {
    /// What it begins with.
    pub base: Spanned<Base>,
    /// Environment.
    pub env: Vec<EnvEntry>,
    /// Working directory.
    pub workdir: Option<Spanned<String>>,
    /// What interprets `run` text.
    pub shell: Shell,
    /// The steps, in order.
    pub steps: Vec<Step>,
    /// The platform it runs on.
    pub platform: StagePlatform,
}

/// The platform of a stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StagePlatform {
    /// That of the image.
    Target,
    /// The builder's own.
    Native,
    /// A fixed one.
    Fixed(Platform),
}

/// One variable of the environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvEntry {
    /// Its name.
    pub name: String,
    /// Its value.
    pub change: EnvChange,
}

/// How a variable gets its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EnvChange {
    /// A literal value.
    Set(String),
    /// Pieces around what is there, joined by `:`.
    Extend {
        /// Before it.
        prepend: Vec<String>,
        /// Behind it.
        append: Vec<String>,
    },
}

/// The argument vector that a script's text is appended to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shell(pub Vec<String>);

impl Shell {
    /// `sh`: stops at the first failing command.
    pub fn sh() -> Self {
        Self(["/bin/sh", "-e", "-c"].map(String::from).to_vec())
    }

    /// `bash`: stops also at unset variables and inside pipes.
    pub fn bash() -> Self {
        Self(
            ["/bin/bash", "-e", "-u", "-o", "pipefail", "-c"]
                .map(String::from)
                .to_vec(),
        )
    }
}

/// One step.
#[derive(Debug, Clone)]
pub struct Step {
    /// Where it stands.
    pub place: Place,
    /// Its `name`, where it has one.
    pub name: Option<String>,
    /// What it does.
    pub kind: StepKind,
    /// The places of the `use`s that it came by, the recipe's first; none for a step of the recipe itself.
    pub used: Vec<Place>,
    /// The names of those `use`s, where they have some, joined by `: `.
    pub within: Option<String>,
}

/// What a step does.
#[derive(Debug, Clone)]
pub enum StepKind {
    /// Runs a program.
    Run(Command, Program),
    /// Debian packages.
    Apt(super::steps::Apt, Program),
    /// Packages of RPM distributions.
    Dnf(super::steps::Dnf, Program),
    /// Packages of Alpine and its relatives.
    Apk(super::steps::Apk, Program),
    /// Python packages.
    Pip(super::steps::Pip, Program),
    /// Packages of conda channels.
    Conda(super::steps::Conda, Program),
    /// Files from the workspace, a stage or an image.
    Copy(super::steps::Copy),
    /// A file with given content.
    Write(super::steps::Write),
    /// A symbolic link.
    Link(super::steps::Link),
    /// Folders.
    Mkdir(Vec<super::steps::Mkdir>),
    /// Paths and globs to remove.
    Remove(Vec<String>),
    /// A download.
    Fetch(super::steps::Fetch),
    /// A git checkout.
    Git(super::steps::Checkout),
    /// Environment from here on.
    Env(Vec<EnvEntry>),
}

/// What `run` runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Text for the shell.
    Script(String),
    /// A program and its arguments.
    Args(Vec<String>),
}

/// Options of a step that runs a program.
#[derive(Debug, Clone, Default)]
pub struct Program {
    /// Environment for this step only.
    pub env: Vec<EnvEntry>,
    /// Working directory for this step only.
    pub workdir: Option<String>,
    /// Shell for this step only.
    pub shell: Option<Shell>,
    /// User; root where there is none.
    pub user: Option<String>,
    /// What is mounted for the step.
    pub mounts: Vec<Mount>,
    /// Folders kept between builds.
    pub caches: Vec<CacheMount>,
    /// Secrets.
    pub secrets: Vec<SecretUse>,
    /// Ids of ssh agents.
    pub ssh: Vec<String>,
    /// Network.
    pub network: Network,
    /// Whether the image's own programs do the work even where native tools could: `native: false` beside `apt`
    /// and `pip`.
    pub emulate: bool,
}

/// The network of a step.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Network {
    /// The builder's usual one.
    #[default]
    Default,
    /// None at all.
    None,
    /// The builder's host network; needs to be allowed there.
    Host,
}

/// Something present only during a step.
#[derive(Debug, Clone)]
pub struct Mount {
    /// Where it stands in the recipe.
    pub place: Place,
    /// Path in the image.
    pub path: String,
    /// Whether it may be written to; writes are thrown away.
    pub rw: bool,
    /// What is mounted.
    pub source: MountSource,
}

/// What can be mounted.
#[derive(Debug, Clone)]
pub enum MountSource {
    /// A file or folder.
    Files {
        /// Its path, in the workspace or in `from`.
        src: Spanned<String>,
        /// Where it is taken from; the workspace where there is none.
        from: Option<Spanned<From>>,
    },
    /// A download.
    Fetch(super::steps::Download),
    /// A git checkout.
    Git(super::steps::Git),
    /// An empty folder in memory.
    Tmpfs,
}

/// Where files are taken from, other than the workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum From {
    /// A stage of this recipe.
    Stage(String),
    /// An image of a registry.
    Image(Reference),
    /// An image of this workspace.
    Recipe(RecipeRef),
}

/// A folder kept between builds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheMount {
    /// Path in the image.
    pub path: String,
    /// What it is shared by; the image's repository where there is none.
    pub id: Option<String>,
}

/// A secret handed to a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretUse {
    /// Its id.
    pub id: String,
    /// How the step sees it.
    pub target: SecretTarget,
    /// Whether the build fails without it.
    pub required: bool,
}

/// How a step sees a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretTarget {
    /// As a file.
    Path(String),
    /// As a variable.
    Env(String),
}
