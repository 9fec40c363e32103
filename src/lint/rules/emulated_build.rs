//! `emulated-build`: a compiler that will run in an emulator.

use std::ops::Range;

use crate::diagnostic::{Finding, Level};
use crate::lint::rule::{Check, Example, MULTI_ARCH, Rule};
use crate::lint::tree::{StepView, branches, entries, texts, values};
use crate::lint::view::{RecipeView, Report};
use crate::oci::Platform;
use crate::recipe::Command;
use crate::yaml::NodeKind;

pub(in crate::lint) static RULE: Rule = Rule {
    id: "emulated-build",
    group: MULTI_ARCH,
    level: Some(Level::Note),
    fixed: false,
    summary: "a step compiles, and no builder of the workspace has its platform",
    why: "A compiler under emulation takes five to twenty times as long. A stage with `platform: native` and a \
          cross compiler, or a builder of that platform in `kiln.yaml`, does the same in a fraction of the time.",
    bad: Example(&[(Example::PATH, "steps:\n  - run: cargo build --release\n")]),
    good: Example(&[(
        Example::PATH,
        "stages:\n  build:\n    base: rust:1.89-slim\n    platform: native\n    steps:\n      \
         - run: cargo build --release --target ${{ arch_gnu }}-unknown-linux-gnu\n\
         steps:\n  - copy: {from: build, src: /app, to: /app}\n",
    )]),
    check: Check::Recipe(check),
};

/// How commands begin that compile for minutes.
const HEAVY: [&str; 12] = [
    "make -j",
    "cmake --build",
    "ninja",
    "cargo build",
    "cargo install",
    "go build",
    "bazel build",
    "npm run build",
    "yarn build",
    "mvn package",
    "gradle build",
    "python setup.py install",
];

fn check(view: &RecipeView<'_>, report: &mut Report<'_>) {
    let builders = &view.workspace.builders;
    let covered = |platform: &Platform| {
        builders
            .iter()
            .any(|builder| builder.platforms.contains(platform))
    };
    let mut platforms = view.images.iter().flat_map(|image| image.contents.keys());
    let Some(first) = platforms.next() else {
        return;
    };
    let several = platforms.any(|platform| platform.architecture() != first.architecture());
    let all = view.images.iter().flat_map(|image| image.contents.keys());
    if !several || (!builders.is_empty() && all.into_iter().all(covered)) {
        return;
    }
    for step in view.steps().iter().filter(|step| step.word.value == "run") {
        if !is_native(view, step) {
            tell(step, report);
        }
    }
}

fn is_native(view: &RecipeView<'_>, step: &StepView<'_>) -> bool {
    let Some(name) = step.stage else { return false };
    values(view.tree(), "stages")
        .into_iter()
        .flat_map(entries)
        .any(|stage| stage.key.value == name && stage.value.get("platform").is_some())
}

/// Whether a command compiles for minutes.
pub(super) fn compiles(command: &Command) -> bool {
    match command {
        Command::Script(text) => heavy(text).is_some(),
        Command::Args(words) => match words.as_slice() {
            [shell, option, script, ..] if shell.ends_with("sh") && option == "-c" => {
                heavy(script).is_some()
            }
            words => is_heavy(&words.join(" ")),
        },
    }
}

fn is_heavy(words: &str) -> bool {
    HEAVY.iter().any(|heavy| words.starts_with(heavy))
}

fn tell(step: &StepView<'_>, report: &mut Report<'_>) {
    let message = "this compiles, and runs under emulation on every foreign platform";
    let help = "compile in a stage with `platform: native`, or name a builder of that platform";
    for value in branches(step.value) {
        let texts = texts(value);
        let words: Vec<&str> = texts.iter().map(|text| text.text).collect();
        let is_list = matches!(value.kind, NodeKind::List(_));
        let script = match words.as_slice() {
            [_] if !is_list => texts.first(),
            [shell, "-c", ..] if shell.ends_with("sh") => texts.get(2),
            _ => None,
        };
        if let Some(script) = script {
            if let Some(at) = heavy(script.text) {
                report.push(Finding::error(&script.part(at), message).with_help(help));
            }
        } else if is_heavy(&words.join(" ")) {
            report.push(Finding::error(&step.word.place, message).with_help(help));
        }
    }
}

/// Where a script begins to compile.
fn heavy(script: &str) -> Option<Range<usize>> {
    HEAVY.iter().find_map(|heavy| {
        let starts = |at: usize| {
            let before = script[..at].trim_end_matches(' ');
            before.is_empty() || before.ends_with(['\n', ';', '&', '(', '|'])
        };
        let mut all = script.match_indices(heavy);
        all.find(|(at, _)| starts(*at))
            .map(|(at, _)| at..at + heavy.len())
    })
}
