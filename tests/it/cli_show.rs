//! `kiln show`: a recipe with nothing left to decide is a recipe of the same image.

use std::path::Path;

use kiln::ops::{LoadOptions, Loaded, load};
use kiln::recipe::Image;

use crate::common::Workbench;

const RECIPE: &str = r#"# 보여 주기
kiln: 1
name: show
tags: ["${{ flavour }}", {if: flavour == "cpu", then: latest}]
axes: {flavour: [cuda, cpu]}
rows:
  - {release: "3.10", extra: [é, "3.11"]}
vars:
  blas: {match: arch, cases: {amd64: CORE2, arm64: ARMV8}}
  greeting: 안녕
  only: {match: arch, cases: {riscv64: x}}
base: {if: flavour == "cuda", then: "nvidia/cuda:12", else: "debian:12"}
env:
  BLAS: ${{ blas }}
  PRICE: 5$$ and $${{ x }}
  PATH: {prepend: [/opt/bin, /opt/한]}
steps:
  - name: 설치
    apt: {install: [git, "${{ extra }}", {if: arch == "arm64", then: [neon, "sve"]}]}
  - run: |
      set -x
      echo ${{ greeting }} ${HOME} \
        ${{ release }}
    if: flavour == "cpu"
  - if: arch == "arm64"
    then:
      - run: [echo, "${{ arch }}", "a\nb"]
      - link: {path: /a, target: "/${{ arch_gnu }}"}
  - write: {path: /etc/motd, content: "${{ greeting }} $${{ y }} on ${{ arch }}\n"}
  - mkdir: [/a, {path: /b, mode: "0755"}]
healthcheck: {test: [CMD-SHELL, "test ${{ arch }}"], retries: 3}
labels: {title: "${{ greeting }}: ${{ flavour }}", on: "yes"}
"#;

const WORKSPACE: &str = "# 작업\nkiln: 1\nrecipes: [r.yaml]\nregistry: lab\nregistries: {lab: {url: \"http://127.0.0.1:5999\"}}\ndefaults: {shell: bash}\n";

fn bench() -> Workbench {
    let bench = Workbench::with_recipe(&RECIPE.replace("안녕", "hallo-1"));
    bench.write("kiln.yaml", WORKSPACE);
    bench
}

fn shown(bench: &Workbench, arguments: &[&str]) -> String {
    let ran = bench.kiln(&[&["show"], arguments].concat());
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{}", ran.stdout);
    ran.stdout
}

#[test]
fn what_is_equal_on_all_platforms_stands_once_and_what_differs_under_a_condition() {
    insta::assert_snapshot!(shown(&bench(), &["show:cpu"]));
}

#[test]
fn on_one_platform_nothing_is_left_to_decide() {
    let text = shown(&bench(), &["show:cuda", "--platform", "linux/arm64"]);
    for word in ["match:", "if:", "linux/amd64"] {
        assert!(!text.contains(word), "{word} in {text}");
    }
    insta::assert_snapshot!(text);
}

#[test]
fn with_origin_each_line_says_where_its_value_was_written() {
    let text = shown(
        &bench(),
        &["show:cpu", "--origin", "--set", "greeting=moin-2"],
    );
    insta::assert_snapshot!(text);
}

#[test]
fn several_images_are_several_documents_and_a_glob_chooses() {
    let bench = bench();
    let all = shown(&bench, &[]);
    let heads = |text: &str| {
        text.lines()
            .filter(|line| line.starts_with("# show:"))
            .count()
    };
    assert_eq!((heads(&all), all.matches("\n---\n").count()), (2, 1));
    let some = shown(&bench, &["show:c?u"]);
    assert_eq!((heads(&some), some.matches("\n---\n").count()), (1, 0));
    assert!(all.contains(some.trim_end()), "{all}");
}

#[test]
fn a_name_or_platform_that_no_image_has_is_exit_2() {
    let bench = bench();
    let ran = bench.kiln(&["show", "shwo"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""));
    assert!(
        ran.stderr.contains("did you mean `show`?"),
        "{}",
        ran.stderr
    );
    let ran = bench.kiln(&["show", "--platform", "linux/s390x"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""));
    assert!(
        ran.stderr.contains("none of these images"),
        "{}",
        ran.stderr
    );
}

