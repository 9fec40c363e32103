//! Steps that run programs: words, shells, variables, folders, users, networks.

use crate::lab::BOTH;
use crate::workspace::Workspace;

#[test]
fn a_list_is_run_without_a_shell_and_a_text_by_one() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe(
        "steps:
  - run: [echo, \"$HOME UNIQUE\", \"a  b\", \"*\"]
  - run: |
      echo \"$HOME\" UNIQUE $((1 + 2))
      for x in a b; do
        echo \"- $x\"
      done
",
    );
    let run = space.kiln(&["build"]).expect(0);
    let unique = &space.unique;
    for platform in BOTH {
        let expected = [
            format!("$HOME {unique} a  b *"),
            format!("/root {unique} 3"),
            "- a".to_owned(),
            "- b".to_owned(),
        ];
        assert_eq!(run.logged(platform), expected);
    }
}

#[test]
fn a_text_stops_at_its_first_failing_command() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe("steps:\n  - run: |\n      echo UNIQUE\n      false\n      echo not reached\n");
    let run = space.kiln(&["build"]).expect(3).says(&["exit code 1"]);
    assert_eq!(run.logged(BOTH[0]), [space.unique.as_str()]);
}

#[test]
fn bash_stops_at_a_failing_pipe_and_an_unset_name() {
    let Some(space) = Workspace::new() else {
        return;
    };
    let build = |text: &str| {
        space.recipe(&format!(
            "base: docker.io/library/debian:bookworm-slim\nshell: bash\nplatforms: [linux/amd64]\n\
             steps:\n  - run: 'echo UNIQUE; {text}'\n"
        ));
        space.kiln(&["build"])
    };
    build("x=(a b); echo ${x[1]}").expect(0);
    build("false | true").expect(3).says(&["exit code 1"]);
    build("echo $nowhere")
        .expect(3)
        .says(&["nowhere: unbound variable"]);
}

#[test]
fn a_shell_may_be_any_program_that_takes_a_text() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe(
        "steps:
  - run: \"BEGIN { print \\\"awk UNIQUE\\\" }\"
    shell: [awk]
",
    );
    let run = space.kiln(&["build"]).expect(0);
    assert_eq!(run.logged(BOTH[1]), [format!("awk {}", space.unique)]);
}

#[test]
fn variables_of_a_step_are_gone_after_it_and_those_of_an_env_step_stay() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe(
        "env: {A: image, PATH: {prepend: /opt/bin}, COST: \"5 $$x\"}
steps:
  - run: 'echo UNIQUE $A $B $COST'
    env: {A: step, B: \"it''s $$(literal) ünïcode\", PATH: {append: /more}}
  - run: echo $A $B $PATH
  - env: {A: later, B: {prepend: x, append: [w, z]}}
  - run: echo $A $B
",
    );
    let run = space.kiln(&["build", "--push"]).expect(0);
    let path = "/opt/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    for platform in BOTH {
        let expected = [
            format!("{} step it''s $(literal) ünïcode 5 $x", space.unique),
            format!("image {path}"),
            "later x:w:z".to_owned(),
        ];
        assert_eq!(run.logged(platform), expected);
        let image = space.published();
        assert_eq!(image.on(platform).env("A").as_deref(), Some("later"));
        assert_eq!(image.on(platform).env("PATH").as_deref(), Some(path));
        assert_eq!(image.on(platform).env("COST").as_deref(), Some("5 $x"));
    }
}

#[test]
fn the_working_folder_is_made_and_a_step_may_have_another() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe(
        "workdir: /srv/app
steps:
  - run: pwd; echo UNIQUE
  - run: pwd; echo UNIQUE > here
    workdir: sub
  - run: pwd
    workdir: /tmp
",
    );
    let run = space.kiln(&["build", "--push"]).expect(0);
    for platform in BOTH {
        let lines = run.logged(platform);
        assert_eq!(lines, ["/srv/app", &space.unique, "/srv/app/sub", "/tmp"]);
    }
    let image = space.published();
    assert_eq!(
        image.on(BOTH[0]).text("srv/app/sub/here"),
        format!("{}\n", space.unique)
    );
}

