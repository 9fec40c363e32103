//! The page on labels: the table of [`LABELS`], with what the checks themselves say of its values.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::fault::{Fault, Weight};
use super::label::PREFIX;
use super::labels::check;
use super::reference::{Entry, LABELS, STRICTER};
use super::release::{NEWEST, OLDEST};
use super::tag::{check_tag, check_tag_and_labels};

/// Labels that nobody minds, beside which the values of the table are judged.
const BESIDE: [(&str, &str); 5] = [
    ("kernelspec", "1"),
    ("features", "uid-match"),
    ("base-distro", "ubuntu22.04"),
    ("runtime-type", "python"),
    ("runtime-path", "/usr/bin/python3"),
];

/// Tags of every kind.
const TAGS: [&str; 10] = [
    "latest",
    "3.11-ubuntu22.04-cuda12.4",
    "24.03-pytorch2.13-py312",
    "2019b-arm64",
    "1.0-tt_metal0.5",
    "1.0.0-rc.1-ubuntu22.04",
    "py38-cuda-11.4",
    "2.6-py38-py11.3",
    "1.0-",
    "1.0-cuda12.4",
];

/// Everything that is said of an image with good labels and one of the table with some value.
pub fn judged(entry: &Entry, value: &str) -> Vec<Fault> {
    let own = [(entry.key, value)];
    let all = BESIDE.iter().chain(entry.beside).chain(&own);
    let labels: BTreeMap<String, String> = all
        .map(|(key, value)| (format!("{PREFIX}{key}"), (*value).to_owned()))
        .collect();
    check(&labels).into_iter().map(|(_, fault)| fault).collect()
}

/// The page.
pub fn page() -> String {
    let mut text = format!(
        "# Labels of Backend.AI kernels\n\nEvery label that Backend.AI reads of an image, from {OLDEST} to {NEWEST}, and what `kiln` says of values. \
         Made of `src/kernel/reference.rs`; the words behind a value are those of the checks.\n\n\
         A label is written through the key `kernel` of a recipe, or as it is in `labels`: both pass the same checks. An error means that a release \
         refuses the image, loses it, or starts no session or service of it; a warning that it takes the label and does not do what it says. \
         Which releases count is said in `kiln.yaml`: `kernel: {{releases: [\"24.03\", \"26.8\"]}}`; without it one of each generation. What \
         the platform does not know it keeps, so kiln warns of a label that it does not know, with the nearest one that there is.\n\n\
         | label | in `kernel` | where it is missing |\n|---|---|---|\n"
    );
    for entry in &LABELS {
        let recipe = if entry.recipe.is_empty() {
            "–"
        } else {
            entry.recipe
        };
        let _ = writeln!(
            text,
            "| `{PREFIX}{}` | {recipe} | {} |",
            entry.key, entry.default
        );
    }
    for entry in &LABELS {
        section(&mut text, entry);
    }
    tags(&mut text);
    text.push_str(
        "\n## Stricter than the platform\n\nEverything else that every release takes passes without an error; `make test-long` holds kiln \
         against the platform's own code.\n\n",
    );
    for (name, words) in STRICTER {
        let _ = writeln!(text, "* `{name}`: {words}");
    }
    text
}

fn section(text: &mut String, entry: &Entry) {
    let _ = write!(
        text,
        "\n## `{PREFIX}{}`\n\n* Value: {}.\n* Since: {}.\n* Read by: {}\n\n| value | kiln says |\n|---|---|\n",
        entry.key, entry.grammar, entry.since, entry.reading
    );
    for value in entry.good.iter().chain(entry.bad) {
        row(text, value, &judged(entry, value));
    }
}

fn tags(text: &mut String) {
    text.push_str(
        "\n## Tags\n\nA version, then words joined by `-`: each of letters, since 24.03 also `_`, with a version behind them or nothing, none \
         twice. The manager passes over an image with another tag when it scans a registry.\n\n| tag | kiln says |\n|---|---|\n",
    );
    for tag in TAGS {
        let mut faults = check_tag(tag);
        // Only the last one is about labels: the first with a word on CUDA has them.
        if tag == "1.0-cuda12.4" {
            faults.extend(check_tag_and_labels(tag, &BTreeMap::new()));
        }
        row(text, tag, &faults);
    }
}

fn row(text: &mut String, value: &str, faults: &[Fault]) {
    let plain = !value.is_empty() && value.trim() == value && !value.contains("  ");
    let shown = if plain {
        format!("`{value}`")
    } else {
        format!("`\"{value}\"`")
    };
    let said: Vec<String> = faults.iter().map(words).collect();
    let said = if said.is_empty() {
        "good".to_owned()
    } else {
        said.join("<br>")
    };
    let _ = writeln!(text, "| {shown} | {said} |");
}

fn words(fault: &Fault) -> String {
    let level = match fault.weight {
        Weight::Error => "error",
        Weight::Warning => "warning",
    };
    match &fault.help {
        Some(help) => format!("{level}: {fault}; {help}"),
        None => format!("{level}: {fault}"),
    }
}
