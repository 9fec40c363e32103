//! `kiln plan`: asks nobody, unless graphs are to be written.

use crate::build::{Ran, Workshop, closed_port, kiln};
use crate::common::Workbench;

async fn shop() -> Workshop {
    let shop = Workshop::new().await;
    shop.recipe("base", "base: debian:12\nsteps:\n  - run: echo base\n");
    let child = "base: {recipe: base}\nexclude:\n  - {if: arch == \"arm64\", reason: 아직}\n";
    shop.recipe("child", &format!("{child}steps:\n  - run: echo child\n"));
    shop
}

fn plan(shop: &Workshop, arguments: &[&str]) -> Ran {
    kiln(&shop.path(""), &[], &[&["plan"], arguments].concat())
}

#[tokio::test]
async fn a_plan_names_legs_parents_and_exclusions_and_needs_nobody() {
    let shop = shop().await;
    let ran = plan(&shop, &["--format", "json"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let document = ran.json();
    assert_eq!(document["version"], 1);
    let images = document["images"].as_array().unwrap();
    assert_eq!(images.len(), 2);
    assert_eq!(images[0]["image"], "team/base:1");
    assert_eq!(
        images[0]["references"],
        serde_json::json!(["127.0.0.1:5999/team/base:1"])
    );
    assert_eq!(images[0]["platforms"]["linux/arm64"]["steps"], 1);
    assert_eq!(images[1]["parents"], serde_json::json!(["team/base:1"]));
    assert_eq!(images[1]["excluded"]["linux/arm64"], "아직");
    let ran = plan(&shop, &[]);
    assert_eq!(ran.code, Some(0));
    assert!(ran.stdout.contains("excluded: 아직"), "{}", ran.stdout);
    assert!(ran.stdout.ends_with("2 images, 3 legs\n"), "{}", ran.stdout);
}

#[tokio::test]
async fn a_plan_says_how_many_tests_there_are_and_how_often_an_image_is_refreshed() {
    let shop = shop().await;
    shop.recipe(
        "tested",
        "base: debian:12\nrefresh: quarterly\ntests:\n  - run: [\"true\"]\n  - {if: arch == \"arm64\", file: /größe}\n",
    );
    let document = plan(&shop, &["tested", "child", "--format", "json"]).json();
    let images = document["images"].as_array().unwrap();
    let image = |name: &str| images.iter().find(|image| image["name"] == name).unwrap();
    assert_eq!(image("tested")["refresh"], "quarterly");
    assert_eq!(image("tested")["platforms"]["linux/amd64"]["tests"], 1);
    assert_eq!(image("tested")["platforms"]["linux/arm64"]["tests"], 2);
    assert_eq!(image("child")["refresh"], serde_json::Value::Null);
}

#[tokio::test]
async fn a_selection_brings_its_parents_and_says_what_was_asked_for() {
    let shop = shop().await;
    shop.recipe("other", "base: debian:12\n");
    let document = plan(&shop, &["child", "--format", "json"]).json();
    let asked: Vec<(&str, bool)> = document["images"]
        .as_array()
        .unwrap()
        .iter()
        .map(|image| {
            let name = image["name"].as_str().unwrap();
            (name, image["requested"].as_bool().unwrap())
        })
        .collect();
    assert_eq!(asked, [("base", false), ("child", true)]);
}

#[tokio::test]
async fn a_wrong_name_is_exit_2_with_the_nearest_one() {
    let ran = plan(&shop().await, &["chidl"]);
    assert_eq!(ran.code, Some(2));
    assert!(
        ran.stderr.contains("did you mean `child`?"),
        "{}",
        ran.stderr
    );
}

#[tokio::test]
async fn writing_graphs_asks_the_registry_and_says_when_it_is_down() {
    let shop = shop().await;
    let base = format!("{}/basis:1", closed_port());
    shop.recipe(
        "base",
        &format!("base: \"{base}\"\nsteps:\n  - run: echo x\n"),
    );
    assert_eq!(plan(&shop, &[]).code, Some(0), "a plan alone asks nobody");
    let ran = plan(&shop, &["--llb", "graphs"]);
    assert_eq!(ran.code, Some(5), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("the connection was refused"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("  next: "), "{}", ran.stderr);
    assert!(!shop.path("graphs").exists());
}

#[tokio::test]
async fn graphs_of_images_from_scratch_need_nobody_and_are_the_same_in_every_folder() {
    let shops = [Workshop::new().await, Workshop::new().await];
    for shop in &shops {
        shop.write("recipes/datei.txt", "내용");
        let steps = "  - mkdir: /größe\n  - copy: {src: datei.txt, to: /größe/}\n";
        shop.recipe("leer", &format!("base: scratch\nsteps:\n{steps}"));
        for folder in ["a", "b"] {
            let ran = plan(shop, &["--llb", folder]);
            assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        }
    }
    for name in ["team_leer_1.linux-amd64.llb", "team_leer_1.linux-arm64.txt"] {
        let read = |shop: &Workshop, folder: &str| {
            let bytes = std::fs::read(shop.path(folder).join(name)).unwrap();
            assert!(!bytes.is_empty());
            bytes
        };
        let first = read(&shops[0], "a");
        assert!(
            first == read(&shops[0], "b"),
            "{name} is not the same twice"
        );
        assert!(
            first == read(&shops[1], "a"),
            "{name} depends on the folder"
        );
    }
}

#[test]
fn a_folder_without_a_workspace_is_no_success() {
    let bench = Workbench::new();
    for command in ["plan", "show", "build", "outdated", "graph", "lock"] {
        let ran = bench.kiln(&[command]);
        assert_eq!(ran.code, 2, "{command}: {}", ran.stdout);
        let next = ran.stderr.contains("no kiln.yaml in this folder or above")
            && ran.stderr.contains("`kiln init`");
        assert!(next, "{command}: {}", ran.stderr);
    }
    assert!(!bench.path().join("kiln.lock").exists());
    // One that has no recipe yet is a workspace.
    bench.write("kiln.yaml", "kiln: 1\n");
    let ran = bench.kiln(&["plan"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
}
