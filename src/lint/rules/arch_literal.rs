//! `arch-literal`: the name of one architecture in a recipe for several.

use std::ops::Range;

use crate::diagnostic::{Finding, Level};
use crate::lint::rule::{Check, Example, MULTI_ARCH, Rule};
use crate::lint::tree::{MOST_OF_TEXT, TextView, branches};
use crate::lint::view::{Report, Written};
use crate::yaml::{Node, NodeKind};

pub(in crate::lint) static RULE: Rule = Rule {
    id: "arch-literal",
    group: MULTI_ARCH,
    level: Some(Level::Warning),
    fixed: false,
    summary: "one architecture is written out in a recipe for several platforms",
    why: "The step does the same on every platform, so one of them gets the other's program, often without an error until it \
          is started. Each spelling has a name: `arch` (amd64, arm64), `arch_gnu` (x86_64, aarch64), `arch_x64` (x64, arm64), \
          `arch_nv` (x86_64, sbsa). What really is for one architecture stands under `if` or `match: arch`.",
    bad: Example(&[(
        Example::PATH,
        "steps:\n  - link: {path: /usr/lib/libx.so, target: /usr/lib/x86_64-linux-gnu/libx.so.1}\n",
    )]),
    good: Example(&[(
        Example::PATH,
        "steps:\n  - link: {path: /usr/lib/libx.so, target: \"/usr/lib/${{ arch_gnu }}-linux-gnu/libx.so.1\"}\n",
    )]),
    check: Check::Written(check),
};

/// Spellings, the architecture they mean in OCI's words, and the name that stands for them.
const SPELLINGS: [(&str, &str, &str); 7] = [
    ("x86_64", "amd64", "arch_gnu"),
    ("x86-64", "amd64", "arch_gnu"),
    ("aarch64", "arm64", "arch_gnu"),
    ("amd64", "amd64", "arch"),
    ("arm64", "arm64", "arch"),
    ("x64", "amd64", "arch_x64"),
    ("sbsa", "arm64", "arch_nv"),
];
/// Keys whose values are told to people, or are about platforms themselves.
const ELSEWHERE: [&str; 9] = [
    "platforms",
    "platform",
    "exclude",
    "description",
    "name",
    "reason",
    "axes",
    "rows",
    "if",
];

fn check(view: &Written<'_>, report: &mut Report<'_>) {
    let architectures: Vec<&str> = view.architectures.iter().copied().collect();
    if architectures.len() > 1 {
        walk(view.tree, &architectures, report);
    }
}

fn walk(node: &Node, architectures: &[&str], report: &mut Report<'_>) {
    if is_decided(node) {
        return;
    }
    match &node.kind {
        NodeKind::Scalar(scalar) => {
            let text = TextView {
                node,
                text: &scalar.text,
            };
            tell(text, architectures, report);
        }
        // `[amd64, arm64]` names them all.
        NodeKind::List(list) if lists_all(list, architectures) => {}
        NodeKind::List(list) => list
            .iter()
            .for_each(|item| walk(item, architectures, report)),
        NodeKind::Map(map) => {
            let fixed = node.get("platform").is_some() && node.get("base").is_some();
            for entry in map {
                let key = entry.key.value.as_str();
                if !fixed && !ELSEWHERE.contains(&key) {
                    walk(&entry.value, architectures, report);
                }
            }
        }
    }
}

/// Whether a condition on the platform stands around or beside what is written here.
fn is_decided(node: &Node) -> bool {
    let asks = |key: &str| {
        let text = node.get(key).and_then(crate::lint::tree::scalar);
        text.is_some_and(|scalar| asks_platform(&scalar.text))
    };
    matches!(node.kind, NodeKind::Map(_)) && (asks("if") || asks("match"))
}

/// Whether an expression has a name of the platform in it.
fn asks_platform(text: &str) -> bool {
    let word = |c: char| !(c.is_ascii_alphanumeric() || c == '_');
    let mut words = text.split(word);
    words.any(|word| matches!(word, "arch" | "platform") || word.starts_with("arch_"))
}

fn lists_all(list: &[Node], architectures: &[&str]) -> bool {
    let texts: Vec<&str> = list
        .iter()
        .flat_map(branches)
        .filter_map(|node| crate::lint::tree::scalar(node).map(|scalar| scalar.text.as_str()))
        .collect();
    architectures.iter().all(|arch| {
        let spelt = |text: &&str| meanings(text).iter().any(|(_, meant, _)| meant == arch);
        texts.iter().any(spelt)
    })
}

/// The spellings in a text: where, what architecture, what stands for it.
fn meanings(text: &str) -> Vec<(usize, &'static str, (&'static str, &'static str))> {
    let mut all = Vec::new();
    for (word, arch, name) in SPELLINGS {
        for (at, _) in text.match_indices(word) {
            let before = text[..at].chars().next_back();
            let behind = text[at + word.len()..].chars().next();
            let apart = |c: Option<char>| c.is_none_or(|c| !c.is_ascii_alphanumeric());
            if apart(before) && apart(behind) {
                all.push((at, arch, (word, name)));
            }
        }
    }
    all.sort_unstable();
    all
}

fn tell(text: TextView<'_>, architectures: &[&str], report: &mut Report<'_>) {
    let found = meanings(text.text);
    let meant = |arch: &&str| found.iter().any(|(_, other, _)| other == arch);
    // A text about all of them, such as a script with a `case`, knows what it does.
    if found.is_empty() || architectures.iter().all(meant) {
        return;
    }
    // An expression may compare with it.
    let expressions = expressions(text.text);
    let outside = |at: usize| {
        let before = expressions.partition_point(|range| range.start <= at);
        before == 0 || expressions[before - 1].end <= at
    };
    let told = found.into_iter().filter(|(at, ..)| outside(*at));
    for (at, arch, (word, name)) in told.take(MOST_OF_TEXT) {
        let message = format!("`{word}` is {arch} on every platform");
        let spelling = format!("${{{{ {name} }}}}");
        let behind = text.text[at + word.len()..].chars();
        let shown: String = spelling
            .chars()
            .chain(behind)
            .take_while(|c| !c.is_whitespace() || *c == ' ')
            .take(40)
            .collect();
        let shown = shown
            .split([' ', '"', '\''])
            .take(3)
            .collect::<Vec<_>>()
            .join(" ");
        let help = format!("write `{shown}`, or guard it with `if: arch == \"{arch}\"`");
        report.push(Finding::error(&text.part(at..at + word.len()), message).with_help(help));
    }
}

/// The expressions of a text; one without an end goes to the end of the text.
fn expressions(text: &str) -> Vec<Range<usize>> {
    let mut all = Vec::new();
    let mut at = 0;
    while let Some(found) = text[at..].find("${{") {
        let open = at + found;
        at = text[open..].find("}}").map_or(text.len(), |len| open + len);
        all.push(open..at);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::meanings;

    #[test]
    fn a_spelling_is_found_as_a_word_of_its_own_only() {
        let words = |text| -> Vec<&str> {
            meanings(text)
                .iter()
                .map(|(_, _, (word, _))| *word)
                .collect()
        };
        assert_eq!(words("/usr/lib/x86_64-linux-gnu/한"), ["x86_64"]);
        assert_eq!(words("tool_linux_amd64.deb"), ["amd64"]);
        assert_eq!(words("node-v22-linux-x64.tar.xz"), ["x64"]);
        assert!(words("max64 camd64 x645 aarch64be").is_empty());
    }
}
