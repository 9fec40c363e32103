//! What a rebuild did: as a table, as JSON, and as Markdown.

mod document;
mod page;
#[cfg(test)]
mod tests;

use std::fmt::Write as _;

pub(in crate::cli) use document::{json, json_error};
pub(in crate::cli) use page::{markdown, markdown_error};

use super::table;
use super::words::clean;
use crate::ops::build::{ImageReport, LegState};
use crate::ops::rebuild::{After, RebuildReport, Rebuilt, Verdict};

/// One row per image that is not current, then how many there are of each kind.
pub(in crate::cli) fn text(report: &RebuildReport) -> String {
    let mut text = String::new();
    let told = images(report).filter(|(_, rebuilt)| rebuilt.verdict != Verdict::Current);
    let mut rows: Vec<Vec<String>> = told
        .map(|(image, rebuilt)| {
            vec![
                image.image.clone(),
                rebuilt.verdict.as_str().to_owned(),
                format!("{:.1}", seconds(image)),
                why(image).unwrap_or_else(|| "–".to_owned()),
            ]
        })
        .collect();
    if !rows.is_empty() {
        let head = ["IMAGE", "STATE", "SECONDS", "WHY"].map(String::from);
        rows.insert(0, head.to_vec());
        text.push_str(&table::render(&rows));
        text.push('\n');
    }
    for (image, rebuilt) in images(report) {
        if matches!(rebuilt.verdict, Verdict::Published | Verdict::Tagged)
            && let Some((digest, _)) = &image.index
        {
            let _ = writeln!(text, "{}@{digest}", image.references.join(" "));
        }
        if let After::Moved(why) | After::Unknown(why) = &rebuilt.after {
            let _ = writeln!(
                text,
                "{}: {}",
                image.image,
                after_words(&rebuilt.after, why)
            );
        }
    }
    text.push_str(&counts(report));
    text
}

/// Images that are stale although they were just built, as errors.
pub(in crate::cli) fn still_stale(report: &RebuildReport) -> Vec<String> {
    let all = images(report).filter_map(|(image, rebuilt)| match &rebuilt.after {
        After::StillStale(why) => Some(format!(
            "error: {}: {}\n  next: the next run would build it again; report it with the recipe",
            image.image,
            after_words(&rebuilt.after, why)
        )),
        _ => None,
    });
    all.collect()
}

/// Every image, with what the rebuild means for it.
fn images(report: &RebuildReport) -> impl Iterator<Item = (&ImageReport, &Rebuilt)> {
    report.build.images.iter().zip(&report.images)
}

fn after_words(after: &After, why: &str) -> String {
    let why = clean(why);
    match after {
        After::StillStale(_) => format!("still stale after its rebuild: {why}"),
        After::Moved(_) => format!("stale again: {why}; the next run builds it"),
        After::Unknown(_) => format!("whether it is current now is not known: {why}"),
        After::Current | After::NotAsked => why,
    }
}

/// `3 published, 1 identical, 5 current`; nothing that there is none of.
fn counts(report: &RebuildReport) -> String {
    let of = |verdict: Verdict| {
        let count = report.count(verdict);
        (count > 0).then(|| format!("{count} {}", verdict.as_str()))
    };
    let all: Vec<String> = Verdict::ALL.into_iter().filter_map(of).collect();
    if all.is_empty() {
        return format!("{}: nothing to do", report.scope);
    }
    format!("{}: {}", report.scope, all.join(", "))
}

/// Why it was not left alone, by the first reason.
fn why(image: &ImageReport) -> Option<String> {
    let reason = image.reasons.first()?;
    let platform = reason.platform.map(|it| format!("{it}: "));
    Some(format!(
        "{}{}",
        platform.unwrap_or_default(),
        clean(&reason.message)
    ))
}

/// From the beginning of its first leg to the end of its last.
fn seconds(image: &ImageReport) -> f64 {
    let built = image.legs.values().filter(|leg| match &leg.state {
        LegState::Built(solved) => !solved.reused,
        LegState::Failed(_) => true,
        LegState::Skipped(_) => false,
    });
    let times = built.filter_map(|leg| Some((leg.started?, leg.finished?)));
    let times: Vec<(i64, i64)> = times
        .map(|(started, finished)| (started.as_millis(), finished.as_millis()))
        .collect();
    let first = times.iter().map(|it| it.0).min().unwrap_or_default();
    let last = times.iter().map(|it| it.1).max().unwrap_or_default();
    let millis = u32::try_from(last - first).unwrap_or_default();
    f64::from(millis) / 1000.0
}
