//! What differs from a git revision, and whom that concerns.

use std::collections::BTreeSet;
use std::path::Path;

use super::scope::below;
use crate::ops::build::{BuildOptions, outlined};
use crate::ops::error::OpError;
use crate::ops::facts::git;
use crate::ops::load::Loaded;
use crate::plan::{Leg, Plan};
use crate::recipe::{Base, Content};
use crate::workspace::FILE_NAME;

/// The images whose recipe, its fragments, snippets and templates, or copied files differ from a revision, and all
/// below them, by their positions in the plan.
pub(super) fn changed(
    loaded: &Loaded,
    plan: &Plan,
    options: &BuildOptions,
    revision: &str,
) -> Result<BTreeSet<usize>, OpError> {
    let paths = differing(&loaded.workspace.root, revision)?;
    // It has the defaults of every recipe.
    if paths.contains(FILE_NAME) {
        return Ok((0..plan.images.len()).collect());
    }
    if paths.is_empty() {
        return Ok(BTreeSet::new());
    }
    let outlines = outlined(loaded, options, plan)?;
    let mut own = BTreeSet::new();
    for (image, planned) in plan.images.iter().enumerate() {
        let is_own = |path: &String| {
            let made_of = loaded.made_of.get(&planned.image.recipe.value);
            made_of.is_some_and(|files| files.iter().any(|file| holds(file, path)))
                || planned.image.contents.iter().any(|(&platform, content)| {
                    let outline = outlines.get(&Leg { image, platform });
                    outline.is_some_and(|it| it.takes(path)) || begins_with(content, path)
                })
        };
        if paths.iter().any(is_own) {
            own.insert(image);
        }
    }
    let mut all = below(plan, &own);
    all.extend(own);
    Ok(all)
}

/// Whether a changed path is a file, or lies in it where that is a folder.
fn holds(file: &str, path: &str) -> bool {
    let rest = path.strip_prefix(file.trim_end_matches('/'));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Whether an image begins with a Dockerfile or layout at a path.
fn begins_with(content: &Content, path: &str) -> bool {
    content.bases().iter().any(|base| match &base.value {
        Base::Dockerfile(dockerfile) => holds(dockerfile.file.value.trim_start_matches('/'), path),
        Base::Oci { folder, .. } => holds(folder.trim_start_matches('/'), path),
        _ => false,
    })
}

/// The paths below a folder of a checkout that differ from a revision, with what is not committed and what git does
/// not know yet.
fn differing(root: &Path, revision: &str) -> Result<BTreeSet<String>, OpError> {
    if let Err(said) = git(root, &["rev-parse", "--show-toplevel"]) {
        return Err(OpError::Usage {
            message: format!("--changed-since needs a git checkout: {said}"),
            next: Some("run it in a checkout, or leave the option out".to_owned()),
        });
    }
    let commit = format!("{revision}^{{commit}}");
    let verify = ["rev-parse", "--verify", "--quiet", "--end-of-options"];
    let commit = git(root, &[&verify[..], &[&commit]].concat()).map_err(|_| OpError::Usage {
        message: format!("git knows no revision `{revision}`"),
        next: Some(
            "name a commit, branch or tag of this checkout; a shallow clone has few: `git fetch --unshallow`"
                .to_owned(),
        ),
    })?;
    let commit = commit.trim();
    let failed = |said: String| OpError::Usage {
        message: format!("git cannot tell what has changed since `{revision}`: {said}"),
        next: None,
    };
    let diff = ["diff", "--name-only", "-z", "--no-renames", "--relative"];
    let diff = git(root, &[&diff[..], &[commit, "--", "."]].concat()).map_err(failed)?;
    let others = [
        "ls-files",
        "-z",
        "--others",
        "--exclude-standard",
        "--",
        ".",
    ];
    let others = git(root, &others).map_err(failed)?;
    let paths = diff.split('\0').chain(others.split('\0'));
    let paths = paths.filter(|path| !path.is_empty());
    Ok(paths.map(ToOwned::to_owned).collect())
}
