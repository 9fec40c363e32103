//! `impossible-limit`: a limit that no image can keep, or that can never be the one that is broken.

use std::collections::BTreeSet;

use crate::diagnostic::{Finding, Level};
use crate::lint::rule::{CORRECTNESS, Check, Example, Rule};
use crate::lint::view::{RecipeView, Report};
use crate::recipe::{Base, Content};
use crate::text::Place;

pub(in crate::lint) static RULE: Rule = Rule {
    id: "impossible-limit",
    group: CORRECTNESS,
    level: Some(Level::Warning),
    fixed: false,
    summary: "a limit that no image keeps, or that is never reached",
    why: "A layer cannot be larger than the image it is part of, so a `layer_size` above `image_size` never says anything, and one \
          of the two is not what was meant. An image of a few bytes cannot hold a layer at all: the unit is missing a letter.",
    bad: Example(&[(
        Example::PATH,
        "limits: {image_size: 512MB, layer_size: 1GB}\n",
    )]),
    good: Example(&[(
        Example::PATH,
        "limits: {image_size: 2GB, layer_size: 1GB}\n",
    )]),
    check: Check::Recipe(check),
};

/// Fewer bytes than a layer with one file has, whatever compresses it: the header of a tar entry alone comes to more.
const SMALLEST: u64 = 64;

fn check(view: &RecipeView<'_>, report: &mut Report<'_>) {
    let mut seen = BTreeSet::new();
    for content in view.images.iter().flat_map(|image| image.contents.values()) {
        let limits = &content.limits;
        let sizes = [("image", &limits.image_size), ("layer", &limits.layer_size)];
        for (what, size) in sizes {
            if let Some(size) = size
                && size.value < SMALLEST
                && has_layers(content)
                && seen.insert((size.place.span, what))
            {
                report.push(tiny(size.value, what, &size.place));
            }
        }
        if let (Some(image), Some(layer)) = (&limits.image_size, &limits.layer_size)
            && layer.value > image.value
            && seen.insert((layer.place.span, "above"))
        {
            let message = "no layer gets there: this is more than `image_size`";
            let finding = Finding::error(&layer.place, message);
            let finding = finding.with_help("write a smaller size, or take it out");
            report.push(finding.with_related(&image.place, "the size of the whole image"));
        }
    }
}

fn tiny(bytes: u64, what: &str, place: &Place) -> Finding {
    let message = format!("no {what} with files in it is as small as {bytes} bytes");
    Finding::error(place, message).with_help("sizes are written as `8GB`, `1.5GB` or `512MiB`")
}

/// Whether the image has a layer for certain.
fn has_layers(content: &Content) -> bool {
    !content.steps.is_empty() || !matches!(content.base.value, Base::Scratch)
}
