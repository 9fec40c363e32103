//! Git checkouts: as a step, and as what is mounted.

use super::fields::{Fields, Keys};
use super::files::{image_path, owner};
use super::reader::Reader;
use super::scalars;
use crate::recipe::steps::{Checkout, Git};
use crate::yaml::Node;

const GIT: Keys = Keys {
    of: "`git`",
    known: &["url", "ref", "submodules", "keep_git"],
    later: &[],
};
const CHECKOUT: Keys = Keys {
    of: "`git`",
    known: &["url", "ref", "submodules", "keep_git", "to", "owner"],
    later: &[],
};

/// Reads the step `git`.
pub(super) fn checkout(reader: &mut Reader<'_>, node: &Node) -> Option<Checkout> {
    let fields = Fields::read(reader, node, CHECKOUT)?;
    let git = git_of(reader, &fields);
    let to = image_path(reader, &fields, "to");
    let owner = owner(reader, &fields);
    Some(Checkout {
        git: git?,
        to: to?,
        owner,
    })
}

/// Reads `git` of a mount.
pub(super) fn git(reader: &mut Reader<'_>, node: &Node) -> Option<Git> {
    let fields = Fields::read(reader, node, GIT)?;
    git_of(reader, &fields)
}

fn git_of(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Option<Git> {
    let url = fields
        .require(reader, "url")
        .and_then(|node| reader.text(node));
    let reference = fields
        .require(reader, "ref")
        .and_then(|node| reader.text(node));
    let submodules = fields.flag(reader, "submodules", true);
    let keep_git = fields.flag(reader, "keep_git", false);
    let url = url.and_then(|text| reader.convert(text, git_url));
    let reference = reference.and_then(|text| reader.convert(text, git_reference));
    Some(Git {
        url: url?.value,
        reference: reference?.value,
        submodules,
        keep_git,
    })
}

fn git_url(text: &str) -> Result<String, String> {
    if let Some((before, _)) = text.split_once('#') {
        return Err(format!(
            "a git URL has no `#`; write `{before}` and put the branch, tag or commit into `ref`"
        ));
    }
    let scp_like = text.starts_with("git@") && text.contains(':');
    if scp_like || text.starts_with("ssh://") {
        return Ok(text.to_owned());
    }
    scalars::url(text)
        .map_err(|_| format!("`{text}` is no git URL; write https://…, ssh://… or git@host:path"))
}

/// A branch, tag or commit. The builder takes what stands behind a colon for a folder of the repository,
/// and an empty text for whatever branch the server likes best; neither can be meant.
fn git_reference(text: &str) -> Result<String, String> {
    let bad = |c: char| c.is_whitespace() || c.is_control() || ":#?*[\\~^".contains(c);
    if text.is_empty() || text.starts_with('-') || text.contains("..") || text.contains(bad) {
        return Err(format!(
            "`{text}` is no branch, tag or commit; a checkout is of exactly one"
        ));
    }
    Ok(text.to_owned())
}
