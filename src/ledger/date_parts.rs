//! Recognises the parts that dates and periods are made of, one at a time, from a lower-case text.
//!
//! A part is a day, week, month, quarter or year, absolute or relative. Parts may be run together
//! (`2009/1/1to2009/4/1`, `jan-apr`), so each alternative is tried at a place and given up again;
//! what looked right but cannot be (`31/2`) is remembered for the error. The alternatives themselves are
//! in `date_relative`, `date_fiscal` and `date_absolute`.
//! Source: hledger's manual, "Smart dates"; cli.md, "Dates in" and "Period".

use jiff::civil::Date;

use super::date_numbers::two_digit_year;
use super::date_text::{DATE_CHARS_MAX, DateContext, DateProblem, YearRule};
use super::day::Month;
use super::fiscal::FiscalYear;
use super::period::Period;

pub(super) type Parsed<T> = Result<Option<T>, DateProblem>;

/// A closed stretch of days that one word or number names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Part {
    pub from: Date,
    /// Exclusive.
    pub until: Date,
    /// A single day, not a month that happens to be short.
    pub is_day: bool,
}

impl Part {
    pub fn period(self) -> Period {
        Period::between(self.from, self.until)
    }

    pub fn day(on: Date) -> Result<Part, DateProblem> {
        let until = on.tomorrow().map_err(|_| DateProblem::OutOfRange)?;
        Ok(Part {
            from: on,
            until,
            is_day: true,
        })
    }

    /// Whole months; refused outside of the years hissab reads.
    pub fn months(first: Month, count: i32) -> Result<Part, DateProblem> {
        let in_range = |month: i32| (12..9999 * 12 + 12).contains(&month);
        let last = first
            .0
            .checked_add(count)
            .filter(|last| in_range(*last) && in_range(first.0))
            .ok_or(DateProblem::OutOfRange)?;
        Ok(Part {
            from: first.first(),
            until: Month(last).first(),
            is_day: false,
        })
    }

    pub fn fiscal(year: FiscalYear) -> Result<Part, DateProblem> {
        Part::months(year.first_month(), 12)
    }
}

/// Lower case, single spaces, plain hyphens.
pub(super) fn plain(text: &str) -> Result<String, DateProblem> {
    if text.chars().count() > DATE_CHARS_MAX {
        return Err(DateProblem::TooLong);
    }
    let text = text
        .replace(['\u{2010}', '\u{2011}', '\u{2013}', '\u{2212}'], "-")
        .to_lowercase();
    let words: Vec<&str> = text.split_whitespace().collect();
    if words.is_empty() {
        Err(DateProblem::Empty)
    } else {
        Ok(words.join(" "))
    }
}

/// A place in a text made by [`plain`].
pub(super) struct Reader<'t> {
    pub rest: &'t str,
    pub ctx: &'t DateContext,
    pub rule: YearRule,
    /// The first thing that had the shape of a part and was none.
    problem: Option<DateProblem>,
}

impl<'t> Reader<'t> {
    pub fn new(text: &'t str, ctx: &'t DateContext, rule: YearRule) -> Reader<'t> {
        Reader {
            rest: text,
            ctx,
            rule,
            problem: None,
        }
    }

    /// One part and nothing else.
    pub fn whole_part(&mut self) -> Result<Part, DateProblem> {
        match self.part()? {
            Some(part) if self.rest.trim().is_empty() && self.problem.is_none() => Ok(part),
            _ => Err(self.unreadable()),
        }
    }

    /// Ends the reading: nothing may be left, and nothing may have looked like a date and been none.
    pub fn finish(&mut self) -> Result<(), DateProblem> {
        if self.rest.trim().is_empty() && self.problem.is_none() {
            Ok(())
        } else {
            Err(self.unreadable())
        }
    }

    /// The problem met on the way, else the text that was left.
    pub fn unreadable(&mut self) -> DateProblem {
        self.problem
            .take()
            .unwrap_or_else(|| DateProblem::Unreadable(self.rest.trim().to_string()))
    }

    /// The next part, if there is one here.
    pub fn part(&mut self) -> Parsed<Part> {
        let alternatives: [fn(&mut Self) -> Parsed<Part>; 11] = [
            Self::named_day,
            Self::relative,
            Self::counted,
            Self::short_offset,
            Self::quarter,
            Self::fiscal_year,
            Self::iso_week,
            Self::year_first,
            Self::numbers,
            Self::day_and_month_name,
            Self::lone_day,
        ];
        for alternative in alternatives {
            if let Some(part) = self.attempt(alternative)? {
                return Ok(Some(part));
            }
        }
        Ok(None)
    }

    /// Tries to read something; where that fails, the place stays.
    pub fn attempt<T>(&mut self, read: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        let start = self.rest;
        let found = read(self)?;
        if found.is_none() {
            self.rest = start;
        }
        Ok(found)
    }

    pub fn note(&mut self, problem: DateProblem) {
        self.problem.get_or_insert(problem);
    }

    pub fn year(&self, number: u32, length: usize) -> i16 {
        if length == 2 {
            two_digit_year(number, self.ctx.today)
        } else {
            i16::try_from(number).unwrap_or(0)
        }
    }
}

/// A unit of relative dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Day,
    Week,
    Month,
    Quarter,
    Year,
}
