//! The lab as tests see it: where builder and registry are, and the tools of others to check with.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// The time in the lab's base images, and so in all that is made on them: 2025-01-01.
pub(crate) const EPOCH: u64 = 1_735_689_600;

pub(crate) const BOTH: [&str; 2] = ["linux/amd64", "linux/arm64"];

/// Addresses of the lab.
#[derive(Debug)]
pub(crate) struct Lab {
    /// `host:port`.
    pub(crate) registry: String,
    /// `unix://…`.
    pub(crate) builder: String,
    /// Where programs are found, the lab's first.
    pub(crate) path: String,
    /// The lab's own folder, with the registry's blobs in it.
    pub(crate) folder: PathBuf,
    /// The certificates of this machine: what the environment names, else the system's.
    pub(crate) certificates: PathBuf,
}

/// The lab, or nothing with a word on why.
pub(crate) fn lab() -> Option<Lab> {
    let Some(asked) = variable("KILN_LIVE") else {
        eprintln!("skipped: KILN_LIVE is not set (`make test` sets it)");
        return None;
    };
    assert_eq!(asked, "1", "KILN_LIVE is 1 or unset");
    let must = |name| {
        variable(name).unwrap_or_else(|| panic!("{name} is not set; use `tests/lab/lab run`"))
    };
    let certificates = variable("SSL_CERT_FILE").map_or_else(system_certificates, PathBuf::from);
    Some(Lab {
        registry: must("KILN_LAB_REGISTRY"),
        builder: must("BUILDKIT_HOST"),
        path: must("PATH"),
        folder: PathBuf::from(must("KILN_LAB")),
        certificates,
    })
}

/// The lab, for what takes minutes.
pub(crate) fn lab_for_long() -> Option<Lab> {
    if variable("KILN_LIVE_LONG").is_none() {
        eprintln!("skipped: KILN_LIVE_LONG is not set (`make test-long` sets it)");
        return None;
    }
    lab()
}

#[expect(
    clippy::disallowed_methods,
    reason = "the lab speaks through the environment"
)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn system_certificates() -> PathBuf {
    let known = kiln::config::SYSTEM_BUNDLES.map(PathBuf::from);
    let found = known.into_iter().find(|path| path.exists());
    found.expect("this machine has a bundle of certificates")
}

/// A word that no other test and no earlier run has.
pub(crate) fn unique() -> String {
    static COUNTER: AtomicUsize = AtomicUsize::new(0);
    let count = COUNTER.fetch_add(1, Ordering::Relaxed);
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_millis();
    format!("t{now:x}-{:x}-{count}", std::process::id())
}

impl Lab {
    /// A program of the lab, or of the system.
    pub(crate) fn command(&self, program: &str) -> Command {
        // `Command` looks for programs in the path of its own process.
        let found = self
            .path
            .split(':')
            .map(|folder| PathBuf::from(folder).join(program));
        let found = found.into_iter().find(|path| path.is_file());
        let mut command =
            Command::new(found.unwrap_or_else(|| panic!("`{program}` is not in PATH")));
        command.env("BUILDKIT_HOST", &self.builder);
        command
    }

    /// What a program prints; it must succeed.
    pub(crate) fn bytes_of<I: AsRef<OsStr>>(
        &self,
        program: &str,
        args: impl IntoIterator<Item = I>,
    ) -> Vec<u8> {
        let mut command = self.command(program);
        let output = command.args(args).stdin(Stdio::null()).output().unwrap();
        checked(&command, output)
    }

    /// The same as text.
    pub(crate) fn text_of<I: AsRef<OsStr>>(
        &self,
        program: &str,
        args: impl IntoIterator<Item = I>,
    ) -> String {
        String::from_utf8(self.bytes_of(program, args)).unwrap()
    }

    /// What `buildctl` prints when it reads a file.
    pub(crate) fn buildctl_reading(&self, args: &[&str], input: &std::path::Path) -> Vec<u8> {
        let mut command = self.command("buildctl");
        let file = std::fs::File::open(input).unwrap();
        let output = command.args(args).stdin(file).output().unwrap();
        checked(&command, output)
    }
}

fn checked(command: &Command, output: Output) -> Vec<u8> {
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{command:?} ended with {}:\n{words}",
        output.status
    );
    output.stdout
}
