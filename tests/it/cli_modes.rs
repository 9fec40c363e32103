//! How steps would run, as `kiln plan` and `kiln why` tell it without asking any builder.

use serde_json::{Value, json};

use crate::build::{AMD64, ARM64, Emulates, Ran, Workshop, kiln};

const APP: &str = "base: scratch\nsteps:\n  - run: [\"/bin/größer\"]\n  - mkdir: /srv\n";

/// `kiln.yaml` with builders.
fn declare(shop: &Workshop, builders: &str) {
    let text = std::fs::read_to_string(shop.path("kiln.yaml")).unwrap();
    shop.write("kiln.yaml", &format!("{text}builders:\n{builders}"));
}

fn run(shop: &Workshop, arguments: &[&str]) -> Ran {
    let ran = kiln(&shop.path(""), &[], arguments);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{ran:?}");
    ran
}

/// Builder, and mode and reason of the one step, of a platform in the plan.
fn planned(shop: &Workshop, platform: &str) -> (Value, Value, Value) {
    let document = run(shop, &["plan", "--format", "json"]).json();
    let of = &document["images"][0]["platforms"][platform];
    let steps = of["modes"].as_array().unwrap();
    assert_eq!(steps.len(), 1, "{of}");
    assert_eq!(
        (&steps[0]["title"], &steps[0]["file"], &steps[0]["line"]),
        (
            &json!("run /bin/größer"),
            &json!("recipes/app.yaml"),
            &json!(7)
        )
    );
    let builder = of["builder"].clone();
    (builder, steps[0]["mode"].clone(), steps[0]["why"].clone())
}

async fn shop() -> Workshop {
    let shop = Workshop::new().await;
    shop.recipe("app", APP);
    shop
}

#[tokio::test]
async fn before_the_first_build_no_builder_is_known() {
    let shop = shop().await;
    for platform in ["linux/amd64", "linux/arm64"] {
        let (builder, mode, why) = planned(&shop, platform);
        assert_eq!((builder, mode), (Value::Null, Value::Null));
        assert_eq!(why, "unknown builder");
    }
}

#[tokio::test]
async fn a_builder_that_is_declared_for_one_platform_is_taken_for_a_machine_of_it() {
    let shop = shop().await;
    let amd = "  - {name: amd, address: \"tcp://amd:1\", platforms: [linux/amd64]}\n";
    let both = "  - {name: 둘, address: \"tcp://both:1\", platforms: [linux/amd64, linux/arm64]}\n";
    declare(&shop, &format!("{amd}{both}"));
    let (builder, mode, why) = planned(&shop, "linux/amd64");
    assert_eq!(
        builder,
        json!({"name": "amd", "native": "linux/amd64", "source": "declared", "tried": null})
    );
    assert_eq!((mode, why), (json!("native"), json!("linux/amd64 builder")));
    // Of the other one nobody knows what it is.
    let (builder, mode, _) = planned(&shop, "linux/arm64");
    assert_eq!((builder, mode), (Value::Null, Value::Null));
}

#[tokio::test]
async fn after_a_build_what_the_builder_was_found_to_be_is_told() {
    let shop = shop().await;
    shop.solver.probed.set(Emulates::Inside);
    let fake = "  - {name: fake, address: \"tcp://fake:1234\"}\n";
    declare(&shop, fake);
    shop.pushed().await;
    let (builder, mode, why) = planned(&shop, "linux/arm64");
    assert_eq!(builder["name"], "fake");
    assert_eq!(builder["source"], "remembered");
    assert!(builder["tried"].is_string(), "{builder}");
    assert_eq!(
        (mode, why),
        (json!("emulated"), json!("a run step says only how"))
    );
    let (_, mode, _) = planned(&shop, "linux/amd64");
    assert_eq!(mode, "native");
    // Another address is another builder.
    let text = std::fs::read_to_string(shop.path("kiln.yaml")).unwrap();
    shop.write("kiln.yaml", &text.replace(":1234", ":1235"));
    assert_eq!(planned(&shop, "linux/amd64").1, Value::Null);
}

#[tokio::test]
async fn in_a_plan_steps_stand_below_the_table_if_they_are_asked_for() {
    let shop = shop().await;
    declare(&shop, "  - {name: fake, address: \"tcp://fake:1234\"}\n");
    shop.pushed().await;
    assert!(!run(&shop, &["plan"]).stdout.contains("größer"));
    let ran = run(&shop, &["plan", "--steps"]);
    let stdout = timeless(&ran.stdout);
    insta::assert_snapshot!("plan_steps", stdout);
}

/// Times become one and the same.
fn timeless(text: &str) -> String {
    let mut text = text.to_owned();
    while let Some(at) = text.find("tried 2") {
        let end = at + text[at..].find('Z').unwrap() + 1;
        text.replace_range(at..end, "tried TIME");
    }
    text
}

#[tokio::test]
async fn what_is_wrong_with_a_leg_is_told_in_place_of_its_steps_and_the_plan_stands() {
    let shop = shop().await;
    shop.recipe(
        "app",
        "base: scratch\nsteps:\n  - copy: {src: nicht-da.txt, to: /größe/}\n",
    );
    let ran = run(&shop, &["plan", "--steps"]);
    let words = "  nothing can be said: recipes/app.yaml:7:";
    assert!(ran.stdout.contains(words), "{}", ran.stdout);
    assert!(ran.stdout.ends_with("1 image, 2 legs\n"), "{}", ran.stdout);
}

#[tokio::test]
async fn why_tells_how_steps_would_run_and_how_they_ran() {
    let shop = shop().await;
    declare(&shop, "  - {name: fake, address: \"tcp://fake:1234\"}\n");
    shop.pushed().await;
    let arguments = ["why", "app", "--against", "record", "--format", "json"];
    let document = run(&shop, &arguments).json();
    for (platform, mode) in [(AMD64, "native"), (ARM64, "emulated")] {
        let of = &document["images"][0]["platforms"][platform.to_string()];
        assert_eq!(of["builder"]["name"], "fake");
        assert_eq!(of["modes"][0]["mode"], mode);
        assert_eq!(of["built"]["steps"][0]["mode"], mode);
    }
    let ran = run(&shop, &arguments[..4]);
    let line = "    mode       emulated: run /bin/größer (recipes/app.yaml:7:5): a run step says only how\n";
    assert!(ran.stdout.contains(line), "{}", ran.stdout);
}

#[tokio::test]
async fn a_plan_warns_of_what_a_recipe_denies_as_soon_as_the_builder_is_known() {
    let shop = shop().await;
    let denies = format!("{APP}limits: {{emulation: deny}}\ntests:\n  - run: [echo, 시험]\n");
    declare(&shop, "  - {name: fake, address: \"tcp://fake:1234\"}\n");
    shop.recipe("app", &denies);
    let _ = run(&shop, &["plan"]);
    shop.recipe("app", APP);
    shop.pushed().await;
    shop.recipe("app", &denies);
    let ran = kiln(&shop.path(""), &[], &["plan"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.stdout.contains("team/app:1"), "{}", ran.stdout);
    for words in [
        "warning: `run /bin/größer` of team/app:1 would be emulated on linux/arm64 by builder `fake`",
        "recipes/app.yaml:7:5",
        "`test echo 시험` of team/app:1 would be emulated",
    ] {
        assert!(ran.stderr.contains(words), "{}", ran.stderr);
    }
    let _ = run(&shop, &["plan", "--platform", "linux/amd64"]);
}
