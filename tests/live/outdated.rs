//! What is out of date, asked of a real registry from two machines that share nothing else.

use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use crate::workspace::{Run, Workspace, run};

/// Another home and another checkout of the same repository; nobody has built anything in it.
struct Elsewhere {
    folder: TempDir,
}

impl Elsewhere {
    fn of(space: &Workspace) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let elsewhere = Self { folder };
        elsewhere.check_out(space);
        elsewhere
    }

    /// What a checkout has: everything but what is never committed.
    fn check_out(&self, space: &Workspace) {
        copy(space.root(), &self.root());
    }

    fn root(&self) -> PathBuf {
        self.folder.path().join("안녕/checkout")
    }

    /// The program here, which has no builder to talk to.
    fn kiln(&self, space: &Workspace, args: &[&str]) -> Run {
        let mut command = space.command(args);
        command
            .current_dir(self.root())
            .env("HOME", self.folder.path())
            .env("BUILDKIT_HOST", "tcp://127.0.0.1:1");
        run(command)
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        if entry.file_name() == ".kiln" {
            continue;
        }
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// A base, two images on it, a child of the first, and one on another base. All are published.
fn published() -> Option<(Workspace, Workspace)> {
    let base = Workspace::new()?;
    base.recipe("steps:\n  - write: {path: /base, content: eins}\n");
    base.publish();
    let space = Workspace::new()?;
    let of = base.reference();
    let recipe = |name: &str, body: &str| {
        let head = format!("kiln: 1\nname: {name}\nrepository: live/UNIQUE/{name}\ntags: [it]\n");
        space.file(&format!("{name}/recipe.yaml"), &format!("{head}{body}"));
    };
    space.file("first/앱/a.txt", "가");
    space.file("second/b.txt", "나");
    let copy = |src: &str| format!("steps:\n  - copy: {{src: {src}, to: /c}}\n");
    recipe("first", &format!("base: {of}\n{}", copy("앱")));
    recipe("second", &format!("base: {of}\n{}", copy("b.txt")));
    recipe(
        "third",
        "base: {recipe: first}\nsteps:\n  - write: {path: /third, content: 셋}\n",
    );
    recipe(
        "other",
        "base: docker.io/kiln-test/tiny:1\nsteps:\n  - write: {path: /other, content: 다른}\n",
    );
    space.kiln(&["build", "--push"]).expect(0);
    Some((base, space))
}

/// The document, which must be the same on both machines.
fn agreed(space: &Workspace, elsewhere: &Elsewhere, code: i32) -> Value {
    let args = ["outdated", "--format", "json"];
    let here = space.kiln(&args).expect(code).json();
    assert_eq!(elsewhere.kiln(space, &args).expect(code).json(), here);
    here
}

/// Recipes that are not current, each with the kinds of its reasons.
fn stale(document: &Value) -> Vec<(String, Vec<String>)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let images = document["images"].as_array().unwrap().iter();
    let mut all: Vec<_> = images
        .filter(|image| image["state"] != "current")
        .map(|image| {
            let reasons = image["reasons"].as_array().unwrap().iter();
            let mut kinds: Vec<String> = reasons.map(|it| text(&it["kind"])).collect();
            kinds.dedup();
            (text(&image["name"]), kinds)
        })
        .collect();
    all.sort();
    all
}

fn expected(rows: &[(&str, &str)]) -> Vec<(String, Vec<String>)> {
    let row = |(name, kind): &(&str, &str)| ((*name).to_owned(), vec![(*kind).to_owned()]);
    rows.iter().map(row).collect()
}

#[test]
fn two_machines_agree_on_what_is_current_and_on_why_the_rest_is_not() {
    let Some((base, space)) = published() else {
        return;
    };
    let elsewhere = Elsewhere::of(&space);
    assert_eq!(stale(&agreed(&space, &elsewhere, 0)), []);

    // One file: one image, since nothing begins with it.
    space.file("second/b.txt", "다");
    elsewhere.check_out(&space);
    let rows = [("second", "file")];
    assert_eq!(stale(&agreed(&space, &elsewhere, 8)), expected(&rows));
    space.file("second/b.txt", "나");
    space.file("first/앱/a.txt", "라");
    elsewhere.check_out(&space);
    let rows = [("first", "file"), ("third", "parent")];
    assert_eq!(stale(&agreed(&space, &elsewhere, 8)), expected(&rows));
    space.file("first/앱/a.txt", "가");
    elsewhere.check_out(&space);
    assert_eq!(stale(&agreed(&space, &elsewhere, 0)), []);

    // A base that is pushed anew: exactly what begins with it, and what begins with that.
    base.recipe("steps:\n  - write: {path: /base, content: zwei}\n");
    base.publish();
    let document = agreed(&space, &elsewhere, 8);
    let rows = [("first", "base"), ("second", "base"), ("third", "parent")];
    assert_eq!(stale(&document), expected(&rows));
    let reason = &document["images"][0]["reasons"][0];
    assert_eq!(reason["line"], 5);
    let message = reason["message"].as_str().unwrap();
    assert_eq!(message.matches(" (2025-01-01)").count(), 2, "{message}");
    let below = ["graph", "--dependents-of", &base.reference()];
    let below = space.kiln(&below).expect(0).stdout;
    assert!(below.ends_with("3 images, 1 base\n"), "{below}");

    // What is built anew is current on both.
    space.kiln(&["build", "--push"]).expect(0);
    assert_eq!(stale(&agreed(&space, &elsewhere, 0)), []);
    let story = space.kiln(&["why", "first"]).expect(0).stdout;
    assert!(story.contains("\n  record   2"), "{story}");
    let story = elsewhere.kiln(&space, &["why", "first"]).expect(0).stdout;
    assert!(
        story.contains("\n  record   none on this machine"),
        "{story}"
    );
}
