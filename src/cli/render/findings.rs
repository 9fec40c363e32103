//! Findings as a compiler shows them: place, quoted lines, carets, help.

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use crate::diagnostic::{self, Finding, Findings};

/// The width that texts are wrapped to.
const WIDTH: usize = 120;

/// The width of help texts, which stand behind a margin.
const HELP_WIDTH: usize = 100;

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
