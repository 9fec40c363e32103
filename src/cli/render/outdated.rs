//! What `outdated` found, for people and for programs.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::json::{VERSION, reason};
use super::table;
use super::words::clean;
use crate::oci::Platform;
use crate::ops::{Outdated, OutdatedImage, Reason, ReasonKind, State};

/// A row per image and reason, and the sum.
pub(in crate::cli) fn text(found: &Outdated) -> String {
    let mut rows = vec![
        ["IMAGE", "PLATFORM", "STATE", "WHY"]
            .map(String::from)
            .to_vec(),
    ];
    for image in &found.images {
        rows.extend(self::rows(image));
    }
    format!("{}\n{}", table::render(&rows), sum(found))
}

fn rows(image: &OutdatedImage) -> Vec<Vec<String>> {
    let row = |platform: String, why: String| {
        vec![
            clean(&image.image),
            platform,
            image.state.as_str().to_owned(),
            why,
        ]
    };
    if image.reasons.is_empty() {
        return vec![row("all".to_owned(), String::new())];
    }
    let all: BTreeSet<Platform> = image.platforms.iter().copied().collect();
    let grouped = grouped(&image.reasons).into_iter();
    grouped
        .map(|(platforms, why)| {
            let named = platforms.iter().map(Platform::to_string);
            let named: Vec<String> = named.collect();
            let everywhere = platforms.is_empty() || platforms == all;
            let platform = if everywhere {
                "all".to_owned()
            } else {
                named.join(", ")
            };
            row(platform, why)
        })
        .collect()
}

/// Reasons with the platforms of which the same is said, in their order.
pub(super) fn grouped(reasons: &[Reason]) -> Vec<(BTreeSet<Platform>, String)> {
    let mut all: Vec<(BTreeSet<Platform>, String)> = Vec::new();
    for reason in reasons {
        let words = words(reason);
        let known = all.iter_mut().find(|(_, known)| *known == words);
        match known {
            Some((platforms, _)) => platforms.extend(reason.platform),
            None => all.push((reason.platform.into_iter().collect(), words)),
        }
    }
    all
}

/// A reason in a line: `FILE:LINE: MESSAGE`.
fn words(reason: &Reason) -> String {
    let place = reason.place.as_ref().map(|place| {
        let line = place.line_column().0;
        format!("{}:{line}: ", clean(place.source.path()))
    });
    format!("{}{}", place.unwrap_or_default(), clean(&reason.message))
}

fn sum(found: &Outdated) -> String {
    let states = [
        State::Current,
        State::TagMissing,
        State::Stale,
        State::Unknown,
    ];
    let counted = states.iter().filter_map(|state| {
        let count = found.images.iter().filter(|it| it.state == *state).count();
        (count > 0).then(|| format!("{count} {}", state.as_str()))
    });
    let counted: Vec<String> = counted.collect();
    let legs = found.images.iter().map(|image| image.platforms.len()).sum();
    let counts = table::counts(found.images.len(), legs);
    if counted.is_empty() {
        counts
    } else {
        format!("{counts}: {}", counted.join(", "))
    }
}

/// The steps that would answer what nobody could say.
pub(in crate::cli) fn next<'a>(reasons: impl Iterator<Item = &'a Reason>) -> Vec<&'static str> {
    let kinds: BTreeSet<ReasonKind> = reasons.map(|reason| reason.kind).collect();
    let steps = [
        (
            ReasonKind::Unreachable,
            "`kiln doctor` tests registries, logins and trust",
        ),
        (
            ReasonKind::NoKey,
            "`kiln build --push` builds what nobody can judge, and puts a key on it",
        ),
    ];
    let due = steps.into_iter().filter(|(kind, _)| kinds.contains(kind));
    due.map(|(_, step)| step).collect()
}

/// The same for programs.
pub(in crate::cli) fn json(found: &Outdated) -> String {
    let image = |image: &OutdatedImage| {
        json!({
            "name": image.name,
            "variant": image.variant,
            "references": image.references,
            "state": image.state.as_str(),
            "reasons": image.reasons.iter().map(reason).collect::<Vec<Value>>(),
        })
    };
    let images: Vec<Value> = found.images.iter().map(image).collect();
    format!("{:#}", json!({"version": VERSION, "images": images}))
}
