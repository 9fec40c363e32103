//! Rules and kinds of mistakes in words, for `kiln explain` and the page of rules.

use std::fmt::Write as _;

use super::image::{CHECKS, explain_check, image_check, overview_of_checks};
use super::rule::{Example, GROUPS, RULES, Rule, rule};
use crate::diagnostic::{KINDS, Kind, Level, kind};

/// What is to be known about a rule or a kind of mistake; nothing where there is none of that name.
pub fn explain(id: &str) -> Option<String> {
    let own = rule(id).map(of_rule).or_else(|| kind(id).map(of_kind));
    own.or_else(|| image_check(id).map(explain_check))
}

fn of_rule(rule: &Rule) -> String {
    let mut text = format!(
        "{}: {}\n\nGroup {}, {}.\n\n{}\n",
        rule.id,
        rule.summary,
        rule.group.name,
        level(rule),
        wrapped(rule.why)
    );
    for (title, example) in [("Bad", rule.bad), ("Good", rule.good)] {
        let _ = write!(text, "\n{title}:\n\n{}", indented(&shown(&example)));
    }
    text.push('\n');
    if rule.fixed {
        text.push_str("It cannot be allowed: the recipe cannot be built.");
    } else {
        let _ = write!(
            text,
            "To allow it at one place, on its line or alone above it:\n\n    # kiln: allow {}: REASON\n\n\
             To change its level for the workspace, in kiln.yaml:\n\n    lint: {{rules: {{{}: off}}}}   # or note, \
             warning, error",
            rule.id, rule.id
        );
    }
    text
}

fn of_kind(kind: &Kind) -> String {
    format!(
        "{}: {}\n\n{}\n\n{}",
        kind.id,
        kind.summary,
        wrapped(kind.why),
        if kind.may_be_warning() {
            "It is an error or a warning, as the platform minds it. A comment can allow a warning; an error keeps\nthe \
             recipe from being built."
        } else {
            "It is always an error, and cannot be allowed."
        }
    )
}

/// All rules by group, then all kinds of mistakes.
pub fn overview() -> String {
    let width = RULES
        .iter()
        .map(|rule| rule.id.len())
        .chain(KINDS.iter().map(|kind| kind.id.len()))
        .chain(CHECKS.iter().map(|check| check.id.len()));
    let width = width.max().unwrap_or_default();
    let mut text = String::new();
    for group in GROUPS {
        let mut own = RULES.iter().filter(|rule| rule.group == group).peekable();
        if own.peek().is_none() {
            continue;
        }
        let _ = writeln!(text, "{}: {}", group.name, group.summary);
        for rule in own {
            let word = rule.level.map_or("off", Level::as_str);
            let _ = writeln!(text, "  {:width$}  {word:7}  {}", rule.id, rule.summary);
        }
        text.push('\n');
    }
    text.push_str("always errors: what makes a file unusable\n");
    for kind in KINDS {
        let _ = writeln!(
            text,
            "  {:width$}  {:7}  {}",
            kind.id,
            if kind.may_be_warning() {
                "varies"
            } else {
                "error"
            },
            kind.summary
        );
    }
    text.push('\n');
    overview_of_checks(width, &mut text);
    text.push_str("\n`kiln explain RULE` says why, with a bad and a good example");
    text
}

/// The page of rules, as Markdown.
pub fn page() -> String {
    let mut text = String::from(
        "# Lint rules\n\nWhat `kiln lint` reports, and `kiln explain RULE` prints. This page is made of the rules \
         (`src/lint/rules/`).\n\n## Levels\n\nAn `error` fails the run, a `warning` and a `note` do not. A rule's \
         level can be set in `kiln.yaml`, for the rule or for its group (or `all`), and on the command line, which \
         wins:\n\n```yaml\nlint: {rules: {latest-tag: error, size: off}}\n```\n\n```sh\nkiln lint --rule \
         latest-tag=error --rule size=off\n```\n\n## Allowing a finding\n\nA comment on the line of the finding, or \
         alone above it, takes it back. The reason is required, and a comment that takes back nothing is a finding \
         itself.\n\n```yaml\nbase: ubuntu:latest   # kiln: allow latest-tag: our mirror moves it weekly\n```\n\n## Before each commit\n\nThe repository has hooks for pre-commit: \
         `kiln-lint` compiles kiln once, `kiln-lint-system` takes the one on the `PATH`. Changed files are a filter on \
         what is reported; rules about several recipes see the whole workspace.\n\n```yaml\nrepos:\n  - repo: \
         ADDRESS-OF-THIS-REPOSITORY\n    rev: v0.1.0\n    hooks: [{id: kiln-lint}]   # files: '^images/' for recipes \
         elsewhere\n```\n\n## Forms\n\n`--format` is `text`, `json`, `sarif` (2.1.0), `github` (annotations; what GitHub does not \
         show is in the log and in the step's summary) or `gitlab` (code quality). Columns count characters from 1, and an \
         end lies behind the last one. Fingerprints are made of the rule, the file and the words, and stay when lines above \
         are added.\n\nThe exit code is 0 without a finding at error level, 1 with one (`--deny warnings` counts those too), and 2 where a file cannot be \
         read as a recipe. Of a file at most 200 findings of a level are shown, then how many more there are; these count \
         all the same.\n\n`kiln lint --image REF` looks at images in a registry, whoever built them: [verify.md](verify.md).\n\n",
    );
    text.push_str("| Rule | Group | Level | What it finds |\n|---|---|---|---|\n");
    for rule in RULES {
        let _ = writeln!(
            text,
            "| [`{0}`](#{0}) | {1} | {2} | {3} |",
            rule.id,
            rule.group.name,
            rule.level.map_or("off", Level::as_str),
            rule.summary
        );
    }
    for rule in RULES {
        let _ = write!(
            text,
            "\n## {}\n\n{}. Group `{}`, {}.\n\n{}\n",
            rule.id,
            capital(rule.summary),
            rule.group.name,
            level(rule),
            rule.why
        );
        for (title, example) in [("Bad", rule.bad), ("Good", rule.good)] {
            let _ = write!(text, "\n{title}:\n\n```yaml\n{}```\n", shown(&example));
        }
    }
    text.push_str(
        "\n## Mistakes\n\nWhat makes a file unusable has an id too. These are errors, and all but \
         `invalid-allow` keep `build` from using the file. What Backend.AI minds, `kernel-…`, may also be a warning; these \
         have no other level, and a comment can allow them.\n\n| Id | What it is | Why |\n|---|---|---|\n",
    );
    for kind in KINDS {
        let _ = writeln!(text, "| `{}` | {} | {} |", kind.id, kind.summary, kind.why);
    }
    text
}

fn level(rule: &Rule) -> String {
    match rule.level {
        Some(level) if rule.fixed => format!("always {}", level.as_str()),
        Some(level) => format!("level {}", level.as_str()),
        None => "off unless asked for".to_owned(),
    }
}

/// The text of an example; with several files each under its path.
fn shown(example: &Example) -> String {
    let mut text = String::new();
    for (path, own) in example.0 {
        if example.0.len() > 1 {
            let _ = writeln!(text, "# {path}");
        }
        text.push_str(own);
    }
    text
}

fn indented(text: &str) -> String {
    let lines = text
        .lines()
        .map(|line| format!("    {line}").trim_end().to_owned() + "\n");
    lines.collect()
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string());
    first.unwrap_or_default() + letters.as_str()
}

/// A text in lines of at most 88 characters.
pub(super) fn wrapped(text: &str) -> String {
    let mut lines = vec![String::new()];
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.chars().count() + 1 + word.chars().count() <= 88 => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines.join("\n")
}
