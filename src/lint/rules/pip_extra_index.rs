//! `pip-extra-index`: an index beside another one, where either may win.

use crate::diagnostic::{Finding, Level};
use crate::lint::rule::{Check, Example, Rule, SECURITY};
use crate::lint::tree::{TextView, entries, texts, values};
use crate::lint::view::{Report, Written};
use crate::recipe::workspace_path;

pub(in crate::lint) static RULE: Rule = Rule {
    id: "pip-extra-index",
    group: SECURITY,
    level: Some(Level::Warning),
    fixed: false,
    summary: "pip is given an extra index",
    why: "pip takes the highest version of all its indexes, wherever it comes from: whoever registers the name of your \
          package on the public one is installed in your image. uv, which installs where nobody says otherwise, stops at the \
          first index that knows a name, so that the same words mean other packages to each of them. An `index` entry with \
          `packages` asks that index alone for those packages, and no other one. Requirement files are looked into: one that \
          names an extra index, or a second default one, says neither which package comes from where.",
    bad: Example(&[(
        Example::PATH,
        "steps:\n  - pip: {install: [\"torch==2.4.1\"], options: [--extra-index-url, \"https://download.example.com/cu124\"]}\n",
    )]),
    good: Example(&[(
        Example::PATH,
        "steps:\n  - pip:\n      install: [\"torch==2.4.1\"]\n      \
         index: [{url: \"https://download.example.com/cu124\", packages: [torch]}]\n",
    )]),
    check: Check::Written(check),
};

const OPTION: &str = "--extra-index-url";
const VARIABLES: [&str; 2] = ["PIP_EXTRA_INDEX_URL", "UV_EXTRA_INDEX_URL"];

fn check(view: &Written<'_>, report: &mut Report<'_>) {
    for step in view.steps() {
        match step.word.value.as_str() {
            "pip" => {
                values(step.value, "options")
                    .into_iter()
                    .flat_map(texts)
                    .for_each(|text| option(text, report));
                for key in ["requirements", "constraints"] {
                    values(step.value, key)
                        .into_iter()
                        .flat_map(texts)
                        .for_each(|text| file(text, view, report));
                }
            }
            "run" => texts(step.value)
                .into_iter()
                .for_each(|text| option(text, report)),
            _ => {}
        }
        variables(step.node, report);
    }
    variables(view.tree, report);
    for stages in values(view.tree, "stages") {
        for stage in entries(stages) {
            variables(&stage.value, report);
        }
    }
}

fn option(text: TextView<'_>, report: &mut Report<'_>) {
    if let Some(at) = text.text.find(OPTION) {
        tell(&text.part(at..at + OPTION.len()), report);
    }
}

/// A requirement file; one that is not there is told of by `missing-file`.
fn file(path: TextView<'_>, view: &Written<'_>, report: &mut Report<'_>) {
    let folder = path.node.place.source.folder();
    let Ok(own) = workspace_path(folder, path.text) else {
        return;
    };
    let found = view.around.files.extra_indexes(&own).unwrap_or_default();
    let Some((file, line, word)) = found.first() else {
        return;
    };
    let more = match found.len() {
        1 => String::new(),
        count => format!(", and {} more", count - 1),
    };
    let message = format!("`{file}`, line {line}, asks another index by `{word}`{more}");
    let help = "take the line out, and write `index: [{url: …, packages: [names]}]` in the step: uv stops at the first \
                index that knows a name, pip takes the highest version of all";
    report.push(Finding::error(&path.node.place, message).with_help(help));
}

fn variables(node: &crate::yaml::Node, report: &mut Report<'_>) {
    for env in values(node, "env") {
        for entry in entries(env) {
            if VARIABLES.contains(&entry.key.value.as_str()) {
                tell(&entry.key.place, report);
            }
        }
    }
}

fn tell(place: &crate::text::Place, report: &mut Report<'_>) {
    let message = "an extra index may hand out any package under any name";
    let help = "write `index: [{url: …, packages: [names]}]` in a `pip` step: uv stops at the first index that knows \
                a name, pip takes the highest version of all";
    report.push(Finding::error(place, message).with_help(help));
}
