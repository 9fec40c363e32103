//! Images whose time is over: `refresh` in a recipe is the greatest age of what it is made of.
//!
//! Here alone a rebuild looks at the clock, in UTC. Windows are those of the calendar: what was made in one quarter is
//! due in the next.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::lock::Period;
use crate::ops::build::Begun;
use crate::ops::current::{Reason, ReasonKind};
use crate::ops::error::OpError;
use crate::ops::load::Loaded;
use crate::ops::lock::{LockOptions, LockReport, Sources, update};
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
        let (Some(then), Some(now)) = (
            made.and_then(|made| Window::of(refresh, made)),
            Window::of(refresh, now),
        ) else {
            continue;
        };
        if then < now {
            let word = refresh.as_str();
            let reason = Reason {
                kind: ReasonKind::Refresh,
                platform: None,
                message: format!("`refresh: {word}`: it was made in {then}, and now is {now}"),
                place: Some(planned.image.recipe.place.clone()),
            };
            due.insert(number, reason);
        }
    }
    due
}

/// A window of the calendar: its year, and its number in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Window {
    year: i16,
    number: i8,
    letter: char,
}

impl Window {
    fn of(refresh: Refresh, moment: Utc) -> Option<Self> {
        let time = Timestamp::from_millisecond(moment.as_millis()).ok()?;
        let date = time.to_zoned(TimeZone::UTC).date();
        let (year, number, letter) = match refresh {
            Refresh::Weekly => {
                let week = date.iso_week_date();
                (week.year(), week.week(), 'W')
            }
            Refresh::Monthly => (date.year(), date.month(), 'M'),
            Refresh::Quarterly => (date.year(), (date.month() - 1) / 3 + 1, 'Q'),
            Refresh::Yearly => (date.year(), 0, 'Y'),
            Refresh::Never => return None,
        };
        Some(Self {
            year,
            number,
            letter,
        })
    }
}

impl std::fmt::Display for Window {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.letter {
            'Y' => write!(f, "{}", self.year),
            'M' => write!(f, "{}-{:02}", self.year, self.number),
            letter => write!(f, "{}{letter}{}", self.year, self.number),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Window;
    use crate::recipe::Refresh;

    fn window(refresh: Refresh, text: &str) -> Option<String> {
        Some(Window::of(refresh, text.parse().unwrap())?.to_string())
    }

    #[test]
    fn windows_are_those_of_the_calendar_in_utc() {
        let rows = [
            (Refresh::Weekly, "2026-11-22T23:59:59Z", "2026W47"),
            (Refresh::Weekly, "2026-11-23T00:00:00Z", "2026W48"),
            // The first days of a year may be in the last week of the one before.
            (Refresh::Weekly, "2027-01-01T00:00:00Z", "2026W53"),
            (Refresh::Monthly, "2026-12-01T08:59:59+09:00", "2026-11"),
            (Refresh::Quarterly, "2026-09-30T23:59:59Z", "2026Q3"),
            (Refresh::Quarterly, "2026-10-01T00:00:00Z", "2026Q4"),
            (Refresh::Yearly, "2026-12-31T23:59:59Z", "2026"),
        ];
        for (refresh, moment, expected) in rows {
            assert_eq!(window(refresh, moment).as_deref(), Some(expected));
        }
        assert_eq!(window(Refresh::Never, "2026-12-31T23:59:59Z"), None);
    }

    #[test]
    fn a_window_of_a_later_year_is_later() {
        let of = |text: &str| Window::of(Refresh::Quarterly, text.parse().unwrap());
        assert!(of("2026-12-31T00:00:00Z") < of("2027-01-01T00:00:00Z"));
        assert!(of("2026-01-01T00:00:00Z") == of("2026-03-31T00:00:00Z"));
    }
}
