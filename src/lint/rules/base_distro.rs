//! `base-distro`: a kernel's distribution in the label beside that of its base.

use std::collections::BTreeSet;

use crate::diagnostic::{Finding, Level};
use crate::kernel::{LabelKey, check_base_distro};
use crate::lint::rule::{CORRECTNESS, Check, Example, Rule};
use crate::lint::view::{RecipeView, Report};
use crate::oci::Reference;
use crate::recipe::{Base, Content};
use crate::text::{Place, Spanned};

pub(in crate::lint) static RULE: Rule = Rule {
    id: "base-distro",
    group: CORRECTNESS,
    level: Some(Level::Warning),
    fixed: false,
    summary: "a kernel's `base-distro` that is not what its base is",
    why: "Backend.AI's agent takes its own programs for the distribution in the label and loads them into every program of a \
          session. On another C library, or an older one, nothing starts. The platform believes the label. What the base is, is \
          read from its name, where that says it.",
    bad: Example(&[(
        Example::PATH,
        "base: ubuntu:20.04\nrepository: team/example\nplatforms: [linux/amd64]\n\
         kernel: {runtime: app, runtime_path: /bin/true, base_distro: ubuntu22.04, features: [batch], resources: {min: {cpu: 1, mem: 64m}}}\n",
    )]),
    good: Example(&[(
        Example::PATH,
        "base: ubuntu:20.04\nrepository: team/example\nplatforms: [linux/amd64]\n\
         kernel: {runtime: app, runtime_path: /bin/true, base_distro: ubuntu20.04, features: [batch], resources: {min: {cpu: 1, mem: 64m}}}\n",
    )]),
    check: Check::Recipe(check),
};

fn check(view: &RecipeView<'_>, report: &mut Report<'_>) {
    let key = LabelKey::BaseDistro.to_string();
    let mut seen: BTreeSet<(String, String)> = BTreeSet::new();
    for content in view.images.iter().flat_map(|image| image.contents.values()) {
        let Some(kernel) = &content.kernel else {
            continue;
        };
        let label = kernel.labels.get(&key).or_else(|| kernel.raw.get(&key));
        let (Some(label), Some((image, place))) = (label, image(content)) else {
            continue;
        };
        let Some(tag) = image.tag() else { continue };
        let repository = image.repository();
        let name = format!("{}/{}", repository.host().as_str(), repository.path());
        let Some(fault) = check_base_distro(&label.value, &name, tag.as_str()) else {
            continue;
        };
        let finding = Finding {
            help: fault.help,
            ..Finding::error(&label.place, fault.message)
        };
        if seen.insert((label.place.to_string(), finding.message.clone())) {
            report.push(finding.with_related(place, "the base"));
        }
    }
}

/// The image of a registry that an image begins with, through its stages.
fn image(content: &Content) -> Option<(&Reference, &Place)> {
    let mut base: &Spanned<Base> = &content.base;
    for _ in 0..=content.stages.len() {
        match &base.value {
            Base::Image(reference) => return Some((reference, &base.place)),
            Base::Stage(name) => base = &content.stages.get(name)?.base,
            _ => return None,
        }
    }
    None
}
