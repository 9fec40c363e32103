//! `run-installs`: what becomes which typed step, and what is left as it is.

use kiln::diagnostic::Safety;
use kiln::ops::lint::apply_fixes;

use super::{bench, found_by, report};
use crate::common::Workbench;

const HEAD: &str = "kiln: 1\nname: a\ntags: [\"1\"]\n";

fn of(rest: &str) -> Vec<String> {
    found_by("run-installs", rest)
}

/// The recipe after all safe fixes, and how many there were.
fn after(bench: &Workbench) -> (String, usize) {
    let found = report(bench, &["all=off", "run-installs=warning"]);
    let fixes = apply_fixes(&found.findings).unwrap().fixes;
    let text = std::fs::read_to_string(bench.path().join("recipes/r.yaml")).unwrap();
    // What a fix writes is a recipe, and is not found again.
    let again = report(bench, &["all=off", "run-installs=warning"]);
    let of_rule = |report: &kiln::ops::lint::LintReport| {
        let all = report.findings.iter();
        all.filter(|one| one.finding.rule == "run-installs").count()
    };
    assert_eq!(of_rule(&again) + fixes, of_rule(&found), "{text}");
    assert_eq!(
        again.findings.len(),
        of_rule(&again),
        "{text}\n{:?}",
        again.findings
    );
    (text, fixes)
}

/// The steps of a recipe on an official Python after all safe fixes.
fn fixed(steps: &str) -> String {
    let head = format!("{HEAD}base: python:3.12-slim\n");
    let bench = bench(&[("recipes/r.yaml", &format!("{head}{steps}"))]);
    let (text, fixes) = after(&bench);
    assert_eq!(fixes > 0, text != format!("{head}{steps}"));
    text.strip_prefix(&head).unwrap().to_owned()
}

#[test]
fn a_call_becomes_a_step_with_its_options_comments_and_neighbours_kept() {
    let steps = "steps:\n  # 도구\n  - name: tools   # 이름\n    run: |\n      set -e\n      apt-get update\n      apt-get install -y \\\n        \
                 --no-install-recommends \\\n        git g++\n      rm -rf /var/lib/apt/lists/*\n    # below\n    env: {A: b}\n    \
                 if: arch == \"amd64\"   # 조건\n  - mkdir: /srv\n";
    let expected = "steps:\n  # 도구\n  - name: tools   # 이름\n    apt: {install: [git, g++]}\n    # below\n    env: {A: b}\n    \
                    if: arch == \"amd64\"   # 조건\n  - mkdir: /srv\n";
    assert_eq!(fixed(steps), expected);
    let flow =
        "steps:\n  - {run: apt-get update && apt-get install -y git, if: arch == \"arm64\"}\n";
    let expected = "steps:\n  - {apt: {install: [git], recommends: true}, if: arch == \"arm64\"}\n";
    assert_eq!(fixed(flow), expected);
    let lines = "steps:\r\n- run: python3 -m pip install --no-cache-dir 'torch>=2,<3' 'uvicorn[standard]'  # 끝\r\n";
    let expected = "steps:\r\n- pip: {install: [\"torch>=2,<3\", \"uvicorn[standard]\"]}  # 끝\r\n";
    assert_eq!(fixed(lines), expected);
}

#[test]
fn lists_of_arguments_and_expressions_are_kept_word_by_word() {
    let steps = "steps:\n  - run: [python3, -m, pip, install, \"torch==${{ v }}\"]\n    user: app\n  - run:\n      - /opt/venv/bin/pip\n      \
                 - install\n      - a==1\n    name: 가상\nvars: {v: \"2.4.1\"}\n";
    let expected = "steps:\n  - run: [python3, -m, pip, install, \"torch==${{ v }}\"]\n    user: app\n  - \
                    pip: {install: [a==1], python: /opt/venv/bin/python3}\n    name: 가상\nvars: {v: \"2.4.1\"}\n";
    // A user's pip may fall back to that user's folder: only suggested.
    assert_eq!(fixed(steps), expected);
    let steps = "steps:\n  - run: pip install torch==${{ v }} a-${{ v }}\nvars: {v: \"2.4.1\"}\n";
    let expected =
        "steps:\n  - pip: {install: [\"torch==${{ v }}\", \"a-${{ v }}\"]}\nvars: {v: \"2.4.1\"}\n";
    assert_eq!(fixed(steps), expected);
}

#[test]
fn a_long_list_gets_a_line_for_each_name() {
    let names: Vec<String> = (0..20).map(|number| format!("package-{number}")).collect();
    let steps = format!(
        "steps:\n  - run: >-\n      apt-get update &&\n      apt-get install -y {}\n\n  - mkdir: /x\n",
        names.join(" ")
    );
    let items: Vec<String> = names
        .iter()
        .map(|name| format!("        - {name}\n"))
        .collect();
    let expected = format!(
        "steps:\n  - apt:\n      install:\n{}      recommends: true\n\n  - mkdir: /x\n",
        items.concat()
    );
    assert_eq!(fixed(&steps), expected);
}

