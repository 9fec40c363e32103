//! Results for programs. Each document has a `version`, which changes when its meaning does.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::modes;
use crate::cli::out::masked;
use crate::diagnostic::Finding;
use crate::ops::build::{
    BuildReport, ImageReport, LegReport, LegState, OutputReport, OutputState, TestReport,
};
use crate::ops::{
    Checked, ImageFinding, OpError, Outcome, PlannedImage, Reason, Verified, with_causes,
};

pub(super) const VERSION: u32 = 1;

/// What `build` did.
pub(in crate::cli) fn build(report: &BuildReport) -> String {
    let images: Vec<Value> = report.images.iter().map(image).collect();
    let outputs: Vec<Value> = report
        .outputs
        .iter()
        .map(|output| self::output(report, output))
        .collect();
    let warnings: Vec<Value> = report.warnings.iter().map(finding).collect();
    let document = json!({
        "version": VERSION,
        "images": images,
        "outputs": outputs,
        "warnings": warnings,
    });
    format!("{document:#}")
}

fn output(report: &BuildReport, output: &OutputReport) -> Value {
    let image = |(image, names): (&usize, &Vec<String>)| {
        let image = report.images.get(*image).map(|image| &image.image);
        json!({"image": image, "names": names})
    };
    let images: Vec<Value> = output.images.iter().map(image).collect();
    let (state, error) = match &output.state {
        OutputState::Written => ("written", None),
        OutputState::Incomplete(missing) => ("incomplete", Some(format!("without {missing}"))),
        OutputState::Failed(failure) => ("failed", Some(failure.message.clone())),
    };
    json!({
        "type": output.kind,
        "dest": output.dest,
        "images": images,
        "state": state,
        "error": error,
    })
}

/// A build that did not begin.
pub(in crate::cli) fn build_error(error: &OpError) -> String {
    let findings = match error {
        OpError::Invalid(all) | OpError::Refused(all) => {
            all.sorted().into_iter().map(finding).collect()
        }
        _ => Vec::new(),
    };
    let document = json!({
        "version": VERSION,
        "images": [],
        "error": masked(&with_causes(error)),
        "next": error.next_step().map(|next| masked(&next)),
        "findings": findings,
    });
    format!("{document:#}")
}

pub(super) fn finding(finding: &Finding) -> Value {
    let (line, column) = finding.place.line_column();
    json!({
        "file": finding.place.source.path(),
        "line": line,
        "column": column,
        "level": finding.level.as_str(),
        "message": finding.message,
        "help": finding.help,
    })
}

pub(super) fn image(image: &ImageReport) -> Value {
    let platforms: BTreeMap<String, Value> = image
        .legs
        .iter()
        .map(|(platform, leg)| (platform.to_string(), self::leg(leg)))
        .collect();
    let mut error = image.error.as_ref().map(|failure| failure.message.clone());
    if error.is_none() {
        error = image
            .legs
            .iter()
            .find_map(|(platform, leg)| match &leg.state {
                LegState::Failed(failure) => Some(format!("{platform}: {}", failure.message)),
                _ => None,
            });
    }
    json!({
        "name": image.name,
        "variant": image.variant,
        "references": image.references,
        "state": image.state.as_str(),
        "index": image.index.as_ref().map(|(digest, _)| digest.as_str()),
        "reasons": image.reasons.iter().map(reason).collect::<Vec<Value>>(),
        "platforms": platforms,
        "error": error,
    })
}

/// Why an image was not up to date.
pub(super) fn reason(reason: &Reason) -> Value {
    let place = reason.place.as_ref();
    json!({
        "kind": reason.kind.as_str(),
        "platform": reason.platform.map(|platform| platform.to_string()),
        "message": reason.message,
        "file": place.map(|place| place.source.path()),
        "line": place.map(|place| place.line_column().0),
    })
}

