//! What a build does when its builder goes away, and when another attempt would be in vain.

use std::time::Duration;

use kiln::buildkit::SolveError;
use kiln::ops::build::{Event, ImageState, LegState};
use tokio::time::Instant;

use crate::build::{AMD64, ARM64, Act, Workshop, kinds, leg, push};

const ONE: &str = "base: debian:12\nsteps:\n  - run: echo gut\n";

fn lost() -> SolveError {
    SolveError::DaemonLost {
        builder: "fake".to_owned(),
        message: "Verbindung weg".to_owned(),
    }
}

fn retries(shop: &Workshop) -> Vec<(kiln::oci::Platform, u32, String)> {
    let retry = |event| match event {
        Event::LegRetried {
            leg,
            attempt,
            message,
            ..
        } => Some((leg.platform, attempt, message)),
        _ => None,
    };
    shop.events().into_iter().filter_map(retry).collect()
}

#[tokio::test]
async fn a_leg_that_lost_its_builder_is_solved_again_and_the_other_platform_is_not() {
    let shop = Workshop::new().await;
    shop.recipe("app", ONE);
    shop.solver.on(Some(ARM64), "", Act::Errors(lost(), 2));
    let report = shop.pushed().await;
    assert_eq!(report.images[0].state, ImageState::Built);
    let solves = |platform| {
        let seen = shop.solver.seen();
        seen.iter().filter(|it| it.platform() == platform).count()
    };
    assert_eq!(solves(AMD64), 1);
    let retried = retries(&shop);
    assert_eq!(solves(ARM64), 1 + retried.len());
    assert!(!retried.is_empty());
    assert_eq!(
        retried[0],
        (ARM64, 1, "lost builder `fake`: Verbindung weg".to_owned())
    );
    assert!(shop.tag("app:1").is_some());
}

#[tokio::test]
async fn a_builder_that_is_lost_four_times_fails_its_leg() {
    let shop = Workshop::new().await;
    shop.recipe("app", ONE);
    shop.solver.on(Some(ARM64), "", Act::Error(lost()));
    let report = shop.pushed().await;
    assert_eq!(kinds(&report.images[0]), ["built", "builder"]);
    assert_eq!(retries(&shop).len(), 3);
    assert_eq!(shop.solver.seen().len(), 1 + 4);
    assert_eq!(shop.tag("app:1"), None);
}

#[tokio::test]
async fn a_builder_that_does_not_come_back_is_given_up_after_a_minute() {
    let shop = Workshop::new().await;
    shop.recipe("app", ONE);
    shop.solver.on(None, "", Act::Error(lost()));
    shop.solver.go_away();
    tokio::time::pause();
    let began = Instant::now();
    let ten_minutes = Duration::from_secs(600);
    let report = shop.build_within(ten_minutes, &push()).await.unwrap();
    assert_eq!(kinds(&report.images[0]), ["builder", "builder"]);
    assert_eq!(shop.solver.seen().len(), 2);
    let waited = began.elapsed();
    let minute = Duration::from_secs(50)..=Duration::from_secs(60);
    assert!(minute.contains(&waited), "{waited:?}");
}

#[tokio::test]
async fn a_full_disk_is_said_with_what_frees_space_and_not_tried_again() {
    let shop = Workshop::new().await;
    shop.recipe("app", ONE);
    let full = SolveError::DiskFull {
        builder: "fake".to_owned(),
        message: "mkdir /größe: no space left on device".to_owned(),
    };
    shop.solver.on(Some(ARM64), "", Act::Error(full));
    let report = shop.pushed().await;
    assert_eq!(kinds(&report.images[0]), ["built", "builder"]);
    assert!(retries(&shop).is_empty());
    let LegState::Failed(failure) = &leg(&report, "app", ARM64).state else {
        panic!();
    };
    assert_eq!(
        failure.message,
        "the disk of builder `fake` is full: mkdir /größe: no space left on device"
    );
    let next = failure.next.as_deref().unwrap();
    assert!(next.contains("buildctl prune"), "{next}");
}
