//! The code quality report of GitLab, in the words of Code Climate.

use serde_json::{Value, json};

use super::end;
use super::print::fingerprints;
use crate::diagnostic::Level;
use crate::ops::lint::{LintReport, Reported};

/// The whole report.
pub(in crate::cli) fn report(report: &LintReport) -> String {
    let prints = fingerprints(&report.findings);
    let all: Vec<Value> = report
        .findings
        .iter()
        .zip(prints)
        .map(|(one, print)| issue(one, &print))
        .collect();
    format!("{:#}", Value::Array(all))
}

fn issue(one: &Reported, print: &str) -> Value {
    let finding = &one.finding;
    let severity = match finding.level {
        Level::Error => "critical",
        Level::Warning => "minor",
        Level::Note => "info",
    };
    let description = match &finding.help {
        Some(help) => format!("{} ({help})", finding.message),
        None => finding.message.clone(),
    };
    let (begin, _) = finding.place.line_column();
    json!({
        "description": description,
        "check_name": finding.rule,
        "fingerprint": print,
        "severity": severity,
        "location": {
            "path": one.file(),
            "lines": {"begin": begin, "end": end(&finding.place).0},
        },
    })
}
