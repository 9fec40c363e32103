//! Pages that are made of the code, held against it. `KILN_UPDATE_DOCS=1` writes them anew.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use kiln::config::VARIABLES;
use kiln::schema::{Document, text};

use crate::common::Workbench;

/// Compares a page with what the code says, or writes it.
#[expect(clippy::disallowed_methods, reason = "a switch of the test itself")]
pub(crate) fn page(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("docs")
        .join(name);
    if std::env::var_os("KILN_UPDATE_DOCS").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap();
    assert_eq!(
        written, text,
        "docs/{name} is old; run with KILN_UPDATE_DOCS=1"
    );
}

#[test]
fn the_page_on_the_environment_is_made_of_the_table() {
    let mut text = String::from(
        "# Environment\n\nThe variables that kiln reads, all of them in one place (`src/config.rs`). \
         A flag wins over a variable, a variable over `kiln.yaml`.\n\n| Variable | Meaning |\n|---|---|\n",
    );
    for (name, meaning) in VARIABLES {
        let names: Vec<String> = name.split(", ").map(|name| format!("`{name}`")).collect();
        let _ = writeln!(text, "| {} | {meaning} |", names.join(", "));
    }
    page("environment.md", &text);
}

#[test]
fn the_schemas_are_made_of_the_tables() {
    for document in Document::ALL {
        let text = text(document);
        page(
            &format!("schema/{}.json", document.name()),
            &format!("{text}\n"),
        );
    }
}

#[test]
fn the_page_on_lint_rules_is_made_of_the_rules() {
    page("lint.md", &kiln::lint::page());
}

#[test]
fn the_page_on_published_images_is_made_of_the_checks() {
    page("verify.md", &kiln::lint::image::image_page());
}

#[test]
fn the_page_on_proofs_has_the_table_of_excuses() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/prove.md");
    let page = std::fs::read_to_string(page).unwrap();
    let table = kiln::ops::prove::excuses_table();
    assert!(page.contains(&table), "docs/prove.md is to have\n{table}");
}

#[test]
fn the_page_on_labels_is_made_of_the_table() {
    page("labels.md", &kiln::kernel::page());
}

/// The commands that `kiln --help` lists.
fn commands(help: &str) -> Vec<&str> {
    let list = help.split("\nCommands:\n").nth(1).unwrap();
    let lines = list.lines().take_while(|line| line.starts_with("  "));
    let heads = lines.filter(|line| !line.starts_with("   "));
    let names = heads.filter_map(|line| line.split_whitespace().next());
    names.filter(|name| *name != "help").collect()
}

#[test]
fn the_page_on_the_commands_is_what_help_prints() {
    let bench = Workbench::new();
    let help = |arguments: &[&str]| {
        let ran = bench.kiln(arguments);
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{arguments:?}");
        let lines = ran.stdout.lines().map(str::trim_end);
        lines.collect::<Vec<_>>().join("\n").trim_end().to_owned()
    };
    let top = help(&["--help"]);
    let mut text =
        String::from("# Commands\n\nWhat `kiln --help` and `kiln COMMAND --help` print.\n");
    let _ = write!(text, "\n## kiln\n\n```text\n{top}\n```\n");
    let names = commands(&top);
    assert!(
        names.contains(&"build") && names.contains(&"doctor"),
        "{names:?}"
    );
    for name in names {
        let own = help(&[name, "--help"]);
        let _ = write!(text, "\n## kiln {name}\n\n```text\n{own}\n```\n");
        assert!(own.contains("\nExamples:\n"), "{name} has no examples");
    }
    page("commands.md", &text);
}

/// Everything written in Rust here.
fn sources() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    ["src", "tests"]
        .iter()
        .flat_map(|folder| walkdir::WalkDir::new(root.join(folder)))
        .map(Result::unwrap)
        .filter(|entry| entry.path().extension().is_some_and(|it| it == "rs"))
        .map(|entry| std::fs::read_to_string(entry.path()).unwrap())
        .collect()
}

