//! The values of single labels.

use super::fault::{Fault, Rule};
use super::label::LabelKey;
use super::release::Range;
use super::retired::retired;
use super::{resource, service_ports};

/// What a feature may be; only the first changes what the agent does.
const FEATURES: [&str; 7] = [
    "uid-match",
    "user-input",
    "batch",
    "query",
    "tty",
    "operation",
    "private",
];

/// Runners of every release, and those that 25.19 removed.
const RUNTIMES: [&str; 4] = ["app", "python", "vendor.aws_polly", "vendor.h2o"];
pub(super) const OLD_RUNTIMES: [&str; 14] = [
    "c", "cpp", "golang", "rust", "java", "haskell", "julia", "lua", "nodejs", "octave", "php",
    "r", "scheme", "git",
];

/// The distributions that the agent has binaries for.
const DISTROS: [&str; 3] = ["ubuntu", "centos", "alpine"];
pub(super) const BINARIES: [&str; 7] = [
    "alpine3.8",
    "centos7.6",
    "centos7.9",
    "centos8.0",
    "ubuntu18.04",
    "ubuntu20.04",
    "ubuntu22.04",
];

/// Checks a label by itself; labels of others have no faults.
pub fn check_value(key: &str, value: &str) -> Vec<Fault> {
    let Some(label) = LabelKey::read(key) else {
        return Vec::new();
    };
    if retired(key).is_some() {
        return Vec::new();
    }
    match label {
        LabelKey::Kernelspec => kernelspec(value),
        LabelKey::Features => features(value),
        LabelKey::BaseDistro => base_distro(value),
        LabelKey::RuntimeType => runtime_type(value),
        LabelKey::RuntimePath => runtime_path(value),
        LabelKey::Role => role(value),
        LabelKey::EnvsCorecount | LabelKey::Accelerators => items(&label, value),
        LabelKey::ServicePorts => service_ports::parse_ports(value).1,
        // Read with the role INFERENCE only: see the checks of all labels together.
        LabelKey::EndpointPorts | LabelKey::ModelPath | LabelKey::ModelFormat => Vec::new(),
        LabelKey::Resource(bound, slot) => resource::check(bound, &slot, value),
        LabelKey::ResourceWithoutSlot(rest) => vec![
            Fault::error(
                Rule::Unknown,
                format!("`{rest}` names no resource, and the scanner of images stumbles over it"),
            )
            .within(Range::from(25, 6))
            .help("name one: ai.backend.resource.min.cpu"),
        ],
        LabelKey::CustomizedOwner => owner(value),
        LabelKey::Internal(name) => vec![
            Fault::warning(Rule::Internal, format!("the platform sets `{name}` itself"))
                .help("remove it"),
        ],
        LabelKey::Other(name) => {
            let message = format!("the platform does not know a label `{name}`");
            vec![Fault::warning(Rule::Unknown, message)]
        }
    }
}

/// Checks an item of a list before the list becomes a label.
pub fn check_item(label: &LabelKey, item: &str) -> Vec<Fault> {
    let separator = if *label == LabelKey::Features {
        ' '
    } else {
        ','
    };
    if item.is_empty() {
        return vec![Fault::error(Rule::Value, "an item is empty")];
    }
    if item.contains(separator) {
        let message = format!("`{item}` would become two items of the label");
        return vec![Fault::error(Rule::Value, message).help("write each as an item of its own")];
    }
    match label {
        LabelKey::Features => feature(item).into_iter().collect(),
        LabelKey::EnvsCorecount | LabelKey::Accelerators => items(label, item),
        LabelKey::EndpointPorts => service_ports::check_service_name(item),
        _ => Vec::new(),
    }
}

/// An integer as Python reads it, and it must be 1.
fn kernelspec(value: &str) -> Vec<Fault> {
    let digits = value.trim();
    let digits = digits.strip_prefix('+').unwrap_or(digits);
    let plain = digits.replace('_', "");
    let well_formed =
        digits.split('_').all(|part| !part.is_empty()) && plain.bytes().all(|b| b.is_ascii_digit());
    if well_formed && plain.trim_start_matches('0') == "1" {
        return Vec::new();
    }
    let message = format!("`{value}` is no version of the kernel contract");
    vec![Fault::error(Rule::Value, message).help("write \"1\"")]
}

fn features(value: &str) -> Vec<Fault> {
    if value.split(' ').any(str::is_empty) {
        let message = format!("`{value}` has an empty word");
        return vec![
            Fault::error(Rule::Value, message).help("put exactly one blank between two features"),
        ];
    }
    value
        .split(' ')
        .filter_map(feature)
        .take(Fault::MOST)
        .collect()
}

fn feature(word: &str) -> Option<Fault> {
    if FEATURES.contains(&word) {
        return None;
    }
    let fault = Fault::warning(
        Rule::Value,
        format!("the platform knows no feature `{word}`"),
    );
    Some(if word.contains(',') {
        fault.help("features are parted by blanks: a comma is taken as part of the word")
    } else {
        fault.help(format!("there are {}", FEATURES.join(", ")))
    })
}

