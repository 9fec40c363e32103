//! The same input gives the same image.

use crate::lab::BOTH;
use crate::workspace::{Workspace, run};

const FILES_ONLY: &str = "workdir: /w
stages:
  made: {base: docker.io/kiln-test/tiny:1, steps: [{write: {path: /m, content: UNIQUE}}]}
steps:
  - copy: {src: app, to: .}
  - copy: {from: made, src: /m, to: /m}
  - write: {path: x, content: \"한글 UNIQUE\", mode: \"0600\"}
  - link: {path: l, target: x}
  - mkdir: [a/b/c, {path: d, mode: \"0700\"}]
  - remove: /etc/os-release
";

#[test]
fn with_a_time_asked_for_an_image_of_files_is_the_same_without_the_cache() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.file("r/app/sub/a", "a UNIQUE");
    space.file("r/app/b", "b");
    space.recipe(FILES_ONLY);
    let publish = |more: &[&str]| {
        let mut command = space.command(&[&["build", "--push"], more].concat());
        command.env("SOURCE_DATE_EPOCH", "1750000000");
        (run(command).expect(0), space.published())
    };
    let (_, first) = publish(&[]);
    std::thread::sleep(std::time::Duration::from_millis(1100));
    space.file("r/app/b", "b");
    let (again, second) = publish(&["--no-cache"]);
    assert!(again.stderr.contains("│ ✓ workdir /w"), "{}", again.stderr);
    for platform in BOTH {
        let (first, second) = (first.on(platform), second.on(platform));
        assert_eq!(second.diff_ids(), first.diff_ids());
        assert_eq!(second.config, first.config);
        assert_eq!(second.digest, first.digest);
        for entry in second.layers().skip(1).flatten() {
            assert!(entry.time <= 1_750_000_000, "{}", entry.line());
        }
        // The base's layer is the base's own.
        let base = format!("{}/kiln-test/tiny:1", space.lab.registry);
        let base = space.lab.text_of(
            "crane",
            ["manifest", &format!("--platform={platform}"), &base],
        );
        assert!(base.contains(&second.layer_digests()[0]));
    }
    assert_eq!(second.digest, first.digest);
}

#[test]
fn with_a_time_asked_for_steps_that_write_the_same_are_the_same_without_the_cache() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe("steps:\n  - run: mkdir -p /a/b && echo UNIQUE > /a/b/c && touch /etc/x\n");
    let publish = |more: &[&str]| {
        let mut command = space.command(&[&["build", "--push"], more].concat());
        command.env("SOURCE_DATE_EPOCH", "1750000000");
        run(command).expect(0);
        space.published().digest
    };
    let first = publish(&[]);
    std::thread::sleep(std::time::Duration::from_millis(1100));
    assert_eq!(publish(&["--no-cache"]), first);
}

#[test]
fn without_the_cache_steps_run_again() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe("steps:\n  - run: cat /proc/sys/kernel/random/uuid > /now; echo UNIQUE\n");
    let first = space.publish();
    assert_eq!(space.publish().digest, first.digest);
    space.kiln(&["build", "--push", "--no-cache"]).expect(0);
    let second = space.published();
    for platform in BOTH {
        assert_ne!(
            second.on(platform).text("now"),
            first.on(platform).text("now")
        );
        assert_eq!(
            second.on(platform).config["created"],
            first.on(platform).config["created"]
        );
    }
}

#[test]
fn times_are_the_bases_or_those_that_are_asked_for() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe("steps:\n  - write: {path: /x, content: UNIQUE}\n");
    let image = space.publish();
    assert_eq!(image.on(BOTH[1]).config["created"], "2025-01-01T00:00:00Z");
    let mut command = space.command(&["build", "--push"]);
    command.env("SOURCE_DATE_EPOCH", "1750000000");
    run(command).expect(0);
    let image = space.published();
    for platform in BOTH {
        let built = image.on(platform);
        assert_eq!(built.config["created"], "2025-06-15T15:06:40Z");
        let history = built.config["history"].as_array().unwrap();
        assert_eq!(history[0]["created"], "2025-01-01T00:00:00Z");
        assert_eq!(history.last().unwrap()["created"], "2025-06-15T15:06:40Z");
        assert_eq!(built.files()["x"].time, 1_750_000_000);
    }
    let mut command = space.command(&["build"]);
    command.env("SOURCE_DATE_EPOCH", "gestern");
    run(command)
        .expect(2)
        .says(&["SOURCE_DATE_EPOCH is `gestern`"]);
}

#[test]
fn an_image_from_nothing_is_from_1970() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe("base: scratch\nsteps:\n  - write: {path: /x/y, content: UNIQUE}\n");
    let image = space.publish();
    for (platform, built) in image.images() {
        assert_eq!(
            built.config["created"], "1970-01-01T00:00:00Z",
            "{platform}"
        );
        for entry in built.layers().flatten().filter(|entry| entry.kind != 'd') {
            assert_eq!(entry.time, 0, "{}", entry.line());
        }
    }
}