#[test]
fn a_script_of_both_tools_becomes_two_steps_with_the_same_options() {
    let script = "apt-get update && apt-get install -y --no-install-recommends gcc && python3 -m pip install a==1";
    assert_eq!(
        fixed(&format!("steps:\n  - run: {script}\n  - mkdir: /x\n")),
        "steps:\n  - apt: {install: [gcc]}\n  - pip: {install: [a==1]}\n  - mkdir: /x\n"
    );
    assert_eq!(
        fixed(&format!(
            "steps:\n  - name: 둘\n    run: {script}\n    if: arch == \"amd64\"\n"
        )),
        "steps:\n  - name: 둘\n    apt: {install: [gcc]}\n    if: arch == \"amd64\"\n  - name: 둘\n    pip: {install: [a==1]}\n    \
         if: arch == \"amd64\"\n"
    );
    // In brackets there is no line for a second one.
    let flow = format!("steps: [{{run: \"{script}\"}}]\n");
    assert_eq!(fixed(&flow), flow);
}

#[test]
fn requirement_files_that_are_mounted_or_just_copied_are_read_from_the_workspace() {
    let bench = bench(&[
        (
            "recipes/r.yaml",
            &format!(
                "{HEAD}base: python:3.12\nworkdir: /app\nsteps:\n  - copy: {{src: req.txt, to: /tmp/}}\n  - run: pip install -r /tmp/req.txt\n  \
                 - copy: {{src: [a.txt, req.txt], to: /app/}}\n\n  # 주석\n  - run: pip install -U -r req.txt -c ./a.txt\n  \
                 - run: pip install -r /m/req.txt\n    mounts:\n      - {{src: req.txt, path: /m/req.txt}}\n    name: 끝\n  \
                 - run: pip install -r /w/req.txt\n    mounts: [{{src: /recipes, path: /w}}]\n"
            ),
        ),
        (
            "recipes/req.txt",
            "# 목록\nnumpy<3\ntorch==2.4.1 \\\n  --hash=sha256:00\n",
        ),
        ("recipes/a.txt", "numpy<2\n"),
    ]);
    let (text, fixes) = after(&bench);
    let expected = "steps:\n  - copy: {src: req.txt, to: /tmp/}\n  - pip: {requirements: req.txt}\n  \
                    - copy: {src: [a.txt, req.txt], to: /app/}\n\n  # 주석\n  - pip: {requirements: req.txt, constraints: a.txt, upgrade: true}\n  \
                    - pip: {requirements: req.txt}\n    name: 끝\n  \
                    - pip: {requirements: /recipes/req.txt}\n    mounts: [{src: /recipes, path: /w}]\n";
    assert!(text.ends_with(expected), "{text}");
    assert_eq!(fixes, 4);
}

#[test]
fn requirement_files_of_which_less_is_known_are_left_in_the_image() {
    for steps in [
        "  - run: pip install -r /srv/req.txt\n",
        "  - copy: {src: req.txt, to: /srv/}\n    if: arch == \"amd64\"\n  - run: pip install -r /srv/req.txt\n",
        "  - copy: {src: req.txt, to: /srv/}\n  - run: sed -i s/a/b/ /srv/req.txt\n  - run: pip install -r /srv/req.txt\n",
        "  - copy: {src: options.txt, to: /srv/}\n  - run: pip install -r /srv/options.txt\n",
        "  - copy: {src: none.txt, to: /srv/}\n  - run: pip install -r /srv/none.txt\n",
        "  - copy: {src: req.txt, to: /srv/, from: s}\n  - run: pip install -r /srv/req.txt\n",
        "  - run: pip install -r req.txt\n",
        "  - run: pip install -r /m/req.txt\n    mounts: [{src: req.txt, path: /m/req.txt, from: s}]\n",
    ] {
        let recipe = format!(
            "{HEAD}base: python:3.12\nstages: {{s: {{base: \"debian:12\"}}}}\nsteps:\n{steps}"
        );
        let bench = bench(&[
            ("recipes/r.yaml", &recipe),
            ("recipes/req.txt", "더==1\n"),
            (
                "recipes/options.txt",
                "--extra-index-url https://e.example\nnumpy\n",
            ),
        ]);
        let found = report(&bench, &["all=off", "run-installs=warning"]);
        let own = found.findings.iter();
        let own: Vec<_> = own
            .filter(|one| one.finding.rule == "run-installs")
            .collect();
        assert_eq!(own.len(), 1, "{steps}");
        assert_eq!(own[0].finding.fix, None, "{steps}");
        let help = own[0].finding.help.as_deref().unwrap();
        assert!(
            help.contains("is not known to be a file of the workspace"),
            "{help}"
        );
    }
}

