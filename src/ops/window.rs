//! Windows of the calendar: what `refresh` counts in. In UTC, and told the time by whoever asks.

use std::cmp::Ordering;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::recipe::Refresh;

/// The window that a day lies in; texts of the same `refresh` sort as days do.
pub(super) fn window(refresh: Refresh, day: Date) -> Option<String> {
    let (year, month) = (day.year(), day.month());
    Some(match refresh {
        Refresh::Weekly => {
            let week = day.iso_week_date();
            format!("{:04}-W{:02}", week.year(), week.week())
        }
        Refresh::Monthly => format!("{year:04}-{month:02}"),
        Refresh::Quarterly => format!("{year:04}Q{}", (month - 1) / 3 + 1),
        Refresh::Yearly => format!("{year:04}"),
        Refresh::Never => return None,
    })
}

/// Why an image that was made on a day is due today: that day's window is not today's. A later one is of a clock that
/// was wrong, and would keep the image for as long.
pub(super) fn over(refresh: Refresh, made: Date, today: Date) -> Option<String> {
    let (then, now) = (window(refresh, made)?, window(refresh, today)?);
    let word = refresh.as_str();
    match then.cmp(&now) {
        Ordering::Equal => None,
        Ordering::Less => Some(format!(
            "`refresh: {word}`: it was built on {made}, in {then}, and it is {now}"
        )),
        Ordering::Greater => Some(format!(
            "`refresh: {word}`: its record says that it was built on {made}, which is not yet: a clock was wrong"
        )),
    }
}

/// The day of a time in seconds since 1970, in UTC.
pub(super) fn date(seconds: i64) -> Option<Date> {
    let moment = Timestamp::from_second(seconds).ok()?;
    Some(moment.to_zoned(TimeZone::UTC).date())
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::{over, window};
    use crate::recipe::Refresh;

    #[test]
    fn windows_are_those_of_the_calendar_in_utc() {
        let rows = [
            (Refresh::Weekly, date(2027, 1, 3), Some("2026-W53")),
            (Refresh::Weekly, date(2027, 1, 4), Some("2027-W01")),
            (Refresh::Monthly, date(2026, 9, 30), Some("2026-09")),
            (Refresh::Quarterly, date(2026, 9, 30), Some("2026Q3")),
            (Refresh::Quarterly, date(2026, 10, 1), Some("2026Q4")),
            (Refresh::Yearly, date(2026, 12, 31), Some("2026")),
            (Refresh::Never, date(2026, 1, 1), None),
        ];
        for (refresh, day, expected) in rows {
            assert_eq!(window(refresh, day).as_deref(), expected);
        }
        // Seconds before 1970 are days as well.
        assert_eq!(super::date(-1), Some(date(1969, 12, 31)));
        assert_eq!(super::date(i64::MAX), None);
    }

    #[test]
    fn an_image_is_due_when_its_window_is_over_and_not_before() {
        let is_over = |refresh, day| over(refresh, day, date(2026, 11, 2)).is_some();
        assert!(!is_over(Refresh::Quarterly, date(2026, 10, 1)));
        assert!(is_over(Refresh::Quarterly, date(2026, 9, 30)));
        assert!(is_over(Refresh::Weekly, date(2026, 11, 1)));
        assert!(!is_over(Refresh::Yearly, date(2026, 1, 1)));
        assert!(!is_over(Refresh::Never, date(1999, 1, 1)));
    }

    #[test]
    fn a_record_of_tomorrow_is_a_wrong_clock() {
        let today = date(2026, 11, 2);
        let words = over(Refresh::Quarterly, date(2031, 1, 1), today).unwrap();
        assert!(words.contains("2031-01-01") && words.contains("a clock was wrong"));
        // In the same window nothing is wrong with it.
        assert_eq!(over(Refresh::Quarterly, date(2026, 12, 31), today), None);
    }
}
