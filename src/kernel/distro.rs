//! The label `base-distro` beside the image that a kernel begins with.
//!
//! The agent takes its programs for the distribution in the label: the newest of the same name that is not newer.
//! They are loaded into every program of a session, so they must not need a newer C library than the image has.
//! What a base is, is read from its name alone, and only where the name says it.

use super::fault::{Fault, Rule};
use super::value::{BINARIES, without_version};

/// A C library.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Libc {
    Musl,
    /// glibc 2.N; no number where only that is known.
    Glibc(Option<u32>),
}

/// What a base is known to be.
#[derive(Debug, Clone, PartialEq, Eq)]
struct System {
    /// The distribution as it calls itself.
    name: &'static str,
    version: String,
    libc: Libc,
    /// The label to write.
    label: String,
}

/// glibc 2.N of distributions, the label that fits, and the words of tags that mean them.
const KNOWN: [(&str, &str, u32, &str, &str); 14] = [
    ("ubuntu", "16.04", 23, "ubuntu16.04", "xenial"),
    ("ubuntu", "18.04", 27, "ubuntu18.04", "bionic"),
    ("ubuntu", "20.04", 31, "ubuntu20.04", "focal"),
    ("ubuntu", "22.04", 35, "ubuntu22.04", "jammy"),
    ("ubuntu", "24.04", 39, "ubuntu24.04", "noble"),
    ("debian", "10", 28, "centos8.0", "buster"),
    ("debian", "11", 31, "ubuntu20.04", "bullseye"),
    ("debian", "12", 36, "ubuntu22.04", "bookworm"),
    ("debian", "13", 41, "ubuntu24.04", "trixie"),
    ("centos", "7", 17, "centos7.9", "centos7"),
    ("centos", "8", 28, "centos8.0", "centos8"),
    ("rocky", "8", 28, "centos8.0", "rockylinux8"),
    ("rocky", "9", 34, "centos9.0", "rockylinux9"),
    ("ubi", "8", 28, "centos8.0", "ubi8"),
];

/// Official images that are Debian unless their tag says Alpine.
const OF_DEBIAN: [&str; 10] = [
    "python", "node", "golang", "rust", "ruby", "php", "gcc", "julia", "r-base", "openjdk",
];

/// What does not fit between the label and the base: its repository with the registry's host, and its tag.
pub fn check_base_distro(label: &str, repository: &str, tag: &str) -> Option<Fault> {
    let base = system(repository, tag)?;
    // Nothing better could be written, even for a base that is older than all of the agent's programs.
    if label == base.label {
        return None;
    }
    let (binary, needs) = chosen(label)?;
    let about = format!("the base is {} {}", base.name, base.version);
    let about = about.trim_end();
    let message = match (needs, base.libc) {
        (Libc::Musl, Libc::Musl) => return None,
        (Libc::Musl, Libc::Glibc(_)) => format!("{about} with glibc, and `{label}` is for musl"),
        (Libc::Glibc(_), Libc::Musl) => format!("{about} with musl, and `{label}` is for glibc"),
        (Libc::Glibc(Some(needs)), Libc::Glibc(Some(has))) if needs > has => format!(
            "{about} with glibc 2.{has}, and the agent's programs for `{label}` need 2.{needs}"
        ),
        _ if without_version(label) == base.name && chosen(&base.label)?.0 != binary => {
            format!("{about}, and the label says `{label}`")
        }
        _ => return None,
    };
    let help = format!("write {}", base.label);
    Some(Fault::warning(Rule::Contradiction, message).help(help))
}

/// The binaries that the agent takes for a label, and what they need; nothing for a label that it refuses.
fn chosen(label: &str) -> Option<(&'static str, Libc)> {
    let prefix = without_version(label);
    let wanted = numbers(&label[prefix.len()..]);
    let mut own: Vec<&'static str> = BINARIES
        .into_iter()
        .filter(|binary| without_version(binary) == prefix)
        .collect();
    own.sort_by_key(|binary| numbers(&binary[prefix.len()..]));
    let fits = |binary: &&&str| wanted.is_empty() || numbers(&binary[prefix.len()..]) <= wanted;
    let binary = own.iter().rev().find(fits).or(own.first())?;
    let libc = match *binary {
        "alpine3.8" => Libc::Musl,
        "centos7.6" | "centos7.9" => Libc::Glibc(Some(17)),
        "centos8.0" => Libc::Glibc(Some(28)),
        "ubuntu18.04" => Libc::Glibc(Some(27)),
        "ubuntu20.04" => Libc::Glibc(Some(31)),
        _ => Libc::Glibc(Some(35)),
    };
    Some((*binary, libc))
}

fn numbers(version: &str) -> Vec<u64> {
    let parts = version.split('.').filter(|part| !part.is_empty());
    parts.map(|part| part.parse().unwrap_or(u64::MAX)).collect()
}

