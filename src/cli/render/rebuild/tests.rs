//! A rebuild in which everything happened, in every form.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{json, markdown, still_stale, text};
use crate::oci::{Digest, Platform};
use crate::ops::build::{
    BuildReport, Failure, FailureKind, ImageReport, ImageState, LegReport, LegState,
};
use crate::ops::rebuild::{After, RebuildReport, Rebuilt, Scope, Verdict};
use crate::ops::{Reason, ReasonKind};
use crate::text::{Place, SourceFile};

fn leg(state: LegState) -> LegReport {
    LegReport {
        builder: Some("굽는이".to_owned()),
        emulated: false,
        steps: Vec::new(),
        started: "2026-11-21T07:45:00Z".parse().ok(),
        finished: "2026-11-21T07:45:01.500Z".parse().ok(),
        took: Duration::from_millis(1500),
        state,
    }
}

fn image(name: &str, state: ImageState, legs: [LegState; 2], why: &str) -> ImageReport {
    let platforms = [Platform::LINUX_AMD64, Platform::LINUX_ARM64];
    let built = matches!(state, ImageState::Built | ImageState::Current);
    ImageReport {
        name: name.to_owned(),
        variant: "1".to_owned(),
        image: format!("team/{name}:1"),
        references: vec![format!("registry.example/team/{name}:1")],
        state,
        index: built.then(|| (Digest::sha256_of(name.as_bytes()), 7)),
        legs: platforms
            .into_iter()
            .zip(legs.map(leg))
            .collect::<BTreeMap<_, _>>(),
        reasons: vec![Reason {
            kind: ReasonKind::Base,
            platform: Some(Platform::LINUX_AMD64),
            message: why.to_owned(),
            place: None,
        }],
        error: None,
    }
}

fn report() -> RebuildReport {
    let built = || LegState::Built(Box::default());
    let skipped =
        || LegState::Skipped("its parent team/broken:1 was not built for linux/amd64".to_owned());
    let recipe = "kiln: 1\nsteps:\n  - run: größer | cat\n";
    let place = Place::file(&SourceFile::new("r/브로큰.yaml", recipe)).inner(19, 3);
    let failed = LegState::Failed(Box::new(Failure {
        kind: FailureKind::Step {
            name: "run größer | cat".to_owned(),
            places: vec![place],
            exit_code: Some(3),
            logs: (1..=30).map(|line| format!("Zeile {line} ```")).collect(),
        },
        message: "`run größer | cat` ended with exit code 3".to_owned(),
        next: Some("look at <it>".to_owned()),
    }));
    let base = "the base `debian:12 linux/amd64` moved from sha256:a to sha256:b";
    let rows = [
        (
            image("app", ImageState::Built, [built(), built()], base),
            Verdict::Published,
            After::Current,
        ),
        (
            image(
                "same",
                ImageState::Built,
                [built(), built()],
                "`a|b` changed",
            ),
            Verdict::Identical,
            After::Moved("`a|b` changed, since it was built".to_owned()),
        ),
        (
            image("again", ImageState::Built, [built(), built()], base),
            Verdict::Published,
            After::StillStale("the base *moved*".to_owned()),
        ),
        (
            image("broken", ImageState::Failed, [failed, skipped()], base),
            Verdict::Failed,
            After::NotAsked,
        ),
        (
            image("kind", ImageState::Skipped, [skipped(), skipped()], base),
            Verdict::Skipped,
            After::NotAsked,
        ),
        (
            image("calm", ImageState::Current, [built(), built()], ""),
            Verdict::Current,
            After::NotAsked,
        ),
    ];
    let (images, rebuilt) = rows
        .into_iter()
        .map(|(image, verdict, after)| (image, Rebuilt { verdict, after }))
        .unzip();
    RebuildReport {
        scope: Scope::DependentsOf("debian:12".to_owned()),
        began: "2026-11-21T07:44:59Z".parse().unwrap(),
        ended: "2026-11-21T07:46:00Z".parse().unwrap(),
        build: BuildReport {
            images,
            ..BuildReport::default()
        },
        images: rebuilt,
        notes: vec!["the rebuild of process 7 on 빌드_7 did not come to its end".to_owned()],
    }
}

#[test]
fn a_page_has_every_image_where_it_belongs_and_the_last_thirty_lines_of_what_failed() {
    insta::assert_snapshot!(markdown(&report()));
}

#[test]
fn a_table_has_what_is_not_current_and_counts_the_rest() {
    insta::assert_snapshot!(text(&report()));
    insta::assert_snapshot!(still_stale(&report()).join("\n"));
}

#[test]
fn a_document_has_counts_and_of_each_image_state_reasons_and_failures() {
    let document: serde_json::Value = serde_json::from_str(&json(&report())).unwrap();
    assert_eq!(document["summary"]["published"], 2);
    assert_eq!(document["scope"], "dependents of debian:12");
    let broken = &document["images"][3];
    assert_eq!(broken["state"], "failed");
    assert_eq!(broken["seconds"], 1.5);
    let failure = &broken["failures"][0];
    assert_eq!(failure["platform"], "linux/amd64");
    assert_eq!(
        (&failure["file"], &failure["line"]),
        (&"r/브로큰.yaml".into(), &3.into())
    );
    assert_eq!(failure["logs"].as_array().unwrap().len(), 30);
    assert_eq!(document["images"][2]["after"]["state"], "still-stale");
    assert_eq!(document["images"][0]["reasons"][0]["kind"], "base");
}
