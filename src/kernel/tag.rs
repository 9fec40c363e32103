//! Tags and repositories as the platform reads them.

use std::collections::{BTreeMap, BTreeSet};

use super::fault::{Fault, Rule};
use super::labels::KernelLabels;
use super::release::Range;

/// A tag: a version, then words joined by `-`, each letters with a version behind them, none twice. An image
/// whose tag does not fit is passed over at the scan.
pub fn check_tag(tag: &str) -> Vec<Fault> {
    let lost = |message: String| Fault::error(Rule::Name, message);
    let is_end = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    let inside = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    if !tag.chars().all(inside) || !is_end(tag.chars().next()) || !is_end(tag.chars().next_back()) {
        let message = format!("the platform passes over the tag `{tag}`");
        return vec![lost(message).help("begin and end it with a letter or digit")];
    }
    let mut faults = Vec::new();
    let mut seen = BTreeSet::new();
    for word in tag.split('-').skip(1) {
        if faults.len() >= Fault::MOST {
            break;
        }
        let name = word.trim_start_matches(|c: char| c.is_ascii_alphabetic() || c == '_');
        let (name, version) = (&word[..word.len() - name.len()], name);
        if name.is_empty() || !is_version(version) {
            let message = format!(
                "the platform passes over the tag `{tag}`: `{word}` is no word and version"
            );
            faults.push(lost(message).help(
                "behind the first `-` every part is letters and then digits: 3.11-ubuntu22.04-cuda12.4",
            ));
            continue;
        }
        if name.contains('_') {
            let message = format!("the platform passes over the tag `{tag}`: `{word}` has a `_`");
            faults.push(
                lost(message)
                    .within(Range::before(24, 3))
                    .help("leave it out"),
            );
        }
        if !seen.insert(name) {
            let message =
                format!("the platform passes over the tag `{tag}`: `{name}` stands twice");
            faults.push(lost(message));
        }
    }
    faults
}

/// Nothing, or digits parted by dots and a trail of small letters and digits.
fn is_version(text: &str) -> bool {
    if text.is_empty() {
        return true;
    }
    let mut parts: Vec<&str> = text.split('.').collect();
    let last = parts.pop().unwrap_or_default();
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    parts.iter().all(|part| digits(part))
        && last.starts_with(|c: char| c.is_ascii_digit())
        && last
            .bytes()
            .all(|b| b.is_ascii_digit() || b.is_ascii_lowercase())
}

/// A tag that speaks of CUDA beside labels that do not, and the other way around.
pub fn check_tag_and_labels(tag: &str, labels: &BTreeMap<String, String>) -> Option<Fault> {
    let says = tag
        .split('-')
        .skip(1)
        .any(|word| word.starts_with("cuda") || word.starts_with("gpu"));
    let read = KernelLabels::read(labels);
    let named = read
        .accelerators
        .iter()
        .flatten()
        .any(|name| name == "cuda");
    let slots = read
        .resources
        .keys()
        .any(|(_, slot)| slot.as_str().starts_with("cuda."));
    let is_cpu = tag.split('-').skip(1).any(|word| word == "cpu");
    let (message, help) = match (says, named || slots) {
        (true, false) => (
            format!("the tag `{tag}` speaks of CUDA, and no label does"),
            "write kernel: {accelerators: [cuda]}",
        ),
        (false, true) if is_cpu => (
            format!("the tag `{tag}` says that it is for CPUs, and a label speaks of CUDA"),
            "leave the label out of this variant, or name the version of CUDA in the tag",
        ),
        _ => return None,
    };
    Some(Fault::warning(Rule::Contradiction, message).help(help))
}

/// A repository: the registry's project, `/`, a name.
pub fn check_repository(repository: &str) -> Vec<Fault> {
    let named = repository
        .split_once('/')
        .is_some_and(|(project, name)| !project.is_empty() && !name.is_empty());
    if named {
        return Vec::new();
    }
    let message =
        format!("`{repository}` has no project, and the platform scans projects of a registry");
    vec![
        Fault::warning(Rule::Name, message)
            .within(Range::from(24, 9))
            .help("write it as PROJECT/NAME, or give the registry a `project` in kiln.yaml"),
    ]
}

#[cfg(test)]
mod tests {
    use super::{check_repository, check_tag};
    use crate::kernel::Releases;

    #[test]
    fn tags_that_every_release_reads_pass() {
        for tag in [
            "latest",
            "2019b",
            "3.10-ubuntu22.04-cuda12.1",
            "19.12-tf2-py3",
            "1.0-arm64",
            "0.1-py311rc1",
            "24.03-pytorch2.13-py312-cuda13.3",
            "a_b.c-x",
            "v1..2_3-a",
        ] {
            assert!(check_tag(tag).is_empty(), "{tag}: {:?}", check_tag(tag));
        }
    }

    #[test]
    fn tags_that_lose_the_image_are_errors() {
        for tag in [
            "1.0.0-rc.1-ubuntu22.04",
            "py38-cuda-11.4",
            "2.6-py38-py11.3",
            "1.0-a_1-",
            "-a",
            "a.",
            "a--b",
            "1.0-1",
            "1.0-a1.",
            "1.0-a1B",
            "1.0-a.1",
            "1.0-é1",
            "",
            "a-b_",
        ] {
            let concerned = check_tag(tag)
                .iter()
                .any(|fault| fault.is_error_in(&Releases::default()));
            assert!(concerned, "{tag}");
        }
    }

    #[test]
    fn an_underscore_in_a_word_is_read_since_24_03() {
        let fault = &check_tag("1.0-tt_metal0.5")[0];
        assert!(!fault.concerns(&Releases::new(["24.03".parse().unwrap()])));
        assert!(fault.concerns(&Releases::default()));
    }

    #[test]
    fn a_repository_without_a_project_is_not_scanned() {
        assert!(check_repository("stable/python").is_empty());
        assert_eq!(check_repository("python").len(), 1);
    }
}
