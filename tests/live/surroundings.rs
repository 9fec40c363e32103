//! Runs in poor surroundings: no home, no output, few file descriptors, no space, no company's manners.

use std::path::PathBuf;
use std::process::Command;
use std::thread;

use crate::daemon::{Daemon, Settings};
use crate::disk::SmallDisk;
use crate::lab::unique;
use crate::workspace::{Workspace, run};

const WRITE: &str = "steps:\n  - write: {path: /größe, content: UNIQUE}\n";

/// The program behind a shell that spoils something first.
fn spoiled(space: &Workspace, shell: &str, args: &[&str]) -> Command {
    let plain = space.command(args);
    let mut command = Command::new("/bin/sh");
    command
        .args(["-c", &format!("{shell}; exec \"$0\" \"$@\"")])
        .arg(plain.get_program())
        .args(plain.get_args())
        .current_dir(space.root())
        .env_clear();
    for (name, value) in plain.get_envs() {
        if let Some(value) = value {
            command.env(name, value);
        }
    }
    command
}

#[test]
fn without_a_home_or_with_one_that_cannot_be_written_builds_go_on() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe(WRITE);
    let mut homeless = space.command(&["build", "--push"]);
    homeless.env_remove("HOME");
    run(homeless).expect(0);

    let disk = SmallDisk::new(&space, "64k");
    disk.read_only();
    let mut locked = space.command(&["build", "--push", "--force"]);
    locked.env("HOME", disk.path());
    run(locked).expect(0);
    assert_eq!(space.records().len(), 2);
}

#[test]
fn with_all_output_closed_an_image_is_published_all_the_same() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe(WRITE);
    let closed = "exec <&- >&- 2>&-";
    run(spoiled(&space, closed, &["build", "--push"])).expect(0);
    assert!(space.is_published());
    run(spoiled(&space, "exec >/dev/full", &["plan"])).expect(0);
}

#[test]
fn twelve_legs_are_built_with_thirty_two_file_descriptors() {
    let Some(space) = Workspace::new() else {
        return;
    };
    for number in 0..6 {
        space.file(
            &format!("r{number}/recipe.yaml"),
            &format!(
                "kiln: 1\nname: i{number}\nrepository: live/UNIQUE-{number}\ntags: [it]\n\
                 base: docker.io/kiln-test/tiny:1\nsteps:\n\
                 \x20 - copy: {{src: recipe.yaml, to: /größe}}\n"
            ),
        );
    }
    run(spoiled(&space, "ulimit -n 32", &["build", "--push"])).expect(0);
    assert_eq!(space.records().len(), 6);
}

#[test]
fn with_too_few_file_descriptors_the_reason_is_said() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe(WRITE);
    let ended = run(spoiled(&space, "ulimit -n 10", &["build", "--push"]));
    assert_ne!(ended.code, Some(0), "{}", ended.stderr);
    assert!(!ended.stderr.contains("panicked"), "{}", ended.stderr);
    ended.says(&["open files", "next: "]);
}

#[test]
fn a_full_disk_of_the_client_loses_no_record() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe(WRITE);
    let disk = SmallDisk::new(&space, "8k");
    std::fs::write(disk.path().join("voll"), vec![0; 8192]).unwrap();
    let ledger = disk.path().join("records.jsonl");
    let ended = space
        .kiln(&["build", "--push", "--record", ledger.to_str().unwrap()])
        .expect(2)
        .says(&[
            "the image is published, and its record is lost",
            "No space left on device",
            "append this line to it: {\"version\":",
        ]);
    let digest = space.published().digest;
    assert!(ended.stderr.contains(&digest), "{}", ended.stderr);
}

#[test]
fn two_runs_in_one_workspace_do_not_mix_their_records() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe(WRITE);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| space.kiln(&["build", "--push"]).expect(0));
        }
    });
    let records = space.records();
    assert_eq!(records.len(), 4);
    let digest = space.published().digest;
    assert!(records.iter().all(|it| it["index"]["digest"] == *digest));
}

#[test]
fn a_crash_in_a_step_is_explained() {
    let Some(space) = Workspace::new() else {
        return;
    };
    let rows = [
        (
            "SEGV",
            "139 (crashed: the program",
            "139 (crashed under emulation: often",
        ),
        (
            "ILL",
            "132 (illegal instruction: this machine",
            "132 (illegal instruction under emulation: the emulator",
        ),
    ];
    for (signal, native, emulated) in rows {
        space.recipe(&format!(
            "steps:\n  - run: echo UNIQUE; sh -c 'kill -{signal} $$'; exit $?\n"
        ));
        let line = format!("` ended with exit code {emulated}");
        space.kiln(&["build"]).expect(3).says(&[
            "on linux/amd64: `run echo",
            &format!("` ended with exit code {native}"),
            "on linux/arm64: `run echo",
            &line,
            "r/recipe.yaml:7:5",
        ]);
    }
}

/// A control group with a limit on memory.
struct Cgroup {
    name: String,
    folder: PathBuf,
}

impl Cgroup {
    /// With 64 MiB; nothing where this machine has no controller of memory.
    fn new() -> Option<Self> {
        let name = format!("kiln-{}", unique());
        let versions = [
            ("/sys/fs/cgroup/memory", "memory.limit_in_bytes"),
            ("/sys/fs/cgroup", "memory.max"),
        ];
        for (parent, limit) in versions {
            let folder = PathBuf::from(parent).join(&name);
            if std::fs::create_dir(&folder).is_err() {
                continue;
            }
            let group = Self {
                name: name.clone(),
                folder,
            };
            if std::fs::write(group.folder.join(limit), "67108864").is_ok() {
                return Some(group);
            }
        }
        None
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        // The steps' own groups stand below it, in every hierarchy.
        for hierarchy in std::fs::read_dir("/sys/fs/cgroup")
            .into_iter()
            .flatten()
            .flatten()
        {
            let folder = hierarchy.path().join(&self.name);
            for below in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
                let _ = std::fs::remove_dir(below.path());
            }
            let _ = std::fs::remove_dir(folder);
        }
        let _ = std::fs::remove_dir(&self.folder);
    }
}

#[test]
fn a_step_that_runs_out_of_memory_is_explained() {
    let Some(space) = Workspace::new() else {
        return;
    };
    let Some(group) = Cgroup::new() else {
        eprintln!("skipped: no control group with a limit on memory can be made here");
        return;
    };
    let settings = Settings {
        cgroup: Some(&group.name),
        ..Settings::default()
    };
    let daemon = Daemon::with(&space.lab, &settings);
    space.recipe("platforms: [linux/amd64]\nsteps:\n  - run: echo UNIQUE; exec tail /dev/zero\n");
    let mut command = space.command(&["build"]);
    command.env("BUILDKIT_HOST", daemon.address());
    run(command)
        .expect(3)
        .says(&["exit code 137 (killed: most likely out of memory)"]);
}
