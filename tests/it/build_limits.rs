//! What limits refuse.

use kiln::ops::OpError;
use kiln::ops::build::{BuildOptions, FailureKind, ImageState, LegState};

use crate::build::{AMD64, ARM64, Workshop, kinds, leg};

const APP: &str = "base: debian:12\nsteps:\n  - run: echo größer\n";

#[tokio::test]
async fn an_image_larger_than_its_limit_is_not_published_and_its_largest_layers_are_named() {
    let shop = Workshop::new().await;
    shop.recipe("app", &format!("{APP}limits:\n  image_size: 60B\n"));
    let report = shop.pushed().await;
    assert_eq!(kinds(&report.images[0]), ["limit", "limit"]);
    assert_eq!((shop.tag("app:1"), shop.records().len()), (None, 0));
    let LegState::Failed(failure) = &leg(&report, "app", AMD64).state else {
        panic!();
    };
    let FailureKind::Limit { place, layers } = &failure.kind else {
        panic!("{failure:?}");
    };
    assert_eq!(place.to_string(), "recipes/app.yaml:9:15");
    let message = &failure.message;
    assert!(message.starts_with("the image has "), "{message}");
    assert!(
        message.ends_with(" compressed, and may have 60 B"),
        "{message}"
    );
    let named = |layer: &String| layer.contains("run echo größer");
    assert!(layers.iter().any(named), "{layers:?}");
}

#[tokio::test]
async fn a_layer_larger_than_its_limit_is_refused_on_its_platform_only() {
    let shop = Workshop::new().await;
    let limits =
        "limits: {layer_size: {if: arch == \"arm64\", then: 7B, else: 1GB}, image_size: 1GB}\n";
    shop.recipe("app", &format!("{APP}{limits}"));
    let report = shop.pushed().await;
    assert_eq!(kinds(&report.images[0]), ["built", "limit"]);
    assert_eq!(shop.tag("app:1"), None);
    let LegState::Failed(failure) = &leg(&report, "app", ARM64).state else {
        panic!();
    };
    assert!(failure.message.starts_with("its largest layer has "));
}

#[tokio::test]
async fn an_image_within_its_limits_is_published() {
    let shop = Workshop::new().await;
    shop.recipe(
        "app",
        &format!("{APP}limits: {{image_size: 1MB, layer_size: 1MB, emulation: allow}}\n"),
    );
    let report = shop.pushed().await;
    assert_eq!(report.images[0].state, ImageState::Built);
    assert!(report.warnings.is_empty());
    assert!(shop.tag("app:1").is_some());
}

#[tokio::test]
async fn where_emulation_is_denied_nothing_is_built_that_would_need_it() {
    let shop = Workshop::new().await;
    shop.recipe("app", &format!("{APP}limits:\n  emulation: deny\n"));
    shop.recipe("other", APP);
    let error = shop.build(&BuildOptions::default()).await.unwrap_err();
    let OpError::Refused(findings) = error else {
        panic!("{error:?}");
    };
    let found: Vec<String> = findings
        .sorted()
        .iter()
        .map(|finding| format!("{} {}", finding.place, finding.message))
        .collect();
    assert_eq!(
        found,
        [
            "recipes/app.yaml:7:5 `run echo größer` of team/app:1 would be emulated on linux/arm64 by builder `fake`: \
             a run step says only how"
        ]
    );
    assert!(shop.solver.seen().is_empty());
}

#[tokio::test]
async fn where_a_builder_has_the_platform_natively_emulation_may_be_denied() {
    let mut shop = Workshop::new().await;
    shop.builders.push(shop.builder("arm", ARM64, &[ARM64], 1));
    shop.recipe("app", &format!("{APP}limits:\n  emulation: deny\n"));
    let report = shop.pushed().await;
    assert_eq!(report.images[0].state, ImageState::Built);
}

#[tokio::test]
async fn where_a_recipe_wants_to_be_warned_the_report_says_what_was_emulated() {
    let shop = Workshop::new().await;
    shop.recipe("app", &format!("{APP}limits:\n  emulation: warn\n"));
    let report = shop.pushed().await;
    assert_eq!(report.images[0].state, ImageState::Built);
    let warnings: Vec<_> = report
        .warnings
        .iter()
        .map(|it| it.message.as_str())
        .collect();
    assert_eq!(
        warnings,
        [
            "team/app:1 has 1 step emulated on linux/arm64 by builder `fake`: `run echo größer` (recipes/app.yaml:7)"
        ]
    );
}

#[tokio::test]
async fn where_emulation_is_denied_file_steps_and_native_stages_are_built() {
    let shop = Workshop::new().await;
    let recipe = "base: debian:12\nstages:\n  s:\n    base: debian:12\n    platform: native\n    steps: [{run: echo 빌드}]\n\
                  steps:\n  - copy: {from: s, src: /etc/os-release, to: /srv/}\n  - mkdir: /srv/더\n\
                  limits: {emulation: deny}\n";
    shop.recipe("app", recipe);
    let report = shop.pushed().await;
    assert_eq!(report.images[0].state, ImageState::Built);
    assert!(report.warnings.is_empty());
}

#[tokio::test]
async fn where_emulation_is_denied_a_test_that_runs_a_program_is_refused_at_its_line() {
    let shop = Workshop::new().await;
    let recipe = "base: debian:12\nsteps:\n  - mkdir: /srv/더\ntests:\n  - file: /srv/더\n  - run: [echo, 시험]\n\
                  limits: {emulation: deny}\n";
    shop.recipe("app", recipe);
    let error = shop.build(&BuildOptions::default()).await.unwrap_err();
    let OpError::Refused(findings) = error else {
        panic!("{error:?}");
    };
    let found = findings.sorted();
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(
        found[0].message.starts_with(
            "`test echo 시험` of team/app:1 would be emulated on linux/arm64 by builder `fake`: a test runs"
        ),
        "{}",
        found[0].message
    );
    assert!(found[0].place.to_string().starts_with("recipes/app.yaml:"));
    assert!(shop.solver.seen().is_empty());
}
