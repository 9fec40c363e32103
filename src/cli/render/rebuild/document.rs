//! What a rebuild did, for programs: the document of `build`, and more of each image.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{after_words, images, seconds};
use crate::cli::out::masked;
use crate::cli::render::json::{VERSION, build_error, finding, image as built};
use crate::ops::OpError;
use crate::ops::build::{Failure, FailureKind, ImageReport, LegState};
use crate::ops::rebuild::{After, RebuildReport, Rebuilt, Verdict};
use crate::text::Place;

/// The whole report.
pub(in crate::cli) fn json(report: &RebuildReport) -> String {
    let summary: BTreeMap<&str, usize> = Verdict::ALL
        .into_iter()
        .map(|verdict| (verdict.as_str(), report.count(verdict)))
        .collect();
    let images: Vec<Value> = images(report)
        .map(|(image, rebuilt)| one(image, rebuilt))
        .collect();
    let warnings: Vec<Value> = report.build.warnings.iter().map(finding).collect();
    let document = json!({
        "version": VERSION,
        "scope": report.scope.to_string(),
        "began": report.began.to_string(),
        "ended": report.ended.to_string(),
        "summary": summary,
        "images": images,
        "notes": report.notes,
        "warnings": warnings,
    });
    format!("{document:#}")
}

/// A rebuild that did not begin.
pub(in crate::cli) fn json_error(error: &OpError) -> String {
    build_error(error)
}

fn one(image: &ImageReport, rebuilt: &Rebuilt) -> Value {
    let mut document = built(image);
    let (after, why) = match &rebuilt.after {
        After::NotAsked => (None, None),
        After::Current => (Some("current"), None),
        After::Moved(why) => (Some("moved"), Some(why)),
        After::Unknown(why) => (Some("unknown"), Some(why)),
        After::StillStale(why) => (Some("still-stale"), Some(why)),
    };
    let after = after.map(|state| {
        let message = why.map(|why| after_words(&rebuilt.after, why));
        json!({"state": state, "message": message})
    });
    if let Some(members) = document.as_object_mut() {
        members.insert("state".to_owned(), json!(rebuilt.verdict.as_str()));
        members.insert("seconds".to_owned(), json!(seconds(image)));
        members.insert("after".to_owned(), json!(after));
        members.insert("failures".to_owned(), json!(failures(image)));
    }
    document
}

fn failures(image: &ImageReport) -> Vec<Value> {
    let legs = image.legs.iter();
    let legs = legs.filter_map(|(platform, leg)| match &leg.state {
        LegState::Failed(failure) => Some(failed(Some(&platform.to_string()), failure)),
        _ => None,
    });
    let own = image.error.iter().map(|failure| failed(None, failure));
    legs.chain(own).collect()
}

fn failed(platform: Option<&str>, failure: &Failure) -> Value {
    let (place, logs) = place_and_logs(failure);
    json!({
        "platform": platform,
        "message": masked(&failure.message),
        "next": failure.next.as_deref().map(masked),
        "file": place.map(|place| place.source.path()),
        "line": place.map(|place| place.line_column().0),
        "logs": logs,
    })
}

/// Where the recipe says what failed, and the last lines of its log.
pub(super) fn place_and_logs(failure: &Failure) -> (Option<&Place>, &[String]) {
    match &failure.kind {
        FailureKind::Step { places, logs, .. } => (places.first(), logs),
        FailureKind::Tests(tests) => {
            let failed = tests.iter().find(|test| !test.passed());
            failed.map_or((None, &[]), |test| (Some(&test.place), &test.logs[..]))
        }
        FailureKind::Limit { place, layers } => (Some(place), layers),
        _ => (None, &[]),
    }
}
