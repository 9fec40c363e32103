//! Digests of local files: what a builder would be sent, as one digest.
//!
//! Only what is sent counts: paths, kinds, permissions, targets of links and contents; not times, owners or
//! the checkout's place. Contents are read with every core, and remembered from run to run by path, size,
//! time of change, time of the last change of the inode, and inode: a file that has all of them is not read
//! again. A file that was written a moment ago is not remembered, since another write could follow within the
//! same tick of the clock.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read, Write};
use std::ops::ControlFlow;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::error::ContextError;
use super::stat::{Entry, Kind};
use super::steady::{Stamp, SteadyFile};
use super::walk::{Filter, walk};
use crate::oci::{Digest, Digester};

/// The first word of the file in which digests are remembered.
const FORMAT: &str = "kiln-hashes-1";
/// How old a file must be to be remembered, in nanoseconds.
const SETTLED_NS: i128 = 2_000_000_000;
/// Bytes that are read at once.
const BUFFER: usize = 1 << 16;

/// Computes digests of the files below a folder, and remembers them.
#[derive(Debug)]
pub struct Hasher {
    root: PathBuf,
    /// Where digests are remembered from run to run; nothing for this run only.
    store: Option<PathBuf>,
    known: Mutex<BTreeMap<String, Known>>,
    trees: Mutex<BTreeMap<String, Digest>>,
}

/// What is remembered of a file.
#[derive(Debug)]
struct Known {
    stat: Stat,
    digest: Digest,
    /// Whether it was seen in this run.
    used: bool,
}

/// What tells whether a file is still the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Stat(u64, i128, i128, u64);

impl Stat {
    fn of(metadata: &fs::Metadata) -> Self {
        let at = |seconds: i64, ns: i64| i128::from(seconds) * 1_000_000_000 + i128::from(ns);
        Self(
            metadata.size(),
            at(metadata.mtime(), metadata.mtime_nsec()),
            at(metadata.ctime(), metadata.ctime_nsec()),
            metadata.ino(),
        )
    }

    /// Whether a write in the same tick of the clock can be ruled out; clocks of other machines may be ahead.
    fn is_settled(self) -> bool {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = now.map_or(0, |now| i128::try_from(now.as_nanos()).unwrap_or(0));
        self.1.max(self.2) < now - SETTLED_NS
    }
}

impl Hasher {
    /// For the files below `root`; with `store`, digests are taken from there and kept by [`Hasher::save`].
    /// A store that cannot be read is an empty one.
    pub fn new(root: impl Into<PathBuf>, store: Option<PathBuf>) -> Self {
        let known = store.as_deref().and_then(load).unwrap_or_default();
        Self {
            root: root.into(),
            store,
            known: Mutex::new(known),
            trees: Mutex::default(),
        }
    }

    /// The digest of what `filter` takes of the files below `folder`, itself relative to the root.
    ///
    /// # Errors
    /// What cannot be walked or read, and a file that changes meanwhile.
    pub fn tree(&self, folder: &str, filter: &Filter) -> Result<Digest, ContextError> {
        let name = format!("{folder}\n{filter:?}");
        if let Ok(trees) = self.trees.lock()
            && let Some(digest) = trees.get(&name)
        {
            return Ok(digest.clone());
        }
        let base = self.root.join(folder);
        let mut entries = Vec::new();
        walk(&base, filter, &mut |entry| {
            entries.push(entry);
            ControlFlow::Continue(())
        })?;
        let contents = self.contents(folder, &base, &entries)?;
        let mut digester = Digester::new();
        for (entry, content) in entries.iter().zip(&contents) {
            describe(&mut digester, entry, content.as_ref());
        }
        let digest = digester.finish();
        if let Ok(mut trees) = self.trees.lock() {
            trees.insert(name, digest.clone());
        }
        Ok(digest)
    }

