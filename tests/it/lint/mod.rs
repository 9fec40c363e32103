//! Lint rules: their examples, and a file per rule for what an example does not show.

mod allow;
mod apt_without_cleaning;
mod arch_literal;
mod base_distro;
mod base_platform;
mod bootstrap_mode;
mod cuda_label;
mod deprecated_label;
mod duplicate_tag;
mod emulated_build;
mod emulated_step;
mod examples;
mod fixes;
mod impossible_limit;
mod large;
mod latest_tag;
mod missing_file;
mod pip_extra_index;
mod pip_unversioned;
mod pipe_to_shell;
mod repository_grammar;
mod root_service;
mod run_installs;
mod secret_in_image;
mod tag_grammar;
mod undefined_service;
mod unpinned_base;
mod unpinned_fetch;
mod unpinned_git;
mod unreachable_condition;
mod unused_allow;
mod unused_name;
mod unused_snippet;
mod unused_stage;

use kiln::diagnostic::KINDS;
use kiln::ops::lint::{LintOptions, LintReport, Setting, lint};

use crate::common::Workbench;

/// What is found in a workspace with one recipe, `recipes/example.yaml`, which needs only the keys it is about.
pub(crate) fn found(recipe: &str) -> Vec<String> {
    let example = format!("{}{recipe}", missing(recipe));
    let bench = bench(&[("recipes/example.yaml", &example)]);
    // It has a note for every base, and so for every recipe here.
    shown(&report(&bench, &["unpinned-base=off"]))
}

/// The same, of one rule alone, and without the file's name.
pub(crate) fn found_by(rule: &str, recipe: &str) -> Vec<String> {
    let prefix = "recipes/example.yaml:";
    let found = found(recipe);
    let is_mistake = |line: &&String| {
        KINDS
            .iter()
            .any(|kind| line.contains(&format!(" error[{}]", kind.id)))
    };
    let mistake = found.iter().find(is_mistake);
    assert!(mistake.is_none(), "the recipe itself is wrong: {mistake:?}");
    let found = found.into_iter();
    let own = found.filter(|line| line.contains(&format!("[{rule}]")));
    own.map(|line| line.replace(prefix, "")).collect()
}

/// The keys that a recipe needs and this one does not have.
fn missing(recipe: &str) -> String {
    let given = [
        ("kiln", "1"),
        ("name", "example"),
        ("tags", "[\"1.0\"]"),
        ("base", "debian:12.11-slim"),
    ];
    let has = |key: &str| {
        recipe
            .lines()
            .any(|line| line.starts_with(&format!("{key}:")))
    };
    let given = given.iter().filter(|(key, _)| !has(key));
    let keys: Vec<String> = given
        .map(|(key, value)| format!("{key}: {value}\n"))
        .collect();
    keys.concat()
}

/// A workspace of some files.
pub(crate) fn bench(files: &[(&str, &str)]) -> Workbench {
    let bench = Workbench::new();
    bench.write("kiln.yaml", "kiln: 1\n");
    for (path, text) in files {
        bench.write(path, text);
    }
    bench
}

/// Everything found in a workspace.
pub(crate) fn report(bench: &Workbench, levels: &[&str]) -> LintReport {
    lint(&LintOptions {
        folder: bench.path().to_path_buf(),
        files: Vec::new(),
        levels: levels
            .iter()
            .map(|text| Setting::parse(text).unwrap())
            .collect(),
    })
    .unwrap()
}

/// One line per finding: place, level, rule, message.
pub(crate) fn shown(report: &LintReport) -> Vec<String> {
    let lines = report.findings.iter().map(|one| {
        let finding = &one.finding;
        let level = finding.level.as_str();
        format!(
            "{}: {level}[{}]: {}",
            finding.place, finding.rule, finding.message
        )
    });
    lines.collect()
}
