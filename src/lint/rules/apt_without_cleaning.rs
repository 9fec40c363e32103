//! `apt-without-cleaning`: package lists that stay in the layer of a `run` step.

use crate::diagnostic::{Finding, Level};
use crate::lint::installs::of_step;
use crate::lint::rule::{Check, Example, Rule, SIZE};
use crate::lint::tree::{texts, values};
use crate::lint::view::{Report, Written};

pub(in crate::lint) static RULE: Rule = Rule {
    id: "apt-without-cleaning",
    group: SIZE,
    level: Some(Level::Warning),
    fixed: false,
    summary: "a `run` step calls apt-get and leaves its lists in the layer",
    why: "Lists of packages are tens of megabytes, out of date the next day, and cannot be taken out by a later step. \
          An `apt` step keeps them in a cache mount: nothing stays, nothing is downloaded twice. A step that does nothing \
          but install is told of by `run-installs`.",
    bad: Example(&[(
        Example::PATH,
        "steps:\n  - run: apt-get update && apt-get install -y git && git config --system init.defaultBranch main\n",
    )]),
    good: Example(&[(
        Example::PATH,
        "steps:\n  - apt: {install: [git]}\n  - run: git config --system init.defaultBranch main\n",
    )]),
    check: Check::Written(check),
};

fn check(view: &Written<'_>, report: &mut Report<'_>) {
    for step in view.steps().iter().filter(|step| step.word.value == "run") {
        let cached = ["cache", "mounts"].iter().any(|key| {
            let kept = values(step.node, key).into_iter().flat_map(texts_of_paths);
            kept.into_iter()
                .any(|path| path.starts_with("/var/lib/apt"))
        });
        // A step that only installs becomes an `apt` step as a whole: `run-installs` says so.
        if cached || of_step(step).is_some() {
            continue;
        }
        for text in texts(step.value) {
            let Some(at) = fetches_lists(text.text) else {
                continue;
            };
            if text.text.contains("/var/lib/apt/lists") {
                continue;
            }
            let message = "the package lists stay in this layer";
            let help = "write an `apt` step, or end with `rm -rf /var/lib/apt/lists/*`";
            report.push(Finding::error(&text.part(at), message).with_help(help));
        }
    }
}

/// The paths of caches or mounts: texts themselves, or under `path`.
fn texts_of_paths(node: &crate::yaml::Node) -> Vec<&str> {
    let items = crate::lint::tree::items(node).iter();
    let plain = texts(node).into_iter().map(|text| text.text);
    let named = items.flat_map(|item| values(item, "path")).flat_map(texts);
    plain.chain(named.map(|text| text.text)).collect()
}

/// Where a text says `apt-get update`, or `apt update`. Each command is gone through once: of its words only the
/// first that names the tool can have the most behind it.
fn fetches_lists(text: &str) -> Option<std::ops::Range<usize>> {
    ["apt-get", "apt"].iter().find_map(|tool| {
        let mut start = 0;
        for command in text.split_inclusive(['\n', ';', '&', '|']) {
            let line = command.trim_end_matches(['\n', ';', '&', '|']);
            let first = line.match_indices(tool).find(|(at, _)| {
                let before = line[..*at].chars().next_back();
                let behind = line[at + tool.len()..].chars().next();
                let begins = before.is_none_or(|c| c.is_whitespace() || "(/".contains(c));
                begins && behind.is_some_and(char::is_whitespace)
            });
            if let Some((at, _)) = first {
                let mut words = line[at + tool.len()..].split_whitespace();
                if words.any(|word| word == "update") {
                    return Some(start + at..start + line.trim_end().len());
                }
            }
            start += command.len();
        }
        None
    })
}
