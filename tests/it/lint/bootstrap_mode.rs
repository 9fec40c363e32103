//! `bootstrap-mode`: every way in which the script comes in.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;

use super::{bench, report, shown};

/// What is said of steps, with a script in the workspace that is executable or not.
fn of(steps: &str, mode: u32) -> Vec<String> {
    let recipe = format!(
        "kiln: 1\nname: a\ntags: [\"1\"]\nbase: debian:12\nrepository: team/x\nplatforms: [linux/amd64]\n\
         kernel: {{runtime: app, base_distro: ubuntu22.04}}\nsteps:\n{steps}"
    );
    let bench = bench(&[
        ("recipes/a.yaml", &recipe),
        ("recipes/bootstrap.sh", "#!/bin/sh\n# 시작\n"),
        ("recipes/setup.py", "x = 1\n"),
    ]);
    let script = bench.path().join("recipes/bootstrap.sh");
    std::fs::set_permissions(script, Permissions::from_mode(mode)).unwrap();
    let lines = shown(&report(&bench, &["unpinned-base=off"])).into_iter();
    lines
        .filter(|line| line.contains("[bootstrap-mode]"))
        .collect()
}

#[test]
fn a_script_that_is_not_executable_is_told_where_it_comes_in() {
    for (steps, place) in [
        (
            "  - copy: {src: bootstrap.sh, to: /opt/container/}\n",
            "9:17",
        ),
        (
            "  - copy: {src: bootstrap.sh, to: /opt/container/bootstrap.sh}\n",
            "9:17",
        ),
        (
            "  - copy: {src: [setup.py, bootstrap.sh], to: /opt/container/}\n",
            "9:28",
        ),
        (
            "  - copy: {src: setup.py, to: /opt/container/bootstrap.sh, mode: \"0644\"}\n",
            "9:17",
        ),
        (
            "  - write: {path: /opt/container/bootstrap.sh, content: \"\"}\n",
            "9:5",
        ),
        (
            "  - run: chmod +x /opt/container/bootstrap.sh\n  - copy: {src: bootstrap.sh, to: /opt/container/}\n",
            "10:17",
        ),
    ] {
        let lines = of(steps, 0o644);
        assert_eq!(lines.len(), 1, "{steps}{lines:?}");
        assert!(
            lines[0].starts_with(&format!("recipes/a.yaml:{place}: warning")),
            "{lines:?}"
        );
    }
}

#[test]
fn a_script_that_becomes_executable_is_left_alone() {
    for steps in [
        "  - copy: {src: bootstrap.sh, to: /opt/container/, mode: \"0755\"}\n",
        "  - copy: {src: bootstrap.sh, to: /opt/container/, mode: \"a+rx\"}\n",
        "  - copy: {src: bootstrap.sh, to: /opt/container/}\n  - run: chmod +x /opt/container/*\n",
        "  - copy: {src: bootstrap.sh, to: /home/work/}\n",
        "  - write: {path: /opt/container/bootstrap.sh, content: \"\", mode: \"0700\"}\n",
    ] {
        assert_eq!(of(steps, 0o644), [""; 0], "{steps}");
    }
    assert_eq!(
        of(
            "  - copy: {src: bootstrap.sh, to: /opt/container/}\n",
            0o755
        ),
        [""; 0]
    );
}
