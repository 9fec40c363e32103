//! Whose files a builder gets. Owns the words that tell this run and this workspace from all others.

use std::path::Path;

use crate::buildkit::fresh_id;
use crate::lower::Origin;
use crate::oci::Digest;

/// Files that tell machines apart; the first one is often missing or empty in containers.
const MACHINE: [&str; 2] = ["/etc/machine-id", "/proc/sys/kernel/hostname"];

/// The origin of a run on a workspace.
pub(super) fn origin(root: &Path) -> Origin {
    let mut words = String::new();
    for path in MACHINE {
        words.push_str(&std::fs::read_to_string(path).unwrap_or_default());
    }
    let root = root.canonicalize().unwrap_or_else(|_| root.to_path_buf());
    words.push_str(&root.to_string_lossy());
    Origin {
        run: fresh_id(),
        workspace: Digest::sha256_of(words.as_bytes()).to_string(),
    }
}
