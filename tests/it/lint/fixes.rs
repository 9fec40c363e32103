//! How fixes are applied: what overlaps, what has changed, what is only suggested.

use std::path::Path;
use std::sync::Arc;

use kiln::diagnostic::{Finding, Fix};
use kiln::ops::lint::{Reported, apply_fixes};
use kiln::text::{Place, SourceFile, Span};

use super::bench;

const TEXT: &str = "# 머리\na: 1\nb: 2\n";

fn place(source: &Arc<SourceFile>, words: &str) -> Place {
    let start = source.text().find(words).unwrap();
    let end = start + words.len();
    Place::new(source, Span { start, end })
}

fn reported(root: &Path, source: &Arc<SourceFile>, fix: Fix) -> Reported {
    Reported {
        finding: Finding::error(&Place::file(source), "x").with_fix(fix),
        prefix: "".into(),
        root: Arc::new(root.to_path_buf()),
    }
}

/// The text after some fixes, and how many were applied and left out. A fix is words, what they become, and so on.
fn fixed(fixes: &[&[(&str, &str)]]) -> (String, usize, usize) {
    let bench = bench(&[("r.yaml", TEXT)]);
    let source = SourceFile::new("r.yaml", TEXT);
    let all: Vec<Reported> = fixes
        .iter()
        .map(|edits| {
            let fix = edits.iter().fold(Fix::safe("고침"), |fix, (words, new)| {
                fix.replacing(&place(&source, words), *new)
            });
            reported(bench.path(), &source, fix)
        })
        .collect();
    let fixed = apply_fixes(&all).unwrap();
    let text = std::fs::read_to_string(bench.path().join("r.yaml")).unwrap();
    (text, fixed.fixes, fixed.overlapping)
}

#[test]
fn fixes_of_different_words_are_all_applied_in_any_order() {
    let expected = ("# 머리\na: 하나\nb: 3\n".to_owned(), 2, 0);
    assert_eq!(fixed(&[&[("1", "하나")], &[("2", "3")]]), expected);
    assert_eq!(fixed(&[&[("2", "3")], &[("1", "하나")]]), expected);
}

#[test]
fn a_fix_that_overlaps_an_earlier_one_is_left_out_as_a_whole() {
    let expected = ("# 머리\na: x\nb: 2\n".to_owned(), 1, 1);
    assert_eq!(
        fixed(&[&[("1", "x")], &[("a: 1", "y"), ("2", "z")]]),
        expected
    );
    assert_eq!(fixed(&[&[("1", "x")], &[("1", "y")]]), expected);
}

#[test]
fn a_fix_that_is_only_suggested_is_not_applied() {
    let bench = bench(&[("r.yaml", TEXT)]);
    let source = SourceFile::new("r.yaml", TEXT);
    let fix = Fix::suggested("고침").replacing(&place(&source, "1"), "9");
    let fixed = apply_fixes(&[reported(bench.path(), &source, fix)]).unwrap();
    assert_eq!((fixed.fixes, fixed.files), (0, 0));
}

#[test]
fn a_file_that_has_changed_meanwhile_is_left_as_it_is() {
    let bench = bench(&[("r.yaml", "c: 누가 고쳤다\n")]);
    let source = SourceFile::new("r.yaml", TEXT);
    let fix = Fix::safe("고침").replacing(&place(&source, "1"), "9");
    let error = apply_fixes(&[reported(bench.path(), &source, fix)]).unwrap_err();
    assert!(error.to_string().contains("has changed"), "{error}");
    let text = std::fs::read_to_string(bench.path().join("r.yaml")).unwrap();
    assert_eq!(text, "c: 누가 고쳤다\n");
}
