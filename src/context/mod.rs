//! Local files: what is in a folder, which of it is meant, and in what order.
//!
//! Owns the pattern language of `.dockerignore` ([`PatternSet`]), globs over a folder
//! ([`expand`]) and the walk that yields what is sent to a builder ([`walk`]). Must not know
//! recipes, BuildKit or the network: entries are plain records, and turning them into messages is
//! the session's business.
//!
//! The rules are BuildKit's, since a recipe must pick the same files as a Dockerfile would:
//!
//! * A pattern that matches a folder matches all below it; the last pattern that matches decides;
//!   `!` turns one around. See [`PatternSet`] for a surprise in this, and for accidents of moby's own
//!   matcher that are not copied.
//! * Entries come parents first, siblings by the bytes of their names. The order of whole paths is
//!   another one (`a-b` against `a/b`) and daemons refuse it.
//! * Nothing outside the folder is ever read: symbolic links are followed inside it only, with its
//!   root as `/`.
//!
//! * A name is sent as its bytes are. The protocol has texts only, so a name that is not UTF-8 is refused by
//!   its path; nothing is written in another way than it is (NFC and NFD stay apart).
//! * What is read is what was promised: a file that changes in between is an error ([`SteadyFile`]).
//!
//! All functions block. Call them from a thread that may.

mod bounded;
mod error;
mod follow;
mod glob;
mod hash;
mod ignore;
mod pattern;
mod stat;
mod steady;
mod walk;

pub use bounded::{read_bounded, read_text};
pub use error::{ContextError, ParsePatternError, PatternProblem};
pub use glob::{expand, is_glob};
pub use hash::Hasher;
pub use ignore::{Inherited, PatternSet, parse_ignore_file, rebase};
pub use stat::{Entry, Kind, go_mode};
pub use steady::{Stamp, SteadyFile};
pub use walk::{Filter, SCRATCH, walk};
