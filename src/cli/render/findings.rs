//! Findings as a compiler shows them: place, quoted lines, carets, help.

use std::collections::BTreeMap;
use std::ops::Range;

use annotate_snippets::{
    Annotation, AnnotationKind, Group, Level, Origin, Patch, Renderer, Snippet,
};

use crate::diagnostic::{self, Edit, Finding, Findings, Fix, Safety};
use crate::ops::lint::Reported;
use crate::text::{Place, SourceFile};

/// The width that texts are wrapped to.
const WIDTH: usize = 120;

/// The width of help texts, which stand behind a margin.
const HELP_WIDTH: usize = 100;

/// The bytes of a file that a finding may quote, before and behind its place.
const MAX_QUOTED: usize = 32 * 1024;

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
    let mut more = "";
    for (path, level, count) in findings.left_out() {
        texts.push(left_out(path, count));
        if level == diagnostic::Level::Error {
            more = " or more";
        }
    }
    let word = if errors == 1 { "error" } else { "errors" };
    texts.push(format!("{errors}{more} {word}"));
    texts.join("\n\n")
}

/// That there is more than was shown.
pub(in crate::cli) fn left_out(path: &str, count: usize) -> String {
    format!("… and at least {count} more in {path}")
}

/// A finding of `lint`: with its rule, the path as seen from here, and its fix as a diff.
pub(in crate::cli) fn reported(one: &Reported) -> String {
    quoted(&one.finding, None, Some(one))
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
    quoted(finding, None, None)
}

/// A finding about a step as a whole: all its lines are quoted, or the first of many.
pub(in crate::cli) fn step(finding: &Finding) -> String {
    quoted(finding, Some(extent(finding)), None)
}

fn quoted(finding: &Finding, also: Option<Range<usize>>, lint: Option<&Reported>) -> String {
    let level = match finding.level {
        diagnostic::Level::Error => Level::ERROR,
        diagnostic::Level::Warning => Level::WARNING,
        diagnostic::Level::Note => Level::NOTE,
    };
    let source = &finding.place.source;
    let path = |path: &str| lint.map_or_else(|| path.to_owned(), |one| one.shown(path));
    let mut marks = vec![(AnnotationKind::Primary, visible(finding), None)];
    let mut needed = visible(finding);
    if let Some(range) = also {
        needed = needed.start.min(range.start)..needed.end.max(range.end);
        marks.push((AnnotationKind::Visible, range, None));
    }
    let first = needed.start;
    let mut elsewhere = Vec::new();
    for (related, words) in &finding.related {
        let range = related.source.clamp(related.span);
        let is_near = range.start.abs_diff(first) < MAX_QUOTED;
        if related.source.path() == source.path() && is_near {
            needed = needed.start.min(range.start)..needed.end.max(range.end);
            marks.push((AnnotationKind::Context, range, Some(words.as_str())));
        } else {
            let (line, column) = related.line_column();
            let file = path(related.source.path());
            elsewhere.push(format!("{words}: {file}:{line}:{column}"));
        }
    }
    let title = level.primary_title(finding.message.as_str());
    let title = match lint {
        Some(_) => title.id(finding.rule),
        None => title,
    };
    let shown = path(source.path());
    let image = lint.is_some_and(Reported::is_of_image);
    let mut group = match quotable(source, &needed) {
        // A published image has no lines.
        _ if image => title.element(Origin::path(shown)),
        Some(window) => title.element(snippet(source, &window, shown, marks)),
        None => title.element(origin(&finding.place, shown)),
    };
    for words in &elsewhere {
        group = group.element(Level::NOTE.message(words.as_str()));
    }
    let help = finding.help.as_deref().map(wrapped);
    if let Some(help) = &help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    let mut groups = vec![group];
    if let (Some(_), Some(fix)) = (lint, &finding.fix) {
        groups.push(diff(fix, &path));
    }
    Renderer::styled().term_width(WIDTH).render(&groups)
}

/// A fix as the lines before and after it.
fn diff<'f>(fix: &'f Fix, path: &dyn Fn(&str) -> String) -> Group<'f> {
    let how = match fix.safety {
        Safety::Safe => "--fix does it",
        Safety::Suggested => "have a look at it: --fix does not do it",
    };
    let title = Level::HELP.secondary_title(format!("{} ({how})", fix.title));
    let mut files: BTreeMap<&str, Vec<&'f Edit>> = BTreeMap::new();
    for edit in &fix.edits {
        files
            .entry(edit.place.source.path())
            .or_default()
            .push(edit);
    }
    let mut group = Group::with_title(title);
    for (file, edits) in files {
        let Some(first) = edits.first() else { continue };
        let source = &first.place.source;
        let ranges = edits.iter().map(|edit| source.clamp(edit.place.span));
        let ranges: Vec<Range<usize>> = ranges.collect();
        let start = ranges.iter().map(|range| range.start).min();
        let end = ranges.iter().map(|range| range.end).max();
        let needed = start.unwrap_or_default()..end.unwrap_or_default();
        let Some(window) = quotable(source, &needed) else {
            continue;
        };
        let patches = ranges.iter().zip(edits).map(|(range, edit)| {
            let range = range.start - window.start..range.end - window.start;
            Patch::new(range, edit.text.as_str())
        });
        let snippet = Snippet::source(&source.text()[window.clone()])
            .line_start(source.line_column(window.start).0)
            .path(path(file))
            .patches(patches);
        group = group.element(snippet);
    }
    group
}

/// The lines that some bytes lie on: a renderer reads all it is given, and a file may be long.
fn window(source: &SourceFile, needed: &Range<usize>) -> Range<usize> {
    let text = source.text();
    let start = text[..needed.start].rfind('\n').map_or(0, |at| at + 1);
    let end = text[needed.end..].find('\n');
    start..end.map_or(text.len(), |at| needed.end + at + 1)
}

/// The same, unless they are too long to be quoted: nobody reads such a line.
fn quotable(source: &SourceFile, needed: &Range<usize>) -> Option<Range<usize>> {
    let window = window(source, needed);
    (window.len() <= 2 * MAX_QUOTED).then_some(window)
}

/// What is marked, how, and with which words.
type Mark<'f> = (AnnotationKind, Range<usize>, Option<&'f str>);

/// Quoted lines with marks.
fn snippet<'f>(
    source: &'f SourceFile,
    window: &Range<usize>,
    path: String,
    marks: Vec<Mark<'f>>,
) -> Snippet<'f, Annotation<'f>> {
    let marks = marks.into_iter().map(|(kind, range, label)| {
        let mark = kind.span(range.start - window.start..range.end - window.start);
        match label {
            Some(label) => mark.label(label),
            None => mark,
        }
    });
    Snippet::source(&source.text()[window.clone()])
        .line_start(source.line_column(window.start).0)
        .path(path)
        .annotations(marks)
}

/// A place that is not quoted.
fn origin<'f>(place: &Place, path: String) -> Origin<'f> {
    let (line, column) = place.line_column();
    Origin::path(path).line(line).char_column(column)
}

/// The step that begins where the finding is: the lines that are not less indented.
fn extent(finding: &Finding) -> Range<usize> {
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
fn visible(finding: &Finding) -> Range<usize> {
    let source = &finding.place.source;
    let range = source.clamp(finding.place.span);
    let first = source.text()[range.clone()]
        .find('\n')
        .map_or(range.end, |at| range.start + at);
    let end = source.text()[range.start..first].trim_end().len() + range.start;
    range.start..end
}
