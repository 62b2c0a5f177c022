//! Fiscal years: where they begin, what they are called, their quarters.

use jiff::civil::Date;

use super::day::Month;
use super::period::Period;

/// The month a fiscal year begins with, 1 to 12.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FiscalStart(u8);

impl FiscalStart {
    pub const JANUARY: FiscalStart = FiscalStart(1);
    pub const APRIL: FiscalStart = FiscalStart(4);

    /// `None` unless `month` is 1 to 12.
    pub fn new(month: u8) -> Option<FiscalStart> {
        (1..=12).contains(&month).then_some(FiscalStart(month))
    }

    pub fn month(self) -> u8 {
        self.0
    }

    /// Whether fiscal years are calendar years.
    pub fn is_calendar(self) -> bool {
        self.0 == 1
    }

    /// The fiscal year a date falls in.
    pub fn year_of(self, date: Date) -> FiscalYear {
        let months = Month::of(date).0 - (i32::from(self.0) - 1);
        FiscalYear {
            start: self,
            first: months.div_euclid(12),
        }
    }

    /// The quarter a date falls in, 1 to 4, of the fiscal year it falls in.
    pub fn quarter_of(self, date: Date) -> (FiscalYear, u8) {
        let year = self.year_of(date);
        let months = Month::of(date).0 - year.first_month().0;
        (year, u8::try_from(months / 3).unwrap_or(0) + 1)
    }
}

/// Twelve months from the first of a month. Dates beyond jiff's years are clamped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FiscalYear {
    start: FiscalStart,
    /// The calendar year it begins in.
    first: i32,
}

impl FiscalYear {
    /// The fiscal year that begins in calendar year `first`.
    pub fn beginning_in(start: FiscalStart, first: i16) -> FiscalYear {
        FiscalYear {
            start,
            first: i32::from(first),
        }
    }

    /// The calendar year it begins in.
    pub fn first_year(self) -> i32 {
        self.first
    }

    pub fn first_month(self) -> Month {
        Month(self.first * 12 + i32::from(self.start.0) - 1)
    }

    /// All of it.
    pub fn period(self) -> Period {
        Period::months(self.first_month(), 12)
    }

    /// One quarter; `None` unless `quarter` is 1 to 4.
    pub fn quarter(self, quarter: u8) -> Option<Period> {
        let index = quarter.checked_sub(1).filter(|index| *index < 4)?;
        Some(Period::months(
            Month(self.first_month().0 + i32::from(index) * 3),
            3,
        ))
    }

    pub fn next(self) -> FiscalYear {
        FiscalYear {
            first: self.first + 1,
            ..self
        }
    }

    pub fn previous(self) -> FiscalYear {
        FiscalYear {
            first: self.first - 1,
            ..self
        }
    }

    /// `2025-26`; `2025` where fiscal years are calendar years.
    pub fn label(self) -> String {
        if self.start.is_calendar() {
            format!("{:04}", self.first)
        } else {
            format!("{:04}-{:02}", self.first, (self.first + 1).rem_euclid(100))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn an_indian_year_runs_from_april_to_march() {
        let year = FiscalStart::APRIL.year_of(date(2026, 3, 31));
        assert_eq!(year.label(), "2025-26");
        assert_eq!(
            year.period(),
            Period::between(date(2025, 4, 1), date(2026, 4, 1))
        );
        assert_eq!(
            FiscalStart::APRIL.year_of(date(2026, 4, 1)).label(),
            "2026-27"
        );
        assert_eq!(
            year.quarter(4),
            Some(Period::between(date(2026, 1, 1), date(2026, 4, 1)))
        );
        assert_eq!(year.quarter(0), None);
        assert_eq!(year.quarter(5), None);
        assert_eq!(FiscalStart::APRIL.quarter_of(date(2026, 2, 1)), (year, 4));
    }

    #[test]
    fn labels_cross_the_century() {
        assert_eq!(
            FiscalYear::beginning_in(FiscalStart::APRIL, 1999).label(),
            "1999-00"
        );
        assert_eq!(
            FiscalYear::beginning_in(FiscalStart::JANUARY, 1999).label(),
            "1999"
        );
    }

    #[test]
    fn every_date_is_in_its_year_and_quarter() {
        for month in 1..=12 {
            let start = FiscalStart::new(month).unwrap();
            for on in date(2023, 1, 1).series(jiff::Span::new().days(1)).take(800) {
                let (year, quarter) = start.quarter_of(on);
                assert!(year.period().contains(on));
                assert!(year.quarter(quarter).unwrap().contains(on), "{on} {month}");
            }
        }
        assert_eq!(FiscalStart::new(0), None);
        assert_eq!(FiscalStart::new(13), None);
    }

    #[test]
    fn the_ends_of_time_are_clamped() {
        let last = FiscalStart::APRIL.year_of(Date::MAX);
        assert_eq!(last.period().until, Some(Date::MAX));
        assert_eq!(
            FiscalStart::APRIL.year_of(Date::MIN).period().from,
            Some(Date::MIN)
        );
    }
}