fn leg(leg: &LegReport) -> Value {
    let (solved, error) = match &leg.state {
        LegState::Built(solved) => (Some(solved), None),
        LegState::Failed(failure) => (None, Some(failure.message.clone())),
        LegState::Skipped(why) => (None, Some(why.clone())),
    };
    let manifest = solved.and_then(|solved| solved.manifest.as_ref());
    let config = solved.and_then(|solved| solved.config.as_ref());
    json!({
        "state": match &leg.state {
            LegState::Built(solved) if solved.reused => "current",
            LegState::Built(_) => "built",
            LegState::Failed(_) => "failed",
            LegState::Skipped(_) => "skipped",
        },
        "manifest": manifest.map(|manifest| manifest.digest.as_str()),
        "config": config.map(|(digest, _)| digest.as_str()),
        "size": solved.map(|solved| solved.layers.1),
        "builder": leg.builder,
        "emulated": leg.emulated,
        "steps": leg.steps,
        "seconds": leg.took.as_secs_f64(),
        "tests": leg.tests().iter().map(test).collect::<Vec<_>>(),
        "error": error,
    })
}

fn test(test: &TestReport) -> Value {
    let (line, _) = test.place.line_column();
    json!({
        "name": test.name,
        "file": test.place.source.path(),
        "line": line,
        "passed": test.passed(),
        "wrong": test.wrong,
        "seconds": test.took.as_secs_f64(),
    })
}

/// What `plan` shows.
pub(in crate::cli) fn plan(images: &[PlannedImage]) -> String {
    let images: Vec<Value> = images
        .iter()
        .map(|image| {
            let platforms: BTreeMap<String, Value> = image
                .legs
                .iter()
                .map(|leg| {
                    let value = json!({
                        "base": leg.base,
                        "steps": leg.steps,
                        "tests": leg.tests,
                        "builder": modes::builder_value(leg.modes.as_ref()),
                        "modes": modes::steps_value(leg.modes.as_ref()),
                    });
                    (leg.platform.to_string(), value)
                })
                .collect();
            let excluded: BTreeMap<String, &str> = image
                .excluded
                .iter()
                .map(|(platform, reason)| (platform.to_string(), reason.as_str()))
                .collect();
            json!({
                "name": image.name,
                "variant": image.variant,
                "image": image.image,
                "references": image.references,
                "file": image.file,
                "parents": image.parents,
                "requested": image.requested,
                "refresh": image.refresh,
                "platforms": platforms,
                "excluded": excluded,
            })
        })
        .collect();
    format!("{:#}", json!({"version": VERSION, "images": images}))
}

/// What `verify` found.
pub(in crate::cli) fn verify(verified: &Verified) -> String {
    let platforms: BTreeMap<String, Value> = verified
        .platforms
        .iter()
        .map(|platform| {
            let value = json!({
                "manifest": platform.manifest.as_str(),
                "config": platform.config.as_str(),
                "layers": platform.layers,
                "size": platform.size,
                "labels": platform.labels,
            });
            (platform.platform.to_string(), value)
        })
        .collect();
    let findings: Vec<Value> = verified.findings.iter().map(image_finding).collect();
    let checks: Vec<Value> = verified.checks.iter().map(checked).collect();
    let releases: Vec<String> = verified.releases.iter().map(|it| it.to_string()).collect();
    let document = json!({
        "version": VERSION,
        "reference": verified.reference.to_string(),
        "index": verified.digest.as_str(),
        "whole": verified.is_whole(),
        "kernel": verified.kernel,
        "releases": releases,
        "passed": verified.passes(),
        "platforms": platforms,
        "checks": checks,
        "findings": findings,
        "problems": verified.problems(),
    });
    format!("{document:#}")
}

fn image_finding(finding: &ImageFinding) -> Value {
    json!({
        "check": finding.check.id,
        "rule": finding.rule,
        "level": finding.level.as_str(),
        "platform": finding.platform,
        "releases": finding.range.map(|range| range.to_string()),
        "message": finding.message,
        "help": finding.help,
    })
}

fn checked(checked: &Checked) -> Value {
    let (outcome, reason) = match &checked.outcome {
        Outcome::Passed => ("passed", None),
        Outcome::Found(_) => ("found", None),
        Outcome::NotAsked(reason) => ("not asked", Some(reason)),
    };
    json!({
        "id": checked.check.id,
        "of": checked.check.scope.as_str(),
        "outcome": outcome,
        "reason": reason,
    })
}
