//! `unpinned-git`: a checkout by a name that moves.

use crate::diagnostic::{Finding, Level};
use crate::lint::rule::{Check, Example, PINNING, Rule};
use crate::lint::tree::{self, TextView, texts, values};
use crate::lint::view::{Report, Written};
use crate::yaml::Node;

pub(in crate::lint) static RULE: Rule = Rule {
    id: "unpinned-git",
    group: PINNING,
    level: Some(Level::Warning),
    fixed: false,
    summary: "a git checkout by a branch, or, as a note, by a tag without a lock",
    why: "A branch is another commit after every merge, and a tag can be moved. A full commit says what is meant; where \
          the workspace has a `kiln.lock`, it holds the commits.",
    bad: Example(&[(
        Example::PATH,
        "steps:\n  - git: {url: https://example.com/tool.git, ref: main, to: /src}\n",
    )]),
    good: Example(&[(
        Example::PATH,
        "steps:\n  - git:\n      url: https://example.com/tool.git\n      \
         ref: 8d3152b4d01d3a8e9b9e1f4bf3f0b5fbd3f1c1aa\n      to: /src\n",
    )]),
    check: Check::Written(check),
};

/// Names that branches have.
const BRANCHES: [&str; 8] = [
    "main", "master", "develop", "dev", "trunk", "HEAD", "nightly", "latest",
];

fn check(view: &Written<'_>, report: &mut Report<'_>) {
    let mut checkouts: Vec<&Node> = Vec::new();
    for step in view.steps() {
        if step.word.value == "git" {
            checkouts.extend(tree::branches(step.value));
        }
        for mounts in values(step.node, "mounts") {
            let mounts = tree::items(mounts).iter().flat_map(tree::branches);
            checkouts.extend(mounts.flat_map(|mount| values(mount, "git")));
        }
    }
    if view.around.has_lock {
        return;
    }
    for step in view.steps().iter().filter(|step| step.word.value == "pip") {
        for text in values(step.value, "install").into_iter().flat_map(texts) {
            requirement(text, report);
        }
    }
    let references = checkouts.into_iter().flat_map(|node| values(node, "ref"));
    for text in references.flat_map(texts) {
        let help = "write the full commit";
        if BRANCHES.contains(&text.text) || text.text.starts_with("refs/heads/") {
            let message = format!("`{}` is another commit after every merge", text.text);
            report.push(Finding::error(&text.node.place, message).with_help(help));
        } else if !is_commit(text.text) && !text.has_expression() {
            let message = format!("`{}` can be moved to another commit", text.text);
            report.push(Finding::note(&text.node.place, message).with_help(help));
        }
    }
}

/// A Python package out of a repository: `git+https://…@REF`.
fn requirement(text: TextView<'_>, report: &mut Report<'_>) {
    let Some(at) = text.text.find("git+") else {
        return;
    };
    let address = text.text[at..].split(['#', ';', ' ']).next().unwrap_or("");
    let path = address.split_once("://").map_or(address, |(_, path)| path);
    let path = path.split_once('/').map_or("", |(_, path)| path);
    let help = "end the address with `@` and the full commit";
    let place = text.part(at..at + address.len());
    match path.rsplit_once('@') {
        None => {
            let message = "this is another commit after every merge";
            report.push(Finding::error(&place, message).with_help(help));
        }
        Some((_, name)) if BRANCHES.contains(&name) => {
            let message = format!("`{name}` is another commit after every merge");
            report.push(Finding::error(&place, message).with_help(help));
        }
        Some((_, name)) if !is_commit(name) && !name.contains("${{") => {
            let message = format!("`{name}` can be moved to another commit");
            report.push(Finding::note(&place, message).with_help(help));
        }
        Some(_) => {}
    }
}

fn is_commit(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
