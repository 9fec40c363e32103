//! The keys `limits` and `refresh`.

use super::fields::{Fields, Keys};
use super::reader::Reader;
use crate::recipe::tests::{Emulation, Limits, Refresh};
use crate::text::Spanned;

const LIMITS: Keys = Keys {
    of: "`limits`",
    known: &["image_size", "layer_size", "emulation"],
    later: &[],
};

/// Reads the limits; where none are written there are none.
pub(super) fn limits(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Limits {
    let Some(node) = fields.get("limits") else {
        return Limits::default();
    };
    let limits = reader.one(node, |reader, node| {
        let fields = Fields::read(reader, node, LIMITS)?;
        let mut bytes = |key| {
            let text = reader.text(fields.get(key)?)?;
            reader.convert(text, size)
        };
        let (image_size, layer_size) = (bytes("image_size"), bytes("layer_size"));
        let emulation = fields.get("emulation").and_then(|node| reader.text(node));
        Some(Limits {
            image_size,
            layer_size,
            emulation: emulation.and_then(|text| reader.convert(text, emulation_word)),
        })
    });
    limits.unwrap_or_default()
}

/// Reads how often an image is made anew.
pub(super) fn refresh(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Option<Spanned<Refresh>> {
    let text = reader.text(fields.get("refresh")?)?;
    reader.convert(text, |text| {
        let found = Refresh::ALL.into_iter().find(|word| word.as_str() == text);
        found.ok_or_else(|| {
            let words = Refresh::ALL.map(|word| format!("`{}`", word.as_str()));
            format!(
                "`{text}` is no time of refreshing; there are {}",
                words.join(", ")
            )
        })
    })
}

fn emulation_word(text: &str) -> Result<Emulation, String> {
    match text {
        "allow" => Ok(Emulation::Allow),
        "warn" => Ok(Emulation::Warn),
        "deny" => Ok(Emulation::Deny),
        _ => Err(format!(
            "`{text}` is no rule for emulation; there are `allow`, `warn` and `deny`"
        )),
    }
}

/// `8GB`, `1.5GB`, `512MiB`: bytes.
fn size(text: &str) -> Result<u64, String> {
    let bad = || format!("`{text}` is no size; write `8GB`, `1.5GB` or `512MiB`");
    let digits = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .ok_or_else(bad)?;
    let (number, unit) = text.split_at(digits);
    let unit: u64 = match unit.trim_start_matches(' ') {
        "B" => 1,
        "kB" | "KB" => 1000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        "TB" => 1_000_000_000_000,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        "TiB" => 1 << 40,
        _ => return Err(bad()),
    };
    let (whole, part) = number.split_once('.').unwrap_or((number, "0"));
    let whole: u64 = whole.parse().map_err(|_| bad())?;
    // Nine places are more than a size is written with, and keep the product small.
    if part.is_empty() || part.len() > 9 {
        return Err(bad());
    }
    let places = 10_u64.pow(u32::try_from(part.len()).map_err(|_| bad())?);
    let part: u64 = part.parse().map_err(|_| bad())?;
    let fraction = u128::from(part) * u128::from(unit) / u128::from(places);
    let bytes = whole
        .checked_mul(unit)
        .and_then(|bytes| bytes.checked_add(u64::try_from(fraction).ok()?));
    bytes.filter(|bytes| *bytes > 0).ok_or_else(bad)
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn sizes_have_a_unit_and_decimal_ones_are_powers_of_ten() {
        for (text, expected) in [
            ("8GB", Some(8_000_000_000)),
            ("1.5GB", Some(1_500_000_000)),
            ("512MiB", Some(536_870_912)),
            ("1.25 KiB", Some(1280)),
            ("7B", Some(7)),
            ("8", None),
            ("0GB", None),
            ("GB", None),
            ("8gb", None),
            ("8Gb", None),
            ("1.GB", None),
            (".5GB", None),
            ("1.2.3GB", None),
            ("99999999999TB", None),
            ("8기가", None),
            ("", None),
        ] {
            assert_eq!(size(text).ok(), expected, "{text}");
        }
    }
}
