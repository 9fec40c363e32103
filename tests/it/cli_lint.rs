//! `kiln lint` from outside: exit codes, files as a filter, levels, fixes. Its formats are in
//! `lint_formats`.

use std::path::Path;

use crate::common::Workbench;

/// A workspace that does not mind tags without digests: they are not what these tests are about.
const QUIET: &str = "kiln: 1\nlint: {rules: {unpinned-base: off}}\n";

/// A recipe with the keys it needs, and then `rest`.
fn recipe(name: &str, rest: &str) -> String {
    format!("kiln: 1\nname: {name}\ntags: [\"1\"]\n{rest}")
}

/// A workspace with a clean recipe, one with a warning and one with an error.
fn three() -> Workbench {
    let bench = Workbench::new();
    bench.write("kiln.yaml", QUIET);
    bench.write("recipes/clean.yaml", recipe("clean", "base: debian:12\n"));
    bench.write(
        "recipes/warn.yaml",
        recipe("warn", "# 경고\nbase: debian\n"),
    );
    bench.write(
        "recipes/wrong.yaml",
        recipe("wrong", "base: debian:12\nstesp: []\n"),
    );
    bench
}

fn json(bench: &Workbench, arguments: &[&str]) -> serde_json::Value {
    let ran = bench.kiln(&[&["lint", "--format", "json"], arguments].concat());
    assert_eq!(ran.stderr, "");
    serde_json::from_str(&ran.stdout).unwrap()
}

fn code(bench: &Workbench, arguments: &[&str]) -> i32 {
    let ran = bench.kiln(&[&["lint"], arguments].concat());
    assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
    ran.code
}

#[test]
fn the_exit_code_is_0_without_an_error_and_1_with_one() {
    let bench = three();
    assert_eq!(code(&bench, &[]), 1);
    assert_eq!(code(&bench, &["recipes/clean.yaml"]), 0);
    assert_eq!(code(&bench, &["recipes/warn.yaml"]), 0);
    assert_eq!(
        code(&bench, &["recipes/warn.yaml", "--deny", "warnings"]),
        1
    );
    assert_eq!(
        code(&bench, &["recipes/warn.yaml", "--rule", "latest-tag=error"]),
        1
    );
    assert_eq!(
        code(
            &bench,
            &[
                "recipes/warn.yaml",
                "--rule",
                "pinning=note",
                "--deny",
                "warnings"
            ]
        ),
        0
    );
    assert_eq!(
        code(
            &bench,
            &[
                "recipes/warn.yaml",
                "--rule",
                "pinning=note",
                "--deny",
                "notes"
            ]
        ),
        1
    );
    assert_eq!(
        code(&bench, &["recipes/wrong.yaml", "--rule", "all=off"]),
        1
    );
}

#[test]
fn a_file_that_cannot_be_read_is_exit_2_and_the_others_are_looked_at() {
    let big = "# 큰 파일\n".repeat(100_000);
    let rows: [(&str, Vec<u8>, &str); 5] = [
        ("syntax", b"kiln: [1\n".to_vec(), "yaml-syntax"),
        (
            "latin",
            b"kiln: 1\nname: gr\xfc\xdfe\n".to_vec(),
            "unreadable-file",
        ),
        ("big", big.into_bytes(), "unreadable-file"),
        ("deep", "[".repeat(5000).into_bytes(), "yaml-"),
        ("empty", Vec::new(), "yaml-syntax"),
    ];
    for (name, bytes, rule) in rows {
        let bench = three();
        bench.write("recipes/broken.yaml", bytes);
        assert_eq!(code(&bench, &[]), 2, "{name}");
        assert_eq!(code(&bench, &["recipes/clean.yaml"]), 0, "{name}");
        let document = json(&bench, &[]);
        let findings = document["findings"].as_array().unwrap();
        let rules: Vec<&str> = findings
            .iter()
            .map(|f| f["rule"].as_str().unwrap())
            .collect();
        assert!(rules[0].starts_with(rule), "{name}: {rules:?}");
        assert_eq!(rules[1..], ["latest-tag", "unknown-key"], "{name}");
    }
    let bench = three();
    assert_eq!(
        code(&bench, &["recipes/none.yaml"]),
        2,
        "a file that is not there"
    );
    assert_eq!(code(&bench, &["recipes"]), 2, "a folder");
}

#[test]
fn the_place_of_the_first_byte_that_is_not_utf_8_is_named() {
    let bench = Workbench::new();
    bench.write("r.yaml", b"kiln: 1\n# \xed\x95\x9c ok\nname: gr\xfc\xdfe\n");
    let ran = bench.kiln(&["lint", "r.yaml"]);
    assert!(ran.stdout.contains("r.yaml:3:9"), "{}", ran.stdout);
}

