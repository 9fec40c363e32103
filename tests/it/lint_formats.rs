//! What `kiln lint` prints: text, JSON, SARIF, and the forms of GitHub and GitLab.

use std::path::Path;

use serde_json::Value;

use crate::common::Workbench;

/// A workspace with a finding of every kind of shape: a note, a warning, errors in two places, a fix, a value that spans
/// lines, and wide letters before what is underlined.
fn bench() -> Workbench {
    let bench = Workbench::new();
    bench.write(
        "kiln.yaml",
        "kiln: 1\nlint: {rules: {pip-unversioned: note}}\n",
    );
    let wide = "kiln: 1\nname: wide\ntags: [\"1\"]\nbase: {if: arch == \"한국어 日本語 🚀\", then: debian, else: \"a:1\"}\n\
                steps:\n  - {name: \"🚀 한글\", pip: {install: [requests]}}\n  - run: |\n      echo 시작 &&\n      \tapt-get update &&\n      \
                apt-get install -y git\nuser: x   # kiln: allow latest-tag: 옛날 일\n";
    bench.write("recipes/wide.yaml", wide);
    let other =
        "kiln: 1\nname: wide\nrepository: other\ntags: [\"1\"]\nbase: debian:12\nworkdri: /x\n";
    bench.write("recipes/예, 50%:x.yaml", other);
    bench
}

fn lint(bench: &Workbench, format: &str) -> String {
    let ran = bench.kiln(&["lint", "--format", format]);
    assert_eq!((ran.code, ran.stderr.as_str()), (1, ""), "{}", ran.stdout);
    ran.stdout
}

#[test]
fn text_has_lines_and_carets_under_the_right_columns_and_fixes_as_a_diff() {
    insta::assert_snapshot!(lint(&bench(), "text"));
}

#[test]
fn json_has_every_field_of_every_finding() {
    let text = lint(&bench(), "json");
    let document: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(document["version"], 1);
    for finding in document["findings"].as_array().unwrap() {
        let mut keys: Vec<&str> = finding
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        keys.sort_unstable();
        let expected = "column end_column end_line file fix help level line message rule";
        assert_eq!(keys.join(" "), expected);
    }
    insta::assert_snapshot!(text);
}

#[test]
fn sarif_is_what_its_schema_wants() {
    let text = lint(&bench(), "sarif");
    let document: Value = serde_json::from_str(&text).unwrap();
    let schema =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/sarif/sarif-schema-2.1.0.json");
    let mut schema: Value = serde_json::from_slice(&std::fs::read(schema).unwrap()).unwrap();
    // These have a bracket too much, which not every engine of regular expressions takes.
    for owner in ["run", "toolComponent"] {
        let language = &mut schema["definitions"][owner]["properties"]["language"];
        language.as_object_mut().unwrap().remove("pattern").unwrap();
    }
    let validator = jsonschema::options()
        .should_validate_formats(true)
        .build(&schema)
        .unwrap();
    let errors: Vec<String> = validator
        .iter_errors(&document)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{}", errors.join("\n"));
    let mut broken = document.clone();
    broken["runs"][0]["results"][0]["level"] = "fatal".into();
    assert!(
        !validator.is_valid(&broken),
        "the validator looks at nothing"
    );
    let mut short = document["runs"][0]["results"].clone();
    for result in short.as_array_mut().unwrap() {
        // Another rule would change it.
        result.as_object_mut().unwrap().remove("ruleIndex").unwrap();
    }
    insta::assert_snapshot!("sarif_results", format!("{short:#}"));
}

#[test]
fn sarif_rules_have_help_and_every_result_points_to_its_own() {
    let document: Value = serde_json::from_str(&lint(&bench(), "sarif")).unwrap();
    let run = &document["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    for rule in rules {
        assert!(rule["help"]["text"].as_str().unwrap().len() > 40, "{rule}");
    }
    let results = run["results"].as_array().unwrap();
    assert!(results.len() >= 5, "{results:?}");
    for result in results {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
    }
}

#[test]
fn a_fingerprint_stays_when_lines_above_are_added_and_no_two_are_alike() {
    let prints = |bench: &Workbench| -> Vec<String> {
        let document: Value = serde_json::from_str(&lint(bench, "sarif")).unwrap();
        let results = document["runs"][0]["results"].as_array().unwrap().clone();
        let print = |result: &Value| result["partialFingerprints"]["kilnFinding/v1"].to_string();
        results.iter().map(print).collect()
    };
    let bench = bench();
    let before = prints(&bench);
    let path = bench.path().join("recipes/wide.yaml");
    let text = std::fs::read_to_string(&path).unwrap();
    let steps = "steps:\n  - run: apt-get update\n  - run: apt-get update\n";
    bench.write("recipes/wide.yaml", format!("# 새 줄\n\n{text}"));
    assert_eq!(prints(&bench), before);
    bench.write("recipes/wide.yaml", text.replace("steps:\n", steps));
    let mut after = prints(&bench);
    assert_eq!(after.len(), before.len() + 2);
    after.sort();
    after.dedup();
    assert_eq!(
        after.len(),
        before.len() + 2,
        "two findings that are alike have two fingerprints"
    );
}

