//! Dates as people type them: `2026-04-05`, `yesterday`, `-3d`, `last friday`, `5/4`, `5-Apr-26`.
//!
//! What is no single day (`2026-04`, `last month`) is refused here and read by `period`. How the
//! parts of a date are recognised is in `date_parts`.

use jiff::civil::Date;

use super::date_parts::{Part, Reader, plain};
pub use super::date_problem::{DateProblem, DateTextError};
use super::fiscal::FiscalStart;
use super::settings::{DateOrder, Settings};

/// The longest text read as a date or period, in characters.
pub const DATE_CHARS_MAX: usize = 100;

/// What relative and short dates are read by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DateContext {
    pub today: Date,
    /// How `5/4` is read. A year that comes first is always y-m-d.
    pub order: DateOrder,
    /// Where fiscal years begin.
    pub fiscal: FiscalStart,
}

impl DateContext {
    /// As a book has it.
    pub fn of(settings: &Settings, today: Date) -> DateContext {
        DateContext {
            today,
            order: settings.date_order,
            fiscal: FiscalStart::new(settings.fiscal_year_start).unwrap_or(FiscalStart::JANUARY),
        }
    }
}

/// Which year is meant where none is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum YearRule {
    /// The latest such date that is not after today: for recording (rulings, "Time").
    NotAfterToday,
    /// This year: hledger's rule, for reports.
    ThisYear,
}

/// Reads one day.
///
/// Errors: an impossible date, a month or longer, a text that is no date; see [`DateProblem`].
pub fn parse_date(text: &str, ctx: &DateContext, rule: YearRule) -> Result<Date, DateTextError> {
    let typed = plain(text).map_err(|problem| DateTextError::new(text, problem))?;
    let mut reader = Reader::new(&typed, ctx, rule);
    match reader.whole_part() {
        // `2026 years ago` leads to a year that nobody could type.
        Ok(Part {
            from, is_day: true, ..
        }) if from.year() < 1 => Err(DateTextError::new(text, DateProblem::OutOfRange)),
        Ok(Part {
            from, is_day: true, ..
        }) => Ok(from),
        Ok(part) => Err(DateTextError::new(
            text,
            DateProblem::NotADay(part.period()),
        )),
        Err(problem) => Err(DateTextError::new(text, problem)),
    }
}

/// Whether a text is exactly `YYYY-MM-DD`, existing or not: what begins an `add` in hledger's way.
pub fn is_iso_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() == 10
        && bytes.iter().enumerate().all(|(at, byte)| match at {
            4 | 7 => *byte == b'-',
            _ => byte.is_ascii_digit(),
        })
}

#[cfg(test)]
#[path = "date_text_tests.rs"]
mod tests;
