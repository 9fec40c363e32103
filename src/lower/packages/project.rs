//! Packages of one index alone in the words of a project, which uv reads: a list of requirements has none for it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::uv_options;
use crate::lower::requirements::name_of;

/// A `pyproject.toml` that asks for packages, each of its own index, which is asked for nothing else: neither for what
/// they need themselves nor for other packages of the step. Indexes are a URL and requirements.
pub fn project(indexes: &[(String, Vec<String>)]) -> String {
    let all = indexes.iter().flat_map(|(_, packages)| packages);
    let all: Vec<String> = all.map(|package| toml(package)).collect();
    let mut text = format!(
        "[project]\nname = \"kiln-step\"\nversion = \"0\"\ndependencies = [{}]\n[tool.uv.sources]\n",
        all.join(", ")
    );
    for (number, (_, packages)) in indexes.iter().enumerate() {
        let mut names: Vec<String> = packages.iter().map(|package| name_of(package)).collect();
        names.sort();
        names.dedup();
        for name in names {
            let name = toml(&name);
            let _ = writeln!(text, "{name} = {{ index = \"kiln-{number}\" }}");
        }
    }
    for (number, (url, _)) in indexes.iter().enumerate() {
        let url = toml(url);
        let _ = write!(
            text,
            "[[tool.uv.index]]\nname = \"kiln-{number}\"\nurl = {url}\nexplicit = true\n"
        );
    }
    text
}

/// What is wrong with the packages of indexes: that one has no name, or that two indexes have it.
pub(super) fn fault(indexes: &[(String, Vec<String>)]) -> Option<String> {
    let mut known: BTreeMap<String, &str> = BTreeMap::new();
    for (url, packages) in indexes {
        for package in packages {
            let name = uv_options::name(package).filter(|_| !package.contains(" @ "));
            let Some(name) = name else {
                return Some(format!("`{package}` of an index is no name of a package"));
            };
            if known
                .insert(name.clone(), url)
                .is_some_and(|other| other != url)
            {
                return Some(format!("two indexes are to have `{name}`"));
            }
        }
    }
    None
}

/// A text in TOML, which quotes as JSON does.
pub fn toml(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::super::uv_options::tests::own;
    use super::{fault, project};

    #[test]
    fn each_package_names_its_index_and_the_index_is_for_nothing_else() {
        let indexes = [
            (
                "https://a.example/simple".to_owned(),
                own(&["Torch==2.4.1", "torchvision", "torch[x]"]),
            ),
            ("https://é.example".to_owned(), own(&["my.lib[x]>=1"])),
        ];
        assert_eq!(
            project(&indexes),
            "[project]
name = \"kiln-step\"
version = \"0\"
dependencies = [\"Torch==2.4.1\", \"torchvision\", \"torch[x]\", \"my.lib[x]>=1\"]
[tool.uv.sources]
\"torch\" = { index = \"kiln-0\" }
\"torchvision\" = { index = \"kiln-0\" }
\"my-lib\" = { index = \"kiln-1\" }
[[tool.uv.index]]
name = \"kiln-0\"
url = \"https://a.example/simple\"
explicit = true
[[tool.uv.index]]
name = \"kiln-1\"
url = \"https://é.example\"
explicit = true
"
        );
    }

    #[test]
    fn a_package_without_a_name_and_one_of_two_indexes_is_a_fault() {
        let (a, b) = (
            "https://a.example".to_owned(),
            "https://b.example".to_owned(),
        );
        let of = |first: &[&str], second: &[&str]| {
            fault(&[(a.clone(), own(first)), (b.clone(), own(second))]).unwrap_or_default()
        };
        assert_eq!(of(&["x", "X[y]>=1"], &["z"]), "");
        assert_eq!(
            of(&["My.Lib"], &["my-lib==1"]),
            "two indexes are to have `my-lib`"
        );
        for word in [
            "git+https://example.com/x",
            "x @ https://example.com/x.whl",
            "/w/*.whl",
        ] {
            assert_eq!(
                of(&["x"], &[word]),
                format!("`{word}` of an index is no name of a package")
            );
        }
    }
}
