//! What recipes share, as rules see it: snippets, each by itself and once, and the files of the workspace.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;

use crate::context::{PatternSet, expand as expand_glob};
use crate::diagnostic::Findings;
use crate::lint::{Around, Files, Levels, Summary, Written, check_snippet};
use crate::lower::{LocalFiles, extra_indexes};
use crate::recipe::Library;
use crate::text::SourceFile;
use crate::workspace::Workspace;

/// Where snippets are that recipes use by name.
const SNIPPETS: &str = "templates/steps/**/*.yaml";

/// Shows every snippet that something uses to the rules about what is written.
pub(super) fn check_snippets(
    library: &Library,
    summaries: &[Summary],
    around: Around<'_>,
    levels: &Levels,
    findings: &mut Findings,
) {
    let mut architectures: BTreeMap<&str, BTreeSet<&'static str>> = BTreeMap::new();
    for (path, own) in summaries.iter().flat_map(|summary| &summary.snippets) {
        architectures.entry(path).or_default().extend(own);
    }
    for file in library.snippets() {
        if let Some(tree) = file.tree() {
            let own = architectures.remove(file.source().path());
            let view = Written::snippet(tree, own.unwrap_or_default(), around);
            check_snippet(&view, levels, findings);
        }
    }
}

/// The snippets that no file uses.
pub(super) fn unused_snippets(
    workspace: &Workspace,
    library: &Library,
    named: &BTreeSet<String>,
) -> Vec<Arc<SourceFile>> {
    // Without a workspace the recipes that use them may be anywhere.
    if workspace.file.is_none() {
        return Vec::new();
    }
    let Ok(none) = PatternSet::new::<&str>([]) else {
        return Vec::new();
    };
    let found = expand_glob(&workspace.root, SNIPPETS, &none).unwrap_or_default();
    let unused = found.into_iter().filter(|path| !named.contains(path));
    let files = unused.filter_map(|path| library.file(&path).ok());
    let ours = files.filter(|file| file.tree().is_some_and(|tree| tree.get("kiln").is_some()));
    ours.map(|file| Arc::clone(file.source())).collect()
}

/// The files of a workspace, as rules ask for them.
pub(super) struct Local<'a>(pub(super) &'a LocalFiles);

impl Files for Local<'_> {
    fn copies(&self, source: &str, folder: &str, exclude: &[String]) -> Result<(), String> {
        // As `lower` does it: see there for `/./`.
        let path = source.replacen("/./", "/", 1);
        let path = path.trim_matches('/');
        let mut hidden = self.0.ignored(folder)?;
        let matched = self.0.matches(path, &hidden)?;
        if !exclude.is_empty() {
            hidden.extend(self.0.excluded(path, &matched, exclude));
            self.0.matches(path, &hidden)?;
        }
        Ok(())
    }

    fn exists(&self, path: &str) -> Result<(), String> {
        self.0.inside(path).map(drop)
    }

    fn names(&self, path: &str) -> Result<Vec<String>, String> {
        self.0.names(path)
    }

    fn is_executable(&self, path: &str) -> Result<bool, String> {
        let full = self.0.inside(path)?;
        let found = std::fs::metadata(full).map_err(|error| error.to_string())?;
        Ok(found.is_dir() || found.permissions().mode() & 0o111 != 0)
    }

    fn read(&self, path: &str) -> Result<String, String> {
        self.0.read(path)
    }

    fn extra_indexes(&self, path: &str) -> Result<Vec<(String, usize, String)>, String> {
        let found = extra_indexes(self.0, path)?.into_iter();
        Ok(found.map(|it| (it.file, it.line, it.word)).collect())
    }
}
