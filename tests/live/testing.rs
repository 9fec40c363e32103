//! Tests of images: what they see, what they decide, and what they cost.

use std::time::Duration;

use serde_json::Value;

use crate::interrupting::interrupted_at;
use crate::lab::BOTH;
use crate::workspace::{Run, Workspace};

/// How the tests of a platform ended: each name, and whether it passed.
fn tests(run: &Run, platform: &str) -> Vec<(String, bool)> {
    let json = run.json();
    let tests = json["images"][0]["platforms"][platform]["tests"].as_array();
    let one = |test: &Value| {
        let name = test["name"].as_str().unwrap().to_owned();
        (name, test["passed"].as_bool().unwrap())
    };
    tests.unwrap().iter().map(one).collect()
}

/// The names of those that failed.
fn failed(run: &Run, platform: &str) -> Vec<String> {
    let tests = tests(run, platform).into_iter();
    tests.filter(|test| !test.1).map(|test| test.0).collect()
}

#[test]
fn programs_run_as_the_image_s_user_in_its_environment_and_their_ends_and_outputs_count() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe(
        "user: \"1234:5678\"\nworkdir: /srv/app\nenv: {GREETING: \"안녕 UNIQUE\"}\n\
entrypoint: [/bin/false]\nsteps:
  - run: echo ja > /srv/app/here
tests:
  - run: [/bin/busybox, echo, hallo]
    stdout: {equals: hallo}
  - name: text
    run: |
      echo \"$GREETING $EXTRA\"
      pwd; id -u; id -g; uname -m
      cat here
      echo größer >&2
      exit 3
    env: {EXTRA: {append: more}}
    exit: 3
    stdout:
      matches: {match: arch, cases: {amd64: '\\A안녕 \\S+ more\\n/srv/app\\n1234\\n5678\\nx86_64\\nja\\n\\z', arm64: '(?m)^aarch64$'}}
    stderr: {contains: größer}
  - {name: root, run: id -u, user: root, stdout: {equals: \"0\"}}
  - {name: words, run: [printf, '%s', \"$GREETING; exit 1\"], stdout: {equals: \"$GREETING; exit 1\"}}
",
    );
    let run = space.kiln(&["build", "--push", "--format=json"]).expect(0);
    for platform in BOTH {
        assert_eq!(tests(&run, platform).len(), 4);
        assert_eq!(failed(&run, platform), [""; 0]);
        let record = &space.records()[0]["platforms"][platform]["tests"];
        let names: Vec<&str> = record.as_array().unwrap().iter().map(name).collect();
        assert_eq!(names, ["/bin/busybox echo hallo", "text", "root", "words"]);
    }
}

fn name(test: &Value) -> &str {
    assert_eq!(test["passed"], true);
    test["name"].as_str().unwrap()
}

#[test]
fn a_test_has_no_network_where_a_step_has_one() {
    let Some(space) = Workspace::new() else {
        return;
    };
    // The registry answers a step of the image and nobody answers its test.
    let ask = "wget -q -O - http://REGISTRY/v2/";
    space.recipe(&format!(
        "steps:\n  - run: {ask}; echo UNIQUE\ntests:\n  - {{run: {ask}, exit: 1, stderr: {{contains: refused}}}}\n  \
         - {{run: 'sed 1,2d /proc/net/dev | cut -d: -f1', stdout: {{matches: '^ *lo\\n$'}}}}\n"
    ));
    space.publish();
}

#[test]
fn a_test_is_never_taken_from_a_cache_and_leaves_steps_there() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe(
        "steps:\n  - run: echo step UNIQUE\ntests:\n  - run: echo test $(cat /proc/sys/kernel/random/uuid)\n",
    );
    for (args, steps) in [
        (vec!["build", "--push"], 1),
        (vec!["build", "--push", "--force"], 0),
        (vec!["build"], 0),
        (vec!["build", "--no-cache"], 1),
    ] {
        let run = space
            .kiln(&[&args[..], &["--progress=plain"]].concat())
            .expect(0);
        for platform in BOTH {
            let lines = run.logged(platform);
            let count = |word: &str| lines.iter().filter(|line| line.starts_with(word)).count();
            assert_eq!(
                (count("test "), count("step ")),
                (1, steps),
                "{args:?} {}",
                run.stderr
            );
        }
    }
}

#[test]
fn no_test_sees_what_another_wrote_and_nothing_of_it_is_published() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe(
        "steps:\n  - run: echo UNIQUE > /made\ntests:\n  - run: echo neu > /new; rm /made\n  \
         - {run: cat /made; ls /new, exit: 1, stdout: {contains: UNIQUE}}\n  - {file: /new, absent: true}\n  - file: /made\n",
    );
    let published = space.publish();
    for platform in BOTH {
        let files = published.on(platform).files();
        assert!(files.contains_key("made") && !files.contains_key("new"));
    }
}

const FILES: &str = "platforms: [linux/amd64, linux/arm64]
base: scratch
steps:
  - write: {path: /etc/größe.conf, content: \"a=0\\nb=UNIQUE\\n\", mode: \"0640\"}
  - link: {path: /etc/link, target: größe.conf}
  - link: {path: /etc/nowhere, target: missing}
  - write: {path: /bin/tool, content: x, mode: \"0755\"}
  - mkdir: {path: /srv/data, mode: \"0750\"}
  - write: {path: /srv/data/inside, content: x}
tests:
";

#[test]
fn files_of_an_image_without_any_program_are_tested() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe(&format!(
        "{FILES}  - {{file: /etc/größe.conf, mode: \"0640\", contains: b=UNIQUE, executable: false}}
  - {{file: /etc/link, contains: UNIQUE}}
  - {{file: /bin/tool, executable: true}}
  - {{file: bin/tool, mode: \"0755\"}}
  - {{file: /srv/data/, mode: \"0750\"}}
  - {{file: /srv/../srv/data}}
  - {{file: /etc/other, absent: true}}
  - {{file: /not/there, absent: true}}
  - {{file: /bin/tool/below, absent: true}}
"
    ));
    let run = space.kiln(&["build", "--push", "--format=json"]).expect(0);
    for platform in BOTH {
        assert_eq!(tests(&run, platform).len(), 9);
    }
}

#[test]
fn a_file_test_looks_at_the_image_of_its_own_build_and_platform() {
    let Some(space) = Workspace::new() else {
        return;
    };
    // Both platforms look at the same paths at the same time, and so did the build before.
    for round in ["eins", "둘"] {
        let text = format!("{round} UNIQUE ${{{{ arch }}}}");
        let test = format!("  - {{file: /a/größe, contains: \"{text}\"}}\n");
        space.recipe(&format!(
            "base: scratch\nsteps:\n  - write: {{path: /a/größe, content: \"{text}\"}}\ntests:\n{}",
            test.repeat(4)
        ));
        space.publish();
    }
}

#[test]
fn what_is_wrong_with_a_file_is_said_at_its_line() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe(&format!(
        "{FILES}  - {{file: /etc/größe.conf, mode: \"0644\", contains: c=1, executable: true}}
  - {{file: /etc/nowhere}}
  - {{file: /etc/nowhere, absent: true}}
  - {{file: /srv/data, executable: true}}
  - {{file: /etc/link, name: der Link}}
  - {{file: /srv/data, absent: true}}
"
    ));
    let run = space.kiln(&["build", "--push"]).expect(3).says(&[
        "r/recipe.yaml:15:6",
        "on linux/arm64: test `/etc/größe.conf` failed: nobody may execute it: its mode is 0640; \
         its mode is 0640, not 0644; it does not contain \"c=1\"",
        "test `/etc/nowhere` failed: there is nothing",
        "test `/etc/nowhere` failed: it is there",
        "test `/srv/data` failed: it is a folder, no program",
        "test `/srv/data` failed: it is there, a folder",
        "of 6 tests 1 passed",
    ]);
    assert!(!run.stderr.contains("der Link` failed"));
    assert!(!space.is_published());
}

#[test]
fn a_large_file_is_judged_by_its_mode_and_by_a_text_at_its_end() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe(
        "platforms: [linux/amd64]\nsteps:\n  - run: dd if=/dev/zero of=/large bs=1M count=200; echo UNIQUE >> /large; chmod 600 /large\n\
tests:\n  - {file: /large, mode: \"0600\", executable: false}\n  - {file: /large, contains: UNIQUE}\n  \
         - {file: /large, contains: NICHT-UNIQUE, name: fehlt}\n",
    );
    let run = space.kiln(&["build", "--format=json"]).expect(3);
    assert_eq!(failed(&run, "linux/amd64"), ["fehlt"]);
}

#[test]
fn a_test_that_fails_on_arm64_only_moves_no_tag_and_is_exit_7() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe("steps:\n  - run: echo one UNIQUE\ntests:\n  - run: [\"true\"]\n");
    let before = space.publish();
    space.recipe(
        "steps:
  - run: echo two UNIQUE
tests:
  - name: größer
    run: |
      echo 출발
      test \"$(uname -m)\" = x86_64
  - run: echo weiter
",
    );
    let run = space
        .kiln(&["build", "--push", "--progress=plain"])
        .expect(7)
        .says(&[
            "on linux/arm64: test `größer` failed: it ended with exit code 1, not 0",
            "r/recipe.yaml:10:5",
            "  │ 출발\n",
            "of 2 tests 1 passed",
            "linux/amd64 was built; no tag of live/",
            "one of 2 tests failed: `größer`",
            "linux/arm64 │ ✗ test größer",
            "linux/amd64 │ ✓ test größer",
        ]);
    for platform in BOTH {
        assert!(run.logged(platform).contains(&"weiter"), "{}", run.stderr);
    }
    assert!(!run.stderr.contains("on linux/amd64: test"));
    assert_eq!(space.published().digest, before.digest);
    assert_eq!(space.records().len(), 1);
}

#[test]
fn a_program_that_cannot_be_run_is_no_program_that_ended_with_1() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe(
        "platforms: [linux/amd64]
steps:
  - run: echo UNIQUE
tests:
  - {run: [/no/such/größe], exit: 1}
  - {run: [\"true\"], user: niemand}
  - {run: [\"true\"], user: nobodythere, exit: 1}
",
    );
    space.kiln(&["build"]).expect(3).says(&[
        "test `/no/such/größe` failed: it could not be run: exec: \"/no/such/größe\"",
        "failed: it could not be run: unable to find user nobodythere",
        "of 3 tests 0 passed",
    ]);
}

#[test]
fn an_output_that_the_builder_clipped_is_said_to_be_clipped() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe(
        "platforms: [linux/amd64]\nsteps:\n  - run: echo UNIQUE\ntests:\n  \
         - {name: lang, run: \"yes langer Text größer | head -c 9000000; echo ende\", stdout: {contains: ende}}\n",
    );
    space.kiln(&["build", "--progress=quiet"]).expect(3).says(&[
        "test `lang` failed: stdout does not contain \"ende\"",
        "output clipped, log limit",
        "BUILDKIT_STEP_LOG_MAX_SIZE",
    ]);
}

#[test]
fn an_output_is_written_when_its_tests_pass_and_not_when_one_fails() {
    let Some(space) = Workspace::new() else {
        return;
    };
    let recipe = "steps:\n  - run: echo UNIQUE > /made\ntests:\n  - {file: /made, contains: UNIQUE}\n  - run: cat /made";
    space.recipe(&format!("{recipe} /not/there\n"));
    space
        .kiln(&["build", "-o", "oci-layout=out"])
        .expect(3)
        .says(&["of 2 tests 1 passed"]);
    assert!(!space.path("out/index.json").exists());
    space.recipe(&format!("{recipe}\n"));
    space.kiln(&["build", "-o", "oci-layout=out"]).expect(0);
    assert!(space.path("out/index.json").exists());
}

#[test]
fn an_interrupt_in_a_test_ends_it_and_moves_no_tag() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe("steps:\n  - run: echo UNIQUE\ntests:\n  - run: echo asleep; sleep 60\n");
    let (code, took, words) = interrupted_at(&space, "-INT", "│   asleep");
    assert_eq!(code, Some(130), "{words}");
    assert!(took < Duration::from_secs(5), "{took:?}");
    assert!(!space.is_published());
    assert!(space.records().is_empty());
}

#[test]
fn a_parent_whose_test_fails_has_no_child_on_that_platform() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe("steps:\n  - run: echo UNIQUE\ntests:\n  - run: test $(uname -m) = x86_64\n");
    space.file(
        "c/recipe.yaml",
        "kiln: 1\nname: child\nrepository: live/UNIQUE-child\ntags: [it]\nbase: {recipe: image}\n",
    );
    let run = space
        .kiln(&["build", "--push", "--keep-going", "--format=json"])
        .expect(7);
    let child = &run.json()["images"][1]["platforms"];
    let error = |at: usize| {
        child[BOTH[at]]["error"]
            .as_str()
            .unwrap_or("none")
            .to_owned()
    };
    assert_eq!(error(0), "none");
    assert!(error(1).contains("its parent live/"), "{child}");
}

#[test]
fn an_image_larger_than_its_limit_is_refused_with_its_largest_layers() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe(
        "platforms: [linux/amd64]
steps:
  - run: echo UNIQUE; dd if=/dev/urandom of=/zufall bs=1M count=3
limits:
  layer_size: 4MB
  image_size: 2MiB
",
    );
    space.kiln(&["build", "--push"]).expect(6).says(&[
        "r/recipe.yaml:11:15",
        "the image has ",
        " MB compressed, and may have 2.1 MB",
        ", 3.1 MB: run echo ",
        "next: make the steps of the largest layers leave less, or raise the limit",
    ]);
    assert!(!space.is_published());
    assert!(space.records().is_empty());
}

#[test]
fn where_emulation_is_denied_nothing_is_built() {
    let Some(space) = Workspace::new() else {
        return;
    };
    let recipe = "steps:\n  - run: echo step UNIQUE\nlimits: {emulation: deny}\n";
    space.recipe(recipe);
    let run = space.kiln(&["build", "--push"]).expect(6).says(&[
        "r/recipe.yaml:7:5",
        "would be emulated on linux/arm64 by builder `default`",
    ]);
    assert!(run.logged(BOTH[0]).is_empty());
    space.recipe(&recipe.replace("deny", "warn"));
    space
        .kiln(&["build"])
        .expect(0)
        .says(&["warning: live/", "emulated on linux/arm64"]);
}