#[test]
fn steps_run_as_root_unless_they_name_a_user() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe(
        "user: \"1000:1000\"
steps:
  - run: id -u; id -g; touch /tmp/root-UNIQUE
  - run: id -u; id -g; touch /tmp/mine
    user: \"1000:2000\"
  - run: id -un
    user: nobody
",
    );
    let run = space.kiln(&["build", "--push"]).expect(0);
    assert_eq!(run.logged(BOTH[1]), ["0", "0", "1000", "2000", "nobody"]);
    let image = space.published();
    for (_, built) in image.images() {
        assert_eq!(built.config["config"]["User"], "1000:1000");
        assert_eq!(built.files()["tmp/mine"].owner, (1000, 2000));
    }
}

#[test]
fn a_step_without_network_sees_only_loopback() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe("steps:\n  - run: echo UNIQUE; ls /sys/class/net\n    network: none\n");
    let run = space.kiln(&["build"]).expect(0);
    for platform in BOTH {
        assert_eq!(run.logged(platform), [space.unique.as_str(), "lo"]);
    }
}

#[test]
fn the_network_of_the_host_needs_a_builder_that_allows_it() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe("platforms: [linux/amd64]\nsteps:\n  - run: echo UNIQUE\n    network: host\n");
    // The lab's builder does not.
    let run = space.kiln(&["build"]);
    assert!(run.stderr.contains("network.host"), "{}", run.stderr);
    assert_ne!(run.code, Some(0));
}

#[test]
fn conditions_choose_steps_by_platform() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe(
        "vars: {word: {match: arch, cases: {amd64: eins, arm64: zwei}}}
steps:
  - run: echo ${{ word }} ${{ arch_gnu }} UNIQUE > /word
  - if: arch == \"arm64\"
    then: [{run: \"touch /only-arm64\"}]
  - run: touch /also
    if: arch != \"arm64\"
",
    );
    let image = space.publish();
    let (amd64, arm64) = (image.on(BOTH[0]), image.on(BOTH[1]));
    assert_eq!(
        amd64.text("word"),
        format!("eins x86_64 {}\n", space.unique)
    );
    assert_eq!(
        arm64.text("word"),
        format!("zwei aarch64 {}\n", space.unique)
    );
    assert!(amd64.files().contains_key("also") && !amd64.files().contains_key("only-arm64"));
    assert!(arm64.files().contains_key("only-arm64") && !arm64.files().contains_key("also"));
}

#[test]
fn a_step_leaves_no_mount_points_behind() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.file("r/a.txt", "a");
    space.recipe(
        "steps:
  - run: cat /new/deep/a.txt /run/x/y; echo UNIQUE > /new-file
    mounts:
      - {path: /new/deep/a.txt, src: a.txt}
      - {path: /run/x/y, src: a.txt}
      - {path: /mnt/t, tmpfs: true}
    cache: [/var/cache/new, {path: relative, id: UNIQUE}]
",
    );
    space.publish().adds(1, &[&["f 0644 0:0 new-file"]]);
}

#[test]
fn a_cache_belongs_to_the_user_of_the_step_by_number_or_name() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe(
        "platforms: [linux/amd64]
steps:
  - run: |
      echo 'work:x:1234:77::/:/bin/sh' >> /etc/passwd
      echo 'work:x:77:' >> /etc/group  # UNIQUE
  - run: stat -c %u:%g /c /d; echo by name > /c/f
    user: work
    cache: [{path: /c, id: UNIQUE-a}, /d]
  - run: stat -c %u:%g /c; echo by number > /c/f
    user: \"55:66\"
    cache: [{path: /c, id: UNIQUE-b}]
  - run: echo UNIQUE > /etc/changed
  - run: stat -c %u:%g /c; cat /c/f
    user: work:work
    cache: [{path: /c, id: UNIQUE-a}]
",
    );
    let built = space.kiln(&["build"]).expect(0);
    assert_eq!(
        built.logged(BOTH[0]),
        ["1234:77", "1234:77", "55:66", "1234:77", "by name"]
    );
}
