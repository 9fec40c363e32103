//! Pages that are made of the code, held against it. `KILN_UPDATE_DOCS=1` writes them anew.

use std::fmt::Write as _;
use std::path::Path;

use kiln::config::VARIABLES;

/// Compares a page with what the code says, or writes it.
#[expect(clippy::disallowed_methods, reason = "a switch of the test itself")]
fn page(name: &str, text: &str) {
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
