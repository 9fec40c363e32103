//! Folders as they really are: links that loop or lead out, pipes and sockets, names in all kinds of
//! writing, files that change. And how much of them is sent.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::process::Command;

use crate::lab::BOTH;
use crate::workspace::{Run, Workspace, run};

/// What was sent in a run with `KILN_LOG=kiln=debug`: files and bytes of each transfer.
fn transfers(run: &Run) -> Vec<(u64, u64)> {
    let number = |line: &str, key: &str| {
        let (_, rest) = line.split_once(key).unwrap();
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().unwrap()
    };
    let lines = run
        .stderr
        .lines()
        .filter(|line| line.contains("local folder sent"));
    lines
        .map(|line| (number(line, "files="), number(line, "bytes=")))
        .collect()
}

fn counted(space: &Workspace) -> Vec<(u64, u64)> {
    let mut command = space.command(&["build", "--push"]);
    command.env("KILN_LOG", "kiln=debug").env("NO_COLOR", "1");
    transfers(&run(command).expect(0))
}

#[test]
fn both_platforms_share_one_transfer_and_an_unchanged_folder_sends_no_data() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.bytes("r/app/größe.bin", &vec![7; 3_000_000]);
    space.file("r/app/wort", "UNIQUE");
    space.file("r/app/leer", "");
    // The step holds the platform that is first until the other one has asked for the folder, too.
    space.recipe("steps:\n  - copy: {src: app, to: /srv}\n  - run: sleep 2; echo UNIQUE\n");
    let bytes = 3_000_000 + space.unique.len() as u64;
    let first = counted(&space);
    let sum = |all: &[(u64, u64)]| {
        all.iter()
            .fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
    };
    assert_eq!(sum(&first), (3, bytes), "{first:?}");
    assert_eq!(first.len(), 1, "{first:?}");
    assert_eq!(sum(&counted(&space)), (0, 0));
    space.file("r/app/wort", "other");
    assert_eq!(sum(&counted(&space)), (1, 5));
}

#[test]
fn links_are_copied_as_links_wherever_they_lead() {
    let Some(space) = Workspace::new() else {
        return;
    };
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("geheim"), "outside UNIQUE").unwrap();
    let outside = outside.path().join("geheim");
    space.file("r/app/a", "UNIQUE");
    symlink("loop", space.path("r/app/loop")).unwrap();
    symlink("two", space.path("r/app/one")).unwrap();
    symlink("one", space.path("r/app/two")).unwrap();
    symlink(&outside, space.path("r/app/out")).unwrap();
    symlink("../../../../etc", space.path("r/app/up")).unwrap();
    symlink(".", space.path("r/app/self")).unwrap();
    std::fs::hard_link(space.path("r/app/a"), space.path("r/app/b")).unwrap();
    space.recipe("steps:\n  - copy: {src: app, to: /srv}\n");
    let image = space.publish();
    let out = format!("l 0777 0:0 srv/out -> {}", outside.display());
    for (platform, built) in image.images() {
        let files = built.files();
        let lines = files
            .values()
            .filter(|entry| entry.path.starts_with("srv/"));
        let lines: Vec<String> = lines.map(crate::layers::Entry::line).collect();
        let links: Vec<&str> = lines
            .iter()
            .map(String::as_str)
            .filter(|line| line.starts_with('l'))
            .collect();
        let expected = [
            "l 0777 0:0 srv/loop -> loop",
            "l 0777 0:0 srv/one -> two",
            out.as_str(),
            "l 0777 0:0 srv/self -> .",
            "l 0777 0:0 srv/two -> one",
            "l 0777 0:0 srv/up -> ../../../../etc",
        ];
        assert_eq!(links, expected, "{platform}");
        // A second name of a file is the file, too.
        for name in ["srv/a", "srv/b"] {
            let entry = &files[name];
            let text = match entry.kind {
                'h' => files[&entry.target].text(),
                _ => entry.text(),
            };
            assert_eq!(text, space.unique, "{platform} {name}");
        }
    }
}

