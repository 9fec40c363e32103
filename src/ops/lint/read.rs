//! Files as text, within the budget; what cannot be read is a finding.

use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use crate::diagnostic::{Finding, Findings};
use crate::recipe::{File, Library, Recipe};
use crate::text::{Place, SourceFile, with_causes};
use crate::yaml::{self, Node};

/// The id of a file that is no text.
const UNREADABLE: &str = "unreadable-file";

/// Reads a file of a workspace.
pub(super) fn source(root: &Path, path: &str, findings: &mut Findings) -> Option<Arc<SourceFile>> {
    let bytes = match bytes(&root.join(path)) {
        Ok(bytes) => bytes,
        Err(error) => {
            let message = format!("cannot read the file: {}", with_causes(&error));
            findings.error_of(UNREADABLE, &nowhere(path), message);
            return None;
        }
    };
    if bytes.len() > yaml::MAX_BYTES {
        let message = format!("the file is larger than {} KiB", yaml::MAX_BYTES / 1024);
        findings.error_of(UNREADABLE, &nowhere(path), message);
        return None;
    }
    match String::from_utf8(bytes) {
        Ok(text) => Some(SourceFile::new(path, text)),
        Err(error) => {
            let good = error.utf8_error().valid_up_to();
            let bytes = error.into_bytes();
            let text = String::from_utf8_lossy(&bytes);
            let source = SourceFile::new(path, text.as_ref());
            let span = crate::text::Span {
                start: good,
                end: good + char::REPLACEMENT_CHARACTER.len_utf8(),
            };
            let finding = Finding::error(&Place::new(&source, span), "the file is not UTF-8");
            let help = "save it as UTF-8; the place shown is the first byte that is not";
            findings.push(finding.with_rule(UNREADABLE).with_help(help));
            None
        }
    }
}

/// The bytes of a file, and at most one more than may be.
fn bytes(path: &Path) -> std::io::Result<Vec<u8>> {
    let file = fs::File::open(path)?;
    let mut bytes = Vec::new();
    let limit = u64::try_from(yaml::MAX_BYTES).unwrap_or(u64::MAX);
    file.take(limit + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The start of a file whose text is not known.
fn nowhere(path: &str) -> Place {
    Place::file(&SourceFile::new(path, ""))
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
