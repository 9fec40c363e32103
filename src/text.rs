//! Files and places in them.
//!
//! Owns the text of every file a user wrote and the only conversion between bytes, lines and
//! characters, and the one way in which an error becomes a line of text. Must not know YAML, recipes or how an error looks.

use std::error::Error;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// The text of one file together with the path it is shown under.
///
/// The path is relative to the workspace where the file lies inside it, with `/` between its parts,
/// so that messages are the same on every checkout.
#[derive(PartialEq, Eq)]
pub struct SourceFile {
    path: String,
    text: String,
    line_starts: Vec<usize>,
}

impl SourceFile {
    /// A file from its display path and text.
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Arc<Self> {
        let text = text.into();
        let line_starts = std::iter::once(0)
            .chain(text.match_indices('\n').map(|(at, _)| at + 1))
            .collect();
        Arc::new(Self {
            path: path.into(),
            text,
            line_starts,
        })
    }

    /// The path as shown to the user.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The folder of [`Self::path`], empty for a file at the root.
    pub fn folder(&self) -> &str {
        self.path.rsplit_once('/').map_or("", |(folder, _)| folder)
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Line and column of a byte offset, both from 1; columns count characters, as editors do.
    pub fn line_column(&self, byte: usize) -> (usize, usize) {
        let byte = self.snap(byte);
        let line = self.line_starts.partition_point(|&start| start <= byte);
        let start = self.line_starts[line - 1];
        (line, self.text[start..byte].chars().count() + 1)
    }

    /// The text of a line, counted from 1, without its line break.
    pub fn line(&self, line: usize) -> Option<&str> {
        let start = *self.line_starts.get(line.checked_sub(1)?)?;
        let end = self
            .line_starts
            .get(line)
            .map_or(self.text.len(), |&next| next - 1);
        self.text
            .get(start..end)
            .map(|text| text.trim_end_matches('\r'))
    }

    /// The text a span covers.
    pub fn slice(&self, span: Span) -> &str {
        let range = self.clamp(span);
        &self.text[range]
    }

    /// The span as a byte range that lies inside the text and on character borders.
    pub fn clamp(&self, span: Span) -> Range<usize> {
        let start = self.snap(span.start);
        start..self.snap(span.end).max(start)
    }

    fn snap(&self, byte: usize) -> usize {
        let mut byte = byte.min(self.text.len());
        while !self.text.is_char_boundary(byte) {
            byte -= 1;
        }
        byte
    }
}

impl fmt::Debug for SourceFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SourceFile")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

/// A range of bytes in a [`SourceFile`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

/// A span and the file it lies in: where a value was written.
#[derive(Clone, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub source: Arc<SourceFile>,
    /// The bytes.
    pub span: Span,
}

impl Place {
    /// A place from its parts.
    pub fn new(source: &Arc<SourceFile>, span: Span) -> Self {
        Self {
            source: Arc::clone(source),
            span,
        }
    }

    /// The start of a file, for what concerns the file as a whole.
    pub fn file(source: &Arc<SourceFile>) -> Self {
        Self::new(source, Span::default())
    }

    /// Line and column of the first character, both from 1.
    pub fn line_column(&self) -> (usize, usize) {
        self.source.line_column(self.span.start)
    }

    /// The place of `len` bytes that begin `offset` bytes into this one.
    #[must_use]
    pub fn inner(&self, offset: usize, len: usize) -> Self {
        let start = self.span.start + offset;
        Self::new(
            &self.source,
            Span {
                start,
                end: start + len,
            },
        )
    }
}

impl fmt::Display for Place {
    /// `path:line:column`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (line, column) = self.line_column();
        write!(f, "{}:{line}:{column}", self.source.path())
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A value and the place it was written at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub place: Place,
}

impl<T> Spanned<T> {
    /// A value at a place.
    pub fn new(value: T, place: Place) -> Self {
        Self { value, place }
    }

    /// The same place with another value.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Spanned<U> {
        Spanned {
            value: change(self.value),
            place: self.place,
        }
    }
}

/// An error and its causes in one line; a cause that the text names already is not said again.
pub fn with_causes(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        cause = error.source();
    }
    text
}

/// A size in decimal units, as registries show it.
#[expect(clippy::cast_precision_loss, reason = "one decimal is shown")]
pub fn size_words(size: u64) -> String {
    let units = ["B", "kB", "MB", "GB", "TB"];
    let mut value = size as f64;
    let mut unit = 0;
    while value >= 1000.0 && unit + 1 < units.len() {
        value /= 1000.0;
        unit += 1;
    }
    if unit == 0 {
        format!("{size} B")
    } else {
        format!("{value:.1} {}", units[unit])
    }
}

#[cfg(test)]
mod tests {
    use super::{Place, SourceFile, Span};

    #[test]
    fn columns_count_characters_and_not_bytes() {
        let file = SourceFile::new("r.yaml", "# 한국어 주석\nname: café ☕ x\n");
        let at = file.text().find('x').unwrap();
        assert_eq!(file.line_column(at), (2, 14));
    }

    #[test]
    fn a_line_ends_before_its_break() {
        let file = SourceFile::new("r.yaml", "a\r\nb\n");
        assert_eq!(
            (file.line(1), file.line(2), file.line(3)),
            (Some("a"), Some("b"), Some(""))
        );
        assert_eq!(file.line(0), None);
    }

    #[test]
    fn a_span_inside_a_character_is_moved_to_its_border() {
        let file = SourceFile::new("r.yaml", "é☕");
        assert_eq!(file.slice(Span { start: 1, end: 99 }), "é☕");
        assert_eq!(
            Place::new(&file, Span { start: 3, end: 3 }).to_string(),
            "r.yaml:1:2"
        );
    }
}
