//! What one file, folder or link is. Owns the conversion to Go's file modes; knows no walk.

use std::fs::Metadata;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

/// What an entry of a folder is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
    File,
    /// A folder.
    Directory,
    /// A symbolic link.
    Symlink,
    /// A named pipe.
    Fifo,
    /// A character device.
    CharDevice,
    /// A block device.
    BlockDevice,
    /// A socket.
    Socket,
}

impl Kind {
    /// The kind of what `metadata` describes; `None` for what Linux does not have.
    pub(super) fn of(metadata: &Metadata) -> Option<Kind> {
        let file_type = metadata.file_type();
        Some(if file_type.is_dir() {
            Kind::Directory
        } else if file_type.is_symlink() {
            Kind::Symlink
        } else if file_type.is_file() {
            Kind::File
        } else if file_type.is_fifo() {
            Kind::Fifo
        } else if file_type.is_char_device() {
            Kind::CharDevice
        } else if file_type.is_block_device() {
            Kind::BlockDevice
        } else if file_type.is_socket() {
            Kind::Socket
        } else {
            return None;
        })
    }

    /// The name of what is no file, folder or link: it has no content that could be copied.
    pub fn special(self) -> Option<&'static str> {
        match self {
            Kind::File | Kind::Directory | Kind::Symlink => None,
            Kind::Fifo => Some("a named pipe"),
            Kind::CharDevice => Some("a character device"),
            Kind::BlockDevice => Some("a block device"),
            Kind::Socket => Some("a socket"),
        }
    }

    /// What lies at a path; `None` for nothing, and for what cannot be looked at.
    pub fn at(path: &Path) -> Option<Kind> {
        Kind::of(&std::fs::symlink_metadata(path).ok()?)
    }
}

/// One file, folder or link below a root. Owner and group are always 0: who checked a tree out has
/// no place in an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Relative to the root, clean, `/`-separated.
    pub path: String,
    /// What it is.
    pub kind: Kind,
    /// The low 12 bits of `st_mode`: permissions, setuid, setgid, sticky.
    pub permissions: u32,
    /// In bytes; 0 for folders, the length of the target for symbolic links.
    pub size: u64,
    /// When the content changed, in nanoseconds since 1970.
    pub modified_ns: i64,
    /// The target of a symbolic link as written, or for a further name of a file with several the
    /// path of its first one.
    pub link: Option<String>,
    /// Major and minor number of a device, else 0.
    pub device: (u32, u32),
}

impl Entry {
    pub(super) fn new(path: String, kind: Kind, metadata: &Metadata) -> Entry {
        let size = match kind {
            Kind::Directory => 0,
            _ => metadata.len(),
        };
        let device = match kind {
            Kind::CharDevice | Kind::BlockDevice => device_numbers(metadata.rdev()),
            _ => (0, 0),
        };
        Entry {
            path,
            kind,
            permissions: metadata.mode() & 0o7777,
            size,
            modified_ns: modified_ns(metadata),
            link: None,
            device,
        }
    }

    /// The mode as Go's `os.FileMode`, see [`go_mode`].
    pub fn go_mode(&self) -> u32 {
        go_mode(self.kind, self.permissions)
    }
}

/// When the content changed, in nanoseconds since 1970.
pub(super) fn modified_ns(metadata: &Metadata) -> i64 {
    metadata
        .mtime()
        .saturating_mul(1_000_000_000)
        .saturating_add(metadata.mtime_nsec())
}

/// Go's `os.FileMode` of a kind and the low 12 bits of `st_mode`.
///
/// Only the nine permission bits are the same in both; the rest has its own places at the top, see
/// `io/fs.FileMode` in Go's standard library.
pub fn go_mode(kind: Kind, permissions: u32) -> u32 {
    const DIRECTORY: u32 = 1 << 31;
    const SYMLINK: u32 = 1 << 27;
    const DEVICE: u32 = 1 << 26;
    const NAMED_PIPE: u32 = 1 << 25;
    const SOCKET: u32 = 1 << 24;
    const SETUID: u32 = 1 << 23;
    const SETGID: u32 = 1 << 22;
    const CHAR_DEVICE: u32 = 1 << 21;
    const STICKY: u32 = 1 << 20;

    let mut mode = permissions & 0o777;
    for (bit, go_bit) in [(0o4000, SETUID), (0o2000, SETGID), (0o1000, STICKY)] {
        if permissions & bit != 0 {
            mode |= go_bit;
        }
    }
    mode | match kind {
        Kind::File => 0,
        Kind::Directory => DIRECTORY,
        Kind::Symlink => SYMLINK,
        Kind::Fifo => NAMED_PIPE,
        Kind::CharDevice => DEVICE | CHAR_DEVICE,
        Kind::BlockDevice => DEVICE,
        Kind::Socket => SOCKET,
    }
}

/// Major and minor of a device number, in the split that BuildKit's transfer uses (12 and 20 bits).
fn device_numbers(device: u64) -> (u32, u32) {
    let part = |bits: u64| u32::try_from(bits).unwrap_or(0);
    (
        part((device >> 8) & 0xfff),
        part((device & 0xff) | ((device >> 12) & 0xf_ff00)),
    )
}

#[cfg(test)]
mod tests {
    use super::{Kind, device_numbers, go_mode};

    #[test]
    fn modes_are_those_of_go() {
        let rows = [
            (Kind::File, 0o644, 0o644),
            (Kind::File, 0o4755, 0x0080_01ed),
            (Kind::File, 0o2755, 0x0040_01ed),
            (Kind::Directory, 0o755, 0x8000_01ed),
            (Kind::Directory, 0o1777, 0x8010_01ff),
            (Kind::Symlink, 0o777, 0x0800_01ff),
            (Kind::Fifo, 0o600, 0x0200_0180),
            (Kind::CharDevice, 0o666, 0x0420_01b6),
            (Kind::BlockDevice, 0o660, 0x0400_01b0),
            (Kind::Socket, 0o755, 0x0100_01ed),
        ];
        for (kind, permissions, expected) in rows {
            assert_eq!(go_mode(kind, permissions), expected, "{kind:?}");
        }
    }

    #[test]
    fn device_numbers_are_split_as_in_linux() {
        assert_eq!(device_numbers(0x0103), (1, 3));
        assert_eq!(device_numbers(0x0010_0801), (8, 0x101));
    }
}
