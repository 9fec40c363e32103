//! What a build did, for people.

use std::fmt::Write as _;

use super::words::{clean, clean_lines, columns, cut_image};
use super::{findings, table, trials};
use crate::diagnostic::Finding;
use crate::ops::build::{
    BuildReport, Failure, FailureKind, ImageReport, LegState, OutputReport, OutputState,
};
use crate::ops::{Reason, ReasonKind};

/// Reasons that are shown of each image.
const REASONS: usize = 4;

/// One row per leg. Where `width` says how wide a terminal is, images are cut to it.
pub(in crate::cli) fn table(report: &BuildReport, pushed: bool, width: Option<usize>) -> String {
    let mut rows = vec![
        ["IMAGE", "PLATFORM", "STATE", "MANIFEST", "SIZE", "SECONDS"]
            .map(String::from)
            .to_vec(),
    ];
    for image in &report.images {
        for (platform, leg) in &image.legs {
            let (state, solved) = match &leg.state {
                LegState::Built(solved) if solved.reused => ("current", Some(solved)),
                LegState::Built(solved) => ("built", Some(solved)),
                LegState::Failed(_) => ("failed", None),
                LegState::Skipped(_) => ("skipped", None),
            };
            let mut state = state.to_owned();
            if leg.emulated {
                state.push_str(", emulated");
            }
            if solved.is_some() {
                state.push_str(&trials::passed(leg.tests()));
            }
            let manifest = solved.and_then(|solved| solved.manifest.as_ref());
            rows.push(vec![
                image.image.clone(),
                platform.to_string(),
                state,
                manifest.map_or("–".to_owned(), |m| table::short(m.digest.as_str())),
                manifest
                    .and(solved)
                    .filter(|solved| solved.config.is_some())
                    .map_or("–".to_owned(), |s| table::bytes(s.layers.1)),
                format!("{:.1}", leg.took.as_secs_f64()),
            ]);
        }
    }
    if let Some(width) = width {
        fit(&mut rows, width);
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

/// Cuts the first column so that rows do not take two lines each.
fn fit(rows: &mut [Vec<String>], width: usize) {
    let wide = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| columns(cell)).max().unwrap_or(0)
    };
    let others: usize = (1..rows[0].len()).map(|column| wide(column) + 2).sum();
    let room = width.saturating_sub(others).max(12);
    for row in &mut rows[1..] {
        row[0] = cut_image(&row[0], room).into_owned();
    }
}

fn outcome(image: &ImageReport) -> String {
    match &image.index {
        Some((digest, _)) => format!("{}@{digest}", image.references.join(" ")),
        None => format!("{}: not published", image.image),
    }
}

/// Why images were built although they had been published: the first reasons of each. What was never built needs no
/// reason.
pub(in crate::cli) fn reasons(report: &BuildReport) -> String {
    let mut text = String::new();
    for image in &report.images {
        let mut lines: Vec<(String, Vec<String>)> = Vec::new();
        let told = |it: &&Reason| it.kind != ReasonKind::NeverBuilt;
        for reason in image.reasons.iter().filter(told) {
            let place = reason.place.as_ref().map(|place| format!("{place}: "));
            let line = format!("{}{}", place.unwrap_or_default(), clean(&reason.message));
            let platform = reason.platform.map(|it| it.to_string());
            match lines.iter_mut().find(|(known, _)| *known == line) {
                Some((_, platforms)) => platforms.extend(platform),
                None => lines.push((line, platform.into_iter().collect())),
            }
        }
        for (line, platforms) in lines.iter().take(REASONS) {
            let on_all = platforms.is_empty() || platforms.len() == image.legs.len();
            let on = if on_all {
                String::new()
            } else {
                format!(" on {}", platforms.join(", "))
            };
            let _ = writeln!(text, "{}{on}: {line}", image.image);
        }
        if let Some(more) = lines.len().checked_sub(REASONS).filter(|more| *more > 0) {
            let _ = writeln!(text, "{}: and {more} more reasons", image.image);
        }
    }
    text
}

