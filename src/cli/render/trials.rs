//! Tests of images, for people.

use std::fmt::Write as _;

use super::findings;
use super::report::log;
use super::words::{clean, clean_lines};
use crate::diagnostic::Finding;
use crate::ops::build::TestReport;

/// How many tests a platform has passed, as part of its state.
pub(super) fn passed(tests: &[TestReport]) -> String {
    match tests.len() {
        0 => String::new(),
        1 => ", 1 test".to_owned(),
        count => format!(", {count} tests"),
    }
}

/// Each test that failed with its lines in the recipe, what was expected, what came, and its last lines.
pub(super) fn failures(what: &str, tests: &[TestReport], others: &str) -> String {
    let failed: Vec<&TestReport> = tests.iter().filter(|test| !test.passed()).collect();
    let texts: Vec<String> = failed.iter().map(|test| one(what, test)).collect();
    let mut text = texts.join("\n\n");
    if tests.len() > 1 {
        let passed = tests.len() - failed.len();
        let _ = write!(text, "\n  of {} tests {passed} passed", tests.len());
    }
    if !others.is_empty() {
        let _ = write!(text, "\n  {others}");
    }
    text
}

fn one(what: &str, test: &TestReport) -> String {
    let name = clean(&test.name);
    let wrong = clean_lines(&test.wrong.join("; "));
    let message = format!("{what}: test `{name}` failed: {wrong}");
    let mut text = findings::step(&Finding::error(&test.place, message));
    text.push_str(&log(&test.logs));
    text
}
