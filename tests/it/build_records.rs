//! Records of what was published, and what becomes of one that cannot be written.

use kiln::ops::OpError;
use kiln::ops::build::{BuildOptions, Event, EventSink, ImageState, run};
use kiln::record::{Ledger, Record};

use crate::build::{Workshop, push};

const APP: &str = "tags: [\"1\", latest]\nbase: debian:12\nsteps:\n  - run: echo größer\n";

#[tokio::test]
async fn records_that_cannot_be_written_are_found_before_the_first_solve() {
    let shop = Workshop::new().await;
    shop.recipe("app", APP);
    shop.write(".kiln/records.jsonl/oops", "a folder is in the way");
    let error = shop.build(&push()).await.unwrap_err();
    assert!(matches!(error, OpError::Ledger(_)), "{error:?}");
    assert!(error.next_step().unwrap().contains("--record"));
    assert!(shop.solver.seen().is_empty());
    shop.build(&BuildOptions::default()).await.unwrap();
    let options = BuildOptions {
        record: Some(shop.path("woanders/records.jsonl")),
        ..push()
    };
    shop.build(&options).await.unwrap();
    let scan = Ledger::at(shop.path("woanders/records.jsonl")).scan();
    assert_eq!(scan.unwrap().records.len(), 1);
}

#[tokio::test]
async fn a_record_that_is_lost_is_told_and_the_index_with_it() {
    let shop = Workshop::new().await;
    shop.recipe("app", APP);
    let ledger = shop.path(".kiln/records.jsonl");
    let events = EventSink::new(move |event| {
        if matches!(event, Event::Published { .. }) {
            std::fs::remove_file(&ledger).unwrap();
            std::fs::create_dir(&ledger).unwrap();
        }
    });
    let (loaded, options, backends) = (shop.load(), push(), shop.backends());
    let report = run(&loaded, &options, &backends, &events).await.unwrap();
    let image = &report.images[0];
    assert_eq!(image.state, ImageState::Failed);
    assert_eq!(
        image.index.as_ref().map(|(digest, _)| digest.clone()),
        shop.tag("app:1")
    );
    let failure = image.error.as_ref().unwrap();
    assert!(failure.message.contains("published"), "{failure:?}");
    assert!(failure.message.contains("directory"), "{failure:?}");
    // Nothing is lost: the record itself is said.
    let line = failure.next.as_ref().unwrap().split_once("to it: ");
    let record: Record = serde_json::from_str(line.unwrap().1).unwrap();
    assert_eq!(Some(record.draft.index.digest), shop.tag("app:1"));
}
