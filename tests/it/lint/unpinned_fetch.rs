//! `unpinned-fetch`: every download that a recipe can ask for.

use super::{bench, found_by, report, shown};

const URL: &str = "\"https://example.com/한.tgz\"";

fn of(rest: &str) -> Vec<String> {
    found_by("unpinned-fetch", &rest.replace("URL", URL))
}

#[test]
fn steps_packages_keys_and_mounts_are_looked_at() {
    for rest in [
        "steps:\n  - fetch: {url: URL, to: /a/}\n",
        "steps:\n  - apt: {install: [{url: URL}]}\n",
        "steps:\n  - dnf: {install: [{url: URL}]}\n",
        "steps:\n  - apt: {sources: {a: {uris: \"https://example.com\", suites: s, key: {url: URL}}}}\n",
        "steps:\n  - run: [x]\n    mounts: [{fetch: {url: URL}, path: /x}]\n",
        "stages:\n  s: {base: scratch, steps: [{fetch: {url: URL, to: /a/}}]}\nbase: {stage: s}\n",
    ] {
        let lines = of(rest);
        assert_eq!(lines.len(), 1, "{rest}: {lines:?}");
        assert!(lines[0].contains(": warning["), "{lines:?}");
    }
    assert!(of("steps:\n  - fetch: {url: URL, to: /a/}\n")[0].starts_with("6:18:"));
}

#[test]
fn a_checksum_or_one_per_architecture_is_enough() {
    let sum = "a".repeat(64);
    for sum in [sum.clone(), format!("{{amd64: {sum}, arm64: {sum}}}")] {
        let rest = format!("steps:\n  - fetch: {{url: URL, sha256: {sum}, to: /a/}}\n");
        assert_eq!(of(&rest), [""; 0], "{sum}");
    }
}

#[test]
fn a_snippet_is_told_once_and_as_a_note_where_its_callers_choose_the_file() {
    let recipe = |name: &str| {
        format!(
            "kiln: 1\nname: {name}\ntags: [\"1\"]\nbase: scratch\nsteps:\n  - use: tool\n    with: {{version: \"1\"}}\n"
        )
    };
    for (url, level) in [
        ("https://example.com/${{ version }}", "note"),
        ("https://example.com/x", "warning"),
    ] {
        let snippet = format!(
            "kiln: 1\ninputs: {{version: {{type: str}}}}\nvars: {{v: \"${{{{ version }}}}\"}}\nsteps:\n  - fetch: {{url: \"{url}\", to: /a/}}\n"
        );
        let bench = bench(&[
            ("recipes/a.yaml", &recipe("a")),
            ("recipes/b.yaml", &recipe("b")),
            ("templates/steps/tool.yaml", &snippet),
        ]);
        let lines = shown(&report(&bench, &[]));
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert!(
            lines[0].contains(&format!("tool.yaml:5:18: {level}[unpinned-fetch]")),
            "{lines:?}"
        );
        bench.write("kiln.lock", "lock: 1\nperiod: 2026Q4\n");
        assert_eq!(shown(&report(&bench, &[])), [""; 0]);
    }
}
