//! Which images a rebuild is about.

use std::collections::BTreeSet;

use kiln::ops::OpError;
use kiln::ops::build::BuildOptions;
use kiln::ops::rebuild::{RebuildOptions, RebuildReport, Scope, Verdict};

use crate::build::{AMD64, ARM64, Workshop, move_base, rebuild, rebuild_with, verdicts};

/// What was built of a scope.
async fn built(shop: &Workshop, scope: Scope) -> BTreeSet<String> {
    built_by(&rebuild(shop, scope).await.unwrap())
}

fn built_by(report: &RebuildReport) -> BTreeSet<String> {
    let all = verdicts(report).into_iter();
    all.filter(|(_, verdict)| *verdict == Verdict::Published)
        .map(|(name, _)| name.to_owned())
        .collect()
}

fn names(all: &[&str]) -> BTreeSet<String> {
    all.iter().map(|&name| name.to_owned()).collect()
}

/// A parent with a child, and two images that stand on other bases or copy from them, all built.
async fn shop() -> Workshop {
    let shop = Workshop::new().await;
    shop.seed("alpine:3", &[AMD64, ARM64]).await;
    shop.recipe("mutter", "base: debian:12\nsteps:\n  - run: echo größer\n");
    shop.recipe("kind", "base: {recipe: mutter}\nsteps:\n  - run: echo 딸\n");
    shop.recipe(
        "copies",
        "base: scratch\nsteps:\n  - copy: {from: {image: alpine:3}, src: /bin/sh, to: /sh}\n",
    );
    shop.recipe("alone", "base: scratch\nlabels: {wer: 나}\n");
    rebuild(&shop, Scope::Stale).await.unwrap();
    shop
}

#[tokio::test]
async fn dependents_of_a_base_are_meant_by_every_name_of_it() {
    let shop = shop().await;
    let rows = [
        "debian:12",
        "docker.io/library/debian:12",
        "library/debian:12",
        "debian",
    ];
    for (number, name) in rows.into_iter().enumerate() {
        let word = format!("새 {number}");
        move_base(&shop, "debian:12", &word).await;
        move_base(&shop, "alpine:3", &word).await;
        let scope = Scope::DependentsOf(name.to_owned());
        assert_eq!(
            built(&shop, scope).await,
            names(&["mutter", "kind"]),
            "{name}"
        );
    }
    let scope = Scope::DependentsOf("alpine:3".to_owned());
    assert_eq!(built(&shop, scope.clone()).await, names(&["copies"]));
    assert_eq!(built(&shop, scope).await, names(&[]));
}

#[tokio::test]
async fn dependents_of_an_image_are_meant_by_its_names_and_references() {
    let shop = shop().await;
    let rows = [
        "mutter",
        "team/mutter:1",
        "127.0.0.1:5999/team/mutter:1",
        "mu*",
    ];
    for (number, name) in rows.into_iter().enumerate() {
        shop.recipe(
            "kind",
            &format!("base: {{recipe: mutter}}\nsteps:\n  - run: echo {number}\n"),
        );
        move_base(&shop, "alpine:3", name).await;
        let scope = Scope::DependentsOf(name.to_owned());
        assert_eq!(built(&shop, scope).await, names(&["kind"]), "{name}");
    }
}

#[tokio::test]
async fn a_base_that_nothing_stands_on_is_an_error_and_one_that_selectors_leave_nothing_of_is_not()
{
    let shop = shop().await;
    for unknown in ["debain:12", "debian:13", "한국", "alone:2"] {
        let error = rebuild(&shop, Scope::DependentsOf(unknown.to_owned())).await;
        let error = error.unwrap_err();
        assert!(matches!(error, OpError::Usage { .. }), "{error:?}");
        assert!(error.to_string().contains(unknown));
        assert!(error.next_step().unwrap().contains("kiln plan"));
    }
    let options = RebuildOptions {
        scope: Scope::DependentsOf("debian:12".to_owned()),
        build: BuildOptions {
            selectors: vec!["alone".to_owned()],
            ..BuildOptions::default()
        },
    };
    let report = rebuild_with(&shop, &options, shop.backends(), |_| {}).await;
    assert!(report.unwrap().images.is_empty());
}

const SHARED: &str = "kiln: 1\nenv: {WORT: größe}\n";
const SNIPPET: &str = "kiln: 1\ninputs: {}\nsteps:\n  - run: echo 조각\n";

