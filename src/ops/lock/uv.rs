//! uv resolves lists of packages: its command line, and what it writes.
//!
//! It writes its answer in the standard form for lists of files (`pylock.toml`), which has the files that fit the
//! platform and no others. Code of packages is not run unless that is allowed.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::Command;

use super::answer::{answer, fault};
use crate::lock::PipList;
use crate::lower::{PipInputs, project, toml};
use crate::oci::Platform;

/// Variables that would change what is resolved. Those that say where an index or a cache is stay.
const FOREIGN: [&str; 12] = [
    "UV_BUILD_CONSTRAINT",
    "UV_CONSTRAINT",
    "UV_EXCLUDE",
    "UV_EXCLUDE_NEWER",
    "UV_NO_BINARY",
    "UV_NO_BUILD",
    "UV_NO_SOURCES",
    "UV_ONLY_BINARY",
    "UV_OVERRIDE",
    "UV_PRERELEASE",
    "UV_PYTHON",
    "UV_RESOLUTION",
];

/// The file that uv writes, and takes versions from that it should keep.
const ANSWER: &str = "pylock.toml";

/// Where uv is looked for.
#[derive(Debug, Clone, Default)]
pub struct Uv {
    named: Option<PathBuf>,
}

/// A uv that runs: the program and its first arguments.
#[derive(Debug, Clone)]
pub(super) struct Found(PathBuf, Vec<&'static str>);

/// One list to resolve.
pub(super) struct Request<'a> {
    /// A folder for files of this request.
    pub(super) folder: PathBuf,
    /// The workspace.
    pub(super) root: &'a Path,
    pub(super) inputs: &'a PipInputs,
    pub(super) platform: Platform,
    pub(super) python: &'a str,
    /// Whether the image's C library is musl.
    pub(super) musl: bool,
    /// Packages whose versions stay where they may.
    pub(super) prefer: BTreeMap<String, String>,
    pub(super) ca: Option<&'a Path>,
    pub(super) allow_builds: bool,
}

/// Why there is no list.
#[derive(Debug)]
pub(super) enum Fault {
    /// The requirements cannot be met; uv's words, and its hint.
    Unmet(String, Option<String>),
    /// An index does not answer; uv's words.
    Unreachable(String),
    /// uv knows no such platform.
    Foreign,
    /// A file of the request cannot be written, or uv cannot be run.
    Io(PathBuf, std::io::Error),
}

/// A list, and what of it has to be built.
#[derive(Debug)]
pub(super) struct Resolved {
    pub(super) list: PipList,
    /// Packages without a file that is ready for the platform.
    pub(super) from_source: Vec<String>,
}

impl Uv {
    /// The program with a path, or what is found.
    pub fn new(named: Option<PathBuf>) -> Self {
        Self { named }
    }

    /// The one that is named, else `uv`, else uv as a module of Python; nothing where there is none.
    pub(super) async fn find(&self) -> Option<Found> {
        let candidates = match &self.named {
            Some(path) => vec![Found(path.clone(), Vec::new())],
            None => vec![
                Found("uv".into(), Vec::new()),
                Found("python3".into(), vec!["-m", "uv"]),
            ],
        };
        for candidate in candidates {
            let mut command = candidate.command();
            command
                .arg("--version")
                .stdout(Stdio::null())
                .stderr(Stdio::null());
            if command.status().await.is_ok_and(|status| status.success()) {
                return Some(candidate);
            }
        }
        None
    }

    /// The path that it was to have.
    pub(super) fn named(&self) -> Option<&Path> {
        self.named.as_deref()
    }
}

impl Found {
    fn command(&self) -> Command {
        let mut command = Command::new(&self.0);
        command
            .args(&self.1)
            .stdin(Stdio::null())
            .kill_on_drop(true);
        command
    }

    /// Resolves a list.
    pub(super) async fn resolve(&self, request: &Request<'_>) -> Result<Resolved, Fault> {
        let platform = platform(request.platform, request.musl).ok_or(Fault::Foreign)?;
        let sources = prepare(request)?;
        let mut command = self.command();
        command.args([
            "pip",
            "compile",
            "--no-config",
            "--no-header",
            "--quiet",
            "--color=never",
        ]);
        command.args(["--format", "pylock.toml", "-o", ANSWER]);
        command.args([
            "--python-version",
            request.python,
            "--python-platform",
            platform,
        ]);
        let inputs = request.inputs;
        if !request.allow_builds && !inputs.options.iter().any(|word| word == "--no-binary") {
            command.arg("--no-build");
        }
        if !inputs.deps {
            command.arg("--no-deps");
        }
        for path in &inputs.constraints {
            command.arg("-c").arg(request.root.join(path));
        }
        for link in &inputs.find_links {
            command.args(["--find-links", link]);
        }
        if let Some(index) = &inputs.index {
            command.args(["--default-index", index]);
        }
        command.args(&inputs.options).args(sources);
        command.current_dir(&request.folder);
        for name in FOREIGN {
            command.env_remove(name);
        }
        if let Some(ca) = request.ca {
            command.env("SSL_CERT_FILE", ca);
        }
        let output = command.output().await;
        let output = output.map_err(|error| Fault::Io(self.0.clone(), error))?;
        if !output.status.success() {
            return Err(fault(&String::from_utf8_lossy(&output.stderr)));
        }
        let path = request.folder.join(ANSWER);
        let text = std::fs::read_to_string(&path).map_err(|error| Fault::Io(path, error))?;
        answer(&text, request.python).map_err(|words| Fault::Unmet(words, None))
    }
}

/// What uv calls a platform. The C library of an image is not known before it is built: packages for glibc 2.28 run
/// on all distributions that are maintained.
fn platform(platform: Platform, musl: bool) -> Option<&'static str> {
    Some(match (platform.os(), platform.architecture(), musl) {
        ("linux", "amd64", false) => "x86_64-manylinux_2_28",
        ("linux", "arm64", false) => "aarch64-manylinux_2_28",
        ("linux", "amd64", true) => "x86_64-unknown-linux-musl",
        ("linux", "arm64", true) => "aarch64-unknown-linux-musl",
        ("linux", "riscv64", false) => "riscv64-unknown-linux",
        _ => return None,
    })
}

/// Writes the files of a request; gives those to resolve.
fn prepare(request: &Request<'_>) -> Result<Vec<PathBuf>, Fault> {
    let inputs = request.inputs;
    let write = |name: &str, text: String| {
        let path = request.folder.join(name);
        let written = std::fs::write(&path, text);
        written.map_err(|error| Fault::Io(path.clone(), error))?;
        Ok(path)
    };
    std::fs::create_dir_all(&request.folder)
        .map_err(|error| Fault::Io(request.folder.clone(), error))?;
    if !request.prefer.is_empty() {
        let mut text = "lock-version = \"1.0\"\ncreated-by = \"kiln\"\n".to_owned();
        for (name, version) in &request.prefer {
            let (name, version) = (toml(name), toml(version));
            let _ = write!(text, "[[packages]]\nname = {name}\nversion = {version}\n");
        }
        write(ANSWER, text)?;
    }
    let paths = inputs.requirements.iter();
    let mut sources: Vec<PathBuf> = paths.map(|path| request.root.join(path)).collect();
    if !inputs.install.is_empty() {
        sources.push(write(
            "requirements.in",
            format!("{}\n", inputs.install.join("\n")),
        )?);
    }
    if !inputs.package_indexes.is_empty() {
        sources.push(write("pyproject.toml", project(&inputs.package_indexes))?);
    }
    Ok(sources)
}
