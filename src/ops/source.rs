//! Recipe files and `kiln.yaml` from the disk, the same for every verb.

use std::path::Path;
use std::sync::Arc;

use crate::context::read_bounded;
use crate::diagnostic::{Finding, Findings};
use crate::text::{Place, SourceFile, Span};
use crate::yaml::MAX_BYTES;

/// The id of a file that is no text.
pub(super) const UNREADABLE: &str = "unreadable-file";

/// Reads a file of at most [`MAX_BYTES`]; nothing comes back where it is larger or no text, and a finding
/// says so. `shown` is its path in messages.
pub(super) fn source(
    path: &Path,
    shown: impl Into<String>,
    findings: &mut Findings,
) -> std::io::Result<Option<Arc<SourceFile>>> {
    source_within(path, shown, MAX_BYTES, findings)
}

/// The same of a file that may have another number of bytes.
pub(super) fn source_within(
    path: &Path,
    shown: impl Into<String>,
    max_bytes: usize,
    findings: &mut Findings,
) -> std::io::Result<Option<Arc<SourceFile>>> {
    let bytes = read_bounded(path, max_bytes)?;
    if bytes.len() > max_bytes {
        let source = SourceFile::new(shown, "");
        let message = format!("the file is larger than {} KiB", max_bytes / 1024);
        findings.error_of(UNREADABLE, &Place::file(&source), message);
        return Ok(None);
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Some(SourceFile::new(shown, text))),
        Err(error) => {
            let start = error.utf8_error().valid_up_to();
            let byte = error.as_bytes().get(start).copied().unwrap_or_default();
            // Up to the broken byte the text is the file's, so its place is right.
            let text = String::from_utf8_lossy(error.as_bytes());
            let source = SourceFile::new(shown, text);
            let end = start + char::REPLACEMENT_CHARACTER.len_utf8();
            let place = Place::new(&source, Span { start, end });
            let message = format!("this is not UTF-8: the byte 0x{byte:02x} is no character");
            let finding = Finding::error(&place, message).with_rule(UNREADABLE);
            findings.push(finding.with_help("save the file in UTF-8 encoding"));
            Ok(None)
        }
    }
}
