//! `emulated-step`: which steps are emulated as far as kiln.yaml says, and what to write instead.

use super::{bench, report, shown};

const AMD64: &str = "kiln: 1\nbuilders:\n  - {name: a, address: \"tcp://a.example:1234\", platforms: [linux/amd64]}\n";
const HEAD: &str = "kiln: 1\nname: a\ntags: [\"1\"]\nbase: debian:12.11-slim\n";

/// Findings of the rule in a workspace with a builder of amd64, each with its help.
fn of(workspace: &str, rest: &str) -> Vec<String> {
    let bench = bench(&[("recipes/r.yaml", &format!("{HEAD}{rest}"))]);
    bench.write("kiln.yaml", workspace);
    let report = report(&bench, &["all=off", "emulated-step=note"]);
    let found = report.findings.iter();
    found
        .map(|one| {
            assert_eq!(one.finding.rule, "emulated-step", "{:?}", one.finding);
            let help = one.finding.help.as_deref().unwrap_or_default();
            format!("{} | {help}", one.finding.message)
        })
        .collect()
}

/// The help for one step.
fn help(run: &str) -> String {
    let found = of(AMD64, &format!("steps:\n  - {run}\n"));
    assert_eq!(found.len(), 1, "{run}: {found:?}");
    let words = "this is emulated on linux/arm64, which no builder of kiln.yaml has | ";
    found[0].strip_prefix(words).unwrap().to_owned()
}

#[test]
fn the_help_names_the_steps_that_say_what_a_command_does() {
    let native = "do what needs no program of this platform in a stage with `platform: native`, and copy from it";
    for (run, expected) in [
        (
            "run: mkdir -p /srv/데이터",
            "write a `mkdir` step, which runs no program",
        ),
        (
            "run: [ln, -s, /a, /b]",
            "write a `link` step, which runs no program",
        ),
        (
            "run: mkdir /a && echo 안녕 > /a/b && rm -f /c",
            "write `mkdir`, `remove`, `write` steps, which run no program",
        ),
        (
            "run: curl -fsSL https://example.com/x.tar.gz | tar -xz -C /opt",
            "write a `fetch` step, which runs no program",
        ),
        (
            "run: git clone https://example.com/x /x",
            "write a `git` step, which runs no program",
        ),
        (
            "run: cp /a /b && chmod 755 /b",
            "write a `copy` step, which runs no program, and `mode` in the step that brings the file",
        ),
        (
            "run: apt-get update && apt-get install -y git && useradd 앱 && rm -rf /var/lib/apt/lists/*",
            "write `apt` for the packages, which native programs can install; the rest stays a `run` step",
        ),
        ("run: useradd 앱", native),
        ("run: [healthy]", native),
        ("run: echo 안녕", native),
        (
            "run: |\n      cat > /etc/x <<EOF\n      useradd 한\n      EOF\n",
            "write a `write` step, which runs no program",
        ),
    ] {
        assert_eq!(help(run), expected, "{run}");
    }
}

#[test]
fn a_step_is_told_of_once_however_many_images_run_it() {
    let rest = "tags: [\"${{ v }}\"]\naxes: {v: [\"1\", \"2\", \"3\"]}\nplatforms: [linux/amd64, linux/arm64, linux/s390x]\n\
                steps:\n  - run: useradd 앱${{ v }}\n";
    let recipe = format!("{HEAD}{rest}").replace("tags: [\"1\"]\n", "");
    let bench = bench(&[("recipes/r.yaml", &recipe)]);
    bench.write("kiln.yaml", AMD64);
    let lines = shown(&report(&bench, &["all=off", "emulated-step=note"]));
    assert_eq!(
        lines,
        [
            "recipes/r.yaml:8:5: note[emulated-step]: this is emulated on linux/arm64 and linux/s390x, which no builder of kiln.yaml has"
        ]
    );
}

#[test]
fn steps_that_are_not_emulated_or_are_told_of_by_other_rules_are_left_alone() {
    for rest in [
        "steps:\n  - apt: {install: [git]}\n  - mkdir: /srv/더\n",
        "platforms: [linux/amd64]\nsteps:\n  - run: useradd 앱\n",
        "platforms: [linux/386]\nsteps:\n  - run: useradd 앱\n",
        "steps:\n  - run: useradd 앱\n    if: arch == \"amd64\"\n",
        "stages:\n  s: {base: \"debian:12.11-slim\", platform: native, steps: [{run: mkdir /더}]}\nsteps:\n  - copy: {from: s, src: /a, to: /b}\n",
        "steps:\n  - run: pip install a\n",
        "steps:\n  - run: cargo build --release\n",
    ] {
        assert_eq!(of(AMD64, rest), [""; 0], "{rest}");
    }
}

#[test]
fn steps_of_snippets_and_of_stages_for_the_platform_are_told_of() {
    let rest = "stages:\n  s: {base: \"debian:12.11-slim\", steps: [{run: mkdir /더}]}\nsteps:\n  - copy: {from: s, src: /a, to: /b}\n  - use: 사용자\n";
    let bench = bench(&[
        ("recipes/r.yaml", &format!("{HEAD}{rest}")),
        (
            "templates/steps/사용자.yaml",
            "kiln: 1\nsteps:\n  - run: useradd 앱\n",
        ),
    ]);
    bench.write("kiln.yaml", AMD64);
    let lines = shown(&report(&bench, &["all=off", "emulated-step=note"]));
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(
        lines[1].starts_with("templates/steps/사용자.yaml:3:5: "),
        "{lines:?}"
    );
}

#[test]
fn a_workspace_that_does_not_say_what_its_builders_are_gets_no_note() {
    let rest = "steps:\n  - run: useradd 앱\n";
    assert_eq!(of(AMD64, rest).len(), 1);
    for workspace in [
        "kiln: 1\n",
        "kiln: 1\nbuilders:\n  - {name: a, address: \"tcp://a.example:1234\"}\n",
        "kiln: 1\nbuilders:\n  - {name: a, address: \"tcp://a.example:1234\", platforms: [linux/amd64, linux/arm64]}\n",
    ] {
        assert_eq!(of(workspace, rest), [""; 0], "{workspace}");
    }
}
