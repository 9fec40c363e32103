//! How images are named in a layout, and who else may write to it.

use std::collections::BTreeMap;
use std::path::Path;

use kiln::oci::Index;
use kiln::oci::layout::{IMAGE_NAME, REF_NAME};
use kiln::ops::build::{BuildOptions, ImageState, Output, metadata};

use crate::build::Workshop;
use crate::build_outputs::{archive, files, images, into, layout};

const APP: &str = "base: debian:12\nlabels: {größe: 한글}\nsteps:\n  - run: echo app\n";

fn one(name: &str, output: Output) -> BuildOptions {
    BuildOptions {
        selectors: vec![name.to_owned()],
        ..into(vec![output])
    }
}

/// The full name of each image by the one it is found by.
fn named(shop: &Workshop, path: &str) -> BTreeMap<String, String> {
    let list = &files(&shop.path(path))[Path::new("index.json")];
    let list: Index = serde_json::from_slice(list).unwrap();
    let names = list.manifests.into_iter().map(|entry| {
        let mut notes = entry.annotations.unwrap();
        (
            notes.remove(REF_NAME).unwrap(),
            notes.remove(IMAGE_NAME).unwrap(),
        )
    });
    names.collect()
}

#[tokio::test]
async fn a_tag_that_another_image_of_the_layout_has_gets_the_repository_before_it() {
    let shop = Workshop::new().await;
    shop.recipe("app", APP);
    shop.recipe("other", &APP.replace("echo app", "echo 다른"));
    let full = |name: &str| Workshop::reference(name).to_string();
    shop.build(&one("app", layout(&shop, "out"))).await.unwrap();
    shop.build(&one("other", layout(&shop, "out")))
        .await
        .unwrap();
    let expected = BTreeMap::from([
        ("1".to_owned(), full("app:1")),
        ("team/other:1".to_owned(), full("other:1")),
    ]);
    assert_eq!(named(&shop, "out"), expected);
    // Both at once again: each keeps the name that it has.
    let report = shop.build(&into(vec![layout(&shop, "out")])).await.unwrap();
    assert_eq!(named(&shop, "out"), expected);
    let shown: Vec<_> = report.outputs[0].images.values().flatten().collect();
    assert_eq!(shown, ["1", "team/other:1"]);
}

#[tokio::test]
async fn without_a_registry_the_full_name_is_what_tools_take_the_short_one_for() {
    let shop = Workshop::new().await;
    shop.write("kiln.yaml", "kiln: 1\nrecipes: [recipes/*.yaml]\n");
    shop.recipe("app", APP);
    let report = shop.build(&into(vec![layout(&shop, "out")])).await.unwrap();
    assert_eq!(report.images[0].state, ImageState::Built);
    let expected = ("1".to_owned(), "docker.io/team/app:1".to_owned());
    assert_eq!(named(&shop, "out"), BTreeMap::from([expected]));
    let written = metadata(&report);
    let index = &images(&files(&shop.path("out")))["1"];
    assert_eq!(written["team/app:1"]["image.name"], "team/app:1");
    assert_eq!(
        written["team/app:1"]["containerimage.digest"],
        index.as_str()
    );
}

#[tokio::test]
async fn runs_that_write_to_one_layout_lose_nothing_of_each_other() {
    let shop = Workshop::new().await;
    for name in ["a", "b", "c", "d"] {
        let text = format!("base: debian:12\ntags: [{name}]\nsteps:\n  - run: echo {name}\n");
        shop.recipe(name, &text);
    }
    let runs = ["a", "b", "c", "d"].map(|name| one(name, layout(&shop, "größe")));
    let [a, b, c, d] = &runs;
    let built = tokio::join!(shop.build(a), shop.build(b), shop.build(c), shop.build(d));
    for report in [built.0, built.1, built.2, built.3] {
        assert_eq!(report.unwrap().images[0].state, ImageState::Built);
    }
    let found = images(&files(&shop.path("größe")));
    assert_eq!(found.keys().collect::<Vec<_>>(), ["a", "b", "c", "d"]);
}

#[tokio::test]
async fn an_older_archive_is_replaced_only_by_a_whole_one() {
    let shop = Workshop::new().await;
    shop.recipe("app", APP);
    shop.write("app.tar", "alt");
    shop.build(&into(vec![archive(&shop, "app.tar")]))
        .await
        .unwrap();
    let whole = std::fs::read(shop.path("app.tar")).unwrap();
    assert!(whole.len() > 1000);
    let step = "echo app";
    let act = crate::build::Act::Fail { step, code: 1 };
    shop.solver.on(None, step, act);
    shop.build(&into(vec![archive(&shop, "app.tar")]))
        .await
        .unwrap();
    assert_eq!(std::fs::read(shop.path("app.tar")).unwrap(), whole);
}
