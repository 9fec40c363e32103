//! What is in a layer of an image, and in what two layers differ.
//!
//! A layer's tar archive, packed or plain, is read as a stream into a [`Tree`]: of each path all that a user could
//! see but its times, and of its content the digest. Three kinds of files that are written anew by each installer
//! are read as what they mean as well, so that two of them can be told to be the same although their bytes differ:
//! byte-code of Python ([`Compiled`]), scripts that start an entry point ([`Launcher`]), and lists of what a
//! distribution installed ([`Form::Listing`]).

mod compare;
mod launcher;
mod listing;
mod marshal;
mod pyc;
mod read;
mod tree;
mod unpack;

pub use self::compare::{Aspect, Difference, compare};
pub use self::launcher::Launcher;
pub use self::listing::listing;
pub use self::pyc::Compiled;
pub use self::read::read;
pub use self::tree::{Content, Entry, Form, Kind, PathBytes, Tree, shown};