/// One image for each way in which a file gets into one, and one child; committed and built.
async fn checkout() -> Workshop {
    let shop = Workshop::new().await;
    let body = "base: debian:12\n";
    shop.write("gemeinsam/teil.yaml", SHARED);
    shop.write("snippets/stück.yaml", SNIPPET);
    shop.write("vorlagen/größe.hbs", "안녕\n");
    shop.write("앱/sub/a.txt", "가");
    shop.recipe("by-recipe", body);
    shop.recipe(
        "by-fragment",
        &format!("extends: ../gemeinsam/teil.yaml\n{body}"),
    );
    let used = format!("{body}steps:\n  - use: /snippets/stück.yaml\n");
    shop.recipe("by-snippet", &used);
    let template = "steps:\n  - write: {path: /g, template: ../vorlagen/größe.hbs}\n";
    shop.recipe("by-template", &format!("{body}{template}"));
    let copy = "steps:\n  - copy: {src: ../앱/, to: /srv/}\n";
    shop.recipe("by-copy", &format!("{body}{copy}"));
    shop.recipe("child", "base: {recipe: by-copy}\n");
    shop.git(&["init", "--quiet"]);
    shop.git(&["add", "."]);
    shop.git(&["commit", "--quiet", "-m", "eins"]);
    rebuild(&shop, Scope::Stale).await.unwrap();
    // Everything is stale from here on; a revision says what of it is meant.
    move_base(&shop, "debian:12", "새").await;
    shop
}

fn since(revision: &str) -> Scope {
    Scope::ChangedSince(revision.to_owned())
}

#[tokio::test]
async fn a_changed_file_means_the_images_that_are_made_of_it_and_what_stands_on_them() {
    let rows: [(&str, &str, &[&str]); 6] = [
        (
            "gemeinsam/teil.yaml",
            "kiln: 1\nenv: {WORT: 둘}\n",
            &["by-fragment"],
        ),
        (
            "snippets/stück.yaml",
            "kiln: 1\ninputs: {}\nsteps:\n  - run: echo 둘\n",
            &["by-snippet"],
        ),
        ("vorlagen/größe.hbs", "둘\n", &["by-template"]),
        ("앱/sub/a.txt", "둘", &["by-copy", "child"]),
        ("앱/neu.txt", "둘", &["by-copy", "child"]),
        ("sonst.txt", "둘", &[]),
    ];
    for (path, text, expected) in rows {
        let shop = checkout().await;
        assert_eq!(built(&shop, since("HEAD")).await, names(&[]), "{path}");
        shop.write(path, text);
        assert_eq!(built(&shop, since("HEAD")).await, names(expected), "{path}");
        // What is done is current, although it still differs.
        assert_eq!(built(&shop, since("HEAD")).await, names(&[]), "{path}");
    }
}

#[tokio::test]
async fn a_changed_recipe_counts_as_much_when_it_is_committed_and_a_file_when_it_is_gone() {
    let shop = checkout().await;
    shop.recipe("by-recipe", "base: debian:12\nlabels: {a: 둘}\n");
    std::fs::remove_file(shop.path("앱/sub/a.txt")).unwrap();
    shop.write("앱/b.txt", "둘");
    shop.git(&["add", "."]);
    shop.git(&["commit", "--quiet", "-m", "zwei"]);
    let scope = since("HEAD~1");
    let all = names(&["by-recipe", "by-copy", "child"]);
    assert_eq!(built(&shop, scope).await, all);
    assert_eq!(built(&shop, since("HEAD")).await, names(&[]));
}

#[tokio::test]
async fn the_workspace_file_concerns_every_image() {
    let shop = checkout().await;
    let text = std::fs::read_to_string(shop.path("kiln.yaml")).unwrap();
    shop.write("kiln.yaml", &format!("{text}# 설명\n"));
    assert_eq!(built(&shop, since("HEAD")).await.len(), 6);
}

#[tokio::test]
async fn a_revision_that_is_not_there_and_a_folder_that_is_no_checkout_are_errors() {
    let shop = checkout().await;
    for revision in ["nirgends", "--output=x", "HEAD~9", ""] {
        let error = rebuild(&shop, since(revision)).await.unwrap_err();
        let words = error.to_string();
        assert!(
            words.contains(&format!("no revision `{revision}`")),
            "{words}"
        );
        assert!(error.next_step().unwrap().contains("shallow"));
    }
    let shop = Workshop::new().await;
    shop.recipe("app", "base: debian:12\n");
    let error = rebuild(&shop, since("HEAD")).await.unwrap_err();
    assert!(
        error.to_string().contains("needs a git checkout"),
        "{error}"
    );
}
