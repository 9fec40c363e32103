//! What is at a path of an image, taken from the archive of an image that holds nothing else.
//!
//! The builder sends it as an image of one layer that is not compressed. It is read as it comes and kept
//! nowhere: of a large file that is only asked for its mode hardly more than the beginning is sent.

use std::io::{self, Read};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;

use super::output::Incoming;
use super::verdict::Found;
use crate::buildkit::{ArchiveReceiver, ArchiveTo, Pieces, Received};
use crate::oci::Digest;

/// The size of a block of a tar archive, and where in it stands what tells one.
const BLOCK: usize = 512;
const MAGIC: std::ops::Range<usize> = 257..262;
/// Bytes of a file that nobody looks at and that are taken all the same: ending the transfer costs more.
const TAKEN: u64 = 4 << 20;
/// Bytes that are searched at once.
const CHUNK: usize = 64 << 10;

/// Looks at one path.
#[derive(Debug)]
pub(super) struct Look {
    /// The name under which it is in the layer.
    name: String,
    /// A text that is looked for in it.
    text: Option<String>,
    found: Mutex<Found>,
}

impl Look {
    pub(super) fn new(name: &str, text: Option<&str>) -> Arc<Look> {
        Arc::new(Look {
            name: name.to_owned(),
            text: text.map(str::to_owned),
            found: Mutex::new(Found::Nothing),
        })
    }

    /// Where the builder is to send it.
    pub(super) fn target(self: &Arc<Self>) -> ArchiveTo {
        ArchiveTo::new(Arc::clone(self) as Arc<dyn ArchiveReceiver>)
    }

