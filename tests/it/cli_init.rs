//! `kiln init`: a workspace that works, and nothing overwritten.

use std::collections::BTreeMap;
use std::path::Path;

use kiln::schema::{Document, json};

use crate::common::Workbench;

/// All files below a folder, with their texts.
fn tree(folder: &Path) -> BTreeMap<String, String> {
    let all = walkdir::WalkDir::new(folder)
        .into_iter()
        .map(Result::unwrap);
    all.filter(|entry| entry.file_type().is_file())
        .map(|entry| {
            let path = entry.path().strip_prefix(folder).unwrap();
            let text = std::fs::read_to_string(entry.path()).unwrap();
            (path.to_str().unwrap().to_owned(), text)
        })
        .collect()
}

#[test]
fn a_first_workspace_says_what_it_wrote_and_what_comes_next() {
    let bench = Workbench::new();
    let ran = bench.kiln(&["init", "größe"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    insta::assert_snapshot!(ran.stdout);
    let files: Vec<String> = tree(&bench.path().join("größe")).into_keys().collect();
    assert_eq!(
        files,
        [
            ".gitignore",
            ".kiln/schema/recipe.json",
            ".kiln/schema/snippet.json",
            ".kiln/schema/workspace.json",
            "kiln.yaml",
            "recipes/hello/recipe.yaml"
        ]
    );
}

#[test]
fn the_first_workspace_plans_for_both_platforms_without_a_note() {
    let bench = Workbench::new();
    assert_eq!(bench.kiln(&["init"]).code, 0);
    let ran = bench.kiln(&["plan", "--format", "json"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    let plan: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let images = plan["images"].as_array().unwrap();
    let names: Vec<&str> = images
        .iter()
        .map(|it| it["image"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["hello:1.0-plain", "hello:1.0-loud"]);
    for image in images {
        let platforms: Vec<&String> = image["platforms"].as_object().unwrap().keys().collect();
        assert_eq!(platforms, ["linux/amd64", "linux/arm64"]);
    }
}

#[test]
fn the_first_workspace_lints_without_an_error_or_a_warning() {
    let bench = Workbench::new();
    assert_eq!(bench.kiln(&["init"]).code, 0);
    let ran = bench.kiln(&["lint", "--deny", "warnings"]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    // A tag without digest is a note by design, as there is no lock yet.
    let ran = bench.kiln(&["lint", "--rule", "unpinned-base=off", "--deny", "notes"]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
}

#[test]
fn the_files_point_to_schemas_that_are_there_and_accept_them() {
    let bench = Workbench::new();
    assert_eq!(bench.kiln(&["init"]).code, 0);
    for (path, document) in [
        ("kiln.yaml", Document::Workspace),
        ("recipes/hello/recipe.yaml", Document::Recipe),
    ] {
        let full = bench.path().join(path);
        let text = std::fs::read_to_string(&full).unwrap();
        let line = text.lines().next().unwrap();
        let schema = line
            .strip_prefix("# yaml-language-server: $schema=")
            .unwrap();
        let schema = std::fs::read_to_string(full.parent().unwrap().join(schema)).unwrap();
        let schema: serde_json::Value = serde_json::from_str(&schema).unwrap();
        assert_eq!(schema, json(document));
        let value: serde_json::Value = serde_saphyr::from_str(&text).unwrap();
        let validator = jsonschema::draft7::new(&schema).unwrap();
        let errors: Vec<String> = validator
            .iter_errors(&value)
            .map(|it| it.to_string())
            .collect();
        assert!(errors.is_empty(), "{path}: {errors:?}");
    }
}

#[test]
fn what_is_there_is_named_and_nothing_is_written() {
    for (path, text) in [
        ("kiln.yaml", "kiln: 1 # 내 것\n"),
        ("recipes/hello/recipe.yaml", "내 것\n"),
        (".kiln/schema/recipe.json", "{}"),
    ] {
        let bench = Workbench::new();
        bench.write(path, text);
        let ran = bench.kiln(&["init"]);
        assert_eq!(ran.code, 2, "{path}");
        assert!(ran.stderr.contains(path), "{}", ran.stderr);
        assert!(
            ran.stderr.contains("  next: nothing was written"),
            "{}",
            ran.stderr
        );
        let expected = BTreeMap::from([(path.to_owned(), text.to_owned())]);
        assert_eq!(tree(bench.path()), expected);
    }
}

#[test]
fn a_second_run_names_every_file_that_is_in_its_way() {
    let bench = Workbench::new();
    assert_eq!(bench.kiln(&["init"]).code, 0);
    let before = tree(bench.path());
    let ran = bench.kiln(&["init"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""));
    insta::assert_snapshot!(ran.stderr);
    assert_eq!(tree(bench.path()), before);
}

#[test]
fn lines_of_gitignore_are_kept_and_added_once() {
    for (before, after) in [
        (
            "",
            "# kiln's own files; its schemas are for editors, and shared.\n/.kiln/*\n!/.kiln/schema/\n",
        ),
        (
            "größe/",
            "größe/\n# kiln's own files; its schemas are for editors, and shared.\n/.kiln/*\n!/.kiln/schema/\n",
        ),
        ("# 주석\n/.kiln/\n", "# 주석\n/.kiln/\n"),
    ] {
        let bench = Workbench::new();
        bench.write(".gitignore", before);
        let ran = bench.kiln(&["init"]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        assert_eq!(tree(bench.path())[".gitignore"], after);
        assert_eq!(ran.stdout.contains("wrote .gitignore"), before != after);
    }
}
