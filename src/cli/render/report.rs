//! What a build did, for people.

use std::fmt::Write as _;

use super::{findings, table};
use crate::diagnostic::Finding;
use crate::ops::build::{
    BuildReport, Failure, FailureKind, ImageReport, LegState, OutputReport, OutputState,
};

/// One row per leg.
pub(in crate::cli) fn table(report: &BuildReport, pushed: bool) -> String {
    let mut rows = vec![
        ["IMAGE", "PLATFORM", "STATE", "MANIFEST", "SIZE", "SECONDS"]
            .map(String::from)
            .to_vec(),
    ];
    for image in &report.images {
        for (platform, leg) in &image.legs {
            let (state, solved) = match &leg.state {
                LegState::Built(solved) => ("built", Some(solved)),
                LegState::Failed(_) => ("failed", None),
                LegState::Skipped(_) => ("skipped", None),
            };
            let state = if leg.emulated {
                format!("{state}, emulated")
            } else {
                state.to_owned()
            };
            let manifest = solved.and_then(|solved| solved.manifest.as_ref());
            rows.push(vec![
                image.image.clone(),
                platform.to_string(),
                state,
                manifest.map_or("–".to_owned(), |m| table::short(m.digest.as_str())),
                manifest
                    .and(solved)
                    .map_or("–".to_owned(), |s| table::bytes(s.layers.1)),
                format!("{:.1}", leg.took.as_secs_f64()),
            ]);
        }
    }
    let mut text = table::render(&rows);
    if pushed {
        for image in &report.images {
            text.push('\n');
            text.push_str(&outcome(image));
        }
    }
    for output in &report.outputs {
        for line in output_lines(report, output) {
            text.push('\n');
            text.push_str(&line);
        }
    }
    text
}

/// Each image of an output as skopeo and podman name it, with its digest.
fn output_lines(report: &BuildReport, output: &OutputReport) -> Vec<String> {
    let transport = match output.kind {
        "oci" => "oci-archive",
        _ => "oci",
    };
    let dest = &output.dest;
    let mut lines = Vec::new();
    match &output.state {
        OutputState::Written => {
            for (image, names) in &output.images {
                let index = report.images.get(*image).and_then(|it| it.index.as_ref());
                let digest = index.map_or("", |(digest, _)| digest.as_str());
                let names = names.iter();
                lines.extend(names.map(|name| format!("{transport}:{dest}:{name} {digest}")));
            }
        }
        OutputState::Incomplete(missing) => {
            lines.push(format!(
                "{transport}:{dest}: not written, without {missing}"
            ));
        }
        OutputState::Failed(_) => lines.push(format!("{transport}:{dest}: not written")),
    }
    lines
}

fn outcome(image: &ImageReport) -> String {
    match &image.index {
        Some((digest, _)) => format!("{}@{digest}", image.references.join(" ")),
        None => format!("{}: not published", image.image),
    }
}

/// Everything that failed, with the lines of the recipe and the last lines of the log.
pub(in crate::cli) fn failures(report: &BuildReport) -> String {
    let mut texts = Vec::new();
    for image in &report.images {
        for (platform, leg) in &image.legs {
            if let LegState::Failed(failure) = &leg.state {
                let others = others(image, &platform.to_string());
                texts.push(one(
                    &format!("{} on {platform}", image.image),
                    failure,
                    &others,
                ));
            }
        }
        if let Some(failure) = &image.error {
            texts.push(one(&image.image, failure, ""));
        }
    }
    for output in &report.outputs {
        if let OutputState::Failed(failure) = &output.state {
            texts.push(one("the images are built", failure, ""));
        }
    }
    texts.join("\n\n")
}

fn one(what: &str, failure: &Failure, others: &str) -> String {
    let mut text = String::new();
    let message = format!("{what}: {}", failure.message);
    match &failure.kind {
        FailureKind::Step { places, logs, .. } => {
            let mut places = places.iter();
            match places.next() {
                Some(first) => {
                    let mut finding = Finding::error(first, message);
                    for place in places {
                        finding = finding.with_related(place, "in the same layer");
                    }
                    text.push_str(&findings::one(&finding));
                }
                None => {
                    let _ = write!(text, "error: {message}");
                }
            }
            for line in logs {
                text.push_str("\n  │ ");
                text.push_str(line);
            }
        }
        _ => {
            let _ = write!(text, "error: {message}");
        }
    }
    if let Some(next) = &failure.next {
        let _ = write!(text, "\n  next: {next}");
    }
    if !others.is_empty() {
        let _ = write!(text, "\n  {others}");
    }
    text
}

/// What happened to the other platforms of an image.
fn others(image: &ImageReport, but: &str) -> String {
    let others: Vec<String> = image
        .legs
        .iter()
        .filter(|(platform, _)| platform.to_string() != but)
        .map(|(platform, leg)| match &leg.state {
            LegState::Built(_) => format!("{platform} was built"),
            LegState::Failed(_) => format!("{platform} failed, too"),
            LegState::Skipped(why) => format!("{platform} was not built: {why}"),
        })
        .collect();
    if others.is_empty() {
        return String::new();
    }
    format!(
        "{}; no tag of {} was touched",
        others.join(", "),
        image.image
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use super::{failures, table};
    use crate::oci::Platform;
    use crate::ops::build::{
        BuildReport, Failure, FailureKind, ImageReport, ImageState, LegReport, LegState,
    };

    fn leg(state: LegState) -> LegReport {
        LegReport {
            builder: Some("fake".to_owned()),
            emulated: false,
            started: None,
            finished: None,
            took: Duration::from_millis(1500),
            state,
        }
    }

    #[test]
    fn a_failure_shows_step_platform_log_and_what_became_of_the_other_platforms() {
        let failure = Failure {
            kind: FailureKind::Step {
                name: "run größer".to_owned(),
                places: Vec::new(),
                exit_code: Some(3),
                logs: vec!["letzte Zeile".to_owned()],
            },
            message: "`run größer` ended with exit code 3".to_owned(),
            next: None,
        };
        let legs = [
            (Platform::LINUX_AMD64, leg(LegState::Built(Box::default()))),
            (
                Platform::LINUX_ARM64,
                leg(LegState::Failed(Box::new(failure))),
            ),
        ];
        let report = BuildReport {
            images: vec![ImageReport {
                name: "app".to_owned(),
                variant: "1".to_owned(),
                image: "team/app:1".to_owned(),
                references: Vec::new(),
                state: ImageState::Failed,
                index: None,
                legs: BTreeMap::from(legs),
                error: None,
            }],
            outputs: Vec::new(),
        };
        let text = failures(&report);
        for words in [
            "team/app:1 on linux/arm64: `run größer` ended with exit code 3",
            "│ letzte Zeile",
            "linux/amd64 was built; no tag of team/app:1 was touched",
        ] {
            assert!(text.contains(words), "{words} is missing:\n{text}");
        }
        let table = table(&report, true);
        assert!(table.ends_with("\nteam/app:1: not published"), "{table}");
        assert!(table.contains("linux/arm64  failed"), "{table}");
    }
}
