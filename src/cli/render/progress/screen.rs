//! What is written to a terminal so that one frame follows another in the same place.
//!
//! Pure: from frames to the bytes between them. Every call gives one piece that is written at once.
//! The cursor is never hidden and stands at the start of the row below the frame between two
//! pieces, and wrapping is off only within one: however the program ends, the terminal is as it was.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};

use super::frame::{Line, Size, Tone};
use crate::cli::render::words::only_styled;

/// Terminals that know it show what follows at once; others ignore it.
const BEGIN: &str = "\x1b[?2026h";
const END: &str = "\x1b[?2026l";
/// A line that a terminal finds longer than we do must not take a second row.
const NO_WRAP: &str = "\x1b[?7l";
const WRAP: &str = "\x1b[?7h";
const CLEAR_LINE: &str = "\x1b[K";
const CLEAR_BELOW: &str = "\x1b[J";

/// What a terminal shows of us.
#[derive(Debug)]
pub(super) struct Screen {
    colour: bool,
    shown: Vec<String>,
    size: Option<Size>,
}

impl Screen {
    /// A terminal that shows nothing of us yet.
    pub(super) fn new(colour: bool) -> Self {
        Self {
            colour,
            shown: Vec::new(),
            size: None,
        }
    }

    /// What turns the shown frame into the next one, with lines for good above it.
    pub(super) fn next(&mut self, above: &[String], frame: &[Line], size: Size) -> String {
        let lines: Vec<String> = frame.iter().map(|line| self.line(line)).collect();
        let resized = self.size.replace(size) != Some(size);
        if above.is_empty() && !resized && lines == self.shown {
            return String::new();
        }
        let mut bytes = String::from(BEGIN);
        if !self.shown.is_empty() {
            let _ = write!(bytes, "\x1b[{}A", self.shown.len());
        }
        bytes.push('\r');
        if !above.is_empty() || resized {
            bytes.push_str(CLEAR_BELOW);
            self.shown.clear();
        }
        for text in above {
            bytes.push_str(&self.words(text));
            bytes.push('\n');
        }
        bytes.push_str(NO_WRAP);
        for (at, line) in lines.iter().enumerate() {
            // What stands there already is not written again: ten times a second is much over ssh.
            if self.shown.get(at) != Some(line) {
                bytes.push_str(line);
            }
            bytes.push('\n');
        }
        bytes.push_str(CLEAR_BELOW);
        bytes.push_str(WRAP);
        bytes.push_str(END);
        self.shown = lines;
        bytes
    }

    /// A line of a frame above it, as text.
    pub(super) fn above(&self, line: &Line) -> String {
        let mut text = String::new();
        let mut end = 0;
        for cell in &line.cells {
            text.push_str(&" ".repeat(cell.column.saturating_sub(end)));
            end = cell.column;
            for (tone, piece) in &cell.pieces {
                self.piece(&mut text, *tone, piece);
                end += crate::cli::render::words::columns(piece);
            }
        }
        text
    }

    fn line(&self, line: &Line) -> String {
        let mut text = String::from(CLEAR_LINE);
        for cell in &line.cells {
            if cell.column > 0 {
                // To the column by its number, whatever the terminal made of what stands before it.
                let _ = write!(text, "\x1b[{}G{CLEAR_LINE}", cell.column + 1);
            }
            for (tone, piece) in &cell.pieces {
                self.piece(&mut text, *tone, piece);
            }
        }
        text
    }

    fn piece(&self, text: &mut String, tone: Tone, piece: &str) {
        let style = style(tone);
        if self.colour && !piece.is_empty() && style != Style::new() {
            let _ = write!(text, "{style}{piece}{style:#}");
        } else {
            text.push_str(piece);
        }
    }

    fn words(&self, text: &str) -> String {
        if self.colour {
            only_styled(text).into_owned()
        } else {
            only_styled(&anstream::adapter::strip_str(text).to_string()).into_owned()
        }
    }
}

fn style(tone: Tone) -> Style {
    match tone {
        Tone::Normal => Style::new(),
        Tone::Quiet => Style::new().dimmed(),
        Tone::Busy => AnsiColor::Cyan.on_default(),
        Tone::Good => AnsiColor::Green.on_default(),
        Tone::Bad => AnsiColor::Red.on_default().bold(),
        Tone::Odd => AnsiColor::Yellow.on_default(),
    }
}
