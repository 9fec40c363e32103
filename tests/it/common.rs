//! A folder to write recipes into, and the program run in it with a scrubbed environment.

use std::path::{Path, PathBuf};
use std::process::Command;

use kiln::ops::{LoadOptions, Loaded, OpError, load};
use tempfile::TempDir;

/// A temporary workspace.
pub(crate) struct Workbench {
    folder: TempDir,
}

/// What a run of the program said.
pub(crate) struct Ran {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) code: i32,
}

impl Workbench {
    /// An empty one.
    pub(crate) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// One with a recipe file `r.yaml`, and no `kiln.yaml`.
    pub(crate) fn with_recipe(text: &str) -> Self {
        let bench = Self::new();
        bench.write("r.yaml", text);
        bench
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file, and the folders it lies in.
    pub(crate) fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let path = self.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Copies a file, or a folder's content, of the repository.
    pub(crate) fn copy(&self, from: &Path, to: &str) {
        if !from.is_dir() {
            self.write(to, std::fs::read(from).unwrap());
            return;
        }
        for entry in std::fs::read_dir(from).unwrap() {
            let entry = entry.unwrap().path();
            let name = entry.file_name().unwrap().to_str().unwrap();
            let to = if to.is_empty() {
                name.to_owned()
            } else {
                format!("{to}/{name}")
            };
            self.copy(&entry, &to);
        }
    }

    /// Runs the program here.
    pub(crate) fn kiln(&self, arguments: &[&str]) -> Ran {
        self.kiln_with(&[], arguments)
    }

    /// The same with more variables.
    pub(crate) fn kiln_with(&self, variables: &[(&str, &str)], arguments: &[&str]) -> Ran {
        #[expect(clippy::disallowed_methods, reason = "git is looked for where it is")]
        let path = std::env::var_os("PATH").unwrap_or_default();
        let output = Command::new(env!("CARGO_BIN_EXE_kiln"))
            .args(arguments)
            .current_dir(self.path())
            .env_clear()
            .env("PATH", path)
            .env("HOME", self.path())
            .env("GIT_CEILING_DIRECTORIES", "/")
            .env("NO_COLOR", "1")
            .envs(variables.iter().copied())
            .output()
            .unwrap();
        let here = self.path().canonicalize().unwrap();
        let text = |bytes: Vec<u8>| {
            let text = String::from_utf8(bytes).unwrap();
            text.replace(here.to_str().unwrap(), "[workspace]")
                .replace(self.path().to_str().unwrap(), "[workspace]")
        };
        Ran {
            stdout: text(output.stdout),
            stderr: text(output.stderr),
            code: output.status.code().unwrap_or(-1),
        }
    }

    /// The plan as JSON.
    pub(crate) fn plan(&self, arguments: &[&str]) -> serde_json::Value {
        let ran = self.kiln(&[&["plan", "--format", "json"], arguments].concat());
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        serde_json::from_str(&ran.stdout).unwrap()
    }

    /// Loads `r.yaml`, or without it the workspace.
    pub(crate) fn load(&self, set: &[(&str, &str)]) -> Result<Loaded, OpError> {
        let recipe = PathBuf::from("r.yaml");
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        load(&LoadOptions {
            folder: self.path().to_path_buf(),
            files: if self.path().join(&recipe).is_file() {
                vec![recipe]
            } else {
                Vec::new()
            },
            set: set.iter().map(own).collect(),
            ..LoadOptions::default()
        })
    }
}

/// Loads a recipe that has no mistake.
pub(crate) fn loaded(text: &str) -> Loaded {
    match Workbench::with_recipe(text).load(&[]) {
        Ok(loaded) => loaded,
        Err(OpError::Invalid(findings)) => panic!("{findings:#?}"),
        Err(error) => panic!("{error}"),
    }
}

/// The messages of a recipe that has mistakes, each with its place.
pub(crate) fn mistakes(text: &str) -> Vec<String> {
    match Workbench::with_recipe(text).load(&[]) {
        Ok(_) => Vec::new(),
        Err(OpError::Invalid(findings)) => findings
            .sorted()
            .iter()
            .map(|finding| format!("{} {}", finding.place, finding.message))
            .collect(),
        Err(error) => vec![error.to_string()],
    }
}
