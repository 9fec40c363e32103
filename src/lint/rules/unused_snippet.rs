//! `unused-snippet`: a file of `templates/steps` that nothing uses.

use crate::diagnostic::{Finding, Level};
use crate::lint::rule::{Check, Example, Rule, UNUSED};
use crate::lint::view::{Report, WorkspaceView};
use crate::text::Place;

pub(in crate::lint) static RULE: Rule = Rule {
    id: "unused-snippet",
    group: UNUSED,
    level: Some(Level::Warning),
    fixed: false,
    summary: "a snippet of `templates/steps` that no file of the workspace uses",
    why: "No mistake in it is ever seen, and whoever changes it believes that images change. It is only said where every \
          file of the workspace could be read; `recipes` in `kiln.yaml` must name all of them.",
    bad: Example(&[
        (Example::PATH, "steps:\n  - run: [date]\n"),
        (
            "templates/steps/tool.yaml",
            "kiln: 1\ninputs: {}\nsteps:\n  - run: [tool]\n",
        ),
    ]),
    good: Example(&[
        (Example::PATH, "steps:\n  - use: tool\n"),
        (
            "templates/steps/tool.yaml",
            "kiln: 1\ninputs: {}\nsteps:\n  - run: [tool]\n",
        ),
    ]),
    check: Check::Workspace(check),
};

fn check(view: &WorkspaceView<'_>, report: &mut Report<'_>) {
    for source in view.unused_snippets {
        let finding = Finding::error(&Place::file(source), "nothing uses this snippet");
        report.push(finding.with_help("remove the file, or `use` it among the steps of a recipe"));
    }
}
