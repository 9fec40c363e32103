//! `run` steps that do nothing but install packages, read as the typed steps that say the same.

mod apt;
mod files;
mod pip;

use super::shell::{Word, commands};
use super::tree::{StepView, scalar};
use crate::recipe::Command;
use crate::yaml::NodeKind;

pub(super) use apt::Apt;
pub(super) use files::in_workspace;
pub(super) use pip::Pip;

/// A call as a typed step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Typed {
    Apt(Apt),
    Pip(Pip),
}

/// What a script installs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Installs {
    /// The calls, in their order.
    pub(super) typed: Vec<Typed>,
    /// The first words that typed steps cannot say, or that are not understood.
    pub(super) unclear: Option<String>,
    /// Whether lists of packages are fetched first.
    pub(super) fresh: bool,
    /// Whether packages are upgraded before the first call that installs.
    upgrade: bool,
}

impl Installs {
    fn unclear(&mut self, words: &str) {
        self.unclear.get_or_insert_with(|| words.to_owned());
    }

    /// The tools that are called, as step words.
    pub(super) fn words(&self) -> Vec<&'static str> {
        let calls = |apt: bool| {
            let mut typed = self.typed.iter();
            typed.any(|typed| matches!(typed, Typed::Apt(_)) == apt)
        };
        let words = [("apt", calls(true)), ("pip", calls(false))];
        let words = words.into_iter().filter(|(_, calls)| *calls);
        words.map(|(word, _)| word).collect()
    }
}

/// What a step installs; nothing for one that does anything else, too.
pub(super) fn of_step(step: &StepView<'_>) -> Option<Installs> {
    match &step.value.kind {
        NodeKind::Scalar(value) => of_script(&value.text),
        NodeKind::List(items) => {
            let words: Option<Vec<&str>> = items
                .iter()
                .map(|item| scalar(item).map(|scalar| scalar.text.as_str()))
                .collect();
            of_arguments(&words?)
        }
        NodeKind::Map(_) => None,
    }
}

/// The same of what a `run` step runs.
pub(super) fn of_command(command: &Command) -> Option<Installs> {
    match command {
        Command::Script(text) => of_script(text),
        Command::Args(words) => {
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            of_arguments(&words)
        }
    }
}

fn of_script(text: &str) -> Option<Installs> {
    // To read a long text word by word is worth it only where one of them is meant.
    let names = ["apt", "pip"];
    if !names.iter().any(|name| text.contains(name)) {
        return None;
    }
    of_commands(&commands(text)?)
}

fn of_arguments(words: &[&str]) -> Option<Installs> {
    if let [shell, option, script] = words
        && is_shell(shell)
        && matches!(*option, "-c" | "-ec" | "-exc" | "-euc" | "-euxc")
    {
        return of_script(script);
    }
    let words = words.iter().map(|word| Word::literal(word)).collect();
    of_commands(&[words])
}

/// Whether a program is a shell whose plain words mean the same as those of any other one.
pub(super) fn is_shell(program: &str) -> bool {
    let name = program.rsplit('/').next().unwrap_or(program);
    matches!(name, "sh" | "bash" | "dash" | "ash")
}

fn of_commands(commands: &[Vec<Word>]) -> Option<Installs> {
    let mut all = Installs::default();
    for words in commands {
        command(words, &mut all)?;
    }
    if all.upgrade && !matches!(all.typed.first(), Some(Typed::Apt(_))) {
        all.unclear("upgrade");
    }
    (!all.typed.is_empty()).then_some(all)
}

/// Reads a command; nothing comes back for one that does more than to install or to clean up behind it.
fn command(words: &[Word], all: &mut Installs) -> Option<()> {
    let mut words = words;
    // `export` of what typed steps set themselves, and variables before a program.
    if words.first().is_some_and(|word| word.text == "export") {
        words = &words[1..];
        return words
            .iter()
            .all(|word| word.literal && is_set_anyway(&word.text))
            .then_some(());
    }
    while let Some(word) = words.first().filter(|word| is_assignment(&word.text)) {
        if !(word.literal && is_set_anyway(&word.text)) {
            all.unclear(&word.text);
        }
        words = &words[1..];
    }
    let program = words.first().filter(|word| word.literal)?;
    let name = program.text.rsplit('/').next().unwrap_or_default();
    match name {
        "set" => words[1..].iter().all(stops_early).then_some(()),
        "rm" => cleans(&words[1..]).then_some(()),
        "apt-get" | "apt" => apt::read(&words[1..], all),
        _ => pip::read(words, all),
    }
}

/// `set -eux`, `set -o pipefail`: a typed step stops at the first mistake anyway.
fn stops_early(word: &Word) -> bool {
    let letters = word.text.strip_prefix('-');
    word.text == "pipefail"
        || letters.is_some_and(|letters| letters.chars().all(|c| "euxo".contains(c)))
}

fn is_assignment(text: &str) -> bool {
    let name = text.split_once('=').map_or("", |(name, _)| name);
    let fits = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    !name.is_empty() && name.chars().all(fits)
}

/// Variables that a typed step sets, or that are about what it does not leave.
fn is_set_anyway(text: &str) -> bool {
    let (name, value) = text.split_once('=').unwrap_or((text, ""));
    match name {
        "DEBIAN_FRONTEND" => value == "noninteractive",
        _ => is_harmless(name),
    }
}

/// Variables of pip that change nothing of what is installed.
pub(super) fn is_harmless(name: &str) -> bool {
    matches!(
        name,
        "PIP_NO_CACHE_DIR"
            | "PIP_CACHE_DIR"
            | "PIP_NO_INPUT"
            | "PIP_DISABLE_PIP_VERSION_CHECK"
            | "PIP_ROOT_USER_ACTION"
            | "PIP_BREAK_SYSTEM_PACKAGES"
            | "PIP_PROGRESS_BAR"
    )
}

/// Whether the arguments of `rm` name nothing but what package tools leave.
fn cleans(words: &[Word]) -> bool {
    let left = ["/var/lib/apt/lists", "/var/cache/apt"];
    let of_user = ["/.cache", "/.cache/pip"];
    let mut paths = 0;
    for word in words {
        let text = word.text.as_str();
        if let Some(letters) = text.strip_prefix('-') {
            if !letters.chars().all(|c| "rfRv".contains(c)) {
                return false;
            }
            continue;
        }
        paths += 1;
        let path = text.trim_end_matches(['*', '/']);
        let below = ["/archives", "/archives/*.deb", "/archives/partial"];
        let in_cache = path.strip_prefix("/var/cache/apt");
        let at_home = path.strip_prefix('~').or(path.strip_prefix("/root"));
        let is_left = left.contains(&path)
            || in_cache.is_some_and(|rest| below.contains(&rest))
            || at_home.is_some_and(|rest| of_user.contains(&rest));
        if !is_left {
            return false;
        }
    }
    paths > 0
}

/// A text with its expressions taken for one letter each, as an expression yields no syntax.
fn without_expressions(text: &str) -> String {
    let mut all = String::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once("${{") {
        all.push_str(before);
        all.push('1');
        rest = behind.split_once("}}").map_or("", |(_, rest)| rest);
    }
    all + rest
}

#[cfg(test)]
mod tests;