/// Everything that failed, with the lines of the recipe and the last lines of the log.
pub(in crate::cli) fn failures(report: &BuildReport) -> String {
    let mut texts = Vec::new();
    for image in &report.images {
        for (platform, leg) in &image.legs {
            if let LegState::Failed(failure) = &leg.state {
                let others = others(image, &platform.to_string());
                let what = format!("{} on {platform}", image.image);
                if let FailureKind::Tests(all) = &failure.kind {
                    texts.push(trials::failures(&what, all, &others));
                    continue;
                }
                texts.push(one(&what, failure, &others));
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
    let message = format!("{what}: {}", clean_lines(&failure.message));
    match &failure.kind {
        FailureKind::Step { places, logs, .. } => {
            let mut places = places.iter();
            match places.next() {
                Some(first) => {
                    let mut finding = Finding::error(first, message);
                    for place in places {
                        finding = finding.with_related(place, "in the same layer");
                    }
                    text.push_str(&findings::step(&finding));
                }
                None => {
                    let _ = write!(text, "error: {message}");
                }
            }
            text.push_str(&log(logs));
        }
        FailureKind::Limit { place, layers } => {
            text.push_str(&findings::one(&Finding::error(place, message)));
            for layer in layers {
                text.push_str("\n  │ ");
                text.push_str(&clean(layer));
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

/// The last lines that something wrote.
pub(super) fn log(lines: &[String]) -> String {
    let mut text = String::new();
    if !lines.is_empty() {
        let _ = write!(
            text,
            "\n  the last {} of its log:",
            self::lines(lines.len())
        );
    }
    for line in lines {
        text.push_str("\n  │ ");
        text.push_str(&clean(line));
    }
    text
}

fn lines(count: usize) -> String {
    match count {
        1 => "line".to_owned(),
        count => format!("{count} lines"),
    }
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

    use super::{columns, failures, table};
    use crate::oci::Platform;
    use crate::ops::build::{
        BuildReport, Failure, FailureKind, ImageReport, ImageState, LegReport, LegState,
    };
    use crate::text::{Place, SourceFile};

    fn leg(state: LegState) -> LegReport {
        LegReport {
            builder: Some("fake".to_owned()),
            emulated: false,
            steps: Vec::new(),
            started: None,
            finished: None,
            took: Duration::from_millis(1500),
            state,
        }
    }

    /// The report of a build of amd64 and arm64, where the second failed in the step at `run`.
    fn report() -> BuildReport {
        let text = "kiln: 1\nsteps:\n  - name: größer\n    run: |\n      echo 하나\n\n      exit 137\n    env: {A: b}\n  - run: true\n";
        let source = SourceFile::new("r/recipe.yaml", text);
        let start = text.find("run").unwrap();
        let place = Place::file(&source).inner(start, 3);
        let failure = Failure {
            kind: FailureKind::Step {
                name: "größer".to_owned(),
                places: vec![place],
                exit_code: Some(137),
                logs: vec!["vor\x1b[2Jletzte".to_owned(), "letzte Zeile\x07".to_owned()],
            },
            message: "`größer` ended with exit code 137 (killed: most likely out of memory)"
                .to_owned(),
            next: None,
        };
        let legs = [
            (Platform::LINUX_AMD64, leg(LegState::Built(Box::default()))),
            (
                Platform::LINUX_ARM64,
                leg(LegState::Failed(Box::new(failure))),
            ),
        ];
        BuildReport {
            images: vec![ImageReport {
                reasons: Vec::new(),
                name: "app".to_owned(),
                variant: "1".to_owned(),
                image: "team/app:1".to_owned(),
                references: Vec::new(),
                state: ImageState::Failed,
                index: None,
                legs: BTreeMap::from(legs),
                error: None,
            }],
            ..BuildReport::default()
        }
    }

    #[test]
    fn a_failure_shows_step_platform_log_and_what_became_of_the_other_platforms() {
        let text = anstream::adapter::strip_str(&failures(&report())).to_string();
        insta::assert_snapshot!(text);
    }

    #[test]
    fn a_table_fits_its_terminal_and_is_whole_elsewhere() {
        let mut report = report();
        let whole = table(&report, true, None);
        assert!(whole.ends_with("\nteam/app:1: not published"), "{whole}");
        assert!(whole.contains("linux/arm64  failed"), "{whole}");
        report.images[0].image = "team/services/한국어:2026.11-cuda12.4-ubuntu24.04".to_owned();
        let cut = table(&report, false, Some(80));
        assert!(cut.lines().all(|line| columns(line) <= 80), "{cut}");
        assert!(cut.contains("한국어:2"), "{cut}");
        assert!(table(&report, false, None).contains(&report.images[0].image));
    }
}
