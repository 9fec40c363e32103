//! Findings for people: the lines, what is wrong with them, and fixes as a diff.

use crate::cli::render::findings;
use crate::diagnostic::Level;
use crate::ops::lint::LintReport;

/// All findings, with counts at the end.
pub(in crate::cli) fn report(report: &LintReport) -> String {
    let mut texts: Vec<String> = report.findings.iter().map(findings::reported).collect();
    let more = report.left_out.iter();
    texts.extend(more.map(|(path, _, count)| findings::left_out(path, *count)));
    texts.push(counts(report));
    texts.join("\n\n")
}

/// How many findings there are, in words.
pub(super) fn counts(report: &LintReport) -> String {
    let many = |count: usize, word: &str| match count {
        0 => None,
        1 => Some(format!("1 {word}")),
        _ => Some(format!("{count} {word}s")),
    };
    let parts: Vec<String> = [
        many(report.count(Level::Error), "error"),
        many(report.count(Level::Warning), "warning"),
        many(report.count(Level::Note), "note"),
    ]
    .into_iter()
    .flatten()
    .collect();
    let found = if parts.is_empty() {
        "nothing found".to_owned()
    } else {
        parts.join(", ")
    };
    let images = many(report.images, "image");
    let recipes = many(report.recipes, "recipe").or(images);
    let recipes = recipes.unwrap_or_else(|| "no recipe".to_owned());
    let elsewhere = match report.elsewhere {
        0 => String::new(),
        count => format!("; {count} more in files that were not named"),
    };
    format!("{recipes}: {found}{elsewhere}")
}