    /// The digest of each entry's content; nothing for what has none of its own.
    fn contents(
        &self,
        folder: &str,
        base: &Path,
        entries: &[Entry],
    ) -> Result<Vec<Option<Digest>>, ContextError> {
        let has_content = |entry: &&(usize, &Entry)| {
            let (_, entry) = entry;
            entry.kind == Kind::File && entry.link.is_none()
        };
        let numbered = entries.iter().enumerate().collect::<Vec<_>>();
        let files: Vec<&(usize, &Entry)> = numbered.iter().filter(has_content).collect();
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let all = Mutex::new(vec![None; entries.len()]);
        let (next, failed) = (AtomicUsize::new(0), Mutex::new(None));
        let work = || {
            while let Some((index, entry)) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                match self.file(folder, base, entry) {
                    Ok(digest) => {
                        if let Ok(mut all) = all.lock() {
                            all[*index] = Some(digest);
                        }
                    }
                    Err(error) => {
                        next.store(files.len(), Ordering::Relaxed);
                        if let Ok(mut failed) = failed.lock() {
                            *failed = Some(error);
                        }
                    }
                }
            }
        };
        // A thread costs more than a few small files.
        if files.len() < 8 {
            work();
        } else {
            std::thread::scope(|scope| {
                for _ in 0..cores.min(files.len()) {
                    scope.spawn(work);
                }
            });
        }
        match failed.into_inner() {
            Ok(None) => Ok(all.into_inner().unwrap_or_default()),
            Ok(Some(error)) => Err(error),
            Err(_) => Ok(Vec::new()),
        }
    }

    fn file(&self, folder: &str, base: &Path, entry: &Entry) -> Result<Digest, ContextError> {
        let path = base.join(&entry.path);
        let failed = |source| ContextError::Read {
            path: path.clone(),
            source,
        };
        let name = format!("{folder}/{}", entry.path);
        let stat = Stat::of(&fs::symlink_metadata(&path).map_err(failed)?);
        if let Ok(mut known) = self.known.lock()
            && let Some(known) = known.get_mut(&name)
            && known.stat == stat
        {
            known.used = true;
            return Ok(known.digest.clone());
        }
        let digest = read(&path, entry).map_err(failed)?;
        if let Ok(mut known) = self.known.lock()
            && stat.is_settled()
        {
            let (digest, used) = (digest.clone(), true);
            known.insert(name, Known { stat, digest, used });
        }
        Ok(digest)
    }

    /// Remembers digests for the next run. What no run asked for in a long time is not dropped as long as the file
    /// is there: another selection of images may ask for it.
    ///
    /// # Errors
    /// The store cannot be written; it is only a help, so there is no need to stop for that.
    pub fn save(&self) -> io::Result<()> {
        let (Some(store), Ok(mut known)) = (&self.store, self.known.lock()) else {
            return Ok(());
        };
        if known.values().all(|known| !known.used) {
            return Ok(());
        }
        known.retain(|path, known| {
            known.used || fs::symlink_metadata(self.root.join(path.trim_start_matches('/'))).is_ok()
        });
        let folder = store.parent().unwrap_or(&self.root);
        fs::create_dir_all(folder)?;
        let new = store.with_extension(format!("{}.new", std::process::id()));
        let mut out = io::BufWriter::new(fs::File::create(&new)?);
        writeln!(out, "{FORMAT}")?;
        for (path, known) in known.iter() {
            serde_json::to_writer(&mut out, &(path, known.stat, &known.digest))?;
            out.write_all(b"\n")?;
        }
        out.flush()?;
        fs::rename(&new, store)
    }
}

fn read(path: &Path, entry: &Entry) -> io::Result<Digest> {
    let mut file = SteadyFile::open(path, Stamp::of(entry))?;
    let (mut digester, mut buffer) = (Digester::new(), vec![0; BUFFER]);
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(digester.finish()),
            size => digester.update(&buffer[..size]),
        }
    }
}

/// One entry in a form in which no two entries look alike: every text has its length before it.
fn describe(digester: &mut Digester, entry: &Entry, content: Option<&Digest>) {
    let head = format!(
        "{:?} {:o} {:?}\n",
        entry.kind, entry.permissions, entry.device
    );
    let link = entry.link.as_deref().unwrap_or_default();
    let content = content.map_or("", Digest::as_str);
    for text in [head.as_str(), &entry.path, link, content] {
        digester.update(&(text.len() as u64).to_be_bytes());
        digester.update(text.as_bytes());
    }
}