#[test]
fn for_programs_each_platform_is_whole_and_each_value_has_its_place() {
    let bench = bench();
    let plain: serde_json::Value =
        serde_json::from_str(&shown(&bench, &["show:cpu", "--format", "json"])).unwrap();
    assert_eq!(plain["version"], 1);
    let image = &plain["images"][0];
    assert_eq!(
        [
            &image["name"],
            &image["variant"],
            &image["image"],
            &image["file"]
        ],
        ["show", "cpu", "show:cpu", "r.yaml"]
    );
    let arm = &image["platforms"]["linux/arm64"];
    assert_eq!(arm["env"]["BLAS"], "ARMV8");
    assert_eq!(arm["platforms"], serde_json::json!(["linux/arm64"]));
    let install = serde_json::json!(["git", "é", "3.11", "neon", "sve"]);
    assert_eq!(arm["steps"][0]["apt"]["install"], install);
    assert_eq!(arm["healthcheck"]["retries"], 3);
    let arguments = [
        "show:cpu",
        "--format",
        "json",
        "--origin",
        "--set",
        "greeting=x",
    ];
    let placed: serde_json::Value = serde_json::from_str(&shown(&bench, &arguments)).unwrap();
    let value = &placed["images"][0]["platforms"]["linux/arm64"]["value"];
    let base = serde_json::json!({"value": "debian:12", "from": "recipe", "file": "r.yaml", "line": 12, "column": 61});
    assert_eq!(value["base"], base);
    let lab = serde_json::json!({"value": "lab", "from": "workspace", "file": "kiln.yaml", "line": 4, "column": 11});
    assert_eq!(value["registry"], lab);
    let set = serde_json::json!({"value": "x", "from": "set"});
    assert_eq!(value["vars"]["value"]["greeting"], set);
    assert_eq!(value["vars"]["value"]["release"]["line"], 7);
}

#[test]
fn a_recipe_with_mistakes_shows_them_and_nothing_else() {
    let bench = Workbench::with_recipe("kiln: 1\nname: r\ntags: [한]\nbase: debian:12\n");
    let ran = bench.kiln(&["show", "-f", "r.yaml"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""));
    assert!(ran.stderr.contains("r.yaml:3:8"), "{}", ran.stderr);
}

/// What an image is, without the places. A step of a snippet is called as progress and history call it.
fn said(image: &Image) -> String {
    let mut contents = image.contents.clone();
    for content in contents.values_mut() {
        let stages = content.stages.values_mut().map(|stage| &mut stage.steps);
        for step in stages.chain([&mut content.steps]).flatten() {
            step.used.clear();
            if let Some(outer) = step.within.take() {
                let own = step.name.take().map(|own| format!("{outer}: {own}"));
                step.name = Some(own.unwrap_or(outer));
            }
        }
        if let Some(kernel) = &mut content.kernel {
            kernel.place = None;
        }
    }
    let contents = format!("{contents:#?}");
    let lines = contents
        .lines()
        .filter(|line| !line.trim_start().starts_with("place: "));
    let tags: Vec<String> = image.tags.iter().map(|tag| tag.value.to_string()).collect();
    format!(
        "{:?} {} {tags:?}\n{}",
        image.registry.as_ref().map(|name| &name.value),
        image.repository.value,
        lines.collect::<Vec<_>>().join("\n")
    )
}

fn loaded(folder: &Path) -> Loaded {
    load(&LoadOptions {
        folder: folder.to_path_buf(),
        ..LoadOptions::default()
    })
    .unwrap_or_else(|error| panic!("{error:#?}"))
}

