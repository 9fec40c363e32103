//! Where values end in the text: the tree knows of lists and maps only where they begin.

use crate::text::{SourceFile, Span};
use crate::yaml::{Node, NodeKind};

/// One past the last byte of a value, comments behind it left out.
pub(super) fn end(node: &Node) -> usize {
    let source = &node.place.source;
    let children: Option<usize> = match &node.kind {
        NodeKind::Scalar(_) => return scalar(node, source).end,
        NodeKind::List(items) => items.iter().map(end).max(),
        NodeKind::Map(entries) => {
            let ends = entries.iter().map(|entry| {
                // A key without a value has one of no length somewhere behind it.
                let key = entry.key.place.span.end;
                end(&entry.value).max(key)
            });
            ends.max()
        }
    };
    let start = node.place.span.start;
    let text = source.text();
    match text.get(start..).and_then(|rest| rest.chars().next()) {
        Some('[') => closed(text, children.unwrap_or(start + 1), ']'),
        Some('{') => closed(text, children.unwrap_or(start + 1), '}'),
        _ => children.unwrap_or(node.place.span.end),
    }
}

/// The end of a list or map between brackets whose last value ends at a byte.
fn closed(text: &str, from: usize, bracket: char) -> usize {
    let mut at = from;
    let rest = text.get(from..).unwrap_or_default();
    for line in rest.split_inclusive('\n') {
        // Nothing but blanks, commas and comments stands there.
        let own = line.split('#').next().unwrap_or_default();
        if let Some(found) = own.find(bracket) {
            return at + found + bracket.len_utf8();
        }
        at += line.len();
    }
    from
}

/// The text of a scalar; what follows a block, blank lines and comments, is not part of it.
pub(super) fn scalar(node: &Node, source: &SourceFile) -> Span {
    let range = source.clamp(node.place.span);
    let written = &source.text()[range.clone()];
    let is_plain = matches!(&node.kind, NodeKind::Scalar(scalar) if scalar.plain);
    let end = if is_plain || written.starts_with(['"', '\'']) {
        range.end
    } else {
        range.start + block_len(written, source, range.start)
    };
    Span {
        start: range.start,
        end,
    }
}

/// How much of a block's text is its own: lines that are indented at least as its first one, and blank ones.
fn block_len(written: &str, source: &SourceFile, start: usize) -> usize {
    let before = &source.text()[..start];
    let line_start = before.rfind('\n').map_or(0, |end| end + 1);
    let head = &before[line_start..];
    let first = head.len() + written.len() - written.trim_start_matches(' ').len();
    if !head.trim().is_empty() {
        return written.len();
    }
    let mut own = 0;
    let mut at = 0;
    for (number, line) in written.split_inclusive('\n').enumerate() {
        let indent = line.len() - line.trim_start_matches(' ').len();
        at += line.len();
        if number > 0 && !line.trim().is_empty() && indent < first {
            break;
        }
        if !line.trim().is_empty() {
            own = at;
        }
    }
    own
}

/// Whether an item of a list between lines stands right behind another one, with nothing but comments between them.
pub(super) fn follows(first: &Node, second: &Node) -> bool {
    let source = &first.place.source;
    if source.path() != second.place.source.path() {
        return false;
    }
    let (before, behind) = (end(first), second.place.span.start);
    let Some(between) = source.text().get(before..behind) else {
        return false;
    };
    let column = |node: &Node| node.place.line_column().1;
    let mut lines = between.lines();
    let mut marks = 0;
    let blank = lines.all(|line| {
        let own = line.split('#').next().unwrap_or_default().trim();
        marks += usize::from(own == "-");
        matches!(own, "" | "-")
    });
    blank && marks == 1 && column(first) == column(second)
}
