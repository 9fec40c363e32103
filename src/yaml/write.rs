//! Text as a YAML scalar that every reader takes for the same text.

use std::fmt::Write as _;

use super::plain::{Plain, classify};

/// A text in one line: without quotes where it needs none, whether in a block or between brackets.
pub fn scalar(text: &str) -> String {
    if is_plain(text) {
        text.to_owned()
    } else {
        quoted(text)
    }
}

/// A text of several lines as a literal block: its header, and its lines without indentation. Nothing for
/// a text that has to be quoted.
pub fn block(text: &str) -> Option<(&'static str, Vec<&str>)> {
    let body = text.trim_end_matches('\n');
    let fits = |c: char| c == '\n' || c == '\t' || is_printable(c);
    if !text.contains('\n') || body.starts_with([' ', '\t', '\n']) || body.is_empty() {
        return None;
    }
    if !text.chars().all(fits) {
        return None;
    }
    let header = match text.len() - body.len() {
        0 => "|-",
        1 => "|",
        _ => return None,
    };
    Some((header, body.split('\n').collect()))
}

/// Whether a text means itself without quotes.
fn is_plain(text: &str) -> bool {
    let marks_first = |c: char| "-?:,[]{}#&*!|>'\"%@`=<".contains(c);
    // An option such as `-x` may begin with a dash; a lone dash, or one before a blank, is a list.
    let option = text.starts_with('-')
        && text.len() > 1
        && !text.starts_with("- ")
        && !text.starts_with("--- ")
        && text != "---";
    matches!(classify(text), Plain::Text | Plain::Int)
        && (option || !text.starts_with(marks_first))
        && text != "..."
        && !text.starts_with("... ")
        && !text.starts_with(' ')
        && !text.ends_with([' ', ':'])
        && !text.contains(": ")
        && !text.contains(" #")
        && !text.contains(['[', ']', '{', '}', ','])
        && text.chars().all(is_printable)
}

fn quoted(text: &str) -> String {
    let mut all = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => all.push_str("\\\""),
            '\\' => all.push_str("\\\\"),
            '\n' => all.push_str("\\n"),
            '\t' => all.push_str("\\t"),
            '\r' => all.push_str("\\r"),
            c if is_printable(c) => all.push(c),
            c if u32::from(c) <= 0xff => {
                let _ = write!(all, "\\x{:02x}", u32::from(c));
            }
            c if u32::from(c) <= 0xffff => {
                let _ = write!(all, "\\u{:04x}", u32::from(c));
            }
            c => {
                let _ = write!(all, "\\U{:08x}", u32::from(c));
            }
        }
    }
    all.push('"');
    all
}

/// Whether a character may stand in YAML as it is, and is no line break to any reader.
fn is_printable(c: char) -> bool {
    !c.is_control()
        && !matches!(
            c,
            '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}'
        )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{block, scalar};
    use crate::diagnostic::Findings;
    use crate::text::SourceFile;
    use crate::yaml::{Node, NodeKind, is_text, parse};

    /// The text that a document's `a` has, if every reader sees text.
    fn read(document: &str) -> String {
        let source = SourceFile::new("r.yaml", document);
        let mut findings = Findings::new();
        let node = parse(&source, &mut findings);
        let value = node.as_ref().and_then(|node| node.get("a"));
        let value: &Node = value.unwrap_or_else(|| panic!("{document}: {findings:?}"));
        let mut node = value;
        if let NodeKind::List(items) = &node.kind {
            node = &items[0];
        }
        let NodeKind::Scalar(scalar) = &node.kind else {
            panic!("{document}: {node:?}")
        };
        assert!(
            is_text(node, scalar, &mut findings),
            "{document}: {findings:?}"
        );
        scalar.text.clone()
    }

    fn comes_back(text: &str) {
        let one = scalar(text);
        for document in [
            format!("a: {one} # 주석\n"),
            format!("a: [{one}, x]\n"),
            format!("a:\n- {one}\n"),
        ] {
            assert_eq!(read(&document), text, "{document}");
        }
        if let Some((header, lines)) = block(text) {
            let lines = lines.join("\n    ");
            assert_eq!(read(&format!("a: {header}\n    {lines}\nb: x\n")), text);
        }
    }

    #[test]
    fn what_another_reader_would_change_is_quoted() {
        for text in [
            "3.10",
            "0644",
            "yes",
            "true",
            "null",
            "~",
            "",
            "12:30",
            "2026-01-31",
            "a: b",
            "a #b",
            "-",
            "- a",
            "--- a",
            "...",
            "[a",
            "a,b",
            "${{ x }}",
            "'a",
            "\"a\"",
            "*",
            "&a",
            "!a",
            "%a",
            "@a",
            "`a",
            "|",
            ">",
            "?",
            "a:",
            " a",
            "a ",
            "\t",
            "\r\n",
            "\u{85}",
            "\u{2028}",
            "\u{feff}",
            "\u{7}",
            "<<",
            "=",
            "#",
            "a\\b",
            "한\n",
            "\n",
            "\na",
            " a\nb",
            "a\n\n",
        ] {
            comes_back(text);
        }
        assert_eq!(scalar("3.10"), "\"3.10\"");
        assert_eq!(scalar(""), "\"\"");
    }

    #[test]
    fn what_needs_no_quotes_has_none() {
        for text in [
            "8080",
            "linux/amd64",
            "1000:1000",
            "https://example.com/한?x=1#y",
            "-x",
            "--flag",
            "$HOME",
            "3.11-slim",
            "a b",
        ] {
            assert_eq!(scalar(text), text);
            comes_back(text);
        }
        assert_eq!(block("가\n\n나\n"), Some(("|", vec!["가", "", "나"])));
        assert_eq!(block("가\n나"), Some(("|-", vec!["가", "나"])));
    }

    proptest! {
        #[test]
        fn every_text_comes_back(text in "[ -~가é\n\t:#\\-\\[\\]{},'\"0-9$]{0,12}") {
            comes_back(&text);
        }

        #[test]
        fn every_character_comes_back(text in any::<String>()) {
            prop_assume!(!text.contains('\0'));
            comes_back(&text);
        }
    }
}
