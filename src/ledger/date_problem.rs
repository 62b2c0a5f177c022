//! What can be wrong with a typed date or period, in words and with what to type instead.

use std::fmt;

use jiff::civil::Date;

use super::fiscal::FiscalYear;
use super::period::{Period, people_date};

/// Why a text is no date or period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DateProblem {
    Empty,
    TooLong,
    /// Cannot be read from here on.
    Unreadable(String),
    /// The month has no such day.
    NoSuchDay {
        year: i16,
        month: i8,
        day: u32,
        days: i8,
    },
    /// No month of this number; the date it would be in another order.
    NoSuchMonth {
        month: u32,
        swapped: Option<Date>,
    },
    /// A day was asked for and this is longer.
    NotADay(Period),
    /// `q1`, or `2025-q1`, where the fiscal year does not start in January.
    AmbiguousQuarter {
        quarter: u8,
        fiscal: FiscalYear,
    },
    /// `fy2025` where a fiscal year spans two.
    AmbiguousFiscalYear {
        later: FiscalYear,
    },
    /// `2025-26` without `fy` in front.
    FiscalYearWithoutFy {
        first: i16,
    },
    /// Two years, but this book's fiscal year is the calendar year.
    FiscalYearIsCalendar {
        first: i16,
    },
    /// Two years that do not follow each other.
    YearsApart {
        first: i16,
    },
    /// `apr-26`: a day or a year?
    MonthAndNumber {
        month: String,
        number: u32,
    },
    /// A period whose (exclusive) end is not after its beginning.
    EndsBeforeItBegins,
    /// `every 0 days`, `every 32nd day`: a number its interval cannot have.
    IntervalNumber(u32),
    /// Outside the years 1 to 9998.
    OutOfRange,
}

/// A text that is no date or period, with why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot read {text:?} as a date or period: {problem}")]
pub struct DateTextError {
    /// The text as typed.
    pub text: String,
    pub problem: DateProblem,
}

impl fmt::Display for DateProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use DateProblem::*;
        match self {
            Empty => write!(f, "it is empty"),
            TooLong => write!(f, "it is too long"),
            Unreadable(rest) => write!(f, "{rest:?} means nothing here"),
            NoSuchDay {
                year,
                month,
                day,
                days,
            } => {
                write!(f, "{year:04}-{month:02} has {days} days, no {day}")
            }
            NoSuchMonth { month, .. } => write!(f, "there is no month {month}"),
            NotADay(period) => write!(f, "it is no single day but {period}"),
            AmbiguousQuarter { quarter, .. } => {
                write!(
                    f,
                    "quarter {quarter} of which year? The fiscal year does not start in January"
                )
            }
            AmbiguousFiscalYear { .. } => {
                write!(
                    f,
                    "the fiscal year does not start in January, so it spans two years"
                )
            }
            FiscalYearWithoutFy { .. } => write!(f, "two years make a fiscal year"),
            FiscalYearIsCalendar { .. } => write!(f, "the fiscal year does not span two years"),
            YearsApart { .. } => write!(f, "the years of a fiscal year follow each other"),
            MonthAndNumber { .. } => write!(f, "the number may be a day or a year"),
            EndsBeforeItBegins => write!(f, "it ends before it begins"),
            IntervalNumber(number) => write!(f, "there is no such interval with {number}"),
            OutOfRange => write!(f, "it lies outside of the years 1 to 9998"),
        }
    }
}

impl DateTextError {
    pub(super) fn new(text: &str, problem: DateProblem) -> DateTextError {
        DateTextError {
            text: text.to_string(),
            problem,
        }
    }

    /// What to type instead, one sentence.
    pub fn hint(&self) -> String {
        use DateProblem::*;
        match &self.problem {
            NoSuchMonth { swapped: Some(date), .. } => format!("for {} write {date}", people_date(*date)),
            NotADay(Period { from: Some(from), .. }) => format!("name a day, for example {from}"),
            AmbiguousQuarter { quarter, fiscal } => {
                let year = fiscal.first_year();
                format!("write q{quarter} fy{} (fiscal) or {year}q{quarter} (calendar)", fiscal.label())
            }
            AmbiguousFiscalYear { later } => {
                let (later, earlier) = (later, later.previous());
                format!("write {} (from {}) or {} (from {})", later.label(), month_year(*later), earlier.label(), month_year(earlier))
            }
            FiscalYearWithoutFy { first } => {
                format!("write fy{first}-{:02}, or {first} to {} for calendar years", (first + 1).rem_euclid(100), first.saturating_add(2))
            }
            FiscalYearIsCalendar { first } => format!("write {first}: the fiscal year is the calendar year"),
            YearsApart { first } => format!("write {first}-{:02}", (first + 1).rem_euclid(100)),
            MonthAndNumber { month, number } => format!("write \"{number} {month}\" for the day, \"{month} 20{number:02}\" for the month"),
            EndsBeforeItBegins => "the end of a period is the first day left out; --to names the last day instead".into(),
            IntervalNumber(_) => "write every 2 weeks, every 15th day, every 2nd monday".into(),
            NoSuchDay { .. } | NoSuchMonth { .. } | NotADay(_) | OutOfRange | Empty | TooLong | Unreadable(_) => {
                "write 2026-04-05, 5-Apr-26, yesterday, -3d, last friday; periods: 2026-04, fy2026-27, from 2026-04 to 2026-07".into()
            }
        }
    }
}

fn month_year(year: FiscalYear) -> String {
    const MONTHS: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    let month = usize::try_from(year.first_month().0.rem_euclid(12)).map_or("", |m| MONTHS[m]);
    format!("{month} {}", year.first_year())
}