#[test]
fn every_sentence_of_the_language_page_names_a_test_that_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(root.join("docs/recipe.md")).unwrap();
    let sources = sources();
    let facts: Vec<&str> = page.lines().filter(|line| line.starts_with("* ")).collect();
    assert!(facts.len() > 100, "{}", facts.len());
    for fact in facts {
        let shown = fact
            .split_once("<!-- ")
            .and_then(|(_, rest)| rest.strip_suffix(" -->"));
        let names = shown.unwrap_or_default().split_whitespace();
        let names: Vec<&str> = names.collect();
        assert!(!names.is_empty(), "no test shows this: {fact}");
        for name in names {
            let head = format!("fn {name}()");
            assert!(sources.contains(&head), "there is no test `{name}`");
        }
    }
}

#[test]
fn every_kind_of_bad_weather_names_tests_that_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(root.join("docs/bad-weather.md")).unwrap();
    let sources = sources();
    let rows: Vec<&str> = page.lines().filter(|line| line.starts_with("| ")).collect();
    assert!(rows.len() > 10, "{rows:?}");
    for row in &rows[1..] {
        let tests = row.trim_end_matches(" |").rsplit(" | ").next().unwrap();
        let names: Vec<&str> = tests.split('`').skip(1).step_by(2).collect();
        assert!(!names.is_empty(), "no test shows this: {row}");
        for name in names {
            let head = format!("fn {name}()");
            assert!(sources.contains(&head), "there is no test `{name}`");
        }
    }
}

#[test]
fn the_page_on_benchmarks_tells_of_every_part() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(root.join("docs/benchmarks.md")).unwrap();
    let program = std::fs::read_to_string(root.join("benches/beside/main.rs")).unwrap();
    let (_, list) = program.split_once("const PARTS").unwrap();
    let (list, _) = list.split_once("];").unwrap();
    let parts: Vec<&str> = list.split('"').skip(1).step_by(2).collect();
    assert!(parts.contains(&"start"), "{parts:?}");
    for part in parts {
        let named = format!("`{part}`");
        assert!(page.contains(&named), "docs/benchmarks.md lacks {named}");
    }
}

/// The names of all keys in a schema.
fn keys(schema: &serde_json::Value, found: &mut BTreeSet<String>) {
    if let Some(own) = schema["properties"].as_object() {
        found.extend(own.keys().cloned());
    }
    let below: Vec<&serde_json::Value> = match schema {
        serde_json::Value::Object(map) => map.values().collect(),
        serde_json::Value::Array(list) => list.iter().collect(),
        _ => Vec::new(),
    };
    for value in below {
        keys(value, found);
    }
}

#[test]
fn the_page_on_the_workspace_has_every_key_and_an_example_that_is_one() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(root.join("docs/workspace.md")).unwrap();
    let schema = std::fs::read_to_string(root.join("docs/schema/workspace.json")).unwrap();
    let mut all = BTreeSet::new();
    keys(&serde_json::from_str(&schema).unwrap(), &mut all);
    assert!(all.contains("mirrors") && all.contains("slots"), "{all:?}");
    // Those of TLS are on the page about builders.
    let own = all
        .iter()
        .filter(|key| !["cert", "key"].contains(&key.as_str()));
    for key in own {
        let is_named = [format!("`{key}`"), format!(".{key}`"), format!("{key}: ")]
            .iter()
            .any(|form| page.contains(form));
        assert!(is_named, "docs/workspace.md lacks `{key}`");
    }
    let (_, example) = page.split_once("```yaml\n").unwrap();
    let (example, _) = example.split_once("```").unwrap();
    let bench = Workbench::new();
    bench.write("kiln.yaml", example);
    bench.write("tls/ca.pem", "");
    bench.write(
        "images/größe.yaml",
        "kiln: 1\nname: size\ntags: [\"1\"]\nbase: scratch\n",
    );
    let ran = bench.kiln(&["plan"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{}", ran.stdout);
    assert!(
        ran.stdout.contains("size:1") && ran.stdout.contains("2 legs"),
        "{}",
        ran.stdout
    );
}