#[test]
fn files_are_a_filter_and_rules_still_see_the_workspace() {
    let bench = Workbench::new();
    bench.write("kiln.yaml", "kiln: 1\n");
    bench.write(
        "recipes/a.yaml",
        recipe("a", "repository: team/x\nbase: debian\n"),
    );
    bench.write(
        "recipes/b.yaml",
        recipe("b", "repository: team/x\nbase: {recipe: a}\n"),
    );
    let document = json(&bench, &["recipes/b.yaml"]);
    let findings = document["findings"].as_array().unwrap();
    assert_eq!(findings.len(), 1, "{document}");
    assert_eq!(findings[0]["rule"], "duplicate-tag");
    assert_eq!(findings[0]["file"], "recipes/b.yaml");
    assert_eq!(document["summary"]["elsewhere"], 1);
    let ran = bench.kiln(&["lint", "recipes/b.yaml"]);
    assert!(
        ran.stdout
            .ends_with("2 recipes: 1 error; 1 more in files that were not named\n"),
        "{}",
        ran.stdout
    );
}

#[test]
fn files_of_two_workspaces_are_each_looked_at_in_their_own() {
    let bench = Workbench::new();
    for folder in ["하나", "둘"] {
        bench.write(&format!("{folder}/kiln.yaml"), "kiln: 1\n");
        bench.write(
            &format!("{folder}/recipes/r.yaml"),
            recipe("same", "base: debian\n"),
        );
    }
    bench.write("bare/r.yaml", recipe("same", "base: debian\n"));
    let document = json(
        &bench,
        &["둘/recipes/r.yaml", "bare/r.yaml", "하나/recipes/r.yaml"],
    );
    let findings = document["findings"].as_array().unwrap();
    let files: Vec<&str> = findings
        .iter()
        .map(|f| f["file"].as_str().unwrap())
        .collect();
    assert_eq!(
        files,
        ["bare/r.yaml", "둘/recipes/r.yaml", "하나/recipes/r.yaml"],
        "{document}"
    );
    assert!(
        findings
            .iter()
            .all(|finding| finding["rule"] == "latest-tag"),
        "{document}"
    );
}

#[test]
fn levels_of_the_workspace_count_and_a_wrong_one_is_shown_at_its_place() {
    let bench = three();
    bench.write(
        "kiln.yaml",
        "kiln: 1\nlint:\n  rules: {latest-tag: off, pinning: error}\n",
    );
    assert_eq!(code(&bench, &["recipes/warn.yaml"]), 0);
    bench.write("kiln.yaml", "kiln: 1\nlint:\n  rules: {pinning: error}\n");
    assert_eq!(code(&bench, &["recipes/warn.yaml"]), 1);
    let wrong = "kiln: 1\nlint:\n  rules: {latest-tga: off, latest-tag: 경고, unknown-key: note, unpinned-base: off}\n";
    bench.write("kiln.yaml", wrong);
    let document = json(&bench, &["recipes/clean.yaml"]);
    let findings = document["findings"].as_array().unwrap();
    let messages: Vec<&str> = findings
        .iter()
        .map(|f| f["message"].as_str().unwrap())
        .collect();
    assert_eq!(messages.len(), 3, "{messages:?}");
    assert!(
        messages[0].contains("did you mean `latest-tag`?"),
        "{messages:?}"
    );
    assert!(messages[1].contains("`경고` is no level"), "{messages:?}");
    assert!(messages[2].contains("always an error"), "{messages:?}");
    assert_eq!(findings[0]["column"], 11);
}

#[test]
fn a_wrong_rule_or_level_on_the_command_line_is_a_usage_error() {
    let bench = three();
    for argument in [
        "latest-tga=error",
        "latest-tag=loud",
        "latest-tag",
        "unknown-key=off",
    ] {
        let ran = bench.kiln(&["lint", "--rule", argument]);
        assert_eq!(
            (ran.code, ran.stdout.as_str()),
            (2, ""),
            "{argument}: {}",
            ran.stderr
        );
    }
}

#[test]
fn weaker_findings_can_be_left_out_of_the_report() {
    let bench = three();
    let count = |level: &str| {
        json(&bench, &["--level", level])["findings"]
            .as_array()
            .unwrap()
            .len()
    };
    assert_eq!((count("error"), count("warning"), count("note")), (1, 2, 2));
}

