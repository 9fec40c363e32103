//! What steps find mounted: files, stages, images, downloads, checkouts, memory.

use std::collections::BTreeMap;
use std::process::Command;

use crate::lab::BOTH;
use crate::web::Web;
use crate::workspace::Workspace;

#[test]
fn files_of_the_workspace_are_read_only() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.file("r/d/x y.txt", "von UNIQUE\n");
    space.file("r/d/sub/b", "b\n");
    space.recipe(
        "steps:
  - run: |
      cat '/m/x y.txt' /m/sub/b /one
      if touch /m/new 2>/dev/null; then exit 1; fi
      if (echo x >> /one) 2>/dev/null; then exit 1; fi
    mounts: [{path: /m, src: d}, {path: /one, src: d/sub/b}]
",
    );
    let run = space.kiln(&["build", "--push"]).expect(0);
    let unique = &space.unique;
    for platform in BOTH {
        assert_eq!(
            run.logged(platform)[..3],
            [format!("von {unique}"), "b".into(), "b".into()]
        );
    }
    space.published().adds(1, &[&[]]);
}

#[test]
fn what_is_written_to_a_writable_mount_is_thrown_away() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.file("r/d/a", "UNIQUE\n");
    space.recipe(
        "steps:
  - run: echo more >> /m/a; echo new > /m/new; cp /m/a /kept
    mounts: [{path: /m, src: d, rw: true}]
  - run: test ! -e /m/new && cat /m/a
    mounts: [{path: /m, src: d}]
",
    );
    let run = space.kiln(&["build", "--push"]).expect(0);
    assert_eq!(run.logged(BOTH[0]), [space.unique.as_str()]);
    space.published().adds(1, &[&["f 0644 0:0 kept"], &[]]);
    assert_eq!(
        space.published().on(BOTH[1]).text("kept"),
        format!("{}\nmore\n", space.unique)
    );
}

