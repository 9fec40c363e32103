//! `root-service`: a service that runs as root.

use std::collections::BTreeSet;

use crate::diagnostic::{Finding, Level};
use crate::lint::rule::{Check, Example, Rule, SECURITY};
use crate::lint::tree::texts;
use crate::lint::view::{RecipeView, Report};
use crate::recipe::{Base, Content};
use crate::text::Place;
use crate::yaml::Node;

pub(in crate::lint) static RULE: Rule = Rule {
    id: "root-service",
    group: SECURITY,
    level: Some(Level::Warning),
    fixed: false,
    summary: "an image that listens on ports runs as root",
    why: "Whoever takes over the service is root in its container, and many clusters refuse such images. `user` is the \
          running container's only: steps still run as root. Where only the base says who it is, this is a note.",
    bad: Example(&[(Example::PATH, "expose: [8080]\nuser: root\n")]),
    good: Example(&[(Example::PATH, "expose: [8080]\nuser: \"1000:1000\"\n")]),
    check: Check::Recipe(check),
};

fn check(view: &RecipeView<'_>, report: &mut Report<'_>) {
    let tree = view.tree();
    let mut keys = ["expose", "healthcheck"].into_iter();
    let Some(key) = keys.find_map(|key| tree.entry(key)) else {
        return;
    };
    // A kernel's runner replaces the user.
    if tree.get("kernel").is_some() {
        return;
    }
    let contents = view.images.iter().flat_map(|image| image.contents.values());
    let serving = contents.filter(|content| {
        let runtime = &content.runtime;
        !runtime.expose.is_empty() || runtime.healthcheck.is_some()
    });
    let found: BTreeSet<Found> = serving.filter_map(found).collect();
    let help = "write `user`, such as \"1000:1000\"";
    for found in found {
        let message = "this service runs as root";
        let finding = match found {
            Found::Said => {
                let place = tree
                    .get("user")
                    .map_or(&key.key.place, |user| root_in(user));
                Finding::error(place, message)
            }
            Found::Certain => Finding::error(&key.key.place, message),
            Found::Likely => {
                let message = "this service runs as whoever its base says, most likely root";
                Finding::note(&key.key.place, message)
            }
        };
        report.push(finding.with_help(help));
    }
}

/// How well it is known that a service runs as root.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Found {
    /// The recipe says so.
    Said,
    /// Nothing says otherwise.
    Certain,
    /// The base may say otherwise, and most do not.
    Likely,
}

fn found(content: &Content) -> Option<Found> {
    let Some(user) = content.runtime.user.as_deref() else {
        return match content.base.value {
            Base::Scratch | Base::Rootfs(_) => Some(Found::Certain),
            Base::Image(_) => Some(Found::Likely),
            // What is made in this workspace is looked at where it is made.
            Base::Recipe(_) | Base::Stage(_) | Base::Oci { .. } | Base::Dockerfile(_) => None,
        };
    };
    is_root(user).then_some(Found::Said)
}

fn is_root(user: &str) -> bool {
    matches!(user.split(':').next(), Some("root" | "0"))
}

/// Where it says so, of all branches.
fn root_in(user: &Node) -> &Place {
    let texts = texts(user);
    let said = texts.iter().find(|text| is_root(text.text));
    said.map_or(&user.place, |text| &text.node.place)
}
