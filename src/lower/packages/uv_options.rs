//! pip's options and requirements, as far as uv has to know them.

use super::quoted;
use crate::lower::requirements::{Requirements, name_of};
use crate::recipe::steps::Pip;

/// Options of pip that say nothing to uv: about its words, its patience, its warnings. With a value or without.
const SILENT: [(&str, bool); 10] = [
    ("--disable-pip-version-check", false),
    ("--no-clean", false),
    ("--no-input", false),
    ("--no-python-version-warning", false),
    ("--no-warn-conflicts", false),
    ("--no-warn-script-location", false),
    ("--progress-bar", true),
    ("--retries", true),
    ("--root-user-action", true),
    ("--timeout", true),
];

/// The options without those that say nothing to uv.
pub(super) fn known(options: &[String]) -> Vec<String> {
    let mut all = Vec::new();
    let mut words = options.iter();
    while let Some(word) = words.next() {
        let (name, value) = match word.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (word.as_str(), None),
        };
        match SILENT.iter().find(|(silent, _)| *silent == name) {
            None => all.push(word.clone()),
            Some((_, true)) if value.is_none() => drop(words.next()),
            Some(_) => {}
        }
    }
    all
}

/// The folder that options name for the packages, as words of a script with a space before.
pub(super) fn folders(options: &[String]) -> String {
    let mut words = options.iter();
    while let Some(word) = words.next() {
        for (name, said) in [
            ("--target", "--target"),
            ("-t", "--target"),
            ("--prefix", "--prefix"),
        ] {
            let value = if word == name {
                words.clone().next().map(String::as_str)
            } else {
                word.strip_prefix(name)
                    .and_then(|rest| rest.strip_prefix('='))
            };
            if let Some(value) = value {
                return format!(" {said} {}", quoted(value));
            }
        }
    }
    String::new()
}

/// The names of all that a step asks for; nothing where one has no name, as a file or a checkout has none.
pub(super) fn asked(pip: &Pip, requirements: &Requirements) -> Option<Vec<String>> {
    let indexes = pip.package_indexes.iter().flat_map(|index| &index.packages);
    let words = pip.install.iter().chain(indexes).map(String::as_str);
    let lines = requirements.lines().filter(|line| {
        let is_editable = line.starts_with("-e") || line.starts_with("--editable");
        is_editable || !line.starts_with('-')
    });
    let mut names: Vec<String> = words.chain(lines).map(name).collect::<Option<_>>()?;
    names.sort();
    names.dedup();
    Some(names)
}

/// The name of a requirement; nothing where it has none.
pub(super) fn name(requirement: &str) -> Option<String> {
    let words = requirement.trim();
    let is_file = ["/", ".whl", ".tar.gz", ".zip"];
    let bare = words.split(';').next().unwrap_or_default().trim_end();
    let nameless = words.starts_with(['.', '-'])
        || bare.contains('/')
        || is_file.iter().any(|end| bare.ends_with(end));
    let name = name_of(words);
    (words.contains(" @ ") || !nameless)
        .then_some(name)
        .filter(|name| !name.is_empty())
}

#[cfg(test)]
pub(super) mod tests {
    use super::{folders, known, name};

    pub(in crate::lower::packages) fn own(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn options_that_say_nothing_to_uv_go_with_their_values() {
        let given = own(&[
            "--timeout",
            "9",
            "--pre",
            "--retries=3",
            "--no-input",
            "-t",
            "/한글",
        ]);
        assert_eq!(known(&given), ["--pre", "-t", "/한글"]);
    }

    #[test]
    fn a_folder_for_packages_is_found_in_each_spelling() {
        assert_eq!(folders(&own(&["-q", "-t", "/a b"])), " --target '/a b'");
        assert_eq!(folders(&own(&["--prefix=/opt/x"])), " --prefix /opt/x");
        assert_eq!(folders(&own(&["--pre"])), "");
    }

    #[test]
    fn a_requirement_has_a_name_unless_it_is_a_file_or_a_checkout() {
        assert_eq!(
            name("Torch_Vision[x]>=1 ; python_version > '3'").as_deref(),
            Some("torch-vision")
        );
        assert_eq!(name("x @ https://example.com/x.whl").as_deref(), Some("x"));
        assert_eq!(name("x @ git+https://example.com/x").as_deref(), Some("x"));
        for word in [
            "./x",
            "/wheels/*.whl",
            "git+https://example.com/x",
            "-e .",
            "x-1.whl",
        ] {
            assert_eq!(name(word), None, "{word}");
        }
    }
}
