//! The checks in words, for `kiln explain` and the page on them.

use std::fmt::Write as _;

use super::check::{CHECKS, ImageCheck, Scope};
use crate::lint::page::wrapped;

/// What is to be known about a check.
pub(in crate::lint) fn explain_check(check: &ImageCheck) -> String {
    let of = match check.scope {
        Scope::Any => "of every image",
        Scope::Kernel => "of kernels of Backend.AI",
    };
    let settable = if check.settable {
        format!(
            "To change its level for the workspace, in kiln.yaml:\n\n    lint: {{rules: {{{}: off}}}}   # or note, \
             warning, error",
            check.id
        )
    } else {
        "Its level cannot be changed.".to_owned()
    };
    format!(
        "{}: {}\n\n`kiln verify` and `kiln lint --image` ask it {of}, level {}.\n\n{}\n\n{settable}",
        check.id,
        check.summary,
        check.level.as_str(),
        wrapped(check.why)
    )
}

/// The lines of the list of all that can be explained.
pub(in crate::lint) fn overview_of_checks(width: usize, text: &mut String) {
    text.push_str("published images: what `verify` and `lint --image` ask\n");
    for check in CHECKS {
        let word = check.level.as_str();
        let _ = writeln!(text, "  {:width$}  {word:7}  {}", check.id, check.summary);
    }
}

/// The page on the checks, as Markdown.
pub fn image_page() -> String {
    let mut text = String::from(
        "# Published images\n\n`kiln verify REF` walks an image in a registry from its index to its layers, and `kiln lint --image REF` says the \
         same in the forms of `lint` (text, JSON, SARIF, GitHub, GitLab), of as many images as are named. The image may be \
         anybody's; neither needs a recipe or a `kiln.yaml`. This page is made of the checks (`src/lint/image/`).\n\n\
         ## What is asked\n\nEvery image is asked whether it is whole. An image with a label `ai.backend.…` on one of its platforms \
         is a kernel of Backend.AI and is asked the rest as well; `--kernel` asks it of any other. The releases are those of \
         `kernel: {releases: […]}` in `kiln.yaml`, or of `--release`, and without either 23.09, 24.03 and 26.8. What no chosen \
         release minds is not said. Labels are read from the configuration of each platform, as the platform does: annotations \
         do not count.\n\n",
    );
    for (scope, title) in [
        (Scope::Any, "### Of every image"),
        (Scope::Kernel, "### Of kernels of Backend.AI"),
    ] {
        let _ = write!(
            text,
            "{title}\n\n| Check | Level | What must be so | Why |\n|---|---|---|---|\n"
        );
        for check in CHECKS.iter().filter(|check| check.scope == scope) {
            let _ = writeln!(
                text,
                "| `{}` | {} | {} | {} |",
                check.id,
                check.level.as_str(),
                check.summary,
                check.why
            );
        }
        text.push('\n');
    }
    text.push_str(
        "## Levels\n\nAn error is what loses the image, or a platform of it; a warning is what is taken and does something else; \
         a note depends on what the registry is. Errors make `verify` end with 8 and `lint` with 1. The levels of the checks of \
         kernels, all but `kernel-labels`, can be set in `kiln.yaml`, and for `lint` on the command line, by name or for all of them \
         as the group `image`:\n\n```yaml\nlint: {rules: {entry-annotations: off}}   # our registry is Harbor\n```\n\nA finding on labels \
         has the id of the rule that recipes have for the same mistake (`kernel-quantity`, `kernel-service-port`, …), which `kiln \
         explain` knows as well.\n\n## What is asked of the registry\n\nThe manifest of every platform, its configuration (8 MiB at most) and \
         whether each layer is there; with `--deep` every layer is read. Of kernels also the list of the repository's tags, and what \
         up to 32 of them lead to. A registry that does not let its tags be listed leaves `referrers-tag` and `tag-single` \
         unasked, which is said and is no error.\n\nWhere a registry refuses or does not answer, the message names it and what to do, and \
         the exit code is 5; an image that does not exist is 2.\n",
    );
    text
}
