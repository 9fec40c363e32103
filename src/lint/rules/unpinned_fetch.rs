//! `unpinned-fetch`: a download that nobody could tell from another one.

use crate::diagnostic::{Finding, Level};
use crate::lint::rule::{Check, Example, PINNING, Rule};
use crate::lint::tree::{self, StepView, TextView, texts, values};
use crate::lint::view::{Report, Written};
use crate::yaml::{Node, NodeKind};

pub(in crate::lint) static RULE: Rule = Rule {
    id: "unpinned-fetch",
    group: PINNING,
    level: Some(Level::Warning),
    fixed: false,
    summary: "a download without a checksum, and the workspace has no lock",
    why: "What a server sends tomorrow may be another file: a new release under an old name, or somebody else's. With a \
          checksum the build stops instead. Where architectures differ, `sha256` is a map by `arch`. \
          Of a snippet whose inputs decide what is loaded this is a note.",
    bad: Example(&[(
        Example::PATH,
        "steps:\n  - fetch: {url: https://example.com/tool.tar.gz, to: /opt/}\n",
    )]),
    good: Example(&[(
        Example::PATH,
        "steps:\n  - fetch:\n      url: https://example.com/tool.tar.gz\n      \
         sha256: 5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03\n      to: /opt/\n",
    )]),
    check: Check::Written(check),
};

fn check(view: &Written<'_>, report: &mut Report<'_>) {
    let mut found = Vec::new();
    for step in view.steps() {
        downloads(step, &mut found);
    }
    let unpinned = found
        .into_iter()
        .filter(|node| node.get("sha256").is_none());
    let unpinned: Vec<&Node> = unpinned.collect();
    if unpinned.is_empty() || view.around.has_lock {
        return;
    }
    for node in unpinned {
        let url = node.get("url").unwrap_or(node);
        let message = "this download has no checksum";
        // Which file it is, the caller says; only a lock can know all checksums.
        let given = view.is_snippet && texts(url).iter().any(TextView::has_expression);
        report.push(if given {
            let help = "take the checksum as an input, beside what the address is made of";
            Finding::note(&url.place, message).with_help(help)
        } else {
            let help = "add `sha256`, or a map of them by `arch`";
            Finding::error(&url.place, message).with_help(help)
        });
    }
}

/// Every map of a step that names a download.
fn downloads<'n>(step: &StepView<'n>, found: &mut Vec<&'n Node>) {
    match step.word.value.as_str() {
        "fetch" => found.extend(tree::branches(step.value)),
        "apt" | "dnf" => {
            for list in values(step.value, "install") {
                let items = tree::items(list).iter().flat_map(tree::branches);
                found.extend(items.filter(|item| matches!(item.kind, NodeKind::Map(_))));
            }
            for sources in values(step.value, "sources") {
                let sources = tree::entries(sources).iter();
                let keys = sources.flat_map(|source| values(&source.value, "key"));
                found.extend(keys.filter(|key| matches!(key.kind, NodeKind::Map(_))));
            }
        }
        _ => {}
    }
    for mounts in values(step.node, "mounts") {
        let mounts = tree::items(mounts).iter().flat_map(tree::branches);
        found.extend(mounts.flat_map(|mount| values(mount, "fetch")));
    }
}