#[test]
fn what_has_no_certain_place_is_told_without_a_fix() {
    for (step, reason) in [
        (
            "run: apt-get update && apt-get install -y $PKGS",
            "`$PKGS` has no certain place",
        ),
        ("run: pip install --pre a", "`--pre` has no certain place"),
        ("{run: pip install a, shell: bash}", "a shell of its own"),
        (
            "{run: apt-get update && apt-get install -y git, user: app}",
            "always runs as root",
        ),
        ("{run: pip install a, network: none}", "no network"),
        (
            "run: | # 주석\n      pip install a\n",
            "its comments or its layout",
        ),
        (
            "run:\n      - pip   # 주석\n      - install\n      - a\n",
            "its comments or its layout",
        ),
    ] {
        let bench = bench(&[(
            "recipes/r.yaml",
            &format!("{HEAD}base: python:3.12\nsteps:\n  - {step}\n"),
        )]);
        let found = report(&bench, &["all=off", "run-installs=warning"]);
        let finding = &found.findings[0].finding;
        assert_eq!(
            (found.findings.len(), finding.rule),
            (1, "run-installs"),
            "{step}"
        );
        let help = finding.help.as_deref().unwrap_or_default();
        assert!(
            finding.fix.is_none() && help.contains(reason),
            "{step}: {help}"
        );
    }
}

#[test]
fn what_the_words_alone_do_not_say_is_only_suggested() {
    let suggested = |head: &str, steps: &str| {
        let bench = bench(&[(
            "recipes/r.yaml",
            &format!("{HEAD}{head}steps:\n  - {steps}\n"),
        )]);
        let found = report(&bench, &["all=off", "run-installs=warning"]);
        let fix = found.findings[0].finding.fix.clone().unwrap();
        fix.safety == Safety::Suggested
    };
    let pip = "run: pip install a";
    for (head, steps) in [
        ("base: debian:12\n", pip),
        ("base: nvidia/cuda:12.4.1-base-ubuntu22.04\n", pip),
        ("base: python:3.12\n", "run: apt-get install -y git"),
        (
            "base: python:3.12\nenv: {PIP_INDEX_URL: \"https://e.example\"}\n",
            pip,
        ),
        ("base: python:3.12\nshell: [bash, -lc]\n", pip),
        ("base: python:3.12\nshell: [conda, run, bash, -c]\n", pip),
        (
            "base: python:3.12\nlabels: {a: \"update-alternatives 한\"}\n",
            pip,
        ),
    ] {
        assert!(suggested(head, steps), "{head}{steps}");
    }
    for (head, steps) in [
        ("base: debian:12\n", "run: python3 -m pip install a"),
        (
            "base: docker.io/library/python:3.12\nshell: bash\nenv: {PIP_NO_CACHE_DIR: \"1\"}\n",
            pip,
        ),
        (
            "base: debian:12\n",
            "run: apt-get update && apt-get install -y git",
        ),
        (
            "base: debian:12\n",
            "apt: {install: [python3-pip]}\n  - run: pip3 install a",
        ),
    ] {
        assert!(!suggested(head, steps), "{head}{steps}");
    }
}

#[test]
fn a_snippet_s_apt_is_rewritten_and_its_pip_only_suggested() {
    let bench = bench(&[
        (
            "recipes/r.yaml",
            &format!("{HEAD}base: python:3.12\nsteps: [{{use: 도구}}]\n"),
        ),
        (
            "templates/steps/도구.yaml",
            "kiln: 1\nsteps:\n  - run: apt-get update && apt-get install -y git\n  - run: pip install a\n",
        ),
    ]);
    let (_, fixes) = after(&bench);
    assert_eq!(fixes, 1);
    let path = bench.path().join("templates/steps/도구.yaml");
    assert_eq!(
        std::fs::read_to_string(path).unwrap(),
        "kiln: 1\nsteps:\n  - apt: {install: [git], recommends: true}\n  - run: pip install a\n"
    );
}

#[test]
fn what_does_more_than_install_is_left_alone() {
    for step in [
        "run: apt-get update && apt-get install -y git && make",
        "run: apt-get update",
        "run: curl https://example.com/한 | pip install -",
        "run: [echo, pip, install, a]",
        "apt: {install: [git]}",
        "run: {if: arch == \"amd64\", then: pip install a, else: pip install b}",
    ] {
        assert_eq!(of(&format!("steps:\n  - {step}\n")), [""; 0], "{step}");
    }
}

#[test]
fn a_step_that_leaves_lists_is_told_of_once() {
    let step = "steps:\n  - run: apt-get update && apt-get install -y git\n";
    assert_eq!(of(step).len(), 1);
    assert_eq!(found_by("apt-without-cleaning", step), [""; 0]);
}
