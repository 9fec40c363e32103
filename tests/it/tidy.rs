//! The house rules that a compiler does not know.

use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Rust files of the repository.
fn rust_files() -> Vec<PathBuf> {
    fn walk(folder: &Path, all: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, all);
            } else if path.extension().is_some_and(|kind| kind == "rs") {
                all.push(path);
            }
        }
    }
    let mut all = vec![root().join("build.rs")];
    walk(&root().join("src"), &mut all);
    walk(&root().join("tests"), &mut all);
    walk(&root().join("benches"), &mut all);
    all.sort();
    all
}

#[test]
fn no_file_has_more_than_400_lines() {
    let long: Vec<String> = rust_files()
        .iter()
        .filter_map(|path| {
            let lines = std::fs::read_to_string(path).unwrap().lines().count();
            (lines > 400).then(|| format!("{}: {lines}", path.display()))
        })
        .collect();
    assert!(long.is_empty(), "{}", long.join("\n"));
}

#[test]
fn every_file_opens_with_what_it_owns() {
    let bare: Vec<String> = rust_files()
        .iter()
        .filter(|path| !std::fs::read_to_string(path).unwrap().starts_with("//!"))
        .map(|path| path.display().to_string())
        .collect();
    assert!(bare.is_empty(), "{}", bare.join("\n"));
}

#[test]
fn every_test_file_is_part_of_its_binary() {
    for folder in ["tests/it", "tests/live"] {
        let folder = root().join(folder);
        let Ok(main) = std::fs::read_to_string(folder.join("main.rs")) else {
            continue;
        };
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap();
            let is_module = (path.is_dir() && name != "snapshots")
                || path.extension().is_some_and(|kind| kind == "rs");
            let named = main.contains(&format!("mod {name};"));
            assert!(
                name == "main" || !is_module || named,
                "{} is forgotten",
                path.display()
            );
        }
    }
}

#[test]
fn the_project_names_no_machine_and_no_package_host() {
    // Hosts are meant where something would be fetched from; a Go import path is a name.
    let hosts = [
        concat!("pyp", "i.org"),
        concat!("python", "hosted"),
        concat!("crates", ".io"),
        concat!("golang", ".org"),
        concat!("npm", "js"),
        concat!("debian", ".org"),
    ];
    let listed = Command::new("git")
        .args(["ls-files"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(listed.status.success(), "git ls-files failed");
    for path in String::from_utf8(listed.stdout).unwrap().lines() {
        let made_by_tools = ["Cargo.lock", "go.sum", "go.mod"]
            .iter()
            .any(|name| path.ends_with(name));
        let Ok(text) = std::fs::read_to_string(root().join(path)) else {
            continue;
        };
        for line in text.lines().filter(|_| !made_by_tools) {
            let fetches = line.contains("://") || line.contains("deb ");
            let host = hosts.iter().find(|host| fetches && line.contains(**host));
            assert!(host.is_none(), "{path} names a package host: {line}");
            let home = concat!("/ro", "ot/");
            assert!(
                !line.contains(home),
                "{path} names a place of one machine: {line}"
            );
        }
    }
}
