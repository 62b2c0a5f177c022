//! The parts of dates that name quarters, fiscal years and weeks: `2026q2`, `q1 fy2026-27`, `2025-W14`.

use jiff::ToSpan;
use jiff::civil::Weekday;

use super::date_numbers::two_digit_year;
use super::date_parts::{Parsed, Part, Reader};
use super::date_text::DateProblem;
use super::day::Month;
use super::fiscal::FiscalYear;
use super::period::Period;

impl Reader<'_> {
    /// `2026q2` (calendar), `q1 fy2026-27`, and `q1` where both are the same.
    pub(super) fn quarter(&mut self) -> Parsed<Part> {
        let year = self.attempt(|r| Ok(r.digits(4, 4)))?;
        let hyphen = year.is_some() && self.take("-");
        if !self.take("q") {
            return Ok(None);
        }
        let Some(quarter) = self
            .digits(1, 1)
            .and_then(|(q, _)| u8::try_from(q).ok())
            .filter(|q| (1..=4).contains(q))
        else {
            return Ok(None);
        };
        if year.is_none() {
            let fiscal = self.attempt(|r| {
                r.space();
                r.fiscal_year_name()
            })?;
            if let Some(quarter) = fiscal.and_then(|year| year.quarter(quarter)) {
                return Ok(whole(quarter));
            }
        }
        let today = self.ctx.today;
        if (year.is_none() || hyphen) && !self.ctx.fiscal.is_calendar() {
            let fiscal = match year.and_then(|(year, _)| i16::try_from(year).ok()) {
                Some(year) => FiscalYear::beginning_in(self.ctx.fiscal, year),
                None => self.ctx.fiscal.year_of(today),
            };
            return Err(DateProblem::AmbiguousQuarter { quarter, fiscal });
        }
        let year = year.map_or(i32::from(today.year()), |(year, _)| {
            i32::try_from(year).unwrap_or(0)
        });
        Part::months(Month(year * 12 + (i32::from(quarter) - 1) * 3), 3).map(Some)
    }

    /// `fy2025-26`, and `fy2025-26 q1`.
    pub(super) fn fiscal_year(&mut self) -> Parsed<Part> {
        let Some(year) = self.fiscal_year_name()? else {
            return Ok(None);
        };
        let quarter = self.attempt(|r| {
            let _ = r.take("-") || r.take(" ");
            let quarter = if r.take("q") { r.digits(1, 1) } else { None };
            Ok(quarter.and_then(|(q, _)| year.quarter(u8::try_from(q).unwrap_or(0))))
        })?;
        match quarter {
            Some(quarter) => Ok(whole(quarter)),
            None => Part::fiscal(year).map(Some),
        }
    }

    /// `fy2025-26` alone.
    pub fn fiscal_year_name(&mut self) -> Parsed<FiscalYear> {
        if !self.take("fy") {
            return Ok(None);
        }
        self.space();
        self.fiscal_year_numbers()
    }

    /// `2025-26`, `2025-2026`, `25-26`, `2025/26`; `2025` where fiscal years are calendar years.
    pub fn fiscal_year_numbers(&mut self) -> Parsed<FiscalYear> {
        let Some((first, length)) = self.digits(4, 4).or_else(|| self.digits(2, 2)) else {
            return Ok(None);
        };
        let first = if length == 2 {
            two_digit_year(first, self.ctx.today)
        } else {
            i16::try_from(first).unwrap_or(0)
        };
        if !(1..=9997).contains(&first) {
            return Err(DateProblem::OutOfRange);
        }
        let start = self.ctx.fiscal;
        let second = self.attempt(|r| {
            let separated = r.take("-") || r.take("/");
            Ok(if separated {
                r.digits(4, 4).or_else(|| r.digits(2, 2))
            } else {
                None
            })
        })?;
        let Some((second, length)) = second else {
            if !start.is_calendar() {
                let later = FiscalYear::beginning_in(start, first);
                return Err(DateProblem::AmbiguousFiscalYear { later });
            }
            return Ok(Some(FiscalYear::beginning_in(start, first)));
        };
        let next = i32::from(first) + 1;
        let follows = i32::try_from(second).is_ok_and(|second| {
            second
                == if length == 2 {
                    next.rem_euclid(100)
                } else {
                    next
                }
        });
        if start.is_calendar() {
            return Err(DateProblem::FiscalYearIsCalendar { first });
        }
        if !follows {
            return Err(DateProblem::YearsApart { first });
        }
        Ok(Some(FiscalYear::beginning_in(start, first)))
    }

    /// `2025-w14`: an ISO week, as column headings name it.
    pub(super) fn iso_week(&mut self) -> Parsed<Part> {
        let Some((year, _)) = self.digits(4, 4) else {
            return Ok(None);
        };
        let _ = self.take("-");
        if !self.take("w") {
            return Ok(None);
        }
        let Some((week, _)) = self.digits(1, 2) else {
            return Ok(None);
        };
        let (Ok(year), Ok(week)) = (i16::try_from(year), i8::try_from(week)) else {
            return Ok(None);
        };
        let monday = jiff::civil::ISOWeekDate::new(year, week, Weekday::Monday)
            .map_err(|_| DateProblem::OutOfRange)?
            .date();
        let until = monday
            .checked_add(7.days())
            .map_err(|_| DateProblem::OutOfRange)?;
        Ok(Some(Part {
            from: monday,
            until,
            is_day: false,
        }))
    }
}

fn whole(period: Period) -> Option<Part> {
    let (from, until) = period.from.zip(period.until)?;
    Some(Part {
        from,
        until,
        is_day: false,
    })
}
