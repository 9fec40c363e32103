//! `copy`: which files come, where to, and how they look then.

use crate::lab::{BOTH, EPOCH};
use crate::published::Published;
use crate::workspace::Workspace;

/// Files with permissions and times that must not show in the image.
fn files(space: &Workspace) {
    for (path, text) in [
        ("r/app/main.py", "print('안녕')\n"),
        ("r/app/sub/deep/b c.txt", "b c\n"),
        ("r/app/sub/x.pyc", "compiled"),
        ("r/app/run.sh", "#!/bin/sh\n"),
        ("r/two.conf", "two\n"),
        ("r/one.conf", "one\n"),
        ("top/only.txt", "top\n"),
    ] {
        space.file(path, text);
    }
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(space.path("r/app/run.sh"), mode).unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(space.path("r/one.conf"), mode).unwrap();
    std::os::unix::fs::symlink("main.py", space.path("r/app/link")).unwrap();
    std::fs::create_dir_all(space.path("r/app/empty")).unwrap();
}

fn published(body: &str) -> Option<(Workspace, Published)> {
    let space = Workspace::new()?;
    files(&space);
    space.recipe(body);
    let image = space.publish();
    // What file steps make has the time of the base, not of the build. (A folder gets the build's when
    // something comes into it; `repeating` shows how to have that otherwise.)
    for (platform, built) in image.images() {
        let added = built.layers().skip(1).flatten();
        for entry in added.filter(|entry| entry.kind != 'd') {
            assert_eq!(entry.time, EPOCH, "{platform}: {}", entry.line());
        }
    }
    Some((space, image))
}

#[test]
fn a_folder_gives_its_contents() {
    let Some((_, image)) = published("steps:\n  - copy: {src: app, to: /srv}\n") else {
        return;
    };
    image.adds(
        1,
        &[&[
            "d 0755 0:0 srv",
            "d 0755 0:0 srv/empty",
            "l 0777 0:0 srv/link -> main.py",
            "f 0644 0:0 srv/main.py",
            "f 0755 0:0 srv/run.sh",
            "d 0755 0:0 srv/sub",
            "d 0755 0:0 srv/sub/deep",
            "f 0644 0:0 srv/sub/deep/b c.txt",
            "f 0644 0:0 srv/sub/x.pyc",
        ]],
    );
    assert_eq!(image.on(BOTH[1]).text("srv/main.py"), "print('안녕')\n");
}

#[test]
fn a_file_is_renamed_or_goes_into_a_folder() {
    let Some((_, image)) = published(
        "workdir: /w
steps:
  - copy: {src: one.conf, to: etc/uno}
  - copy: {src: two.conf, to: /etc/d/}
  - copy: {src: /top/only.txt, to: ./}
",
    ) else {
        return;
    };
    image.adds(
        1,
        &[&[
            "d 0755 0:0 etc",
            "d 0755 0:0 etc/d",
            "f 0644 0:0 etc/d/two.conf",
            "d 0755 0:0 w",
            "d 0755 0:0 w/etc",
            "f 0600 0:0 w/etc/uno",
            "f 0644 0:0 w/only.txt",
        ]],
    );
}