#[test]
fn a_mount_may_be_memory_or_part_of_a_stage_or_an_image() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe(
        "stages:
  made: {base: docker.io/kiln-test/tiny:1, steps: [{run: \"mkdir /o; uname -m > /o/m; echo UNIQUE > /o/u\"}]}
steps:
  - run: |
      cat /s/m /s/u
      head -n 1 /i/os-release
      mount | grep ' /t ' | cut -d' ' -f5
      touch /t/x
    mounts:
      - {path: /s, src: /o, from: made}
      - {path: /i, src: /etc, from: {image: docker.io/kiln-test/tiny:1}}
      - {path: /t, tmpfs: true}
",
    );
    let run = space.kiln(&["build", "--push"]).expect(0);
    for (platform, machine) in [(BOTH[0], "x86_64"), (BOTH[1], "aarch64")] {
        let lines = run.logged(platform);
        assert_eq!(
            lines,
            [
                machine,
                &space.unique,
                "PRETTY_NAME=\"kiln lab tiny (busybox)\"",
                "tmpfs"
            ]
        );
    }
    space.published().adds(1, &[&[]]);
}

#[test]
fn a_download_can_be_mounted_as_it_is_or_unpacked() {
    let Some(space) = Workspace::new() else {
        return;
    };
    let archive = archive(&[("p-1.0/bin/tool", "tool"), ("p-1.0/doc", "doc")]);
    let text = format!("Läufer {}", space.unique);
    let web = Web::new(BTreeMap::from([
        ("/f/a.txt", text.clone().into_bytes()),
        ("/p.tar.gz", archive),
    ]));
    space.recipe(&format!(
        "steps:
  - run: cat /a.txt; echo; find /p | sort; echo UNIQUE
    mounts:
      - {{path: /a.txt, fetch: {{url: \"{}\"}}}}
      - {{path: /p, fetch: {{url: \"{}\", extract: {{strip: 1}}}}}}
",
        web.url("/f/a.txt"),
        web.url("/p.tar.gz"),
    ));
    let run = space.kiln(&["build", "--push"]).expect(0);
    for platform in BOTH {
        let expected = [
            &text,
            "/p",
            "/p/bin",
            "/p/bin/tool",
            "/p/doc",
            &space.unique,
        ];
        assert_eq!(run.logged(platform), expected);
    }
    space.published().adds(1, &[&[]]);
}

fn archive(files: &[(&str, &str)]) -> Vec<u8> {
    crate::layers::archive(
        files
            .iter()
            .map(|(path, text)| (*path, 0o644, text.as_bytes())),
    )
}

#[test]
fn a_checkout_can_be_mounted() {
    let Some(space) = Workspace::new() else {
        return;
    };
    let git = |args: &[&str]| {
        let mut command = Command::new("git");
        command.args(["-c", "user.name=É", "-c", "user.email=e@example.org", "-C"]);
        let output = command
            .arg(space.root().join("git"))
            .args(args)
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
    };
    space.file("git/src/a.c", "int a; /* UNIQUE */\n");
    git(&["init", "-q", "-b", "main", "."]);
    git(&["add", "."]);
    git(&["commit", "-q", "-m", "first"]);
    git(&["tag", "v1"]);
    space.file("git/src/a.c", "changed\n");
    git(&["commit", "-q", "-a", "-m", "second"]);
    let web = Web::git(space.root().to_path_buf());
    space.recipe(&format!(
        "steps:
  - run: cat src/a.c; ls -A; touch src/new
    workdir: /src
    mounts: [{{path: /src, rw: true, git: {{url: \"{}\", ref: v1}}}}]
",
        web.url("/git/.git"),
    ));
    let run = space.kiln(&["build", "--push"]).expect(0);
    for platform in BOTH {
        // git's own words come first.
        let lines = run.logged(platform);
        let expected = [format!("int a; /* {} */", space.unique), "src".into()];
        assert_eq!(lines[lines.len() - 2..], expected);
    }
    space.published().adds(1, &[&[]]);
}

#[test]
fn a_secret_that_nobody_gives_is_refused_before_anything_is_built() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe(
        "steps:\n  - run: cat /run/secrets/token; echo UNIQUE\n    secrets: [{id: token}]\n",
    );
    let run = space
        .kiln(&["build", "--push"])
        .expect(2)
        .says(&["`token`"]);
    assert!(!run.stderr.contains("begins on"), "{}", run.stderr);
    assert!(!space.is_published());
}

#[test]
fn builds_of_two_workspaces_at_the_same_time_get_their_own_files() {
    let (Some(one), Some(two)) = (Workspace::new(), Workspace::new()) else {
        return;
    };
    for space in [&one, &two] {
        space.file("r/f.txt", "UNIQUE\n");
    }
    // Both name the same path, so but for their origin the sources are the same.
    one.recipe("platforms: [linux/amd64]\nsteps:\n  - copy: {src: f.txt, to: /f}\n  - run: cat /f; sleep 4\n");
    two.recipe(
        "platforms: [linux/amd64]\nsteps:\n  - copy: {src: f.txt, to: /f}\n  - run: cat /f\n",
    );
    let first = std::thread::spawn(move || {
        let run = one.kiln(&["build"]).expect(0);
        assert_eq!(run.logged(BOTH[0]), [&one.unique]);
    });
    std::thread::sleep(std::time::Duration::from_millis(1500));
    let run = two.kiln(&["build"]).expect(0);
    assert_eq!(run.logged(BOTH[0]), [&two.unique]);
    first.join().unwrap();
}

#[test]
fn files_of_equal_size_and_time_in_two_workspaces_are_not_mixed_up() {
    let (Some(one), Some(two)) = (Workspace::new(), Workspace::new()) else {
        return;
    };
    for space in [&one, &two] {
        space.file("r/f.txt", "UNIQUE\n");
        let file = std::fs::File::options()
            .append(true)
            .open(space.path("r/f.txt"))
            .unwrap();
        file.set_modified(std::time::SystemTime::UNIX_EPOCH)
            .unwrap();
        space.recipe(
            "platforms: [linux/amd64]\nsteps:\n  - copy: {src: f.txt, to: /f}\n  - run: cat /f\n",
        );
        let run = space.kiln(&["build"]).expect(0);
        assert_eq!(run.logged(BOTH[0]), [&space.unique]);
    }
}
