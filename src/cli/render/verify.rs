//! What `verify` found, for people.

use super::table;
use crate::ops::{Checked, ImageFinding, Outcome, Verified};

/// Platforms, checks, and the verdict.
pub(in crate::cli) fn text(verified: &Verified) -> String {
    let mut rows = vec![
        ["PLATFORM", "MANIFEST", "CONFIG", "LAYERS", "SIZE"]
            .map(String::from)
            .to_vec(),
    ];
    for platform in &verified.platforms {
        rows.push(vec![
            platform.platform.to_string(),
            platform.manifest.to_string(),
            table::short(platform.config.as_str()),
            platform.layers.to_string(),
            table::bytes(platform.size),
        ]);
    }
    let mut checks = vec![["CHECK", "RESULT"].map(String::from).to_vec()];
    let asked = verified.checks.iter().filter(|one| is_shown(verified, one));
    checks.extend(asked.map(|one| vec![one.check.id.to_owned(), outcome(&one.outcome)]));
    format!(
        "{}@{}\n{}\n\n{}\n\n{}",
        verified.reference,
        verified.digest,
        table::render(&rows),
        table::render(&checks),
        verdict(verified)
    )
}

/// Whether a check is worth a line: one of kernels is none for an image that is not a kernel.
fn is_shown(verified: &Verified, checked: &Checked) -> bool {
    verified.kernel || checked.check.scope.as_str() == "image"
}

fn outcome(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Passed => "passed".to_owned(),
        Outcome::Found(1) => "1 finding".to_owned(),
        Outcome::Found(count) => format!("{count} findings"),
        Outcome::NotAsked(reason) => format!("not asked: {reason}"),
    }
}

fn verdict(verified: &Verified) -> String {
    let whole = if verified.is_whole() {
        "whole"
    } else {
        "NOT whole"
    };
    if !verified.kernel {
        return whole.to_owned();
    }
    let releases: Vec<String> = verified.releases.iter().map(|it| it.to_string()).collect();
    let releases = releases.join(", ");
    if verified.passes() {
        format!("{whole}, and a kernel for Backend.AI {releases}")
    } else if verified.is_whole() {
        format!("{whole}, and NOT a kernel for Backend.AI {releases}")
    } else {
        whole.to_owned()
    }
}

/// A finding in a line, and what to do in another.
pub(in crate::cli) fn problem(finding: &ImageFinding) -> String {
    let rule = match (finding.check.id, finding.rule) {
        (check, rule) if check == rule => check.to_owned(),
        (check, rule) => format!("{check}, {rule}"),
    };
    let line = format!("{}[{rule}]: {finding}", finding.level.as_str());
    match &finding.help {
        Some(help) => format!("{line}\n  next: {help}"),
        None => line,
    }
}
