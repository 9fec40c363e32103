//! Outputs: image layouts and archives of them, with the index that a push publishes.

use std::collections::BTreeMap;
use std::io::{Read as _, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use kiln::buildkit::Received;
use kiln::oci::layout::{IMAGE_NAME, REF_NAME, blob_path, digest_at};
use kiln::oci::{Descriptor, Digest, Index, Manifest};
use kiln::ops::OpError;
use kiln::ops::build::{
    ArchiveDest, BuildOptions, ByteSink, FailurePolicy, ImageState, Output, OutputState,
};

use crate::build::{AMD64, ARM64, Act, Workshop, Wrong, kinds, leg, solved};

const APP: &str = "base: debian:12\nlabels: {größe: 한글}\nsteps:\n  - run: echo app\n";
const CHILD: &str = "base: {recipe: app}\nsteps:\n  - run: echo child\n";

/// A folder's files, or a tar's, by path.
pub(crate) type Files = BTreeMap<PathBuf, Vec<u8>>;

pub(crate) fn layout(shop: &Workshop, path: &str) -> Output {
    Output::Layout(shop.path(path))
}

pub(crate) fn archive(shop: &Workshop, path: &str) -> Output {
    Output::Archive(ArchiveDest::File(shop.path(path)))
}

pub(crate) fn into(outputs: Vec<Output>) -> BuildOptions {
    BuildOptions {
        outputs,
        ..BuildOptions::default()
    }
}

pub(crate) fn files(folder: &Path) -> Files {
    let all = walkdir::WalkDir::new(folder).into_iter();
    all.map(Result::unwrap)
        .filter(|entry| entry.file_type().is_file())
        .map(|entry| {
            let path = entry.path().strip_prefix(folder).unwrap().to_owned();
            (path, std::fs::read(entry.path()).unwrap())
        })
        .collect()
}

fn untar(bytes: &[u8]) -> Files {
    let mut archive = tar::Archive::new(bytes);
    let entries = archive.entries().unwrap().map(Result::unwrap);
    let files = entries.filter(|entry| entry.header().entry_type().is_file());
    files
        .map(|mut entry| {
            let mut content = Vec::new();
            entry.read_to_end(&mut content).unwrap();
            (entry.path().unwrap().into_owned(), content)
        })
        .collect()
}

fn blob<'a>(files: &'a Files, digest: &Digest) -> &'a [u8] {
    let found = files.get(&blob_path(digest));
    found.unwrap_or_else(|| panic!("{digest} is missing"))
}

/// The index of each image by its name. All that it leads to must be there, and have its digest.
pub(crate) fn images(files: &Files) -> BTreeMap<String, Digest> {
    assert_eq!(
        files[Path::new("oci-layout")],
        br#"{"imageLayoutVersion":"1.0.0"}"#
    );
    for (path, content) in files {
        if let Some(digest) = digest_at(path) {
            assert_eq!(digest.same_algorithm_of(content), digest);
        }
    }
    let list: Index = serde_json::from_slice(&files[Path::new("index.json")]).unwrap();
    let whole = |entry: &Descriptor| {
        assert_eq!(blob(files, &entry.digest).len() as u64, entry.size);
    };
    let named = list.manifests.iter().map(|entry| {
        whole(entry);
        let index: Index = serde_json::from_slice(blob(files, &entry.digest)).unwrap();
        for child in index.manifests {
            whole(&child);
            let manifest: Manifest = serde_json::from_slice(blob(files, &child.digest)).unwrap();
            manifest.layers.iter().for_each(whole);
            whole(&manifest.config);
        }
        let name = entry.annotations.as_ref().unwrap()[REF_NAME].clone();
        (name, entry.digest.clone())
    });
    named.collect()
}

