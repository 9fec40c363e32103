//! An image layout as one tar file: the same images give the same bytes.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use tar::{Builder, EntryType, Header};

use crate::oci::layout::{INDEX, MARKER, MARKER_TEXT, blob_path};
use crate::oci::{Digest, Index, canonical};

/// What an entry is made of.
enum Content {
    Folder,
    File(PathBuf),
    Text(Vec<u8>),
}

/// Writes a layout with this list of images; their content is taken from a folder. Blocks.
pub(super) fn write(
    output: &mut dyn Write,
    staged: &Path,
    blobs: &BTreeSet<Digest>,
    index: &Index,
) -> io::Result<()> {
    let (list, _) = canonical::encode(index).map_err(io::Error::other)?;
    let mut entries: BTreeMap<PathBuf, Content> = BTreeMap::from([
        (INDEX.into(), Content::Text(list)),
        (MARKER.into(), Content::Text(MARKER_TEXT.into())),
    ]);
    for digest in blobs {
        let path = blob_path(digest);
        let parents = path.ancestors().skip(1);
        for folder in parents.filter(|parent| !parent.as_os_str().is_empty()) {
            entries.insert(folder.to_path_buf(), Content::Folder);
        }
        entries.insert(path.clone(), Content::File(staged.join(path)));
    }
    let mut archive = Builder::new(output);
    for (path, content) in entries {
        match content {
            Content::Folder => {
                let mut header = header(EntryType::Directory, 0o755, 0);
                archive.append_data(&mut header, path.join(""), io::empty())?;
            }
            Content::Text(text) => {
                let mut header = header(EntryType::Regular, 0o644, text.len() as u64);
                archive.append_data(&mut header, path, &text[..])?;
            }
            Content::File(from) => {
                let file = File::open(&from)?;
                let size = file.metadata()?.len();
                let mut header = header(EntryType::Regular, 0o644, size);
                archive.append_data(&mut header, path, file.take(size))?;
            }
        }
    }
    archive.into_inner()?.flush()
}

/// The same owner and time for everything.
fn header(kind: EntryType, mode: u32, size: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_size(size);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header
}
