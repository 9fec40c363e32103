//! What a rebuild did, as a page of Markdown: for a merge request, a chat or a page that is made every night.

use std::fmt::Write as _;

use super::document::place_and_logs;
use super::{after_words, counts, images, seconds, why};
use crate::cli::out::masked;
use crate::cli::render::words::clean;
use crate::ops::build::{Failure, ImageReport, LegState};
use crate::ops::rebuild::{After, RebuildReport, Verdict};
use crate::ops::{OpError, with_causes};

/// The page.
pub(in crate::cli) fn markdown(report: &RebuildReport) -> String {
    let mut page = String::from("# Rebuild\n\n");
    let _ = writeln!(page, "{}.\n", inline(&counts(report)));
    let _ = writeln!(page, "From {} to {}.", report.began, report.ended);
    for note in &report.notes {
        let _ = write!(page, "\nNote: {}\n", inline(note));
    }
    failed(report, &mut page);
    for (verdict, title) in [
        (Verdict::Published, "Published"),
        (Verdict::Identical, "Identical to what was published"),
        (Verdict::Tagged, "Current, tags put"),
    ] {
        built(report, verdict, title, &mut page);
    }
    skipped(report, &mut page);
    current(report, &mut page);
    page
}

/// The page of a rebuild that did not begin.
pub(in crate::cli) fn markdown_error(error: &OpError) -> String {
    let mut page = String::from("# Rebuild\n\nIt did not begin.\n\n");
    let _ = writeln!(page, "{}", inline(&masked(&with_causes(error))));
    if let OpError::Invalid(all) | OpError::Refused(all) = error {
        page.push('\n');
        for finding in all.sorted() {
            let _ = writeln!(page, "* {}: {}", finding.place, inline(&finding.message));
        }
    }
    if let Some(next) = error.next_step() {
        let _ = write!(page, "\nNext: {}\n", inline(&masked(&next)));
    }
    page
}

fn built(report: &RebuildReport, verdict: Verdict, title: &str, page: &mut String) {
    let mut all = images(report)
        .filter(|(_, rebuilt)| rebuilt.verdict == verdict)
        .peekable();
    if all.peek().is_none() {
        return;
    }
    let _ = write!(page, "\n## {title}\n\n");
    page.push_str("| image | index | platforms | seconds | why |\n|---|---|---|---|---|\n");
    for (image, rebuilt) in all {
        let index = image.index.as_ref();
        let mut why = why(image).map(|why| inline(&why)).unwrap_or_default();
        if let After::Moved(words) | After::Unknown(words) | After::StillStale(words) =
            &rebuilt.after
        {
            let _ = write!(why, " **{}**", inline(&after_words(&rebuilt.after, words)));
        }
        let _ = writeln!(
            page,
            "| {} | {} | {} | {:.1} | {} |",
            inline(&image.image),
            index.map_or_else(String::new, |(digest, _)| format!("`{digest}`")),
            platforms(image),
            seconds(image),
            why.trim(),
        );
    }
}

fn platforms(image: &ImageReport) -> String {
    let legs = image.legs.iter().map(|(platform, leg)| match &leg.state {
        LegState::Built(solved) if solved.reused => format!("{platform} (as it was)"),
        _ => platform.to_string(),
    });
    legs.collect::<Vec<_>>().join(", ")
}

fn failed(report: &RebuildReport, page: &mut String) {
    let is_failed = |verdict: Verdict, after: &After| {
        verdict == Verdict::Failed || matches!(after, After::StillStale(_))
    };
    let mut all = images(report)
        .filter(|(_, rebuilt)| is_failed(rebuilt.verdict, &rebuilt.after))
        .peekable();
    if all.peek().is_none() {
        return;
    }
    page.push_str("\n## Failed\n");
    for (image, rebuilt) in all {
        let _ = write!(page, "\n### {}\n", inline(&image.image));
        if let Some(why) = why(image) {
            let _ = write!(page, "\nTo be built because: {}\n", inline(&why));
        }
        for (platform, leg) in &image.legs {
            match &leg.state {
                LegState::Failed(failure) => one(&platform.to_string(), failure, page),
                LegState::Skipped(why) => {
                    let _ = write!(page, "\n{platform}: {}\n", inline(why));
                }
                LegState::Built(_) => {}
            }
        }
        if let Some(failure) = &image.error {
            one("all platforms", failure, page);
        }
        if let After::StillStale(why) = &rebuilt.after {
            let words = after_words(&rebuilt.after, why);
            let _ = write!(page, "\n{}\n", inline(&words));
        }
    }
}

