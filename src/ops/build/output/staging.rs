//! Images on their way from a builder to an output.
//!
//! Content comes in as the archive of one platform after the other, and is kept by digest: what is
//! there already, here or in a layout that is extended, is not written again. Nothing has a name here
//! before all of its bytes were written and had the digest they claim.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::{Buf as _, Bytes};
use serde::de::DeserializeOwned;

use super::error::OutputError;
use crate::buildkit::{ArchiveReceiver, ArchiveTo, Pieces, Received, fresh_id};
use crate::oci::layout::{blob_path, digest_at};
use crate::oci::{Descriptor, Digest, Digester, ImageConfig, Manifest};

/// Bytes that are read and written at once.
const CHUNK: usize = 256 << 10;
/// Largest manifest or configuration that is read.
const MAX_DOCUMENT: u64 = 8 << 20;

/// The content of images that are not in an output yet.
#[derive(Debug)]
pub(in super::super) struct Staging {
    /// Laid out as an image layout, so that a session can serve it.
    folder: PathBuf,
    /// What the user calls the place.
    place: PathBuf,
    /// Layouts whose content need not come again.
    known: Vec<PathBuf>,
}

impl Staging {
    pub(super) fn new(folder: PathBuf, place: PathBuf, known: Vec<PathBuf>) -> Staging {
        Staging {
            folder,
            place,
            known,
        }
    }

    /// The folder, which is a layout but for the list of its images.
    pub(in super::super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Keeps a document of ours.
    pub(super) fn put(&self, digest: &Digest, bytes: &[u8]) -> Result<(), OutputError> {
        self.blob(digest, bytes.len() as u64, &mut &bytes[..])
    }

    /// The manifest that a builder says it sent, with its configuration, when all of it is here.
    pub(in super::super) fn image(
        &self,
        entry: &Descriptor,
    ) -> Result<(Manifest, ImageConfig, Vec<u8>), OutputError> {
        let (manifest, _): (Manifest, _) = self.document(entry)?;
        for layer in &manifest.layers {
            if self.size(&layer.digest) != Some(layer.size) {
                return Err(bad(format!("layer {} is missing", layer.digest)));
            }
        }
        let (config, bytes) = self.document(&manifest.config)?;
        Ok((manifest, config, bytes))
    }

    fn document<T: DeserializeOwned>(
        &self,
        entry: &Descriptor,
    ) -> Result<(T, Vec<u8>), OutputError> {
        let digest = &entry.digest;
        if self.size(digest) != Some(entry.size) || entry.size > MAX_DOCUMENT {
            return Err(bad(format!("{digest} of {} bytes is missing", entry.size)));
        }
        let bytes = fs::read(self.folder.join(blob_path(digest)))
            .map_err(|error| bad(format!("{digest}: {error}")))?;
        let parsed =
            serde_json::from_slice(&bytes).map_err(|error| bad(format!("{digest}: {error}")))?;
        Ok((parsed, bytes))
    }

    fn size(&self, digest: &Digest) -> Option<u64> {
        let found = fs::metadata(self.folder.join(blob_path(digest)));
        found.ok().map(|found| found.len())
    }

    /// Takes an archive. Blocks.
    fn take(&self, manifest: Option<&Digest>, mut pieces: Pieces) -> Result<Received, OutputError> {
        if manifest.is_some_and(|digest| self.has_image(digest)) {
            return Ok(Received::AlreadyHere);
        }
        let broken = |error: io::Error| bad(error.to_string());
        let mut archive = tar::Archive::new(Incoming::new(&mut pieces));
        for entry in archive.entries().map_err(broken)? {
            let mut entry = entry.map_err(broken)?;
            let digest = entry.path().ok().and_then(|path| digest_at(&path));
            let Some(digest) = digest.filter(|_| entry.header().entry_type().is_file()) else {
                continue;
            };
            self.blob(&digest, entry.size(), &mut entry)?;
        }
        // The daemon must be able to send the rest of its last block.
        io::copy(&mut archive.into_inner(), &mut io::sink()).map_err(broken)?;
        Ok(Received::Whole)
    }

    /// Whether an image is here, or in a layout that is extended, with all that belongs to it.
    fn has_image(&self, manifest: &Digest) -> bool {
        if !self.has(manifest, None) {
            return false;
        }
        let Some(size) = self.size(manifest) else {
            return false;
        };
        let entry = Descriptor::new(crate::oci::MediaType::OciManifest, manifest.clone(), size);
        let Ok((manifest, _)) = self.document::<Manifest>(&entry) else {
            return false;
        };
        let mut parts = manifest.layers.iter().chain([&manifest.config]);
        parts.all(|part| self.has(&part.digest, Some(part.size)))
    }

    /// Whether content is here, or can be linked from a layout that is extended.
    fn has(&self, digest: &Digest, size: Option<u64>) -> bool {
        let path = self.folder.join(blob_path(digest));
        let fits = |found: u64| size.is_none_or(|size| size == found);
        if let Some(found) = self.size(digest) {
            return fits(found);
        }
        let mut known = self
            .known
            .iter()
            .map(|layout| layout.join(blob_path(digest)));
        known.any(|known| {
            let found = fs::metadata(&known).is_ok_and(|it| it.is_file() && fits(it.len()));
            found
                && digest_of(&known, digest).is_ok_and(|found| found == *digest)
                && make_parent(&path).is_ok()
                && linked(&known, &path)
        })
    }

    /// Writes content under its digest. What is there already is not read.
    fn blob(&self, digest: &Digest, size: u64, content: &mut impl Read) -> Result<(), OutputError> {
        if self.has(digest, Some(size)) {
            return Ok(());
        }
        let path = self.folder.join(blob_path(digest));
        let unfinished = self.folder.join(format!("part-{}", fresh_id()));
        let written = make_parent(&path)
            .and_then(|()| File::create_new(&unfinished))
            .map_err(|error| self.unwritable(&error))
            .and_then(|mut file| self.copy(digest, size, content, &mut file))
            .and_then(|()| {
                let renamed = fs::rename(&unfinished, &path);
                renamed.map_err(|error| self.unwritable(&error))
            });
        if written.is_err() {
            // Its room is needed by the other platforms, which may still succeed.
            let _ = fs::remove_file(&unfinished);
        }
        written
    }

    fn copy(
        &self,
        digest: &Digest,
        size: u64,
        content: &mut impl Read,
        file: &mut File,
    ) -> Result<(), OutputError> {
        let mut digester = Digester::with(digest.algorithm());
        let mut chunk = vec![0; CHUNK];
        let mut read = 0;
        loop {
            let count = match content.read(&mut chunk) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(bad(error.to_string())),
            };
            digester.update(&chunk[..count]);
            file.write_all(&chunk[..count])
                .map_err(|error| self.unwritable(&error))?;
            read += count as u64;
        }
        let found = digester.finish();
        if read != size || found != *digest {
            return Err(bad(format!("{digest} came as {found} of {read} bytes")));
        }
        file.sync_all().map_err(|error| self.unwritable(&error))
    }

