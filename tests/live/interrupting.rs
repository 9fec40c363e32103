//! What an impatient user does.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::process::ExitStatusExt as _;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use crate::daemon::until;
use crate::workspace::{Workspace, start};

/// Starts a build that publishes, and sends it a signal while a step sleeps.
fn interrupt(space: &Workspace, signal: &str) -> (Option<i32>, Duration, String) {
    space.recipe("steps:\n  - run: echo asleep UNIQUE; sleep 60\n");
    interrupted_at(space, signal, "│   asleep")
}

/// Starts a build that publishes, and sends it a signal at a line; its code, how long it took, and the rest.
pub(crate) fn interrupted_at(
    space: &Workspace,
    signal: &str,
    at: &str,
) -> (Option<i32>, Duration, String) {
    let mut child = start(space.command(&["build", "--push", "--progress=plain"]));
    let mut reader = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains(at) {
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
    until("the step is ended", || !is_running(&space));
}

/// Whether a program of the workspace's steps runs.
fn is_running(space: &Workspace) -> bool {
    let ours =
        |arguments: &String| arguments.contains("echo asleep") && arguments.contains(&space.unique);
    processes().iter().any(ours)
}

#[test]
fn an_interrupt_at_any_moment_ends_the_steps_within_two_seconds_and_moves_no_tag() {
    let Some(space) = Workspace::for_long() else {
        return;
    };
    for round in 0..20 {
        space.recipe(&format!(
            "steps:\n  - write: {{path: /회, content: UNIQUE-{round}}}\n\
             \x20 - run: echo asleep UNIQUE {round}; sleep 60\n"
        ));
        let child = start(space.command(&["build", "--push", "--progress=plain"]));
        thread::sleep(Duration::from_millis(100 + 90 * round));
        let clock = Instant::now();
        let id = child.id().to_string();
        let kill = Command::new("kill").args(["-INT", &id]).status().unwrap();
        assert!(kill.success());
        let ended = child.wait_with_output().unwrap();
        let words = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(130), "round {round}: {words}");
        while is_running(&space) {
            let took = clock.elapsed();
            assert!(took < Duration::from_secs(2), "round {round}: {took:?}");
        }
        assert!(clock.elapsed() < Duration::from_secs(2), "round {round}");
        assert!(!space.is_published());
    }
}

/// A way to the lab's registry on which the answer to a pushed tag never comes.
fn silent_at_tags(registry: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let registry = registry.to_owned();
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let server = TcpStream::connect(&registry).unwrap();
            let (mut answers, mut back) =
                (server.try_clone().unwrap(), client.try_clone().unwrap());
            thread::spawn(move || std::io::copy(&mut answers, &mut back));
            thread::spawn(move || pass(client, server));
        }
    });
    address
}

/// Passes requests on up to the one that pushes the tag `it`.
fn pass(mut client: TcpStream, mut server: TcpStream) -> std::io::Result<()> {
    let mut buffer = vec![0; 64 << 10];
    loop {
        let size = client.read(&mut buffer)?;
        let bytes = &buffer[..size];
        let text = String::from_utf8_lossy(bytes);
        if size == 0 || text.contains("PUT ") && text.contains("/manifests/it ") {
            thread::sleep(Duration::from_secs(60));
            return Ok(());
        }
        server.write_all(bytes)?;
    }
}

#[test]
fn a_second_interrupt_does_not_wait_for_a_tag_that_is_being_moved() {
    let Some(space) = Workspace::new() else {
        return;
    };
    let registry = silent_at_tags(&space.lab.registry);
    space.kiln_yaml(&registry, "");
    space.recipe("steps:\n  - run: echo before UNIQUE\n");
    let mut child = start(space.command(&["build", "--push", "--progress=plain"]));
    let mut reader = BufReader::new(child.stderr.take().unwrap());
    let mut words = String::new();
    while words.matches(" built in ").count() < 2 {
        assert_ne!(reader.read_line(&mut words).unwrap(), 0, "{words}");
    }
    // The index is pushed, and the tag is on its way.
    thread::sleep(Duration::from_millis(700));
    let id = child.id().to_string();
    let interrupt = || Command::new("kill").args(["-INT", &id]).status().unwrap();
    assert!(interrupt().success());
    while !words.contains("interrupted: ") {
        assert_ne!(reader.read_line(&mut words).unwrap(), 0, "{words}");
    }
    assert!(child.try_wait().unwrap().is_none(), "the tag is waited for");
    assert!(interrupt().success());
    reader.read_to_string(&mut words).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{words}");
    assert!(words.contains("interrupted again"), "{words}");
    assert!(!space.is_published());
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
