//! Pieces of output to whole lines. Knows nothing of steps.

/// A line longer than this is cut into several, so that output without line ends cannot fill the
/// memory.
const MAX_LINE_BYTES: usize = 16 * 1024;

/// Collects pieces until a line is whole. A piece may end anywhere, also within a character.
#[derive(Debug, Default)]
pub(super) struct LineBuffer {
    rest: Vec<u8>,
}

impl LineBuffer {
    /// Adds a piece and returns the lines that are whole now.
    pub(super) fn push(&mut self, piece: &[u8]) -> Vec<String> {
        let mut lines = Vec::new();
        for part in piece.split_inclusive(|&byte| byte == b'\n') {
            self.rest.extend_from_slice(part);
            if part.ends_with(b"\n") || self.rest.len() >= MAX_LINE_BYTES {
                lines.extend(self.flush());
            }
        }
        lines
    }

    /// The line that was begun, if there is one.
    pub(super) fn flush(&mut self) -> Option<String> {
        if self.rest.is_empty() {
            return None;
        }
        let line = text(&self.rest);
        self.rest.clear();
        Some(line)
    }

    /// The line that was begun, without ending it.
    pub(super) fn pending(&self) -> Option<String> {
        (!self.rest.is_empty()).then(|| text(&self.rest))
    }
}

/// A line as a terminal would leave it: a carriage return begins it again.
fn text(line: &[u8]) -> String {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let shown = line.rsplit(|&byte| byte == b'\r').next().unwrap_or(line);
    String::from_utf8_lossy(shown).into_owned()
}

#[cfg(test)]
mod tests {
    use super::{LineBuffer, MAX_LINE_BYTES};

    #[test]
    fn lines_come_whole_whatever_the_pieces_are() {
        let mut buffer = LineBuffer::default();
        let text = "grüße\r\n10%\r50%\r100%\n\nrest".as_bytes();
        let mut lines = Vec::new();
        for piece in text.chunks(3) {
            lines.extend(buffer.push(piece));
        }
        assert_eq!(lines, ["grüße", "100%", ""]);
        assert_eq!(buffer.pending().as_deref(), Some("rest"));
        assert_eq!(buffer.flush().as_deref(), Some("rest"));
        assert_eq!(buffer.flush(), None);
    }

    #[test]
    fn endless_lines_are_cut() {
        let mut buffer = LineBuffer::default();
        assert_eq!(buffer.push(&vec![b'x'; MAX_LINE_BYTES]).len(), 1);
        assert_eq!(buffer.push(b"\xff\n"), ["\u{fffd}"]);
    }
}
