//! An image layout as a folder: may it be written to, and how it grows by an image.
//!
//! Content first, then the marker, then the list of images, each whole under its name or not there. So
//! the list never names what is missing, whenever a run ends.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::error::OutputError;
use super::scratch::is_scratch;
use super::staging::{digest_of, is_same_file};
use crate::buildkit::fresh_id;
use crate::oci::layout::{INDEX, LayoutName, MARKER, MARKER_TEXT, blob_path, empty_index, enter};
use crate::oci::{Descriptor, Digest, Index, canonical};

/// Whether a path is a layout, can become one, or is something else, which is said.
pub(super) fn check(folder: &Path) -> Result<(), OutputError> {
    let found = match fs::symlink_metadata(folder).and_then(|_| fs::metadata(folder)) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(OutputError::unwritable(folder, &error)),
    };
    if !found.is_dir() {
        return Err(OutputError::odd(folder, "it is no folder"));
    }
    let entries = fs::read_dir(folder).map_err(|error| OutputError::unwritable(folder, &error))?;
    // A run that was killed may have left content without a list.
    let ours = |name: &str| is_scratch(name) || [MARKER, INDEX, "blobs"].contains(&name);
    let stranger = entries
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .find(|name| !ours(name));
    let is_layout = folder.join(MARKER).is_file();
    match stranger {
        Some(name) if !is_layout => Err(OutputError::odd(
            folder,
            format!("it is no image layout, and `{name}` is in it"),
        )),
        _ => read_index(folder).map(drop),
    }
}

fn read_index(folder: &Path) -> Result<Index, OutputError> {
    let odd = |name: &str, why: &dyn std::fmt::Display| {
        OutputError::odd(folder, format!("its `{name}` is no image layout's: {why}"))
    };
    if let Some(text) = read(&folder.join(MARKER)).map_err(|error| odd(MARKER, &error))? {
        let marker: serde_json::Value =
            serde_json::from_slice(&text).map_err(|error| odd(MARKER, &error))?;
        let version = marker["imageLayoutVersion"].as_str().unwrap_or_default();
        if !version.starts_with("1.") {
            return Err(odd(MARKER, &format!("version `{version}` is unknown")));
        }
    }
    match read(&folder.join(INDEX)).map_err(|error| odd(INDEX, &error))? {
        Some(text) => serde_json::from_slice(&text).map_err(|error| odd(INDEX, &error)),
        None => Ok(empty_index()),
    }
}

fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// An image on its way into a layout.
#[derive(Debug)]
pub(super) struct Entering<'a> {
    /// The layout.
    pub(super) folder: &'a Path,
    /// A folder on the same file system for what is not whole yet.
    pub(super) scratch: &'a Path,
    /// Where the content is.
    pub(super) staged: &'a Path,
    /// What belongs to the image.
    pub(super) blobs: &'a BTreeSet<Digest>,
    /// The image's index.
    pub(super) image: &'a Descriptor,
    pub(super) names: &'a [LayoutName],
    pub(super) ambiguous: &'a BTreeSet<String>,
}

impl Entering<'_> {
    /// Adds the image, or changes nothing. Gives the names by which it is found. Blocks.
    pub(super) fn enter(&self) -> Result<Vec<String>, OutputError> {
        // Two runs take turns. Where a file system has no locks, there is no better than trying.
        let _turn = File::open(self.folder).inspect(|folder| drop(folder.lock()));
        let mut index = read_index(self.folder)?;
        let named = self
            .names
            .iter()
            .map(|name| enter(&mut index, self.image, name, self.ambiguous))
            .collect();
        let mut added = Vec::new();
        let written = self.write(&index, &mut added);
        if let Err(error) = written {
            for path in added {
                let _ = fs::remove_file(path);
            }
            for folder in ["blobs/sha256", "blobs/sha512", "blobs"] {
                // Only what is empty goes.
                let _ = fs::remove_dir(self.folder.join(folder));
            }
            return Err(OutputError::unwritable(self.folder, &error));
        }
        Ok(named)
    }

    /// Writes everything; `added` is what was not there before.
    fn write(&self, index: &Index, added: &mut Vec<PathBuf>) -> io::Result<()> {
        let mut folders = BTreeSet::new();
        for digest in self.blobs {
            let path = blob_path(digest);
            self.place(digest, &path, added)?;
            folders.extend(path.parent().map(|parent| self.folder.join(parent)));
        }
        for folder in folders {
            File::open(folder)?.sync_all()?;
        }
        let marker = self.folder.join(MARKER);
        if !marker.exists() {
            self.put(&marker, MARKER_TEXT.as_bytes())?;
            added.push(marker);
        }
        let (bytes, _) = canonical::encode(index).map_err(io::Error::other)?;
        self.put(&self.folder.join(INDEX), &bytes)?;
        File::open(self.folder)?.sync_all()
    }

    /// Puts content in its place, unless it is there and whole.
    fn place(&self, digest: &Digest, path: &Path, added: &mut Vec<PathBuf>) -> io::Result<()> {
        let (from, to) = (self.staged.join(path), self.folder.join(path));
        let is_there = to.exists();
        if is_there
            && (is_same_file(&from, &to)
                || digest_of(&to, digest).is_ok_and(|found| found == *digest))
        {
            return Ok(());
        }
        to.parent().map_or(Ok(()), fs::create_dir_all)?;
        let unfinished = self.unfinished();
        let moved = fs::hard_link(&from, &unfinished)
            .or_else(|_| copy(&from, &unfinished))
            .and_then(|()| fs::rename(&unfinished, &to));
        if moved.is_err() {
            let _ = fs::remove_file(&unfinished);
        } else if !is_there {
            added.push(to);
        }
        moved
    }

    fn put(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let unfinished = self.unfinished();
        let mut file = File::create_new(&unfinished)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&unfinished, path)
    }

    fn unfinished(&self) -> PathBuf {
        self.scratch.join(format!("part-{}", fresh_id()))
    }
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::copy(from, to)?;
    File::open(to)?.sync_all()
}
