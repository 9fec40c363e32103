//! The lock on the disk.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;

use crate::diagnostic::Findings;
use crate::lock::{FILE_NAME, Lock, MAX_BYTES};
use crate::ops::OpError;
use crate::ops::source::source_within;

/// Reads the lock of a workspace. Nothing comes back where there is none, or where it has mistakes, which are among
/// the findings then.
pub(in crate::ops) fn read(root: &Path, findings: &mut Findings) -> Result<Option<Lock>, OpError> {
    let path = root.join(FILE_NAME);
    let read = match source_within(&path, FILE_NAME, MAX_BYTES, findings) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        read => read.map_err(failed("read", &path))?,
    };
    Ok(read.and_then(|source| Lock::parse(&source, findings)))
}

/// Writes a lock beside the old one and puts it in its place as a whole: whatever happens, one of both is there.
pub(super) fn write(root: &Path, lock: &Lock) -> Result<(), OpError> {
    let path = root.join(FILE_NAME);
    // A link stays one, and what it leads to is replaced.
    let target = path.canonicalize().unwrap_or_else(|_| path.clone());
    let mut name = target.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    let new = target.with_file_name(name);
    let written = (|| {
        let mut file = File::create(&new)?;
        file.write_all(lock.text().as_bytes())?;
        file.sync_all()?;
        if let Ok(old) = fs::metadata(&target) {
            fs::set_permissions(&new, old.permissions())?;
        }
        fs::rename(&new, &target)
    })();
    if written.is_err() {
        let _ = fs::remove_file(&new);
    }
    written.map_err(failed("write", &path))
}

fn failed(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> OpError {
    let path = path.display().to_string();
    move |source| OpError::File {
        action,
        path,
        source,
    }
}
