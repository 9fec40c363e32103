//! A folder for what is not whole yet, beside the place where it will be.
//!
//! It goes with its run. What a run left that was killed is removed by the next one in the same place:
//! each holds a lock as long as it lives.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::buildkit::fresh_id;
use crate::context::SCRATCH;

const LOCK: &str = "lock";

/// The folder. Dropping it removes it, and the folders that were made for it and are still empty.
#[derive(Debug)]
pub(in crate::ops) struct Scratch {
    path: PathBuf,
    made: Vec<PathBuf>,
    _lock: File,
}

/// Whether a name in a folder is that of somebody's scratch.
pub(super) fn is_scratch(name: &str) -> bool {
    name.starts_with(SCRATCH)
}

impl Scratch {
    /// A new one in a folder, which is made if it is not there.
    pub(in crate::ops) fn in_folder(folder: &Path) -> io::Result<Scratch> {
        let made: Vec<PathBuf> = folder
            .ancestors()
            .take_while(|path| !path.as_os_str().is_empty() && !path.exists())
            .map(Path::to_path_buf)
            .collect();
        let scratch = make(folder);
        if scratch.is_err() {
            remove_empty(&made);
        }
        let (path, lock) = scratch?;
        Ok(Scratch {
            path,
            made,
            _lock: lock,
        })
    }

    pub(in crate::ops) fn path(&self) -> &Path {
        &self.path
    }
}

fn make(folder: &Path) -> io::Result<(PathBuf, File)> {
    fs::create_dir_all(folder)?;
    sweep(folder);
    let path = folder.join(format!("{SCRATCH}{}", &fresh_id()[..12]));
    fs::create_dir(&path)?;
    // The lock is held before it has the name by which others look for it.
    let held = path.join("held");
    let locked = File::create(&held).and_then(|lock| {
        // Where a file system has no locks, nobody takes this folder for a dead one either.
        let _ = lock.lock();
        fs::rename(&held, path.join(LOCK))?;
        Ok(lock)
    });
    match locked {
        Ok(lock) => Ok((path, lock)),
        Err(error) => {
            let _ = fs::remove_dir_all(&path);
            Err(error)
        }
    }
}

/// Removes what dead runs left. What cannot be removed does no harm.
fn sweep(folder: &Path) {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in entries.filter(|entry| entry.file_name().to_str().is_some_and(is_scratch)) {
        let lock = File::open(entry.path().join(LOCK));
        if lock.is_ok_and(|lock| lock.try_lock().is_ok()) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

fn remove_empty(folders: &[PathBuf]) {
    for folder in folders {
        if fs::remove_dir(folder).is_err() {
            return;
        }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // A thread that has not heard of the end yet may still put a file in.
        for _ in 0..3 {
            if fs::remove_dir_all(&self.path).is_ok() {
                break;
            }
        }
        remove_empty(&self.made);
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{LOCK, Scratch};

    #[test]
    fn it_goes_with_what_was_made_for_it_and_leaves_what_was_there() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("größe/innen");
        let scratch = Scratch::in_folder(&inner).unwrap();
        fs::write(scratch.path().join("x"), "x").unwrap();
        drop(scratch);
        assert!(!folder.path().join("größe").exists());
        assert!(folder.path().exists());

        let scratch = Scratch::in_folder(&inner).unwrap();
        fs::write(inner.join("fertig"), "x").unwrap();
        drop(scratch);
        let left: Vec<_> = fs::read_dir(&inner).unwrap().collect();
        assert_eq!(left.len(), 1, "{left:?}");
    }

    #[test]
    fn what_a_dead_run_left_is_removed_and_a_living_one_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let dead = folder.path().join(".kiln-output-tot");
        fs::create_dir(&dead).unwrap();
        fs::write(dead.join(LOCK), "").unwrap();
        let first = Scratch::in_folder(folder.path()).unwrap();
        assert!(!dead.exists());
        let second = Scratch::in_folder(folder.path()).unwrap();
        assert!(first.path().exists() && second.path().exists());
    }
}