#[test]
fn github_commands_survive_percent_signs_line_breaks_colons_and_commas() {
    let text = lint(&bench(), "github");
    insta::assert_snapshot!(text);
    let commands: Vec<&str> = text.lines().filter(|line| line.starts_with("::")).collect();
    assert!(
        commands
            .iter()
            .any(|line| line.contains("file=recipes/예%2C 50%25%3Ax.yaml,line=")),
        "{text}"
    );
    for command in &commands {
        let (head, _) = command[2..].split_once("::").unwrap();
        let (_, properties) = head.split_once(' ').unwrap();
        for property in properties.split(',') {
            let (name, value) = property.split_once('=').unwrap();
            assert!(
                ["file", "line", "col", "endColumn", "endLine", "title"].contains(&name),
                "{command}"
            );
            assert!(!value.contains(':'), "{command}");
        }
    }
    assert!(
        text.lines().any(|line| line.contains("%0A")),
        "help stands on a line of its own: {text}"
    );
}

#[test]
fn github_gets_ten_of_each_type_the_worst_first_and_the_rest_in_the_summary() {
    let bench = Workbench::new();
    bench.write("kiln.yaml", "kiln: 1\n");
    for number in 10..25 {
        let head = format!("kiln: 1\nname: r{number}\ntags: [\"1\"]\n");
        bench.write(
            &format!("recipes/ㄱ{number}.yaml"),
            format!("{head}base: debian\n"),
        );
        bench.write(
            &format!("recipes/a{number}.yaml"),
            format!("{head}repository: a{number}\nbase: a:1\nzebra|: 1\n"),
        );
    }
    let summary = bench.path().join("요약.md");
    let variables = [("GITHUB_STEP_SUMMARY", summary.to_str().unwrap())];
    let ran = bench.kiln_with(&variables, &["lint", "--format", "github"]);
    let count = |start: &str| {
        ran.stdout
            .lines()
            .filter(|line| line.starts_with(start))
            .count()
    };
    assert_eq!(
        (count("::error"), count("::warning")),
        (10, 10),
        "{}",
        ran.stdout
    );
    assert!(
        ran.stdout.lines().next().unwrap().starts_with("::error"),
        "{}",
        ran.stdout
    );
    let last = ran.stdout.lines().last().unwrap();
    let errors = ran
        .stdout
        .lines()
        .filter(|line| line.contains("error["))
        .count()
        + 10;
    assert!(
        last.contains(&format!("{errors} errors, 15 warnings")),
        "{last}"
    );
    let written = std::fs::read_to_string(&summary).unwrap();
    assert_eq!(
        written.matches("\n| recipes/").count(),
        errors + 15 - 20,
        "{written}"
    );
    assert!(written.contains("zebra\\|"), "{written}");
}

#[test]
fn gitlab_issues_have_severity_place_and_a_fingerprint_of_their_own() {
    let text = lint(&bench(), "gitlab");
    let document: Value = serde_json::from_str(&text).unwrap();
    let mut prints: Vec<String> = Vec::new();
    for issue in document.as_array().unwrap() {
        let severity = issue["severity"].as_str().unwrap();
        assert!(["info", "minor", "major", "critical", "blocker"].contains(&severity));
        assert!(issue["location"]["lines"]["begin"].as_u64().unwrap() >= 1);
        prints.push(issue["fingerprint"].to_string());
    }
    let all = prints.len();
    prints.sort();
    prints.dedup();
    assert!(all >= 5 && prints.len() == all, "{text}");
    insta::assert_snapshot!(text);
}

#[test]
fn a_clean_workspace_is_an_empty_list_in_every_form() {
    let bench = Workbench::new();
    bench.write("kiln.yaml", "kiln: 1\n");
    bench.write(
        "recipes/r.yaml",
        "kiln: 1\nname: r\ntags: [\"1\"]\nbase: scratch\n",
    );
    let of = |format: &str| {
        let ran = bench.kiln(&["lint", "--format", format]);
        assert_eq!(ran.code, 0, "{format}");
        ran.stdout
    };
    assert_eq!(of("text"), "1 recipe: nothing found\n");
    assert_eq!(of("github"), "kiln: 1 recipe: nothing found\n");
    assert_eq!(of("gitlab"), "[]\n");
    let json: Value = serde_json::from_str(&of("json")).unwrap();
    assert_eq!(json["findings"], serde_json::json!([]));
    let sarif: Value = serde_json::from_str(&of("sarif")).unwrap();
    assert_eq!(sarif["runs"][0]["results"], serde_json::json!([]));
}
