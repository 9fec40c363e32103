//! Images that are older than their `refresh` allows.
//!
//! A window is a week, month, quarter or year of the calendar, in UTC. An image that says `refresh` is due where its
//! packages are of an earlier window than today's. Of which they are, its published parts say where there is a lock
//! with a period, and then every machine says the same; without one, and for windows that are shorter than a period, the
//! record of its build on this machine does, and where there is none nothing is said.

use jiff::Timestamp;
use jiff::civil::Date;

use super::super::current::{Reason, ReasonKind, State, Told};
use crate::ops::window::{date, over, window};
use crate::plan::{Plan, Planned};
use crate::recipe::Refresh;
use crate::record::Utc;

/// The clock, in seconds since 1970. Nothing else here looks at it, and no key does.
pub(super) fn now() -> i64 {
    Timestamp::now().as_second()
}

/// Adds what is due to the reasons, parents before children.
pub(super) fn add(told: &mut [Told], plan: &Plan, now: i64) {
    let Some(today) = date(now) else { return };
    let mut due = vec![false; told.len()];
    for (number, planned) in plan.images.iter().enumerate() {
        let mut reasons = Vec::from_iter(own(&told[number], planned, today));
        if told[number].standing.state != State::Stale {
            reasons.extend(of_parents(planned, plan, &due));
        }
        if reasons.is_empty() || told[number].standing.state == State::Unknown {
            continue;
        }
        due[number] = true;
        let standing = &mut told[number].standing;
        standing.state = State::Stale;
        standing.reasons.extend(reasons);
    }
}

/// A child of what is to be made anew is made anew.
fn of_parents(planned: &Planned, plan: &Plan, due: &[bool]) -> Vec<Reason> {
    let mut named: Vec<usize> = Vec::new();
    let mut reasons = Vec::new();
    for content in planned.image.contents.values() {
        for (reference, place) in content.recipes() {
            let parent = planned.parents.get(reference).copied();
            let Some(parent) = parent.filter(|&it| due[it] && !named.contains(&it)) else {
                continue;
            };
            named.push(parent);
            let name = plan.images[parent].image.name();
            reasons.push(Reason {
                kind: ReasonKind::Parent,
                platform: None,
                message: format!("its parent `{name}` is not current"),
                place: Some(place.clone()),
            });
        }
    }
    reasons
}

fn own(told: &Told, planned: &Planned, today: Date) -> Option<Reason> {
    let refresh = planned.image.refresh?;
    let message = due(refresh, since(told, refresh)?, today)?;
    Some(Reason {
        kind: ReasonKind::Refresh,
        platform: None,
        message,
        place: Some(planned.image.recipe.place.clone()),
    })
}

/// Of when the packages of an image are.
enum Since {
    /// The lock's period, as its parts have it.
    Period(String),
    /// The end of its build.
    Built(Date),
}

/// A week and a month are shorter than a period, so for them the record comes first.
fn since(told: &Told, refresh: Refresh) -> Option<Since> {
    let parts = told.legs.values().filter_map(|leg| leg.then.as_ref());
    let period = parts.filter_map(|parts| parts.period.clone()).min();
    let period = period.map(Since::Period);
    if matches!(refresh, Refresh::Weekly | Refresh::Monthly) {
        built(told).or(period)
    } else {
        period.or_else(|| built(told))
    }
}

fn built(told: &Told) -> Option<Since> {
    let platforms = told.record.as_ref()?.draft.platforms.values();
    let first = platforms.map(|platform| platform.finished).min();
    first
        .map(Utc::as_millis)
        .and_then(|it| date(it / 1000))
        .map(Since::Built)
}

/// Why an image is due; nothing where it is not.
fn due(refresh: Refresh, since: Since, today: Date) -> Option<String> {
    let word = refresh.as_str();
    match since {
        Since::Period(period) => {
            // A period is a quarter: of one that is over, everything is over but its year.
            let same = if refresh == Refresh::Yearly {
                Refresh::Yearly
            } else {
                Refresh::Quarterly
            };
            let now = window(same, today)?;
            let is_over = refresh != Refresh::Never && period.as_str() < now.as_str();
            let is_over = is_over && !period.starts_with(&now);
            let quarter = window(Refresh::Quarterly, today)?;
            is_over.then(|| {
                format!("`refresh: {word}`: its packages are of {period}, and it is {quarter}")
            })
        }
        Since::Built(built) => over(refresh, built, today)
            .map(|words| format!("{words}; `kiln rebuild --due` makes it anew")),
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::{Since, due};
    use crate::recipe::Refresh;

    #[test]
    fn an_image_is_due_when_the_period_of_its_parts_is_over() {
        let today = date(2026, 11, 2);
        let is_due = |refresh, since| due(refresh, since, today).is_some();
        let period = |text: &str| Since::Period(text.to_owned());
        for refresh in [Refresh::Weekly, Refresh::Monthly, Refresh::Quarterly] {
            assert!(is_due(refresh, period("2026Q3")));
            assert!(!is_due(refresh, period("2026Q4")));
        }
        assert!(!is_due(Refresh::Yearly, period("2026Q1")));
        assert!(is_due(Refresh::Yearly, period("2025Q4")));
        assert!(!is_due(Refresh::Never, period("1999Q1")));
    }
}