    /// What was in the last archive.
    pub(super) fn found(&self) -> Found {
        *self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes an archive. Blocks.
    fn take(name: &str, text: Option<&str>, pieces: &mut Pieces) -> io::Result<(Found, Received)> {
        let mut archive = tar::Archive::new(Incoming::new(pieces));
        let mut found = Found::Nothing;
        for entry in archive.entries()? {
            let mut blob = entry?;
            let mut first = Vec::with_capacity(BLOCK);
            blob.by_ref().take(BLOCK as u64).read_to_end(&mut first)?;
            // Manifest, configuration and lists are JSON; a layer tells by its first block.
            if first.get(MAGIC) != Some(b"ustar") {
                continue;
            }
            let layer = io::Cursor::new(first).chain(blob);
            let (at_path, enough) = look(name, text, layer)?;
            found = at_path;
            if enough {
                return Ok((found, Received::AlreadyHere));
            }
        }
        // The daemon must be able to send the rest of its last block.
        io::copy(&mut archive.into_inner(), &mut io::sink())?;
        Ok((found, Received::Whole))
    }
}

/// What a layer has under a name, and whether the rest of it is long and of no use.
fn look(name: &str, text: Option<&str>, layer: impl Read) -> io::Result<(Found, bool)> {
    let mut layer = tar::Archive::new(layer);
    for entry in layer.entries()? {
        let mut entry = entry?;
        let path = entry.path_bytes();
        let path = String::from_utf8_lossy(&path);
        if path.trim_start_matches("./").trim_matches('/') != name {
            continue;
        }
        let mode = entry.header().mode()? & 0o7777;
        let kind = entry.header().entry_type();
        if kind.is_dir() {
            return Ok((Found::Folder { mode }, false));
        }
        if !kind.is_file() {
            return Ok((Found::Other { mode }, false));
        }
        let Some(text) = text else {
            let contains = false;
            return Ok((Found::File { mode, contains }, entry.size() > TAKEN));
        };
        let contains = holds(&mut entry, text.as_bytes())?;
        return Ok((Found::File { mode, contains }, false));
    }
    Ok((Found::Nothing, false))
}

/// Whether bytes are in a content, which is read to its end.
fn holds(content: &mut impl Read, wanted: &[u8]) -> io::Result<bool> {
    let mut window = Vec::new();
    let mut holds = false;
    loop {
        let read = content
            .by_ref()
            .take(CHUNK as u64)
            .read_to_end(&mut window)?;
        if read == 0 {
            return Ok(holds);
        }
        holds |= window.windows(wanted.len()).any(|part| part == wanted);
        // What was begun here may end in what comes next.
        let kept = window.len().min(wanted.len().saturating_sub(1));
        window.drain(..window.len() - kept);
    }
}

#[async_trait]
impl ArchiveReceiver for Look {
    async fn receive(&self, _: Option<Digest>, mut pieces: Pieces) -> Result<Received, String> {
        let (name, text) = (self.name.clone(), self.text.clone());
        let taking = tokio::task::spawn_blocking(move || {
            Look::take(&name, text.as_deref(), &mut pieces).map_err(|error| error.to_string())
        });
        let (found, received) = match taking.await {
            Ok(taken) => taken?,
            Err(error) => return Err(format!("it was not taken to its end ({error})")),
        };
        *self.found.lock().unwrap_or_else(PoisonError::into_inner) = found;
        Ok(received)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use bytes::Bytes;
    use tokio::sync::mpsc;

    use super::{CHUNK, Found, Look, Received, TAKEN, holds};

    /// An archive of an image whose one layer has one file. Of a file that is longer than `written` says, the
    /// rest does not come.
    fn archive(name: &str, size: u64, written: &[u8]) -> Vec<u8> {
        let header = |size: u64, mode| {
            let mut header = tar::Header::new_gnu();
            header.set_size(size);
            header.set_mode(mode);
            header
        };
        let mut inner = header(size, 0o754);
        inner.set_path(name).unwrap();
        inner.set_cksum();
        let mut layer = inner.as_bytes().to_vec();
        layer.extend_from_slice(written);
        layer.resize(layer.len().next_multiple_of(512), 0);
        let mut tar = tar::Builder::new(Vec::new());
        let manifest = "{\"größe\":1}".as_bytes();
        tar.append_data(
            &mut header(manifest.len() as u64, 0o444),
            "blobs/sha256/a",
            manifest,
        )
        .unwrap();
        let mut outer = header(layer.len() as u64 + size - written.len() as u64, 0o444);
        outer.set_path("blobs/sha256/b").unwrap();
        outer.set_cksum();
        let mut bytes = tar.get_ref().clone();
        bytes.extend_from_slice(outer.as_bytes());
        bytes.extend(layer);
        if written.len() as u64 == size {
            bytes.resize(bytes.len() + 1024, 0);
        }
        bytes
    }

    fn taken(bytes: Vec<u8>, text: Option<&str>) -> std::io::Result<(Found, Received)> {
        let (sender, mut pieces) = mpsc::channel(1);
        sender.try_send(Ok(Bytes::from(bytes))).unwrap();
        drop(sender);
        Look::take("kiln-1", text, &mut pieces)
    }

    #[test]
    fn a_file_is_found_in_the_one_layer_of_the_archive() {
        let file = |contains| {
            let mode = 0o754;
            Found::File { mode, contains }
        };
        let bytes = archive("kiln-1", 7, "größe".as_bytes());
        let (found, received) = taken(bytes.clone(), Some("röß")).unwrap();
        assert_eq!((found, received), (file(true), Received::Whole));
        assert_eq!(taken(bytes, Some("x")).unwrap().0, file(false));
        let other = archive("kiln-2", 7, "größe".as_bytes());
        assert_eq!(taken(other, None).unwrap().0, Found::Nothing);
    }

    #[test]
    fn the_rest_of_a_large_file_that_nobody_reads_is_not_waited_for() {
        let bytes = archive("kiln-1", TAKEN + 1, b"Anfang");
        let (found, received) = taken(bytes.clone(), None).unwrap();
        assert_eq!(received, Received::AlreadyHere);
        assert!(matches!(found, Found::File { mode: 0o754, .. }));
        // Whoever reads it hears that it breaks off.
        assert!(taken(bytes, Some("Ende")).is_err());
    }

    #[test]
    fn a_text_is_found_wherever_it_stands_in_a_file() {
        let wanted = "größe".as_bytes();
        for before in [0, 1, CHUNK - 3, CHUNK, 3 * CHUNK - 1] {
            let mut content = vec![b'x'; before];
            content.extend_from_slice(wanted);
            content.push(b'y');
            assert!(
                holds(&mut Cursor::new(&content), wanted).unwrap(),
                "{before}"
            );
            content.truncate(before + wanted.len() - 1);
            assert!(
                !holds(&mut Cursor::new(&content), wanted).unwrap(),
                "{before}"
            );
        }
        assert!(!holds(&mut Cursor::new(b""), wanted).unwrap());
    }
}
