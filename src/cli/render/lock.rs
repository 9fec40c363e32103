//! What has become of a lock.

use serde_json::{Value, json};

use super::{findings, json as documents, table};
use crate::cli::common::Format;
use crate::cli::out;
use crate::diagnostic::Findings;
use crate::ops::lock::{Change, LockReport, Pinned};
use crate::ops::{OpError, with_causes};

const VERSION: u32 = 1;

/// Prints a report.
pub(in crate::cli) fn print(report: &LockReport, format: Format) {
    for note in &report.notes {
        out::talk(&findings::line(note));
    }
    out::result(&match format {
        Format::Json => document(report),
        Format::Text => text(report),
    });
}

/// What `lock --check` has found.
pub(in crate::cli) fn check(found: &Findings) -> String {
    let all: Vec<Value> = found.sorted().into_iter().map(documents::finding).collect();
    let document = json!({"version": VERSION, "current": !found.has_errors(), "findings": all});
    format!("{document:#}")
}

/// That nothing has become of it.
pub(in crate::cli) fn error(error: &OpError) -> String {
    let findings = match error {
        OpError::Invalid(all) => all.sorted().into_iter().map(documents::finding).collect(),
        _ => Vec::new(),
    };
    let document = json!({
        "version": VERSION,
        "written": false,
        "error": out::masked(&with_causes(error)),
        "next": error.next_step().map(|next| out::masked(&next)),
        "findings": Value::Array(findings),
    });
    format!("{document:#}")
}

fn document(report: &LockReport) -> String {
    let change = |change: &Change| {
        json!({
            "kind": change.kind.as_str(),
            "name": change.name,
            "platform": change.platform.map(|platform| platform.to_string()),
            "old": change.old,
            "new": change.new,
        })
    };
    let changes: Vec<Value> = report.changes.iter().map(change).collect();
    let notes: Vec<Value> = report.notes.iter().map(documents::finding).collect();
    let document = json!({
        "version": VERSION,
        "period": report.period.to_string(),
        "pins": report.pins,
        "written": report.written,
        "changes": changes,
        "notes": notes,
    });
    format!("{document:#}")
}

fn text(report: &LockReport) -> String {
    let mut rows = Vec::new();
    // Of a new file nothing has moved: it says itself what is in it.
    let changes = if report.fresh {
        &[][..]
    } else {
        &report.changes
    };
    if !changes.is_empty() {
        rows.push(
            ["KIND", "NAME", "PLATFORM", "OLD", "NEW"]
                .map(String::from)
                .to_vec(),
        );
    }
    for change in changes {
        let value = |value: &Option<String>| {
            let value = value.as_deref();
            value.map_or_else(|| "–".to_owned(), |value| short(change.kind, value))
        };
        let platform = change
            .platform
            .map_or_else(String::new, |it| it.to_string());
        rows.push(vec![
            change.kind.as_str().to_owned(),
            change.name.clone(),
            platform,
            value(&change.old),
            value(&change.new),
        ]);
    }
    let word = if report.written {
        "written"
    } else {
        "unchanged"
    };
    let pins = if report.pins == 1 { "pin" } else { "pins" };
    let last = format!(
        "kiln.lock {word}: {} {pins}, period {}",
        report.pins, report.period
    );
    if rows.is_empty() {
        last
    } else {
        format!("{}\n{last}", table::render(&rows))
    }
}

/// Digests and commits by their first digits.
fn short(kind: Pinned, value: &str) -> String {
    match kind {
        Pinned::Base | Pinned::Fetch | Pinned::Git => table::short(value),
        Pinned::Pip | Pinned::Period => value.to_owned(),
    }
}
