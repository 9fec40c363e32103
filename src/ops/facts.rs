//! What git says of the workspace.

use std::path::Path;
use std::process::Command;

use crate::recipe::Facts;

/// Commit and commit time of a checkout.
pub(super) fn facts(root: &Path) -> Facts {
    let git = || -> Result<(String, i64), String> {
        let shown = run(root, &["show", "--no-patch", "--format=%H %ct", "HEAD"])?;
        let (commit, time) = shown
            .split_once(' ')
            .ok_or("git said something unexpected")?;
        let time = time
            .parse()
            .map_err(|_| "git said something unexpected".to_owned())?;
        Ok((commit.to_owned(), time))
    };
    Facts { git: git() }
}

/// The commit, and whether files differ from it; nothing outside a checkout.
pub(super) fn revision(root: &Path) -> Option<(String, bool)> {
    let commit = run(root, &["rev-parse", "HEAD"]).ok()?;
    let dirty = run(root, &["status", "--porcelain", "--", "."]).is_ok_and(|text| !text.is_empty());
    Some((commit, dirty))
}

fn run(root: &Path, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new("git")
        .arg("-C")
        .arg(root)
        .args(arguments)
        .output()
        .map_err(|error| format!("git cannot be run: {error}"))?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr);
        return Err(text.lines().next().unwrap_or("git failed").to_owned());
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
