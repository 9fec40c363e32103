//! Writing to standard output and error, where nobody may be reading any more.

use std::io::Write as _;

/// Writes a result. A closed pipe is no error: whoever read has what they wanted.
pub(super) fn result(text: &str) {
    let mut out = anstream::stdout().lock();
    let _ = writeln!(out, "{text}");
    let _ = out.flush();
}

/// Writes talk.
pub(super) fn talk(text: &str) {
    let mut err = anstream::stderr().lock();
    let _ = writeln!(err, "{text}");
}
