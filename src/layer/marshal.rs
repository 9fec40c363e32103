//! Python's marshal format as far as code objects need it, as digests.
//!
//! Each value becomes the digest of its kind and its parts. So a reference is the digest of what it leads to, whether
//! a text was interned makes no difference, and a frozen set is its members in an order of ours.

use sha2::{Digest as _, Sha256};

/// How deep values may lie in each other. Python's parser allows 200 brackets and 100 indented blocks, each of the
/// latter being two values deep.
const MAX_DEPTH: usize = 500;
/// This bit says that a value can be referred to later.
const REFERABLE: u8 = 0x80;

/// A value, by its kind and its parts.
pub(super) type Sum = [u8; 32];

/// How code objects are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    /// 3.8 to 3.10.
    Old,
    /// From 3.11 on.
    New,
}

impl Layout {
    /// The layout for a magic number; nothing where it is that of an unknown version, or of one between releases.
    pub(super) fn of(magic: u16) -> Option<Self> {
        match magic {
            // 3.8.0 has 3413, 3.10.0 has 3439.
            3413..=3439 => Some(Self::Old),
            // 3.11.0 has 3495, 3.15 begins at 3650.
            3495..=3649 => Some(Self::New),
            _ => None,
        }
    }

    /// The fields: `i` is a number, `o` a value.
    fn fields(self) -> &'static str {
        match self {
            // argcount posonlyargcount kwonlyargcount nlocals stacksize flags code consts names varnames
            // freevars cellvars filename name firstlineno lnotab
            Self::Old => "iiiiiiooooooooio",
            // argcount posonlyargcount kwonlyargcount stacksize flags code consts names localsplusnames
            // localspluskinds filename name qualname firstlineno linetable exceptiontable
            Self::New => "iiiiiooooooooioo",
        }
    }
}

/// The digest of one whole code object; nothing where the bytes are something else, less, or more.
pub(super) fn code(bytes: &[u8], layout: Layout) -> Option<Sum> {
    let is_code = bytes.first().is_some_and(|kind| kind & !REFERABLE == b'c');
    if !is_code {
        return None;
    }
    let mut reader = Reader {
        rest: bytes,
        layout,
        known: Vec::new(),
        depth: 0,
    };
    let digest = reader.value()?;
    reader.rest.is_empty().then_some(digest)
}

struct Reader<'a> {
    rest: &'a [u8],
    layout: Layout,
    /// What can be referred to, in the order in which it begins; nothing where it has not ended.
    known: Vec<Option<Sum>>,
    depth: usize,
}

impl Reader<'_> {
    fn value(&mut self) -> Option<Sum> {
        if self.depth == MAX_DEPTH {
            return None;
        }
        self.depth += 1;
        let [first] = self.take(1)? else {
            return None;
        };
        let (kind, is_referable) = (first & !REFERABLE, first & REFERABLE != 0);
        let place = self.known.len();
        if is_referable {
            self.known.push(None);
        }
        let digest = self.of_kind(kind)?;
        if is_referable {
            *self.known.get_mut(place)? = Some(digest);
        }
        self.depth -= 1;
        Some(digest)
    }

    fn of_kind(&mut self, kind: u8) -> Option<Sum> {
        match kind {
            b'N' | b'F' | b'T' | b'.' | b'S' => Some(leaf(kind, &[])),
            b'i' => self.leaf(kind, 4),
            b'I' | b'g' => self.leaf(kind, 8),
            b'y' => self.leaf(kind, 16),
            b'f' => {
                let count = self.short()?;
                self.leaf(kind, count)
            }
            b'l' => {
                let digits = i32::from_le_bytes(*self.rest.first_chunk()?);
                let count = usize::try_from(digits.unsigned_abs()).ok()?;
                self.leaf(kind, count.checked_mul(2)?.checked_add(4)?)
            }
            b's' => {
                let count = self.long()?;
                self.leaf(kind, count)
            }
            // Texts: of all letters, of ASCII, and short ones, each interned or not.
            b'u' | b't' | b'a' | b'A' => {
                let count = self.long()?;
                self.leaf(b'u', count)
            }
            b'z' | b'Z' => {
                let count = self.short()?;
                self.leaf(b'u', count)
            }
            b'(' | b'[' => {
                let count = self.long()?;
                self.sequence(kind, count)
            }
            b')' => {
                let count = self.short()?;
                self.sequence(b'(', count)
            }
            b'<' | b'>' => {
                let count = self.long()?;
                self.set(kind, count)
            }
            b'{' => self.map(),
            b':' => self.sequence(kind, 3),
            b'c' => self.code(),
            b'r' => {
                let place = self.long()?;
                *self.known.get(place)?
            }
            _ => None,
        }
    }

    fn take(&mut self, count: usize) -> Option<&[u8]> {
        let (taken, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        Some(taken)
    }

    fn short(&mut self) -> Option<usize> {
        self.take(1)?.first().map(|count| usize::from(*count))
    }

    fn long(&mut self) -> Option<usize> {
        let number = u32::from_le_bytes(*self.take(4)?.first_chunk()?);
        usize::try_from(number).ok()
    }

    fn leaf(&mut self, kind: u8, count: usize) -> Option<Sum> {
        self.take(count).map(|bytes| leaf(kind, bytes))
    }

    /// The parts; each takes a byte at least, so that a count that is too high ends with the bytes.
    fn parts(&mut self, count: usize) -> Option<Vec<Sum>> {
        (0..count).map(|_| self.value()).collect()
    }

    fn sequence(&mut self, kind: u8, count: usize) -> Option<Sum> {
        self.parts(count).map(|parts| node(kind, &parts))
    }

    fn set(&mut self, kind: u8, count: usize) -> Option<Sum> {
        let mut parts = self.parts(count)?;
        parts.sort_unstable();
        Some(node(kind, &parts))
    }

    fn map(&mut self) -> Option<Sum> {
        let mut parts = Vec::new();
        while *self.rest.first()? != b'0' {
            parts.push(self.value()?);
            parts.push(self.value()?);
        }
        self.take(1)?;
        Some(node(b'{', &parts))
    }

    fn code(&mut self) -> Option<Sum> {
        let mut parts = Vec::new();
        for field in self.layout.fields().bytes() {
            parts.push(match field {
                b'i' => self.leaf(b'i', 4)?,
                _ => self.value()?,
            });
        }
        Some(node(b'c', &parts))
    }
}

fn leaf(kind: u8, bytes: &[u8]) -> Sum {
    let mut sum = Sha256::new();
    sum.update([kind]);
    sum.update(bytes);
    sum.finalize().into()
}

fn node(kind: u8, parts: &[Sum]) -> Sum {
    let mut sum = Sha256::new();
    // No leaf begins so.
    sum.update([0, kind]);
    for part in parts {
        sum.update(part);
    }
    sum.finalize().into()
}
