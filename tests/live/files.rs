//! The small file steps: `write`, `link`, `mkdir`, `remove`.

use crate::lab::{BOTH, EPOCH};
use crate::workspace::Workspace;

#[test]
fn written_files_have_their_content_permissions_owner_and_the_bases_time() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe(
        "workdir: /w
steps:
  - write: {path: plain, content: \"한 줄 UNIQUE\\n\"}
  - write: {path: /opt/new/tool, content: \"#!/bin/sh\\n\", mode: \"0755\", owner: \"3:4\"}
  - write: {path: /etc/os-release, content: replaced, mode: \"u=rw,go=\"}
  - write: {path: /named, content: \"\", owner: nobody}
  - write: {path: /opt/setuid, content: x, mode: \"4755\"}
",
    );
    let image = space.publish();
    image.adds(
        1,
        &[&[
            "d 0755 0:0 etc",
            "f 0600 0:0 etc/os-release",
            "f 0644 65534:65534 named",
            "d 0755 0:0 opt",
            "d 0755 0:0 opt/new",
            "f 0755 3:4 opt/new/tool",
            "f 4755 0:0 opt/setuid",
            "d 0755 0:0 w",
            "f 0644 0:0 w/plain",
        ]],
    );
    for platform in BOTH {
        assert_eq!(
            image.on(platform).text("w/plain"),
            format!("한 줄 {}\n", space.unique)
        );
        let added = image.on(platform).layers().nth(1).unwrap();
        for entry in added.iter().filter(|entry| entry.kind != 'd') {
            assert_eq!(entry.time, EPOCH, "{}", entry.line());
        }
    }
}

#[test]
fn writing_replaces_a_file_or_a_link_and_refuses_a_folder() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe(
        "steps:
  - run: mkdir /d /d/sub; echo old UNIQUE > /d/f; chown 5:5 /d/f; chmod 0777 /d/f; ln -s f /d/l
  - write: {path: /d/l, content: new}
",
    );
    let image = space.publish();
    image.adds(
        1,
        &[
            &[
                "d 0755 0:0 d",
                "f 0777 5:5 d/f",
                "l 0777 0:0 d/l -> f",
                "d 0755 0:0 d/sub",
            ],
            &["d 0755 0:0 d", "f 0644 0:0 d/l"],
        ],
    );
    space.recipe("steps:\n  - write: {path: /etc, content: UNIQUE}\n");
    space
        .kiln(&["build"])
        .expect(3)
        .says(&["r/recipe.yaml:7:5"]);
}

#[test]
fn a_template_is_rendered_for_each_platform() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.file(
        "r/conf.hbs",
        "arch={{arch}} gnu={{arch_gnu}} v={{upto version 2}} <{{word}}>\n",
    );
    space.recipe("vars: {version: 1.2.3, word: \"a & b\"}\nsteps:\n  - write: {path: /conf, template: conf.hbs}\n");
    let image = space.publish();
    assert_eq!(
        image.on(BOTH[0]).text("conf"),
        "arch=amd64 gnu=x86_64 v=1.2 <a & b>\n"
    );
    assert_eq!(
        image.on(BOTH[1]).text("conf"),
        "arch=arm64 gnu=aarch64 v=1.2 <a & b>\n"
    );
}

#[test]
fn appended_text_comes_after_what_is_there() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe(
        "steps:
  - write: {path: /etc/os-release, content: \"X=\\\"$HOME ${X} 'q'\\\"\\n\", append: true}
  - write: {path: /new, content: UNIQUE, append: true}
",
    );
    let image = space.publish();
    for platform in BOTH {
        let text = image.on(platform).text("etc/os-release");
        let expected =
            "PRETTY_NAME=\"kiln lab tiny (busybox)\"\nID=kiln-tiny\nX=\"$HOME ${X} 'q'\"\n";
        assert_eq!(text, expected);
    }
    image.adds(
        1,
        &[
            &["d 0755 0:0 etc", "f 0644 0:0 etc/os-release"],
            &["f 0644 0:0 new"],
        ],
    );
}

#[test]
fn a_link_replaces_what_is_there() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe(
        "steps:
  - run: mkdir -p /d/full && echo UNIQUE > /d/full/f && echo old > /d/file && ln -s nowhere /d/link
  - link: {path: /d/full, target: /new/full}
  - link: {path: /d/file, target: ../new file}
  - link: {path: /d/link, target: elsewhere}
  - link: {path: /made/on/the/way, target: ünï}
",
    );
    let image = space.publish();
    for (platform, built) in image.images() {
        let files = built.files();
        let lines: Vec<String> = files
            .values()
            .filter(|e| e.path.starts_with("d/"))
            .map(super::layers::Entry::line)
            .collect();
        let expected = [
            "l 0777 0:0 d/file -> ../new file",
            "l 0777 0:0 d/full -> /new/full",
            "l 0777 0:0 d/link -> elsewhere",
        ];
        assert_eq!(lines, expected, "{platform}");
        assert_eq!(files["made/on/the/way"].target, "ünï");
        let links = built.layers().nth(2).unwrap();
        assert!(
            links
                .iter()
                .filter(|entry| entry.kind == 'l')
                .all(|entry| entry.time == EPOCH)
        );
    }
}

#[test]
fn folders_are_made_with_their_parents() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe(
        "workdir: /w
steps:
  - mkdir: [a/b, /c/UNIQUE, {path: /d/e/, mode: \"1777\", owner: \"8:9\"}]
  - mkdir: /etc
",
    );
    let unique = format!("d 0755 0:0 c/{}", space.unique);
    space.publish().adds(
        1,
        &[&[
            "d 0755 0:0 c",
            &unique,
            "d 0755 0:0 d",
            "d 1777 8:9 d/e",
            "d 0755 0:0 w",
            "d 0755 0:0 w/a",
            "d 0755 0:0 w/a/b",
        ]],
    );
}

#[test]
fn removed_paths_are_gone_and_missing_ones_are_fine() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe(
        "workdir: /w
steps:
  - run: mkdir -p sub/deep && touch a.log b.log keep sub/deep/c && echo UNIQUE > sub/u
  - remove: [\"*.log\", sub, /never/there, \"/etc/os-*\"]
",
    );
    let image = space.publish();
    for (platform, built) in image.images() {
        let files = built.files();
        let left: Vec<&String> = files.keys().filter(|path| path.starts_with('w')).collect();
        assert_eq!(left, ["w", "w/keep"], "{platform}");
        assert!(!files.contains_key("etc/os-release") && files.contains_key("etc/passwd"));
    }
}

#[test]
fn neighbouring_file_steps_share_a_layer_and_history_has_one_entry_for_each() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe(
        "steps:
  - write: {path: /a, content: a}
  - mkdir: /b
  - run: echo UNIQUE
    name: say the word
  - link: {path: /c, target: a}
",
    );
    let image = space.publish();
    for (platform, built) in image.images() {
        let history = built.config["history"].as_array().unwrap();
        let full = |entry: &&serde_json::Value| entry["empty_layer"] != true;
        assert_eq!(
            history.iter().filter(full).count(),
            built.diff_ids().len(),
            "{platform}"
        );
        let words: Vec<&str> = history[history.len() - 3..]
            .iter()
            .map(|entry| entry["created_by"].as_str().unwrap())
            .collect();
        assert_eq!(words, ["write /a; mkdir /b", "say the word", "link /c → a"]);
        for entry in history {
            assert_eq!(entry["created"], "2025-01-01T00:00:00Z");
        }
        assert_eq!(built.config["created"], "2025-01-01T00:00:00Z");
    }
}