    fn unwritable(&self, error: &io::Error) -> OutputError {
        OutputError::unwritable(&self.place, error)
    }
}

fn bad(what: impl Into<String>) -> OutputError {
    OutputError::BadArchive(what.into())
}

fn make_parent(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), fs::create_dir_all)
}

/// Links a file; one that is linked already is as good.
fn linked(from: &Path, to: &Path) -> bool {
    fs::hard_link(from, to).is_ok() || is_same_file(from, to)
}

/// Whether two paths lead to one file.
pub(super) fn is_same_file(one: &Path, other: &Path) -> bool {
    match (fs::metadata(one), fs::metadata(other)) {
        (Ok(one), Ok(other)) => (one.dev(), one.ino()) == (other.dev(), other.ino()),
        _ => false,
    }
}

/// The digest of a file, with the algorithm of another one.
pub(super) fn digest_of(path: &Path, like: &Digest) -> io::Result<Digest> {
    let mut file = File::open(path)?;
    let mut digester = Digester::with(like.algorithm());
    let mut chunk = vec![0; CHUNK];
    loop {
        match file.read(&mut chunk)? {
            0 => return Ok(digester.finish()),
            count => digester.update(&chunk[..count]),
        }
    }
}

/// The pieces of an archive as one file.
pub(in super::super) struct Incoming<'a> {
    piece: Bytes,
    pieces: &'a mut Pieces,
}

impl<'a> Incoming<'a> {
    pub(in super::super) fn new(pieces: &'a mut Pieces) -> Self {
        let piece = Bytes::new();
        Self { piece, pieces }
    }
}

impl Read for Incoming<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() {
            match self.pieces.blocking_recv() {
                Some(piece) => self.piece = piece?,
                None => return Ok(0),
            }
        }
        let count = self.piece.len().min(buffer.len());
        self.piece.copy_to_slice(&mut buffer[..count]);
        Ok(count)
    }
}

/// The archive of one leg.
#[derive(Debug)]
pub(in super::super) struct LegArchive {
    staging: Arc<Staging>,
    /// Why the last one was not taken.
    failed: Mutex<Option<OutputError>>,
}

impl LegArchive {
    pub(in super::super) fn new(staging: &Arc<Staging>) -> Arc<LegArchive> {
        Arc::new(LegArchive {
            staging: Arc::clone(staging),
            failed: Mutex::new(None),
        })
    }

    /// Where the builder is to send it.
    pub(in super::super) fn target(self: &Arc<Self>) -> ArchiveTo {
        ArchiveTo::new(Arc::clone(self) as Arc<dyn ArchiveReceiver>)
    }

    /// Why it could not be kept: a builder only says that it could not send it.
    pub(in super::super) fn unwritten(&self) -> Option<OutputError> {
        let failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        let ours = |error: &OutputError| !matches!(error, OutputError::BadArchive(_));
        failed.clone().filter(ours)
    }
}

#[async_trait]
impl ArchiveReceiver for LegArchive {
    async fn receive(&self, manifest: Option<Digest>, pieces: Pieces) -> Result<Received, String> {
        let staging = Arc::clone(&self.staging);
        let taking = tokio::task::spawn_blocking(move || staging.take(manifest.as_ref(), pieces));
        let taken = match taking.await {
            Ok(taken) => taken,
            Err(error) => return Err(format!("it was not taken to its end ({error})")),
        };
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        *failed = taken.as_ref().err().cloned();
        taken.map_err(|error| error.to_string())
    }
}
