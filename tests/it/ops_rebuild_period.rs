//! Rebuilds and the period of the lock.

use kiln::lock::Period;
use kiln::ops::ReasonKind;
use kiln::ops::rebuild::{RebuildReport, Scope, Verdict, has_ended, move_period};

use crate::build::{rebuild, verdicts};
use crate::locksmith::{Locksmith, moved};

const APP: &str = "base: debian:12\nrefresh: quarterly\nsteps:\n  - run: echo 분기\n";
const CALM: &str = "base: scratch\nlabels: {wer: 나}\n";

fn period(year: i16, month: i8) -> Period {
    Period::of(year, month).unwrap()
}

async fn smith() -> Locksmith {
    let smith = Locksmith::new().await;
    smith.shop.recipe("app", APP);
    smith.shop.recipe("calm", CALM);
    smith.lock().await.unwrap();
    rebuild(&smith.shop, Scope::Stale).await.unwrap();
    smith
}

fn states(report: &RebuildReport) -> Vec<(String, Verdict)> {
    let all = verdicts(report).into_iter();
    all.map(|(name, verdict)| (name.to_owned(), verdict))
        .collect()
}

#[tokio::test]
async fn a_period_ends_when_the_next_quarter_begins_and_one_of_the_future_stays() {
    let smith = smith().await;
    let loaded = smith.shop.load();
    let now = smith.read().period();
    assert!(!has_ended(&loaded, now));
    assert!(has_ended(&loaded, period(2027, 1)));
    // A clock that is behind moves nothing back.
    assert!(!has_ended(&loaded, period(2025, 1)));
    std::fs::remove_file(smith.shop.path("kiln.lock")).unwrap();
    assert!(!has_ended(&smith.shop.load(), period(2099, 1)));
}

#[tokio::test]
async fn a_new_period_moves_all_pins_and_rebuilds_what_says_refresh_and_nothing_else() {
    let smith = smith().await;
    let before = smith.read();
    moved(&smith.shop, "debian:12", "새 분기").await;
    // Without a new period nothing is due, though the base has moved.
    let report = rebuild(&smith.shop, Scope::Due).await.unwrap();
    let current = |name: &str| (name.to_owned(), Verdict::Current);
    assert_eq!(states(&report), [current("app"), current("calm")]);
    let now = period(2027, 2);
    let report = move_period(&smith.shop.load(), &smith.sources(), now).await;
    assert_eq!(report.unwrap().period, now);
    let base = "debian:12".parse().unwrap();
    assert_ne!(smith.read().image(&base), before.image(&base));
    let report = rebuild(&smith.shop, Scope::Due).await.unwrap();
    let published = ("app".to_owned(), Verdict::Published);
    assert_eq!(states(&report), [published, current("calm")]);
    // What the builder knows of its steps is of the period before.
    let last = smith.shop.solver.seen().pop().unwrap();
    assert!(last.ignores_cache().contains(&true));
    let kinds = report.build.images[0].reasons.iter().map(|it| it.kind);
    let kinds: Vec<ReasonKind> = kinds.collect();
    assert!(kinds.contains(&ReasonKind::Refresh) && kinds.contains(&ReasonKind::Base));
    // Fit for a nightly run.
    let report = rebuild(&smith.shop, Scope::Due).await.unwrap();
    assert_eq!(states(&report), [current("app"), current("calm")]);
}
