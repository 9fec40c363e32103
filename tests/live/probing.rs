//! Whether foreign programs run inside of native ops: what a real builder does when it is tried, what is remembered
//! of it, and what is told of it.

use std::path::Path;

use kiln::buildkit::{Builder, Daemon as Session, SessionContent};
use kiln::oci::Platform;
use kiln::ops::probe::{Lack, Runs, Tried, probe};
use serde_json::Value;

use crate::daemon::{Daemon, Settings};
use crate::workspace::{Workspace, run};

const AMD64: Platform = Platform::LINUX_AMD64;
const ARM64: Platform = Platform::LINUX_ARM64;

/// Tries a platform on the amd64 builder at an address.
fn tried(address: &str, platform: Platform) -> Tried {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let session = session(address).await;
        probe(&session, AMD64, platform).await.unwrap()
    })
}

async fn session(address: &str) -> Session {
    let address = address.parse().unwrap();
    let builder = Builder::connect("굽는이", &address, None).await.unwrap();
    builder.open(SessionContent::default()).await.unwrap()
}

/// A platform for which this machine's kernel has no emulator.
fn unregistered() -> Platform {
    let registered = |name: &&str| {
        let entry = format!("/proc/sys/fs/binfmt_misc/qemu-{name}");
        !Path::new(&entry).exists()
    };
    let mut known = ["riscv64", "s390x", "ppc64le"]
        .into_iter()
        .filter(registered);
    let name = known.next().expect("nobody has emulators for all of them");
    format!("linux/{name}").parse().unwrap()
}

#[test]
fn on_the_labs_builder_arm64_programs_run_inside_of_amd64_ops() {
    let Some(space) = Workspace::new() else {
        return;
    };
    let found = tried(&space.lab.builder, ARM64);
    assert_eq!((found.runs, found.lack), (Runs::Inside, None));
    // The program of the machine's own platform is one, too.
    assert_eq!(tried(&space.lab.builder, AMD64).runs, Runs::Inside);
}

#[test]
fn a_platform_without_an_emulator_is_told_as_such_and_not_as_a_fault_of_the_builder() {
    let Some(space) = Workspace::new() else {
        return;
    };
    let found = tried(&space.lab.builder, unregistered());
    assert_eq!(
        (found.runs, found.lack),
        (Runs::Nowhere, Some(Lack::Emulator))
    );
}

#[test]
fn an_emulator_that_only_the_daemon_has_is_none_that_native_tools_can_use() {
    let Some(space) = Workspace::new() else {
        return;
    };
    let platform = unregistered();
    let name = platform.architecture();
    let programs = tempfile::tempdir().unwrap();
    let own = programs.path().join(format!("buildkit-qemu-{name}"));
    let emulator = format!("/usr/bin/qemu-{name}-static");
    if !Path::new(&emulator).exists() {
        eprintln!("skipped: there is no {emulator}");
        return;
    }
    std::os::unix::fs::symlink(emulator, own).unwrap();
    let settings = Settings {
        programs: Some(programs.path()),
        ..Settings::default()
    };
    let daemon = Daemon::with(&space.lab, &settings);
    let found = tried(&daemon.address(), platform);
    assert_eq!(
        (found.runs, found.lack),
        (Runs::Apart, Some(Lack::Emulator)),
        "{}",
        daemon.log()
    );
}

#[test]
fn a_build_remembers_what_it_tried_and_plan_and_record_say_how_each_step_runs() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe("steps:\n  - run: echo größe UNIQUE\n  - mkdir: /x\n");
    let before = space.kiln(&["plan", "--steps"]).expect(0);
    assert!(
        before.stdout.contains("unknown builder"),
        "{}",
        before.stdout
    );
    let ran = space
        .kiln(&["build", "--push", "--format", "json"])
        .expect(0);
    let text = std::fs::read_to_string(space.path(".kiln/builders.json")).unwrap();
    let memory: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(memory["builders"][0]["native"], "linux/amd64");
    let tried = &memory["builders"][0]["foreign"]["linux/arm64"];
    assert_eq!(tried["runs"], "inside");
    let record = std::fs::read_to_string(space.path(".kiln/records.jsonl")).unwrap();
    let record: Value = serde_json::from_str(record.trim()).unwrap();
    let document = space.kiln(&["plan", "--format", "json"]).expect(0).json();
    let report = ran.json();
    for (platform, mode) in [("linux/amd64", "native"), ("linux/arm64", "emulated")] {
        let of = &document["images"][0]["platforms"][platform];
        assert_eq!(of["builder"]["source"], "remembered");
        assert_eq!(of["modes"][0]["mode"], mode);
        for said in [&record, &report["images"][0]] {
            let of = &said["platforms"][platform];
            assert_eq!(of["emulated"], mode == "emulated");
            assert_eq!(of["steps"].as_array().unwrap().len(), 1);
            assert_eq!(of["steps"][0]["mode"], mode);
        }
    }
    // What is remembered is not tried again.
    space.kiln(&["build"]).expect(0);
    let text = std::fs::read_to_string(space.path(".kiln/builders.json")).unwrap();
    let again: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(again, memory);
}

#[test]
fn doctor_says_that_typed_steps_get_native_tools_and_why_not_without_an_emulator() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe("steps:\n  - run: echo UNIQUE\n");
    let line = "ok    builder    default: linux/arm64: native tools for typed steps\n";
    space.kiln(&["doctor"]).expect(0).stdout_has(line);
    // A daemon that lists a platform by its settings alone has nothing to run it with.
    let platform = unregistered();
    let line = format!("warn  builder    default: {platform}: no program of it runs");
    let daemon = Daemon::with(
        &space.lab,
        &Settings {
            platforms: &["linux/amd64", &platform.to_string()],
            ..Settings::default()
        },
    );
    space.recipe(&format!(
        "platforms: [linux/amd64, {platform}]\nsteps: [{{mkdir: /x}}]\n"
    ));
    let mut command = space.command(&["doctor"]);
    command.env("BUILDKIT_HOST", daemon.address());
    let ran = run(command).expect(0).stdout_has(&line);
    let next = "register an emulator with the F flag, on the builder's machine: ";
    assert!(ran.stdout.contains(next), "{}", ran.stdout);
}
