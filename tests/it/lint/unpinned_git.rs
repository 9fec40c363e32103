//! `unpinned-git`: names that move, in checkouts and in requirements.

use super::found_by;

fn of(rest: &str) -> Vec<String> {
    found_by("unpinned-git", rest)
}

fn checkout(name: &str) -> Vec<String> {
    of(&format!(
        "steps:\n  - git: {{url: \"https://example.com/한.git\", ref: {name}, to: /src}}\n"
    ))
}

#[test]
fn a_branch_is_a_warning_a_tag_a_note_and_a_commit_nothing() {
    assert_eq!(
        checkout("main"),
        ["6:50: warning[unpinned-git]: `main` is another commit after every merge"]
    );
    assert!(checkout("refs/heads/한")[0].contains(": warning["));
    assert!(checkout("v1.2.3")[0].contains(": note["));
    assert_eq!(checkout(&"a1".repeat(20)), [""; 0]);
}

#[test]
fn mounts_count_as_steps_do() {
    let rest = "steps:\n  - run: [x]\n    mounts: [{git: {url: \"https://example.com/a.git\", ref: main}, path: /x}]\n";
    assert_eq!(of(rest).len(), 1);
}

#[test]
fn a_requirement_out_of_a_repository_needs_a_commit_too() {
    for (word, level) in [
        ("git+https://example.com/a.git", ": warning["),
        ("x @ git+https://me@example.com/a.git#egg=x", ": warning["),
        ("git+https://example.com/a.git@main", ": warning["),
        ("git+ssh://git@example.com/a.git@v1", ": note["),
    ] {
        let lines = of(&format!("steps:\n  - pip: {{install: [\"{word}\"]}}\n"));
        assert_eq!(lines.len(), 1, "{word}: {lines:?}");
        assert!(lines[0].contains(level), "{word}: {lines:?}");
    }
    let commit = format!(
        "steps:\n  - pip: {{install: [\"git+https://example.com/a.git@{}\"]}}\n",
        "b2".repeat(20)
    );
    assert_eq!(of(&commit), [""; 0]);
}
