//! `pipe-to-shell`: a program that is run as it comes from the network.

use std::ops::Range;

use crate::diagnostic::{Finding, Level};
use crate::lint::rule::{Check, Example, Rule, SECURITY};
use crate::lint::tree::{MOST_OF_TEXT, texts};
use crate::lint::view::{Report, Written};

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
    check: Check::Written(check),
};

const LOADERS: [&str; 2] = ["curl", "wget"];
const SHELLS: [&str; 6] = ["sh", "bash", "dash", "zsh", "ash", "ksh"];
/// Programs that run what they read only where they are given nothing else.
const INTERPRETERS: [&str; 5] = ["python", "python3", "perl", "node", "ruby"];
/// What may stand before a program.
const BEFORE: [&str; 4] = ["sudo", "env", "-E", "exec"];

fn check(view: &Written<'_>, report: &mut Report<'_>) {
    for step in view.steps().iter().filter(|step| step.word.value == "run") {
        for text in texts(step.value) {
            for at in piped(text.text).into_iter().take(MOST_OF_TEXT) {
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
    // The same length, so that places stay.
    let joined = text.replace("\\\n", "  ").replace("|\n", "| ");
    for line in joined.split_inclusive(['\n', ';']) {
        let end = start + line.len();
        if line.trim_start().starts_with('#') {
            start = end;
            continue;
        }
        let substituted = [
            "$(curl ", "$(wget ", "<(curl ", "<(wget ", "`curl ", "`wget ",
        ];
        let runs = words(line).next();
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
        let mut own = words(part);
        let (first, second) = (own.next(), own.next());
        let is_run = match (first, second) {
            (Some(first), second) if SHELLS.contains(&first) => second != Some("-c"),
            (Some(first), None | Some("-")) => INTERPRETERS.contains(&first),
            _ => false,
        };
        if loads && is_run {
            return true;
        }
        loads = words(part).any(|word| LOADERS.contains(&word)) || (loads && first == Some("tee"));
    }
    false
}

/// The words of a command from its program on.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split_whitespace().map(program);
    words.skip_while(|word| BEFORE.contains(word) || word.contains('='))
}

fn program(word: &str) -> &str {
    let word = word.trim_matches(['"', '\'', '(', ')', ';']);
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
            "curl https://a.example |\n  bash -s -- --yes",
            "sudo bash -c \"$(curl -fsSL https://a.example)\"",
            "curl https://a.example | sh; echo 한",
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
            "curl https://a.example/v | python3 -c 'import json, sys; print(1)'",
            "curl -s https://a.example || sh other.sh",
            "# curl https://a.example | sh 주석",
            "curl -s https://a.example | python3 -m json.tool",
        ] {
            assert!(piped(text).is_empty(), "{text}");
        }
    }
}
