//! The data of typed steps.

use std::collections::BTreeMap;

use super::image::From;
use crate::text::Spanned;

/// `apt`: Debian packages.
#[derive(Debug, Clone, Default)]
pub struct Apt {
    /// Names, or package files by URL.
    pub install: Vec<Package>,
    /// Names to remove, with what became unneeded.
    pub remove: Vec<String>,
    /// Arguments of every call, before the names.
    pub options: Vec<String>,
    /// Whether all packages are upgraded first.
    pub upgrade: bool,
    /// Whether recommended packages come along.
    pub recommends: bool,
    /// Package sources by name; they stay in the image.
    pub sources: BTreeMap<String, AptSource>,
}

/// Something to install.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Package {
    /// In the tool's own words.
    Name(String),
    /// A package file.
    File(Download),
}

/// A package source in deb822's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AptSource {
    /// `URIs`.
    pub uris: Vec<String>,
    /// `Suites`.
    pub suites: Vec<String>,
    /// `Components`.
    pub components: Vec<String>,
    /// `Architectures`.
    pub architectures: Vec<String>,
    /// The keyring.
    pub key: Option<Key>,
}

/// A source's keyring.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    /// A file of the workspace.
    File(Spanned<String>),
    /// A download.
    Download(Download),
}

/// `dnf`: packages of RPM distributions.
#[derive(Debug, Clone, Default)]
pub struct Dnf {
    /// Names and `@groups`, or package files by URL.
    pub install: Vec<Package>,
    /// Names to remove, with what became unneeded.
    pub remove: Vec<String>,
    /// Arguments of every call, before the names.
    pub options: Vec<String>,
    /// What is upgraded first.
    pub upgrade: Option<DnfUpgrade>,
    /// Whether weak dependencies come along.
    pub weak_deps: bool,
}

/// What `dnf` upgrades.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DnfUpgrade {
    /// Everything.
    All,
    /// What an advisory calls a security fix.
    Security,
}

/// `apk`: packages of Alpine and its relatives.
#[derive(Debug, Clone, Default)]
pub struct Apk {
    /// Names.
    pub install: Vec<String>,
    /// Names to remove, with what became unneeded.
    pub remove: Vec<String>,
    /// Arguments of every call, before the names.
    pub options: Vec<String>,
    /// Whether all packages are upgraded first.
    pub upgrade: bool,
}

/// `conda`: packages of conda channels.
#[derive(Debug, Clone)]
pub struct Conda {
    /// Match specifications.
    pub install: Vec<String>,
    /// Channels asked before the configured ones.
    pub channels: Vec<String>,
    /// Arguments of the call, before the names.
    pub options: Vec<String>,
    /// `conda`, `mamba`, `micromamba`, or a path in the image.
    pub program: String,
}

/// What installs the packages of `pip`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Installer {
    /// pip of the image.
    Pip,
    /// uv, which kiln brings along.
    #[default]
    Uv,
}

impl std::str::FromStr for Installer {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "pip" => Ok(Self::Pip),
            "uv" => Ok(Self::Uv),
            _ => Err(format!(
                "`{text}` is no installer; there are `pip` and `uv`"
            )),
        }
    }
}

/// `pip`: Python packages.
#[derive(Debug, Clone)]
pub struct Pip {
    /// Requirement files, as paths in the workspace.
    pub requirements: Vec<Spanned<String>>,
    /// Constraint files, as paths in the workspace.
    pub constraints: Vec<Spanned<String>>,
    /// Requirements in pip's own words.
    pub install: Vec<String>,
    /// Names to remove.
    pub remove: Vec<String>,
    /// Folders or pages to look for archives in.
    pub find_links: Vec<String>,
    /// Arguments of every call, before the names.
    pub options: Vec<String>,
    /// The index that replaces the default one.
    pub index: Option<String>,
    /// Indexes of some packages, which come from there alone.
    pub package_indexes: Vec<PackageIndex>,
    /// Whether what is there is upgraded.
    pub upgrade: bool,
    /// Whether dependencies come along.
    pub deps: bool,
    /// The interpreter.
    pub python: String,
    /// What installs them; the workspace's default where the step names none.
    pub installer: Option<Installer>,
}

/// An index asked for some packages only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackageIndex {
    /// Its URL.
    pub url: String,
    /// The packages.
    pub packages: Vec<String>,
}

/// `copy`: files into the image.
#[derive(Debug, Clone)]
pub struct Copy {
    /// Paths or globs: in the workspace, or absolute in `from`.
    pub src: Vec<Spanned<String>>,
    /// Where they are taken from; the workspace where there is none.
    pub from: Option<Spanned<From>>,
    /// Where to; ends in `/` for a folder.
    pub to: String,
    /// Patterns relative to each source.
    pub exclude: Vec<String>,
    /// Whether the path below `/./`, or below the file's folder, is kept.
    pub parents: bool,
    /// Mode of everything copied, in chmod's words.
    pub mode: Option<Mode>,
    /// Owner; root where there is none.
    pub owner: Option<Owner>,
}

/// `write`: a file with given content.
#[derive(Debug, Clone)]
pub struct Write {
    /// Its path.
    pub path: String,
    /// Its content.
    pub content: String,
    /// Whether the content is added to what is there.
    pub append: bool,
    /// Its mode.
    pub mode: Mode,
    /// Its owner.
    pub owner: Option<Owner>,
}

/// `link`: a symbolic link that replaces what is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The link.
    pub path: String,
    /// What it points to.
    pub target: String,
}

/// `mkdir`: a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mkdir {
    /// Its path; parents are made.
    pub path: String,
    /// Its mode.
    pub mode: Option<Mode>,
    /// Its owner.
    pub owner: Option<Owner>,
}

/// `fetch`: a download into the image.
#[derive(Debug, Clone)]
pub struct Fetch {
    /// What.
    pub download: Download,
    /// Where to; ends in `/` to keep the URL's file name.
    pub to: String,
    /// Mode.
    pub mode: Option<Mode>,
    /// Owner.
    pub owner: Option<Owner>,
}

/// Something fetched by the builder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Download {
    /// Where from.
    pub url: String,
    /// The checksum as 64 hexadecimal digits.
    pub sha256: Option<String>,
    /// Whether and how it is unpacked.
    pub extract: Option<Extract>,
}

/// How an archive is unpacked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Extract {
    /// Leading parts of each path to drop.
    pub strip: usize,
    /// Globs of the paths to keep, as they stand in the archive; all where there are none.
    pub include: Vec<String>,
}

/// A git checkout made by the builder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Git {
    /// The repository.
    pub url: String,
    /// Branch, tag or commit.
    pub reference: String,
    /// Whether submodules come along.
    pub submodules: bool,
    /// Whether `.git` is kept.
    pub keep_git: bool,
}

/// `git`: a checkout in the image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkout {
    /// What.
    pub git: Git,
    /// The folder it becomes.
    pub to: String,
    /// Owner; root where there is none.
    pub owner: Option<Owner>,
}

/// A file mode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mode {
    /// Permission bits.
    Octal(u32),
    /// chmod's symbolic form, such as `u=rwX,go=rX`.
    Symbolic(String),
}

/// The owner of files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owner {
    /// By number; the group is the user's number where it is not given.
    Ids(u32, u32),
    /// By name, looked up in the image.
    Name(String),
}
