//! `bootstrap-mode`: a kernel's bootstrap script that the platform passes over.

use std::collections::BTreeSet;

use crate::diagnostic::{Finding, Level};
use crate::lint::rule::{CORRECTNESS, Check, Example, Rule};
use crate::lint::view::{Files, RecipeView, Report};
use crate::recipe::steps::{Copy, Mode};
use crate::recipe::{Command, Content, Step, StepKind};
use crate::text::Place;

pub(in crate::lint) static RULE: Rule = Rule {
    id: "bootstrap-mode",
    group: CORRECTNESS,
    level: Some(Level::Warning),
    fixed: false,
    summary: "a kernel's bootstrap script that is not executable",
    why: "Backend.AI reads `/opt/container/bootstrap.sh` when a session starts, and passes over one that is not executable with no \
          more than a line in a log: the services that it should start are not there. `write` makes files with mode 0644, and \
          `copy` keeps the mode that the file has in the workspace.",
    bad: Example(&[(
        Example::PATH,
        "repository: team/example\nplatforms: [linux/amd64]\n\
         kernel: {runtime: app, runtime_path: /bin/true, base_distro: ubuntu22.04, features: [batch], resources: {min: {cpu: 1, mem: 64m}}}\n\
         steps:\n  - write: {path: /opt/container/bootstrap.sh, content: \"#!/bin/sh\\n\"}\n",
    )]),
    good: Example(&[(
        Example::PATH,
        "repository: team/example\nplatforms: [linux/amd64]\n\
         kernel: {runtime: app, runtime_path: /bin/true, base_distro: ubuntu22.04, features: [batch], resources: {min: {cpu: 1, mem: 64m}}}\n\
         steps:\n  - write: {path: /opt/container/bootstrap.sh, content: \"#!/bin/sh\\n\", mode: \"0755\"}\n",
    )]),
    check: Check::Recipe(check),
};

const FOLDER: &str = "/opt/container";
const NAME: &str = "bootstrap.sh";

fn check(view: &RecipeView<'_>, report: &mut Report<'_>) {
    let mut seen: BTreeSet<String> = BTreeSet::new();
    for content in view.images.iter().flat_map(|image| image.contents.values()) {
        if content.kernel.is_none() {
            continue;
        }
        if let Some((place, help)) = last(content, view.files)
            && seen.insert(place.to_string())
        {
            let message = format!("`{FOLDER}/{NAME}` is not executable, and is passed over");
            report.push(Finding::error(&place, message).with_help(help));
        }
    }
}

/// What the last step that has to do with the script leaves, if it is not executable.
fn last(content: &Content, files: &dyn Files) -> Option<(Place, String)> {
    let mut found = None;
    for step in &content.steps {
        match of_step(step, files) {
            Some(Left::Executable) => found = None,
            Some(Left::Not(place, help)) => found = Some((place, help)),
            None => {}
        }
    }
    found
}

/// How a step leaves the script.
enum Left {
    Executable,
    Not(Place, String),
}

fn of_step(step: &Step, files: &dyn Files) -> Option<Left> {
    let asked = "write mode: \"0755\"";
    match &step.kind {
        StepKind::Copy(copy) => of_copy(copy, files),
        StepKind::Write(write) if write.path == format!("{FOLDER}/{NAME}") && !write.append => {
            Some(if is_executable(&write.mode) {
                Left::Executable
            } else {
                Left::Not(step.place.clone(), asked.to_owned())
            })
        }
        StepKind::Fetch(fetch) if fetch.download.extract.is_none() => {
            let name = fetch.download.url.rsplit('/').next().unwrap_or_default();
            if !is_script(&fetch.to, name) {
                return None;
            }
            Some(match &fetch.mode {
                Some(mode) if is_executable(mode) => Left::Executable,
                _ => Left::Not(step.place.clone(), asked.to_owned()),
            })
        }
        // A program may do anything; one that speaks of both most likely does this.
        StepKind::Run(command, _) => {
            let text = match command {
                Command::Script(text) => text.clone(),
                Command::Args(words) => words.join(" "),
            };
            let speaks = text.contains(NAME) || text.contains(FOLDER);
            speaks.then_some(Left::Executable)
        }
        _ => None,
    }
}

fn of_copy(copy: &Copy, files: &dyn Files) -> Option<Left> {
    let name = |path: &str| {
        path.trim_end_matches('/')
            .rsplit('/')
            .next()
            .map(str::to_owned)
    };
    let source = copy.src.iter().find(|source| {
        let name = name(&source.value).unwrap_or_default();
        is_script(&copy.to, &name) && (copy.src.len() == 1 || name == NAME)
    })?;
    if let Some(mode) = &copy.mode {
        return Some(if is_executable(mode) {
            Left::Executable
        } else {
            Left::Not(source.place.clone(), "write mode: \"0755\"".to_owned())
        });
    }
    // What another image or a stage has is not known here.
    if copy.from.is_some() {
        return Some(Left::Executable);
    }
    let path = source.value.replacen("/./", "/", 1);
    match files.is_executable(path.trim_matches('/')) {
        Ok(false) => {
            let help = format!("write mode: \"0755\", or chmod +x {path}");
            Some(Left::Not(source.place.clone(), help))
        }
        // A file that is missing is told of by another rule.
        Ok(true) | Err(_) => Some(Left::Executable),
    }
}

/// Whether a file of some name becomes the script at a target.
fn is_script(to: &str, name: &str) -> bool {
    let whole = format!("{FOLDER}/{NAME}");
    to == whole || (to.trim_end_matches('/') == FOLDER && name == NAME)
}

fn is_executable(mode: &Mode) -> bool {
    match mode {
        Mode::Octal(bits) => bits & 0o111 != 0,
        Mode::Symbolic(words) => words.contains(['x', 'X']),
    }
}
