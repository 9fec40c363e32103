//! Findings as a compiler shows them: place, quoted lines, carets, help.

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use crate::diagnostic::{self, Finding, Findings};

/// The width that texts are wrapped to.
const WIDTH: usize = 120;

/// The width of help texts, which stand behind a margin.
const HELP_WIDTH: usize = 100;

/// Lines of a step that are quoted.
const STEP_LINES: usize = 12;

/// All findings, sorted, with a count at the end.
pub(in crate::cli) fn render(findings: &Findings) -> String {
    let all = findings.sorted();
    let mut texts: Vec<String> = all.iter().map(|finding| one(finding)).collect();
    let errors = all
        .iter()
        .filter(|f| f.level == diagnostic::Level::Error)
        .count();
    let word = if errors == 1 { "error" } else { "errors" };
    texts.push(format!("{errors} {word}"));
    texts.join("\n\n")
}

/// One finding in one line.
pub(in crate::cli) fn line(finding: &Finding) -> String {
    format!(
        "{}: {}: {}",
        finding.place,
        finding.level.as_str(),
        finding.message
    )
}

/// One finding with the lines it is about.
pub(in crate::cli) fn one(finding: &Finding) -> String {
    quoted(finding, None)
}

/// A finding about a step as a whole: all its lines are quoted, or the first of many.
pub(in crate::cli) fn step(finding: &Finding) -> String {
    quoted(finding, Some(extent(finding)))
}

fn quoted(finding: &Finding, also: Option<std::ops::Range<usize>>) -> String {
    let level = match finding.level {
        diagnostic::Level::Error => Level::ERROR,
        diagnostic::Level::Warning => Level::WARNING,
        diagnostic::Level::Note => Level::NOTE,
    };
    let place = &finding.place;
    let source = &place.source;
    let mut snippet = Snippet::source(source.text())
        .path(source.path())
        .annotation(AnnotationKind::Primary.span(visible(finding)));
    if let Some(range) = also {
        snippet = snippet.annotation(AnnotationKind::Visible.span(range));
    }
    let mut elsewhere = Vec::new();
    for (related, words) in &finding.related {
        if related.source.path() == source.path() {
            let range = related.source.clamp(related.span);
            snippet = snippet.annotation(AnnotationKind::Context.span(range).label(words.as_str()));
        } else {
            elsewhere.push(format!("{words}: {related}"));
        }
    }
    let mut group: Group<'_> = level
        .primary_title(finding.message.as_str())
        .element(snippet);
    for words in &elsewhere {
        group = group.element(Level::NOTE.message(words.as_str()));
    }
    let help = finding.help.as_deref().map(wrapped);
    if let Some(help) = &help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    Renderer::styled().term_width(WIDTH).render(&[group])
}

/// The step that begins where the finding is: the lines that are not less indented.
fn extent(finding: &Finding) -> std::ops::Range<usize> {
    let source = &finding.place.source;
    let start = source.clamp(finding.place.span).start;
    let (_, column) = finding.place.line_column();
    let mut end = visible(finding).end;
    let mut at = start;
    for (number, line) in source.text()[start..].split_inclusive('\n').enumerate() {
        let indent = line.chars().take_while(|&c| c == ' ').count();
        let text = line.trim_end();
        if number >= STEP_LINES || (number > 0 && !text.is_empty() && indent + 1 < column) {
            break;
        }
        if !text.is_empty() {
            end = end.max(at + text.len());
        }
        at += line.len();
    }
    start..end
}

/// A text in lines of at most [`HELP_WIDTH`] characters, cut at blanks.
fn wrapped(text: &str) -> String {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = lines.last_mut();
        match line {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.chars().count() + 1 + word.chars().count() <= HELP_WIDTH => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines.join("\n")
}

/// What is underlined: the value, but of one that spans lines only the first.
fn visible(finding: &Finding) -> std::ops::Range<usize> {
    let source = &finding.place.source;
    let range = source.clamp(finding.place.span);
    let first = source.text()[range.clone()]
        .find('\n')
        .map_or(range.end, |at| range.start + at);
    let end = source.text()[range.start..first].trim_end().len() + range.start;
    range.start..end
}
