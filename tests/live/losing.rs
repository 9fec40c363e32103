//! A builder that dies, drains, falls silent or fills its disk in the middle of a build.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, ChildStderr, Command};
use std::thread::sleep;
use std::time::Duration;

use crate::daemon::{Daemon, Settings};
use crate::disk::SmallDisk;
use crate::workspace::{Run, Workspace, run, start};

/// One step is done and one runs when `asleep` is written; a third is to come.
const SLOW: &str =
    "steps:\n  - run: echo UNIQUE > /첫째\n  - run: echo asleep; sleep 4\n  - run: echo last\n";

fn on(daemon: &Daemon, space: &Workspace, args: &[&str]) -> Command {
    let mut command = space.command(args);
    command.env("BUILDKIT_HOST", daemon.address());
    command
}

/// A build that publishes, while it runs.
struct Building {
    child: Child,
    reader: BufReader<ChildStderr>,
    words: String,
}

impl Building {
    fn begin(daemon: &Daemon, space: &Workspace) -> Self {
        let mut child = start(on(daemon, space, &["build", "--push", "--progress=plain"]));
        let reader = BufReader::new(child.stderr.take().unwrap());
        let words = String::new();
        Self {
            child,
            reader,
            words,
        }
    }

    /// Reads on until a line with a text.
    #[track_caller]
    fn read_to(&mut self, text: &str) {
        loop {
            let begin = self.words.len();
            let size = self.reader.read_line(&mut self.words).unwrap();
            assert_ne!(size, 0, "no `{text}` in:\n{}", self.words);
            if self.words[begin..].contains(text) {
                return;
            }
        }
    }

    fn end(mut self) -> Run {
        self.reader.read_to_string(&mut self.words).unwrap();
        let code = self.child.wait().unwrap().code();
        Run {
            code,
            stdout: String::new(),
            stderr: self.words,
            took: Duration::ZERO,
        }
    }
}

/// A build on a daemon of its own, in the middle of [`SLOW`].
fn asleep(space: &Workspace) -> (Daemon, Building) {
    space.recipe(SLOW);
    let daemon = Daemon::start(&space.lab);
    let mut building = Building::begin(&daemon, space);
    building.read_to("│   asleep");
    (daemon, building)
}

#[test]
fn a_build_survives_the_death_of_its_daemon() {
    let Some(space) = Workspace::new() else {
        return;
    };
    let (mut daemon, mut building) = asleep(&space);
    daemon.restart();
    building.read_to("lost builder `default`");
    let ended = building.end().expect(0);
    let again = ended.stderr.split("lost builder").last().unwrap();
    assert!(again.contains("첫째 (cached)"), "{again}");
    assert!(space.is_published());
    assert_eq!(space.records().len(), 1);
}

#[test]
fn a_daemon_that_drains_finishes_what_runs() {
    let Some(space) = Workspace::new() else {
        return;
    };
    let (mut daemon, building) = asleep(&space);
    daemon.signal("-TERM");
    let ended = building.end().expect(0);
    assert!(!ended.stderr.contains("lost builder"), "{}", ended.stderr);
    daemon.wait();
    assert!(space.is_published());
}

#[test]
fn a_daemon_that_is_killed_at_any_moment_costs_no_build() {
    let Some(space) = Workspace::for_long() else {
        return;
    };
    let mut daemon = Daemon::start(&space.lab);
    let mut lost = 0;
    for round in 0..20 {
        space.recipe(&format!(
            "steps:\n  - write: {{path: /회, content: UNIQUE-{round}}}\n\
             \x20 - run: echo UNIQUE {round}; sleep 1\n  - run: sleep 1\n"
        ));
        let building = Building::begin(&daemon, &space);
        // Anywhere between the first connection and the last push, evenly.
        sleep(Duration::from_millis(200 + 160 * round));
        daemon.kill();
        sleep(Duration::from_millis(37 * round));
        daemon.restart();
        let ended = building.end().expect(0);
        lost += usize::from(ended.stderr.contains("lost"));
    }
    assert_eq!(space.records().len(), 20);
    eprintln!("{lost} of 20 builds noticed");
    assert!(lost > 0, "no build was met");
}

#[test]
fn a_daemon_that_stays_dead_ends_the_build_with_what_to_do() {
    let Some(space) = Workspace::for_long() else {
        return;
    };
    let (mut daemon, building) = asleep(&space);
    daemon.kill();
    building.end().expect(4).says(&[
        "lost builder `default`",
        "next: run it again: finished steps are cached",
    ]);
    assert!(!space.is_published());
}

#[test]
fn a_daemon_that_falls_silent_is_given_up_and_tried_again() {
    let Some(space) = Workspace::for_long() else {
        return;
    };
    let (daemon, mut building) = asleep(&space);
    daemon.signal("-STOP");
    building.read_to("builder `default` was silent for 60 s");
    daemon.signal("-CONT");
    building.end().expect(0);
    assert!(space.is_published());
}

#[test]
fn a_full_disk_of_the_builder_is_said_with_what_frees_it() {
    let Some(space) = Workspace::new() else {
        return;
    };
    let disk = SmallDisk::new(&space, "48m");
    let daemon = Daemon::with(
        &space.lab,
        &Settings {
            store: Some(disk.path()),
            ..Settings::default()
        },
    );
    space.recipe("steps:\n  - run: dd if=/dev/zero of=/voll bs=1M count=100\n");
    let free = "next: free space on the builder with `buildctl prune`";
    run(on(&daemon, &space, &["build"])).expect(3).says(&[
        "No space left on device",
        free,
        "r/recipe.yaml:",
    ]);
}

#[test]
fn a_builder_without_a_platform_is_said_before_anything_is_built() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe("platforms: [linux/amd64, linux/s390x]\nsteps:\n  - run: echo UNIQUE\n");
    let ended = space.kiln(&["build", "--push"]).expect(4).says(&[
        "builder `default` cannot build for `linux/s390x`, only for `linux/amd64`, ",
        "next: register an emulator for s390x on that machine (binfmt), or add a builder that has it",
    ]);
    assert!(!ended.stderr.contains('│'), "nothing is begun");
}
