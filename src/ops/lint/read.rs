//! Files as text, within the budget; what cannot be read is a finding.

use std::path::Path;
use std::sync::Arc;

use crate::diagnostic::{Finding, Findings};
use crate::ops::source;
use crate::recipe::{File, Library, Recipe};
use crate::text::{Place, SourceFile, with_causes};
use crate::yaml::Node;

/// Reads a file of a workspace.
pub(super) fn source(root: &Path, path: &str, findings: &mut Findings) -> Option<Arc<SourceFile>> {
    match source::source(&root.join(path), path, findings) {
        Ok(source) => source,
        Err(error) => {
            let nowhere = Place::file(&SourceFile::new(path, ""));
            let message = format!("cannot read the file: {}", with_causes(&error));
            findings.error_of(source::UNREADABLE, &nowhere, message);
            None
        }
    }
}

/// Reads a recipe. Nothing comes back for a fragment or snippet, which the library takes in, for a file that is
/// no recipe, and for one with mistakes that leave nothing to go on with.
pub(super) fn recipe(
    source: &Arc<SourceFile>,
    library: &Arc<Library>,
    findings: &mut Findings,
) -> Option<Recipe> {
    // There may be ten thousand: only what recipes share is kept.
    let file = File::parse(Arc::clone(source));
    findings.extend(file.findings().clone());
    let tree = file.tree()?;
    if tree.get("kiln").is_none() {
        findings.push(no_version(tree, &Place::file(source)));
        return None;
    }
    if tree.get("name").is_none() {
        library.add_part(&file);
        return None;
    }
    Recipe::parse(library, &file, findings)
}

fn no_version(tree: &Node, start: &Place) -> Finding {
    let has = |key: &str| tree.get(key).is_some();
    if has("name") && ["base", "steps", "tags"].into_iter().any(has) {
        let message = "this looks like a recipe and does not say its version";
        return Finding::error(start, message)
            .with_rule("missing-key")
            .with_help("begin it with `kiln: 1`");
    }
    Finding::note(
        start,
        "passed over: no recipe, as it does not begin with `kiln: 1`",
    )
}
