//! Graphs as files: others read them, and build the same from them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::lab::BOTH;
use crate::published::sha256;
use crate::workspace::Workspace;

fn llb(space: &Workspace, folder: &str) -> BTreeMap<String, PathBuf> {
    space.kiln(&["plan", "--llb", folder]).expect(0);
    BOTH.into_iter()
        .map(|platform| {
            let name = format!(
                "live_{}_it.{}.llb",
                space.unique,
                platform.replace('/', "-")
            );
            (platform.to_owned(), space.path(folder).join(name))
        })
        .collect()
}

const EVERYTHING: &str = "workdir: /w
env: {A: \"안녕 UNIQUE\"}
stages:
  made: {base: docker.io/kiln-test/tiny:1, steps: [{run: \"uname -m > /m; echo UNIQUE\"}]}
steps:
  - run: cat a.txt; echo UNIQUE $(uname -m) > ran
    mounts: [{path: a.txt, src: app-UNIQUE/a.txt}, {path: /t, tmpfs: true}]
    cache: [/var/c]
  - copy: {src: app-UNIQUE, to: /srv, exclude: [\"*.pyc\"], owner: \"1:1\"}
  - copy: {from: made, src: /m, to: /m}
  - write: {path: /x, content: UNIQUE}
  - link: {path: /l, target: x}
  - remove: \"/etc/os-*\"
";

/// Nothing in these graphs tells one workspace's files from another's but their names: the daemon takes
/// equal sources of builds that run at the same time for one.
fn everything() -> Option<Workspace> {
    let space = Workspace::new()?;
    let folder = format!("r/app-{}", space.unique);
    space.file(&format!("{folder}/a.txt"), "a UNIQUE\n");
    space.file(&format!("{folder}/b.pyc"), "b");
    space.recipe(EVERYTHING);
    Some(space)
}

#[test]
fn buildctl_reads_the_files_and_sees_the_same_ops() {
    let Some(space) = everything() else { return };
    for (platform, path) in llb(&space, "out") {
        let dump = space.lab.buildctl_reading(&["debug", "dump-llb"], &path);
        let ops: Vec<Value> = serde_json::Deserializer::from_slice(&dump)
            .into_iter()
            .map(Result::unwrap)
            .collect();
        let kinds = |kind: &str| {
            ops.iter()
                .filter(|op| op["Op"]["Op"].get(kind).is_some())
                .count()
        };
        assert_eq!(kinds("exec"), 2, "{platform}");
        assert!(kinds("file") >= 2 && kinds("source") >= 3, "{platform}");
        // Our own text of the graph has an entry for each op.
        let text = std::fs::read_to_string(path.with_extension("txt")).unwrap();
        let entries = text.lines().filter(|line| line.starts_with('#')).count();
        assert_eq!(entries, ops.len(), "{text}");
    }
}

/// Digests of the layers in an OCI layout's tarball with one image.
fn exported_layers(tar: &Path) -> Vec<String> {
    let bytes = std::fs::read(tar).unwrap();
    let files: BTreeMap<String, Vec<u8>> = crate::layers::entries(&bytes)
        .into_iter()
        .map(|entry| (entry.path, entry.content))
        .collect();
    let index: Value = serde_json::from_slice(&files["index.json"]).unwrap();
    let blob =
        |digest: &Value| &files[&format!("blobs/{}", digest.as_str().unwrap().replace(':', "/"))];
    let manifest: Value = serde_json::from_slice(blob(&index["manifests"][0]["digest"])).unwrap();
    let layers = manifest["layers"].as_array().unwrap().iter();
    layers
        .map(|layer| {
            assert_eq!(
                sha256(blob(&layer["digest"])),
                layer["digest"].as_str().unwrap()
            );
            layer["digest"].as_str().unwrap().to_owned()
        })
        .collect()
}

#[test]
fn buildctl_builds_the_same_layers_from_the_files() {
    let Some(space) = everything() else { return };
    let files = llb(&space, "out");
    let image = space.publish();
    for (platform, path) in files {
        let tar = path.with_extension("tar");
        let output = format!("--output=type=oci,dest={}", tar.display());
        let local = format!("--local=context={}", space.root().display());
        let args = ["build", "--progress=plain", &local, &output];
        space.lab.buildctl_reading(&args, &path);
        assert_eq!(
            exported_layers(&tar),
            image.on(&platform).layer_digests(),
            "{platform}"
        );
    }
}

#[test]
fn what_buildctl_built_from_a_file_is_known_to_the_build() {
    let Some(space) = everything() else { return };
    for path in llb(&space, "out").values() {
        let local = format!("--local=context={}", space.root().display());
        space
            .lab
            .buildctl_reading(&["build", "--progress=plain", &local], path);
    }
    let run = space.kiln(&["build"]).expect(0);
    assert!(!run.stderr.contains("│ ✓ run"), "{}", run.stderr);
}

#[test]
fn the_same_recipe_in_two_folders_is_the_same_bytes_every_time() {
    let (Some(one), Some(two)) = (everything(), everything()) else {
        return;
    };
    // The other checkout has other times and another owner's permissions, but the same files.
    let files = [
        "r/recipe.yaml".to_owned(),
        format!("r/app-{}/a.txt", one.unique),
    ];
    for path in files {
        two.bytes(&path, &std::fs::read(one.path(&path)).unwrap());
    }
    let expected: Vec<Vec<u8>> = llb(&one, "out")
        .values()
        .map(|path| std::fs::read(path).unwrap())
        .collect();
    for round in 0..50 {
        for space in [&one, &two] {
            let folder = format!("out{round}");
            space.kiln(&["plan", "--llb", &folder]).expect(0);
            let name = |platform| format!("{folder}/live_{}_it.{platform}.llb", one.unique);
            let found = ["linux-amd64", "linux-arm64"]
                .map(|it| std::fs::read(space.path(&name(it))).unwrap());
            assert_eq!(found.as_slice(), expected, "round {round}");
        }
    }
}
