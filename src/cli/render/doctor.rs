//! What `doctor` found, for people and for programs.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::ops::doctor::{Check, Diagnosis, State};

const VERSION: u32 = 1;

/// One line per check, the next step below, and the sum.
pub(in crate::cli) fn text(diagnosis: &Diagnosis) -> String {
    let mut text = String::new();
    for check in &diagnosis.checks {
        let (state, about) = (check.state.as_str(), check.about.as_str());
        let _ = writeln!(
            text,
            "{state:<4}  {about:<9}  {}: {}",
            check.subject, check.message
        );
        if let Some(next) = &check.next {
            let _ = writeln!(text, "{:17}next: {next}", "");
        }
    }
    let count = |state| diagnosis.count(state);
    let (ok, warn, fail) = (count(State::Ok), count(State::Warn), count(State::Fail));
    let _ = write!(text, "{ok} ok, {warn} to look at, {fail} failed");
    text
}

/// The same as a versioned document.
pub(in crate::cli) fn json(diagnosis: &Diagnosis) -> String {
    let checks: Vec<Value> = diagnosis.checks.iter().map(check).collect();
    let document = json!({
        "version": VERSION,
        "checks": checks,
        "ok": diagnosis.count(State::Ok),
        "warn": diagnosis.count(State::Warn),
        "fail": diagnosis.count(State::Fail),
    });
    format!("{document:#}")
}

fn check(check: &Check) -> Value {
    json!({
        "about": check.about.as_str(),
        "subject": check.subject,
        "state": check.state.as_str(),
        "message": check.message,
        "next": check.next,
        "facts": check.facts,
    })
}
