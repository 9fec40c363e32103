//! What a scalar without quotes would be to other YAML readers.

/// How YAML readers see a plain scalar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Plain {
    /// Text to all of them.
    Text,
    /// A whole number written as every reader prints it again: `0`, or digits without a leading zero.
    Int,
    /// `true` or `false`.
    Bool(bool),
    /// `null`, `~` or nothing.
    Null,
    /// Something that some reader turns into another value; the word says into what.
    Ambiguous(&'static str),
}

/// The letters of the longest boolean, `false`.
const LONGEST_WORD: usize = 5;

/// Classifies the text of a plain scalar, by the rules of YAML 1.1 and 1.2 together.
pub fn classify(text: &str) -> Plain {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Plain::Null,
        "true" => return Plain::Bool(true),
        "false" => return Plain::Bool(false),
        _ => {}
    }
    // Most values are words: what is no short one and does not begin like a number is nothing else.
    let begins_number = |c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.');
    if text.len() > LONGEST_WORD && !text.starts_with(begins_number) {
        return Plain::Text;
    }
    let lower = text.to_ascii_lowercase();
    if matches!(
        lower.as_str(),
        "true" | "false" | "yes" | "no" | "on" | "off" | "y" | "n"
    ) {
        return Plain::Ambiguous("a boolean");
    }
    let unsigned = lower.trim_start_matches(['+', '-']);
    if matches!(unsigned, ".inf" | ".nan") {
        return Plain::Ambiguous("a number");
    }
    if !unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return Plain::Text;
    }
    if lower.bytes().all(|byte| byte.is_ascii_digit()) {
        let canonical = lower == "0" || !lower.starts_with('0');
        return if canonical {
            Plain::Int
        } else {
            Plain::Ambiguous("an octal number")
        };
    }
    if is_number(unsigned) {
        return Plain::Ambiguous("a number");
    }
    if is_sexagesimal(unsigned) {
        return Plain::Ambiguous("a time in base 60");
    }
    if is_date(&lower) {
        return Plain::Ambiguous("a date");
    }
    Plain::Text
}

/// Integers in any base and floats, with the underscores that YAML 1.1 allows.
fn is_number(text: &str) -> bool {
    let digits = text.replace('_', "");
    for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] {
        if let Some(rest) = digits.strip_prefix(prefix) {
            return !rest.is_empty() && rest.chars().all(|c| c.is_digit(radix));
        }
    }
    let (mantissa, exponent) = match digits.split_once('e') {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (digits.as_str(), None),
    };
    let exponent_fits = exponent.is_none_or(|text| {
        let text = text.trim_start_matches(['+', '-']);
        !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
    });
    let whole_and_part: Vec<&str> = mantissa.split('.').collect();
    exponent_fits
        && whole_and_part.len() <= 2
        && mantissa.bytes().any(|b| b.is_ascii_digit())
        && whole_and_part
            .iter()
            .all(|part| part.bytes().all(|b| b.is_ascii_digit()))
}

/// `12:30` and `1:30:00` are seconds to a YAML 1.1 reader.
fn is_sexagesimal(text: &str) -> bool {
    let mut pieces = text.split(':');
    let first = pieces.next().unwrap_or_default();
    let rest: Vec<&str> = pieces.collect();
    let below_sixty = |piece: &str| piece.parse::<u8>().is_ok_and(|n| n < 60) && piece.len() <= 2;
    !rest.is_empty()
        && !first.is_empty()
        && first.bytes().all(|b| b.is_ascii_digit())
        && rest
            .iter()
            .all(|piece| below_sixty(piece.split('.').next().unwrap_or_default()))
}

/// `2026-01-31`, with or without a time behind it.
fn is_date(text: &str) -> bool {
    let date = text.split(['t', ' ']).next().unwrap_or_default();
    let pieces: Vec<&str> = date.split('-').collect();
    pieces.len() == 3
        && pieces[0].len() == 4
        && pieces
            .iter()
            .all(|p| !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::{Plain, classify};

    #[test]
    fn what_another_reader_would_change_is_ambiguous() {
        for text in [
            "3.10",
            "0644",
            "1e3",
            "yes",
            "on",
            "OFF",
            "12:30",
            "1:30:00",
            "2026-01-31",
            "0x1F",
            "1_000",
            "-1",
            "+5",
            ".5",
            "5.",
            ".inf",
            "True",
            "n",
        ] {
            assert!(matches!(classify(text), Plain::Ambiguous(_)), "{text}");
        }
    }

    #[test]
    fn what_every_reader_keeps_is_text_or_a_whole_number() {
        for text in [
            "2.4.1",
            "v3",
            "cu124",
            "1000:1000",
            "3.11-slim",
            "10.0.0.1",
            "한국",
            "-x",
        ] {
            assert_eq!(classify(text), Plain::Text, "{text}");
        }
        for text in ["0", "8080", "42"] {
            assert_eq!(classify(text), Plain::Int, "{text}");
        }
        assert_eq!(classify("true"), Plain::Bool(true));
        assert_eq!(classify("~"), Plain::Null);
    }
}