#[test]
fn a_link_that_is_named_and_leads_out_or_nowhere_is_never_followed() {
    let Some(space) = Workspace::new() else {
        return;
    };
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("geheim"), "outside").unwrap();
    space.file("r/app/a", "UNIQUE");
    symlink(outside.path(), space.path("r/app/out")).unwrap();
    symlink("loop/x", space.path("r/app/loop")).unwrap();
    for source in ["app/out/geheim", "app/loop/x", "app/out/*"] {
        space.recipe(&format!(
            "steps:\n  - copy: {{src: \"{source}\", to: /srv/}}\n"
        ));
        let refused = space.kiln(&["build"]).expect(2);
        assert!(
            refused.stderr.contains("r/recipe.yaml:7:"),
            "{}",
            refused.stderr
        );
        assert!(!refused.stderr.contains("outside"), "{}", refused.stderr);
    }
}

#[test]
fn pipes_and_sockets_are_left_out_with_a_note_and_cannot_be_named() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.file("r/app/a", "UNIQUE");
    let pipe = space.path("r/app/Rohr");
    assert!(
        Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    let _socket = UnixListener::bind(space.path("r/app/소켓")).unwrap();
    space.recipe("steps:\n  - copy: {src: app, to: /srv}\n");
    let built = space.kiln(&["build", "--push"]).expect(0);
    for note in [
        "note: `r/app/Rohr` is a named pipe and is left out",
        "note: `r/app/소켓` is a socket and is left out",
    ] {
        let count = built.stderr.matches(note).count();
        assert_eq!(count, 1, "{note}\n{}", built.stderr);
    }
    space
        .published()
        .adds(1, &[&["d 0755 0:0 srv", "f 0644 0:0 srv/a"]]);
    space.recipe("steps:\n  - copy: {src: app/Rohr, to: /srv/}\n");
    space.kiln(&["build"]).expect(2).says(&[
        "r/recipe.yaml:7:",
        "`r/app/Rohr` is a named pipe; only files, folders and links",
    ]);
}

#[test]
fn names_stay_as_their_bytes_are_in_every_locale() {
    let Some(space) = Workspace::new() else {
        return;
    };
    // 한글 composed and decomposed, and what sorts, folds or prints in a way of its own.
    let names = [
        "한글",
        "\u{1112}\u{1161}\u{11ab}\u{1100}\u{1173}\u{11af}",
        "é",
        "e\u{301}",
        "İ",
        "i",
        "ı",
        "🔥",
        "שלום",
        " x ",
        "a\\b",
    ];
    for (number, name) in names.iter().enumerate() {
        space.file(&format!("r/app/{name}"), &number.to_string());
    }
    space.recipe("steps:\n  - copy: {src: app, to: /srv}\n");
    let mut digests = Vec::new();
    for locale in ["C", "C.UTF-8", "tr_TR.UTF-8"] {
        let mut command = space.command(&["build", "--push"]);
        command.env("LC_ALL", locale);
        run(command).expect(0);
        digests.push(space.published().digest);
    }
    assert!(digests.iter().all(|digest| *digest == digests[0]));
    let built = space.published();
    for (number, name) in names.iter().enumerate() {
        assert_eq!(
            built.on(BOTH[1]).text(&format!("srv/{name}")),
            number.to_string()
        );
    }
}

#[test]
fn a_name_that_is_not_utf8_is_refused_by_name_unless_it_is_left_out() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.file("r/app/a", "UNIQUE");
    let bad = space.path("r/app").join(OsStr::from_bytes(b"caf\xe9.bak"));
    std::fs::write(&bad, "x").unwrap();
    space.recipe("steps:\n  - copy: {src: app, to: /srv}\n");
    space.kiln(&["build", "--progress=quiet"]).expect(3).says(&[
        "r/recipe.yaml:7:",
        "app/caf\u{fffd}.bak` is not valid UTF-8",
        "next: rename it, or leave it out",
    ]);
    space.file("r/.dockerignore", "**/*.bak\n");
    space
        .publish()
        .adds(1, &[&["d 0755 0:0 srv", "f 0644 0:0 srv/a"]]);
}
