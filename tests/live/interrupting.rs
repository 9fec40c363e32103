//! What an impatient user does.

use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::process::ExitStatusExt as _;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::workspace::{Workspace, start};

/// Starts a build that publishes, and sends it a signal while a step sleeps.
fn interrupt(space: &Workspace, signal: &str) -> (Option<i32>, Duration, String) {
    space.recipe("steps:\n  - run: echo asleep UNIQUE; sleep 60\n");
    let mut child = start(space.command(&["build", "--push", "--progress=plain"]));
    let mut reader = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("│   asleep") {
        line.clear();
        assert_ne!(
            reader.read_line(&mut line).unwrap(),
            0,
            "the step did not begin"
        );
    }
    let clock = Instant::now();
    let kill = Command::new("kill")
        .args([signal, &child.id().to_string()])
        .status()
        .unwrap();
    assert!(kill.success());
    let status = child.wait().unwrap();
    let took = clock.elapsed();
    assert_eq!(status.signal(), None, "it ends by itself");
    let mut rest = String::new();
    reader.read_to_string(&mut rest).unwrap();
    (status.code(), took, rest)
}

#[test]
fn an_interrupted_build_ends_at_once_and_leaves_the_tag_alone() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe("steps:\n  - run: echo before UNIQUE\n");
    let before = space.publish();
    let (code, took, words) = interrupt(&space, "-INT");
    assert_eq!(code, Some(130), "{words}");
    assert!(took < Duration::from_secs(2), "{took:?}");
    assert!(words.contains("interrupted"), "{words}");
    assert_eq!(space.published().digest, before.digest);
    assert_eq!(space.records().len(), 1);
}

#[test]
fn a_terminated_build_ends_its_steps_too() {
    let Some(space) = Workspace::new() else {
        return;
    };
    let (code, took, words) = interrupt(&space, "-TERM");
    assert_eq!(code, Some(143), "{words}");
    assert!(took < Duration::from_secs(2), "{took:?}");
    assert!(!space.is_published());
    // The daemon has ended the step's programs, on both platforms.
    let clock = Instant::now();
    let running = || {
        let word = format!("echo asleep {}", space.unique);
        processes()
            .iter()
            .any(|arguments| arguments.contains(&word))
    };
    while running() {
        assert!(
            clock.elapsed() < Duration::from_secs(15),
            "the step runs on"
        );
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// The arguments of every process of this machine, where the lab's daemon runs.
fn processes() -> Vec<String> {
    let folders = std::fs::read_dir("/proc").unwrap().flatten();
    folders
        .filter_map(|folder| std::fs::read(folder.path().join("cmdline")).ok())
        .map(|arguments| String::from_utf8_lossy(&arguments).replace('\0', " "))
        .collect()
}

#[test]
fn a_closed_pipe_for_the_result_is_no_error() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe("steps:\n  - write: {path: /a, content: UNIQUE}\n");
    let mut child = start(space.command(&["build", "--push"]));
    drop(child.stdout.take());
    let mut words = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut words)
        .unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0), "{words}");
    assert!(space.is_published());
}
