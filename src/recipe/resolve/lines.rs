//! A [`Tree`] as the lines of a YAML file, each with where its value comes from.

use super::tree::{Entry, Origin, Tree, TreeKind};
use crate::text::Place;
use crate::yaml::{block, scalar};

/// The widest line on which a whole list stands.
const WIDE: usize = 88;

/// A line of YAML.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The text, with its indentation.
    pub text: String,
    /// Where the value on it comes from; nothing on the lines of a block of text.
    pub origin: Option<Origin>,
}

/// The lines of a map.
pub fn lines(tree: &Tree) -> Vec<Line> {
    let mut all = Vec::new();
    for entry in tree.entries().unwrap_or_default() {
        write_entry(entry, "", 0, &mut all);
    }
    all
}

fn push(text: String, origin: &Origin, all: &mut Vec<Line>) {
    all.push(Line {
        text,
        origin: Some(origin.clone()),
    });
}

/// An entry; `before` is what stands on its line already, and `indent` where its key begins.
fn write_entry(entry: &Entry, before: &str, indent: usize, all: &mut Vec<Line>) {
    let head = if before.is_empty() {
        " ".repeat(indent)
    } else {
        before.to_owned()
    };
    let head = format!("{head}{}:", scalar(&entry.key));
    let value = &entry.value;
    match &value.kind {
        TreeKind::Map(entries) if !entries.is_empty() => {
            push(head, &entry.origin, all);
            for entry in entries {
                write_entry(entry, "", indent + 2, all);
            }
        }
        TreeKind::List(items) if in_one_line(items, head.chars().count()).is_none() => {
            push(head, &entry.origin, all);
            for item in items {
                write_item(item, indent + 2, all);
            }
        }
        _ => write_value(value, &format!("{head} "), indent + 2, all),
    }
}

fn write_item(item: &Tree, indent: usize, all: &mut Vec<Line>) {
    let dash = format!("{}- ", " ".repeat(indent));
    match &item.kind {
        TreeKind::Map(entries) => match entries.split_first() {
            None => push(format!("{dash}{{}}"), &item.origin, all),
            Some((first, rest)) => {
                write_entry(first, &dash, indent + 2, all);
                for entry in rest {
                    write_entry(entry, "", indent + 2, all);
                }
            }
        },
        _ => write_value(item, &dash, indent + 2, all),
    }
}

/// A value behind `head`: on the same line, or as a block of text.
fn write_value(value: &Tree, head: &str, indent: usize, all: &mut Vec<Line>) {
    if let TreeKind::Text(text) = &value.kind
        && let Some((header, rows)) = block(text)
    {
        push(format!("{head}{header}"), &value.origin, all);
        for row in rows {
            let text = if row.is_empty() {
                String::new()
            } else {
                format!("{}{row}", " ".repeat(indent))
            };
            all.push(Line { text, origin: None });
        }
        return;
    }
    push(format!("{head}{}", inline(value)), &origin(value), all);
}

/// Where a value on one line comes from: of a list with all that its items are made of.
fn origin(value: &Tree) -> Origin {
    let TreeKind::List(items) = &value.kind else {
        return value.origin.clone();
    };
    let mut all: Vec<(String, Place)> = Vec::new();
    for item in items {
        if let Origin::Filled(_, inputs) = &item.origin {
            let new = inputs.iter().filter(|input| !all.contains(input));
            all.extend(new.cloned().collect::<Vec<_>>());
        }
    }
    match value.origin.place() {
        Some(place) if !all.is_empty() => Origin::Filled(place.clone(), all),
        _ => value.origin.clone(),
    }
}

/// A list on one line: what was written on one line, or what is short and comes from one place.
fn in_one_line(items: &[Tree], before: usize) -> Option<String> {
    let line = |item: &Tree| item.origin.place().map(|place| place.line_column().0);
    let simple = |item: &Tree| !matches!(item.kind, TreeKind::List(_) | TreeKind::Map(_));
    if !items.iter().all(simple) || items.windows(2).any(|two| line(&two[0]) != line(&two[1])) {
        return None;
    }
    let texts: Vec<String> = items.iter().map(inline).collect();
    let text = format!("[{}]", texts.join(", "));
    (text.chars().count() + before < WIDE || items.len() == 1).then_some(text)
}

fn inline(value: &Tree) -> String {
    match &value.kind {
        TreeKind::Text(text) => scalar(text),
        TreeKind::Number(number) => number.to_string(),
        TreeKind::Bool(value) => value.to_string(),
        TreeKind::List(items) => in_one_line(items, 0).unwrap_or_else(|| "[]".to_owned()),
        TreeKind::Map(_) => "{}".to_owned(),
    }
}
