//! The parts of dates that count from today: `yesterday`, `last friday`, `3 weeks ago`, `-3d`.

use jiff::civil::Weekday;
use jiff::{Span, ToSpan};

use super::date_parts::{Parsed, Part, Reader, Unit};
use super::date_text::DateProblem;
use super::day::Month;

impl Reader<'_> {
    pub(super) fn named_day(&mut self) -> Parsed<Part> {
        let days = if self.word("today") {
            0
        } else if self.word("yesterday") {
            -1
        } else if self.word("tomorrow") {
            1
        } else {
            return self.bare_weekday();
        };
        self.offset(days.days()).map(Some)
    }

    /// `friday`: the latest one, today included.
    fn bare_weekday(&mut self) -> Parsed<Part> {
        let Some(weekday) = self.weekday() else {
            return Ok(None);
        };
        let back = self.ctx.today.weekday().since(weekday);
        self.offset((-i32::from(back)).days()).map(Some)
    }

    /// `this month`, `last friday`, `next april`, `last fy`; the space may be left out.
    pub(super) fn relative(&mut self) -> Parsed<Part> {
        let steps = if self.take("last") {
            -1
        } else if self.take("this") {
            0
        } else if self.take("next") {
            1
        } else {
            return Ok(None);
        };
        self.space();
        if self.word("fy") || self.word("fiscal year") || self.word("financial year") {
            let year = self.ctx.fiscal.year_of(self.ctx.today);
            let year = match steps {
                -1 => year.previous(),
                0 => year,
                _ => year.next(),
            };
            return Part::fiscal(year).map(Some);
        }
        if let Some(weekday) = self.weekday() {
            return self.relative_weekday(steps, weekday).map(Some);
        }
        if let Some(month) = self.month_name() {
            let this = Month::of(self.ctx.today).0;
            let named = this - this.rem_euclid(12) + i32::from(month) - 1;
            // hledger: "this" and "next" are both the next one after this month.
            let first = match steps {
                -1 if named < this => named,
                -1 => named - 12,
                _ if named > this => named,
                _ => named + 12,
            };
            return Part::months(Month(first), 1).map(Some);
        }
        match self.unit() {
            Some(unit) => self.steps(steps, unit).map(Some),
            None => Ok(None),
        }
    }

    /// The last one before today, or the first one after it (hledger: "this" is "next").
    fn relative_weekday(&mut self, steps: i32, weekday: Weekday) -> Result<Part, DateProblem> {
        let today = self.ctx.today.weekday();
        let days = if steps < 0 {
            -((i32::from(today.since(weekday)) + 6) % 7 + 1)
        } else {
            (i32::from(weekday.since(today)) + 6) % 7 + 1
        };
        self.offset(days.days())
    }

    /// `in 5 days`, `3 weeks ago`, `2 months ahead`, `-1 quarter`.
    pub(super) fn counted(&mut self) -> Parsed<Part> {
        if self.take("in") {
            self.space();
        }
        let negative = self.take("-");
        if !negative {
            self.take("+");
        }
        self.space();
        let Some((count, _)) = self.digits(1, 5) else {
            return Ok(None);
        };
        self.space();
        let Some(unit) = self.unit() else {
            return Ok(None);
        };
        let ago = self.attempt(|r| {
            r.space();
            Ok(if r.word("ago") {
                Some(true)
            } else {
                r.word("ahead").then_some(false)
            })
        })?;
        let count = i32::try_from(count).map_err(|_| DateProblem::OutOfRange)?;
        let count = if negative != (ago == Some(true)) {
            -count
        } else {
            count
        };
        self.steps(count, unit).map(Some)
    }

    /// Whole units before or after the current one.
    fn steps(&mut self, count: i32, unit: Unit) -> Result<Part, DateProblem> {
        let today = self.ctx.today;
        let month = Month::of(today).0;
        match unit {
            Unit::Day => self.offset(count.days()),
            Unit::Week => {
                let back = i32::from(today.weekday().to_monday_zero_offset());
                let monday = self.offset((count * 7 - back).days())?.from;
                let until = monday
                    .checked_add(7.days())
                    .map_err(|_| DateProblem::OutOfRange)?;
                Ok(Part {
                    from: monday,
                    until,
                    is_day: false,
                })
            }
            Unit::Month => Part::months(Month(month + count), 1),
            Unit::Quarter => Part::months(Month(month - month.rem_euclid(3) + count * 3), 3),
            Unit::Year => Part::months(Month(month - month.rem_euclid(12) + count * 12), 12),
        }
    }

    /// `-3d`, `+2w`, `-1m`: that many days, weeks, months or years from today, to the day.
    pub(super) fn short_offset(&mut self) -> Parsed<Part> {
        let sign = if self.take("-") {
            -1
        } else if self.take("+") {
            1
        } else {
            return Ok(None);
        };
        let Some((count, _)) = self.digits(1, 5) else {
            return Ok(None);
        };
        let count = i32::try_from(count).map_err(|_| DateProblem::OutOfRange)? * sign;
        let span = if self.word("d") {
            count.days()
        } else if self.word("w") {
            count.weeks()
        } else if self.word("m") {
            count.months()
        } else if self.word("y") {
            Span::new()
                .try_years(count)
                .map_err(|_| DateProblem::OutOfRange)?
        } else {
            return Ok(None);
        };
        self.offset(span).map(Some)
    }

    fn offset(&mut self, span: Span) -> Result<Part, DateProblem> {
        let on = self
            .ctx
            .today
            .checked_add(span)
            .map_err(|_| DateProblem::OutOfRange)?;
        Part::day(on)
    }
}
