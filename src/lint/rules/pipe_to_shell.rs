//! `pipe-to-shell`: a program that is run as it comes from the network.

use std::ops::Range;

use crate::diagnostic::{Finding, Level};
use crate::lint::rule::{Check, Example, Rule, SECURITY};
use crate::lint::tree::texts;
use crate::lint::view::{RecipeView, Report};

pub(in crate::lint) static RULE: Rule = Rule {
    id: "pipe-to-shell",
    group: SECURITY,
    level: Some(Level::Warning),
    fixed: false,
    summary: "a download is handed to a shell",
    why: "Nobody sees what was run, and a connection that breaks in the middle runs half of it. A `mounts` entry with \
          `fetch` and a checksum hands the same file to the step, and leaves no trace of it.",
    bad: Example(&[(
        Example::PATH,
        "steps:\n  - run: curl -fsSL https://example.com/install.sh | sh\n",
    )]),
    good: Example(&[(
        Example::PATH,
        "steps:\n  - run: [sh, /tmp/install.sh]\n    mounts:\n      - path: /tmp/install.sh\n        fetch:\n          \
         url: https://example.com/install.sh\n          \
         sha256: 5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03\n",
    )]),
    check: Check::Recipe(check),
};

const LOADERS: [&str; 2] = ["curl", "wget"];
const SHELLS: [&str; 10] = [
    "sh", "bash", "dash", "zsh", "ash", "ksh", "python", "python3", "perl", "node",
];

fn check(view: &RecipeView<'_>, report: &mut Report<'_>) {
    for step in view.steps().iter().filter(|step| step.word.value == "run") {
        for text in texts(step.value) {
            for at in piped(text.text) {
                let message = "what this downloads is run unseen";
                let help = "mount it with `fetch` and a checksum, and run it from there";
                report.push(Finding::error(&text.part(at), message).with_help(help));
            }
        }
    }
}

/// Where a text hands a download to a shell: `curl … | sh`, `sh -c "$(curl …)"`, `bash <(curl …)`.
fn piped(text: &str) -> Vec<Range<usize>> {
    let mut all = Vec::new();
    let mut start = 0;
    for line in text.replace("\\\n", "  ").split_inclusive(['\n', ';']) {
        let end = start + line.len();
        let substituted = [
            "$(curl ", "$(wget ", "<(curl ", "<(wget ", "`curl ", "`wget ",
        ];
        let runs = line.split_whitespace().next().map(program);
        let in_shell = runs.is_some_and(|word| SHELLS.contains(&word) || word == "eval");
        let is_substituted = in_shell && substituted.iter().any(|start| line.contains(start));
        if is_substituted || is_pipe(line) {
            all.push(trimmed(line, start));
        }
        start = end;
    }
    all
}

/// Whether a loader stands before a pipe, and a shell behind it.
fn is_pipe(line: &str) -> bool {
    let mut loads = false;
    for part in line.split('|') {
        let words = || part.split_whitespace().map(program);
        let first = words()
            .find(|word| !matches!(*word, "sudo" | "env" | "-E" | "exec") && !word.contains('='));
        if loads && first.is_some_and(|word| SHELLS.contains(&word)) {
            return true;
        }
        loads = words().any(|word| LOADERS.contains(&word)) || (loads && first == Some("tee"));
    }
    false
}

fn program(word: &str) -> &str {
    let word = word.trim_matches(['"', '\'', '(', ')']);
    word.rsplit('/').next().unwrap_or(word)
}

fn trimmed(line: &str, start: usize) -> Range<usize> {
    let before = line.len() - line.trim_start().len();
    let text = line.trim().trim_end_matches(';');
    start + before..start + before + text.len()
}

#[cfg(test)]
mod tests {
    use super::piped;

    #[test]
    fn a_download_in_front_of_a_shell_is_found_in_each_of_its_forms() {
        for text in [
            "curl -fsSL https://a.example/i.sh | sh",
            "wget -qO- https://a.example | sudo -E bash -",
            "echo 한; curl https://a.example/x | tee /tmp/x | bash",
            "sh -c \"$(curl -fsSL https://a.example)\"",
            "bash <(curl -s https://a.example)",
            "curl https://a.example \\\n  | python3 -",
        ] {
            assert_eq!(piped(text).len(), 1, "{text}");
        }
    }

    #[test]
    fn a_download_that_is_unpacked_or_kept_is_none() {
        for text in [
            "curl -fsSL https://a.example/x.tar.gz | tar -xz -C /opt",
            "curl -o /tmp/x https://a.example; sh /tmp/other",
            "echo curl; bash run.sh",
        ] {
            assert!(piped(text).is_empty(), "{text}");
        }
    }
}
