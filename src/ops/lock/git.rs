//! Checkouts: the commits of branches and tags, as the installed git sees them.

use std::path::Path;
use std::process::Stdio;

use futures_util::StreamExt as _;
use tokio::process::Command;

use super::unresolved::Unresolved;
use crate::lock::{Lock, Needs, is_commit};
use crate::ops::OpError;

/// How many repositories are asked at once.
const PARALLEL: usize = 4;

/// Why there is no commit.
enum Fault {
    /// The repository has no such branch or tag.
    Nothing,
    /// git is not there.
    NoGit(std::io::Error),
    /// git says no; its words.
    Refused(String),
}

/// Notes the commit of everything that is missing.
pub(super) async fn checkouts(
    missing: &Needs,
    lock: &mut Lock,
    ca: Option<&Path>,
    unresolved: &mut Unresolved,
) {
    let all = futures_util::stream::iter(missing.git.iter())
        .map(|((url, reference), places)| async move {
            (url, reference, places, commit(url, reference, ca).await)
        })
        .buffered(PARALLEL)
        .collect::<Vec<_>>()
        .await;
    for (url, reference, places, result) in all {
        match result {
            Ok(commit) => lock.set_git(url, reference, commit),
            Err(Fault::Nothing) => {
                let message = format!("{url} has no branch or tag `{reference}`");
                let help = "check the name; a commit is written in full, with 40 or 64 digits";
                unresolved.wrong(places, &message, help);
            }
            Err(Fault::NoGit(error)) => unresolved.unavailable(OpError::Usage {
                message: format!("git cannot be run: {error}"),
                next: Some("install git: it tells the commits of branches and tags".to_owned()),
            }),
            Err(Fault::Refused(words)) => unresolved.unavailable(OpError::Unanswered {
                message: format!("git cannot list {url}: {words}"),
                next: format!("see what `git ls-remote {url}` says here"),
            }),
        }
    }
}

async fn commit(url: &str, reference: &str, ca: Option<&Path>) -> Result<String, Fault> {
    let peeled = format!("{reference}^{{}}");
    let mut git = Command::new("git");
    git.args(["ls-remote", "--", url, reference, &peeled])
        .env("GIT_TERMINAL_PROMPT", "0")
        .stdin(Stdio::null())
        .kill_on_drop(true);
    if let Some(ca) = ca {
        git.env("GIT_SSL_CAINFO", ca);
    }
    let output = git.output().await.map_err(Fault::NoGit)?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr);
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        return Err(Fault::Refused(lines.collect::<Vec<_>>().join("; ")));
    }
    chosen(&String::from_utf8_lossy(&output.stdout), reference).ok_or(Fault::Nothing)
}

/// The commit of a name in what `git ls-remote` lists. A branch goes before a tag of its name, as in a checkout; of a
/// tag that is an object of its own, what it points to counts.
fn chosen(listed: &str, reference: &str) -> Option<String> {
    let find = |name: &str| {
        let mut lines = listed.lines().filter_map(|line| line.split_once('\t'));
        let found = lines.find(|(_, known)| *known == name);
        found.map(|(commit, _)| commit.to_owned())
    };
    let names = [
        format!("refs/heads/{reference}"),
        format!("refs/tags/{reference}^{{}}"),
        format!("refs/tags/{reference}"),
        format!("refs/{reference}^{{}}"),
        format!("refs/{reference}"),
        format!("{reference}^{{}}"),
        reference.to_owned(),
    ];
    let found = names.iter().find_map(|name| find(name))?;
    is_commit(&found).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::chosen;

    #[test]
    fn a_branch_goes_before_a_tag_and_a_tag_means_what_it_points_to() {
        let [a, b, c, d] = ["a", "b", "c", "d"].map(|digit| digit.repeat(40));
        let listed = format!(
            "{a}\trefs/heads/feature/v1\n{b}\trefs/tags/v1\n{c}\trefs/tags/v1^{{}}\n{d}\trefs/tags/v2\n{a}\trefs/heads/v2\n"
        );
        assert_eq!(chosen(&listed, "v1"), Some(c));
        assert_eq!(chosen(&listed, "v2"), Some(a.clone()));
        assert_eq!(chosen(&listed, "feature/v1"), Some(a.clone()));
        assert_eq!(chosen(&listed, "refs/tags/v1"), chosen(&listed, "v1"));
        assert_eq!(chosen(&format!("{a}\tHEAD\n"), "HEAD"), Some(a));
        assert_eq!(chosen(&listed, "가지"), None);
    }
}
