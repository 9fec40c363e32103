//! Schemas as text.

use serde_json::{Map, Value};

use super::{Document, json};

/// The JSON Schema of a kind of file as a text, with a definition on each line.
pub fn text(document: Document) -> String {
    let Value::Object(schema) = json(document) else {
        return String::new();
    };
    let lines = |map: &Map<String, Value>, indent: &str| {
        let lines: Vec<String> = map
            .iter()
            .map(|(key, value)| format!("{indent}{}: {value}", Value::from(key.as_str())))
            .collect();
        lines.join(",\n")
    };
    let top = schema.iter().map(|(key, value)| match value {
        Value::Object(map) if matches!(key.as_str(), "definitions" | "properties") => {
            format!("  \"{key}\": {{\n{}\n  }}", lines(map, "    "))
        }
        _ => format!("  \"{key}\": {value}"),
    });
    format!("{{\n{}\n}}", top.collect::<Vec<_>>().join(",\n"))
}
