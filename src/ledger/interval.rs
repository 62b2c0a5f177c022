//! Report intervals: how a closed period is cut into columns, and what the columns are called.

use jiff::civil::{Date, Weekday};
use jiff::{Span, ToSpan};

use super::date_numbers::day_in_month;
use super::day::Month;
use super::fiscal::FiscalStart;
use super::period::Period;

/// The most spans a period is cut into: a hundred and thirty years of days.
pub const SPANS_MAX: usize = 50_000;

/// The largest number in `every N days`.
pub const COUNT_MAX: u32 = 1000;

/// How a period is cut. Counts are 1 to [`COUNT_MAX`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Interval {
    Days(u32),
    /// From Monday.
    Weeks(u32),
    Months(u32),
    /// Of the fiscal year.
    Quarters(u32),
    /// Fiscal years.
    Years(u32),
    /// From each of these weekdays to the next of them.
    DaysOfWeek(Weekdays),
    /// From this day of each month; in shorter months from their last day.
    DayOfMonth(u8),
    /// From the second Monday of each month, say. The fifth one may be the first of the next month.
    WeekdayOfMonth {
        nth: u8,
        weekday: Weekday,
    },
    /// From this day of each year; 29 February falls back to the 28th.
    DayOfYear {
        month: u8,
        day: u8,
    },
}

/// A set of weekdays, never empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Weekdays(u8);

impl Weekdays {
    /// `None` if there are none.
    pub fn new(days: impl IntoIterator<Item = Weekday>) -> Option<Weekdays> {
        let bits = days
            .into_iter()
            .fold(0u8, |bits, day| bits | (1 << day.to_monday_zero_offset()));
        (bits != 0).then_some(Weekdays(bits))
    }

    pub fn contains(self, day: Weekday) -> bool {
        self.0 & (1 << day.to_monday_zero_offset()) != 0
    }
}

/// Where the first span begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FirstSpan {
    /// On the interval's own boundary, on or before the period's start, so that spans are whole months
    /// or weeks: reports.
    #[default]
    Whole,
    /// On the period's first day, as hledger does with a start date since 1.29. Intervals that
    /// name their day still begin on it.
    AsGiven,
}

/// One span of a cut period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PeriodSpan {
    pub from: Date,
    /// Exclusive.
    pub until: Date,
}

impl PeriodSpan {
    pub fn period(self) -> Period {
        Period::between(self.from, self.until)
    }

    pub fn contains(self, on: Date) -> bool {
        on >= self.from && on < self.until
    }
}

/// The period would be cut into more than [`SPANS_MAX`] spans.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the period has more than {SPANS_MAX} intervals")]
pub struct TooManySpans;

impl Interval {
    /// Cuts the days from `from` to `until` (exclusive) into spans without gaps that cover all of them;
    /// the last span is always whole, so it may end after `until`.
    ///
    /// `year` is where quarters and years begin: the book's fiscal start, or January for `--calendar`.
    /// Shape: ascending; empty if the period is. Years beyond 9999 are cut off.
    /// Source: hledger's manual, "Date adjustments".
    pub fn spans(
        self,
        from: Date,
        until: Date,
        year: FiscalStart,
        first: FirstSpan,
    ) -> Result<Vec<PeriodSpan>, TooManySpans> {
        let mut spans = Vec::new();
        if from >= until {
            return Ok(spans);
        }
        let anchor = match first {
            FirstSpan::Whole => self.anchor(from, year),
            FirstSpan::AsGiven if self.counts_from_anywhere() => from,
            FirstSpan::AsGiven => self.anchor(from, year),
        };
        let mut begin = self.boundary(anchor, 0);
        let mut index = 1;
        while begin < until {
            if spans.len() >= SPANS_MAX {
                return Err(TooManySpans);
            }
            let end = self.boundary(anchor, index);
            if end <= begin {
                // Clamped at the end of the calendar.
                break;
            }
            spans.push(PeriodSpan {
                from: begin,
                until: end,
            });
            begin = end;
            index += 1;
        }
        Ok(spans)
    }

    fn counts_from_anywhere(self) -> bool {
        use Interval::*;
        matches!(
            self,
            Days(_) | Weeks(_) | Months(_) | Quarters(_) | Years(_)
        )
    }

    /// A boundary on or before `from` (for [`Interval::DaysOfWeek`] too), from which others are counted.
    fn anchor(self, from: Date, year: FiscalStart) -> Date {
        match self {
            Interval::Days(_) => from,
            Interval::Weeks(_) => shifted(
                from,
                (-i64::from(from.weekday().to_monday_zero_offset())).days(),
            ),
            Interval::Months(_) => Month::of(from).first(),
            Interval::Quarters(_) => {
                let (fiscal, quarter) = year.quarter_of(from);
                fiscal.quarter(quarter).and_then(|q| q.from).unwrap_or(from)
            }
            Interval::Years(_) => year.year_of(from).first_month().first(),
            Interval::DaysOfWeek(days) => {
                let back = (0..7)
                    .find(|back| days.contains(from.weekday().wrapping_sub(*back)))
                    .unwrap_or(0);
                shifted(from, (-back).days())
            }
            Interval::DayOfMonth(_) | Interval::WeekdayOfMonth { .. } => {
                let this = Month::of(from);
                // The boundary of a fifth weekday may be in the next month, so look back two.
                let months = [this, Month(this.0 - 1), Month(this.0 - 2)];
                months
                    .into_iter()
                    .map(|m| self.in_month(m))
                    .find(|b| *b <= from)
                    .unwrap_or(from)
            }
            Interval::DayOfYear { .. } => {
                let this = self.in_year(from.year());
                if this <= from {
                    this
                } else {
                    self.in_year(from.year().saturating_sub(1))
                }
            }
        }
    }

