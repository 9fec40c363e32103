//! `base-platform`: a base whose own name says that it lacks a platform.

use crate::diagnostic::{Finding, Level};
use crate::lint::rule::{Check, Example, MULTI_ARCH, Rule};
use crate::lint::view::{RecipeView, Report};
use crate::oci::Reference;

pub(in crate::lint) static RULE: Rule = Rule {
    id: "base-platform",
    group: MULTI_ARCH,
    level: Some(Level::Error),
    fixed: false,
    summary: "an image is taken for a platform that it is known to lack",
    why: "Some images say in their name for which architecture they are, and some publishers build for one only. The build \
          of the other platform would fail at its first step, after everything before it was done. Choose a base that has \
          both, name the platforms that there are, or choose by `match: arch`.",
    bad: Example(&[(Example::PATH, "base: rocm/pytorch:6.2.3\n")]),
    good: Example(&[(
        Example::PATH,
        "base: rocm/pytorch:6.2.3\nplatforms: [linux/amd64]\n",
    )]),
    check: Check::Recipe(check),
};

/// Repositories that are for one architecture, by the beginning of `host/path`.
const ONLY: [(&str, &str); 12] = [
    ("docker.io/amd64/", "amd64"),
    ("docker.io/arm64v8/", "arm64"),
    ("docker.io/arm32v7/", "arm"),
    ("docker.io/rocm/", "amd64"),
    ("docker.io/intel/", "amd64"),
    ("quay.io/pypa/manylinux2014_x86_64", "amd64"),
    ("quay.io/pypa/manylinux2014_aarch64", "arm64"),
    ("quay.io/pypa/manylinux_2_28_x86_64", "amd64"),
    ("quay.io/pypa/manylinux_2_28_aarch64", "arm64"),
    ("quay.io/pypa/manylinux_2_34_x86_64", "amd64"),
    ("quay.io/pypa/manylinux_2_34_aarch64", "arm64"),
    ("mcr.microsoft.com/mssql/", "amd64"),
];

fn check(view: &RecipeView<'_>, report: &mut Report<'_>) {
    for image in view.images {
        for (platform, content) in &image.contents {
            for (reference, place) in content.images() {
                let Some(only) = only(reference) else {
                    continue;
                };
                // A stage may run on another platform than the image's.
                let elsewhere = content.stages.values().any(|stage| {
                    &stage.base.place == place
                        && stage.platform != crate::recipe::StagePlatform::Target
                });
                if elsewhere || only == platform.architecture() {
                    continue;
                }
                let message = format!(
                    "`{reference}` is for {only}, and this image is built for {platform} too"
                );
                let help =
                    "choose another base, name its platform in `platforms`, or use `match: arch`";
                report.push(Finding::error(place, message).with_help(help));
            }
        }
    }
}

/// The one architecture of an image, where its name is known to say so.
fn only(reference: &Reference) -> Option<&'static str> {
    let repository = reference.repository();
    let name = format!("{}/{}", repository.host().as_str(), repository.path());
    let listed = ONLY.iter().find(|(start, _)| name.starts_with(start));
    listed.map(|(_, arch)| *arch)
}
