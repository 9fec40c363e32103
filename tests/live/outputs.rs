//! Image layouts and archives, read by tools that are not ours.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::lab::BOTH;
use crate::published::sha256;
use crate::workspace::{Run, Workspace, start};

/// A parent and a child whose steps make new files each time they run.
fn family() -> Option<Workspace> {
    let space = Workspace::new()?;
    space.recipe(
        "labels: {org.opencontainers.image.title: 한글 größer}\nworkdir: /srv\n\
         steps:\n  - run: echo parent UNIQUE > made; cat /proc/sys/kernel/random/uuid > uuid\n  \
         - write: {path: a, content: 둘}\n",
    );
    space.file(
        "c/recipe.yaml",
        "kiln: 1\nname: child\nrepository: live/UNIQUE-child\ntags: [kind, it]\n\
         base: {recipe: image}\nannotations: {org.example.größe: klein}\n\
         steps:\n  - run: cat made a; cat /proc/sys/kernel/random/uuid > child\n",
    );
    Some(space)
}

/// The index digest of each image of a run, by the recipe's name.
fn digests(run: &Run) -> Vec<(String, String)> {
    let document = run.json();
    let images = document["images"].as_array().unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    images
        .iter()
        .map(|image| (text(&image["name"]), text(&image["index"])))
        .collect()
}

/// Requires that every file below `blobs` is what its name says; how many there are.
fn verified(layout: &Path) -> usize {
    let folder = std::fs::read_dir(layout.join("blobs/sha256")).unwrap();
    let count = folder.map(|entry| {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let content = std::fs::read(entry.path()).unwrap();
        assert_eq!(sha256(&content), format!("sha256:{name}"));
    });
    count.count()
}

/// Requires that skopeo finds an image under a name, for both platforms, and copies all of it.
fn skopeo_takes(space: &Workspace, name: &str, digest: &str) {
    let raw = space.lab.bytes_of("skopeo", ["inspect", "--raw", name]);
    assert_eq!(sha256(&raw), digest, "{name}");
    for platform in BOTH {
        let (_, arch) = platform.split_once('/').unwrap();
        let format =
            "--format={{.Architecture}} {{index .Labels \"org.opencontainers.image.title\"}}";
        let arguments = ["--override-arch", arch, "inspect", format, name];
        let found = space.lab.text_of("skopeo", arguments);
        assert_eq!(found.trim(), format!("{arch} 한글 größer"), "{name}");
    }
    let copy = format!("{}/{}-copy:1", space.lab.registry, space.repository());
    let arguments = [
        "--insecure-policy",
        "copy",
        "--all",
        "--dest-tls-verify=false",
    ];
    let to = format!("docker://{copy}");
    let arguments = arguments.into_iter().chain([name, &to]);
    space.lab.bytes_of("skopeo", arguments);
    let copied = space.lab.text_of("crane", ["digest", &copy]);
    assert_eq!(copied.trim(), digest, "{name}");
}

#[test]
fn a_layout_and_an_archive_are_what_a_push_publishes_and_others_take_them() {
    let Some(space) = family() else {
        return;
    };
    let arguments = [
        "build",
        "-o",
        "oci-layout=größe/out",
        "-o",
        "type=oci,dest=all.tar",
    ];
    let run = space
        .kiln(&[&arguments[..], &["--format=json"]].concat())
        .expect(0);
    assert!(!space.is_published());
    assert!(space.records().is_empty());
    let made = digests(&run);
    let document = run.json();
    let names: Vec<&str> = document["outputs"][0]["images"][1]["names"]
        .as_array()
        .unwrap()
        .iter()
        .map(|name| name.as_str().unwrap())
        .collect();
    let ambiguous = format!("{}-child:it", space.repository());
    assert_eq!(names, ["kind", &ambiguous], "both images have the tag `it`");

    let blobs = verified(&space.path("größe/out"));
    assert!(blobs >= 10, "two images of two platforms: {blobs}");
    let parent = format!("{}:it", space.repository());
    for place in ["oci:größe/out", "oci-archive:all.tar"] {
        let (transport, path) = place.split_once(':').unwrap();
        let name = |name: &str| format!("{transport}:{}:{name}", space.path(path).display());
        skopeo_takes(&space, &name(&parent), &made[0].1);
        skopeo_takes(&space, &name("kind"), &made[1].1);
    }

    let pushed = space.kiln(&["build", "--push", "--format=json"]).expect(0);
    assert_eq!(digests(&pushed), made);
    assert_eq!(space.published().digest, made[0].1);
}

#[test]
fn a_push_and_an_output_in_one_run_are_the_same_image() {
    let Some(space) = family() else {
        return;
    };
    let arguments = ["build", "--push", "-o", "oci-layout=out", "child"];
    let run = space.kiln(&arguments).expect(0);
    verified(&space.path("out"));
    let list = std::fs::read(space.path("out/index.json")).unwrap();
    let list: Value = serde_json::from_slice(&list).unwrap();
    let entries = list["manifests"].as_array().unwrap();
    assert_eq!(
        entries.len(),
        2,
        "the child's tags; its parent is not asked for"
    );
    let image = format!("oci:{}:it", space.path("out").display());
    let raw = space.lab.bytes_of("skopeo", ["inspect", "--raw", &image]);
    let child = format!("{}/{}-child:it", space.lab.registry, space.repository());
    let published = space.lab.text_of("crane", ["digest", &child]);
    assert_eq!(sha256(&raw), published.trim());
    let shown = format!("oci:out:it {}", published.trim());
    assert!(
        run.stdout.lines().any(|line| line == shown),
        "{}",
        run.stdout
    );
    assert_eq!(space.records().len(), 2);
}

