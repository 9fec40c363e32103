//! Labels as the platform reads them: per architecture, from the configuration.

use std::collections::{BTreeMap, BTreeSet};

use super::finding::ImageFinding;
use super::index::before;
use super::judge::ImageView;
use super::kernel;
use crate::diagnostic::Level;
use crate::kernel::{
    Fault, Releases, Weight, check_set, check_tag_and_labels, check_value, is_label, retired,
};

/// How many labels are named.
const NAMED: usize = 5;

/// The most findings on the labels of one platform.
const MOST: usize = 200;

/// The longest name of a label that is shown whole, in characters.
const LONGEST_KEY: usize = 120;

/// The id of labels that nothing reads any more.
const DEPRECATED: &str = "deprecated-label";

/// The finding for a fault of the contract.
pub(super) fn of_fault(finding: ImageFinding, fault: &Fault) -> ImageFinding {
    let finding = finding.level(level_of(fault)).within(fault.range);
    match &fault.help {
        Some(help) => finding.help(help),
        None => finding,
    }
}

fn level_of(fault: &Fault) -> Level {
    match fault.weight {
        Weight::Error => Level::Error,
        Weight::Warning => Level::Warning,
    }
}

/// Looks at the labels of all platforms.
pub(super) fn check(view: &ImageView<'_>, findings: &mut Vec<ImageFinding>) {
    present(view, findings);
    equal(view, findings);
    let all: Vec<(&str, Vec<ImageFinding>)> = view
        .labels()
        .map(|(platform, labels)| (platform, contract(view, labels)))
        .collect();
    // What is true of all platforms is said once.
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for finding in all.iter().flat_map(|(_, own)| own) {
        *counts
            .entry((finding.rule, finding.message.as_str()))
            .or_default() += 1;
    }
    for (number, (platform, own)) in all.iter().enumerate() {
        for finding in own {
            let count = counts.get(&(finding.rule, finding.message.as_str()));
            if count != Some(&all.len()) {
                findings.push(finding.clone().on(platform));
            } else if number == 0 {
                findings.push(finding.clone());
            }
        }
    }
}

/// Configurations that lack what old releases look for without asking.
fn present(view: &ImageView<'_>, findings: &mut Vec<ImageFinding>) {
    for image in view.images {
        let Some(config) = &image.config else {
            continue;
        };
        let lacks = [
            (config.has_config, "object `config`"),
            (config.has_architecture, "architecture"),
        ];
        for (has, what) in lacks {
            if !has {
                let message = format!("the configuration has no {what}");
                findings.push(
                    ImageFinding::new(&kernel::CONFIG_PRESENT, message)
                        .on(&image.platform)
                        .within(before("24.09"))
                        .help(
                            "build the image again with a builder that writes whole configurations",
                        ),
                );
            }
        }
    }
}

/// Labels that differ from those of the first platform.
fn equal(view: &ImageView<'_>, findings: &mut Vec<ImageFinding>) {
    let mut all = view.labels();
    let Some((first, labels)) = all.next() else {
        return;
    };
    for (platform, others) in all {
        let keys: BTreeSet<&String> = labels.keys().chain(others.keys()).collect();
        let differ = keys
            .into_iter()
            .filter(|key| labels.get(*key) != others.get(*key));
        let (own, foreign): (Vec<&String>, Vec<&String>) = differ.partition(|key| is_label(key));
        for (keys, level) in [(own, Level::Error), (foreign, Level::Note)] {
            if keys.is_empty() {
                continue;
            }
            let message = differing(&keys, first, labels, others);
            findings.push(
                ImageFinding::new(&kernel::LABELS_EQUAL, message)
                    .level(level)
                    .on(platform)
                    .help("give every platform of the image the same labels"),
            );
        }
    }
}

/// What differs: the values of one label, the names of several.
fn differing(
    keys: &[&String],
    first: &str,
    labels: &BTreeMap<String, String>,
    others: &BTreeMap<String, String>,
) -> String {
    if let [key] = keys {
        let value = |of: &BTreeMap<String, String>| match of.get(*key) {
            // Two long values are told apart by nobody.
            Some(value) if value.len() > 80 => format!("{} bytes", value.len()),
            Some(value) => format!("`{value}`"),
            None => "not there".to_owned(),
        };
        return format!(
            "the label `{}` is {} here, and {} on {first}",
            short(key),
            value(others),
            value(labels)
        );
    }
    let named: Vec<String> = keys
        .iter()
        .take(NAMED)
        .map(|key| format!("`{}`", short(key)))
        .collect();
    let more = match keys.len().saturating_sub(NAMED) {
        0 => String::new(),
        count => format!(" and {count} more"),
    };
    format!(
        "the labels {}{more} differ from those of {first}",
        named.join(", ")
    )
}

/// What the chosen releases mind of the labels of one platform; of very much the first of it.
fn contract(view: &ImageView<'_>, labels: &BTreeMap<String, String>) -> Vec<ImageFinding> {
    let mut found = Found::default();
    for (key, value) in labels {
        for fault in check_value(key, value) {
            found.add(Some(key), &fault, view.releases);
        }
    }
    for (key, fault) in check_set(labels) {
        let key = labels.contains_key(&key).then_some(key.as_str());
        found.add(key, &fault, view.releases);
    }
    if let Some(tag) = view.reference.tag()
        && let Some(fault) = check_tag_and_labels(tag.as_str(), labels)
    {
        found.add(None, &fault, view.releases);
    }
    for (key, retired) in labels.keys().filter_map(|key| Some((key, retired(key)?))) {
        let message = format!("`{key}` {}", retired.why);
        found.push(Level::Warning, || {
            ImageFinding::new(&kernel::KERNEL_LABELS, message)
                .rule(DEPRECATED)
                .help(retired.instead)
        });
    }
    found.finish()
}

/// Findings on labels, as many as somebody reads.
#[derive(Default)]
struct Found {
    findings: Vec<ImageFinding>,
    /// How many more there are, and the worst of them.
    more: Option<(usize, Level)>,
}

impl Found {
    fn add(&mut self, key: Option<&str>, fault: &Fault, releases: &Releases) {
        if !fault.concerns(releases) {
            return;
        }
        self.push(level_of(fault), || {
            let message = match key {
                Some(key) => format!("the label `{}`: {}", short(key), fault.message),
                None => fault.message.clone(),
            };
            let finding = ImageFinding::new(&kernel::KERNEL_LABELS, message);
            of_fault(finding, fault).rule(fault.rule.as_str())
        });
    }

    fn push(&mut self, level: Level, finding: impl FnOnce() -> ImageFinding) {
        if self.findings.len() < MOST {
            self.findings.push(finding().level(level));
        } else {
            let (count, worst) = self.more.unwrap_or((0, level));
            self.more = Some((count + 1, worst.min(level)));
        }
    }

    fn finish(mut self) -> Vec<ImageFinding> {
        if let Some((count, level)) = self.more {
            let message = format!("{count} more things are wrong with the labels");
            self.findings
                .push(ImageFinding::new(&kernel::KERNEL_LABELS, message).level(level));
        }
        self.findings
    }
}

/// A label's name, which has room for what is said of it.
fn short(key: &str) -> String {
    if key.chars().count() <= LONGEST_KEY {
        return key.to_owned();
    }
    let start: String = key.chars().take(LONGEST_KEY).collect();
    format!("{start}…")
}
