//! The JSON Schemas: they know the keys that the parsers know, and an independent validator takes with
//! them what kiln takes, and refuses what is built wrongly.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use jsonschema::Validator;
use kiln::schema::{BESIDE, Document, PROGRAM, STEP, WORDS, json};
use serde_json::Value;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Files below a folder that end in `.ending`, sorted.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let all = walkdir::WalkDir::new(folder).sort_by_file_name();
    all.into_iter()
        .map(|entry| entry.unwrap().into_path())
        .filter(|path| path.is_file() && path.extension().is_some_and(|it| it == ending))
        .collect()
}

/// The quoted words of a Rust list.
fn words(text: &str) -> BTreeSet<String> {
    text.split('"')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}

/// What stands between two texts, the first of its kind.
fn between<'t>(text: &'t str, open: &str, close: &str) -> &'t str {
    let (_, rest) = text.split_once(open).unwrap_or_else(|| panic!("no {open}"));
    rest.split_once(close)
        .unwrap_or_else(|| panic!("no {close}"))
        .0
}

type Keys = BTreeMap<String, BTreeSet<BTreeSet<String>>>;

/// Every list of keys in the parsers, by what it is of; two maps may be called the same.
fn keys_of_parsers() -> Keys {
    let mut all = Keys::new();
    for folder in ["src/recipe", "src/workspace"] {
        for path in files(&root().join(folder), "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            // `Keys {` opens a list; a signature has no `of:` behind it.
            for part in text.split("Keys {").skip(1) {
                let Some(part) = part.trim_start().strip_prefix("of:") else {
                    continue;
                };
                let of = between(part, "\"", "\"").to_owned();
                let known = between(part, "known: &[", "]");
                let later = between(part, "later: &[", "]");
                let keys = words(known).union(&words(later)).cloned().collect();
                all.entry(of).or_default().insert(keys);
            }
        }
    }
    all
}

fn keys_of_schemas() -> Keys {
    let mut all = Keys::new();
    for table in Document::ALL.into_iter().flat_map(Document::tables) {
        let keys = table.fields.iter().map(|field| field.key.to_owned());
        let of = table.of.to_owned();
        all.entry(of).or_default().insert(keys.collect());
    }
    all
}

/// What a table is called that no list of keys in a parser stands for: a step, whose words are compared by
/// themselves, and a recipe as a base, which is open.
const NO_LIST: &str = "";

#[test]
fn parsers_and_schemas_know_the_same_keys() {
    let (mut read, shown) = (keys_of_parsers(), keys_of_schemas());
    assert!(read.len() > 20, "the lists are not found: {read:?}");
    // A snippet is read as a file with any of the keys; its own are a table of their own here.
    for keys in read.get_mut("a recipe").unwrap().clone() {
        let mut own = keys.clone();
        own.remove("inputs");
        let all = read.get_mut("a recipe").unwrap();
        all.remove(&keys);
        all.insert(own);
    }
    for (of, keys) in &read {
        let shown = shown.get(of).unwrap_or_else(|| {
            panic!("the parser has {of} with {keys:?}: add a table of that name to src/schema")
        });
        for keys in keys {
            assert!(
                shown.contains(keys),
                "{of}: parser {keys:?}, schema {shown:?}"
            );
        }
    }
    for (of, keys) in shown.iter().filter(|(of, _)| *of != NO_LIST) {
        let read = read.get(of);
        let read = read.unwrap_or_else(|| panic!("no parser has {of}"));
        for keys in keys {
            assert!(
                read.contains(keys),
                "{of}: schema {keys:?}, parser {read:?}"
            );
        }
    }
}

#[test]
fn parsers_and_schemas_know_the_same_steps_and_options() {
    let read = |path: &str, name: &str| {
        let text = std::fs::read_to_string(root().join(path)).unwrap();
        words(between(
            between(&text, &format!("const {name}: "), ";\n"),
            " = [",
            "]",
        ))
    };
    let own = |list: &[&str]| list.iter().map(|word| (*word).to_owned()).collect();
    let steps = "src/recipe/parse/steps.rs";
    let text = std::fs::read_to_string(root().join(steps)).unwrap();
    let mut known = read(steps, "WORDS");
    if text.contains("const LATER: ") {
        known.extend(read(steps, "LATER"));
    }
    let words: BTreeSet<String> = own(&WORDS);
    assert_eq!(known, words);
    let beside: BTreeSet<String> = own(&BESIDE);
    assert_eq!(read(steps, "BESIDE"), beside);
    let mut options = read("src/recipe/parse/program.rs", "PROGRAM");
    options.insert("native".to_owned());
    let program: BTreeSet<String> = own(&PROGRAM);
    assert_eq!(options, program);
    let fields: BTreeSet<String> = STEP.fields.iter().map(|it| it.key.to_owned()).collect();
    let mut all: BTreeSet<String> = words.union(&beside).cloned().collect();
    all.extend(program);
    all.insert("with".to_owned());
    assert_eq!(fields, all);
}