#[test]
fn a_fix_keeps_comments_and_layout_and_the_file_is_looked_at_again() {
    let bench = three();
    let text = |end: &str| {
        recipe(
            "f",
            &format!("# 머리말\r\nbase:   \"debian:12\"{end}\nuser:  x # 끝\n"),
        )
    };
    bench.write("recipes/fix.yaml", text("  # kiln: allow latest-tag: 옛날"));
    let ran = bench.kiln(&["lint", "--fix", "recipes/fix.yaml"]);
    assert_eq!(ran.code, 0);
    assert_eq!(ran.stderr, "fixed 1 finding in 1 file\n");
    assert!(
        ran.stdout.starts_with("4 recipes: nothing found"),
        "{}",
        ran.stdout
    );
    let now = std::fs::read_to_string(bench.path().join("recipes/fix.yaml")).unwrap();
    assert_eq!(now, text(""));
    let names: Vec<_> = std::fs::read_dir(bench.path().join("recipes"))
        .unwrap()
        .collect();
    assert_eq!(names.len(), 4, "nothing else is left behind");
    let again = bench.kiln(&["lint", "--fix", "recipes/fix.yaml"]);
    assert_eq!(again.stderr, "nothing fixed\n");
}

#[test]
fn a_word_that_must_be_quoted_is_quoted_and_a_misspelt_key_is_left_to_its_author() {
    let bench = three();
    let text = |word: &str| {
        recipe(
            "q",
            &format!("base: a:1\nvars: {{파이썬: x, python: {word}}}  # 판\n"),
        )
        .replace("파이썬", "py")
    };
    bench.write("recipes/q.yaml", text("3.10"));
    let ran = bench.kiln(&["lint", "--fix"]);
    assert_eq!(ran.stderr, "fixed 1 finding in 1 file\n");
    let read = |name: &str| std::fs::read_to_string(bench.path().join(name)).unwrap();
    assert_eq!(read("recipes/q.yaml"), text("\"3.10\""));
    assert!(read("recipes/wrong.yaml").contains("stesp"));
    assert!(ran.stdout.contains("have a look at it"), "{}", ran.stdout);
}

#[test]
fn a_fix_keeps_the_mode_of_a_file_and_writes_through_a_link() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let bench = Workbench::new();
    bench.write("kiln.yaml", "kiln: 1\n");
    bench.write(
        "shared/f.txt",
        recipe("f", "base: debian:12  # kiln: allow latest-tag: 왜\n"),
    );
    let file = bench.path().join("shared/f.txt");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
    std::fs::create_dir(bench.path().join("recipes")).unwrap();
    let link = bench.path().join("recipes/f.yaml");
    symlink("../shared/f.txt", &link).unwrap();
    let ran = bench.kiln(&["lint", "--fix"]);
    assert_eq!(ran.stderr, "fixed 1 finding in 1 file\n", "{}", ran.stdout);
    assert!(link.is_symlink());
    assert!(
        std::fs::read_to_string(&file)
            .unwrap()
            .ends_with("base: debian:12\n")
    );
    assert_eq!(
        std::fs::metadata(&file).unwrap().permissions().mode() & 0o777,
        0o640
    );
}

#[test]
fn the_report_is_the_same_whoever_is_faster() {
    let bench = Workbench::new();
    bench.write("kiln.yaml", "kiln: 1\n");
    for number in 0..80 {
        let text = recipe(
            &format!("r{number}"),
            "base: debian\nsteps:\n  - run: apt-get update\n",
        );
        bench.write(
            &format!("recipes/디렉터리{}/r{number}.yaml", number % 7),
            text,
        );
    }
    let first = bench.kiln(&["lint", "--format", "json"]);
    assert_eq!(first.stdout.matches("\"rule\"").count(), 160);
    for _ in 0..5 {
        assert!(bench.kiln(&["lint", "--format", "json"]).stdout == first.stdout);
    }
}

#[test]
fn a_yaml_file_that_is_no_recipe_is_a_note_unless_it_looks_like_one() {
    let bench = Workbench::new();
    bench.write("kiln.yaml", "kiln: 1\n");
    bench.write("recipes/values.yaml", "값: 1\n");
    assert_eq!(code(&bench, &["recipes/values.yaml"]), 0);
    bench.write("recipes/values.yaml", "name: a\nbase: debian:12\n");
    let document = json(&bench, &[]);
    assert_eq!(document["findings"][0]["rule"], "missing-key", "{document}");
    assert_eq!(code(&bench, &[]), 1);
}

#[test]
fn the_recipes_of_this_repository_have_no_error() {
    let bench = Workbench::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    bench.copy(&root.join("recipes"), "recipes");
    bench.copy(&root.join("templates"), "templates");
    bench.copy(&root.join("common"), "common");
    bench.copy(&root.join("kiln.yaml"), "kiln.yaml");
    let ran = bench.kiln(&["lint", "--deny", "warnings"]);
    assert_eq!(ran.code, 0, "{}", ran.stdout);
}
