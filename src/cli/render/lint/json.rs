//! Findings for programs. The document has a `version`, which changes when its meaning does.

use serde_json::{Value, json};

use super::end;
use crate::diagnostic::{Fix, Level, Safety};
use crate::ops::lint::{LintReport, Reported};

/// The whole document.
pub(in crate::cli) fn report(report: &LintReport) -> String {
    let findings: Vec<Value> = report.findings.iter().map(finding).collect();
    let document = json!({
        "version": 1,
        "findings": findings,
        "summary": {
            "errors": report.count(Level::Error),
            "warnings": report.count(Level::Warning),
            "notes": report.count(Level::Note),
            "recipes": report.recipes,
            "images": report.images,
            "elsewhere": report.elsewhere,
            "left_out": report.left_out.iter().map(|(_, _, count)| count).sum::<usize>(),
        },
    });
    format!("{document:#}")
}

fn finding(one: &Reported) -> Value {
    let finding = &one.finding;
    let (line, column) = finding.place.line_column();
    let (end_line, end_column) = end(&finding.place);
    json!({
        "rule": finding.rule,
        "level": finding.level.as_str(),
        "message": finding.message,
        "file": one.file(),
        "line": line,
        "column": column,
        "end_line": end_line,
        "end_column": end_column,
        "help": finding.help,
        "fix": finding.fix.as_ref().map(|fix| self::fix(one, fix)),
    })
}

fn fix(one: &Reported, fix: &Fix) -> Value {
    let edits: Vec<Value> = fix
        .edits
        .iter()
        .map(|edit| {
            let (line, column) = edit.place.line_column();
            let (end_line, end_column) = end(&edit.place);
            json!({
                "file": one.shown(edit.place.source.path()),
                "line": line,
                "column": column,
                "end_line": end_line,
                "end_column": end_column,
                "text": edit.text,
            })
        })
        .collect();
    json!({
        "title": fix.title,
        "safe": fix.safety == Safety::Safe,
        "edits": edits,
    })
}
