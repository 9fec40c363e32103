//! What uv says: the list that it writes, and what its complaints are about.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::uv::{Fault, Resolved};
use crate::lock::{PipList, PipPackage};

/// What uv's complaint means.
pub(super) fn fault(stderr: &str) -> Fault {
    let mut words = Vec::new();
    let mut hint: Option<String> = None;
    for line in stderr
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
    {
        if let Some(text) = line.strip_prefix("hint: ") {
            hint.get_or_insert_with(|| text.to_owned());
            continue;
        }
        let line = line.strip_prefix("error: ").unwrap_or(line);
        let line = line.strip_prefix("cause: ").unwrap_or(line);
        if hint.is_none() && !line.starts_with("No solution found") && !words.contains(&line) {
            words.push(line);
        }
    }
    let words = words.join(": ");
    let away = [
        "error sending request",
        "Could not connect",
        "Failed to fetch",
        "dns error",
        "timed out",
    ];
    if !stderr.contains("No solution found") && away.iter().any(|sign| stderr.contains(sign)) {
        return Fault::Unreachable(words);
    }
    let end = ", we can conclude that your requirements are unsatisfiable.";
    let words = words.strip_suffix(end).unwrap_or(&words);
    Fault::Unmet(words.trim_start_matches('×').trim().to_owned(), hint)
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: Option<String>,
    #[serde(default)]
    wheels: Vec<File>,
    sdist: Option<File>,
    archive: Option<File>,
}

#[derive(Deserialize)]
struct File {
    url: Option<String>,
    #[serde(default)]
    hashes: BTreeMap<String, String>,
}

/// The list in uv's answer.
pub(super) fn answer(text: &str, python: &str) -> Result<Resolved, String> {
    let answer: Answer =
        toml::from_str(text).map_err(|error| format!("uv's answer cannot be read: {error}"))?;
    let mut from_source = Vec::new();
    let mut packages = Vec::new();
    for package in answer.packages {
        let (requirement, files) = match (package.archive, package.version) {
            (Some(archive), _) => {
                let url = archive.url.clone().unwrap_or_default();
                (format!("{} @ {url}", package.name), vec![archive])
            }
            (None, Some(version)) => {
                let built = !package.wheels.is_empty();
                if !built {
                    from_source.push(package.name.clone());
                }
                let files = if built {
                    package.wheels
                } else {
                    package.sdist.into_iter().collect()
                };
                (format!("{}=={version}", package.name), files)
            }
            (None, None) => return Err(format!("`{}` has no version", package.name)),
        };
        let hashes = files.iter().filter_map(|file| file.hashes.get("sha256"));
        let hashes = hashes.map(|hex| format!("sha256:{hex}").parse());
        let hashes = hashes.collect::<Result<Vec<_>, _>>();
        let mut hashes = hashes.map_err(|error| format!("`{requirement}`: {error}"))?;
        hashes.sort();
        hashes.dedup();
        if hashes.is_empty() {
            return Err(format!("`{requirement}` has no file with a sha256"));
        }
        packages.push(PipPackage {
            requirement,
            hashes,
        });
    }
    packages.sort();
    let list = PipList {
        python: python.to_owned(),
        packages,
    };
    Ok(Resolved { list, from_source })
}

#[cfg(test)]
mod tests {
    use super::{answer, fault};
    use crate::ops::lock::uv::Fault;

    #[test]
    fn files_that_fit_are_kept_with_their_checksums_and_what_has_none_is_built() {
        let sum = |digit: &str| digit.repeat(64);
        let text = format!(
            "lock-version = \"1.0\"\n\
             [[packages]]\nname = \"zwei\"\nversion = \"2.0\"\n\
             sdist = {{ url = \"https://example.com/z.tar.gz\", upload-time = 2026-01-01T00:00:00Z, hashes = {{ sha256 = \"{}\" }} }}\n\
             [[packages]]\nname = \"eins\"\nversion = \"1.0+cpu\"\nwheels = [\n\
             {{ url = \"https://example.com/한.whl\", hashes = {{ sha256 = \"{}\", md5 = \"0\" }} }},\n\
             {{ url = \"https://example.com/b.whl\", hashes = {{ sha256 = \"{}\" }} }}]\n\
             [[packages]]\nname = \"drei\"\narchive = {{ url = \"https://example.com/d.whl\", hashes = {{ sha256 = \"{}\" }} }}\n",
            sum("d"),
            sum("b"),
            sum("a"),
            sum("c"),
        );
        let resolved = answer(&text, "3.11").unwrap();
        let lines: Vec<String> = resolved
            .list
            .packages
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(
            lines,
            [
                format!("drei @ https://example.com/d.whl sha256:{}", sum("c")),
                format!("eins==1.0+cpu sha256:{} sha256:{}", sum("a"), sum("b")),
                format!("zwei==2.0 sha256:{}", sum("d")),
            ]
        );
        assert_eq!(resolved.from_source, ["zwei"]);
        assert!(answer("packages = 1", "3.11").is_err());
        assert!(answer("[[packages]]\nname = \"x\"\nversion = \"1\"\n", "3.11").is_err());
    }

    #[test]
    fn a_complaint_is_about_requirements_or_about_the_network() {
        let unmet = "error: No solution found when resolving dependencies\n  cause: Because 한==306 has no wheels and \
                     you require 한==306, we can conclude that your requirements are unsatisfiable.\n\nhint: Wheels are \
                     available\nhint: more";
        match fault(unmet) {
            Fault::Unmet(words, hint) => {
                assert_eq!(
                    words,
                    "Because 한==306 has no wheels and you require 한==306"
                );
                assert_eq!(hint.as_deref(), Some("Wheels are available"));
            }
            other => panic!("{other:?}"),
        }
        let away = "error: Request failed\n  cause: error sending request for url (http://x/)\n  cause: dns error\n  cause: dns error\n";
        match fault(away) {
            Fault::Unreachable(words) => {
                assert_eq!(
                    words,
                    "Request failed: error sending request for url (http://x/): dns error"
                );
            }
            other => panic!("{other:?}"),
        }
    }
}
