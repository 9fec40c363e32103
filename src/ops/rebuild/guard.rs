//! One rebuild at a time in a workspace.
//!
//! A file says who is at work, by host and process. While they are, they hold a lock on that file as well, which the
//! system takes back however they end. So on one host it is the lock that counts, and a process whose number was given
//! to somebody else deceives nobody; a lock does not reach over to other hosts, where it is the words that count.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use rustix::process::{Pid, test_kill_process};
use serde::{Deserialize, Serialize};

use crate::ops::error::OpError;
use crate::record::Utc;

/// Below the workspace.
const FILE: &str = ".kiln/rebuild.lock";

/// Who is at work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Holder {
    host: String,
    pid: i32,
    since: Utc,
}

/// The right to rebuild in a workspace, up to its end.
#[derive(Debug)]
pub struct Guard {
    file: File,
    /// What is to be said of whoever was there before.
    note: Option<String>,
}

impl Guard {
    /// Takes it.
    ///
    /// # Errors
    /// Somebody else has it, or the file cannot be written.
    pub fn take(root: &Path) -> Result<Self, OpError> {
        let path = root.join(FILE);
        let failed = |source| OpError::File {
            action: "write",
            path: path.display().to_string(),
            source,
        };
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(failed)?;
        }
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(failed)?;
        let locked = match file.try_lock() {
            Ok(()) => true,
            Err(TryLockError::WouldBlock) => return Err(busy(read(&mut file), &path)),
            // A file system that knows no locks.
            Err(TryLockError::Error(_)) => false,
        };
        let own = Holder {
            host: host(),
            pid: i32::try_from(std::process::id()).unwrap_or_default(),
            since: Utc::now(),
        };
        let mut note = None;
        if let Some(before) = read(&mut file) {
            if before.host != own.host {
                return Err(elsewhere(&before, &path));
            }
            if !locked && before.pid != own.pid && is_running(before.pid) {
                return Err(busy(Some(before), &path));
            }
            note = Some(format!(
                "the rebuild of process {} on {}, begun at {}, did not come to its end: this one goes on",
                before.pid, before.host, before.since
            ));
        }
        write(&mut file, Some(&own)).map_err(failed)?;
        Ok(Self { file, note })
    }

    /// What is to be said of whoever was there before.
    pub fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        // The file stays: were it deleted, two others could hold locks on two files of its name.
        let _ = write(&mut self.file, None);
        let _ = self.file.unlock();
    }
}

fn busy(holder: Option<Holder>, path: &Path) -> OpError {
    let who = match holder {
        Some(Holder { host, pid, since }) => format!("process {pid} on {host}, since {since}"),
        None => format!("somebody who has locked `{}`", path.display()),
    };
    OpError::Usage {
        message: format!("another rebuild is at work in this workspace: {who}"),
        next: Some("wait for its end, or end it, and run this again".to_owned()),
    }
}

fn elsewhere(holder: &Holder, path: &Path) -> OpError {
    let Holder { host, pid, since } = holder;
    OpError::Usage {
        message: format!(
            "a rebuild in this workspace was begun by process {pid} on another host, {host}, at {since}, and whether it \
             still runs cannot be seen from here"
        ),
        next: Some(format!(
            "if it does not run any more, delete `{}` and run this again",
            shown(path).display()
        )),
    }
}

fn shown(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf())
}

/// What the file says; nothing where it is empty, or was not written to its end.
fn read(file: &mut File) -> Option<Holder> {
    let mut text = Vec::new();
    file.seek(SeekFrom::Start(0)).ok()?;
    file.take(64 << 10).read_to_end(&mut text).ok()?;
    serde_json::from_slice(&text).ok()
}

fn write(file: &mut File, holder: Option<&Holder>) -> io::Result<()> {
    file.set_len(0)?;
    file.seek(SeekFrom::Start(0))?;
    if let Some(holder) = holder {
        let mut line = serde_json::to_vec(holder)?;
        line.push(b'\n');
        file.write_all(&line)?;
    }
    file.sync_all()
}

fn host() -> String {
    let system = rustix::system::uname();
    system.nodename().to_string_lossy().into_owned()
}

fn is_running(pid: i32) -> bool {
    let Some(pid) = Pid::from_raw(pid) else {
        return false;
    };
    // Whoever may not be sent a signal is there all the same.
    !matches!(test_kill_process(pid), Err(rustix::io::Errno::SRCH))
}

#[cfg(test)]
mod tests {
    use super::{FILE, Guard, Holder, host};
    use crate::ops::OpError;
    use crate::record::Utc;

    fn left_by(host: &str, pid: i32) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let host = host.to_owned();
        let since: Utc = "2026-11-21T07:45:00Z".parse().unwrap();
        let text = serde_json::to_vec(&Holder { host, pid, since }).unwrap();
        std::fs::create_dir(folder.path().join(".kiln")).unwrap();
        std::fs::write(folder.path().join(FILE), text).unwrap();
        folder
    }

    fn words(error: &OpError) -> (String, String) {
        (error.to_string(), error.next_step().unwrap_or_default())
    }

    #[test]
    fn a_second_one_is_told_who_is_at_work_and_may_begin_when_they_are_done() {
        let folder = tempfile::tempdir().unwrap();
        let first = Guard::take(folder.path()).unwrap();
        assert_eq!(first.note(), None);
        let (message, next) = words(&Guard::take(folder.path()).unwrap_err());
        let own = format!("process {} on {}", std::process::id(), host());
        assert!(message.contains(&own), "{message}");
        assert!(next.contains("wait"), "{next}");
        drop(first);
        assert_eq!(Guard::take(folder.path()).unwrap().note(), None);
    }

    #[test]
    fn one_that_was_killed_on_this_host_is_followed_with_a_note() {
        // Its number may have gone to somebody who runs, such as the first process of all.
        for pid in [i32::MAX, 1] {
            let folder = left_by(&host(), pid);
            let guard = Guard::take(folder.path()).unwrap();
            let note = guard.note().unwrap();
            assert!(note.contains(&format!("process {pid} on")), "{note}");
            drop(guard);
            assert_eq!(Guard::take(folder.path()).unwrap().note(), None);
        }
    }

    #[test]
    fn one_on_another_host_is_an_error_that_names_the_file() {
        let folder = left_by("빌드-7", 42);
        let (message, next) = words(&Guard::take(folder.path()).unwrap_err());
        assert!(message.contains("process 42 on another host, 빌드-7"));
        assert!(next.contains(FILE), "{next}");
        std::fs::remove_file(folder.path().join(FILE)).unwrap();
        assert!(Guard::take(folder.path()).is_ok());
    }

    #[test]
    fn words_that_were_not_written_to_their_end_stop_nobody() {
        let folder = left_by("빌드-7", 42);
        let path = folder.path().join(FILE);
        let text = std::fs::read(&path).unwrap();
        std::fs::write(&path, &text[..text.len() / 2]).unwrap();
        assert!(Guard::take(folder.path()).is_ok());
    }
}
