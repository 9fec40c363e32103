//! A workspace that lives as long as its test, and runs of the program in it.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::lab::{Lab, lab, lab_for_long, unique};
use crate::published::Published;

/// A workspace with one recipe, `r/recipe.yaml`, and a repository of its own.
#[derive(Debug)]
pub(crate) struct Workspace {
    pub(crate) lab: Lab,
    /// Stands in texts as `UNIQUE`: put it into what must not come from a cache. The lab's registry
    /// is `REGISTRY` there.
    pub(crate) unique: String,
    folder: TempDir,
}

impl Workspace {
    /// A new one, or nothing with a word on why.
    pub(crate) fn new() -> Option<Self> {
        lab().map(Self::of)
    }

    /// A new one, for what takes minutes.
    pub(crate) fn for_long() -> Option<Self> {
        lab_for_long().map(Self::of)
    }

    fn of(lab: Lab) -> Self {
        let space = Self {
            unique: unique(),
            folder: tempfile::tempdir().unwrap(),
            lab,
        };
        let registry = space.lab.registry.clone();
        space.kiln_yaml(&registry, "");
        space
    }

    /// Writes `kiln.yaml` for a registry, with more lines at its end.
    pub(crate) fn kiln_yaml(&self, registry: &str, more: &str) {
        let mirror = &self.lab.registry;
        self.file(
            "kiln.yaml",
            &format!(
                "kiln: 1\nrecipes: [\"*/recipe.yaml\"]\nregistry: lab\n\
                 registries: {{lab: {{url: \"http://{registry}\"}}}}\n\
                 mirrors: {{docker.io: [\"http://{mirror}\"]}}\n{more}"
            ),
        );
    }

    pub(crate) fn root(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.root().join(path)
    }

    /// Writes a file and the folders it lies in.
    pub(crate) fn file(&self, path: &str, text: &str) {
        let text = text.replace("UNIQUE", &self.unique);
        self.bytes(
            path,
            text.replace("REGISTRY", &self.lab.registry).as_bytes(),
        );
    }

    pub(crate) fn bytes(&self, path: &str, bytes: &[u8]) {
        let path = self.path(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    /// The repository of the recipe.
    pub(crate) fn repository(&self) -> String {
        format!("live/{}", self.unique)
    }

    /// Writes the recipe: a head, and `body`. Its base is the tiny image unless the body has one.
    pub(crate) fn recipe(&self, body: &str) {
        let base = if body.lines().any(|line| line.starts_with("base:")) {
            ""
        } else {
            "base: docker.io/kiln-test/tiny:1\n"
        };
        let head = "kiln: 1\nname: image\nrepository: live/UNIQUE\ntags: [it]\n";
        self.file("r/recipe.yaml", &format!("{head}{base}{body}"));
    }

    /// The program in this workspace, with nothing of this process's environment but what it needs.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kiln"));
        command
            .args(args)
            .current_dir(self.root())
            .env_clear()
            .env("PATH", &self.lab.path)
            .env("HOME", self.root())
            .env("BUILDKIT_HOST", &self.lab.builder)
            .stdin(Stdio::null());
        command
    }

    /// The same with this process's environment, for steps that need the network around it.
    pub(crate) fn networked(&self, args: &[&str]) -> Command {
        let mut command = self.command(args);
        command
            .envs(std::env::vars_os())
            .env_remove("SOURCE_DATE_EPOCH")
            .env("SSL_CERT_FILE", &self.lab.certificates);
        command
    }

    /// Runs the program.
    pub(crate) fn kiln(&self, args: &[&str]) -> Run {
        run(self.command(args))
    }

    /// Builds and publishes the recipe's image.
    pub(crate) fn publish(&self) -> Published {
        self.kiln(&["build", "--push"]).expect(0);
        self.published()
    }

    /// The image as the registry has it.
    pub(crate) fn published(&self) -> Published {
        Published::read(&self.lab, &self.reference())
    }

    /// The full reference of the recipe's image.
    pub(crate) fn reference(&self) -> String {
        format!("{}/{}:it", self.lab.registry, self.repository())
    }

    /// Whether the image's tag exists.
    pub(crate) fn is_published(&self) -> bool {
        let mut crane = self.lab.command("crane");
        let output = crane
            .args(["manifest", &self.reference()])
            .output()
            .unwrap();
        output.status.success()
    }

    /// The records of this workspace.
    pub(crate) fn records(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.path(".kiln/records.jsonl")).unwrap_or_default();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}

/// Runs a command to its end.
pub(crate) fn run(mut command: Command) -> Run {
    let clock = Instant::now();
    let output = command.output().unwrap();
    Run::of(output, clock.elapsed())
}

/// Starts a command whose standard error is read while it runs.
pub(crate) fn start(mut command: Command) -> Child {
    command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// How a run of the program ended.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) took: Duration,
}

impl Run {
    fn of(output: Output, took: Duration) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
            took,
        }
    }

    /// Requires an exit code.
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        let Self { stdout, stderr, .. } = &self;
        assert_eq!(
            self.code,
            Some(code),
            "\n--- stdout\n{stdout}\n--- stderr\n{stderr}"
        );
        assert!(!stderr.contains("panicked"), "{stderr}");
        self
    }

    /// Requires texts on standard error.
    #[track_caller]
    pub(crate) fn says(self, texts: &[&str]) -> Self {
        for text in texts {
            assert!(
                self.stderr.contains(text),
                "no `{text}` in:\n{}",
                self.stderr
            );
        }
        self
    }

    /// Requires a text on standard output.
    #[track_caller]
    pub(crate) fn stdout_has(self, text: &str) -> Self {
        assert!(
            self.stdout.contains(text),
            "no `{text}` in:\n{}",
            self.stdout
        );
        self
    }

    /// Lines that steps wrote on a platform.
    pub(crate) fn logged(&self, platform: &str) -> Vec<&str> {
        let lines = self
            .stderr
            .lines()
            .filter_map(|line| line.split_once(" │   "));
        lines
            .filter(|(leg, _)| leg.trim_end().ends_with(platform))
            .map(|(_, line)| line)
            .collect()
    }

    /// The result as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}", self.stdout))
    }
}
