//! Writing to standard output and error, where nobody may be reading any more.
//!
//! While a display owns the terminal, talk goes through it: it knows what stands on the last rows.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use super::render::words::only_styled;

/// Whoever writes to standard error at the moment.
pub(super) trait Voice: Send + Sync {
    /// Says something between what it writes itself.
    fn say(&self, text: &str);
}

static VOICE: Mutex<Option<Arc<dyn Voice>>> = Mutex::new(None);

/// From now on talk goes through `voice`, or straight to standard error.
pub(super) fn speak_through(voice: Option<Arc<dyn Voice>>) {
    *VOICE.lock().unwrap_or_else(PoisonError::into_inner) = voice;
}

/// Writes a result. A closed pipe is no error: whoever read has what they wanted.
pub(super) fn result(text: &str) {
    let mut out = anstream::stdout().lock();
    let _ = writeln!(out, "{text}");
    let _ = out.flush();
}

/// The columns of the terminal that results go to, where they go to one.
pub(super) fn width() -> Option<usize> {
    let (width, _) = terminal_size::terminal_size_of(io::stdout())?;
    (width.0 > 0).then_some(width.0.into())
}

/// Writes talk.
pub(super) fn talk(text: &str) {
    let voice = VOICE.lock().unwrap_or_else(PoisonError::into_inner).clone();
    match voice {
        Some(voice) => voice.say(text),
        None => drop(lines(&format!("{text}\n"))),
    }
}

/// Writes whole lines to standard error, with colours where it has them.
pub(super) fn lines(text: &str) -> io::Result<()> {
    anstream::stderr()
        .lock()
        .write_all(only_styled(text).as_bytes())
}

/// A writer whose pieces become talk, for the log.
#[derive(Debug)]
pub(super) struct Talk;

impl Write for Talk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        talk(String::from_utf8_lossy(bytes).trim_end_matches('\n'));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
