//! Packages of one index alone in the words of a project, which uv reads: a list of requirements has none for it.

use std::fmt::Write as _;

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
        for package in packages {
            let name = toml(&name_of(package));
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

/// A text in TOML, which quotes as JSON does.
fn toml(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::project;

    #[test]
    fn each_package_names_its_index_and_the_index_is_for_nothing_else() {
        let own = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let indexes = [
            (
                "https://a.example/simple".to_owned(),
                own(&["Torch==2.4.1", "torchvision"]),
            ),
            ("https://é.example".to_owned(), own(&["my.lib[x]>=1"])),
        ];
        assert_eq!(
            project(&indexes),
            "[project]
name = \"kiln-step\"
version = \"0\"
dependencies = [\"Torch==2.4.1\", \"torchvision\", \"my.lib[x]>=1\"]
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
}
