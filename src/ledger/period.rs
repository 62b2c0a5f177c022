//! Periods of time: `from` inclusive, `until` exclusive, either open. And the options that name them.
//!
//! The grammar of `-p` is in `period_text`, single dates and their parts in `date_text`.

use std::fmt;

use jiff::civil::Date;

use super::date_text::{DateContext, DateProblem, DateTextError};
use super::day::Month;
use super::fiscal::FiscalYear;
use super::interval::Interval;
use super::period_text;

/// A stretch of days. `None` is open.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Period {
    /// Inclusive.
    pub from: Option<Date>,
    /// Exclusive.
    pub until: Option<Date>,
}

/// What `-p` says: an interval, a period, or both.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PeriodExpression {
    pub interval: Option<Interval>,
    pub period: Period,
}

impl Period {
    /// All time.
    pub const ALL: Period = Period {
        from: None,
        until: None,
    };

    /// A closed period.
    pub fn between(from: Date, until: Date) -> Period {
        Period {
            from: Some(from),
            until: Some(until),
        }
    }

    /// One day. The last day there is has no end.
    pub fn day(on: Date) -> Period {
        Period {
            from: Some(on),
            until: on.tomorrow().ok(),
        }
    }

    /// `count` calendar months from the first of one, clamped to jiff's years.
    pub fn months(first: Month, count: i32) -> Period {
        Period::between(first.first(), Month(first.0.saturating_add(count)).first())
    }

    pub fn contains(&self, on: Date) -> bool {
        self.from.is_none_or(|from| on >= from) && self.until.is_none_or(|until| on < until)
    }

    /// Whether no day can be in it.
    pub fn is_empty(&self) -> bool {
        matches!((self.from, self.until), (Some(from), Some(until)) if from >= until)
    }

    /// The days in both.
    pub fn intersect(&self, other: Period) -> Period {
        let from = match (self.from, other.from) {
            (Some(a), Some(b)) => Some(a.max(b)),
            (a, b) => a.or(b),
        };
        let until = match (self.until, other.until) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        Period { from, until }
    }

    /// The smallest period around both.
    pub fn hull(&self, other: Period) -> Period {
        Period {
            from: self.from.zip(other.from).map(|(a, b)| a.min(b)),
            until: self.until.zip(other.until).map(|(a, b)| a.max(b)),
        }
    }

    /// The last day, as people say it.
    pub fn last_day(&self) -> Option<Date> {
        self.until.map(|until| until.yesterday().unwrap_or(until))
    }

    /// The period of the same length just before: months if it is whole months, else days.
    ///
    /// `None` if it is open, or at the beginning of time.
    pub fn previous(&self) -> Option<Period> {
        let (from, until) = (self.from?, self.until?);
        if from.day() == 1 && until.day() == 1 {
            let count = Month::of(until).0 - Month::of(from).0;
            return Some(Period::months(Month(Month::of(from).0 - count), count));
        }
        let days = from.until(until).ok()?;
        Some(Period::between(from.checked_sub(days).ok()?, from))
    }
}

impl fmt::Display for Period {
    /// The closed range for people: `01-Apr-2026 to 07-Apr-2026`, `from …`, `to …`, `all dates`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.from, self.last_day()) {
            (Some(from), Some(last)) if from == last => f.write_str(&people_date(from)),
            (Some(from), Some(last)) => {
                write!(f, "{} to {}", people_date(from), people_date(last))
            }
            (Some(from), None) => write!(f, "from {}", people_date(from)),
            (None, Some(last)) => write!(f, "to {}", people_date(last)),
            (None, None) => f.write_str("all dates"),
        }
    }
}

/// A date for people: `05-Apr-2026`.
pub fn people_date(on: Date) -> String {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let month = usize::try_from(on.month()).map_or("", |m| MONTHS[(m - 1) % 12]);
    format!("{:02}-{month}-{:04}", on.day(), on.year())
}

/// `-b DATE` and `--from DATE`: the first day of what is named.
pub fn begin(text: &str, ctx: &DateContext) -> Result<Date, DateTextError> {
    part(text, ctx)?.from.ok_or_else(|| out_of_range(text))
}

/// `-e DATE`, exclusive as in hledger: the first day that is left out.
pub fn end(text: &str, ctx: &DateContext) -> Result<Date, DateTextError> {
    begin(text, ctx)
}

/// `--to DATE`, inclusive; a part means all of it: `2026-04` gives 1 May, the first day left out.
pub fn to(text: &str, ctx: &DateContext) -> Result<Date, DateTextError> {
    part(text, ctx)?.until.ok_or_else(|| out_of_range(text))
}

/// `--as-of DATE`: the last day of what is named.
pub fn as_of(text: &str, ctx: &DateContext) -> Result<Date, DateTextError> {
    part(text, ctx)?
        .last_day()
        .ok_or_else(|| out_of_range(text))
}

/// `--fy 2025-26`. Where fiscal years are calendar years, `2025`; a leading `fy` is allowed.
///
/// Errors: a single year where the fiscal year spans two, two years where it does not, years apart.
pub fn fiscal_year(text: &str, ctx: &DateContext) -> Result<FiscalYear, DateTextError> {
    period_text::read_fiscal_year(text, ctx)
}

