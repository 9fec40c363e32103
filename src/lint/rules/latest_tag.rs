//! `latest-tag`: a base or source image whose tag moves by design.

use crate::diagnostic::{Finding, Level};
use crate::lint::rule::{Check, Example, PINNING, Rule};
use crate::lint::view::{RecipeView, Report};
use crate::oci::Tag;
use crate::recipe::Content;

pub(in crate::lint) static RULE: Rule = Rule {
    id: "latest-tag",
    group: PINNING,
    level: Some(Level::Warning),
    fixed: false,
    summary: "an image is taken by `latest`, or without tag and digest",
    why: "`latest` is whatever was pushed last: another major version, another distribution. Name the version that \
          the recipe was written for. `kiln.lock` pins the digest, and `kiln update` moves it.",
    bad: Example(&[(Example::PATH, "base: ubuntu\n")]),
    good: Example(&[(Example::PATH, "base: ubuntu:24.04\n")]),
    check: Check::Recipe(check),
};

fn check(view: &RecipeView<'_>, report: &mut Report<'_>) {
    let contents = view.images.iter().flat_map(|image| image.contents.values());
    for (reference, place) in contents.flat_map(Content::images) {
        if reference.digest().is_some() {
            continue;
        }
        let message = match reference.tag().map(Tag::as_str) {
            None => format!("`{reference}` has neither tag nor digest: that means `latest`"),
            Some("latest") => format!("`{reference}` is whatever was pushed last"),
            Some(_) => continue,
        };
        report.push(Finding::error(place, message).with_help("name the version you mean"));
    }
}
