//! What git says of the workspace.

use std::path::Path;
use std::process::Command;

use crate::recipe::Facts;

/// Commit and commit time of a checkout, and the lock's period.
pub(super) fn facts(root: &Path, period: Result<String, String>) -> Facts {
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
    Facts { git: git(), period }
}

/// The commit, and whether files differ from it; nothing outside a checkout. The ledger is no
/// difference: each record would otherwise say so of the next.
pub(super) fn revision(root: &Path, ledger: &Path) -> Option<(String, bool)> {
    let commit = run(root, &["rev-parse", "HEAD"]).ok()?;
    let ledger = std::path::absolute(ledger).unwrap_or_else(|_| ledger.to_path_buf());
    let inside = ledger.strip_prefix(root).ok().and_then(Path::to_str);
    let except = inside.map(|path| format!(":(exclude,literal){path}"));
    let mut arguments = vec!["status", "--porcelain", "--", ".", ":(exclude).kiln"];
    arguments.extend(except.as_deref());
    let dirty = run(root, &arguments).map_or(true, |text| !text.is_empty());
    Some((commit, dirty))
}

fn run(root: &Path, arguments: &[&str]) -> Result<String, String> {
    git(root, arguments).map(|said| said.trim().to_owned())
}

/// What git says in a folder, word for word; the first line of its error otherwise.
pub(super) fn git(root: &Path, arguments: &[&str]) -> Result<String, String> {
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
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
