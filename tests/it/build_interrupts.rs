//! What a build does when its user ends it.

use std::sync::Arc;

use kiln::ops::OpError;
use kiln::ops::build::{BuildOptions, Event, EventSink, FailureKind, ImageState, LegState, run};
use tokio_util::sync::CancellationToken;

use crate::build::{ARM64, Act, Moment, Rival, Workshop, leg, push};

const APP: &str = "base: debian:12\ntags: [\"1\", latest, neu]\nsteps:\n  - run: echo größer\n";

fn stoppable() -> (BuildOptions, CancellationToken) {
    let options = push();
    let stop = options.stop.clone();
    (options, stop)
}

#[tokio::test]
async fn an_interrupt_cancels_what_runs_and_begins_nothing_else() {
    let shop = Workshop::new().await;
    shop.recipe("app", "base: debian:12\nsteps:\n  - run: echo gut\n");
    shop.solver.on(Some(ARM64), "", Act::Hang);
    let (options, stop) = stoppable();
    let interrupt = async {
        while shop.solver.seen().len() < 2 {
            tokio::task::yield_now().await;
        }
        stop.cancel();
    };
    let (report, ()) = tokio::join!(shop.build(&options), interrupt);
    let report = report.unwrap();
    let LegState::Skipped(why) = &leg(&report, "app", ARM64).state else {
        panic!("{report:?}");
    };
    assert_eq!(why, "interrupted");
    let told = |event: &Event| matches!(event, Event::NotPublished { message, .. } if message.contains("failed"));
    assert!(!shop.events().iter().any(told), "nothing failed");
    let mut moments = shop.solver.moments().into_iter();
    assert!(moments.any(|moment| matches!(moment, Moment::Dropped(_))));
    assert_eq!((shop.tag("app:1"), shop.records().len()), (None, 0));
}

#[tokio::test]
async fn an_interrupt_before_the_first_tag_leaves_all_of_them_alone() {
    let shop = Workshop::new().await;
    shop.recipe("app", "base: debian:12\nsteps:\n  - run: echo gut\n");
    let (options, stop) = stoppable();
    let (loaded, backends) = (shop.load(), shop.backends());
    let left = std::sync::atomic::AtomicUsize::new(2);
    let events = EventSink::new(move |event| {
        let last = || left.fetch_sub(1, std::sync::atomic::Ordering::Relaxed) == 1;
        if matches!(event, Event::LegFinished { .. }) && last() {
            stop.cancel();
        }
    });
    let report = run(&loaded, &options, &backends, &events).await.unwrap();
    let failure = report.images[0].error.as_ref().unwrap();
    assert!(matches!(failure.kind, FailureKind::Interrupted));
    assert_eq!((shop.tag("app:1"), shop.records().len()), (None, 0));
}

#[tokio::test]
async fn tags_that_are_being_moved_are_moved_as_a_whole_and_recorded() {
    let shop = Workshop::new().await;
    shop.recipe("app", APP);
    let (options, stop) = stoppable();
    let registry = Rival::interrupting(Arc::clone(&shop.registry), "1", &stop);
    let mut backends = shop.backends();
    backends.origin = Arc::new(registry);
    let report = run(&shop.load(), &options, &backends, &EventSink::none()).await;
    assert_eq!(report.unwrap().images[0].state, ImageState::Built);
    assert!(stop.is_cancelled());
    assert!(shop.tag("app:1").is_some());
    assert_eq!(shop.tag("app:1"), shop.tag("app:latest"));
    assert_eq!(shop.tag("app:1"), shop.tag("app:neu"));
    assert_eq!(shop.records().len(), 1);
}

#[tokio::test]
async fn an_interrupt_before_anything_is_begun_is_an_error_of_the_whole() {
    let shop = Workshop::new().await;
    shop.recipe("app", "base: debian:12\nsteps:\n  - run: echo gut\n");
    let (options, stop) = stoppable();
    stop.cancel();
    let error = shop.build(&options).await.unwrap_err();
    assert!(matches!(error, OpError::Interrupted), "{error:?}");
    assert!(shop.solver.seen().is_empty());
}
