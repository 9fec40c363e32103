//! Applies the fixes that are certainly safe.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Reported;
use crate::context::read_bounded;
use crate::diagnostic::{Edit, Safety};
use crate::ops::error::OpError;
use crate::text::SourceFile;
use crate::yaml::MAX_BYTES;

/// What was done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Fixed {
    /// Fixes that were applied.
    pub fixes: usize,
    /// Files that were written.
    pub files: usize,
    /// Safe fixes that were left out, as they touch what another one changes.
    pub overlapping: usize,
}

/// The edits of one file.
struct Change {
    source: Arc<SourceFile>,
    edits: Vec<(Range<usize>, String)>,
}

/// Applies the safe fixes of some findings. A file is written as a whole or not at all; a fix that overlaps
/// with an earlier one is left for the next run, and so is one of a file that has changed meanwhile.
pub fn apply_fixes(findings: &[Reported]) -> Result<Fixed, OpError> {
    let mut fixed = Fixed::default();
    let mut changes: BTreeMap<PathBuf, Change> = BTreeMap::new();
    for one in findings {
        let fix = one.finding.fix.as_ref();
        let Some(fix) = fix.filter(|fix| fix.safety == Safety::Safe && !fix.edits.is_empty())
        else {
            continue;
        };
        if fix
            .edits
            .iter()
            .any(|edit| overlaps(&changes, &one.root, edit))
        {
            fixed.overlapping += 1;
            continue;
        }
        for edit in &fix.edits {
            let source = &edit.place.source;
            let change = changes
                .entry(one.root.join(source.path()))
                .or_insert_with(|| Change {
                    source: Arc::clone(source),
                    edits: Vec::new(),
                });
            let range = source.clamp(edit.place.span);
            change.edits.push((range, edit.text.clone()));
        }
        fixed.fixes += 1;
    }
    for (path, change) in changes {
        write(&path, change)?;
        fixed.files += 1;
    }
    Ok(fixed)
}

/// Whether an edit touches what another one changes. Two insertions at one place would be in an order that nobody
/// has decided.
fn overlaps(changes: &BTreeMap<PathBuf, Change>, root: &Path, edit: &Edit) -> bool {
    let source = &edit.place.source;
    let Some(change) = changes.get(&root.join(source.path())) else {
        return false;
    };
    let own = source.clamp(edit.place.span);
    change.edits.iter().any(|(other, _)| {
        own.start < other.end && other.start < own.end
            || own.start == other.start
            || own.is_empty() && other.contains(&own.start)
            || other.is_empty() && own.contains(&other.start)
    })
}

/// The text after some edits that do not overlap.
fn edited(text: &str, mut edits: Vec<(Range<usize>, String)>) -> String {
    edits.sort_by_key(|(range, _)| (range.start, range.end));
    let mut new = String::with_capacity(text.len());
    let mut at = 0;
    for (range, replacement) in edits {
        new.push_str(&text[at..range.start]);
        new.push_str(&replacement);
        at = range.end;
    }
    new.push_str(&text[at..]);
    new
}

/// Writes a new file beside the old one and puts it in its place, so that nobody sees half of it.
fn write(path: &Path, change: Change) -> Result<(), OpError> {
    let failed = |action: &'static str| {
        let path = path.display().to_string();
        move |source| OpError::File {
            action,
            path,
            source,
        }
    };
    let target = path.canonicalize().map_err(failed("read"))?;
    let now = read_bounded(&target, MAX_BYTES).map_err(failed("read"))?;
    if now != change.source.text().as_bytes() {
        return Err(OpError::Usage {
            message: format!("`{}` has changed while it was looked at", path.display()),
            next: Some("run `kiln lint --fix` again".to_owned()),
        });
    }
    let text = edited(change.source.text(), change.edits);
    let mut name = target.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    let new = target.with_file_name(name);
    let written = (|| {
        std::fs::write(&new, text)?;
        let mode = std::fs::metadata(&target)?.permissions();
        std::fs::set_permissions(&new, mode)?;
        std::fs::rename(&new, &target)
    })();
    if written.is_err() {
        let _ = std::fs::remove_file(&new);
    }
    written.map_err(failed("write"))
}

#[cfg(test)]
mod tests {
    use super::edited;

    #[test]
    fn edits_are_applied_from_the_left_and_the_rest_is_kept_byte_for_byte() {
        let text = "a: 1  # 주석\r\nb:   2\r\n";
        let at = text.find('2').unwrap();
        let edits = vec![
            (at..at + 1, "\"2\"".to_owned()),
            (0..0, "# 앞\r\n".to_owned()),
        ];
        assert_eq!(
            edited(text, edits),
            "# 앞\r\na: 1  # 주석\r\nb:   \"2\"\r\n"
        );
    }
}
