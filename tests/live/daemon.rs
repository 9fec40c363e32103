//! A BuildKit daemon of a test's own: to be killed, filled, starved and locked.
//!
//! It has an empty store of its own beside the lab's and runs steps in the host's network, as the lab's
//! daemon does. Its end ends its steps, too: a daemon that is killed leaves them running.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::lab::Lab;

/// How long a daemon may take to answer or to end; it is far below that on a quiet machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A daemon that lives as long as its test.
#[derive(Debug)]
pub(crate) struct Daemon {
    /// Its socket, its store, its log.
    folder: TempDir,
    program: PathBuf,
    path: String,
    environment: Vec<(String, String)>,
    child: Option<Child>,
}

/// What a daemon is given beside the lab's settings.
#[derive(Debug, Default)]
pub(crate) struct Settings<'a> {
    /// An address beside the Unix socket, such as `tcp://127.0.0.1:1234`.
    pub(crate) address: Option<&'a str>,
    /// Arguments, such as those of TLS.
    pub(crate) arguments: &'a [String],
    /// Where its store is; in its own folder otherwise.
    pub(crate) store: Option<&'a Path>,
    /// The control group of its steps.
    pub(crate) cgroup: Option<&'a str>,
    /// Variables of its process.
    pub(crate) environment: &'a [(String, String)],
    /// A folder whose programs go before those of the lab.
    pub(crate) programs: Option<&'a Path>,
    /// What it says it can build for; what its machine can where nothing is said.
    pub(crate) platforms: &'a [&'a str],
    /// Hosts that the lab's registry stands in for, beside `docker.io`.
    pub(crate) mirrored: &'a [&'a str],
}

impl Daemon {
    /// Starts one and waits until it answers.
    pub(crate) fn start(lab: &Lab) -> Self {
        Self::with(lab, &Settings::default())
    }

    /// The same with settings.
    pub(crate) fn with(lab: &Lab, settings: &Settings<'_>) -> Self {
        // Below the lab's folder: the store needs a file system that overlayfs can stand on.
        let folder = tempfile::Builder::new()
            .prefix("daemon-")
            .tempdir_in(lab.folder.join("run"))
            .unwrap();
        let program = lab.folder.join("bin/buildkitd");
        let path = match settings.programs {
            Some(programs) => format!("{}:{}", programs.display(), lab.path),
            None => lab.path.clone(),
        };
        let mut daemon = Self {
            folder,
            program,
            path,
            environment: settings.environment.to_vec(),
            child: None,
        };
        let store = settings.store.map_or_else(|| daemon.store(), PathBuf::from);
        let mut addresses = vec![daemon.address()];
        addresses.extend(settings.address.map(str::to_owned));
        let registry = &lab.registry;
        let parent = |name| format!("defaultCgroupParent = \"/{name}\"");
        let cgroup = settings.cgroup.map(parent).unwrap_or_default();
        let store = store.display();
        let platforms = match settings.platforms {
            [] => String::new(),
            some => format!("platforms = {some:?}\n"),
        };
        let mirrored = settings.mirrored.iter();
        let mirrored: Vec<String> = mirrored
            .map(|host| format!("[registry.{host:?}]\n  mirrors = [{registry:?}]\n"))
            .collect();
        let mirrored = mirrored.concat();
        // Otherwise all daemons of a machine want the same socket for traces.
        let traces = daemon.folder.path().join("traces.sock");
        let traces = traces.display();
        let config = format!(
            "root = \"{store}\"\n[otel]\n  socketPath = \"{traces}\"\n[grpc]\n  address = {addresses:?}\n\
             [worker.containerd]\n  enabled = false\n\
             [worker.oci]\n  enabled = true\n  snapshotter = \"overlayfs\"\n  networkMode = \"host\"\n{cgroup}\n{platforms}\
             [registry.\"docker.io\"]\n  mirrors = [{registry:?}]\n\
             {mirrored}[registry.{registry:?}]\n  http = true\n"
        );
        std::fs::write(daemon.folder.path().join("buildkitd.toml"), config).unwrap();
        daemon.spawn(settings.arguments);
        daemon
    }

    /// `unix://…`.
    pub(crate) fn address(&self) -> String {
        format!("unix://{}", self.socket().display())
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("buildkitd.sock")
    }

    fn store(&self) -> PathBuf {
        self.folder.path().join("store")
    }

    /// Everything of it: store, log, settings.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What the daemon wrote since its last start.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// Starts it again on the same store.
    pub(crate) fn restart(&mut self) {
        self.kill();
        self.spawn(&[]);
    }

    /// `kill -9`, and waits for the end. Steps run on.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Sends a signal, such as `-TERM`.
    pub(crate) fn signal(&self, signal: &str) {
        let id = self.child.as_ref().unwrap().id().to_string();
        let kill = Command::new("kill").args([signal, &id]).status().unwrap();
        assert!(kill.success());
    }

    /// Waits until it has ended by itself.
    pub(crate) fn wait(&mut self) {
        let mut child = self.child.take().unwrap();
        until("the daemon ends", || child.try_wait().unwrap().is_some());
    }

    fn spawn(&mut self, arguments: &[String]) {
        let folder = self.folder.path();
        let log = File::create(folder.join("log")).unwrap();
        let child = Command::new(&self.program)
            .arg("--config")
            .arg(folder.join("buildkitd.toml"))
            .args(arguments)
            .current_dir("/")
            .env("PATH", &self.path)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        self.child = Some(child);
        let address = self.address();
        let buildctl = self.program.with_file_name("buildctl");
        until("the daemon answers", || {
            let child = self.child.as_mut().unwrap();
            assert!(child.try_wait().unwrap().is_none(), "{}", self.log());
            Command::new(&buildctl)
                .args(["--addr", &address, "debug", "workers"])
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status()
                .unwrap()
                .success()
        });
    }

    /// Ends the steps that a killed daemon left.
    fn end_steps(&self) {
        let executor = self.store().join("runc-overlayfs/executor");
        for step in std::fs::read_dir(executor).into_iter().flatten().flatten() {
            let _ = Command::new("runc")
                .args(["delete", "--force"])
                .arg(step.file_name())
                .env("PATH", &self.path)
                .stderr(Stdio::null())
                .status();
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.kill();
        self.end_steps();
        for point in mounts_below(self.folder.path()) {
            let _ = Command::new("umount").arg("--lazy").arg(point).status();
        }
    }
}

/// What is mounted below a folder, innermost first.
fn mounts_below(folder: &Path) -> Vec<PathBuf> {
    let table = std::fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let points = table.lines().filter_map(|line| line.split(' ').nth(4));
    let mut below: Vec<PathBuf> = points
        .map(PathBuf::from)
        .filter(|point| point.starts_with(folder))
        .collect();
    below.sort();
    below.reverse();
    below
}

/// Waits for something that happens soon.
#[track_caller]
pub(crate) fn until(what: &str, mut happened: impl FnMut() -> bool) {
    let clock = Instant::now();
    while !happened() {
        assert!(clock.elapsed() < PATIENCE, "{what}: not after {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
