//! Who may import whom: the table of `docs/architecture.md`, held against the sources.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Module, and what it may import. A module missing here may import nothing and be imported by nobody.
const ALLOWED: [(&str, &[&str]); 26] = [
    ("text", &[]),
    ("oci", &[]),
    ("proto", &[]),
    ("config", &[]),
    ("schema", &[]),
    ("diagnostic", &["text"]),
    ("yaml", &["text", "diagnostic"]),
    ("credentials", &["oci"]),
    ("context", &["oci"]),
    ("kernel", &["oci"]),
    ("key", &["oci"]),
    ("layer", &["oci"]),
    ("registry", &["oci", "credentials"]),
    ("record", &["oci", "key"]),
    ("llb", &["oci", "text", "proto"]),
    (
        "workspace",
        &["text", "diagnostic", "yaml", "oci", "kernel"],
    ),
    (
        "recipe",
        &["text", "diagnostic", "yaml", "oci", "kernel", "schema"],
    ),
    (
        "buildkit",
        &["llb", "oci", "text", "proto", "context", "credentials"],
    ),
    (
        "lint",
        &[
            "recipe",
            "workspace",
            "kernel",
            "diagnostic",
            "yaml",
            "oci",
            "text",
        ],
    ),
    ("lock", &["text", "diagnostic", "yaml", "oci"]),
    ("plan", &["recipe", "oci", "text", "diagnostic"]),
    (
        "lower",
        &[
            "recipe",
            "context",
            "kernel",
            "llb",
            "lock",
            "oci",
            "text",
            "diagnostic",
        ],
    ),
    (
        "ops",
        &[
            "buildkit",
            "config",
            "context",
            "credentials",
            "diagnostic",
            "kernel",
            "key",
            "layer",
            "lint",
            "llb",
            "lock",
            "lower",
            "oci",
            "plan",
            "recipe",
            "record",
            "registry",
            "schema",
            "text",
            "workspace",
            "yaml",
        ],
    ),
    (
        "cli",
        &["ops", "config", "oci", "diagnostic", "schema", "text"],
    ),
    ("main", &["cli"]),
    ("lib", &[]),
];

fn sources(folder: &Path, all: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            sources(&path, all);
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            all.push(path);
        }
    }
}

/// The top-level module a source file belongs to.
fn module_of(path: &Path, root: &Path) -> String {
    let inside = path.strip_prefix(root).unwrap();
    let first = inside.components().next().unwrap();
    let first = Path::new(first.as_os_str());
    first.file_stem().unwrap().to_str().unwrap().to_owned()
}

/// Names behind every `crate::` (and, in the program, `kiln::`) in a text.
fn imports(text: &str) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for line in text.lines() {
        let code = line.trim_start();
        if code.starts_with("//") {
            continue;
        }
        for prefix in ["crate::", "kiln::"] {
            for (at, _) in code.match_indices(prefix) {
                let name: String = code[at + prefix.len()..]
                    .chars()
                    .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
                    .collect();
                all.insert(name);
            }
        }
    }
    all
}

#[test]
fn modules_import_only_what_the_table_allows() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let allowed: BTreeMap<&str, &[&str]> = ALLOWED.into_iter().collect();
    let mut files = Vec::new();
    sources(&root, &mut files);
    let mut faults = Vec::new();
    let mut seen = BTreeSet::new();
    for path in files {
        let module = module_of(&path, &root);
        let Some(may) = allowed.get(module.as_str()) else {
            faults.push(format!(
                "{}: `{module}` is not in the table",
                path.display()
            ));
            continue;
        };
        seen.insert(module.clone());
        let text = std::fs::read_to_string(&path).unwrap();
        for import in imports(&text) {
            if import != module && !may.contains(&import.as_str()) {
                let shown = path.strip_prefix(&root).unwrap().display();
                faults.push(format!("src/{shown}: `{module}` may not import `{import}`"));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    let missing: Vec<_> = allowed.keys().filter(|m| !seen.contains(**m)).collect();
    assert!(
        missing.is_empty(),
        "in the table and not in src: {missing:?}"
    );
}

#[test]
fn the_page_on_architecture_shows_the_same_table() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/architecture.md");
    let page = std::fs::read_to_string(page).unwrap();
    for (module, may) in ALLOWED {
        if matches!(module, "lib" | "main") {
            continue;
        }
        let may: Vec<String> = may.iter().map(|name| format!("`{name}`")).collect();
        let may = if may.is_empty() {
            "–".to_owned()
        } else {
            may.join(", ")
        };
        let row = format!("| `{module}` | {may} |");
        assert!(
            page.contains(&row),
            "docs/architecture.md lacks the row\n{row}"
        );
    }
}
