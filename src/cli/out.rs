//! Writing to standard output and error, where nobody may be reading any more.
//!
//! While a display owns the terminal, talk goes through it: it knows what stands on the last rows.
//!
//! Owns what is not shown: talk and logs pass through the mask here, whoever they come from. Results are
//! made of names and digests, which must stay as they are: a short secret could be a part of one.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use super::render::words::only_styled;
use crate::ops::Mask;

/// Whoever writes to standard error at the moment.
pub(super) trait Voice: Send + Sync {
    /// Says something between what it writes itself.
    fn say(&self, text: &str);
}

static VOICE: Mutex<Option<Arc<dyn Voice>>> = Mutex::new(None);

static MASK: RwLock<Mask> = RwLock::new(Mask::new());

/// From now on talk goes through `voice`, or straight to standard error.
pub(super) fn speak_through(voice: Option<Arc<dyn Voice>>) {
    *VOICE.lock().unwrap_or_else(PoisonError::into_inner) = voice;
}

/// Hides more values from here on.
pub(super) fn hide(more: &Mask) {
    MASK.write()
        .unwrap_or_else(PoisonError::into_inner)
        .extend(more);
}

/// A text without what is hidden.
pub(super) fn masked(text: &str) -> String {
    let mask = MASK.read().unwrap_or_else(PoisonError::into_inner);
    mask.apply(text).into_owned()
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
    let text = masked(text);
    match voice {
        Some(voice) => voice.say(&text),
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
