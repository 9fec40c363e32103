//! Which legs are solved when, on which builder, and on what.

use std::time::Duration;

use kiln::ops::build::{BuildOptions, Event, ImageState};

use crate::build::{AMD64, ARM64, Act, Moment, Workshop, leg, push, solved};

const BASE: &str = "base: debian:12\nsteps:\n  - run: echo parent\n";
const CHILD: &str = "base: {recipe: parent}\nsteps:\n  - run: echo child\n";

/// The number of the solve whose graph contains a text, on a platform.
fn number(shop: &Workshop, text: &str, platform: kiln::oci::Platform) -> usize {
    let seen = shop.solver.seen();
    seen.iter()
        .position(|seen| seen.platform() == platform && seen.has(text))
        .unwrap()
}

fn when(shop: &Workshop, moment: Moment) -> usize {
    let moments = shop.solver.moments();
    moments.iter().position(|other| *other == moment).unwrap()
}

#[tokio::test]
async fn both_platforms_are_solved_at_the_same_time_and_the_record_shows_it() {
    let shop = Workshop::new().await;
    shop.recipe("parent", BASE);
    shop.solver.on(None, "", Act::Meet(2));
    shop.solver
        .on(None, "", Act::Take(Duration::from_millis(5)));
    shop.pushed().await;
    assert_eq!(shop.solver.peak(), 2);
    let record = &shop.records()[0].draft.platforms;
    assert!(record[&AMD64].started < record[&ARM64].finished);
    assert!(record[&ARM64].started < record[&AMD64].finished);
    assert!((record[&ARM64].emulated, record[&AMD64].emulated) == (true, false));
}

#[tokio::test]
async fn a_builder_makes_no_more_legs_at_once_than_it_has_slots() {
    for slots in [1, 3] {
        let mut shop = Workshop::new().await;
        for name in ["a", "b", "c"] {
            shop.recipe(name, BASE);
        }
        shop.builders[0].slots = slots;
        shop.solver
            .on(None, "", Act::Take(Duration::from_millis(10)));
        shop.pushed().await;
        assert_eq!((shop.solver.peak(), shop.solver.seen().len()), (slots, 6));
    }
}

#[tokio::test]
async fn jobs_limit_all_builders_together() {
    let mut shop = Workshop::new().await;
    let arm = shop.builder("arm", ARM64, &[ARM64], 4);
    shop.builders.push(arm);
    for name in ["a", "b", "c"] {
        shop.recipe(name, BASE);
    }
    shop.solver
        .on(None, "", Act::Take(Duration::from_millis(10)));
    let options = BuildOptions {
        jobs: Some(2),
        ..push()
    };
    shop.build(&options).await.unwrap();
    assert_eq!((shop.solver.peak(), shop.solver.seen().len()), (2, 6));
}

#[tokio::test]
async fn a_leg_that_waits_for_its_builder_holds_no_job() {
    let mut shop = Workshop::new().await;
    shop.builders = vec![
        shop.builder("amd", AMD64, &[AMD64], 1),
        shop.builder("arm", ARM64, &[ARM64], 1),
    ];
    shop.recipe("a", &format!("platforms: [linux/amd64]\n{BASE}"));
    shop.recipe("b", &format!("platforms: [linux/amd64]\n{BASE}"));
    shop.recipe("c", &format!("platforms: [linux/arm64]\n{BASE}"));
    shop.solver.on(None, "", Act::Meet(2));
    let options = BuildOptions {
        jobs: Some(2),
        ..push()
    };
    let report = shop.build(&options).await.unwrap();
    assert!(
        report
            .images
            .iter()
            .all(|image| image.state == ImageState::Built)
    );
}

#[tokio::test]
async fn a_platform_goes_to_the_builder_that_has_it_natively() {
    let mut shop = Workshop::new().await;
    let arm = shop.builder("arm", ARM64, &[ARM64, AMD64], 4);
    shop.builders.push(arm);
    shop.recipe("parent", BASE);
    let report = shop.pushed().await;
    for (platform, builder) in [(AMD64, "fake"), (ARM64, "arm")] {
        let leg = leg(&report, "parent", platform);
        assert_eq!(
            (leg.builder.as_deref(), leg.emulated),
            (Some(builder), false)
        );
    }
}

#[tokio::test]
async fn a_child_waits_for_its_parents_leg_of_the_same_platform_and_for_no_other() {
    let shop = Workshop::new().await;
    shop.recipe("parent", BASE);
    shop.recipe("child", CHILD);
    let slow = Act::Take(Duration::from_millis(200));
    shop.solver.on(Some(ARM64), "echo parent", slow);
    shop.pushed().await;
    for platform in [AMD64, ARM64] {
        let parent = Moment::Ended(number(&shop, "echo parent", platform));
        let child = Moment::Began(number(&shop, "echo child", platform));
        assert!(when(&shop, parent) < when(&shop, child));
    }
    let other = Moment::Ended(number(&shop, "echo parent", ARM64));
    let child = Moment::Began(number(&shop, "echo child", AMD64));
    assert!(
        when(&shop, child) < when(&shop, other),
        "amd64 waited for arm64"
    );
}

