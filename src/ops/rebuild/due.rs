//! Images whose time is over: `refresh` in a recipe is the greatest age of what it is made of.
//!
//! Here alone a rebuild looks at the clock, in UTC. Windows are those of the calendar: what was made in one quarter is
//! due in the next.

use std::collections::BTreeMap;

use crate::lock::Period;
use crate::ops::build::Begun;
use crate::ops::current::{Reason, ReasonKind};
use crate::ops::error::OpError;
use crate::ops::load::Loaded;
use crate::ops::lock::{LockOptions, LockReport, Sources, update};
use crate::ops::window::{date, over};
use crate::recipe::Refresh;
use crate::record::{Record, Scan, Utc};

/// Whether the period of the workspace's lock has ended. One that has not begun yet was written by a clock that is
/// ahead of this one, and stays. Without a lock there is no period, and [`overdue`] goes by the records.
pub fn has_ended(loaded: &Loaded, now: Period) -> bool {
    let lock = loaded.lock.as_ref();
    lock.is_some_and(|lock| lock.period() < now)
}

/// Looks up anew everything that the lock has, and begins the period `now`. The workspace must have been loaded with
/// that period, and must be loaded again afterwards.
///
/// # Errors
/// What cannot be looked up; the lock stays as it was then.
pub async fn move_period(
    loaded: &Loaded,
    sources: &Sources,
    now: Period,
) -> Result<LockReport, OpError> {
    update(loaded, &LockOptions::default(), sources, now).await
}

/// The images whose window has ended since their last record, with the reason. One without a record, or one that is
/// published by somebody else by now, is not among them: whether it is current is for its key to say. So it is where a
/// lock has a period and the window is not shorter than that.
pub(super) fn overdue(
    begun: &Begun,
    scan: &Scan,
    has_lock: bool,
    now: Utc,
) -> BTreeMap<usize, Reason> {
    let mut latest: BTreeMap<String, &Record> = BTreeMap::new();
    for record in &scan.records {
        for reference in &record.draft.references {
            latest.insert(reference.to_string(), record);
        }
    }
    let mut due = BTreeMap::new();
    for (number, planned) in begun.plan.images.iter().enumerate() {
        let Some(refresh) = planned.image.refresh else {
            continue;
        };
        if has_lock && matches!(refresh, Refresh::Quarterly | Refresh::Yearly) {
            continue;
        }
        let reference = begun.destinations[number].references.first();
        let record = reference.and_then(|it| latest.get(&it.to_string()));
        let published = begun.standings.get(number).and_then(|it| it.index.as_ref());
        let is_there = |record: &&&Record| {
            published.is_none_or(|published| published.digest == record.draft.index.digest)
        };
        let record = record.filter(is_there);
        // An image is as old as its oldest platform.
        let made = record.and_then(|it| it.draft.platforms.values().map(|it| it.finished).min());
        let day = |moment: Utc| date(moment.as_millis() / 1000);
        let days = made.and_then(day).zip(day(now));
        if let Some(message) = days.and_then(|(made, today)| over(refresh, made, today)) {
            let reason = Reason {
                kind: ReasonKind::Refresh,
                platform: None,
                message,
                place: Some(planned.image.recipe.place.clone()),
            };
            due.insert(number, reason);
        }
    }
    due
}
