//! The key `compression`.

use super::fields::{Fields, Keys};
use super::reader::Reader;
use crate::oci::Compression;

const COMPRESSION: Keys = Keys {
    of: "`compression`",
    known: &["type", "level"],
    later: &[],
};

/// Reads how layers are compressed; nothing where the recipe leaves it to the registry.
pub(super) fn compression(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Option<Compression> {
    reader.one(fields.get("compression")?, |reader, node| {
        let fields = Fields::read(reader, node, COMPRESSION)?;
        let kind = fields
            .require(reader, "type")
            .and_then(|node| reader.text(node));
        let level = fields.get("level").and_then(|node| reader.text(node));
        let compression = kind.and_then(|text| reader.convert(text, str::parse::<Compression>))?;
        let Some(level) = level else {
            return Some(compression.value);
        };
        let levelled = reader.convert(level, |level| compression.value.with_level(level));
        levelled.map(|levelled| levelled.value)
    })
}
