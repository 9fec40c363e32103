//! Which workspace is meant, and which of its files.

use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use super::error::OpError;
use super::load::LoadOptions;
use super::source::source;
use crate::diagnostic::Findings;
use crate::text::SourceFile;
use crate::workspace::{self, FILE_NAME, Workspace};

/// `kiln.yaml` in the folder or above it; without one the recipe's folder is the workspace.
pub(super) fn find_workspace(
    options: &LoadOptions,
    findings: &mut Findings,
) -> Result<Workspace, OpError> {
    let first = options.files.first().map(|file| options.folder.join(file));
    let start = match first.as_deref().and_then(Path::parent) {
        Some(parent) => parent.to_path_buf(),
        None => options.folder.clone(),
    };
    let start = std::path::absolute(&start).unwrap_or(start);
    let found = start
        .ancestors()
        .find(|folder| folder.join(FILE_NAME).is_file());
    let Some(root) = found else {
        let mut bare = Workspace::bare(start);
        if options.files.is_empty() {
            bare.recipes.push("*.yaml".to_owned());
        }
        return Ok(bare);
    };
    let Some(source) = read(&root.join(FILE_NAME), FILE_NAME, findings)? else {
        return Err(OpError::Invalid(std::mem::take(findings)));
    };
    match workspace::parse(root.to_path_buf(), &source, findings) {
        Some(workspace) => Ok(workspace),
        None => Err(OpError::Invalid(std::mem::take(findings))),
    }
}

/// A recipe file or `kiln.yaml`; nothing where what is wrong with it is among the findings.
pub(super) fn read(
    path: &Path,
    shown: impl Into<String>,
    findings: &mut Findings,
) -> Result<Option<Arc<SourceFile>>, OpError> {
    source(path, shown, findings).map_err(|source| OpError::File {
        action: "read",
        path: path.display().to_string(),
        source,
    })
}

/// Files of the command line, as paths in the workspace.
pub(super) fn named_files(options: &LoadOptions, root: &Path) -> Result<Vec<String>, OpError> {
    let mut all = Vec::new();
    for file in &options.files {
        let path = std::path::absolute(options.folder.join(file)).unwrap_or_else(|_| file.clone());
        let inside = clean(&path);
        let inside = inside.strip_prefix(clean(root)).map_err(|_| {
            OpError::usage(format!(
                "`{}` lies outside of the workspace",
                file.display()
            ))
        })?;
        let Some(text) = inside.to_str() else {
            return Err(OpError::usage(format!("`{}` is not UTF-8", file.display())));
        };
        all.push(text.to_owned());
    }
    Ok(all)
}

/// A path without `.` and `..`.
pub(super) fn clean(path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                clean.pop();
            }
            other => clean.push(other),
        }
    }
    clean
}