#[test]
fn an_archive_goes_through_a_pipe_and_is_the_same_again() {
    let Some(space) = family() else {
        return;
    };
    let arguments = [
        "build",
        "-o",
        "type=oci,dest=-",
        "--progress=quiet",
        "image",
    ];
    let output = space.command(&arguments).output().unwrap();
    let words = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{words}");
    assert!(words.contains("oci-archive:-:it sha256:"), "{words}");
    space
        .kiln(&["build", "--output=type=oci,dest=x.tar", "image"])
        .expect(0);
    let file = std::fs::read(space.path("x.tar")).unwrap();
    assert!(
        output.stdout == file,
        "{} bytes, {}",
        output.stdout.len(),
        file.len()
    );
}

#[test]
fn a_second_run_keeps_the_other_image_and_crane_pushes_a_layout_of_one() {
    let Some(space) = family() else {
        return;
    };
    space
        .kiln(&["build", "-o", "oci-layout=out", "image"])
        .expect(0);
    let layout = space.path("out");
    let name = format!("{}/{}-crane:1", space.lab.registry, space.repository());
    space
        .lab
        .bytes_of("crane", ["push", layout.to_str().unwrap(), &name]);
    let image = |name: &str| {
        let image = format!("oci:{}:{name}", layout.display());
        sha256(&space.lab.bytes_of("skopeo", ["inspect", "--raw", &image]))
    };
    let parent = image("it");
    assert_eq!(space.lab.text_of("crane", ["digest", &name]).trim(), parent);

    let arguments = ["build", "-o", "oci-layout=out", "child", "--format=json"];
    let run = space.kiln(&arguments).expect(0);
    assert_eq!(image("it"), parent);
    assert_eq!(image("kind"), digests(&run)[1].1);
    verified(&layout);
}

#[test]
fn a_layout_that_was_written_is_a_base() {
    let Some(space) = family() else {
        return;
    };
    space
        .kiln(&["build", "-o", "oci-layout=r/layout", "image"])
        .expect(0);
    space.file(
        "d/recipe.yaml",
        "kiln: 1\nname: enkel\nrepository: live/UNIQUE-on\ntags: [it]\n\
         base: {oci: \"../r/layout:it\"}\nsteps:\n  - run: test \"$(cat /srv/made)\" = \"parent UNIQUE\"\n",
    );
    space.kiln(&["build", "enkel"]).expect(0);
}

#[test]
fn what_is_on_its_way_is_no_file_of_the_workspace() {
    let Some(space) = family() else {
        return;
    };
    space.file(
        "c/recipe.yaml",
        "kiln: 1\nname: child\nrepository: live/UNIQUE-child\ntags: [kind]\nbase: {recipe: image}\n\
         steps:\n  - copy: {src: /, to: /all}\n  - run: ls -a /all; ! ls -a /all | grep output\n",
    );
    // The parent's content is beside the file, in the folder that the child copies.
    space
        .kiln(&["build", "-o", "type=oci,dest=x.tar"])
        .expect(0);
}

/// A small disk, until it is dropped.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(at: PathBuf, size: &str) -> Self {
        std::fs::create_dir_all(&at).unwrap();
        let options = format!("size={size}");
        let mut mount = Command::new("mount");
        mount
            .args(["-t", "tmpfs", "-o", &options, "tmpfs"])
            .arg(&at);
        assert!(mount.status().unwrap().success());
        Self(at)
    }

    fn content(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.0).unwrap();
        let name = |entry: std::io::Result<std::fs::DirEntry>| {
            entry.unwrap().file_name().into_string().unwrap()
        };
        entries.map(name).collect()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_is_named_with_what_to_do_and_nothing_is_left_there() {
    let Some(space) = family() else {
        return;
    };
    // One platform fits and two do not; both fit and their archive does not.
    let rows = [
        ("1200k", "oci-layout=klein/größe", "klein/größe"),
        ("1200k", "type=oci,dest=klein/x.tar", "klein/x.tar"),
        ("3600k", "type=oci,dest=klein/x.tar", "klein/x.tar"),
    ];
    for (size, output, named) in rows {
        let disk = SmallDisk::mount(space.path("klein"), size);
        let message = format!("cannot write to `{named}`: No space left on device");
        let next = "next: make room there, or name another place by --output";
        let arguments = ["build", "--push", "-o", output, "image"];
        space.kiln(&arguments).expect(2).says(&[&message, next]);
        assert_eq!(disk.content(), [""; 0], "{output}");
        // What fails while platforms are on their way fails before a tag is touched.
        assert_eq!(space.is_published(), size == "3600k", "{output}");
    }
}

#[test]
fn an_interrupted_build_leaves_nothing_in_the_place() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe("steps:\n  - run: echo asleep UNIQUE; sleep 60\n");
    let arguments = ["build", "-o", "oci-layout=out/größe", "--progress=plain"];
    let mut child = start(space.command(&arguments));
    let lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let mut lines = lines.map(Result::unwrap);
    assert!(lines.any(|line| line.contains("│   asleep")));
    assert!(space.path("out/größe").exists());
    let mut kill = Command::new("kill");
    kill.args(["-INT", &child.id().to_string()]);
    assert!(kill.status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(!space.path("out").exists());
}
