//! `emulated-step`: a program that runs in an emulator, where it need not.

use std::collections::{BTreeMap, BTreeSet};

use super::emulated_build::compiles;
use crate::diagnostic::{Finding, Level};
use crate::lint::installs::of_command;
use crate::lint::rule::{Check, Example, MULTI_ARCH, Rule};
use crate::lint::view::{RecipeView, Report};
use crate::oci::Platform;
use crate::recipe::{Command, Content, StagePlatform, Step, StepKind};
use crate::text::{Place, Span};

pub(in crate::lint) static RULE: Rule = Rule {
    id: "emulated-step",
    group: MULTI_ARCH,
    level: Some(Level::Note),
    fixed: false,
    summary: "a `run` step for a platform that no builder of the workspace has",
    why: "Its programs are the image's own, so that they run in an emulator, five to twenty times as slow. Folders, links, texts, \
          downloads and checkouts are steps of their own (`mkdir`, `link`, `write`, `copy`, `remove`, `fetch`, `git`), which run no \
          program of the image at all; `apt` and `pip` steps can be done by native programs. What needs a program, but not one \
          of this platform, is done in a stage with `platform: native` and copied from there. A workspace whose `kiln.yaml` \
          names no builders, or one without `platforms`, gets no such note: which platforms are foreign is not known then.",
    bad: Example(&[
        ("kiln.yaml", BUILDERS),
        (
            Example::PATH,
            "steps:\n  - run: mkdir -p /srv/data && ln -s /srv/data /data\n",
        ),
    ]),
    good: Example(&[
        ("kiln.yaml", BUILDERS),
        (
            Example::PATH,
            "steps:\n  - mkdir: /srv/data\n  - link: {path: /data, target: /srv/data}\n",
        ),
    ]),
    check: Check::Recipe(check),
};

const BUILDERS: &str = "kiln: 1\nbuilders:\n  - {name: here, address: \"tcp://builder.example.com:1234\", platforms: [linux/amd64]}\n";

/// Programs whose work is a step that runs none.
const STEPS: [(&str, &str); 11] = [
    ("mkdir", "mkdir"),
    ("ln", "link"),
    ("rm", "remove"),
    ("rmdir", "remove"),
    ("cp", "copy"),
    ("touch", "write"),
    ("curl", "fetch"),
    ("wget", "fetch"),
    ("tar", "fetch"),
    ("unzip", "fetch"),
    ("git clone", "git"),
];
/// Programs whose work is a key of the step that brings the file.
const KEYS: [(&str, &str); 3] = [("chmod", "mode"), ("chown", "owner"), ("chgrp", "owner")];
/// Programs that write text.
const WRITERS: [&str; 4] = ["echo", "printf", "cat", "tee"];
/// What says nothing by itself.
const BETWEEN: [&str; 6] = ["set", "export", "cd", "true", ":", "sudo"];

/// What is known of a step: where it stands, and the foreign platforms it runs on.
struct Told<'a> {
    place: &'a Place,
    platforms: BTreeSet<Platform>,
    command: &'a Command,
}

fn check(view: &RecipeView<'_>, report: &mut Report<'_>) {
    let builders = &view.workspace.builders;
    let unknown = builders.iter().any(|builder| builder.platforms.is_empty());
    if builders.is_empty() || unknown {
        return;
    }
    let has = |platform: Platform| {
        let mut known = builders.iter().flat_map(|builder| &builder.platforms);
        known.any(|known| runs(*known, platform))
    };
    let architectures: BTreeSet<&str> = view
        .images
        .iter()
        .flat_map(|image| image.contents.keys().map(Platform::architecture))
        .collect();
    // `emulated-build` tells of what compiles in a recipe for several.
    let is_told = |step: &Step, command: &Command| {
        let compiles = architectures.len() > 1 && step.used.is_empty() && compiles(command);
        compiles || of_command(command).is_some()
    };
    let mut all: BTreeMap<(&str, Span), Option<Told<'_>>> = BTreeMap::new();
    for (platform, content) in view.images.iter().flat_map(|image| &image.contents) {
        if has(*platform) {
            continue;
        }
        for (step, command) in runs_of(content) {
            let key = (step.place.source.path(), step.place.span);
            let told = all.entry(key).or_insert_with(|| {
                (!is_told(step, command)).then_some(Told {
                    place: &step.place,
                    platforms: BTreeSet::new(),
                    command,
                })
            });
            if let Some(told) = told {
                told.platforms.insert(*platform);
            }
        }
    }
    for told in all.into_values().flatten() {
        let platforms: Vec<String> = told.platforms.iter().map(Platform::to_string).collect();
        let message = format!(
            "this is emulated on {}, which no builder of kiln.yaml has",
            platforms.join(" and ")
        );
        report.push(Finding::error(told.place, message).with_help(instead(told.command)));
    }
}

/// Whether a machine runs programs of a platform without an emulator.
fn runs(machine: Platform, platform: Platform) -> bool {
    let (machine, own) = (machine.architecture(), platform.architecture());
    machine == own || (machine == "amd64" && own == "386")
}

