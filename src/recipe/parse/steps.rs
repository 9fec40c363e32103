//! Steps: which word a step has, and the options that may stand beside it.

use super::body;
use super::files;
use super::git;
use super::packages;
use super::program::{PROGRAM, program};
use super::reader::{Reader, Text, is_conditional};
use super::uses::used;
use super::values::SHELL;
use crate::diagnostic::{Finding, nearest};
use crate::recipe::image::{Command, Step, StepKind};
use crate::text::Spanned;
use crate::yaml::{Entry, Node, NodeKind};

/// The step words that work.
const WORDS: [&str; 15] = [
    "run", "apt", "dnf", "apk", "pip", "conda", "copy", "write", "link", "mkdir", "remove",
    "fetch", "git", "env", "use",
];
/// Those that run a program.
const PROGRAMS: [&str; 6] = ["run", "apt", "dnf", "apk", "pip", "conda"];
/// Those that native tools may take over one day, and that may refuse it by `native: false`.
const NATIVE: [&str; 2] = ["apt", "pip"];
/// What may stand beside any word.
const BESIDE: [&str; 2] = ["name", "if"];

/// Reads a list of steps; what cannot be read is reported and left out.
pub(super) fn steps(reader: &mut Reader<'_>, node: &Node) -> Vec<Step> {
    let mut all = Vec::new();
    for branch in reader.branches(node) {
        let NodeKind::List(items) = &branch.kind else {
            reader.not_as(branch, "steps are a list");
            continue;
        };
        for item in items {
            let read = |reader: &mut Reader<'_>| guarded(reader, item);
            all.extend(reader.remembered(item, &(0..0), |memos| &memos.steps, read));
        }
    }
    all
}

/// Reads one item: a step, or a condition around steps.
fn guarded(reader: &mut Reader<'_>, item: &Node) -> Vec<Step> {
    if !is_conditional(item) {
        return step(reader, item);
    }
    let mut all = Vec::new();
    for branch in reader.branches(item) {
        match &branch.kind {
            NodeKind::List(_) => all.extend(steps(reader, branch)),
            _ => all.extend(step(reader, branch)),
        }
    }
    all
}

/// Reads one step; a `use` stands for several, and one whose condition does not hold for none.
fn step(reader: &mut Reader<'_>, node: &Node) -> Vec<Step> {
    let NodeKind::Map(entries) = &node.kind else {
        let message = format!(
            "a step is a map with one step word, not {}",
            node.describe()
        );
        reader.error(&node.place, message);
        return Vec::new();
    };
    let Some(word) = step_word(reader, node, entries) else {
        return Vec::new();
    };
    let is_program = PROGRAMS.contains(&word.key.value.as_str());
    for entry in entries {
        check_beside(reader, entry, &word.key.value, is_program);
    }
    let name = node
        .get("name")
        .and_then(|name| reader.text(name))
        .map(|text| text.value);
    // What does not hold is not read: its values may well make sense on other platforms only.
    let holds = node.get("if").map(|condition| reader.condition(condition));
    if holds == Some(Some(false)) {
        return Vec::new();
    }
    if word.key.value == "use" {
        return used(reader, node, word, name.as_deref());
    }
    let kind = kind(reader, node, word);
    let step = kind.map(|kind| Step {
        place: word.key.place.clone(),
        name,
        kind,
        used: Vec::new(),
        within: None,
    });
    step.into_iter().collect()
}

/// The one entry of a step that is a step word.
fn step_word<'n>(reader: &mut Reader<'_>, node: &Node, entries: &'n [Entry]) -> Option<&'n Entry> {
    // `env` is a word of its own only where no other word stands beside it.
    let is_word = |entry: &&Entry| WORDS.contains(&entry.key.value.as_str());
    let mut words: Vec<&Entry> = entries.iter().filter(is_word).collect();
    if words.len() > 1 {
        words.retain(|entry| entry.key.value != "env");
    }
    match words.as_slice() {
        [word] => Some(word),
        [] => {
            no_word(reader, node, entries);
            None
        }
        [first, second, ..] => {
            let message = format!(
                "a step has one word; this one has `{}` and `{}`",
                first.key.value, second.key.value
            );
            reader.findings.push(
                Finding::error(&second.key.place, message)
                    .with_help("make it two steps, each with its own `-`"),
            );
            None
        }
    }
}

fn no_word(reader: &mut Reader<'_>, node: &Node, entries: &[Entry]) {
    let known = WORDS.iter().copied();
    for entry in entries {
        if let Some(near) = nearest(&entry.key.value, known.clone())
            && !PROGRAM.contains(&entry.key.value.as_str())
        {
            let message = format!("unknown step `{}`; did you mean `{near}`?", entry.key.value);
            reader.error(&entry.key.place, message);
            return;
        }
    }
    let words = WORDS.map(|word| format!("`{word}`")).join(", ");
    let place = entries
        .first()
        .map_or(&node.place, |entry| &entry.key.place);
    reader.error(place, format!("a step needs one of the words {words}"));
}

