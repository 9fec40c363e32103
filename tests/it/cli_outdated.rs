//! `kiln outdated` and `kiln why`: words, documents and exit codes. What they find is shown in `ops_outdated`.

use crate::build::{Ran, Workshop, closed_port, kiln};

/// Images that need no base, so that their records are enough.
async fn shop() -> Workshop {
    let shop = Workshop::new().await;
    shop.write("앱/a.txt", "가");
    let copy = "base: scratch\nsteps:\n  - copy: {src: ../앱/, to: /srv/}\n";
    shop.recipe("files", copy);
    shop.recipe(
        "above",
        "base: {recipe: files}\nsteps:\n  - mkdir: /größe\n",
    );
    shop.recipe("other", "base: scratch\nsteps:\n  - mkdir: /other\n");
    shop.pushed().await;
    shop
}

fn run(shop: &Workshop, arguments: &[&str]) -> Ran {
    kiln(&shop.path(""), &[], arguments)
}

#[tokio::test]
async fn where_all_is_current_the_exit_is_0_and_otherwise_8_with_the_line() {
    let shop = shop().await;
    let ran = run(&shop, &["outdated", "--against", "record"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{ran:?}");
    insta::assert_snapshot!("outdated_current", ran.stdout);
    shop.write("앱/a.txt", "나");
    let ran = run(&shop, &["outdated", "--against", "record"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(8), ""), "{ran:?}");
    insta::assert_snapshot!("outdated_stale", ran.stdout);
}

#[tokio::test]
async fn the_document_has_these_members_and_no_others() {
    let shop = shop().await;
    shop.write("앱/a.txt", "나");
    let arguments = ["outdated", "files", "--against=record", "--format=json"];
    let ran = run(&shop, &arguments);
    assert_eq!(ran.code, Some(8), "{ran:?}");
    insta::assert_snapshot!("outdated_json", ran.stdout);
    let arguments = ["outdated", "other", "--against=record", "--format=json"];
    let ran = run(&shop, &arguments);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let expected = serde_json::json!({
        "version": 1,
        "images": [{
            "name": "other",
            "variant": "1",
            "references": ["127.0.0.1:5999/team/other:1"],
            "state": "current",
            "reasons": [],
        }],
    });
    assert_eq!(ran.json(), expected);
}

#[tokio::test]
async fn a_registry_that_is_down_leaves_all_unknown_which_is_8_with_a_next_step() {
    let shop = shop().await;
    let port = closed_port();
    let text = std::fs::read_to_string(shop.path("kiln.yaml")).unwrap();
    shop.write("kiln.yaml", &text.replace("127.0.0.1:5999", &port));
    let ran = run(&shop, &["outdated", "--format", "json"]);
    assert_eq!(ran.code, Some(8), "{ran:?}");
    let document = ran.json();
    for image in document["images"].as_array().unwrap() {
        let reasons = image["reasons"].as_array().unwrap();
        let is_down = |it: &serde_json::Value| {
            let message = it["message"].as_str().unwrap();
            it["kind"] == "unreachable" && message.contains(&port)
        };
        assert!(reasons.iter().any(is_down), "{image}");
    }
    let states = document["images"].as_array().unwrap().iter();
    let mut states = states.map(|image| image["state"].as_str().unwrap());
    assert!(states.all(|it| it == "unknown"), "{document}");
    assert!(ran.stderr.contains("next: `kiln doctor`"), "{}", ran.stderr);
}

#[tokio::test]
async fn a_damaged_line_of_the_ledger_is_a_warning() {
    let shop = shop().await;
    let path = shop.path(".kiln/records.jsonl");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, format!("kein JSON: größer\u{1b}[31m\n{text}")).unwrap();
    let ran = run(&shop, &["outdated", "--against", "record"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.stderr.starts_with("warning: `"), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("records.jsonl:1` is no record"),
        "{}",
        ran.stderr
    );
}

#[tokio::test]
async fn mistakes_are_exit_2() {
    let shop = shop().await;
    let ran = run(&shop, &["outdated", "othre", "--against", "record"]);
    assert_eq!(ran.code, Some(2));
    assert!(
        ran.stderr.contains("did you mean `other`?"),
        "{}",
        ran.stderr
    );
    let ran = run(&shop, &["why"]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.contains("  next: "), "{}", ran.stderr);
    std::fs::remove_dir_all(shop.path("앱")).unwrap();
    let arguments = ["outdated", "--against=record", "--format=json"];
    let ran = run(&shop, &arguments);
    assert_eq!(ran.code, Some(2));
    let finding = &ran.json()["findings"][0];
    assert_eq!(finding["file"], "recipes/files.yaml");
    assert!(ran.stderr.contains("recipes/files.yaml:"), "{}", ran.stderr);
}

/// Without what is another one in every run, and without digests: permissions of files are in them.
fn steady(text: &str) -> String {
    let mut words = String::new();
    for part in text.split_inclusive(|c: char| !c.is_ascii_hexdigit()) {
        let digits = part.trim_end_matches(|c: char| !c.is_ascii_hexdigit());
        match digits.len() {
            12.. => {
                words.push_str("[hex]");
                words.push_str(&part[digits.len()..]);
            }
            _ => words.push_str(part),
        }
    }
    let lines = words.lines().map(|line| {
        let word = line.trim_start();
        let is_time = ["record ", "built ", "\"id\"", "\"finished\""]
            .iter()
            .any(|it| word.starts_with(it));
        if is_time {
            let kept = line.len() - word.len();
            format!("{}[{}]", &line[..kept], word.split(' ').next().unwrap())
        } else {
            line.to_owned()
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn the_story_of_an_image_is_told_in_text_and_json() {
    let shop = shop().await;
    shop.write("앱/a.txt", "나");
    let ran = run(&shop, &["why", "files", "above", "--against", "record"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    insta::assert_snapshot!("why_text", steady(&ran.stdout));
    let arguments = [
        "why",
        "files",
        "--platform=linux/arm64",
        "--against=record",
        "--format=json",
    ];
    let ran = run(&shop, &arguments);
    insta::assert_snapshot!("why_json", steady(&ran.stdout));
    ran.json();
}
