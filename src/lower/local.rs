//! Files of the workspace as sources of a graph.

use std::path::{Path, PathBuf};

use crate::context::{Kind, PatternSet, expand, is_glob, parse_ignore_file, read_text, rebase};
use crate::diagnostic::nearest;
use crate::llb::{LocalSource, Note, State};
use crate::oci::{Digest, Platform};
use crate::text::{Place, with_causes};

/// The name under which the session serves the workspace.
pub const CONTEXT: &str = "context";

/// The folder of kiln's own files; never copied.
const OWN_FOLDER: &str = ".kiln";
const IGNORE_FILE: &str = ".dockerignore";
/// The most bytes of a file that is read here: patterns, requirements, templates.
const MAX_BYTES: usize = 4 << 20;

/// The files of a workspace.
#[derive(Debug, Clone)]
pub struct LocalFiles {
    root: PathBuf,
    origin: Option<Origin>,
}

/// Who sends files to a builder. Another workspace's files can have the same names, sizes and times, and
/// may be sent at the same moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Different in each run: the files of a run are its own.
    pub run: String,
    /// The same in each run on this workspace: only what changed since the last one is sent.
    pub workspace: String,
}

impl LocalFiles {
    /// The files below a folder.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self {
            root: root.into(),
            origin: None,
        }
    }

    /// The same files for a builder, who must tell them from those of others.
    #[must_use]
    pub fn sent_by(mut self, origin: Origin) -> Self {
        self.origin = Some(origin);
        self
    }

    /// What tells this workspace from all others; empty where nobody asked for it.
    pub fn workspace(&self) -> &str {
        let origin = self.origin.as_ref();
        origin.map_or("", |origin| &origin.workspace)
    }

    /// The folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Patterns of what is never copied by a recipe in a folder: those of `.dockerignore` at the root,
    /// then those beside the recipe, which speak of what lies below it.
    pub fn ignored(&self, folder: &str) -> Result<Vec<String>, String> {
        let mut patterns = self.ignore_file("")?;
        if !folder.is_empty() {
            patterns.extend(rebase(&self.ignore_file(folder)?, folder));
        }
        patterns.push(OWN_FOLDER.to_owned());
        Ok(patterns)
    }

    fn ignore_file(&self, folder: &str) -> Result<Vec<String>, String> {
        let path = if folder.is_empty() {
            IGNORE_FILE.to_owned()
        } else {
            format!("{folder}/{IGNORE_FILE}")
        };
        match read_text(&self.root.join(&path), MAX_BYTES) {
            Ok(text) => parse_ignore_file(&text).map_err(|error| format!("`{path}`: {error}")),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(format!("cannot read `{path}`: {error}")),
        }
    }

    /// The paths that a source stands for; an error text where it stands for none.
    pub fn matches(&self, source: &str, exclude: &[String]) -> Result<Vec<String>, String> {
        let none = PatternSet::new::<&str>([]).map_err(|error| error.to_string())?;
        let path = source.trim_end_matches('/');
        let all = expand(&self.root, path, &none).map_err(|error| with_causes(&error))?;
        if all.is_empty() {
            return Err(if is_glob(path) {
                format!("`{source}` matches no file of the workspace")
            } else {
                format!("there is no `{source}` in the workspace")
            });
        }
        let exclude = PatternSet::new(exclude).map_err(|error| error.to_string())?;
        let mut kept = expand(&self.root, path, &exclude).map_err(|error| with_causes(&error))?;
        if kept.is_empty() {
            return Err(format!(
                "`{source}` is left out by `.dockerignore` or `exclude`"
            ));
        }
        let special = |path: &str| Kind::at(&self.root.join(path)).and_then(Kind::special);
        let first = kept
            .first()
            .and_then(|path| Some((path.clone(), special(path)?)));
        kept.retain(|path| special(path).is_none());
        match first {
            Some((path, what)) if kept.is_empty() => Err(format!(
                "`{path}` is {what}; only files, folders and links can be copied"
            )),
            _ => Ok(kept),
        }
    }

    /// The patterns of `exclude` beside a source, as patterns of the workspace. They count from each folder that
    /// the source stands for, and from the one in which a glob looks or a file lies.
    pub fn excluded(&self, source: &str, matched: &[String], exclude: &[String]) -> Vec<String> {
        let mut folders: Vec<&str> = Vec::new();
        if is_glob(source) || !self.is_folder(source) {
            folders.push(looked_in(source));
        }
        let matched = matched.iter().map(String::as_str);
        folders.extend(matched.filter(|path| self.is_folder(path)));
        folders
            .into_iter()
            .flat_map(|folder| rebase(exclude, folder))
            .collect()
    }

    /// Patterns of what is never sent of a folder, whatever its `.dockerignore` says.
    pub fn hidden(&self, folder: &Path) -> Vec<String> {
        let root = self.root.canonicalize();
        let is_root = root.is_ok_and(|root| root == folder);
        is_root.then(|| OWN_FOLDER.to_owned()).into_iter().collect()
    }

    /// Whether a path is a folder.
    pub fn is_folder(&self, path: &str) -> bool {
        self.root.join(path).is_dir()
    }

    /// The names of the files in a folder, sorted.
    pub fn names(&self, path: &str) -> Result<Vec<String>, String> {
        self.inside(path)?;
        let failed = |error: std::io::Error| format!("cannot read `{path}`: {error}");
        let mut names = Vec::new();
        for entry in std::fs::read_dir(self.root.join(path)).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            if !entry.path().is_file() {
                continue;
            }
            let name = entry.file_name().into_string();
            let name =
                name.map_err(|_| format!("`{path}` holds a file whose name is not UTF-8"))?;
            names.push(name);
        }
        names.sort();
        Ok(names)
    }

    /// The text of a file.
    pub fn read(&self, path: &str) -> Result<String, String> {
        let full = self.inside(path)?;
        read_text(&full, MAX_BYTES).map_err(|error| format!("cannot read `{path}`: {error}"))
    }

    /// Where a path of the workspace really is, links followed; it must be inside.
    pub fn inside(&self, path: &str) -> Result<PathBuf, String> {
        let full = self.root.join(path).canonicalize();
        match full.and_then(|full| Ok((full, self.root.canonicalize()?))) {
            Ok((full, root)) if full.starts_with(&root) => Ok(full),
            Ok(_) => Err(format!("`{path}` leads out of the workspace")),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let message = format!("there is no `{path}` in the workspace");
                Err(match self.near(path) {
                    Some(near) => format!("{message}; did you mean `{near}`?"),
                    None => message,
                })
            }
            Err(error) => Err(format!("cannot read `{path}`: {error}")),
        }
    }

    /// The file beside a missing one that has most nearly its name.
    fn near(&self, path: &str) -> Option<String> {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        let entries = std::fs::read_dir(self.root.join(folder)).ok()?;
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let names: Vec<String> = names.collect();
        let near = nearest(name, names.iter().map(String::as_str))?;
        Some(path[..path.len() - name.len()].to_owned() + near)
    }

    /// A state with the files that match `include` and not `exclude`, each at its path in the workspace.
    pub(super) fn state(
        &self,
        include: Vec<String>,
        exclude: Vec<String>,
        platform: &Platform,
        note: Note,
    ) -> State {
        let filters = serde_json::Value::from(vec![include.clone(), exclude.clone()]).to_string();
        let origin = self.origin.as_ref();
        let workspace = origin.map_or("", |origin| &origin.workspace);
        let run = origin.map_or("", |origin| &origin.run);
        // Two transfers with other patterns under one key would delete each other's files.
        let key = Digest::sha256_of(format!("{workspace}{filters}").as_bytes());
        LocalSource::new(CONTEXT)
            .include(include)
            .exclude(exclude)
            .shared_key(&key.hex()[..16])
            .unique(run)
            .state(platform, note)
    }

    /// One file or folder of the workspace, at its own path.
    pub(super) fn one(&self, path: &str, platform: Platform, place: &Place) -> State {
        let path = path.trim_end_matches('/');
        let note = Note {
            name: format!("workspace {path}"),
            places: vec![place.clone()],
            ignore_cache: false,
        };
        self.state(vec![as_pattern(path)], Vec::new(), &platform, note)
    }
}