#[tokio::test]
async fn a_child_is_built_on_the_manifest_of_its_parent_and_shares_its_layers() {
    let shop = Workshop::new().await;
    shop.recipe("parent", BASE);
    shop.recipe("child", CHILD);
    let report = shop.pushed().await;
    for platform in [AMD64, ARM64] {
        let parent = solved(leg(&report, "parent", platform));
        let digest = &parent.manifest.as_ref().unwrap().digest;
        let request = shop.solver.seen_for("child", platform);
        assert_eq!(
            request.sources(),
            [format!(
                "docker-image://127.0.0.1:5999/team/parent@{digest}"
            )]
        );
        assert!(!request.has("echo parent"));
        let (of_parent, _) = shop.image("parent:1", platform).await;
        let (of_child, _) = shop.image("child:1", platform).await;
        let shared = of_parent.layers.len();
        assert_eq!(of_child.layers[..shared], of_parent.layers[..]);
        assert_eq!(of_child.layers.len(), shared + 1);
        let annotations = of_child.annotations.unwrap();
        assert_eq!(
            annotations["org.opencontainers.image.base.name"],
            "127.0.0.1:5999/team/parent:1"
        );
        assert_eq!(
            annotations["org.opencontainers.image.base.digest"],
            digest.as_str()
        );
    }
}

#[tokio::test]
async fn without_push_a_parent_is_part_of_the_graph_and_nothing_is_left_behind() {
    let shop = Workshop::new().await;
    shop.recipe("parent", BASE);
    shop.recipe("child", CHILD);
    let report = shop.build(&BuildOptions::default()).await.unwrap();
    assert!(
        report
            .images
            .iter()
            .all(|image| image.state == ImageState::Built)
    );
    let child = &shop.solver.seen()[number(&shop, "echo child", ARM64)];
    assert!(child.has("echo parent"));
    assert!(
        child.sources()[0].starts_with("docker-image://docker.io/library/debian:12@sha256:"),
        "{:?}",
        child.sources()
    );
    assert!(
        shop.solver
            .seen()
            .iter()
            .all(|it| it.repository().is_none())
    );
    assert_eq!(shop.puts(), Vec::<String>::new());
    assert_eq!(shop.own_files(), ["builders.json"]);
    let published = |event: &Event| matches!(event, Event::Published { .. });
    assert!(!shop.events().iter().any(published));
}

#[tokio::test]
async fn what_a_named_image_needs_is_built_and_published_with_it_and_nothing_else_is() {
    let shop = Workshop::new().await;
    shop.recipe("parent", BASE);
    shop.recipe("tools", "base: scratch\nsteps:\n  - mkdir: /도구\n");
    let copy = "  - copy: {from: {recipe: tools}, src: /도구, to: /opt}\n";
    shop.recipe("child", &format!("{CHILD}{copy}"));
    shop.recipe("other", BASE);
    let options = BuildOptions {
        selectors: vec!["child".to_owned()],
        ..push()
    };
    let report = shop.build(&options).await.unwrap();
    let names: Vec<&str> = report.images.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names.len(), 3);
    assert_eq!(names[2], "child", "parents come first: {names:?}");
    for name in ["parent:1", "tools:1", "child:1"] {
        assert!(shop.tag(name).is_some(), "{name}");
    }
    assert_eq!(shop.tag("other:1"), None);
    assert_eq!(shop.records().len(), 3);
}

#[tokio::test]
async fn dropping_a_build_cancels_its_solves() {
    let shop = Workshop::new().await;
    shop.recipe("parent", BASE);
    shop.solver.on(None, "", Act::Hang);
    let options = push();
    let build = shop.build(&options);
    let ended = tokio::time::timeout(Duration::from_millis(50), build).await;
    assert!(ended.is_err());
    let dropped = |moment: &&Moment| matches!(moment, Moment::Dropped(_));
    assert_eq!(shop.solver.moments().iter().filter(dropped).count(), 2);
    assert_eq!((shop.tag("parent:1"), shop.records().len()), (None, 0));
}

#[tokio::test]
async fn an_image_that_is_left_out_moves_nobody_elses_parents() {
    let shop = Workshop::new().await;
    let amd = "platforms: [linux/amd64]\n";
    shop.recipe("a-parent", &format!("{amd}{BASE}"));
    let child = "base: {recipe: a-parent}\nsteps:\n  - run: echo child\n";
    shop.recipe("b-child", &format!("{amd}{child}"));
    shop.recipe("c-parent", BASE);
    shop.recipe("d-child", &child.replace("a-parent", "c-parent"));
    let options = BuildOptions {
        selectors: vec!["b-child".to_owned(), "d-child".to_owned()],
        platforms: [ARM64].into(),
        ..push()
    };
    let report = shop.build(&options).await.unwrap();
    let states: Vec<(&str, ImageState)> = report
        .images
        .iter()
        .map(|image| (image.name.as_str(), image.state))
        .collect();
    assert_eq!(
        states,
        [
            ("b-child", ImageState::Skipped),
            ("c-parent", ImageState::Built),
            ("d-child", ImageState::Built),
        ]
    );
}
