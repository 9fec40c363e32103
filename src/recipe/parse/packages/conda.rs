//! `conda`, and what speaks its language.

use super::{needs_work, strings, word, words};
use crate::recipe::parse::fields::{Fields, Keys};
use crate::recipe::parse::reader::{Reader, Text};
use crate::recipe::steps::Conda;
use crate::yaml::Node;

const CONDA: Keys = Keys {
    of: "`conda`",
    known: &["install", "channels", "options", "program"],
    later: &[],
};
const PROGRAMS: [&str; 3] = ["conda", "mamba", "micromamba"];

/// Reads `conda`.
pub(in crate::recipe::parse) fn conda(reader: &mut Reader<'_>, node: &Node) -> Option<Conda> {
    let fields = Fields::read(reader, node, CONDA)?;
    let program = fields.get("program").and_then(|node| {
        let text = reader.text(node)?;
        reader.convert(text, program).map(|program| program.value)
    });
    needs_work(reader, &fields, &["install"]);
    let channels = fields.get("channels").and_then(|node| reader.list(node));
    let channel = |text: Text| word(reader, text);
    Some(Conda {
        channels: channels
            .unwrap_or_default()
            .into_iter()
            .filter_map(channel)
            .collect(),
        install: words(reader, &fields, "install"),
        options: strings(fields.list(reader, "options")),
        program: program.unwrap_or_else(|| PROGRAMS[0].to_owned()),
    })
}

fn program(text: &str) -> Result<String, String> {
    if PROGRAMS.contains(&text) || text.starts_with('/') {
        return Ok(text.to_owned());
    }
    Err(format!(
        "`{text}` is no program of conda; there are `conda`, `mamba`, `micromamba`, or a path from `/` on"
    ))
}
