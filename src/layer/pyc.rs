//! Byte-code of Python by what it does.
//!
//! A `.pyc` is sixteen bytes of header and a marshalled code object. The header says how Python tells whether the
//! file is stale: by time and size of its source, by a digest of it, or not at all. Of the code the same source gives
//! the same object on every machine, but not always the same bytes: which parts are written once and referred to
//! later depends on what else the compiling process held. So the object is read, and its digest is that of its parts.

use super::marshal::{self, Layout, Sum};

const HEADER: usize = 16;
/// The second half of every magic number.
const MAGIC_END: [u8; 2] = *b"\r\n";

/// What a `.pyc` holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compiled {
    /// The magic number of the version of Python that it is for.
    pub magic: u16,
    /// The rest of the header: flags, and by them time and size of the source, or its digest.
    pub header: [u8; 12],
    /// The code, as the SHA-256 of its parts.
    pub code: Sum,
}

impl Compiled {
    /// Reads a `.pyc` of Python 3.8 to 3.14; nothing where it is another one, or is not whole.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let (header, body) = bytes.split_at_checked(HEADER)?;
        let (magic, header) = header.split_first_chunk::<4>()?;
        let [low, high, end @ ..] = *magic;
        if end != MAGIC_END {
            return None;
        }
        let magic = u16::from_le_bytes([low, high]);
        Some(Self {
            magic,
            header: header.try_into().ok()?,
            code: marshal::code(body, Layout::of(magic)?)?,
        })
    }

    /// The first word of the header after the magic number in words: how the file is told to be stale.
    pub fn staleness(&self) -> &'static str {
        let [a, b, c, d, ..] = self.header;
        match u32::from_le_bytes([a, b, c, d]) {
            0 => "stale by the time of its source",
            1 => "never stale",
            3 => "stale by the digest of its source",
            _ => "with unknown flags",
        }
    }
}
