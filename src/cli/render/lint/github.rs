//! Workflow commands of GitHub Actions, which become annotations.
//!
//! GitHub shows ten of each type per step and fifty per job. So the worst come first, ten of each type at most;
//! what is left is printed as plain lines, counted, and written to the step's summary.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::end;
use super::text::counts;
use crate::diagnostic::Level;
use crate::ops::lint::{LintReport, Reported};

/// Annotations of one type that GitHub shows for a step.
const PER_TYPE: usize = 10;

/// What goes to the log, and what goes to the summary of the step if something is not shown.
pub(in crate::cli) struct Commands {
    pub(in crate::cli) log: String,
    pub(in crate::cli) summary: Option<String>,
}

/// The findings as commands.
pub(in crate::cli) fn report(report: &LintReport) -> Commands {
    let mut all: Vec<&Reported> = report.findings.iter().collect();
    all.sort_by_key(|one| one.finding.level);
    let mut shown: BTreeMap<Level, usize> = BTreeMap::new();
    let mut lines = Vec::new();
    let mut rest = Vec::new();
    for one in all {
        let count = shown.entry(one.finding.level).or_default();
        if *count < PER_TYPE {
            *count += 1;
            lines.push(command(one));
        } else {
            rest.push(one);
        }
    }
    lines.extend(rest.iter().map(|one| plain(one)));
    let summary = (!rest.is_empty()).then(|| summary(report, &rest));
    let left = match rest.len() {
        0 => String::new(),
        count => format!("; {count} more than GitHub shows as annotations are listed above"),
    };
    lines.push(format!("kiln: {}{left}", counts(report)));
    Commands {
        log: lines.join("\n"),
        summary,
    }
}

fn command(one: &Reported) -> String {
    let finding = &one.finding;
    let word = match finding.level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Note => "notice",
    };
    let (line, column) = finding.place.line_column();
    let (end_line, end_column) = end(&finding.place);
    let mut text = format!("::{word} file={},line={line}", property(&one.file()));
    if end_line == line {
        // Columns count on one line only.
        let _ = write!(text, ",col={column},endColumn={}", end_column.max(column));
    } else {
        let _ = write!(text, ",endLine={end_line}");
    }
    let title = format!("kiln {}", finding.rule);
    let message = match &finding.help {
        Some(help) => format!("{}\n{help}", finding.message),
        None => finding.message.clone(),
    };
    let _ = write!(text, ",title={}::{}", property(&title), data(&message));
    text
}

/// One line in which the runner sees no command.
fn plain(one: &Reported) -> String {
    let (line, column) = one.finding.place.line_column();
    let text = format!(
        "{}:{line}:{column}: {}[{}]: {}",
        one.file(),
        one.finding.level.as_str(),
        one.finding.rule,
        one.finding.message
    );
    let text = text.replace(['\r', '\n'], " ").replace("##[", "## [");
    if text.trim_start().starts_with("::") {
        format!("./{}", text.trim_start())
    } else {
        text
    }
}

/// The value of a command.
fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// The value of a command's property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// A table, as Markdown.
fn summary(report: &LintReport, rest: &[&Reported]) -> String {
    let cell = |text: &str| {
        text.replace('|', "\\|")
            .replace(['\r', '\n'], " ")
            .replace('<', "&lt;")
    };
    let mut text = format!(
        "### kiln lint\n\n{}. These are not shown as annotations:\n\n| Place | Level | Rule | Message |\n|---|---|---|---|\n",
        counts(report)
    );
    for one in rest {
        let (line, column) = one.finding.place.line_column();
        let _ = writeln!(
            text,
            "| {}:{line}:{column} | {} | {} | {} |",
            cell(&one.file()),
            one.finding.level.as_str(),
            one.finding.rule,
            cell(&one.finding.message)
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{data, property};

    #[test]
    fn what_ends_a_command_or_a_property_is_escaped() {
        assert_eq!(
            data("50 %\r\n::set-env::한, x: y"),
            "50 %25%0D%0A::set-env::한, x: y"
        );
        assert_eq!(property("a:b,c%\n"), "a%3Ab%2Cc%25%0A");
    }
}