/// A name that the agent has binaries for, then a version or nothing. The agent takes any beginning of a name.
fn base_distro(value: &str) -> Vec<Fault> {
    if value.is_empty() {
        return vec![Fault::error(Rule::Value, "the distribution is empty")];
    }
    let name = without_version(value);
    if DISTROS.contains(&name) {
        return Vec::new();
    }
    if BINARIES.iter().any(|binary| binary.starts_with(name)) {
        let message = format!("`{value}` is taken for any distribution that begins with `{name}`");
        return vec![Fault::warning(Rule::Value, message).help("write it like ubuntu22.04")];
    }
    let lower = value.to_lowercase().replace(['-', ' ', ':'], "");
    let near = lower != value && DISTROS.contains(&without_version(&lower));
    let fault = Fault::error(
        Rule::Value,
        format!("the agent has no binaries for `{value}`, and no session starts"),
    );
    vec![if near {
        fault.help(format!("write {lower}"))
    } else {
        fault.help(
            "write the ubuntu, centos or alpine with the same C library: for debian12 (glibc 2.36) ubuntu22.04, for debian11 (2.31) ubuntu20.04, for rocky9 centos9.0",
        )
    }]
}

/// A text without the dotted numbers at its end.
pub(super) fn without_version(text: &str) -> &str {
    let mut end = text.len();
    loop {
        let rest = &text[..end];
        let name = rest.trim_end_matches(|c: char| c.is_ascii_digit());
        if name.len() == rest.len() {
            // A dot without digits before it is no part of the version.
            return if end < text.len() {
                &text[..=end]
            } else {
                text
            };
        }
        match name.strip_suffix('.') {
            Some(shorter) => end = shorter.len(),
            None => return name,
        }
    }
}

fn runtime_type(value: &str) -> Vec<Fault> {
    if RUNTIMES.contains(&value) {
        return Vec::new();
    }
    if OLD_RUNTIMES.contains(&value) {
        return vec![
            Fault::error(
                Rule::Value,
                format!("there is no runner `{value}` any more, and no session starts"),
            )
            .within(Range::from(25, 19))
            .help("write app, and start programs as services or in a terminal"),
        ];
    }
    let message = format!("there is no runner `{value}`, and no session starts");
    vec![Fault::error(Rule::Value, message).help("write python or app")]
}

fn runtime_path(value: &str) -> Vec<Fault> {
    if value.starts_with('/') {
        return Vec::new();
    }
    let message = if value.is_empty() {
        "the runtime's path is empty".to_owned()
    } else {
        format!("`{value}` is no absolute path, and the working directory is not the image's")
    };
    vec![
        Fault::warning(Rule::Value, message)
            .help("write the path of the program: /usr/bin/python3"),
    ]
}

fn role(value: &str) -> Vec<Fault> {
    if super::Role::NAMES.contains(&value) {
        return Vec::new();
    }
    let fault = Fault::error(Rule::Value, format!("`{value}` is no role"));
    vec![match value.to_uppercase() {
        upper if super::Role::NAMES.contains(&upper.as_str()) => {
            fault.help(format!("write {upper}"))
        }
        _ => fault.help("write COMPUTE, INFERENCE or SYSTEM"),
    }]
}

/// Names between commas, which the platform takes with all their blanks.
fn items(label: &LabelKey, value: &str) -> Vec<Fault> {
    let odd = |item: &&str| {
        !item.is_empty()
            && (item.chars().any(char::is_whitespace)
                || (*label == LabelKey::EnvsCorecount && item.contains('=')))
    };
    let odd = value.split(',').find(odd);
    odd.map(|item| {
        let message = format!("the name `{item}` is taken as it stands, blanks included");
        Fault::warning(Rule::Value, message)
            .help("write the names with a comma and nothing else between")
    })
    .into_iter()
    .collect()
}

/// `user:UUID`.
fn owner(value: &str) -> Vec<Fault> {
    let is_uuid = |text: &str| {
        text.len() == 36
            && text.char_indices().all(|(at, c)| match at {
                8 | 13 | 18 | 23 => c == '-',
                _ => c.is_ascii_hexdigit(),
            })
    };
    if value.strip_prefix("user:").is_some_and(is_uuid) {
        return Vec::new();
    }
    let message = format!("`{value}` is no owner, and is passed over");
    vec![Fault::warning(Rule::Value, message).help("write user: and the user's UUID, or remove it")]
}

#[cfg(test)]
mod tests {
    use super::{LabelKey, check_item, check_value};
    use crate::kernel::Weight;

    fn weight(key: &str, value: &str) -> Option<Weight> {
        let faults = check_value(&format!("ai.backend.{key}"), value);
        faults.iter().map(|fault| fault.weight).min()
    }

    #[test]
    fn an_item_that_would_become_two_is_refused() {
        let two = |label: LabelKey, item: &str| check_item(&label, item).len() == 1;
        assert!(two(LabelKey::Features, "batch query"));
        assert!(two(LabelKey::Accelerators, "cuda,rocm"));
        assert!(two(LabelKey::EnvsCorecount, ""));
        assert!(check_item(&LabelKey::Features, "batch").is_empty());
    }

    #[test]
    fn an_unknown_label_is_kept_with_a_warning_and_a_foreign_one_without() {
        assert_eq!(weight("feature", "batch"), Some(Weight::Warning));
        assert!(check_value("org.example.feature", "").is_empty());
        assert!(check_value("ai.backend.maxcores", "4").is_empty());
    }
}