/// The folder in which a glob looks: what stands before its first part with a wildcard. For a path without one
/// it is the folder that it lies in.
pub(super) fn looked_in(source: &str) -> &str {
    let mut folder = source;
    while let Some((above, _)) = folder.rsplit_once('/') {
        folder = above;
        if !is_glob(folder) {
            return folder;
        }
    }
    ""
}

/// Words for a path as a pattern: characters with a meaning are escaped.
pub(super) fn as_pattern(path: &str) -> String {
    path.chars()
        .flat_map(|c| {
            let escape = matches!(c, '*' | '?' | '[' | ']' | '\\' | '!').then_some('\\');
            escape.into_iter().chain([c])
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::LocalFiles;

    #[test]
    fn exclusions_count_from_the_folder_of_a_glob_and_inside_what_it_stands_for() {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(root.path().join("f/무엇/a")).unwrap();
        std::fs::write(root.path().join("f/x.txt"), "").unwrap();
        std::fs::write(root.path().join("y"), "").unwrap();
        let files = LocalFiles::new(root.path());
        let excluded = |source: &str, matched: &[&str]| {
            let matched: Vec<String> = matched.iter().map(|path| (*path).to_owned()).collect();
            files.excluded(source, &matched, &["*.md".to_owned(), "!keep".to_owned()])
        };
        assert_eq!(excluded("f", &["f"]), ["f/*.md", "!f/keep"]);
        assert_eq!(excluded("f/x.txt", &["f/x.txt"]), ["f/*.md", "!f/keep"]);
        assert_eq!(excluded("y", &["y"]), ["*.md", "!keep"]);
        assert_eq!(
            excluded("f/*", &["f/x.txt", "f/무엇"]),
            ["f/*.md", "!f/keep", "f/무엇/*.md", "!f/무엇/keep"]
        );
        assert_eq!(excluded("f/*/a/*.c", &[]), ["f/*.md", "!f/keep"]);
        assert_eq!(excluded("*", &["y"]), ["*.md", "!keep"]);
    }
}
