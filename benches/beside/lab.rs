//! Where everything is: the daemon, the registry, the clients and the scratch folder.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::measure::output;
use crate::quiet::Daemon;
use crate::{Fallible, fault};

/// The name of buildx's builder.
const BUILDER: &str = "beside";

/// The lab as this run uses it.
#[derive(Debug)]
pub(crate) struct Lab {
    /// `HOST:PORT` of the registry.
    pub(crate) registry: String,
    /// Address of the builder.
    pub(crate) builder: String,
    pub(crate) daemon: Daemon,
    bin: PathBuf,
    folder: TempDir,
}

impl Lab {
    /// What `tests/lab/lab run` put into the environment.
    #[expect(clippy::disallowed_methods, reason = "no part of the program")]
    pub(crate) fn new() -> Fallible<Lab> {
        let given = |name: &str| {
            std::env::var(name).map_err(|_| fault(format!("{name} is not set; run `make bench`")))
        };
        let builder = given("BUILDKIT_HOST")?;
        let lab = Lab {
            daemon: Daemon::of(Path::new(&given("KILN_LAB")?), &builder),
            registry: given("KILN_LAB_REGISTRY")?,
            builder,
            bin: PathBuf::from(given("KILN_LAB_BIN")?),
            folder: tempfile::Builder::new().prefix("kiln-beside-").tempdir()?,
        };
        for folder in ["home", "docker", "buildx", "logs"] {
            std::fs::create_dir(lab.folder(folder))?;
        }
        let create = [
            "create",
            "--name",
            BUILDER,
            "--driver",
            "remote",
            &lab.builder,
        ];
        output(lab.buildx().args(create))?;
        Ok(lab)
    }

    /// A folder of the scratch folder; not made.
    pub(crate) fn folder(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn log(&self, name: &str) -> PathBuf {
        self.folder("logs").join(name)
    }

    /// kiln as cargo built it for this benchmark.
    pub(crate) fn kiln(&self) -> Command {
        self.command(Path::new(env!("CARGO_BIN_EXE_kiln")))
    }

    /// The authorities that steps trust: those of this machine, which may have some of its own.
    #[expect(clippy::disallowed_methods, reason = "no part of the program")]
    pub(crate) fn certificates() -> Fallible<PathBuf> {
        let said = std::env::var_os("SSL_CERT_FILE").map(PathBuf::from);
        let known = kiln::config::SYSTEM_BUNDLES.map(PathBuf::from);
        let mut all = said.into_iter().chain(known);
        all.find(|path| path.is_file())
            .ok_or_else(|| fault("this machine has no bundle of certificates"))
    }

    /// The linter of Dockerfiles.
    pub(crate) fn hadolint(&self) -> Command {
        self.command(&self.bin.join("hadolint"))
    }

    /// What calls a program with many arguments in several processes.
    pub(crate) fn xargs(&self) -> Command {
        self.command(Path::new("xargs"))
    }

    /// What asks a server many things at once.
    pub(crate) fn curl(&self) -> Command {
        self.command(Path::new("curl"))
    }

    pub(crate) fn buildx(&self) -> Command {
        let mut command = self.command(&self.bin.join("buildx"));
        command
            .env("BUILDX_CONFIG", self.folder("buildx"))
            .env("BUILDX_BUILDER", BUILDER)
            // kiln makes no attestations, so buildx is spared them as well, on the image and in the
            // file that we read record names from.
            .env("BUILDX_NO_DEFAULT_ATTESTATIONS", "1")
            .env("BUILDX_METADATA_PROVENANCE", "disabled");
        command
    }

    pub(crate) fn buildctl(&self) -> Command {
        self.command(&self.bin.join("buildctl"))
    }

    pub(crate) fn crane(&self) -> Command {
        self.command(&self.bin.join("crane"))
    }

    /// Logins, proxies and certificates of whoever runs this would be work for one client and not for
    /// the other.
    #[expect(clippy::disallowed_methods, reason = "no part of the program")]
    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("LANG", "C.UTF-8")
            .env("HOME", self.folder("home"))
            .env("DOCKER_CONFIG", self.folder("docker"))
            .env("BUILDKIT_HOST", &self.builder);
        command
    }
}

/// The platform that steps run on without emulation.
pub(crate) fn native() -> Fallible<&'static str> {
    match std::env::consts::ARCH {
        "x86_64" => Ok("linux/amd64"),
        "aarch64" => Ok("linux/arm64"),
        other => Err(fault(format!(
            "{other} is not among the platforms of this benchmark"
        ))),
    }
}