#[test]
fn every_key_says_what_it_is_for_in_a_sentence() {
    for table in Document::ALL.into_iter().flat_map(Document::tables) {
        for field in table.fields {
            let (name, help) = (table.name, field.help);
            assert!(
                help.ends_with('.') && (8..160).contains(&help.len()),
                "{name}.{}: {help}",
                field.key
            );
        }
    }
}

#[test]
fn each_schema_is_one_of_draft_7_and_lists_no_definition_in_vain() {
    for document in Document::ALL {
        let schema = json(document);
        assert!(jsonschema::draft7::meta::is_valid(&schema), "{document:?}");
        let text = schema.to_string();
        for name in schema["definitions"].as_object().unwrap().keys() {
            let named = format!("\"#/definitions/{name}\"");
            assert!(text.contains(&named), "{document:?}: {name}");
        }
        assert!(schema["$id"].as_str().unwrap().contains(document.name()));
        assert!(!schema["title"].as_str().unwrap().is_empty());
    }
}

/// A file as an editor's YAML reader sees it; nothing where it is no YAML to it.
fn seen(path: &Path) -> Option<Value> {
    let text = String::from_utf8(std::fs::read(path).unwrap()).ok()?;
    serde_saphyr::from_str(&text).ok()
}

/// Which kind of file it is.
fn kind(path: &Path, value: &Value) -> Document {
    if path.file_name().is_some_and(|name| name == "kiln.yaml") {
        Document::Workspace
    } else if value.get("inputs").is_some() || path.to_str().unwrap().contains("/templates/") {
        Document::Snippet
    } else {
        Document::Recipe
    }
}

/// Validators of all kinds of files.
struct Validators(Vec<(Document, Validator)>);

impl Validators {
    fn new() -> Self {
        let of = |document| {
            let validator = jsonschema::draft7::new(&json(document)).unwrap();
            (document, validator)
        };
        Self(Document::ALL.map(of).into())
    }

    /// What is wrong with a file; nothing if it is accepted.
    fn faults(&self, path: &Path) -> Vec<String> {
        let Some(value) = seen(path) else {
            return vec!["no YAML".to_owned()];
        };
        let kind = kind(path, &value);
        let (_, validator) = self.0.iter().find(|(own, _)| *own == kind).unwrap();
        let errors = validator.iter_errors(&value);
        errors
            .map(|it| format!("{}: {it}", it.instance_path()))
            .collect()
    }
}

#[test]
fn every_recipe_and_good_fixture_is_accepted() {
    let mut all = vec![root().join("kiln.yaml")];
    for folder in [
        "recipes",
        "templates",
        "common",
        "tests/fixtures/golden",
        "tests/fixtures/schema",
        "tests/fixtures/shown",
        "tests/fixtures/examples",
        "tests/fixtures/transcribed",
    ] {
        let folder = root().join(folder);
        if folder.is_dir() {
            all.extend(files(&folder, "yaml"));
        }
    }
    assert!(all.len() >= 10, "{all:?}");
    let validators = Validators::new();
    let mut faults = Vec::new();
    for path in all {
        for fault in validators.faults(&path) {
            faults.push(format!("{}: {fault}", path.display()));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_fixture_whose_mistake_is_structural_is_refused_and_the_others_say_why_not() {
    let validators = Validators::new();
    let (mut accepted, mut refused) = (BTreeSet::new(), 0);
    for path in files(&root().join("tests/fixtures/err"), "yaml") {
        if path.parent().is_some_and(|it| it.ends_with("err")) {
            if validators.faults(&path).is_empty() {
                accepted.insert(path.file_stem().unwrap().to_str().unwrap().to_owned());
            } else {
                refused += 1;
            }
        }
    }
    let list = std::fs::read_to_string(root().join("tests/fixtures/schema/not-structural.txt"));
    let list = list.unwrap();
    let listed: BTreeMap<&str, &str> = list
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once(": "))
        .collect();
    let listed_names: BTreeSet<String> = listed.keys().map(|name| (*name).to_owned()).collect();
    let unlisted: Vec<&String> = accepted.difference(&listed_names).collect();
    assert!(
        unlisted.is_empty(),
        "the schema accepts {unlisted:?}: make it refuse them, or say in not-structural.txt why it cannot"
    );
    let stale: Vec<&String> = listed_names.difference(&accepted).collect();
    assert!(
        stale.is_empty(),
        "listed as not structural, but refused or gone: {stale:?}"
    );
    assert!(listed.values().all(|why| why.len() > 5));
    assert!(refused > 40, "{refused}");
}