/// What lies in a folder of the workspace, without what is hidden.
fn listed(shop: &Workshop, path: &str) -> Vec<String> {
    let entries = std::fs::read_dir(shop.path(path)).into_iter().flatten();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_layout_and_an_archive_have_the_index_that_a_push_publishes_and_leave_no_record() {
    let shop = Workshop::new().await;
    shop.recipe("app", APP);
    let outputs = vec![layout(&shop, "größe/out"), archive(&shop, "tar/app.tar")];
    let report = shop.build(&into(outputs)).await.unwrap();
    let index = report.images[0].index.clone().unwrap().0;
    let expected = BTreeMap::from([("1".to_owned(), index.clone())]);
    assert_eq!(images(&files(&shop.path("größe/out"))), expected);
    let tar = std::fs::read(shop.path("tar/app.tar")).unwrap();
    assert_eq!(images(&untar(&tar)), expected);
    assert_eq!(untar(&tar), files(&shop.path("größe/out")));
    assert_eq!(listed(&shop, "tar"), ["app.tar"]);
    assert_eq!(
        listed(&shop, "größe/out"),
        ["blobs", "index.json", "oci-layout"]
    );
    assert_eq!((shop.tag("app:1"), shop.puts()), (None, Vec::new()));
    assert!(!shop.path(".kiln/records.jsonl").exists());
    shop.pushed().await;
    assert_eq!(shop.tag("app:1"), Some(index));
}

#[tokio::test]
async fn a_push_and_an_output_are_one_solve_per_platform() {
    let shop = Workshop::new().await;
    shop.recipe("app", APP);
    let options = BuildOptions {
        push: true,
        ..into(vec![layout(&shop, "out")])
    };
    let report = shop.build(&options).await.unwrap();
    assert_eq!(shop.solver.seen().len(), 2);
    let found = images(&files(&shop.path("out")));
    assert_eq!(shop.tag("app:1").as_ref(), Some(&found["1"]));
    assert_eq!(shop.records()[0].draft.index.digest, found["1"]);
    assert_eq!(
        report.outputs[0].images,
        BTreeMap::from([(0, vec!["1".to_owned()])])
    );
}

#[tokio::test]
async fn a_child_is_built_on_its_parent_as_it_was_staged() {
    let shop = Workshop::new().await;
    shop.recipe("app", APP);
    shop.recipe("child", CHILD);
    let report = shop.build(&into(vec![layout(&shop, "out")])).await.unwrap();
    let found = files(&shop.path("out"));
    let names = images(&found);
    assert_eq!(
        names.keys().collect::<Vec<_>>(),
        ["team/app:1", "team/child:1"],
        "both have the tag `1`"
    );
    for platform in [AMD64, ARM64] {
        let manifest = |name: &str| {
            let index: Index = serde_json::from_slice(blob(&found, &names[name])).unwrap();
            let digest = index.images()[&platform].digest.clone();
            let manifest = serde_json::from_slice(blob(&found, &digest)).unwrap();
            (digest, manifest)
        };
        let (parent, of_parent): (Digest, Manifest) = manifest("team/app:1");
        let (child, of_child): (Digest, Manifest) = manifest("team/child:1");
        let notes = of_child.annotations.unwrap();
        assert_eq!(
            notes["org.opencontainers.image.base.digest"],
            parent.as_str()
        );
        assert_eq!(
            notes["org.opencontainers.image.base.name"],
            Workshop::reference("app:1").to_string()
        );
        let count = of_parent.layers.len();
        assert_eq!(of_child.layers[..count], of_parent.layers);
        assert_eq!(of_child.layers.len(), count + 1);
        let built = solved(leg(&report, "child", platform));
        assert_eq!(built.manifest.as_ref().unwrap().digest, child);
    }
}

#[tokio::test]
async fn a_parent_that_is_only_needed_is_not_written() {
    let shop = Workshop::new().await;
    shop.recipe("app", APP);
    shop.recipe("child", CHILD);
    let options = BuildOptions {
        selectors: vec!["child".to_owned()],
        ..into(vec![layout(&shop, "out"), archive(&shop, "child.tar")])
    };
    shop.build(&options).await.unwrap();
    let names = images(&files(&shop.path("out")));
    assert_eq!(names.keys().collect::<Vec<_>>(), ["1"]);
    let tar = std::fs::read(shop.path("child.tar")).unwrap();
    assert_eq!(images(&untar(&tar)), names);
}

#[tokio::test]
async fn a_second_run_keeps_the_other_image_and_takes_only_what_is_new() {
    let shop = Workshop::new().await;
    shop.recipe("app", APP);
    shop.build(&into(vec![layout(&shop, "out")])).await.unwrap();
    let first = images(&files(&shop.path("out")));
    shop.recipe(
        "other",
        "base: debian:12\ntags: [둘, x]\n"
            .replace("둘", "zwei")
            .as_str(),
    );
    shop.build(&into(vec![layout(&shop, "out")])).await.unwrap();
    let sent = shop.solver.sent();
    let count = |wanted: Received| sent.iter().filter(|sent| **sent == Ok(wanted)).count();
    assert_eq!(count(Received::AlreadyHere), 2, "app, on both platforms");
    assert_eq!(count(Received::Whole), 4);
    let found = files(&shop.path("out"));
    let names = images(&found);
    assert_eq!(names.keys().collect::<Vec<_>>(), ["1", "x", "zwei"]);
    assert_eq!((&names["1"], &names["x"]), (&first["1"], &names["zwei"]));
    let list: Index = serde_json::from_slice(&found[Path::new("index.json")]).unwrap();
    let full = list.manifests[2].annotations.as_ref().unwrap()[IMAGE_NAME].clone();
    assert_eq!(full, Workshop::reference("other:zwei").to_string());

    shop.recipe("app", &APP.replace("echo app", "echo anders"));
    shop.build(&into(vec![layout(&shop, "out")])).await.unwrap();
    let again = images(&files(&shop.path("out")));
    assert_ne!(again["1"], first["1"]);
    assert_eq!(again["x"], names["x"]);
}

#[tokio::test]
async fn damaged_content_of_a_layout_is_not_trusted_but_replaced() {
    let shop = Workshop::new().await;
    shop.recipe("app", APP);
    shop.build(&into(vec![layout(&shop, "out")])).await.unwrap();
    let before = files(&shop.path("out"));
    for path in before.keys().filter(|path| digest_at(path).is_some()) {
        let mut damaged = before[path].clone();
        damaged[0] ^= 1;
        std::fs::write(shop.path("out").join(path), damaged).unwrap();
    }
    shop.build(&into(vec![layout(&shop, "out")])).await.unwrap();
    assert_eq!(files(&shop.path("out")), before);
}

#[tokio::test]
async fn an_archive_that_is_not_whole_fails_its_leg_and_leaves_nothing() {
    let rows = [
        (Wrong::Gone, "is missing"),
        (Wrong::Damaged, "archive is not whole: sha256:"),
        (Wrong::Torn, "archive is not whole"),
        (Wrong::Architecture, "is not what was asked for"),
        (Wrong::Size, "is missing"),
    ];
    for (wrong, words) in rows {
        let shop = Workshop::new().await;
        shop.recipe("app", APP);
        shop.solver.on(Some(ARM64), "", Act::Wrong(wrong));
        let report = shop.build(&into(vec![layout(&shop, "out")])).await.unwrap();
        let image = &report.images[0];
        assert_eq!(image.state, ImageState::Failed);
        assert_eq!(kinds(image), ["built", "builder"], "{wrong:?}");
        let text = format!("{:?}", image.legs[&ARM64].state);
        assert!(text.contains(words), "{wrong:?}: {text}");
        assert!(!shop.path("out").exists(), "{wrong:?}");
    }
}

#[tokio::test]
async fn of_a_run_with_a_failure_a_layout_has_the_rest_and_an_archive_is_not_written() {
    let shop = Workshop::new().await;
    shop.recipe("app", APP);
    shop.recipe(
        "other",
        "base: debian:12\ntags: [zwei]\nsteps:\n  - run: echo größer\n",
    );
    let step = "echo größer";
    shop.solver
        .on(Some(ARM64), step, Act::Fail { step, code: 3 });
    let options = BuildOptions {
        failure: FailurePolicy::KeepGoing,
        ..into(vec![archive(&shop, "all.tar"), layout(&shop, "out")])
    };
    let report = shop.build(&options).await.unwrap();
    let names = images(&files(&shop.path("out")));
    assert_eq!(names.keys().collect::<Vec<_>>(), ["1"]);
    assert!(!shop.path("all.tar").exists());
    let [tar, out] = &report.outputs[..] else {
        panic!("two outputs");
    };
    assert!(matches!(&tar.state, OutputState::Incomplete(missing) if missing == "team/other:zwei"));
    assert!(matches!(out.state, OutputState::Written));
    assert!(
        !listed(&shop, ".")
            .iter()
            .any(|name| name.contains("output"))
    );
}

/// A stream that a test can read.
#[derive(Clone, Default)]
struct Stream(Arc<Mutex<Vec<u8>>>);

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn an_archive_has_the_same_bytes_each_time_in_a_file_and_in_a_stream() {
    let shop = Workshop::new().await;
    shop.recipe("app", APP);
    shop.recipe(
        "other",
        "base: debian:12\ntags: [a, b]\nsteps:\n  - run: echo 다른\n",
    );
    let stream = Stream::default();
    let sink = ByteSink::new(stream.clone());
    let outputs = vec![
        Output::Archive(ArchiveDest::Stream(sink)),
        archive(&shop, "one.tar"),
    ];
    shop.build(&into(outputs)).await.unwrap();
    shop.build(&into(vec![archive(&shop, "two.tar")]))
        .await
        .unwrap();
    let read = |path| std::fs::read(shop.path(path)).unwrap();
    assert_eq!(*stream.0.lock().unwrap(), read("one.tar"));
    assert_eq!(read("one.tar"), read("two.tar"));
    let bytes = read("one.tar");
    let mut tar = tar::Archive::new(&bytes[..]);
    let mut paths = Vec::new();
    for entry in tar.entries().unwrap() {
        let entry = entry.unwrap();
        let header = entry.header();
        let owner = (header.uid().unwrap(), header.gid().unwrap());
        assert_eq!((owner, header.mtime().unwrap()), ((0, 0), 0));
        paths.push(entry.path().unwrap().into_owned());
    }
    assert!(paths.is_sorted());
    let written: Vec<String> = listed(&shop, ".kiln");
    assert!(
        !written.iter().any(|name| name.contains("output")),
        "{written:?}"
    );
}

#[tokio::test]
async fn a_place_that_cannot_be_the_output_is_refused_before_anything_is_built() {
    let shop = Workshop::new().await;
    shop.recipe("app", APP);
    shop.write("fremd/한글.txt", "x");
    shop.write("alt/oci-layout", r#"{"imageLayoutVersion":"9"}"#);
    shop.write("kaputt/oci-layout", r#"{"imageLayoutVersion":"1.0.0"}"#);
    shop.write("kaputt/index.json", "{");
    let rows = [
        (vec![layout(&shop, "fremd")], "`한글.txt` is in it"),
        (vec![layout(&shop, "alt")], "version `9` is unknown"),
        (vec![layout(&shop, "kaputt")], "its `index.json` is no"),
        (vec![layout(&shop, "kiln.yaml")], "it is no folder"),
        (vec![archive(&shop, "fremd")], "it is a folder, not a file"),
        (vec![archive(&shop, "kiln.yaml/x.tar")], "cannot write to"),
        (
            vec![layout(&shop, "out"), layout(&shop, "out")],
            "two outputs go to",
        ),
    ];
    for (outputs, words) in rows {
        let OpError::Usage { message, next } = shop.build(&into(outputs)).await.unwrap_err() else {
            panic!("{words}: not a usage error");
        };
        assert!(message.contains(words), "{words}: {message}");
        assert!(next.is_some(), "{message}");
    }
    assert!(shop.solver.seen().is_empty());
    assert_eq!(listed(&shop, "fremd"), ["한글.txt"]);
    assert!(!shop.path("out").exists());
}
