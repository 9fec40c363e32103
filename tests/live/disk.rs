//! Small file systems of a test's own.

use std::path::Path;
use std::process::Command;

use crate::workspace::Workspace;

/// A file system of a few bytes that is gone with the test.
#[derive(Debug)]
pub(crate) struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    pub(crate) fn new(space: &Workspace, size: &str) -> Self {
        let folder = tempfile::tempdir_in(space.lab.folder.join("run")).unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"]);
        assert!(mount.arg(folder.path()).status().unwrap().success());
        Self(folder)
    }

    /// From now on nothing can be written to it.
    pub(crate) fn read_only(&self) {
        let mut mount = Command::new("mount");
        mount.args(["-o", "remount,ro"]).arg(self.path());
        assert!(mount.status().unwrap().success());
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let mut umount = Command::new("umount");
        let _ = umount.arg("--lazy").arg(self.path()).status();
    }
}
