//! Windows of the calendar: what `refresh` counts in. In UTC, and told the time by whoever asks.

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

/// The day of a time in seconds since 1970, in UTC.
pub(super) fn date(seconds: i64) -> Option<Date> {
    let moment = Timestamp::from_second(seconds).ok()?;
    Some(moment.to_zoned(TimeZone::UTC).date())
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::window;
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
}
