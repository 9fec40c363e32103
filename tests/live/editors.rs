//! The schemas in `docs/schema`, as an editor uses them: another YAML reader and another validator, both of
//! Python, take what kiln takes and refuse what is built wrongly.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::lab::{Lab, lab};

/// Prints `ok FILE` or `bad FILE REASON` for each file of its arguments, which begin with the schemas' folder.
const VALIDATE: &str = r#"
import json, os, sys
import jsonschema, yaml

def validator(kind):
    with open(os.path.join(sys.argv[1], kind + ".json"), encoding="utf-8") as file:
        schema = json.load(file)
    jsonschema.Draft7Validator.check_schema(schema)
    return jsonschema.Draft7Validator(schema)

ALL = {kind: validator(kind) for kind in ("recipe", "workspace", "snippet")}

def kind(path, value):
    if os.path.basename(path) == "kiln.yaml":
        return "workspace"
    is_snippet = isinstance(value, dict) and "inputs" in value or "/templates/" in path
    return "snippet" if is_snippet else "recipe"

def fault(path):
    try:
        with open(path, encoding="utf-8") as file:
            value = yaml.safe_load(file)
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        return type(error).__name__
    # Dates are objects of Python: to a schema they are text.
    value = json.loads(json.dumps(value, default=str))
    error = next(ALL[kind(path, value)].iter_errors(value), None)
    return error and f"{list(error.absolute_path)} {error.message[:120]}"

for path in sys.argv[2:]:
    found = fault(path)
    print("bad" if found else "ok", path, found or "")
"#;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A Python with the validator, made once per lab.
fn python(lab: &Lab) -> PathBuf {
    let folder = lab.folder.join("editors-1");
    let python = folder.join("bin/python");
    let done = folder.join("done");
    if !done.exists() {
        lab.text_of("python3", ["-m", "venv", folder.to_str().unwrap()]);
        let install = ["-m", "pip", "install", "--quiet"];
        let packages = ["jsonschema>=4.20,<5", "pyyaml>=6,<7"];
        let ran = std::process::Command::new(&python)
            .args(install.iter().chain(&packages))
            .output()
            .unwrap();
        let words = String::from_utf8_lossy(&ran.stderr);
        assert!(ran.status.success(), "{words}");
        std::fs::write(&done, "").unwrap();
    }
    python
}

/// What the validator says of files: each with whether it is accepted, and the line.
fn verdicts(python: &Path, files: &[PathBuf]) -> Vec<(bool, String)> {
    let ran = std::process::Command::new(python)
        .args(["-c", VALIDATE])
        .arg(root().join("docs/schema"))
        .args(files)
        .env("PYTHONIOENCODING", "utf-8")
        .output()
        .unwrap();
    let words = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{words}");
    let lines = String::from_utf8(ran.stdout).unwrap();
    let lines = lines.lines();
    let all: Vec<(bool, String)> = lines
        .map(|line| (line.starts_with("ok "), line.to_owned()))
        .collect();
    assert_eq!(all.len(), files.len());
    all
}

fn yaml_files(folder: &str) -> Vec<PathBuf> {
    let all = walkdir::WalkDir::new(root().join(folder)).sort_by_file_name();
    all.into_iter()
        .filter_map(Result::ok)
        .map(walkdir::DirEntry::into_path)
        .filter(|path| path.is_file() && path.extension().is_some_and(|it| it == "yaml"))
        .collect()
}

#[test]
fn another_validator_on_another_yaml_reader_takes_every_good_file_and_refuses_the_others() {
    let Some(lab) = lab() else { return };
    let python = python(&lab);
    let mut good = vec![root().join("kiln.yaml")];
    let folders = ["golden", "schema", "shown", "examples", "transcribed"];
    good.extend(yaml_files("recipes"));
    for folder in folders {
        good.extend(yaml_files(&format!("tests/fixtures/{folder}")));
    }
    assert!(good.len() > 9, "{good:?}");
    let verdicts_of_good = verdicts(&python, &good);
    let refused: Vec<&String> = verdicts_of_good
        .iter()
        .filter(|(ok, _)| !ok)
        .map(|(_, line)| line)
        .collect();
    assert!(refused.is_empty(), "{refused:#?}");

    let list = root().join("tests/fixtures/schema/not-structural.txt");
    let list = std::fs::read_to_string(list).unwrap();
    let names = list.lines().filter_map(|line| line.split_once(": "));
    let seen_by_none: BTreeSet<&str> = names.map(|(name, _)| name).collect();
    let mut bad = yaml_files("tests/fixtures/err");
    bad.retain(|path| {
        let name = path.file_stem().and_then(|name| name.to_str());
        let is_one = path.parent().is_some_and(|folder| folder.ends_with("err"));
        is_one && name.is_some_and(|name| !seen_by_none.contains(name))
    });
    assert!(bad.len() > 40, "{bad:?}");
    let verdicts_of_bad = verdicts(&python, &bad);
    let accepted: Vec<&String> = verdicts_of_bad
        .iter()
        .filter(|(ok, _)| *ok)
        .map(|(_, line)| line)
        .collect();
    assert!(accepted.is_empty(), "{accepted:#?}");
}
