//! `root-service`: a service that runs as root.

use crate::diagnostic::{Finding, Level};
use crate::lint::rule::{Check, Example, Rule, SECURITY};
use crate::lint::view::{RecipeView, Report};

pub(in crate::lint) static RULE: Rule = Rule {
    id: "root-service",
    group: SECURITY,
    level: Some(Level::Warning),
    fixed: false,
    summary: "an image that listens on ports runs as root",
    why: "Whoever takes over the service is root in its container, and many clusters refuse such images. `user` is the \
          running container's only: steps still run as root.",
    bad: Example(&[(Example::PATH, "expose: [8080]\n")]),
    good: Example(&[(Example::PATH, "expose: [8080]\nuser: \"1000:1000\"\n")]),
    check: Check::Recipe(check),
};

fn check(view: &RecipeView<'_>, report: &mut Report<'_>) {
    // A kernel's runner replaces the user.
    if view.tree().get("kernel").is_some() {
        return;
    }
    let tree = view.tree();
    let serves = |key: &&&str| tree.get(key).is_some();
    let Some(key) = ["expose", "healthcheck"].iter().find(serves) else {
        return;
    };
    for content in view.images.iter().flat_map(|image| image.contents.values()) {
        let runtime = &content.runtime;
        if runtime.expose.is_empty() && runtime.healthcheck.is_none() {
            continue;
        }
        let user = runtime.user.as_deref();
        let name = user.map(|user| user.split(':').next().unwrap_or(user));
        let (node, message) = match name {
            None => (
                tree.get(key),
                "this service runs as whoever its base says, most likely root",
            ),
            Some("root" | "0") => (tree.get("user"), "this service runs as root"),
            Some(_) => continue,
        };
        // A base of this workspace may well say it.
        if name.is_none() && !matches!(content.base.value, crate::recipe::Base::Image(_)) {
            continue;
        }
        if let Some(node) = node {
            let help = "write `user`, such as \"1000:1000\"";
            report.push(Finding::error(&node.place, message).with_help(help));
        }
    }
}
