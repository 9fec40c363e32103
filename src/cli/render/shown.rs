//! Recipes with nothing left to decide, as YAML and as JSON.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};
use unicode_width::UnicodeWidthStr as _;

use crate::ops::{Entry, Line, Origin, Shown, Tree, TreeKind, lines};
use crate::text::Place;

const VERSION: u32 = 1;
/// Comments stand in one column, as far as lines reach it.
const COLUMN: usize = 72;

/// A document per variant. What the recipe does not say itself is marked; with `origin` everything is.
pub(in crate::cli) fn yaml(images: &[Shown], origin: bool) -> String {
    let documents: Vec<String> = images.iter().map(|image| document(image, origin)).collect();
    documents.join("---\n").trim_end().to_owned()
}

fn document(image: &Shown, origin: bool) -> String {
    let platforms: Vec<String> = image
        .platforms
        .iter()
        .map(|(platform, _)| platform.to_string())
        .collect();
    let mut text = format!(
        "# {} on {}, from {}\n",
        image.image,
        platforms.join(" and "),
        image.file
    );
    let lines = lines(&image.tree);
    let notes: Vec<Option<String>> = lines.iter().map(|line| note(line, origin)).collect();
    let noted = lines.iter().zip(&notes).filter(|(_, note)| note.is_some());
    let widths = noted
        .map(|(line, _)| line.text.width())
        .filter(|width| *width <= COLUMN);
    let column = widths.max().unwrap_or(0);
    for (line, note) in lines.iter().zip(notes) {
        match note {
            Some(note) => {
                let gap = column.saturating_sub(line.text.width());
                let _ = writeln!(text, "{}{}  # {note}", line.text, " ".repeat(gap));
            }
            None => {
                let _ = writeln!(text, "{}", line.text);
            }
        }
    }
    text
}

fn note(line: &Line, origin: bool) -> Option<String> {
    let from = line.origin.as_ref()?;
    if origin || from.is_given() {
        from.words()
    } else {
        None
    }
}

/// One object; with `origin` each value is `{value, from, file, line, column}`.
pub(in crate::cli) fn json(images: &[Shown], origin: bool) -> String {
    let image = |image: &Shown| {
        let value = if origin { placed } else { plain };
        let each = image.platforms.iter();
        let platforms: Map<String, Value> = each
            .map(|(platform, tree)| (platform.to_string(), value(tree)))
            .collect();
        json!({
            "name": image.name,
            "variant": image.variant,
            "image": image.image,
            "file": image.file,
            "platforms": platforms,
        })
    };
    let images: Vec<Value> = images.iter().map(image).collect();
    format!("{:#}", json!({"version": VERSION, "images": images}))
}

fn plain(tree: &Tree) -> Value {
    match &tree.kind {
        TreeKind::Text(text) => text.clone().into(),
        TreeKind::Number(number) => (*number).into(),
        TreeKind::Bool(value) => (*value).into(),
        TreeKind::List(items) => items.iter().map(plain).collect(),
        TreeKind::Map(entries) => of_entries(entries, plain),
    }
}

fn placed(tree: &Tree) -> Value {
    let value = match &tree.kind {
        TreeKind::List(items) => items.iter().map(placed).collect(),
        TreeKind::Map(entries) => of_entries(entries, placed),
        _ => plain(tree),
    };
    let mut all = Map::from_iter([("value".to_owned(), value)]);
    let from = match &tree.origin {
        Origin::Written(_) | Origin::Filled(..) => "recipe",
        Origin::Workspace(_) => "workspace",
        Origin::Set(_) => "set",
        Origin::Default => "default",
        Origin::Shown => "shown",
    };
    all.insert("from".to_owned(), from.into());
    if let Some(place) = tree.origin.place() {
        all.extend(at(place));
    }
    if let Origin::Filled(_, inputs) = &tree.origin {
        let input = |(name, place): &(String, Place)| (name.clone(), Value::Object(at(place)));
        let inputs = Value::Object(inputs.iter().map(input).collect());
        all.insert("inputs".to_owned(), inputs);
    }
    Value::Object(all)
}

fn at(place: &Place) -> Map<String, Value> {
    let (line, column) = place.line_column();
    Map::from_iter([
        ("file".to_owned(), place.source.path().into()),
        ("line".to_owned(), line.into()),
        ("column".to_owned(), column.into()),
    ])
}

fn of_entries(entries: &[Entry], value: fn(&Tree) -> Value) -> Value {
    let all = entries
        .iter()
        .map(|entry| (entry.key.clone(), value(&entry.value)));
    Value::Object(all.collect())
}
