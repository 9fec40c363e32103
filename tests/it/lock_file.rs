//! `kiln.lock` as text: read, written, merged. Its mistakes are fixtures of `recipe_errors`.

use std::path::Path;
use std::process::Command;

use kiln::diagnostic::Findings;
use kiln::lock::{Lock, Needs, Period, PipId, PipList};
use kiln::oci::{Digest, Platform, Reference};
use kiln::text::{Place, SourceFile};
use proptest::prelude::*;

fn read(text: &str) -> Result<Lock, String> {
    let source = SourceFile::new("kiln.lock", text);
    let mut findings = Findings::new();
    let lock = Lock::parse(&source, &mut findings);
    let said: Vec<String> = findings
        .sorted()
        .iter()
        .map(|finding| format!("{} {}", finding.place, finding.message))
        .collect();
    lock.ok_or_else(|| said.join("\n"))
}

/// The example of the page.
fn example() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(root.join("docs/lock.md")).unwrap();
    let (_, example) = page.split_once("```yaml\n").unwrap();
    example.split_once("```\n").unwrap().0.to_owned()
}

fn digest(digit: char) -> Digest {
    let hex: String = std::iter::repeat_n(digit, 64).collect();
    format!("sha256:{hex}").parse().unwrap()
}

#[test]
fn the_example_of_the_page_is_read_and_written_byte_for_byte() {
    let text = example();
    let lock = read(&text).unwrap();
    assert_eq!(lock.text(), text);
    assert_eq!(lock.period().to_string(), "2026Q4");
    let python: Reference = "python:3.11-slim".parse().unwrap();
    let image = lock.image(&python).unwrap();
    assert!(image.platforms.contains_key(&Platform::LINUX_ARM64));
    assert!(lock.fetch("https://example.com/größe.tar.gz").is_some());
    assert!(
        lock.git("https://example.com/blas.git", "v0.3.30")
            .is_some()
    );
    assert_eq!(lock.git("https://example.com/blas.git", "main"), None);
    let id: PipId = "recipes/ai-base/requirements.txt 45a63e0d508bd822"
        .parse()
        .unwrap();
    let list = lock.pip(&id, Platform::LINUX_ARM64).unwrap();
    assert_eq!((list.python.as_str(), list.packages.len()), ("3.11", 2));
    assert!(lock.recipe("ai-base").is_some() && lock.recipe("기타").is_none());
    assert_eq!(lock.pins(), 7);
}

#[test]
fn order_of_entries_and_comments_do_not_matter_and_the_text_is_always_the_same() {
    let text = example();
    let (head, rest) = text.split_once("recipes:\n").unwrap();
    let (recipes, rest) = rest.split_once("images:\n").unwrap();
    let turned = format!("{head}images:\n{rest}# 주석\nrecipes:\n{recipes}");
    assert_eq!(read(&turned).unwrap().text(), text);
}

#[test]
fn places_of_recipes_are_those_of_the_file() {
    let lock = read(&example()).unwrap();
    let findings = lock.outdated(&std::collections::BTreeMap::new());
    let said: Vec<String> = findings.iter().map(|it| it.place.to_string()).collect();
    assert_eq!(said, ["kiln.lock:5:3"]);
}

#[test]
fn changes_name_what_was_and_what_is() {
    let old = read(&example()).unwrap();
    let new = example()
        .replace("period: 2026Q4", "period: 2027Q1")
        .replace("httpx==0.27.2", "httpx==0.28.0")
        .replace("    v0.3.30: ", "    v0.3.31: ");
    let changes = read(&new).unwrap().changes_since(Some(&old));
    let said: Vec<String> = changes
        .iter()
        .map(|change| {
            let platform = change.platform.map(|it| it.to_string());
            let value = |value: &Option<String>| value.clone().unwrap_or_else(|| "–".into());
            let (old, new) = (value(&change.old), value(&change.new));
            let name = &change.name;
            format!(
                "{} {name} {} {old} → {new}",
                change.kind.as_str(),
                platform.unwrap_or_default()
            )
        })
        .collect();
    assert_eq!(
        said,
        [
            "period   2026Q4 → 2027Q1",
            "git https://example.com/blas.git v0.3.30  993fad6aebed2b06b7fd1d6c1dbda1a1a9a4a5a6 → –",
            "git https://example.com/blas.git v0.3.31  – → 993fad6aebed2b06b7fd1d6c1dbda1a1a9a4a5a6",
            "pip recipes/ai-base/requirements.txt httpx linux/amd64 0.27.2 → 0.28.0",
            "pip recipes/ai-base/requirements.txt httpx linux/arm64 0.27.2 → 0.28.0",
        ]
    );
    assert_eq!(old.changes_since(Some(&old)), []);
}

