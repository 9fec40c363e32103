//! `context`: which entries of a folder are sent to a builder, in which order.

use std::ffi::OsStr;
use std::fs;
use std::ops::ControlFlow;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;

use kiln::context::{ContextError, Entry, Filter, Kind, walk};

fn write(root: &Path, path: &str) {
    let path = root.join(path);
    let folder = path.parent().expect("a path below the root");
    fs::create_dir_all(folder).expect("a folder");
    fs::write(path, "content").expect("a file");
}

fn entries(root: &Path, filter: &Filter) -> Vec<Entry> {
    let mut entries = Vec::new();
    walk(root, filter, &mut |entry| {
        entries.push(entry);
        ControlFlow::Continue(())
    })
    .expect("a walk");
    entries
}

fn paths(root: &Path, filter: &Filter) -> Vec<String> {
    entries(root, filter)
        .into_iter()
        .map(|it| it.path)
        .collect()
}

fn strings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&text| text.to_owned()).collect()
}

#[test]
fn siblings_are_sorted_by_their_names_not_by_whole_paths() {
    let dir = tempfile::tempdir().unwrap();
    for path in ["a/f", "a/sub/x", "a-b/f", "a.txt", "B", "ä/ß", "zz"] {
        write(dir.path(), path);
    }
    assert_eq!(
        paths(dir.path(), &Filter::default()),
        [
            "B", "a", "a/f", "a/sub", "a/sub/x", "a-b", "a-b/f", "a.txt", "zz", "ä", "ä/ß"
        ]
    );
}

#[test]
fn what_is_not_whole_yet_is_no_part_of_a_folder() {
    let dir = tempfile::tempdir().unwrap();
    for path in [
        ".kiln-output-größe/x",
        "a/.kiln-output-1/y",
        "a/b",
        ".kiln-outputs",
    ] {
        write(dir.path(), path);
    }
    let everything = [
        Filter::default(),
        Filter {
            include: strings(&["**"]),
            ..Filter::default()
        },
    ];
    for filter in everything {
        assert_eq!(paths(dir.path(), &filter), [".kiln-outputs", "a", "a/b"]);
    }
}

/// A filter and what it leaves.
struct Row {
    name: &'static str,
    include: &'static [&'static str],
    exclude: &'static [&'static str],
    follow: &'static [&'static str],
    expected: &'static [&'static str],
}

#[test]
fn filters_choose_and_parents_come_along() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    for path in [
        "src/app.py",
        "src/app.pyc",
        "src/deep/er/x.py",
        "src/deep/er/x.txt",
        "docs/é.md",
        "vendor/a",
        "vendor/keep/b",
    ] {
        write(root, path);
    }
    fs::create_dir(root.join("empty")).unwrap();
    symlink("docs/é.md", root.join("readme")).unwrap();
    let rows = [
        Row {
            name: "include with wildcards",
            include: &["**/*.py"],
            exclude: &[],
            follow: &[],
            expected: &[
                "src",
                "src/app.py",
                "src/deep",
                "src/deep/er",
                "src/deep/er/x.py",
            ],
        },
        Row {
            name: "an included folder brings all below",
            include: &["vendor"],
            exclude: &["**/b"],
            follow: &[],
            expected: &["vendor", "vendor/a", "vendor/keep"],
        },
        Row {
            name: "an exception below an excluded folder",
            include: &[],
            exclude: &["src", "docs", "vendor", "!vendor/keep/*"],
            follow: &[],
            expected: &["empty", "readme", "vendor", "vendor/keep", "vendor/keep/b"],
        },
        Row {
            name: "a followed link brings its target",
            include: &["src/app.py"],
            exclude: &[],
            follow: &["read*"],
            expected: &["docs", "docs/é.md", "readme", "src", "src/app.py"],
        },
        Row {
            name: "what is followed and not there brings nothing",
            include: &[],
            exclude: &[],
            follow: &["nothing"],
            expected: &[],
        },
        Row {
            name: "all but one",
            include: &[],
            exclude: &["*", "!empty"],
            follow: &[],
            expected: &["empty"],
        },
    ];
    for row in rows {
        let filter = Filter {
            include: strings(row.include),
            exclude: strings(row.exclude),
            follow: strings(row.follow),
        };
        assert_eq!(paths(root, &filter), row.expected, "{}", row.name);
    }
}

