//! Reads a layer's archive.
//!
//! Contents are digested as they pass by. Only files whose meaning is asked for are held, one at a time, and not if
//! they are larger than such files are.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read};
use std::sync::Arc;

use tar::EntryType;

use super::launcher::Launcher;
use super::listing::listing;
use super::pyc::Compiled;
use super::tree::{Content, Entry, Form, Kind, PathBytes, Tree};
use super::unpack::unpack;
use crate::oci::Digester;

const CHUNK: usize = 64 << 10;
/// How many links that lead to links are followed.
const MAX_STEPS: usize = 16;
/// What extended attributes are called in archives.
const XATTR: &str = "SCHILY.xattr.";
/// Largest byte-code and largest list that are understood.
const MAX_FORM: u64 = 64 << 20;
/// Largest script that is understood.
const MAX_SCRIPT: u64 = 8 << 10;

/// Reads a layer, packed or plain, to its end.
///
/// # Errors
/// Where the stream ends early, or is no archive.
pub fn read<'a>(packed: impl Read + 'a) -> io::Result<Tree> {
    let mut archive = tar::Archive::new(unpack(packed)?);
    let mut tree = Tree::default();
    let mut links = BTreeMap::new();
    for entry in archive.entries()? {
        let mut entry = entry?;
        let kind = entry.header().entry_type();
        if matches!(kind, EntryType::XGlobalHeader) {
            continue;
        }
        let path = trimmed(&entry.path_bytes());
        if kind == EntryType::Link {
            let target = entry.link_name_bytes().unwrap_or_default();
            links.insert(path.clone(), trimmed(&target));
        } else {
            links.remove(&path);
        }
        let read = one(&mut entry, &path)?;
        tree.entries.insert(path, read);
    }
    // What follows is checked as well: a packed stream has a sum at its end.
    io::copy(&mut archive.into_inner(), &mut io::sink())?;
    join(&mut tree, &links);
    Ok(tree)
}

/// A path of an archive without what says only that it begins at the root.
fn trimmed(path: &[u8]) -> PathBytes {
    let mut rest = path;
    loop {
        rest = match rest {
            [b'.', b'/', inner @ ..] | [b'/', inner @ ..] | [inner @ .., b'/'] => inner,
            [b'.'] => &[],
            _ => return rest.to_vec(),
        };
    }
}

fn one<R: Read>(entry: &mut tar::Entry<'_, R>, path: &[u8]) -> io::Result<Entry> {
    let header = entry.header().clone();
    let target = || {
        let target = entry.link_name_bytes();
        target.map(Cow::into_owned).unwrap_or_default()
    };
    let device = || -> io::Result<(u32, u32)> {
        let major = header.device_major()?.unwrap_or(0);
        Ok((major, header.device_minor()?.unwrap_or(0)))
    };
    let kind = match header.entry_type() {
        EntryType::Directory => Kind::Folder,
        EntryType::Symlink => Kind::Symlink(target()),
        EntryType::Link => Kind::Link(trimmed(&target())),
        EntryType::Fifo => Kind::Fifo,
        EntryType::Char => device().map(|(major, minor)| Kind::CharDevice(major, minor))?,
        EntryType::Block => device().map(|(major, minor)| Kind::BlockDevice(major, minor))?,
        EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => {
            Kind::File(content(entry, path)?)
        }
        other => Kind::Other(other.as_byte()),
    };
    let raw = header.as_old();
    Ok(Entry {
        kind,
        mode: number(&raw.mode, || header.mode())? & 0o7777,
        owner: (
            number(&raw.uid, || header.uid())?,
            number(&raw.gid, || header.gid())?,
        ),
        xattrs: xattrs(entry)?,
        links: None,
    })
}

/// A number of a header; a field that was left empty is 0, as other readers have it.
fn number<T: Default>(field: &[u8], read: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    if field.iter().all(|byte| matches!(byte, 0 | b' ')) {
        return Ok(T::default());
    }
    read()
}

fn xattrs<R: Read>(entry: &mut tar::Entry<'_, R>) -> io::Result<BTreeMap<String, Vec<u8>>> {
    let mut all = BTreeMap::new();
    for extension in entry.pax_extensions()?.into_iter().flatten() {
        let extension = extension?;
        let name = extension.key().ok().and_then(|key| key.strip_prefix(XATTR));
        if let Some(name) = name {
            all.insert(name.to_owned(), extension.value_bytes().to_vec());
        }
    }
    Ok(all)
}

/// What may be understood of a file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Nothing,
    Compiled,
    Launcher,
    Listing,
}

impl Wanted {
    fn of(path: &[u8], size: u64) -> Self {
        let mut parts = path.rsplit(|byte| *byte == b'/');
        let name = parts.next().unwrap_or_default();
        let folder = parts.next().unwrap_or_default();
        let fits = |most| size <= most;
        if name.ends_with(b".pyc") && fits(MAX_FORM) {
            Self::Compiled
        } else if folder == b"bin" && fits(MAX_SCRIPT) {
            Self::Launcher
        } else if name == b"RECORD" && folder.ends_with(b".dist-info") && fits(MAX_FORM) {
            Self::Listing
        } else {
            Self::Nothing
        }
    }

    fn form(self, bytes: &[u8]) -> Form {
        let form = match self {
            Self::Nothing => None,
            Self::Compiled => Compiled::read(bytes).map(Form::Compiled),
            Self::Launcher => Launcher::read(bytes).map(Form::Launcher),
            Self::Listing => listing(bytes).map(Form::Listing),
        };
        form.unwrap_or(Form::Plain)
    }
}

fn content<R: Read>(entry: &mut tar::Entry<'_, R>, path: &[u8]) -> io::Result<Content> {
    let wanted = Wanted::of(path, entry.size());
    let mut digester = Digester::new();
    let (mut held, mut chunk) = (Vec::new(), vec![0; CHUNK]);
    let mut size = 0;
    loop {
        let count = match entry.read(&mut chunk) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        digester.update(&chunk[..count]);
        if wanted != Wanted::Nothing {
            held.extend_from_slice(&chunk[..count]);
        }
        size += count as u64;
    }
    Ok(Content {
        size,
        digest: digester.finish(),
        form: wanted.form(&held),
    })
}

/// Puts the files that are one file under all their names.
fn join(tree: &mut Tree, links: &BTreeMap<PathBytes, PathBytes>) {
    let mut groups: BTreeMap<&PathBytes, BTreeSet<PathBytes>> = BTreeMap::new();
    for (path, target) in links {
        // A link may lead to another one, and in a broken archive in a circle.
        let steps = std::iter::successors(Some(target), |path| links.get(*path));
        let mut steps = steps.take(MAX_STEPS);
        let file = steps.find(|path| {
            let entry = tree.entries.get(*path);
            entry.is_some_and(|entry| matches!(entry.kind, Kind::File(_)))
        });
        if let Some(file) = file {
            let group = groups.entry(file).or_default();
            group.extend([path.clone(), file.clone()]);
        }
    }
    for (file, paths) in groups {
        let Some(mut whole) = tree.entries.get(file).cloned() else {
            continue;
        };
        let paths = Arc::new(paths);
        whole.links = Some(Arc::clone(&paths));
        for path in paths.iter() {
            tree.entries.insert(path.clone(), whole.clone());
        }
    }
}