    /// The `index`th boundary after an anchor. Counted from the anchor, so that 31st January is not
    /// dragged to the 28th for ever by February.
    fn boundary(self, anchor: Date, index: i64) -> Date {
        let times = |count: u32| index.saturating_mul(i64::from(count));
        match self {
            Interval::Days(n) => {
                shifted(anchor, Span::new().try_days(times(n)).unwrap_or_default())
            }
            Interval::Weeks(n) => {
                shifted(anchor, Span::new().try_weeks(times(n)).unwrap_or_default())
            }
            Interval::Months(n) => months_later(anchor, times(n)),
            Interval::Quarters(n) => months_later(anchor, times(n).saturating_mul(3)),
            Interval::Years(n) => months_later(anchor, times(n).saturating_mul(12)),
            Interval::DaysOfWeek(days) => {
                let per_week = i64::from(days.0.count_ones());
                let week = shifted(
                    anchor,
                    Span::new().try_weeks(index / per_week).unwrap_or_default(),
                );
                let nth = usize::try_from(index % per_week).unwrap_or(0);
                let ahead = (0i64..7)
                    .filter(|ahead| days.contains(anchor.weekday().wrapping_add(*ahead)))
                    .nth(nth);
                shifted(week, ahead.unwrap_or(0).days())
            }
            Interval::DayOfMonth(_) => self.in_month(month_later(Month::of(anchor), index)),
            Interval::WeekdayOfMonth { .. } => {
                let this = Month::of(anchor);
                // The anchor may belong to the month before it.
                let own = if self.in_month(this) == anchor {
                    this
                } else {
                    Month(this.0 - 1)
                };
                self.in_month(month_later(own, index))
            }
            Interval::DayOfYear { .. } => {
                let year = i64::from(anchor.year()).saturating_add(index);
                self.in_year(i16::try_from(year).unwrap_or(i16::MAX))
            }
        }
    }

    fn in_month(self, month: Month) -> Date {
        let first = month.first();
        match self {
            Interval::DayOfMonth(day) => {
                let day = i8::try_from(day)
                    .unwrap_or(31)
                    .clamp(1, first.days_in_month());
                shifted(first, i64::from(day - 1).days())
            }
            Interval::WeekdayOfMonth { nth, weekday } => {
                let ahead = i64::from(weekday.since(first.weekday()))
                    + 7 * (i64::from(nth.clamp(1, 5)) - 1);
                shifted(first, ahead.days())
            }
            _ => first,
        }
    }

    fn in_year(self, year: i16) -> Date {
        let Interval::DayOfYear { month, day } = self else {
            return Date::MAX;
        };
        let month = i8::try_from(month).unwrap_or(12).clamp(1, 12);
        let day = u32::from(day);
        day_in_month(year, month, day)
            .or_else(|_| day_in_month(year, month, 28))
            .unwrap_or(Date::MAX)
    }

    /// What people read at the head of a span's column: its label, but a quarter of a fiscal year that does not begin in
    /// January is `Q4 FY2025-26`, as `-p` takes it. `2025-Q4` would be October to December to most of them.
    pub fn heading(self, span: PeriodSpan, year: FiscalStart) -> String {
        if self == Interval::Quarters(1) && !year.is_calendar() {
            let (fiscal, quarter) = year.quarter_of(span.from);
            if fiscal.quarter(quarter) == Some(span.period()) {
                return format!("Q{quarter} FY{}", fiscal.label());
            }
        }
        self.label(span, year)
    }

    /// What a span is called, by machines too: `2025-04-05`, `2025-W14`, `2025-04`, `2025-Q1`,
    /// `FY2025-26` (`2025` if years begin in January), else `2025-04-05..2025-05-04`, both days inclusive.
    ///
    /// A quarter's year is the one its fiscal year begins in, so `2025-Q4` ends in March 2026 where
    /// years begin in April.
    pub fn label(self, span: PeriodSpan, year: FiscalStart) -> String {
        let whole = Period::between(span.from, span.until);
        match self {
            Interval::Days(1) => span.from.to_string(),
            Interval::Weeks(1) if span.from.weekday() == Weekday::Monday => {
                let week = span.from.iso_week_date();
                format!("{:04}-W{:02}", week.year(), week.week())
            }
            Interval::Months(1) if whole == Period::months(Month::of(span.from), 1) => {
                format!("{:04}-{:02}", span.from.year(), span.from.month())
            }
            Interval::Quarters(1) => {
                let (fiscal, quarter) = year.quarter_of(span.from);
                if fiscal.quarter(quarter) == Some(whole) {
                    format!("{:04}-Q{quarter}", fiscal.first_year())
                } else {
                    range(span)
                }
            }
            Interval::Years(1) if year.year_of(span.from).period() == whole => {
                let label = year.year_of(span.from).label();
                if year.is_calendar() {
                    label
                } else {
                    format!("FY{label}")
                }
            }
            _ => range(span),
        }
    }
}

fn range(span: PeriodSpan) -> String {
    let last = span.until.yesterday().unwrap_or(span.until);
    if last == span.from {
        last.to_string()
    } else {
        format!("{}..{last}", span.from)
    }
}

fn shifted(on: Date, by: Span) -> Date {
    on.saturating_add(by)
}

fn months_later(on: Date, months: i64) -> Date {
    match Span::new().try_months(months) {
        Ok(span) => on.saturating_add(span),
        Err(_) => Date::MAX,
    }
}

fn month_later(month: Month, count: i64) -> Month {
    Month(i32::try_from(i64::from(month.0).saturating_add(count)).unwrap_or(i32::MAX - 12))
}

#[cfg(test)]
#[path = "interval_tests.rs"]
mod tests;