#[test]
fn further_names_of_a_file_are_links_to_the_first_one_sent() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    write(root, "a");
    fs::hard_link(root.join("a"), root.join("b")).unwrap();
    fs::create_dir(root.join("c")).unwrap();
    fs::hard_link(root.join("a"), root.join("c/ü")).unwrap();
    let links = |filter: &Filter| -> Vec<(String, Option<String>)> {
        entries(root, filter)
            .into_iter()
            .filter(|entry| entry.kind == Kind::File)
            .map(|entry| (entry.path, entry.link))
            .collect()
    };
    let owned = |path: &str, link: Option<&str>| (path.to_owned(), link.map(str::to_owned));
    assert_eq!(
        links(&Filter::default()),
        [
            owned("a", None),
            owned("b", Some("a")),
            owned("c/ü", Some("a"))
        ]
    );
    let without_first = Filter {
        exclude: strings(&["a"]),
        ..Filter::default()
    };
    assert_eq!(
        links(&without_first),
        [owned("b", None), owned("c/ü", Some("b"))]
    );
}

#[test]
fn an_entry_has_modes_sizes_and_times() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    write(root, "run.sh");
    fs::set_permissions(root.join("run.sh"), fs::Permissions::from_mode(0o4750)).unwrap();
    symlink("../outside", root.join("so")).unwrap();
    let _socket = UnixListener::bind(root.join("socket")).unwrap();
    let entries = entries(root, &Filter::default());
    let [file, link, socket] = entries.as_slice() else {
        panic!("{entries:?}")
    };
    assert_eq!(socket.kind.special(), Some("a socket"));
    assert_eq!(
        (file.kind, file.permissions, file.size, file.go_mode()),
        (Kind::File, 0o4750, 7, 1 << 23 | 0o750)
    );
    assert!(file.modified_ns > 1_600_000_000_000_000_000);
    assert_eq!(
        (link.kind, link.size, link.link.as_deref()),
        (Kind::Symlink, 10, Some("../outside"))
    );
}

#[test]
fn a_name_that_is_not_utf8_is_an_error_only_if_it_is_sent() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    let bad = OsStr::from_bytes(b"caf\xe9.bin");
    fs::write(root.join(bad), "x").unwrap();
    fs::write(root.join("café.txt"), "x").unwrap();
    let error = walk(root, &Filter::default(), &mut |_| ControlFlow::Continue(())).unwrap_err();
    assert!(matches!(error, ContextError::NotUtf8 { .. }), "{error:?}");
    assert!(error.to_string().contains("caf\u{fffd}.bin"), "{error}");
    let without = Filter {
        exclude: strings(&["*.bin"]),
        ..Filter::default()
    };
    assert_eq!(paths(root, &without), ["café.txt"]);
    symlink(bad, root.join("링크")).unwrap();
    let error = walk(root, &without, &mut |_| ControlFlow::Continue(())).unwrap_err();
    let error = error.to_string();
    assert!(
        error.contains("target of the link") && error.contains("링크`"),
        "{error}"
    );
}

#[test]
fn a_root_that_is_no_folder_is_named() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "file");
    for (name, expected) in [("file", "is not a directory"), ("gone", "cannot read")] {
        let root = dir.path().join(name);
        let error = walk(
            &root,
            &Filter::default(),
            &mut |_| ControlFlow::Continue(()),
        )
        .unwrap_err()
        .to_string();
        assert!(error.contains(expected) && error.contains(name), "{error}");
    }
}

#[test]
fn the_visitor_can_end_the_walk() {
    let dir = tempfile::tempdir().unwrap();
    for path in ["a/1", "a/2", "b"] {
        write(dir.path(), path);
    }
    let mut seen = 0;
    walk(dir.path(), &Filter::default(), &mut |_| {
        seen += 1;
        if seen == 2 {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    })
    .unwrap();
    assert_eq!(seen, 2);
}