/// `-p PERIOD`: hledger's grammar and its exclusive ends, and fiscal years and quarters.
///
/// Errors: what cannot be read, and a period that ends before it begins.
pub fn period_expression(text: &str, ctx: &DateContext) -> Result<PeriodExpression, DateTextError> {
    let expression = period_text::read_expression(text, ctx)?;
    if expression.period.is_empty() {
        return Err(DateTextError::new(text, DateProblem::EndsBeforeItBegins));
    }
    Ok(expression)
}

fn part(text: &str, ctx: &DateContext) -> Result<Period, DateTextError> {
    period_text::read_part(text, ctx)
}

fn out_of_range(text: &str) -> DateTextError {
    DateTextError::new(text, DateProblem::OutOfRange)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::fiscal::FiscalStart;
    use crate::ledger::settings::DateOrder;
    use jiff::civil::date;

    fn ctx() -> DateContext {
        DateContext {
            today: date(2026, 7, 15),
            order: DateOrder::Dmy,
            fiscal: FiscalStart::APRIL,
        }
    }

    #[test]
    fn ends_are_exclusive_and_to_takes_all_of_a_part() {
        assert_eq!(begin("2026-04", &ctx()), Ok(date(2026, 4, 1)));
        assert_eq!(end("2026-04", &ctx()), Ok(date(2026, 4, 1)));
        assert_eq!(to("2026-04", &ctx()), Ok(date(2026, 5, 1)));
        assert_eq!(to("2026-04-05", &ctx()), Ok(date(2026, 4, 6)));
        assert_eq!(to("fy2025-26", &ctx()), Ok(date(2026, 4, 1)));
        assert_eq!(as_of("2026-04", &ctx()), Ok(date(2026, 4, 30)));
        assert_eq!(as_of("today", &ctx()), Ok(date(2026, 7, 15)));
        assert_eq!(begin("5/4", &ctx()), Ok(date(2026, 4, 5)));
        assert!(begin("2026-02-30", &ctx()).is_err());
        assert!(begin("2026-04 to 2026-05", &ctx()).is_err());
    }

    #[test]
    fn periods_meet_and_join() {
        let april = Period::between(date(2026, 4, 1), date(2026, 5, 1));
        let spring = Period::between(date(2026, 3, 1), date(2026, 4, 16));
        assert_eq!(
            april.intersect(spring),
            Period::between(date(2026, 4, 1), date(2026, 4, 16))
        );
        assert_eq!(
            april.hull(spring),
            Period::between(date(2026, 3, 1), date(2026, 5, 1))
        );
        assert_eq!(april.intersect(Period::ALL), april);
        assert_eq!(april.hull(Period::ALL), Period::ALL);
        assert!(april.intersect(Period::day(date(2026, 6, 1))).is_empty());
        assert!(april.contains(date(2026, 4, 30)) && !april.contains(date(2026, 5, 1)));
    }

    #[test]
    fn the_previous_period_has_the_same_length() {
        let quarter = Period::between(date(2026, 4, 1), date(2026, 7, 1));
        assert_eq!(
            quarter.previous(),
            Some(Period::between(date(2026, 1, 1), date(2026, 4, 1)))
        );
        let week = Period::between(date(2026, 4, 6), date(2026, 4, 13));
        assert_eq!(
            week.previous(),
            Some(Period::between(date(2026, 3, 30), date(2026, 4, 6)))
        );
        assert_eq!(Period::ALL.previous(), None);
    }

    #[test]
    fn people_read_closed_ranges() {
        let april = Period::between(date(2026, 4, 1), date(2026, 5, 1));
        assert_eq!(april.to_string(), "01-Apr-2026 to 30-Apr-2026");
        assert_eq!(Period::day(date(2026, 4, 5)).to_string(), "05-Apr-2026");
        assert_eq!(Period::ALL.to_string(), "all dates");
        assert_eq!(
            Period {
                from: april.from,
                until: None
            }
            .to_string(),
            "from 01-Apr-2026"
        );
        assert_eq!(
            Period {
                from: None,
                until: april.until
            }
            .to_string(),
            "to 30-Apr-2026"
        );
    }

    #[test]
    fn fiscal_years_are_named_by_both_years_where_they_span_two() {
        assert_eq!(fiscal_year("2025-26", &ctx()).unwrap().label(), "2025-26");
        assert_eq!(
            fiscal_year("FY 2025-2026", &ctx()).unwrap().label(),
            "2025-26"
        );
        assert_eq!(fiscal_year("25-26", &ctx()).unwrap().label(), "2025-26");
        assert_eq!(fiscal_year("1999-00", &ctx()).unwrap().label(), "1999-00");
        let error = fiscal_year("2025", &ctx()).unwrap_err();
        assert_eq!(
            error.hint(),
            "write 2025-26 (from April 2025) or 2024-25 (from April 2024)"
        );
        assert!(fiscal_year("2025-27", &ctx()).is_err());
        let calendar = DateContext {
            fiscal: FiscalStart::JANUARY,
            ..ctx()
        };
        assert_eq!(fiscal_year("2025", &calendar).unwrap().label(), "2025");
        assert_eq!(
            fiscal_year("2025-26", &calendar).unwrap_err().hint(),
            "write 2025: the fiscal year is the calendar year"
        );
    }
}
