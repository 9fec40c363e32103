//! What a build tells while it runs.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::workspace::{Workspace, run, start};

/// A step that speaks, in colours, and tries to clear the screen.
const LOUD: &str = "steps:\n  - name: 말하기 UNIQUE\n    run: printf '\\033[31mgröße\\033[2J UNIQUE\\n'; sleep 1\n";

#[test]
fn told_as_json_there_is_nothing_else_and_the_published_digest_is_in_it() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe(LOUD);
    let run = space
        .kiln(&["build", "--push", "--progress=rawjson"])
        .expect(0);
    let lines: Vec<Value> = run
        .stderr
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let kinds: BTreeSet<&str> = lines.iter().filter_map(|l| l["event"].as_str()).collect();
    for kind in [
        "planned",
        "leg-started",
        "step",
        "log",
        "leg-finished",
        "published",
    ] {
        assert!(kinds.contains(kind), "{kind} is missing in {kinds:?}");
    }
    let last = lines.last().unwrap();
    assert_eq!(last["digest"], space.published().digest.as_str());
    let said = format!("\u{1b}[31mgröße\u{1b}[2J {}", space.unique);
    let said = lines.iter().filter(|line| line["line"] == said.as_str());
    let platforms: BTreeSet<&str> = said.filter_map(|line| line["platform"].as_str()).collect();
    assert_eq!(platforms, ["linux/amd64", "linux/arm64"].into());
}

#[test]
fn on_a_terminal_a_tree_is_drawn_that_makes_place_for_the_table() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe(LOUD);
    let program = env!("CARGO_BIN_EXE_kiln");
    let inside = format!("stty cols 100 rows 20 && exec {program} build --push");
    let mut script = Command::new("script");
    script
        .args(["-qec", &inside, "/dev/null"])
        .current_dir(space.root())
        .env_clear()
        .envs([
            ("PATH", &space.lab.path),
            ("BUILDKIT_HOST", &space.lab.builder),
        ])
        .env("TERM", "xterm")
        .stdin(Stdio::null());
    let run = run(script).expect(0);
    let step = format!("말하기 {}", space.unique);
    assert!(run.stdout.contains("emulated"), "{}", run.stdout);
    assert!(run.stdout.contains(&step[..12]), "{}", run.stdout);
    assert!(!run.stdout.contains("\u{1b}[2J"), "{}", run.stdout);
    let mut terminal = vt100::Parser::new(20, 100, 0);
    terminal.process(run.stdout.as_bytes());
    let shown = terminal.screen().contents();
    assert!(shown.contains("published as "), "{shown}");
    assert!(shown.contains("\nIMAGE "), "{shown}");
    assert!(
        !shown.contains('┬') && !shown.contains("2 built"),
        "{shown}"
    );
    assert!(!terminal.screen().hide_cursor());
}

#[test]
fn a_build_goes_on_when_nobody_reads_its_progress() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe(LOUD);
    let mut child = start(space.command(&["build", "--push", "--progress=plain"]));
    drop(child.stderr.take());
    let output = child.wait_with_output().unwrap();
    let words = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{words}");
    assert!(words.contains(space.published().digest.as_str()), "{words}");
}

#[test]
fn a_pipe_that_is_stuck_does_not_hold_up_a_build() {
    let Some(space) = Workspace::new() else {
        return;
    };
    // More than a pipe holds, and less than the builder passes on in a second.
    let line = "길이".repeat(20);
    space.recipe(&format!(
        "steps:\n  - run: for i in $(seq 700); do echo {line}; done; echo UNIQUE\n"
    ));
    let mut child = start(space.command(&["build", "--push", "--progress=plain"]));
    let clock = Instant::now();
    while !space.is_published() {
        assert!(clock.elapsed() < Duration::from_secs(120), "it is stuck");
        std::thread::sleep(Duration::from_millis(200));
    }
    let mut words = String::new();
    let mut pipe = child.stderr.take().unwrap();
    pipe.read_to_string(&mut words).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(words.matches(&format!("│   {line}")).count(), 1400);
}