/// What was remembered; nothing where the store is of another form, or damaged.
fn load(store: &Path) -> Option<BTreeMap<String, Known>> {
    let text = fs::read_to_string(store).ok()?;
    let mut lines = text.lines();
    if lines.next()? != FORMAT {
        return None;
    }
    let known = lines.map(|line| {
        let (path, stat, digest): (String, Stat, Digest) = serde_json::from_str(line).ok()?;
        let used = false;
        Some((path, Known { stat, digest, used }))
    });
    known.collect()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::path::Path;
    use std::time::{Duration, SystemTime};

    use super::{Filter, Hasher};
    use crate::oci::Digest;

    type Edit = fn(&Path);

    fn tree(root: &Path) -> Digest {
        Hasher::new(root, None)
            .tree("", &Filter::default())
            .unwrap()
    }

    fn sample(root: &Path) {
        fs::create_dir_all(root.join("앱/빈")).unwrap();
        for number in 0..20 {
            fs::write(root.join(format!("앱/{number}.py")), format!("{number}")).unwrap();
        }
        symlink("앱/1.py", root.join("link")).unwrap();
    }

    #[test]
    fn what_is_sent_decides_and_times_and_places_do_not() {
        let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        sample(one.path());
        sample(two.path());
        let then = SystemTime::now() - Duration::from_secs(86_400);
        let file = fs::File::open(two.path().join("앱/3.py")).unwrap();
        file.set_modified(then).unwrap();
        let first = tree(one.path());
        assert_eq!(first, tree(two.path()));
        let edits: [Edit; 5] = [
            |root| fs::write(root.join("앱/3.py"), "x").unwrap(),
            |root| fs::rename(root.join("앱/3.py"), root.join("앱/03.py")).unwrap(),
            |root| fs::remove_dir(root.join("앱/빈")).unwrap(),
            |root| {
                let mode = fs::Permissions::from_mode(0o755);
                fs::set_permissions(root.join("앱/3.py"), mode).unwrap();
            },
            |root| {
                fs::remove_file(root.join("link")).unwrap();
                symlink("앱/2.py", root.join("link")).unwrap();
            },
        ];
        for edit in edits {
            let edited = tempfile::tempdir().unwrap();
            sample(edited.path());
            edit(edited.path());
            assert_ne!(first, tree(edited.path()));
        }
    }

    #[test]
    fn an_edit_shows_even_if_size_and_time_are_kept() {
        let root = tempfile::tempdir().unwrap();
        let (path, store) = (root.path().join("앱"), root.path().join(".kiln/hashes"));
        let then = SystemTime::now() - Duration::from_secs(86_400);
        let write = |text: &str| {
            fs::write(&path, text).unwrap();
            fs::File::open(&path).unwrap().set_modified(then).unwrap();
        };
        let hash = || {
            let hasher = Hasher::new(root.path(), Some(store.clone()));
            let filter = Filter {
                include: vec!["앱".to_owned()],
                ..Filter::default()
            };
            let digest = hasher.tree("", &filter).unwrap();
            hasher.save().unwrap();
            digest
        };
        write("a");
        let first = hash();
        assert_eq!(first, hash());
        write("b");
        assert_ne!(first, hash());
    }

    #[test]
    fn a_damaged_store_is_an_empty_one() {
        let root = tempfile::tempdir().unwrap();
        sample(root.path());
        let store = root.path().join("store");
        fs::write(&store, "kiln-hashes-1\n[\"앱/3.py\"").unwrap();
        let filter = Filter {
            include: vec!["앱".to_owned()],
            ..Filter::default()
        };
        let damaged = Hasher::new(root.path(), Some(store));
        let fresh = Hasher::new(root.path(), None);
        assert_eq!(
            damaged.tree("", &filter).unwrap(),
            fresh.tree("", &filter).unwrap()
        );
    }
}
