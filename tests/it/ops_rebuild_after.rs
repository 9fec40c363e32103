//! The question after the work: what was built must be current, unless something moved meanwhile.

use std::sync::Arc;

use futures_util::FutureExt as _;
use kiln::ops::build::Event;
use kiln::ops::rebuild::{After, Guard, RebuildOptions, RebuildReport, Scope, Verdict};

use crate::build::{
    AMD64, ARM64, Rival, Workshop, after, move_base, rebuild, rebuild_with, verdicts,
};

async fn shop() -> Arc<Workshop> {
    let shop = Workshop::new().await;
    shop.write("앱/a.txt", "가");
    shop.recipe(
        "app",
        "base: debian:12\nsteps:\n  - copy: {src: ../앱/, to: /srv/}\n",
    );
    shop.recipe("kind", "base: {recipe: app}\nsteps:\n  - run: echo 딸\n");
    Arc::new(shop)
}

/// Rebuilds, and does something once the app is published.
async fn with(
    shop: &Arc<Workshop>,
    act: impl Fn(&Workshop) + Send + Sync + 'static,
) -> RebuildReport {
    let own = Arc::clone(shop);
    let options = RebuildOptions::default();
    let done = rebuild_with(shop, &options, shop.backends(), move |event| {
        if matches!(event, Event::Published { image, .. } if image == "team/app:1") {
            act(&own);
        }
    });
    done.await.unwrap()
}

#[track_caller]
fn moved(report: &RebuildReport, name: &str, words: &str) {
    let After::Moved(why) = after(report, name) else {
        panic!("{:?}", after(report, name));
    };
    assert!(why.contains(words), "{why}");
    assert!(!report.is_any_still_stale());
}

#[tokio::test]
async fn a_base_that_moves_while_it_is_built_on_is_for_the_next_run() {
    let shop = shop().await;
    let report = with(&shop, |shop| {
        move_base(shop, "debian:12", "새").now_or_never().unwrap();
    });
    let report = report.await;
    moved(&report, "app", "debian:12 linux/amd64` moved from");
    moved(&report, "kind", "its parent `team/app:1` is not current");
    let report = rebuild(&shop, Scope::Stale).await.unwrap();
    let all = [("app", Verdict::Published), ("kind", Verdict::Published)];
    assert_eq!(verdicts(&report), all);
    assert_eq!(*after(&report, "kind"), After::Current);
}

#[tokio::test]
async fn files_that_change_after_they_were_copied_are_for_the_next_run() {
    let shop = shop().await;
    let report = with(&shop, |shop| shop.write("앱/a.txt", "나")).await;
    moved(&report, "app", "`앱` changed");
}

#[tokio::test]
async fn an_image_of_which_nobody_knows_which_files_it_has_is_for_the_next_run() {
    let shop = shop().await;
    let own = Arc::clone(&shop);
    let options = RebuildOptions::default();
    // Before the leg is done: the image then says nothing of how it was made.
    let report = rebuild_with(&shop, &options, shop.backends(), move |event| {
        if matches!(event, Event::LegStarted { .. }) {
            own.write("앱/a.txt", "다");
        }
    });
    let report = report.await.unwrap();
    assert!(
        matches!(after(&report, "app"), After::Moved(_)),
        "{report:?}"
    );
    assert!(!report.is_any_still_stale());
}

#[tokio::test]
async fn a_tag_that_somebody_else_moves_meanwhile_is_told_as_that() {
    let shop = shop().await;
    let report = with(&shop, |shop| {
        let reference = "127.0.0.1:5999/team/app:1";
        move_base(shop, reference, "남").now_or_never().unwrap();
    });
    moved(&report.await, "app", "somebody else moved its tag");
}

#[tokio::test]
async fn an_image_that_is_stale_although_nothing_moved_is_an_error() {
    let shop = shop().await;
    let mut backends = shop.backends();
    backends.origin = Arc::new(Rival::garbling(Arc::clone(&shop.registry), "1"));
    let options = RebuildOptions::default();
    let report = rebuild_with(&shop, &options, backends, |_| {})
        .await
        .unwrap();
    let After::StillStale(why) = after(&report, "app") else {
        panic!("{report:?}");
    };
    assert_eq!(why, "it was made from something else");
    assert!(report.is_any_still_stale());
}

#[tokio::test]
async fn an_image_with_a_stage_on_the_builders_platform_is_current_after_its_rebuild() {
    let shop = Workshop::new().await;
    shop.seed("tool:1", &[AMD64, ARM64]).await;
    shop.recipe(
        "app",
        "base: debian:12\nstages:\n  마당: {base: tool:1, platform: native, steps: [{run: make größe}]}\n\
         steps:\n  - copy: {from: 마당, src: /größe, to: /}\n",
    );
    let report = rebuild(&shop, Scope::Stale).await.unwrap();
    assert_eq!(*after(&report, "app"), After::Current);
}

#[tokio::test]
async fn while_one_rebuild_is_at_work_another_one_does_not_begin() {
    let shop = shop().await;
    let guard = Guard::take(&shop.path("")).unwrap();
    let error = rebuild(&shop, Scope::Stale).await.unwrap_err();
    assert!(error.to_string().contains("another rebuild is at work"));
    assert!(shop.solver.seen().is_empty());
    drop(guard);
    assert!(rebuild(&shop, Scope::Stale).await.is_ok());
}
