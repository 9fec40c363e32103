//! Signals that come while recipes are read.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::common::Workbench;

/// What stands in for git: it says that it has begun, and waits to be told to end.
const GIT: &str = "#!/bin/sh\necho begun > \"$HOME/begun\"\nread word < \"$HOME/gate\"\n";

/// Long enough for any machine; only a run that does not heed the signal takes it.
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs a verb, sends it a signal while it reads the workspace, and gives its exit code and words.
fn ended_by(signal: &str, arguments: &[&str]) -> (Option<i32>, String) {
    let bench = Workbench::with_recipe(
        "kiln: 1\nname: r\nbase: debian:12\ntags: [x]\nlabels: {이름: \"${{ git_commit }}\"}\n",
    );
    bench.write("bin/git", GIT);
    let git = bench.path().join("bin/git");
    std::fs::set_permissions(&git, std::fs::Permissions::from_mode(0o755)).unwrap();
    for pipe in ["begun", "gate"] {
        let made = Command::new("mkfifo").arg(bench.path().join(pipe)).status();
        assert!(made.unwrap().success());
    }
    let path = format!("{}:/usr/bin:/bin", bench.path().join("bin").display());
    let mut child = Command::new(env!("CARGO_BIN_EXE_kiln"))
        .args(arguments)
        .current_dir(bench.path())
        .env_clear()
        .env("PATH", path)
        .env("HOME", bench.path())
        .env("NO_COLOR", "1")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut begun = String::new();
    let mut pipe = File::open(bench.path().join("begun")).unwrap();
    pipe.read_to_string(&mut begun).unwrap();
    assert_eq!(begun, "begun\n");
    let id = child.id().to_string();
    let sent = Command::new("kill").args([signal, &id]).status().unwrap();
    assert!(sent.success());
    let clock = Instant::now();
    let mut ended = child.try_wait().unwrap();
    while ended.is_none() && clock.elapsed() < PATIENCE {
        std::thread::sleep(Duration::from_millis(10));
        ended = child.try_wait().unwrap();
    }
    // What is still there waits for this.
    let mut gate = OpenOptions::new()
        .write(true)
        .open(bench.path().join("gate"))
        .unwrap();
    gate.write_all(b"go\n").unwrap();
    drop(gate);
    let heeded = ended.is_some();
    let ended = child.wait_with_output().unwrap();
    let words = String::from_utf8(ended.stderr).unwrap();
    assert!(heeded, "{arguments:?} did not heed {signal}: {words}");
    (ended.status.code(), words)
}

#[test]
fn a_verb_that_reads_recipes_ends_when_it_is_told_to() {
    for arguments in [&["plan"][..], &["show"], &["build"], &["doctor"]] {
        let (code, words) = ended_by("-TERM", arguments);
        assert_eq!(code, Some(143), "{arguments:?}: {words}");
        assert!(words.contains("interrupted"), "{arguments:?}: {words}");
    }
    let (code, words) = ended_by("-INT", &["plan"]);
    assert_eq!(code, Some(130), "{words}");
}
