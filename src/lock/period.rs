//! The refresh window that pins belong to: a quarter of a year, in UTC.

use std::fmt;
use std::str::FromStr;

/// A quarter, written `2026Q4`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Period {
    year: u16,
    quarter: u8,
}

impl Period {
    /// The quarter that a month (1 to 12) lies in; nothing for what is no month of a year with four digits.
    pub fn of(year: i16, month: i8) -> Option<Self> {
        let year = u16::try_from(year).ok()?;
        let month = u8::try_from(month).ok()?;
        ((1000..=9999).contains(&year) && (1..=12).contains(&month)).then(|| Self {
            year,
            quarter: (month - 1) / 3 + 1,
        })
    }

    /// Its year.
    pub fn year(self) -> u16 {
        self.year
    }

    /// The quarter in which a time lies, in seconds since 1970.
    pub fn at(seconds: i64) -> Option<Self> {
        let time = jiff::Timestamp::from_second(seconds).ok()?;
        let date = time.to_zoned(jiff::tz::TimeZone::UTC).date();
        Self::of(date.year(), date.month())
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}Q{}", self.year, self.quarter)
    }
}

impl FromStr for Period {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let read = || {
            let (year, quarter) = text.split_once('Q')?;
            let digits = year.len() == 4 && year.bytes().all(|byte| byte.is_ascii_digit());
            let quarter = ["1", "2", "3", "4"]
                .iter()
                .position(|known| *known == quarter)?;
            let month = i8::try_from(quarter * 3 + 1).ok()?;
            digits.then(|| Self::of(year.parse().ok()?, month))?
        };
        read().ok_or_else(|| format!("`{text}` is no period; one is written as in 2026Q4"))
    }
}

#[cfg(test)]
mod tests {
    use super::Period;

    #[test]
    fn a_quarter_begins_and_ends_in_utc() {
        let rows = [
            (1_790_812_799, "2026Q3"),
            (1_790_812_800, "2026Q4"),
            (0, "1970Q1"),
            (1_798_761_599, "2026Q4"),
            (1_798_761_600, "2027Q1"),
        ];
        for (seconds, expected) in rows {
            assert_eq!(Period::at(seconds).unwrap().to_string(), expected);
            assert_eq!(expected.parse(), Ok(Period::at(seconds).unwrap()));
        }
        assert_eq!(Period::at(i64::MAX), None);
        for bad in [
            "", "2026", "2026Q0", "2026Q5", "26Q4", "2026q4", "2026Q04", "２026Q4",
        ] {
            assert!(bad.parse::<Period>().is_err(), "{bad}");
        }
    }
}
