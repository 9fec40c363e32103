//! `pip-extra-index`: every way to give pip a second index.

use super::{bench, found_by, report, shown};

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

#[test]
fn requirement_files_are_looked_into_with_the_files_that_they_name() {
    let recipe = "kiln: 1\nname: a\ntags: [\"1\"]\nbase: debian:12.11-slim\nsteps:\n  - pip: {requirements: req.txt}\n  \
                  - pip: {install: [a==1], constraints: [/limits.txt]}\n  - pip: {requirements: [fine.txt, none.txt]}\n";
    let bench = bench(&[
        ("recipes/r.yaml", recipe),
        ("recipes/req.txt", "# 색인\n-r more.txt\n"),
        (
            "recipes/more.txt",
            "-i https://a.example\n--extra-index-url https://b.example\n--index-url https://c.example\n",
        ),
        ("limits.txt", "--extra-index-url https://b.example\n"),
        ("recipes/fine.txt", "--index-url https://a.example\n한==1\n"),
    ]);
    let report = report(&bench, &["all=off", "pip-extra-index=warning"]);
    assert_eq!(
        shown(&report),
        [
            "recipes/r.yaml:6:25: warning[pip-extra-index]: `recipes/more.txt`, line 2, asks another index by `--extra-index-url`, and 1 more",
            "recipes/r.yaml:7:42: warning[pip-extra-index]: `limits.txt`, line 1, asks another index by `--extra-index-url`",
        ]
    );
    let help = report.findings[0].finding.help.as_deref().unwrap();
    assert!(help.contains("packages: [names]"), "{help}");
    assert!(help.contains("uv stops at the first index"), "{help}");
}
