//! The parts of dates that name a day, month or year: `2026-04-05`, `5/4`, `5-Apr-26`, `21`.

use jiff::civil::Date;

use super::date_numbers::{day_in_month, month_after};
use super::date_parts::{Parsed, Part, Reader};
use super::date_text::{DateProblem, YearRule};
use super::day::Month;

impl Reader<'_> {
    /// `20260405`, `202604`, `2026-04-05`, `2026/apr/5`, `2026.4`, `2026`.
    pub(super) fn year_first(&mut self) -> Parsed<Part> {
        if let Some(part) = self.attempt(Self::unseparated)? {
            return Ok(Some(part));
        }
        let Some((year, _)) = self.digits(4, 4) else {
            return Ok(None);
        };
        let year = i16::try_from(year).map_err(|_| DateProblem::OutOfRange)?;
        let month = self.attempt(|r| {
            // "2026 apr 5" is a date, "2026 4 5" is not.
            let named = r.rest.starts_with(' ');
            let Some(separator) = r.separator().or_else(|| r.take(" ").then_some(' ')) else {
                return Ok(None);
            };
            let month = match r.month_name() {
                Some(month) => Some(u32::from(month.unsigned_abs())),
                None if named => None,
                None => r.digits(1, 2).map(|(month, _)| month),
            };
            let Some(month) = month else {
                return Ok(None);
            };
            if i32::try_from(month) == Ok((i32::from(year) + 1).rem_euclid(100)) && month > 12 {
                return Err(DateProblem::FiscalYearWithoutFy { first: year });
            }
            Ok(r.known_month(month, None).map(|month| (month, separator)))
        })?;
        let Some((month, separator)) = month else {
            return Part::months(Month(i32::from(year) * 12), 12).map(Some);
        };
        let day = self.attempt(|r| {
            Ok(if r.take_char(separator) {
                r.digits(1, 2)
            } else {
                None
            })
        })?;
        match day {
            Some((day, _)) => Ok(self.existing(year, month, day).map(Part::day).transpose()?),
            None => Part::months(month_after(year, month), 1).map(Some),
        }
    }

    fn unseparated(&mut self) -> Parsed<Part> {
        let Some((number, length)) = self.digits(8, 8).or_else(|| self.digits(6, 6)) else {
            return Ok(None);
        };
        let (months, day) = if length == 8 {
            (number / 100, Some(number % 100))
        } else {
            (number, None)
        };
        let year = i16::try_from(months / 100).map_err(|_| DateProblem::OutOfRange)?;
        let Some(month) = self.known_month(months % 100, None) else {
            return Ok(None);
        };
        match day {
            Some(day) => Ok(self.existing(year, month, day).map(Part::day).transpose()?),
            None => Part::months(month_after(year, month), 1).map(Some),
        }
    }

    /// `5/4`, `05-04-2026`, `5.4.26`: in the order of the book.
    pub(super) fn numbers(&mut self) -> Parsed<Part> {
        use super::settings::DateOrder::*;
        let Some((a, _)) = self.digits(1, 2) else {
            return Ok(None);
        };
        let Some(separator) = self.separator() else {
            return Ok(None);
        };
        let Some((b, _)) = self.digits(1, 2) else {
            return Ok(None);
        };
        let third = self.attempt(|r| {
            let separated = r.take_char(separator);
            Ok(if separated {
                r.digits(4, 4)
                    .or_else(|| r.digits(2, 2))
                    .or_else(|| r.digits(1, 1))
            } else {
                None
            })
        })?;
        let (day, month, year) = match (self.ctx.order, third) {
            (Ymd, Some((day, 1 | 2))) => (day, b, Some((a, 2))),
            (Dmy, Some(year @ (_, 2 | 4))) => (a, b, Some(year)),
            (Mdy | Ymd, Some(year @ (_, 2 | 4))) => (b, a, Some(year)),
            (_, Some(_)) => return Ok(None),
            (Dmy, None) => (a, b, None),
            (Mdy | Ymd, None) => (b, a, None),
        };
        let year = year.map(|(year, length)| self.year(year, length));
        let Some(known) = self.known_month(month, self.swapped(day, month, year)) else {
            return Ok(None);
        };
        self.dated(known, day, year)?.map(Part::day).transpose()
    }

    /// What the date would be with day and month exchanged.
    fn swapped(&self, day: u32, month: u32, year: Option<i16>) -> Option<Date> {
        let month_instead = i8::try_from(day).ok().filter(|m| (1..=12).contains(m))?;
        day_in_month(year.unwrap_or(self.ctx.today.year()), month_instead, month).ok()
    }

    /// `5-apr-26`, `5th april 2026`, `apr 5`, `apr 5, 2026`, `apr 2026`, `apr`.
    pub(super) fn day_and_month_name(&mut self) -> Parsed<Part> {
        if let Some(part) = self.attempt(Self::day_then_month_name)? {
            return Ok(Some(part));
        }
        let name = self.rest;
        let Some(month) = self.month_name() else {
            return Ok(None);
        };
        let name = &name[..name.len() - self.rest.len()];
        if let Some(year) = self.attempt(|r| {
            let _ = r.separator().is_some() || r.take(" ");
            Ok(r.digits(4, 4))
        })? {
            let year = i16::try_from(year.0).map_err(|_| DateProblem::OutOfRange)?;
            return Part::months(month_after(year, month), 1).map(Some);
        }
        let day = self.attempt(|r| {
            let hyphen = r.take("-");
            let _ = hyphen || r.separator().is_some() || r.take(" ");
            let Some((day, length)) = r.digits(1, 2) else {
                return Ok(None);
            };
            if hyphen && length == 2 {
                return Err(DateProblem::MonthAndNumber {
                    month: name.to_string(),
                    number: day,
                });
            }
            r.ordinal_ending();
            Ok((!r.rest.starts_with(|c: char| c.is_alphanumeric())).then_some(day))
        })?;
        let Some(day) = day else {
            return Part::months(month_after(self.ctx.today.year(), month), 1).map(Some);
        };
        let year = self.attempt(|r| {
            r.take(",");
            r.space();
            Ok(r.digits(4, 4))
        })?;
        let year = year.map(|(year, length)| self.year(year, length));
        self.dated(month, day, year)?.map(Part::day).transpose()
    }

    fn day_then_month_name(&mut self) -> Parsed<Part> {
        let Some((day, _)) = self.digits(1, 2) else {
            return Ok(None);
        };
        self.ordinal_ending();
        let separator = self.separator();
        self.space();
        if self.take("of ") {
            self.space();
        }
        let Some(month) = self.month_name() else {
            return Ok(None);
        };
        let year = self.attempt(|r| {
            // "5 apr-10 may" and "5 apr 16 may" are two dates each.
            let spaced = match separator {
                Some(c) if r.take_char(c) => false,
                _ => r.take(",") | r.take(" "),
            };
            r.space();
            let year = r.digits(4, 4).or_else(|| r.digits(2, 2));
            Ok(year.filter(|(_, length)| *length == 4 || !spaced || r.rest.is_empty()))
        })?;
        let year = year.map(|(year, length)| self.year(year, length));
        self.dated(month, day, year)?.map(Part::day).transpose()
    }

    /// `21`, `21st`: a day of this month.
    pub(super) fn lone_day(&mut self) -> Parsed<Part> {
        let Some((day, _)) = self.digits(1, 2) else {
            return Ok(None);
        };
        self.ordinal_ending();
        if self.rest.starts_with(|c: char| c.is_alphanumeric()) {
            return Ok(None);
        }
        let this = Month::of(self.ctx.today);
        let back = match self.rule {
            YearRule::ThisYear => 0..1,
            YearRule::NotAfterToday => 0..12,
        };
        let mut first_problem = None;
        for months in back {
            let first = Month(this.0 - months).first();
            match day_in_month(first.year(), first.month(), day) {
                Ok(on) if self.rule == YearRule::NotAfterToday && on > self.ctx.today => {}
                Ok(on) => return Part::day(on).map(Some),
                Err(problem) => {
                    first_problem.get_or_insert(problem);
                }
            }
        }
        self.note(first_problem.unwrap_or(DateProblem::OutOfRange));
        Ok(None)
    }

    /// A day of a month, in the year written or the one the rule chooses.
    fn dated(&mut self, month: i8, day: u32, year: Option<i16>) -> Parsed<Date> {
        if let Some(year) = year {
            return Ok(self.existing(year, month, day));
        }
        let today = self.ctx.today;
        if self.rule == YearRule::ThisYear {
            return Ok(self.existing(today.year(), month, day));
        }
        // Eight years always hold a 29 February.
        let found = (0..=8)
            .filter_map(|back| today.year().checked_sub(back))
            .find_map(|year| {
                day_in_month(year, month, day)
                    .ok()
                    .filter(|on| *on <= today)
            });
        Ok(found.or_else(|| self.existing(today.year(), month, day)))
    }

    fn existing(&mut self, year: i16, month: i8, day: u32) -> Option<Date> {
        match day_in_month(year, month, day) {
            Ok(date) => Some(date),
            Err(problem) => {
                self.note(problem);
                None
            }
        }
    }

    fn known_month(&mut self, month: u32, swapped: Option<Date>) -> Option<i8> {
        let known = i8::try_from(month).ok().filter(|m| (1..=12).contains(m));
        if known.is_none() {
            self.note(DateProblem::NoSuchMonth { month, swapped });
        }
        known
    }
}
