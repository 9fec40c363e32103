//! JSON with the place of every value, and with keys that stand twice.
//!
//! `serde_json` says whether a text is JSON; what is left to do for one that is, is to remember where things
//! stand, which it does not.

use std::ops::Range;

/// A value and the bytes it covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Json {
    pub(super) at: Range<usize>,
    pub(super) kind: Kind,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    Null,
    Bool(bool),
    Number,
    Text(String),
    List(Vec<Json>),
    /// Keys in the order written, also those that stand twice.
    Map(Vec<(String, Range<usize>, Json)>),
}

impl Json {
    pub(super) fn describe(&self) -> &'static str {
        match self.kind {
            Kind::Null => "null",
            Kind::Bool(_) => "a boolean",
            Kind::Number => "a number",
            Kind::Text(_) => "a text",
            Kind::List(_) => "a list",
            Kind::Map(_) => "an object",
        }
    }
}

/// Reads a text; an error says where it stops being JSON.
pub(super) fn parse(text: &str) -> Result<Json, (Range<usize>, String)> {
    if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(text) {
        let before: usize = text
            .split_inclusive('\n')
            .take(error.line().saturating_sub(1))
            .map(str::len)
            .sum();
        let mut at = (before + error.column().saturating_sub(1)).min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        let words = error.to_string();
        let words = words
            .split(" at line ")
            .next()
            .unwrap_or_default()
            .to_owned();
        return Err((at..at, words));
    }
    let mut scanner = Scanner { text, at: 0 };
    Ok(scanner.value())
}

/// Walks over a text that is known to be JSON.
struct Scanner<'t> {
    text: &'t str,
    at: usize,
}

impl Scanner<'_> {
    fn peek(&self) -> u8 {
        self.text
            .as_bytes()
            .get(self.at)
            .copied()
            .unwrap_or_default()
    }

    /// Goes over blanks, and what stands between values.
    fn skip(&mut self) {
        while matches!(self.peek(), b' ' | b'\t' | b'\n' | b'\r' | b',' | b':') {
            self.at += 1;
        }
    }

    fn value(&mut self) -> Json {
        self.skip();
        let start = self.at;
        let kind = match self.peek() {
            b'{' => {
                self.at += 1;
                Kind::Map(self.entries())
            }
            b'[' => {
                self.at += 1;
                Kind::List(self.items())
            }
            b'"' => Kind::Text(self.string().0),
            _ => self.word(),
        };
        Json {
            at: start..self.at,
            kind,
        }
    }

    fn entries(&mut self) -> Vec<(String, Range<usize>, Json)> {
        let mut all = Vec::new();
        loop {
            self.skip();
            if self.peek() != b'"' {
                self.at = (self.at + 1).min(self.text.len());
                return all;
            }
            let (key, at) = self.string();
            all.push((key, at, self.value()));
        }
    }

    fn items(&mut self) -> Vec<Json> {
        let mut all = Vec::new();
        loop {
            self.skip();
            if matches!(self.peek(), b']' | 0) {
                self.at = (self.at + 1).min(self.text.len());
                return all;
            }
            all.push(self.value());
        }
    }

    fn string(&mut self) -> (String, Range<usize>) {
        let start = self.at;
        self.at += 1;
        while !matches!(self.peek(), b'"' | 0) {
            self.at += if self.peek() == b'\\' { 2 } else { 1 };
        }
        self.at = (self.at + 1).min(self.text.len());
        let at = start..self.at;
        let written = self.text.get(at.clone()).unwrap_or_default();
        (serde_json::from_str(written).unwrap_or_default(), at)
    }

    fn word(&mut self) -> Kind {
        let start = self.at;
        while !matches!(
            self.peek(),
            b' ' | b'\t' | b'\n' | b'\r' | b',' | b']' | b'}' | 0
        ) {
            self.at += 1;
        }
        match self.text.get(start..self.at) {
            Some("true") => Kind::Bool(true),
            Some("false") => Kind::Bool(false),
            Some("null") => Kind::Null,
            _ => Kind::Number,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Kind, parse};

    #[test]
    fn every_value_has_its_bytes_and_a_key_that_stands_twice_is_kept() {
        let text =
            "{\n\t\"a\": [1, \"한\\\"\\u00e9\", null],\r\n \"a\" : {\"b\":true}, \"c\":-1.5e3}";
        let json = parse(text).unwrap();
        let Kind::Map(entries) = &json.kind else {
            panic!("{json:?}")
        };
        let keys: Vec<&str> = entries.iter().map(|(key, ..)| key.as_str()).collect();
        assert_eq!(keys, ["a", "a", "c"]);
        let Kind::List(items) = &entries[0].2.kind else {
            panic!()
        };
        assert_eq!(items[1].kind, Kind::Text("한\"é".into()));
        assert_eq!(&text[items[1].at.clone()], "\"한\\\"\\u00e9\"");
        assert_eq!(&text[entries[2].2.at.clone()], "-1.5e3");
        assert_eq!(&text[json.at], text);
    }

    #[test]
    fn what_is_no_json_is_refused_where_it_stops() {
        for (text, at) in [
            ("", 0),
            ("{", 0),
            ("{\"a\": 1,}", 8),
            ("[1, 2", 4),
            ("\n\n  x", 4),
        ] {
            let (place, words) = parse(text).unwrap_err();
            assert_eq!(place.start, at, "{text}: {words}");
        }
        assert!(parse(&"[".repeat(100_000)).is_err());
        for text in ["{}", "[]", "\"\"", "0", " null "] {
            assert!(parse(text).is_ok(), "{text}");
        }
    }
}