/// The `run` steps for the image's platform.
fn runs_of(content: &Content) -> impl Iterator<Item = (&Step, &Command)> {
    let stages = content.stages.values();
    let stages = stages.filter(|stage| stage.platform == StagePlatform::Target);
    let steps = stages.flat_map(|stage| &stage.steps).chain(&content.steps);
    steps.filter_map(|step| match &step.kind {
        StepKind::Run(command, _) => Some((step, command)),
        _ => None,
    })
}

/// What to write in the place of a command.
fn instead(command: &Command) -> String {
    let native = "do what needs no program of this platform in a stage with `platform: native`, and copy from it";
    let parts = match command {
        Command::Script(text) => parts(text),
        Command::Args(words) => {
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            vec![Part::of(&words)]
        }
    };
    let (mut steps, mut keys) = (BTreeSet::new(), BTreeSet::new());
    let others = parts.contains(&Part::Other);
    for part in &parts {
        match part {
            Part::Step(word) => drop(steps.insert(*word)),
            Part::Key(word) => drop(keys.insert(*word)),
            Part::Nothing | Part::Other => {}
        }
    }
    let keys: Vec<String> = keys.iter().map(|word| format!("`{word}`")).collect();
    let installs = ["apt", "pip"].into_iter().filter(|word| steps.remove(word));
    let installs: Vec<String> = installs.map(|word| format!("`{word}`")).collect();
    let files: Vec<String> = steps.iter().map(|word| format!("`{word}`")).collect();
    let mut help = Vec::new();
    if !files.is_empty() {
        let steps = if files.len() == 1 {
            "step, which runs"
        } else {
            "steps, which run"
        };
        help.push(format!("{} {steps} no program", files.join(", ")));
    }
    if !keys.is_empty() {
        let keys = keys.join(" and ");
        help.push(format!("{keys} in the step that brings the file"));
    }
    if !installs.is_empty() {
        help.push(format!(
            "{} for the packages, which native programs can install",
            installs.join(" and ")
        ));
    }
    if help.is_empty() {
        return native.to_owned();
    }
    let rest = if others {
        "; the rest stays a `run` step"
    } else {
        ""
    };
    let a = if files.len() == 1 { "a " } else { "" };
    format!("write {a}{}{rest}", help.join(", and "))
}

/// What a command of a script is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// A step with this word says the same.
    Step(&'static str),
    /// A key of another step says the same.
    Key(&'static str),
    /// It is nothing by itself.
    Nothing,
    /// It needs a program.
    Other,
}

impl Part {
    fn of(words: &[&str]) -> Self {
        let is_setting = |word: &&&str| word.contains('=') && !word.contains(['/', '"', '\'']);
        let skipped = words.iter().take_while(is_setting).count();
        let mut words = &words[skipped..];
        if let [first, rest @ ..] = words
            && *first == "sudo"
        {
            words = rest;
        }
        let Some(first) = words.first() else {
            return Self::Nothing;
        };
        let name = first.rsplit('/').next().unwrap_or(first);
        if BETWEEN.contains(&name) || name.starts_with('#') {
            return Self::Nothing;
        }
        let has = |word: &str| words.contains(&word);
        if WRITERS.contains(&name) {
            let writes = words.iter().any(|word| word.starts_with('>')) || name == "tee";
            return if writes {
                Self::Step("write")
            } else {
                Self::Other
            };
        }
        if matches!(name, "apt-get" | "apt") {
            return Self::Step("apt");
        }
        if (name.starts_with("pip") || has("pip")) && has("install") {
            return Self::Step("pip");
        }
        if name == "rm" && has_only_leftovers(words) {
            return Self::Nothing;
        }
        let verb = words.get(1).copied().unwrap_or_default();
        let is_named = |program: &str| match program.split_once(' ') {
            Some((program, own)) => program == name && own == verb,
            None => program == name,
        };
        if let Some((_, step)) = STEPS.iter().find(|(program, _)| is_named(program)) {
            return Self::Step(step);
        }
        match KEYS.iter().find(|(program, _)| is_named(program)) {
            Some((_, key)) => Self::Key(key),
            None => Self::Other,
        }
    }
}

/// Whether `rm` takes away what package tools leave, and nothing else.
fn has_only_leftovers(words: &[&str]) -> bool {
    let paths = words[1..].iter().filter(|word| !word.starts_with('-'));
    let left = ["/var/lib/apt", "/var/cache/apt", "~/.cache"];
    let mut paths = paths.map(|path| left.iter().any(|left| path.starts_with(left)));
    paths.all(|is_left| is_left)
}

/// The commands of a script as far as their first words tell.
fn parts(script: &str) -> Vec<Part> {
    let joined = script
        .replace("\\\n", " ")
        .replace("&&", ";")
        .replace("||", ";");
    // What stands behind is text for a program.
    let joined = match joined.split_once("<<") {
        Some((before, _)) => before,
        None => joined.as_str(),
    };
    let commands = joined.split(['\n', ';', '|']);
    commands
        .map(|command| Part::of(&command.split_whitespace().collect::<Vec<_>>()))
        .collect()
}
