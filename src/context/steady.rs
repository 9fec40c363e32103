//! Reading a file that somebody else may be writing: the content that an entry promised, whole, or an
//! error. Knows no wire format.
//!
//! A write shows in size or time. The time alone is not enough: file systems keep it in steps of some
//! milliseconds, so two writes within one step look like one. A file that was written just now is
//! therefore read a moment later, when any further write must show.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::context::stat::{Entry, modified_ns};

/// Longer than the step of any clock that files are stamped by (10 ms on Linux at its coarsest).
const STEP: Duration = Duration::from_millis(20);

/// What an entry says of a file's content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    size: u64,
    modified_ns: i64,
}

impl Stamp {
    /// That of an entry.
    pub fn of(entry: &Entry) -> Self {
        Self {
            size: entry.size,
            modified_ns: entry.modified_ns,
        }
    }

    /// How long ago that was, if it was less than a step.
    fn is_fresh(self) -> bool {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = now.unwrap_or_default().as_nanos();
        let age = u128::try_from(self.modified_ns).map_or(Some(0), |then| now.checked_sub(then));
        age.is_some_and(|age| age < STEP.as_nanos())
    }
}

/// An open file whose content is the one that its entry promised, or reading it fails.
#[derive(Debug)]
pub struct SteadyFile {
    file: File,
    stamp: Stamp,
    read: u64,
}

impl SteadyFile {
    /// Opens the file `path`, which must be as it was when `stamp` was taken. Waits a moment if that was
    /// just now.
    ///
    /// # Errors
    /// The file cannot be opened, is none any more, or has changed.
    pub fn open(path: &Path, stamp: Stamp) -> io::Result<Self> {
        // What was a file and is a pipe by now would block for good; a link would lead elsewhere.
        let named = fs::symlink_metadata(path)?;
        if !named.is_file() {
            return Err(io::Error::other("it is no regular file any more"));
        }
        let file = File::open(path)?;
        let opened = file.metadata()?;
        if (opened.dev(), opened.ino()) != (named.dev(), named.ino()) {
            return Err(changed());
        }
        if stamp.is_fresh() {
            sleep(STEP);
        }
        let steady = Self {
            file,
            stamp,
            read: 0,
        };
        steady.compare()?;
        Ok(steady)
    }

    fn compare(&self) -> io::Result<()> {
        let metadata = self.file.metadata()?;
        let now = Stamp {
            size: metadata.len(),
            modified_ns: modified_ns(&metadata),
        };
        if now == self.stamp {
            Ok(())
        } else {
            Err(changed())
        }
    }
}

impl Read for SteadyFile {
    /// The end is only told after a last look at the file.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let size = self.file.read(buffer)?;
        self.read += size as u64;
        if size == 0 && !buffer.is_empty() {
            self.compare()?;
            if self.read != self.stamp.size {
                return Err(changed());
            }
        }
        Ok(size)
    }
}

fn changed() -> io::Error {
    io::Error::other("it changed while it was read")
}
