//! The change of a file that makes other steps of one, with what stands beside it kept as it is written.

use std::fmt::Write as _;

use crate::diagnostic::Fix;
use crate::lint::extent::end;
use crate::lint::tree::{StepView, entries};
use crate::text::{Place, Span};
use crate::yaml;

/// The longest line that is written.
const WIDTH: usize = 100;

/// What stands behind a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Text(String),
    List(Vec<String>),
    Flag(bool),
}

/// A step word with its keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Written {
    pub(super) word: &'static str,
    pub(super) keys: Vec<(&'static str, Value)>,
}

/// How a step stands in its file.
struct Layout<'a> {
    text: &'a str,
    /// The whole step, and its word with what stands behind it.
    step: Span,
    word: Span,
    /// Blanks and the dash before the step, where it is an item between lines.
    before: Option<&'a str>,
}

/// A fix that writes steps in the place of one; nothing where that would lose a comment, or where the step does not
/// stand in the file as steps usually do. Options beside the word are beside each of the new ones.
pub(super) fn replaced(fix: Fix, step: &StepView<'_>, new: &[Written]) -> Option<Fix> {
    let layout = layout(step)?;
    let place = |start: usize, end: usize| Place::new(&step.word.place.source, Span { start, end });
    let Layout { text, word, .. } = layout;
    if let [one] = new {
        let replacement = layout.shown(one);
        return Some(fix.replacing(&place(word.start, word.end), replacement));
    }
    // Each of them gets what stands beside the word.
    let head = &text[layout.step.start..word.start];
    let tail = &text[word.end..layout.step.end];
    let before = layout.before?;
    if head.contains('#') || tail.contains('#') {
        return None;
    }
    let steps = new
        .iter()
        .map(|one| format!("{head}{}{tail}", layout.shown(one)));
    let steps: Vec<String> = steps.collect();
    let all = steps.join(&format!("{}{before}", layout.line_break()));
    Some(fix.replacing(&place(layout.step.start, layout.step.end), all))
}

/// The same with an option beside the word taken out, where it has lines of its own and no comment.
pub(super) fn without(fix: Fix, step: &StepView<'_>, key: &str) -> Fix {
    let entry = entries(step.node)
        .iter()
        .find(|entry| entry.key.value == key);
    let (Some(layout), Some(entry)) = (layout(step), entry) else {
        return fix;
    };
    let text = layout.text;
    let (start, stop) = (entry.key.place.span.start, end(&entry.value));
    let Some(own) = text.get(start..stop).map(str::trim_end) else {
        return fix;
    };
    let stop = start + own.len();
    let line = text[..start].trim_end_matches(' ').len();
    let rest = text[stop..].lines().next().unwrap_or_default();
    let is_alone = text[..line].ends_with('\n') && rest.trim().is_empty();
    if !is_alone || own.contains('#') || layout.before.is_none() {
        return fix;
    }
    // From the line break before it on.
    let from = text[..line]
        .strip_suffix("\r\n")
        .or_else(|| text[..line].strip_suffix('\n'))
        .map_or(line, str::len);
    let span = Span {
        start: from,
        end: stop,
    };
    fix.replacing(&Place::new(&step.word.place.source, span), "")
}

fn layout<'a>(step: &StepView<'a>) -> Option<Layout<'a>> {
    let source = &step.node.place.source;
    if step.word.place.source.path() != source.path()
        || step.value.place.source.path() != source.path()
    {
        return None;
    }
    let text = source.text();
    let (from, start) = (step.node.place.span.start, step.word.place.span.start);
    let stop = end(step.value);
    let own = text.get(start..stop)?.trim_end();
    let header = text.get(step.word.place.span.end..step.value.place.span.start)?;
    // A comment behind the word, or between the words of a list, would be lost.
    let is_list = matches!(step.value.kind, yaml::NodeKind::List(_));
    if header.contains('#') || (is_list && own.contains('#')) {
        return None;
    }
    let line = text.get(..from)?.rfind('\n').map_or(0, |at| at + 1);
    let lead = &text[line..from];
    let dash = lead.trim_end_matches(' ').strip_suffix('-');
    let is_item = dash.is_some_and(|blanks| blanks.trim().is_empty()) && lead.ends_with(' ');
    let in_brackets = text[from..].starts_with('{');
    if !is_item && !in_brackets {
        return None;
    }
    let last = end(step.node).max(stop);
    if start < from {
        return None;
    }
    let last = from + text.get(from..last)?.trim_end().len();
    Some(Layout {
        text,
        step: Span {
            start: from,
            end: last,
        },
        word: Span {
            start,
            end: start + own.len(),
        },
        before: is_item.then_some(lead),
    })
}

impl Layout<'_> {
    fn line_break(&self) -> &'static str {
        match self.text.split_once('\n') {
            Some((first, _)) if first.ends_with('\r') => "\r\n",
            _ => "\n",
        }
    }

    /// In one line, or in several where it would be a long one.
    fn shown(&self, new: &Written) -> String {
        let one_line = in_one_line(new);
        let line = self.text[..self.word.start]
            .rfind('\n')
            .map_or(0, |at| at + 1);
        let column = self.text[line..self.word.start].chars().count();
        let in_brackets = self.text[self.step.start..].starts_with('{');
        if in_brackets || column + one_line.chars().count() <= WIDTH {
            return one_line;
        }
        let indent = format!("{}{}", self.line_break(), " ".repeat(column));
        let mut all = format!("{}:", new.word);
        for (key, value) in &new.keys {
            match value {
                Value::List(list) => {
                    let _ = write!(all, "{indent}  {key}:");
                    for item in list {
                        let _ = write!(all, "{indent}    - {}", yaml::scalar(item));
                    }
                }
                value => {
                    let _ = write!(all, "{indent}  {key}: {}", plain(value));
                }
            }
        }
        all
    }
}

fn in_one_line(new: &Written) -> String {
    let keys = new.keys.iter();
    let keys: Vec<String> = keys
        .map(|(key, value)| format!("{key}: {}", plain(value)))
        .collect();
    format!("{}: {{{}}}", new.word, keys.join(", "))
}

fn plain(value: &Value) -> String {
    match value {
        Value::Text(text) => yaml::scalar(text),
        Value::Flag(flag) => flag.to_string(),
        Value::List(list) => {
            let items: Vec<String> = list.iter().map(|item| yaml::scalar(item)).collect();
            format!("[{}]", items.join(", "))
        }
    }
}
