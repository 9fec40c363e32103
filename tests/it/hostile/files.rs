//! What lies where a recipe, a template or `kiln.yaml` should, and what bytes it is made of.

use std::fs::File;
use std::os::unix::fs::symlink;

use crate::common::{Ran, Workbench, mistakes};

const GOOD: &str = "kiln: 1\nname: r\nbase: debian:12\ntags: [x]\n";

fn planned(text: impl AsRef<[u8]>) -> Ran {
    let bench = Workbench::new();
    bench.write("r.yaml", text);
    bench.kiln(&["plan"])
}

#[test]
fn a_file_of_100_megabytes_is_not_read_whole() {
    let bench = Workbench::new();
    let file = File::create(bench.path().join("r.yaml")).unwrap();
    file.set_len(100 << 20).unwrap();
    let ran = bench.kiln(&["plan"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("r.yaml:1:1"), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("larger than 1024 KiB"),
        "{}",
        ran.stderr
    );
}

#[test]
fn what_is_no_regular_file_is_refused_and_never_waited_for() {
    let pipe = |path: &std::path::Path| {
        let made = std::process::Command::new("mkfifo").arg(path).status();
        assert!(made.unwrap().success());
    };
    for (name, make) in [
        (
            "a character device",
            (|path| symlink("/dev/zero", path).unwrap()) as fn(&std::path::Path),
        ),
        ("a named pipe", pipe),
    ] {
        for file in ["r.yaml", "kiln.yaml"] {
            let bench = Workbench::new();
            make(&bench.path().join(file));
            let ran = bench.kiln(&["plan", "-f", "r.yaml"]);
            assert_eq!(ran.code, 2, "{name} {file}: {}", ran.stderr);
        }
        let bench = Workbench::new();
        make(&bench.path().join("r.yaml"));
        let ran = bench.kiln(&["lint"]);
        assert_eq!(ran.code, 2, "{name}: {}", ran.stderr);
        assert!(
            ran.stdout.contains(&format!("it is {name}")),
            "{}",
            ran.stdout
        );
        for (file, body) in [
            ("t.yaml", "extends: t.yaml\n"),
            ("templates/steps/t.yaml", "steps: [{use: t}]\n"),
            (
                "defs/t.json",
                "kernel: {runtime: x, runtime_path: /x, base_distro: x, features: [uid-match], definitions: defs}\n",
            ),
        ] {
            let bench = Workbench::with_recipe(&format!("{GOOD}{body}"));
            bench.write(&format!("{file}.beside"), "");
            make(&bench.path().join(file));
            for arguments in [&["plan", "-f", "r.yaml"][..], &["lint"]] {
                let ran = bench.kiln(arguments);
                let said = ran.stdout + &ran.stderr;
                // The files of a folder are those that are files.
                let refused = said.contains(name) || said.contains("leads out of the workspace");
                assert!(
                    refused || file.starts_with("defs"),
                    "{name} {file} {arguments:?}: {said}"
                );
            }
        }
        let bench = Workbench::with_recipe(&format!(
            "{GOOD}steps:\n- write: {{path: /a, template: t.hbs}}\n"
        ));
        make(&bench.path().join("t.hbs"));
        let ran = bench.kiln(&["plan"]);
        let words = match name {
            "a named pipe" => "it is a named pipe, not a file",
            _ => "leads out of the workspace",
        };
        assert!(ran.stderr.contains(words), "{}", ran.stderr);
        assert!(ran.stderr.contains("r.yaml:6:31"), "{}", ran.stderr);
    }
}

#[test]
fn bytes_that_are_no_text_are_named_with_their_line() {
    for (bytes, place) in [
        (
            &b"kiln: 1\nname: r\n# \xed\x95\x9c \xff\n"[..],
            "r.yaml:3:5",
        ),
        (b"\xff\xfek\0i\0", "r.yaml:1:1"),
        (b"kiln: 1\nname: \xc3", "r.yaml:2:7"),
    ] {
        let ran = planned(bytes);
        assert_eq!(ran.code, 2);
        assert!(ran.stderr.contains(place), "{}", ran.stderr);
        assert!(ran.stderr.contains("this is not UTF-8"), "{}", ran.stderr);
    }
    let bench = Workbench::with_recipe(GOOD);
    bench.write("kiln.yaml", b"kiln: 1\n# caf\xe9\n");
    let ran = bench.kiln(&["plan"]);
    assert!(ran.stderr.contains("kiln.yaml:2:6"), "{}", ran.stderr);
}

#[test]
fn a_byte_order_mark_and_windows_line_ends_change_nothing() {
    for text in [
        format!("\u{feff}{GOOD}"),
        GOOD.replace('\n', "\r\n"),
        format!("\u{feff}{}", GOOD.replace('\n', "\r\n")),
    ] {
        let ran = planned(&text);
        assert_eq!(ran.code, 0, "{text:?}: {}", ran.stderr);
    }
    // The place of a mistake is the same.
    let wrong = format!("{GOOD}stepz: []\n");
    for text in [wrong.clone(), wrong.replace('\n', "\r\n")] {
        assert!(mistakes(&text)[0].starts_with("r.yaml:5:1 "), "{text:?}");
    }
}

#[test]
fn script_lines_of_a_windows_file_reach_the_shell_without_carriage_returns() {
    let text = format!("{GOOD}steps:\n- run: |\n    echo a\n    echo b\n").replace('\n', "\r\n");
    let loaded = crate::common::loaded(&text);
    let content = loaded.images[0].contents.values().next().unwrap();
    assert_eq!(crate::recipe_expand::words(content), ["echo a\necho b\n"]);
}

#[test]
fn zero_bytes_tabs_and_a_second_document_are_refused_at_their_place() {
    for (body, place, words) in [
        ("labels: {l: \"a\\0b\"}\n", "r.yaml:5:13", "zero byte"),
        ("labels: {\"a\\0b\": l}\n", "r.yaml:5:10", "zero byte"),
        ("labels: {l: a\0b}\n", "r.yaml:5:", ""),
        ("labels:\n\tl: x\n", "r.yaml:6:", "tab"),
        ("---\nname: s\n", "r.yaml:5:1", "second document"),
        ("labels: {<<: {a: b}}\n", "r.yaml:5:10", "merge keys"),
        ("labels: {a: &x b, c: *x}\n", "r.yaml:5:13", "anchors"),
        ("labels: {a: !!str b}\n", "r.yaml:5:13", "tags"),
        ("labels: {a: no}\n", "r.yaml:5:13", "a boolean"),
        ("labels: {a: 3.10}\n", "r.yaml:5:13", "a number"),
        ("labels: {a: 0644}\n", "r.yaml:5:13", "an octal number"),
        ("labels: {a: b, a: c}\n", "r.yaml:5:16", "stands twice"),
        ("labels: {a: \"\\x\"}\n", "r.yaml:5:", ""),
    ] {
        let said = mistakes(&format!("{GOOD}{body}"));
        let fits = |line: &String| line.starts_with(place) && line.contains(words);
        assert!(said.iter().any(fits), "{body:?}: {said:#?}");
    }
}

#[test]
fn a_path_never_leaves_the_workspace() {
    for path in [
        "../x",
        "a/../../x",
        "/../x",
        "./../x",
        "C:\\x",
        "C:/x",
        "a\\0b",
        "",
    ] {
        for body in [
            format!("steps:\n- copy: {{src: \"{path}\", to: /x}}\n"),
            format!("steps:\n- write: {{path: /x, template: \"{path}\"}}\n"),
            format!("steps:\n- run: x\n  mounts: [{{path: /m, src: \"{path}\"}}]\n"),
            format!("steps:\n- pip: {{requirements: \"{path}\"}}\n"),
        ] {
            let said = mistakes(&format!(
                "{GOOD}{}",
                body.replace('\\', "\\\\").replace("\\\\0", "\\0")
            ));
            assert!(!said.is_empty(), "{body} was accepted");
            assert!(
                said.iter()
                    .all(|line| line.starts_with("r.yaml:6:") || line.starts_with("r.yaml:7:")),
                "{said:?}"
            );
        }
    }
    for path in ["/a/../../b", "../b", ".."] {
        let said = mistakes(&format!("{GOOD}steps:\n- mkdir: \"{path}\"\n"));
        assert!(said[0].contains("no `..`"), "{path}: {said:?}");
    }
}

#[test]
fn a_template_behind_a_link_out_of_the_workspace_is_not_read() {
    let bench = Workbench::with_recipe(&format!(
        "{GOOD}steps:\n- write: {{path: /a, template: t.hbs}}\n"
    ));
    symlink("/etc/passwd", bench.path().join("t.hbs")).unwrap();
    let ran = bench.kiln(&["plan"]);
    assert!(
        ran.stderr.contains("leads out of the workspace"),
        "{}",
        ran.stderr
    );
    assert!(!ran.stderr.contains("root:"), "{}", ran.stderr);
}