/// Merges by lines, as git does it.
fn merged(ours: &str, base: &str, theirs: &str) -> (bool, String) {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [("ours", ours), ("base", base), ("theirs", theirs)] {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let ran = Command::new("git")
        .args(["merge-file", "-p", "ours", "base", "theirs"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    (ran.status.success(), String::from_utf8(ran.stdout).unwrap())
}

#[test]
fn changes_of_different_facts_merge_by_lines_and_the_rest_is_told_by_its_marks() {
    let base = example();
    let a = "9a61f00601b44395d3f3bf6e9ddec905156d060737a03f890713777c7d637830";
    let ours = base.replace(a, &"1".repeat(64));
    let theirs = base.replace("      - psutil==6.0.0", "      - numpy==2.1.0 sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n      - psutil==6.0.0");
    let (clean, text) = merged(&ours, &base, &theirs);
    assert!(clean, "{text}");
    let lock = read(&text).unwrap();
    assert_eq!(lock.text(), text);
    assert!(text.contains(&"1".repeat(64)) && text.contains("numpy==2.1.0"));

    let theirs = base.replace(a, &"2".repeat(64));
    let (clean, text) = merged(&ours, &base, &theirs);
    assert!(!clean);
    let said = read(&text).unwrap_err();
    assert_eq!(
        said,
        "kiln.lock:8:1 a merge conflict is not resolved: kiln.lock has git's marks in it"
    );
}

#[test]
fn what_is_wanted_and_not_there_is_told_and_nothing_else() {
    let recipe = SourceFile::new("파이.yaml", "base: python:3.11-slim\n");
    let place = Place::file(&recipe);
    let python: Reference = "python:3.11-slim".parse().unwrap();
    let mut needs = Needs::default();
    needs.image(&python, Platform::LINUX_AMD64, false, &place);
    needs.fetch("https://example.com/größe.tar.gz", &place);
    needs.git("https://example.com/blas.git", "v0.3.30", &place);
    let lock = read(&example()).unwrap();
    assert!(needs.missing(Some(&lock)).is_empty());
    let sum = needs.checksum();
    needs.git("https://example.com/blas.git", "main", &place);
    assert_ne!(needs.checksum(), sum);
    let id = PipId::of("x", "y");
    needs.pip(&id, Platform::LINUX_ARM64, &place);
    let riscv: Platform = "linux/riscv64".parse().unwrap();
    needs.image(&python, riscv, false, &place);
    let said: Vec<String> = needs
        .missing(Some(&lock))
        .findings()
        .iter()
        .map(|finding| format!("{} {}", finding.place, finding.message))
        .collect();
    assert_eq!(
        said,
        [
            "파이.yaml:1:1 kiln.lock does not have the digest of `docker.io/library/python:3.11-slim` for linux/riscv64",
            "파이.yaml:1:1 kiln.lock does not have the commit of `main` of https://example.com/blas.git",
            "파이.yaml:1:1 kiln.lock does not have the packages of this step for linux/arm64",
        ]
    );
}

#[test]
fn another_index_replaces_all_platforms_of_the_one_before() {
    let mut lock = Lock::new(Period::of(2026, 10).unwrap());
    let name: Reference = "debian:12".parse().unwrap();
    let (amd, arm) = (Platform::LINUX_AMD64, Platform::LINUX_ARM64);
    lock.set_image(&name, &digest('1'), amd, digest('a'));
    lock.set_image(&name, &digest('1'), arm, digest('b'));
    assert_eq!(lock.image(&name).unwrap().platforms.len(), 2);
    lock.set_image(&name, &digest('2'), arm, digest('c'));
    let image = lock.image(&name).unwrap();
    assert_eq!((&image.index, image.platforms.len()), (&digest('2'), 1));
}

#[test]
fn a_lock_of_a_thousand_lists_is_within_the_limits() {
    let mut lock = Lock::new(Period::of(2026, 1).unwrap());
    for number in 0..400 {
        let packages = (0..100).map(|package| {
            let text = format!("paket-{package}==1.{number} {}", digest('d'));
            text.parse().unwrap()
        });
        let list = PipList {
            python: "3.12".to_owned(),
            packages: packages.collect(),
        };
        let id = PipId::of(&format!("recipes/{number}/나.txt"), "");
        lock.set_pip(&id, Platform::LINUX_AMD64, list);
    }
    let text = lock.text();
    assert!(text.len() > 3 << 20, "{}", text.len());
    assert_eq!(read(&text).unwrap().text(), text);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_damaged_lock_is_refused_or_read_and_always_with_words(
        at in 0_usize..1600,
        taken in 0_usize..60,
        put in "[ -~가\n\t]{0,12}",
    ) {
        let text = example();
        let (mut start, mut end) = (at.min(text.len()), (at + taken).min(text.len()));
        while !text.is_char_boundary(start) { start -= 1; }
        while !text.is_char_boundary(end) { end += 1; }
        let text = format!("{}{put}{}", &text[..start], &text[end..]);
        match read(&text) {
            Err(words) => prop_assert!(words.starts_with("kiln.lock:"), "{}", words),
            Ok(lock) => {
                let text = lock.text();
                prop_assert_eq!(read(&text).map(|lock| lock.text()), Ok(text));
            }
        }
    }

    #[test]
    fn whatever_stands_in_names_comes_back(
        urls in prop::collection::btree_set("https://[ -~가é]{1,40}", 0..4),
        long in 0_usize..3000,
        branch in "[a-z0-9./_#: -]{1,12}",
        name in "[!-~가é]{1,20}",
    ) {
        let mut lock = Lock::new(Period::of(2030, 12).unwrap());
        for url in &urls {
            lock.set_fetch(url, digest('e'));
            lock.set_git(url, &branch, "0".repeat(40));
        }
        lock.set_fetch(&format!("https://example.com/{}", "x".repeat(long)), digest('f'));
        let list = PipList { python: "3.10".to_owned(), packages: Vec::new() };
        lock.set_pip(&PipId::of(&name, "z"), Platform::LINUX_ARM64, list);
        lock.set_recipe(&name, Some(digest('0')));
        let text = lock.text();
        prop_assert_eq!(read(&text).map(|lock| lock.text()), Ok(text));
    }
}