fn check_beside(reader: &mut Reader<'_>, entry: &Entry, word: &str, is_program: bool) {
    let key = entry.key.value.as_str();
    let of_program = is_program && PROGRAM.contains(&key);
    let is_with = word == "use" && key == "with";
    if key == word || BESIDE.contains(&key) || is_with || of_program {
        return;
    }
    let may_be_native = NATIVE.contains(&word);
    if key == "native" && may_be_native {
        return;
    }
    let message = if key == "native" {
        format!("`native` is an option of `apt` and `pip`, not of `{word}`")
    } else if PROGRAM.contains(&key) {
        format!("`{key}` is an option of steps that run a program; `{word}` runs none")
    } else {
        let inputs = (word == "use").then_some("with");
        match nearest(key, PROGRAM.iter().chain(&BESIDE).copied().chain(inputs)) {
            Some(near) => format!("unknown option `{key}` beside `{word}`; did you mean `{near}`?"),
            None => format!("unknown option `{key}` beside `{word}`"),
        }
    };
    let mut allowed = BESIDE.join(", ");
    if is_program {
        allowed = format!("{allowed}, {}", PROGRAM.join(", "));
    }
    if word == "use" {
        allowed.push_str(", with");
    }
    if may_be_native {
        allowed.push_str(", native");
    }
    reader.findings.push(
        Finding::error(&entry.key.place, message)
            .with_help(format!("beside `{word}` may stand: {allowed}")),
    );
}

fn kind(reader: &mut Reader<'_>, node: &Node, word: &Entry) -> Option<StepKind> {
    let value = &word.value;
    Some(match word.key.value.as_str() {
        "run" => {
            let program = program(reader, node, "run");
            let command = command(reader, value)?;
            if let (Command::Args(_), Some(shell)) = (&command, shell_key(node)) {
                let message = "`shell` is for `run` text; a list is run without a shell";
                reader.error(&shell.place, message);
            }
            StepKind::Run(command, program)
        }
        "apt" => {
            let program = program(reader, node, "apt");
            StepKind::Apt(reader.one(value, packages::apt)?, program)
        }
        "dnf" => {
            let program = program(reader, node, "dnf");
            StepKind::Dnf(reader.one(value, packages::dnf)?, program)
        }
        "apk" => {
            let program = program(reader, node, "apk");
            StepKind::Apk(reader.one(value, packages::apk)?, program)
        }
        "pip" => {
            let program = program(reader, node, "pip");
            StepKind::Pip(reader.one(value, packages::pip)?, program)
        }
        "conda" => {
            let program = program(reader, node, "conda");
            StepKind::Conda(reader.one(value, packages::conda)?, program)
        }
        "copy" => StepKind::Copy(reader.one(value, files::copy)?),
        "write" => StepKind::Write(reader.one(value, files::write)?),
        "link" => StepKind::Link(reader.one(value, files::link)?),
        "mkdir" => StepKind::Mkdir(reader.one(value, files::mkdir)?),
        "remove" => {
            let paths = reader.text_or_list(value)?;
            StepKind::Remove(files::image_paths(reader, paths))
        }
        "fetch" => StepKind::Fetch(reader.one(value, files::fetch)?),
        "git" => StepKind::Git(reader.one(value, git::checkout)?),
        _ => StepKind::Env(body::env(reader, value)),
    })
}

/// The key `shell` beside a step word.
fn shell_key(step: &Node) -> Option<&Spanned<String>> {
    let NodeKind::Map(entries) = &step.kind else {
        return None;
    };
    let found = entries.iter().find(|entry| entry.key.value == "shell");
    found.map(|entry| &entry.key)
}

pub(super) fn command(reader: &mut Reader<'_>, node: &Node) -> Option<Command> {
    reader.one(node, |reader, node| match &node.kind {
        NodeKind::Scalar(_) => {
            let text = reader.text_with(node, SHELL)?;
            if text.value.trim().is_empty() && !text.opaque {
                reader.error(&node.place, "there is nothing to run");
                return None;
            }
            Some(Command::Script(text.value))
        }
        NodeKind::List(_) => {
            let words: Vec<Text> = reader.list(node)?;
            if words.is_empty() {
                reader.error(&node.place, "there is nothing to run");
                return None;
            }
            Some(Command::Args(
                words.into_iter().map(|word| word.value).collect(),
            ))
        }
        NodeKind::Map(_) => {
            reader.not_as(
                node,
                "`run` is text for a shell, or a list of program and arguments",
            );
            None
        }
    })
}
