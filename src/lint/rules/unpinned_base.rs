//! `unpinned-base`: an image by tag alone.

use crate::diagnostic::{Finding, Level};
use crate::lint::rule::{Check, Example, PINNING, Rule};
use crate::lint::view::{RecipeView, Report};

pub(in crate::lint) static RULE: Rule = Rule {
    id: "unpinned-base",
    group: PINNING,
    level: Some(Level::Note),
    fixed: false,
    summary: "an image is taken by its tag alone, and the workspace has no lock",
    why: "A tag is moved with every rebuild of the image, so the same recipe gives another image next week. A digest \
          beside the tag says which one is meant; where the workspace has a `kiln.lock`, it holds the digests.",
    bad: Example(&[(Example::PATH, "base: ubuntu:24.04\n")]),
    good: Example(&[(
        Example::PATH,
        "base: ubuntu:24.04@sha256:c3d1a3432e7b1a3a6b3a8a8f5c7a1a6f3b4f7e6d5c4b3a291817161514131211\n",
    )]),
    check: Check::Recipe(check),
};

fn check(view: &RecipeView<'_>, report: &mut Report<'_>) {
    if view.has_lock {
        return;
    }
    let contents = view.images.iter().flat_map(|image| image.contents.values());
    for (reference, place) in contents.flat_map(|content| content.images()) {
        // What has no tag or `latest` is `latest-tag`'s.
        let tag = reference.tag().map(crate::oci::Tag::as_str);
        if reference.digest().is_some() || matches!(tag, None | Some("latest")) {
            continue;
        }
        let message = format!("`{reference}` may be another image tomorrow");
        let help = "write the digest behind it, `@sha256:…`";
        report.push(Finding::error(place, message).with_help(help));
    }
}
