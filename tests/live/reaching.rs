//! Builders behind a program. Stand-ins of docker, podman, nerdctl, kubectl and ssh write down how they are called and
//! lead to the lab's builder, by the real `buildctl dial-stdio`.

use std::os::unix::fs::PermissionsExt as _;

use crate::daemon::until;
use crate::lab::BOTH;
use crate::workspace::{Run, Workspace, run};

/// Puts a program into the workspace.
fn program(space: &Workspace, name: &str, script: &str) {
    let path = format!("bin/{name}");
    space.file(&path, &format!("#!/bin/sh\n{script}\n"));
    let mode = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(space.path(&path), mode).unwrap();
}

/// A program that leads to the lab's builder.
fn leader(space: &Workspace, name: &str) {
    let (builder, folder) = (&space.lab.builder, space.lab.folder.display());
    let log = space.path("calls").display().to_string();
    let script = format!(
        "echo \"{name} $*\" >> '{log}'\necho $$ >> '{log}.pids'\necho 'Hinweis: größer' >&2\n\
         exec '{folder}/bin/buildctl' --addr '{builder}' dial-stdio"
    );
    program(space, name, &script);
}

fn at(space: &Workspace, address: &str, args: &[&str]) -> Run {
    let mut command = space.command(args);
    let path = format!("{}:{}", space.path("bin").display(), space.lab.path);
    command.env("PATH", path).env("BUILDKIT_HOST", address);
    run(command)
}

#[test]
fn images_are_built_and_published_through_each_program() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.file("r/groß.txt", &"größe\n".repeat(100_000));
    let rows = [
        (
            "docker-container://bk?context=ferne",
            "docker --context=ferne exec -i bk buildctl dial-stdio",
        ),
        (
            "podman-container://bk",
            "podman exec -i bk buildctl dial-stdio",
        ),
        (
            "nerdctl-container://bk?namespace=k8s.io",
            "nerdctl --namespace=k8s.io exec -i bk buildctl dial-stdio",
        ),
        (
            "kube-pod://bk-0?namespace=build",
            "kubectl --namespace=build exec -i bk-0 -- buildctl dial-stdio",
        ),
        (
            "ssh://kim@build.example:2222/run/bk.sock",
            "ssh -o BatchMode=yes -l kim -p 2222 -- build.example buildctl --addr unix:///run/bk.sock dial-stdio",
        ),
    ];
    for (number, (address, called)) in rows.into_iter().enumerate() {
        let name = called.split(' ').next().unwrap();
        leader(&space, name);
        space.recipe(&format!(
            "steps:\n  - copy: {{src: groß.txt, to: /groß.txt}}\n  - run: echo UNIQUE {number}; wc -l < /groß.txt\n"
        ));
        let built = at(&space, address, &["build", "--push"]).expect(0);
        for platform in BOTH {
            let lines = built.logged(platform);
            assert!(lines.contains(&"100000"), "{lines:?}");
        }
        // What the program says beside is nobody's business while all is well.
        assert!(!built.stderr.contains("Hinweis"), "{}", built.stderr);
        let calls = std::fs::read_to_string(space.path("calls")).unwrap();
        assert!(calls.lines().all(|line| line == called), "{calls}");
        assert!(!calls.is_empty());
        std::fs::remove_file(space.path("calls")).unwrap();
        assert_eq!(space.published().images().count(), 2);
    }
    // They end with the build.
    let pids = std::fs::read_to_string(space.path("calls.pids")).unwrap();
    assert!(pids.lines().count() >= 5, "{pids}");
    for pid in pids.lines() {
        until("the program ends", || {
            let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            !String::from_utf8_lossy(&line).contains("dial-stdio")
        });
    }
}

#[test]
fn a_program_that_fails_is_shown_with_its_command_and_its_last_words() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe("");
    program(
        &space,
        "docker",
        "echo Warnung >&2; echo 'Error: No such container: größe' >&2; exit 1",
    );
    at(&space, "docker-container://bk", &["build"]).expect(4).says(&[
        "error: cannot reach builder `default` at `docker-container://bk`: `docker exec -i bk buildctl dial-stdio` \
         ended with exit code 1: Warnung; Error: No such container: größe\n",
        "  next: run this command by hand; check that the container runs and has buildctl",
    ]);
    program(&space, "kubectl", "kill -9 $$");
    at(&space, "kube-pod://bk-0", &["build"])
        .expect(4)
        .says(&["`kubectl exec -i bk-0 -- buildctl dial-stdio` was killed: it said nothing"]);
    let mut command = space.command(&["build"]);
    command
        .env("PATH", space.path("leer"))
        .env("BUILDKIT_HOST", "podman-container://bk");
    run(command).expect(4).says(&[
        "`podman` cannot be started: No such file or directory",
        "  next: install `podman`, or put its folder into PATH",
    ]);
}

#[test]
fn doctor_sees_through_a_program_as_well() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe("");
    leader(&space, "ssh");
    let ran = at(&space, "ssh://build.example", &["doctor"]).expect(0);
    assert!(
        ran.stdout
            .contains("ok    builder    default: answers at `ssh://build.example`: BuildKit v"),
        "{}",
        ran.stdout
    );
}
