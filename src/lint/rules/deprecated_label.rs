//! `deprecated-label`: a label whose successor everybody reads.

use crate::diagnostic::{Finding, Fix, Level};
use crate::kernel::retired;
use crate::lint::rule::{Check, Example, NAMING, Rule};
use crate::lint::tree::{entries, values};
use crate::lint::view::{RecipeView, Report};

pub(in crate::lint) static RULE: Rule = Rule {
    id: "deprecated-label",
    group: NAMING,
    level: Some(Level::Warning),
    fixed: false,
    summary: "a label that has been replaced, or that nothing reads any more",
    why: "`org.label-schema.*` was given up for the names of the OCI image-spec (annotations.md) in 2019, and `maintainer` \
          never was a standard; scanners, catalogues and registries show `org.opencontainers.image.*`. Of Backend.AI's labels some \
          are of a generation that no release reads, and some never limited what they seem to limit.",
    bad: Example(&[(
        Example::PATH,
        "labels: {maintainer: 김 <kim@example.com>}\n",
    )]),
    good: Example(&[(
        Example::PATH,
        "labels: {org.opencontainers.image.authors: 김 <kim@example.com>}\n",
    )]),
    check: Check::Recipe(check),
};

/// Old names and those that took their place (image-spec v1.1, annotations.md, "Back-compatibility").
const REPLACED: [(&str, &str); 12] = [
    ("maintainer", "org.opencontainers.image.authors"),
    ("MAINTAINER", "org.opencontainers.image.authors"),
    (
        "org.label-schema.build-date",
        "org.opencontainers.image.created",
    ),
    ("org.label-schema.url", "org.opencontainers.image.url"),
    (
        "org.label-schema.usage",
        "org.opencontainers.image.documentation",
    ),
    (
        "org.label-schema.vcs-url",
        "org.opencontainers.image.source",
    ),
    (
        "org.label-schema.vcs-ref",
        "org.opencontainers.image.revision",
    ),
    (
        "org.label-schema.version",
        "org.opencontainers.image.version",
    ),
    ("org.label-schema.vendor", "org.opencontainers.image.vendor"),
    ("org.label-schema.name", "org.opencontainers.image.title"),
    (
        "org.label-schema.description",
        "org.opencontainers.image.description",
    ),
    ("org.label-schema.schema-version", ""),
];

fn check(view: &RecipeView<'_>, report: &mut Report<'_>) {
    for entry in values(view.tree(), "labels").into_iter().flat_map(entries) {
        let key = &entry.key;
        if let Some(retired) = retired(&key.value) {
            let message = format!("`{}` {}", key.value, retired.why);
            report.push(Finding::error(&key.place, message).with_help(retired.instead));
            continue;
        }
        let Some((old, new)) = REPLACED.iter().find(|(old, _)| key.value == *old) else {
            continue;
        };
        let finding = Finding::error(&key.place, format!("`{old}` is a label of the past"));
        report.push(match *new {
            "" => finding.with_help("take it out"),
            new => {
                let fix = Fix::suggested(format!("write `{new}`")).replacing(&key.place, new);
                finding.with_help(format!("write `{new}`")).with_fix(fix)
            }
        });
    }
    let kernels = values(view.tree(), "kernel").into_iter();
    let resources = kernels.flat_map(|kernel| values(kernel, "resources"));
    for resources in resources {
        let Some(max) = resources.entry("max") else {
            continue;
        };
        // One word for all of them: they are retired together.
        if let Some(retired) = retired("ai.backend.resource.max.cpu") {
            let message = format!("`max` {}", retired.why);
            report.push(Finding::error(&max.key.place, message).with_help(retired.instead));
        }
    }
}