fn one(what: &str, failure: &Failure, page: &mut String) {
    let (place, logs) = place_and_logs(failure);
    let place = place.map_or_else(String::new, |place| format!(" ({place})"));
    let message = inline(&masked(&failure.message));
    let _ = write!(page, "\n{what}: {message}{}\n", inline(&place));
    if let Some(next) = &failure.next {
        let _ = write!(page, "\nNext: {}\n", inline(&masked(next)));
    }
    if !logs.is_empty() {
        let lines: Vec<String> = logs.iter().map(|line| clean(line)).collect();
        let fence = fence(&lines);
        let _ = write!(page, "\n{fence}text\n{}\n{fence}\n", lines.join("\n"));
    }
}

fn skipped(report: &RebuildReport, page: &mut String) {
    let mut all = images(report)
        .filter(|(_, rebuilt)| rebuilt.verdict == Verdict::Skipped)
        .peekable();
    if all.peek().is_none() {
        return;
    }
    page.push_str("\n## Skipped\n\n| image | because |\n|---|---|\n");
    for (image, _) in all {
        let mut whys: Vec<String> = Vec::new();
        for leg in image.legs.values() {
            if let LegState::Skipped(why) = &leg.state {
                whys.push(inline(why));
            }
        }
        whys.dedup();
        let _ = writeln!(page, "| {} | {} |", inline(&image.image), whys.join("; "));
    }
}

fn current(report: &RebuildReport, page: &mut String) {
    let current = images(report).filter(|(_, rebuilt)| rebuilt.verdict == Verdict::Current);
    let names: Vec<String> = current.map(|(image, _)| inline(&image.image)).collect();
    if names.is_empty() {
        return;
    }
    let count = match names.len() {
        1 => "one image".to_owned(),
        many => format!("{many} images"),
    };
    let _ = write!(
        page,
        "\n## Current\n\n<details><summary>{count}</summary>\n\n{}\n\n</details>\n",
        names.join(", ")
    );
}

/// Somebody else's words in one line of Markdown, as they are: in a table a bar would begin a cell, and elsewhere tags
/// and marks would be heeded. What stands between backticks is left as code.
fn inline(text: &str) -> String {
    let mut plain = true;
    let mut escaped = String::with_capacity(text.len());
    let has_pairs = text.matches('`').count().is_multiple_of(2);
    for c in clean(text).chars() {
        match c {
            '`' if has_pairs => {
                plain = !plain;
                escaped.push(c);
            }
            '|' => escaped.push_str("\\|"),
            '`' | '*' | '_' | '[' | ']' | '\\' | '#' if plain => escaped.extend(['\\', c]),
            '<' if plain => escaped.push_str("&lt;"),
            '&' if plain => escaped.push_str("&amp;"),
            c => escaped.push(c),
        }
    }
    escaped
}

/// A fence that no line of a log ends.
fn fence(lines: &[String]) -> String {
    let longest = lines.iter().map(|line| {
        let line = line.trim_start();
        line.len() - line.trim_start_matches('`').len()
    });
    "`".repeat(longest.max().unwrap_or(0).max(2) + 1)
}

#[cfg(test)]
mod tests {
    use super::{fence, inline};

    #[test]
    fn words_of_others_stay_words() {
        let rows = [
            ("`run a|b` ended", "`run a\\|b` ended"),
            ("größer *als* <b>", "größer \\*als\\* &lt;b>"),
            ("one ` only", "one \\` only"),
            ("a\nb\u{1b}[31mc", "a bc"),
        ];
        for (given, expected) in rows {
            assert_eq!(inline(given), expected);
        }
    }

    #[test]
    fn a_log_cannot_end_its_fence() {
        let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(fence(&lines("größe\n  ````\n")), "`````");
        assert_eq!(fence(&lines("`x`")), "```");
    }
}
