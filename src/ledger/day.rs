//! Day numbers: how dates are kept where millions of them are compared.

use jiff::civil::{Date, date};

/// Days since 2000-01-01 (negative before).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Day(pub i32);

/// Calendar months since year 0: year × 12 + month − 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Month(pub i32);

impl Day {
    /// The day number of a date. Howard Hinnant's civil-days arithmetic: no look-ups.
    pub fn of(date: Date) -> Day {
        let (year, month, day) = (
            i32::from(date.year()),
            i32::from(date.month()),
            i32::from(date.day()),
        );
        let y = if month <= 2 { year - 1 } else { year };
        let era = y.div_euclid(400);
        let year_of_era = y.rem_euclid(400);
        let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        Day(era * 146_097 + day_of_era - 730_425)
    }

    /// The date; dates beyond jiff's range are clamped to it.
    pub fn date(self) -> Date {
        let z = self.0.saturating_add(730_425);
        let era = z.div_euclid(146_097);
        let doe = z.rem_euclid(146_097);
        let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
        let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
        let mp = (5 * doy + 2) / 153;
        let day = doy - (153 * mp + 2) / 5 + 1;
        let month = if mp < 10 { mp + 3 } else { mp - 9 };
        let year = yoe + era * 400 + i32::from(month <= 2);
        match (i16::try_from(year), i8::try_from(month), i8::try_from(day)) {
            (Ok(y), Ok(m), Ok(d)) => Date::new(y, m, d).unwrap_or(Date::MAX),
            _ if self.0 < 0 => Date::MIN,
            _ => Date::MAX,
        }
    }

    pub fn month(self) -> Month {
        Month::of(self.date())
    }
}

impl Month {
    pub fn of(date: Date) -> Month {
        Month(i32::from(date.year()) * 12 + i32::from(date.month()) - 1)
    }

    /// The first day of the month, clamped to jiff's range.
    pub fn first(self) -> Date {
        let year = self.0.div_euclid(12);
        let month = self.0.rem_euclid(12) + 1;
        match (i16::try_from(year), i8::try_from(month)) {
            (Ok(y), Ok(m)) if (-9999..=9999).contains(&y) => date(y, m, 1),
            _ if year < 0 => Date::MIN,
            _ => Date::MAX,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::ToSpan;

    #[test]
    fn day_numbers_count_days() {
        assert_eq!(Day::of(date(2000, 1, 1)), Day(0));
        assert_eq!(Day::of(date(2000, 3, 1)), Day(60));
        assert_eq!(Day::of(date(1999, 12, 31)), Day(-1));
        let mut day = date(1899, 12, 25);
        let mut number = Day::of(day);
        for _ in 0..120_000 {
            assert_eq!(number.date(), day);
            assert_eq!(Day::of(day), number);
            day = day.checked_add(1.day()).unwrap();
            number = Day(number.0 + 1);
        }
    }

    #[test]
    fn months_know_their_first_day() {
        assert_eq!(Month::of(date(2026, 4, 30)).first(), date(2026, 4, 1));
        assert_eq!(Month::of(date(2025, 12, 1)).first(), date(2025, 12, 1));
    }
}