/// Shows each image of a recipe, puts what is shown in the recipe's place, and compares what it says. `drop` is
/// left out then: it needs variants that the recipe no longer has.
fn comes_back(workspace: &dyn Fn(&Workbench), name: &str, drop: Option<&str>) -> usize {
    let before = Workbench::new();
    workspace(&before);
    let images = loaded(before.path()).images;
    let mut count = 0;
    for image in images.iter().filter(|image| image.recipe.value == name) {
        let every = image.contents.keys().map(ToString::to_string);
        for platform in std::iter::once(None).chain(every.map(Some)) {
            let mut arguments = vec![image.name()];
            arguments.extend(
                platform
                    .iter()
                    .flat_map(|it| ["--platform".to_owned(), it.clone()]),
            );
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            let text = shown(&before, &arguments);
            let after = Workbench::new();
            workspace(&after);
            if let Some(folder) = drop {
                std::fs::remove_dir_all(after.path().join(folder)).unwrap();
            }
            let mut expected = image.clone();
            expected.registry = None;
            after.write(image.source.path(), &text);
            let mut again = loaded(after.path()).images;
            again.retain(|other| other.recipe.value == name);
            let [again] = again.as_mut_slice() else {
                panic!("{text}")
            };
            again.registry = None;
            if let Some(platform) = &platform {
                let platform = platform.parse().unwrap();
                expected.contents.retain(|other, _| *other == platform);
            }
            assert_eq!(said(again), said(&expected), "{text}");
            count += 1;
        }
    }
    count
}

#[test]
fn what_is_shown_is_a_recipe_of_the_same_image() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let golden = |bench: &Workbench| bench.copy(&root.join("tests/fixtures/golden"), "");
    assert_eq!(comes_back(&golden, "everything", None), 3);
    let own = |bench: &Workbench| {
        bench.copy(&root.join("recipes/ai-base"), "recipes/ai-base");
        bench.copy(&root.join("recipes/services"), "recipes/services");
        bench.copy(&root.join("kiln.yaml"), "kiln.yaml");
    };
    assert_eq!(comes_back(&own, "ai-base", Some("recipes/services")), 6);
    let nasty = |bench: &Workbench| {
        bench.write("kiln.yaml", WORKSPACE);
        bench.write("r.yaml", RECIPE.replace("안녕", "hallo-1"));
    };
    assert_eq!(comes_back(&nasty, "show", None), 6);
}

/// Recipes that share, in several folders, and all keys that images have besides.
fn sharing(bench: &Workbench) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    bench.copy(&root.join("tests/fixtures/shown"), "");
}

#[test]
fn fragments_and_snippets_of_other_folders_are_shown_as_one_recipe_of_the_same_image() {
    assert_eq!(comes_back(&sharing, "whole", None), 6);
    assert_eq!(comes_back(&sharing, "docker", None), 3);
}

#[test]
fn what_is_shown_neither_extends_nor_adds_nor_uses() {
    let bench = Workbench::new();
    sharing(&bench);
    let text = shown(&bench, &[]);
    let keys = text.lines().filter_map(|line| line.split_once(':'));
    for (key, _) in keys {
        let key = key.trim_start_matches([' ', '-']);
        let left = ["use", "with", "extends", "inputs"].contains(&key);
        assert!(!left && !key.ends_with(['+', '-']), "{key} in {text}");
    }
}

#[test]
fn with_origin_the_lines_of_a_snippet_name_it_and_where_its_inputs_were_given() {
    let bench = Workbench::new();
    sharing(&bench);
    insta::assert_snapshot!(shown(&bench, &["team/whole:a", "--origin"]));
}

#[test]
fn for_programs_the_value_of_a_snippet_has_the_places_of_its_inputs() {
    let bench = Workbench::new();
    sharing(&bench);
    let arguments = ["team/whole:b", "--origin", "--format", "json"];
    let all: serde_json::Value = serde_json::from_str(&shown(&bench, &arguments)).unwrap();
    let steps = &all["images"][0]["platforms"]["linux/arm64"]["value"]["steps"]["value"];
    let fetch = steps
        .as_array()
        .unwrap()
        .iter()
        .find_map(|step| step["value"].get("fetch"));
    let url = serde_json::json!({
        "value": "https://example.com/4.b-arm64.tar",
        "from": "recipe",
        "file": "templates/steps/editor.yaml",
        "line": 11,
        "column": 18,
        "inputs": {"version": {"file": "recipes/r.yaml", "line": 20, "column": 16}},
    });
    assert_eq!(fetch.unwrap()["value"]["url"], url);
}
