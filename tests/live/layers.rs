//! What is in layers: entries with everything a user could look at.

use std::collections::BTreeMap;
use std::io::Read;

use flate2::read::GzDecoder;
use tar::EntryType;

/// One entry of a layer, or one file of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Without `/` at either end.
    pub(crate) path: String,
    /// `f`, `d`, `l`, `h`, or `?`.
    pub(crate) kind: char,
    pub(crate) mode: u32,
    pub(crate) owner: (u64, u64),
    pub(crate) time: u64,
    /// Of both kinds of links.
    pub(crate) target: String,
    pub(crate) content: Vec<u8>,
}

impl Entry {
    /// `f 0644 0:0 etc/motd`, with ` -> target` for links.
    pub(crate) fn line(&self) -> String {
        let Self {
            path,
            kind,
            mode,
            owner: (user, group),
            ..
        } = self;
        let target = if self.target.is_empty() {
            String::new()
        } else {
            format!(" -> {}", self.target)
        };
        format!("{kind} {mode:04o} {user}:{group} {path}{target}")
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.content).unwrap()
    }
}

/// What zstd's frames begin with, RFC 8878.
pub(crate) const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// Reads what zstd has packed; nothing where it is damaged in its first bytes.
pub(crate) fn zstd<R: Read>(packed: R) -> Option<impl Read> {
    ruzstd::decoding::StreamingDecoder::new(packed).ok()
}

/// The entries of a layer as it is stored, in the order of the archive.
pub(crate) fn entries(blob: &[u8]) -> Vec<Entry> {
    let mut plain = Vec::new();
    if blob.starts_with(&[0x1f, 0x8b]) {
        GzDecoder::new(blob).read_to_end(&mut plain).unwrap();
    } else if blob.starts_with(&ZSTD) {
        zstd(blob).unwrap().read_to_end(&mut plain).unwrap();
    } else {
        plain.extend_from_slice(blob);
    }
    let mut archive = tar::Archive::new(plain.as_slice());
    archive
        .entries()
        .unwrap()
        .map(|entry| read(entry.unwrap()))
        .collect()
}

fn read(mut entry: tar::Entry<'_, &[u8]>) -> Entry {
    let header = entry.header().clone();
    let path = String::from_utf8(entry.path_bytes().into_owned()).unwrap();
    let target = entry
        .link_name_bytes()
        .map(|name| String::from_utf8(name.into_owned()).unwrap());
    let mut content = Vec::new();
    entry.read_to_end(&mut content).unwrap();
    Entry {
        path: path.trim_start_matches("./").trim_matches('/').to_owned(),
        kind: match header.entry_type() {
            EntryType::Regular => 'f',
            EntryType::Directory => 'd',
            EntryType::Symlink => 'l',
            EntryType::Link => 'h',
            _ => '?',
        },
        mode: header.mode().unwrap() & 0o7777,
        owner: (header.uid().unwrap(), header.gid().unwrap()),
        time: header.mtime().unwrap(),
        target: target.unwrap_or_default(),
        content,
    }
}

/// A tarball with gzip: path, permissions and content of each file. Its times are not the images'.
pub(crate) fn archive<'a>(files: impl IntoIterator<Item = (&'a str, u32, &'a [u8])>) -> Vec<u8> {
    let packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    let mut builder = tar::Builder::new(packed);
    for (path, mode, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(mode);
        header.set_mtime(1_000_000_000);
        header.set_uid(1234);
        header.set_gid(1234);
        builder.append_data(&mut header, path, content).unwrap();
    }
    builder.into_inner().unwrap().finish().unwrap()
}

/// The lines of entries, sorted by path.
pub(crate) fn lines(entries: &[Entry]) -> Vec<String> {
    let mut sorted: Vec<&Entry> = entries.iter().collect();
    sorted.sort_by(|a, b| a.path.cmp(&b.path));
    sorted.into_iter().map(Entry::line).collect()
}

/// The file system that layers make, each on top of the one before.
pub(crate) fn stacked(layers: impl IntoIterator<Item = Vec<Entry>>) -> BTreeMap<String, Entry> {
    let mut all: BTreeMap<String, Entry> = BTreeMap::new();
    for layer in layers {
        for entry in &layer {
            let (folder, name) = entry.path.rsplit_once('/').unwrap_or(("", &entry.path));
            let below = |path: &str, of: &str| {
                path.strip_prefix(of)
                    .is_some_and(|rest| rest.starts_with('/'))
            };
            if name == ".wh..wh..opq" {
                all.retain(|path, _| !below(path, folder));
            } else if let Some(gone) = name.strip_prefix(".wh.") {
                let gone = format!("{folder}/{gone}");
                let gone = gone.trim_start_matches('/');
                all.retain(|path, _| path != gone && !below(path, gone));
            }
        }
        let kept = layer
            .into_iter()
            .filter(|entry| !entry.path.contains(".wh."));
        for entry in kept {
            if entry.kind != 'd' {
                let inside = format!("{}/", entry.path);
                all.retain(|path, _| !path.starts_with(&inside));
            }
            all.insert(entry.path.clone(), entry);
        }
    }
    all
}