/// What the name of an image says that it is.
fn system(repository: &str, tag: &str) -> Option<System> {
    let own = repository.rsplit('/').next().unwrap_or(repository);
    let words: Vec<&str> = tag.split(['-', '_']).collect();
    let official = repository.starts_with("docker.io/library/");
    let said = |name: &str| words.iter().find_map(|word| word.strip_prefix(name));
    if own == "alpine" || (official && said("alpine").is_some()) {
        let version = if own == "alpine" { tag } else { "" };
        let version = said("alpine")
            .filter(|it| !it.is_empty())
            .unwrap_or(version);
        return Some(System {
            name: "alpine",
            version: version.to_owned(),
            libc: Libc::Musl,
            label: "alpine".to_owned(),
        });
    }
    let found = KNOWN.iter().find(|(name, version, _, _, word)| {
        let of_own = own == *name || own.trim_end_matches("linux") == *name;
        let numbered = |text: &str| {
            text.strip_prefix(version)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        words.contains(word)
            || (of_own && words.first().is_some_and(|first| numbered(first)))
            || said(name).is_some_and(numbered)
            || own.strip_prefix(name).is_some_and(numbered)
    });
    if let Some((name, version, glibc, label, _)) = found {
        return Some(System {
            name,
            version: (*version).to_owned(),
            libc: Libc::Glibc(Some(*glibc)),
            label: (*label).to_owned(),
        });
    }
    (official && OF_DEBIAN.contains(&own)).then(|| System {
        name: "debian",
        version: String::new(),
        libc: Libc::Glibc(None),
        label: "ubuntu22.04".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::check_base_distro;

    fn said(label: &str, image: &str) -> Option<String> {
        let (repository, tag) = image.rsplit_once(':').unwrap();
        check_base_distro(label, repository, tag).map(|fault| fault.message)
    }

    #[test]
    fn a_label_that_fits_the_base_is_left_alone() {
        for (label, image) in [
            ("ubuntu22.04", "docker.io/library/ubuntu:22.04"),
            ("ubuntu24.04", "docker.io/library/ubuntu:noble-20250101"),
            ("ubuntu22.04", "docker.io/library/ubuntu:24.04"),
            ("ubuntu16.04", "docker.io/library/ubuntu:18.04"),
            (
                "ubuntu22.04",
                "docker.io/nvidia/cuda:12.4.1-runtime-ubuntu22.04",
            ),
            ("ubuntu22.04", "docker.io/library/debian:12.11-slim"),
            ("ubuntu22.04", "docker.io/library/python:3.11-slim-bookworm"),
            ("ubuntu22.04", "docker.io/library/python:3.11-slim"),
            ("ubuntu20.04", "docker.io/library/debian:bullseye"),
            ("centos8.0", "docker.io/library/rockylinux:9"),
            ("centos9.0", "docker.io/library/rockylinux:9.3"),
            ("ubuntu18.04", "docker.io/library/rockylinux:8"),
            ("centos7.9", "docker.io/library/centos:7.9.2009"),
            ("alpine3.8", "docker.io/library/alpine:3.19"),
            ("alpine", "docker.io/library/python:3.12-alpine3.20"),
            ("ubuntu20.04", "nvcr.io/nvidia/pytorch:24.01-py3"),
            ("debian12", "docker.io/library/debian:12"),
            ("ubuntu22.04", "docker.io/우리/base:1"),
        ] {
            assert_eq!(said(label, image), None, "{label} {image}");
        }
    }

    #[test]
    fn programs_that_the_base_cannot_load_are_told() {
        for (label, image, words) in [
            (
                "ubuntu22.04",
                "docker.io/library/alpine:3.19",
                "alpine 3.19 with musl",
            ),
            ("alpine3.8", "docker.io/library/ubuntu:22.04", "is for musl"),
            (
                "alpine",
                "docker.io/library/python:3.11-slim",
                "the base is debian with glibc",
            ),
            (
                "ubuntu22.04",
                "docker.io/library/debian:11-slim",
                "with glibc 2.31",
            ),
            ("ubuntu22.04", "docker.io/library/ubuntu:focal", "need 2.35"),
            ("centos8.0", "docker.io/library/centos:7", "need 2.28"),
            (
                "ubuntu22.04",
                "docker.io/nvidia/cuda:12.4.1-base-rockylinux9",
                "need 2.35",
            ),
            (
                "ubuntu",
                "docker.io/nvidia/cuda:11.0-base-ubi8",
                "need 2.35",
            ),
        ] {
            let said = said(label, image);
            assert!(
                said.as_ref().is_some_and(|it| it.contains(words)),
                "{label} {image}: {said:?}"
            );
        }
    }

    #[test]
    fn another_version_of_the_same_distribution_is_told() {
        assert_eq!(
            said(
                "ubuntu20.04",
                "docker.io/nvidia/cuda:12.4.1-runtime-ubuntu22.04"
            )
            .unwrap(),
            "the base is ubuntu 22.04, and the label says `ubuntu20.04`"
        );
    }
}
