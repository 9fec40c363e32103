//! Which workspaces the files of a command line belong to.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::LintOptions;
use crate::diagnostic::{Finding, Level};
use crate::ops::error::OpError;
use crate::ops::find::clean;
use crate::workspace::FILE_NAME;

/// A workspace, and the files of it that were named.
#[derive(Debug)]
pub(super) struct Named {
    /// Its root.
    pub(super) root: PathBuf,
    /// Whether there is a `kiln.yaml`.
    pub(super) has_file: bool,
    /// What stands before its paths when they are seen from the folder of the command.
    pub(super) prefix: String,
    /// Paths in the workspace; empty where everything is wanted.
    pub(super) files: BTreeSet<String>,
    /// Whether files were named at all.
    pub(super) filtered: bool,
}

impl Named {
    /// Whether a finding is to be reported. Without a `kiln.yaml` that can be read nothing can be said of any
    /// file, so its errors always are.
    pub(super) fn wants(&self, finding: &Finding) -> bool {
        let path = finding.place.source.path();
        let needed = path == FILE_NAME && finding.level == Level::Error;
        needed || self.wants_file(path)
    }

    /// Whether the findings in a file are to be reported.
    pub(super) fn wants_file(&self, path: &str) -> bool {
        !self.filtered || self.files.contains(path)
    }
}

/// The workspaces, by root.
pub(super) fn workspaces(options: &LintOptions) -> Result<Vec<Named>, OpError> {
    let here = clean(&std::path::absolute(&options.folder).unwrap_or(options.folder.clone()));
    if options.files.is_empty() {
        return Ok(vec![named(&here, &here, false)]);
    }
    let mut all: BTreeMap<PathBuf, Named> = BTreeMap::new();
    for file in &options.files {
        let path = clean(&here.join(file));
        let folder = path.parent().unwrap_or(&here);
        let found = named(folder, &here, true);
        let inside = path.strip_prefix(&found.root).ok().and_then(Path::to_str);
        let Some(inside) = inside.map(str::to_owned) else {
            return Err(OpError::usage(format!("`{}` is not UTF-8", file.display())));
        };
        if path.is_dir() {
            return Err(OpError::Usage {
                message: format!("`{}` is a folder, not a recipe file", file.display()),
                next: Some("name files, or run `kiln lint` there".to_owned()),
            });
        }
        let own = all.entry(found.root.clone()).or_insert(found);
        own.files.insert(inside);
    }
    Ok(all.into_values().collect())
}

/// The workspace around a folder; without a `kiln.yaml` the folder itself.
fn named(folder: &Path, here: &Path, filtered: bool) -> Named {
    let found = folder
        .ancestors()
        .find(|folder| folder.join(FILE_NAME).is_file());
    let root = found.unwrap_or(folder).to_path_buf();
    let below = root.strip_prefix(here).ok().and_then(Path::to_str);
    Named {
        prefix: match below {
            Some("") | None => String::new(),
            Some(below) => format!("{below}/"),
        },
        has_file: found.is_some(),
        root,
        files: BTreeSet::new(),
        filtered,
    }
}
