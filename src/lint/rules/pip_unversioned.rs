//! `pip-unversioned`: a Python package without any version.

use crate::diagnostic::{Finding, Level};
use crate::lint::rule::{Check, Example, PINNING, Rule};
use crate::lint::tree::{TextView, texts, values};
use crate::lint::view::{Report, Written};

pub(in crate::lint) static RULE: Rule = Rule {
    id: "pip-unversioned",
    group: PINNING,
    level: Some(Level::Note),
    fixed: false,
    summary: "a `pip` step installs a package without a version, and the workspace has no lock",
    why: "Without a version pip takes the newest release of the day, whose interface may be another one. Write a bound \
          (`torch>=2.4,<3`) or a version (`torch==2.4.1`); where the workspace has a `kiln.lock`, it holds the versions. A \
          requirement file is not looked into.",
    bad: Example(&[(Example::PATH, "steps:\n  - pip: {install: [requests]}\n")]),
    good: Example(&[(
        Example::PATH,
        "steps:\n  - pip: {install: [\"requests>=2.32,<3\"]}\n",
    )]),
    check: Check::Written(check),
};

fn check(view: &Written<'_>, report: &mut Report<'_>) {
    if view.around.has_lock {
        return;
    }
    for step in view.steps().iter().filter(|step| step.word.value == "pip") {
        for list in values(step.value, "install") {
            for item in texts(list) {
                if let Some(name) = unversioned(item) {
                    let message = format!("`{name}` is installed in whatever version is newest");
                    let help = format!("write a bound, such as \"{name}>=1,<2\"");
                    report.push(Finding::error(&item.node.place, message).with_help(help));
                }
            }
        }
    }
}

/// The name of a requirement that is nothing but a name, with extras or a marker at most.
fn unversioned(item: TextView<'_>) -> Option<&str> {
    let (requirement, _) = item.text.split_once(';').unwrap_or((item.text, ""));
    let requirement = requirement.trim();
    let (name, rest) = match requirement.split_once('[') {
        Some((name, rest)) => (name, rest.split_once(']')?.1),
        None => (requirement, ""),
    };
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    // A path in the image has a slash, or is an archive.
    let is_archive = [".whl", ".gz", ".zip"]
        .iter()
        .any(|end| name.ends_with(end));
    let bare = !name.is_empty() && name.chars().all(fits) && rest.trim().is_empty();
    (bare && !is_archive && name != ".").then_some(name)
}
