//! `cuda-label`: a kernel whose labels speak of CUDA and nothing else of it does.

use crate::diagnostic::{Finding, Level};
use crate::kernel::{KernelLabels, LabelKey};
use crate::lint::rule::{Check, Example, NAMING, Rule};
use crate::lint::tree::{entries, scalars};
use crate::lint::view::{RecipeView, Report};
use crate::recipe::{Base, Image};

pub(in crate::lint) static RULE: Rule = Rule {
    id: "cuda-label",
    group: NAMING,
    level: Some(Level::Warning),
    fixed: false,
    summary: "labels of a kernel that speak of CUDA where nothing else does",
    why: "Backend.AI shows an image with `accelerators: cuda` where a user asks for a GPU, and gives a session of one with \
          `cuda.device` in its minimum to no machine without. Neither base, tag nor steps of this recipe speak of it, so \
          the label was most likely copied. A tag that speaks of CUDA beside labels that do not is a `kernel-contradiction`.",
    bad: Example(&[(
        Example::PATH,
        "tags: [1.0-py312]\nbase: ubuntu:22.04\nrepository: team/example\nplatforms: [linux/amd64]\n\
         kernel: {runtime: app, runtime_path: /bin/true, base_distro: ubuntu22.04, features: [batch], resources: {min: {cpu: 1, mem: 64m}}, accelerators: [cuda]}\n",
    )]),
    good: Example(&[(
        Example::PATH,
        "tags: [1.0-py312-cuda12.4]\nbase: nvidia/cuda:12.4.1-runtime-ubuntu22.04\nrepository: team/example\nplatforms: [linux/amd64]\n\
         kernel: {runtime: app, runtime_path: /bin/true, base_distro: ubuntu22.04, features: [batch], resources: {min: {cpu: 1, mem: 64m}}, accelerators: [cuda]}\n",
    )]),
    check: Check::Recipe(check),
};

/// Words that say that somebody thought of it.
const WORDS: [&str; 6] = ["cuda", "gpu", "nvidia", "nvcr.io", "cudnn", "ngc"];

fn check(view: &RecipeView<'_>, report: &mut Report<'_>) {
    let Some((place, label)) = view.images.iter().find_map(named) else {
        return;
    };
    let mut speaks = false;
    for entry in entries(view.tree()) {
        if !["kernel", "labels"].contains(&entry.key.value.as_str()) {
            scalars(&entry.value, &mut |text| speaks |= has_word(text.text));
        }
    }
    speaks |= has_word(&view.recipe.source().path().to_lowercase());
    // A value that came from elsewhere is in no recipe's tree.
    let unknown = view
        .images
        .iter()
        .any(|image| image.contents.values().any(hidden));
    if speaks || unknown {
        return;
    }
    let message =
        format!("the label `{label}` speaks of CUDA, and nothing else in the recipe does");
    let help = "take it out, or begin with an image that has CUDA";
    report.push(Finding::error(&place, message).with_help(help));
}

fn has_word(text: &str) -> bool {
    let lower = text.to_lowercase();
    WORDS.iter().any(|word| lower.contains(word))
}

/// The first label of an image that speaks of CUDA, and where it stands.
fn named(image: &Image) -> Option<(crate::text::Place, String)> {
    let kernel = image
        .contents
        .values()
        .find_map(|content| content.kernel.as_ref())?;
    let read = KernelLabels::read(&kernel.all_labels());
    let accelerators = read.accelerators.iter().flatten();
    let mut keys = accelerators
        .filter(|name| *name == "cuda")
        .map(|_| LabelKey::Accelerators)
        .chain(
            read.resources
                .keys()
                .filter(|(_, slot)| slot.as_str().starts_with("cuda."))
                .map(|(bound, slot)| LabelKey::Resource(*bound, slot.clone())),
        );
    let key = keys.next()?.to_string();
    Some((kernel.place_of(&key)?.clone(), key))
}

/// Whether something of an image is made where this recipe's tree does not show it.
fn hidden(content: &crate::recipe::Content) -> bool {
    let stages = content.stages.values().flat_map(|stage| &stage.steps);
    let shared = stages
        .chain(&content.steps)
        .any(|step| !step.used.is_empty());
    let elsewhere = |base: &Base| {
        matches!(
            base,
            Base::Recipe(_) | Base::Dockerfile(_) | Base::Oci { .. } | Base::Rootfs(_)
        )
    };
    shared || content.bases().iter().any(|base| elsewhere(&base.value))
}
