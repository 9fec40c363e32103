//! The entries of a layer.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;

use super::launcher::Launcher;
use super::pyc::Compiled;
use crate::oci::Digest;

/// A path as the archive has it, without `/` at either end; it need not be UTF-8.
pub type PathBytes = Vec<u8>;

/// The entries of a layer by their paths. What a layer removes is in it as the archive has it, as files `.wh.…`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tree {
    /// The entries.
    pub entries: BTreeMap<PathBytes, Entry>,
}

/// An entry, without its times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What it is.
    pub kind: Kind,
    /// Permissions, with the bits for setuid, setgid and sticky.
    pub mode: u32,
    /// User and group, by number.
    pub owner: (u64, u64),
    /// Extended attributes.
    pub xattrs: BTreeMap<String, Vec<u8>>,
    /// The paths under which the file has hard links in this layer, where there are several.
    pub links: Option<Arc<BTreeSet<PathBytes>>>,
}

/// What an entry is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
    File(Content),
    /// A folder.
    Folder,
    /// A symbolic link, with its target.
    Symlink(Vec<u8>),
    /// A character device, with its numbers.
    CharDevice(u32, u32),
    /// A block device, with its numbers.
    BlockDevice(u32, u32),
    /// A named pipe.
    Fifo,
    /// A hard link to a path that this layer does not have.
    Link(Vec<u8>),
    /// Something else, by its letter in the archive.
    Other(u8),
}

/// What is in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// Bytes.
    pub size: u64,
    /// Their digest.
    pub digest: Digest,
    /// What they mean, where that is known.
    pub form: Form,
}

/// What a content means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Form {
    /// Itself.
    Plain,
    /// Byte-code of Python.
    Compiled(Compiled),
    /// A script that starts an entry point.
    Launcher(Launcher),
    /// The list of what a Python distribution installed, by the digest of what it says.
    Listing(Digest),
}

impl Kind {
    /// Its name.
    pub fn as_str(&self) -> &'static str {
        match self {
            Kind::File(_) => "file",
            Kind::Folder => "folder",
            Kind::Symlink(_) => "symlink",
            Kind::CharDevice(..) => "character device",
            Kind::BlockDevice(..) => "block device",
            Kind::Fifo => "named pipe",
            Kind::Link(_) => "hard link to a file of another layer",
            Kind::Other(_) => "something else",
        }
    }
}

/// A path, or another text of an archive, for people: control characters and bytes that are no UTF-8 are written as
/// `\xNN`, so that two texts never look the same and none of them moves a cursor.
pub fn shown(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for letter in chunk.valid().chars() {
            if letter == '\\' {
                text.push_str("\\\\");
            } else if letter.is_control() {
                let mut buffer = [0; 4];
                for byte in letter.encode_utf8(&mut buffer).bytes() {
                    let _ = write!(text, "\\x{byte:02x}");
                }
            } else {
                text.push(letter);
            }
        }
        for byte in chunk.invalid() {
            let _ = write!(text, "\\x{byte:02x}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn paths_that_differ_look_different_and_none_moves_a_cursor() {
        assert_eq!(shown("etc/größe".as_bytes()), "etc/größe");
        assert_eq!(shown(b"a\x1b[2Jb\xff"), "a\\x1b[2Jb\\xff");
        assert_eq!(shown(b"a\\xff"), "a\\\\xff");
        assert_eq!(shown("a\u{85}".as_bytes()), "a\\xc2\\x85");
    }
}
