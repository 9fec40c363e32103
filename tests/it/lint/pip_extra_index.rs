//! `pip-extra-index`: every way to give pip a second index.

use super::found_by;

fn of(rest: &str) -> Vec<String> {
    found_by("pip-extra-index", rest)
}

#[test]
fn options_scripts_and_variables_are_looked_at() {
    let url = "https://example.com/한";
    for rest in [
        format!(
            "steps:\n  - pip: {{install: [\"a==1\"], options: [--extra-index-url, \"{url}\"]}}\n"
        ),
        format!(
            "steps:\n  - pip: {{install: [\"a==1\"], options: [\"--extra-index-url={url}\"]}}\n"
        ),
        format!("steps:\n  - run: pip install --extra-index-url {url} a==1\n"),
        format!("steps:\n  - run: [pip, install, --extra-index-url, \"{url}\", a==1]\n"),
        format!("env: {{PIP_EXTRA_INDEX_URL: \"{url}\"}}\n"),
        format!(
            "steps:\n  - pip: {{install: [\"a==1\"]}}\n    env: {{UV_EXTRA_INDEX_URL: \"{url}\"}}\n"
        ),
        format!(
            "stages:\n  s: {{base: scratch, env: {{PIP_EXTRA_INDEX_URL: \"{url}\"}}}}\nbase: {{stage: s}}\n"
        ),
    ] {
        let lines = of(&rest);
        assert_eq!(lines.len(), 1, "{rest}: {lines:?}");
    }
}

#[test]
fn an_index_of_its_own_or_for_some_packages_is_left_alone() {
    for rest in [
        "steps:\n  - pip: {install: [\"a==1\"], index: \"https://example.com\"}\n",
        "steps:\n  - pip: {install: [\"a==1\"], index: [{url: \"https://example.com\", packages: [a]}]}\n",
        "env: {PIP_INDEX_URL: \"https://example.com\"}\n",
    ] {
        assert_eq!(of(rest), [""; 0], "{rest}");
    }
}
