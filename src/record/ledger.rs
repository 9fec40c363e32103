//! The file of records: append and scan.
//!
//! A record is appended in one write to a file opened for appending, so that two builds at once do not mix their lines,
//! and is on disk when the call returns. A crash in the middle can leave a torn last line; the next record then starts
//! on a line of its own, and readers report the torn one and go on.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::record::{Record, VERSION};

/// A file with one record per line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ledger {
    path: PathBuf,
}

/// Everything that a ledger holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scan {
    /// The records, oldest first.
    pub records: Vec<Record>,
    /// Lines that are no records.
    pub faults: Vec<LineFault>,
}

impl Scan {
    /// The latest record of an image's variant.
    pub fn latest(&self, image: &str, variant: &str) -> Option<&Record> {
        self.records
            .iter()
            .rev()
            .find(|record| record.draft.image == image && record.draft.variant == variant)
    }
}

/// A line that is no record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineFault {
    /// The ledger's file.
    pub path: PathBuf,
    /// The line, from 1.
    pub line: usize,
    /// What kind of fault it is.
    pub kind: FaultKind,
    /// What was expected where.
    pub reason: String,
}

/// Kinds of lines that are no records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// The line ends in the middle: whoever wrote it was interrupted.
    Torn,
    /// The line is complete and wrong: somebody edited it.
    Broken,
}

impl fmt::Display for LineFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            FaultKind::Torn => "is torn: its writer was interrupted",
            FaultKind::Broken => "is no record",
        };
        write!(
            f,
            "`{}:{}` {what}: {}",
            self.path.display(),
            self.line,
            self.reason
        )
    }
}

/// Why a ledger could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The file could not be read.
    #[error("the records in `{path}` could not be read")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The file, or its folder, could not be written.
    #[error("the record could not be written to `{path}`")]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A record is of a later format.
    #[error(
        "the record at `{path}:{line}` has version {found}, and this kiln reads up to {VERSION}: use a newer kiln"
    )]
    NewerVersion {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The version found.
        found: u64,
    },
}

#[derive(Deserialize)]
struct VersionOnly {
    version: u64,
}

impl Ledger {
    /// The ledger in a file, which need not exist yet.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Appends a record; creates the file and its folder where they are missing. On return it is on disk.
    ///
    /// # Errors
    /// [`LedgerError::Unwritable`].
    pub fn append(&self, record: &Record) -> Result<(), LedgerError> {
        self.try_append(record)
            .map_err(|source| LedgerError::Unwritable {
                path: self.path.clone(),
                source,
            })
    }

    fn try_append(&self, record: &Record) -> io::Result<()> {
        let mut line = serde_json::to_vec(record)?;
        line.push(b'\n');
        let folder = self
            .path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        if let Some(folder) = folder {
            std::fs::create_dir_all(folder)?;
        }
        let mut file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .open(&self.path)?;
        if ends_torn(&mut file)? {
            line.insert(0, b'\n');
        }
        let written = file.write(&line)?;
        if written < line.len() {
            let (total, problem) = (line.len(), "the disk took only a part of it");
            return Err(io::Error::new(
                io::ErrorKind::WriteZero,
                format!("{problem}: {written} of {total} bytes"),
            ));
        }
        file.sync_all()?;
        // The name of a new file is safe only when its folder is.
        if let Some(folder) = folder {
            File::open(folder)?.sync_all()?;
        }
        Ok(())
    }

    /// Reads all records. A file that does not exist has none.
    ///
    /// # Errors
    /// [`LedgerError::Unreadable`] and [`LedgerError::NewerVersion`]; lines that are no records are no errors but
    /// [`Scan::faults`].
    pub fn scan(&self) -> Result<Scan, LedgerError> {
        let bytes = match std::fs::read(&self.path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Scan::default()),
            Err(source) => {
                return Err(LedgerError::Unreadable {
                    path: self.path.clone(),
                    source,
                });
            }
        };
        let mut scan = Scan::default();
        for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
            if line.trim_ascii().is_empty() {
                continue;
            }
            match serde_json::from_slice::<Record>(line) {
                Ok(record) if record.version == VERSION => scan.records.push(record),
                outcome => scan
                    .faults
                    .push(self.fault(index + 1, line, outcome.err())?),
            }
        }
        Ok(scan)
    }

    /// What is wrong with a line. A later version is an error, since more of them may follow.
    fn fault(
        &self,
        line: usize,
        text: &[u8],
        error: Option<serde_json::Error>,
    ) -> Result<LineFault, LedgerError> {
        let version = serde_json::from_slice::<VersionOnly>(text).map(|head| head.version);
        if let Ok(found) = version
            && found > u64::from(VERSION)
        {
            return Err(LedgerError::NewerVersion {
                path: self.path.clone(),
                line,
                found,
            });
        }
        let torn = error.as_ref().is_some_and(serde_json::Error::is_eof);
        let kind = if torn {
            FaultKind::Torn
        } else {
            FaultKind::Broken
        };
        let reason = error.map_or_else(
            || "its version is not known".to_owned(),
            |error| at_column(&error),
        );
        Ok(LineFault {
            path: self.path.clone(),
            line,
            kind,
            reason,
        })
    }
}

/// The parser's words, without its line, which is always the first.
fn at_column(error: &serde_json::Error) -> String {
    error
        .to_string()
        .replace(" at line 1 column ", " at column ")
}

/// Whether the last line has no end.
fn ends_torn(file: &mut File) -> io::Result<bool> {
    if file.metadata()?.len() == 0 {
        return Ok(false);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0_u8];
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}