#[test]
fn several_sources_and_globs_go_into_a_folder() {
    let Some((_, image)) = published(
        "steps:
  - copy: {src: [\"*.conf\", app/run.sh], to: /etc/d/}
  - copy: {src: \"app/*/x.*\", to: /x/}
",
    ) else {
        return;
    };
    image.adds(
        1,
        &[&[
            "d 0755 0:0 etc",
            "d 0755 0:0 etc/d",
            "f 0600 0:0 etc/d/one.conf",
            "f 0755 0:0 etc/d/run.sh",
            "f 0644 0:0 etc/d/two.conf",
            "d 0755 0:0 x",
            "f 0644 0:0 x/x.pyc",
        ]],
    );
}

#[test]
fn parents_are_kept_and_excluded_files_stay_out() {
    let Some((_, image)) = published(
        "steps:
  - copy: {src: [app/sub, one.conf], to: /p/, parents: true, exclude: [\"**/*.pyc\"]}
",
    ) else {
        return;
    };
    image.adds(
        1,
        &[&[
            "d 0755 0:0 p",
            "d 0755 0:0 p/app",
            "d 0755 0:0 p/app/sub",
            "d 0755 0:0 p/app/sub/deep",
            "f 0644 0:0 p/app/sub/deep/b c.txt",
            "f 0600 0:0 p/one.conf",
        ]],
    );
}

#[test]
fn ignored_files_are_not_copied() {
    let Some(space) = Workspace::new() else {
        return;
    };
    files(&space);
    space.file(".dockerignore", "# 주석\n**/deep\n");
    space.file("r/.dockerignore", "app/*.sh\n!app/main.py\n**/*.pyc\n");
    space.file("r/app/.kiln", "not kiln's");
    space.recipe(
        "steps:\n  - copy: {src: app, to: /srv}\n  - copy: {src: /, to: /all, exclude: [r]}\n",
    );
    space.publish();
    space.recipe(
        "steps:\n  - copy: {src: app, to: /srv}\n  - copy: {src: /, to: /all, exclude: [r, kiln.yaml, .dockerignore]}\n",
    );
    let image = space.publish();
    image.adds(
        1,
        &[&[
            "d 0755 0:0 all",
            "d 0755 0:0 all/top",
            "f 0644 0:0 all/top/only.txt",
            "d 0755 0:0 srv",
            "f 0644 0:0 srv/.kiln",
            "d 0755 0:0 srv/empty",
            "l 0777 0:0 srv/link -> main.py",
            "f 0644 0:0 srv/main.py",
            "d 0755 0:0 srv/sub",
        ]],
    );
}

#[test]
fn mode_applies_to_what_is_copied_and_owner_to_new_folders_on_the_way_too() {
    let Some((_, image)) = published(
        "steps:
  - copy: {src: app/sub, to: /a/b, mode: \"u=rwX,go=rX\", owner: \"1000:2000\"}
  - copy: {src: one.conf, to: /c/d/one, mode: \"0640\", owner: nobody}
  - copy: {src: two.conf, to: /etc/, owner: \"7\"}
  - copy: {src: two.conf, to: /n/m/, owner: \"8:8\"}
",
    ) else {
        return;
    };
    image.adds(
        1,
        &[&[
            "d 0755 1000:2000 a",
            "d 0755 1000:2000 a/b",
            "d 0755 1000:2000 a/b/deep",
            "f 0644 1000:2000 a/b/deep/b c.txt",
            "f 0644 1000:2000 a/b/x.pyc",
            "d 0755 65534:65534 c",
            "d 0755 65534:65534 c/d",
            "f 0640 65534:65534 c/d/one",
            "d 0755 0:0 etc",
            "f 0644 7:7 etc/two.conf",
            "d 0755 8:8 n",
            "d 0755 8:8 n/m",
            "f 0644 8:8 n/m/two.conf",
        ]],
    );
}

#[test]
fn files_come_from_a_stage_or_an_image_as_root() {
    let Some((space, image)) = published(
        "stages:
  made:
    base: docker.io/kiln-test/tiny:1
    workdir: /o
    steps:
      - run: uname -m > m; echo UNIQUE > u; chown 5:5 u; chmod 0600 u
      - run: touch -d @1000000000 m u .
steps:
  - copy: {from: made, src: /o, to: /in}
  - copy: {from: made, src: \"/o/./[m]\", to: /glob/, parents: true}
  - copy: {from: {image: docker.io/kiln-test/tiny:1}, src: etc/passwd, to: /etc/accounts}
",
    ) else {
        return;
    };
    image.adds(
        1,
        &[&[
            "d 0755 0:0 etc",
            "f 0644 0:0 etc/accounts",
            "d 0755 0:0 glob",
            "f 0644 0:0 glob/m",
            "d 0755 0:0 in",
            "f 0644 0:0 in/m",
            "f 0600 0:0 in/u",
        ]],
    );
    assert_eq!(image.on(BOTH[0]).text("glob/m"), "x86_64\n");
    assert_eq!(image.on(BOTH[1]).text("in/m"), "aarch64\n");
    assert_eq!(
        image.on(BOTH[1]).text("in/u"),
        format!("{}\n", space.unique)
    );
}

#[test]
fn a_changed_file_is_noticed_and_an_equal_one_with_another_time_is_not() {
    let Some((space, first)) = published("steps:\n  - copy: {src: two.conf, to: /etc/}\n") else {
        return;
    };
    let touched = std::fs::File::options()
        .append(true)
        .open(space.path("r/two.conf"))
        .unwrap();
    touched
        .set_modified(std::time::SystemTime::UNIX_EPOCH)
        .unwrap();
    assert_eq!(space.publish().digest, first.digest);
    space.file("r/two.conf", "three\n");
    let second = space.publish();
    assert_ne!(second.digest, first.digest);
    assert_eq!(second.on(BOTH[0]).text("etc/two.conf"), "three\n");
}

#[test]
fn exclusions_count_from_the_folder_of_a_glob_and_inside_what_it_stands_for() {
    let Some((_, image)) = published(
        "steps:
  - copy: {src: \"*.conf\", to: /one/, exclude: [two.conf]}
  - copy: {src: \"a*\", to: /two/, exclude: [sub/deep, \"*.sh\", empty]}
  - copy: {src: [two.conf, one.conf], to: /three/, exclude: [three.conf, \"!two.conf\"]}
",
    ) else {
        return;
    };
    image.adds(
        1,
        &[&[
            "d 0755 0:0 one",
            "f 0600 0:0 one/one.conf",
            "d 0755 0:0 three",
            "f 0600 0:0 three/one.conf",
            "f 0644 0:0 three/two.conf",
            "d 0755 0:0 two",
            "l 0777 0:0 two/link -> main.py",
            "f 0644 0:0 two/main.py",
            "d 0755 0:0 two/sub",
            "f 0644 0:0 two/sub/x.pyc",
        ]],
    );
}

#[test]
fn a_source_of_which_exclusions_leave_nothing_is_an_error_at_its_line() {
    let Some(space) = Workspace::new() else {
        return;
    };
    files(&space);
    space.recipe("steps:\n  - copy: {src: \"*.conf\", to: /x/, exclude: [\"*.conf\"]}\n");
    space.kiln(&["build"]).expect(2).says(&[
        "r/recipe.yaml:7:17",
        "left out by `.dockerignore` or `exclude`",
    ]);
}

#[test]
fn exclusions_hold_for_globs_in_stages_as_well() {
    let Some((_, image)) = published(
        "stages: {made: {base: scratch, steps: [{copy: {src: ./, to: /m}}]}}
steps:
  - copy: {src: \"/m/*.conf\", from: made, to: /one/, exclude: [two.conf]}
  - copy: {src: \"/m/a*\", from: made, to: /two/, exclude: [sub/deep, \"*.sh\", empty]}
",
    ) else {
        return;
    };
    image.adds(
        1,
        &[&[
            "d 0755 0:0 one",
            "f 0600 0:0 one/one.conf",
            "d 0755 0:0 two",
            "l 0777 0:0 two/link -> main.py",
            "f 0644 0:0 two/main.py",
            "d 0755 0:0 two/sub",
            "f 0644 0:0 two/sub/x.pyc",
        ]],
    );
}
