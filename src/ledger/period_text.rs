//! The grammar of `-p`: hledger's period expressions, with fiscal years and quarters.
//!
//! ```text
//! expression = [interval] [span]
//! span       = ["from" | "since"] part ("to" | "until" | ".." | "-" | " ") part
//!            | ("from" | "since") part | part (".." | "-")
//!            | ("to" | "until" | ".." | "-") part
//!            | ["in"] part
//! ```
//!
//! Ends are exclusive: "to 2026" ends with 2025. Source: hledger's manual, "Period expressions".

use super::date_numbers::day_in_month;
use super::date_parts::{Parsed, Part, Reader, Unit, plain};
use super::date_text::{DateContext, DateProblem, DateTextError, YearRule};
use super::fiscal::FiscalYear;
use super::interval::{COUNT_MAX, Interval, Weekdays};
use super::period::{Period, PeriodExpression};
use super::settings::DateOrder;
use jiff::civil::Weekday;

/// One day, month, quarter or year and nothing else.
pub(super) fn read_part(text: &str, ctx: &DateContext) -> Result<Period, DateTextError> {
    read(text, ctx, |reader| reader.whole_part().map(Part::period))
}

/// A fiscal year with or without `fy` in front.
pub(super) fn read_fiscal_year(text: &str, ctx: &DateContext) -> Result<FiscalYear, DateTextError> {
    read(text, ctx, |reader| {
        reader.take("fy");
        reader.space();
        let year = reader.fiscal_year_numbers()?;
        reader.finish()?;
        year.ok_or_else(|| reader.unreadable())
    })
}

/// A whole period expression.
pub(super) fn read_expression(
    text: &str,
    ctx: &DateContext,
) -> Result<PeriodExpression, DateTextError> {
    read(text, ctx, |reader| {
        let interval = reader.attempt(interval)?;
        reader.space();
        if interval.is_some() && reader.rest.is_empty() {
            return Ok(PeriodExpression {
                interval,
                period: Period::ALL,
            });
        }
        let period = span(reader)?;
        reader.finish()?;
        let period = period.ok_or_else(|| reader.unreadable())?;
        Ok(PeriodExpression { interval, period })
    })
}

fn read<T>(
    text: &str,
    ctx: &DateContext,
    with: impl FnOnce(&mut Reader) -> Result<T, DateProblem>,
) -> Result<T, DateTextError> {
    let typed = plain(text).map_err(|problem| DateTextError::new(text, problem))?;
    let mut reader = Reader::new(&typed, ctx, YearRule::ThisYear);
    with(&mut reader).map_err(|problem| DateTextError::new(text, problem))
}

fn span(r: &mut Reader) -> Parsed<Period> {
    for alternative in [between, from, to, within] {
        let found = r.attempt(|r| {
            let found = alternative(r)?;
            Ok(found.filter(|_| r.rest.trim().is_empty()))
        })?;
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

/// `to` or `until`, but not the beginning of `today` and `tomorrow`.
fn take_to(r: &mut Reader) -> bool {
    !r.rest.starts_with("today")
        && !r.rest.starts_with("tomorrow")
        && (r.take("to") || r.take("until"))
}

fn between(r: &mut Reader) -> Parsed<Period> {
    let _ = r.take("from") || r.take("since");
    r.space();
    let Some(first) = r.part()? else {
        return Ok(None);
    };
    let spaced = r.rest.starts_with(' ');
    r.space();
    let separated = take_to(r) || r.take("..") || r.take("-");
    if !separated && !spaced {
        return Ok(None);
    }
    r.space();
    let Some(last) = r.part()? else {
        return Ok(None);
    };
    Ok(Some(Period::between(first.from, last.from)))
}

fn from(r: &mut Reader) -> Parsed<Period> {
    let named = r.take("from") || r.take("since");
    r.space();
    let Some(part) = r.part()? else {
        return Ok(None);
    };
    r.space();
    let open = r.take("..") || r.take("-");
    Ok((named || open).then_some(Period {
        from: Some(part.from),
        until: None,
    }))
}

fn to(r: &mut Reader) -> Parsed<Period> {
    // "-3d" is a day, "-2026" everything before that year.
    if r.attempt(Reader::part)?.is_some() && r.rest.is_empty() {
        return Ok(None);
    }
    if !(take_to(r) || r.take("..") || r.take("-")) {
        return Ok(None);
    }
    r.space();
    Ok(r.part()?.map(|part| Period {
        from: None,
        until: Some(part.from),
    }))
}

fn within(r: &mut Reader) -> Parsed<Period> {
    if let Some(part) = r.attempt(Reader::part)? {
        return Ok(Some(part.period()));
    }
    if !r.take("in") {
        return Ok(None);
    }
    r.space();
    Ok(r.part()?.map(Part::period))
}

fn interval(r: &mut Reader) -> Parsed<Interval> {
    let simple = [
        ("daily", Interval::Days(1)),
        ("weekly", Interval::Weeks(1)),
        ("monthly", Interval::Months(1)),
        ("quarterly", Interval::Quarters(1)),
        ("yearly", Interval::Years(1)),
        ("annually", Interval::Years(1)),
        ("biweekly", Interval::Weeks(2)),
        ("fortnightly", Interval::Weeks(2)),
        ("bimonthly", Interval::Months(2)),
    ];
    for (word, interval) in simple {
        if r.take(word) {
            return Ok(Some(interval));
        }
    }
    if !r.take("every") {
        return Ok(None);
    }
    r.space();
    for alternative in [every_nth, every_month_and_day, every_weekdays, every_unit] {
        if let Some(interval) = r.attempt(alternative)? {
            return Ok(Some(interval));
        }
    }
    Ok(None)
}

/// `2nd day of week`, `15th day [of month]`, `15th of month`, `2nd monday [of month]`, `5th november [of year]`.
fn every_nth(r: &mut Reader) -> Parsed<Interval> {
    let Some((nth, _)) = r.digits(1, 3) else {
        return Ok(None);
    };
    if !r.ordinal_ending() {
        return Ok(None);
    }
    r.space();
    if r.word("day") {
        return if of(r, "week") {
            weekday_number(nth).map(Some)
        } else {
            day_of_month(r, nth).map(Some)
        };
    }
    if let Some(weekday) = r.weekday() {
        of(r, "month");
        let nth = u8::try_from(nth)
            .ok()
            .filter(|n| (1..=5).contains(n))
            .ok_or(DateProblem::IntervalNumber(nth))?;
        return Ok(Some(Interval::WeekdayOfMonth { nth, weekday }));
    }
    if let Some(month) = r.month_name() {
        of(r, "year");
        return day_of_year(month, nth).map(Some);
    }
    if r.rest.starts_with("of ") {
        day_of_month(r, nth).map(Some)
    } else {
        Ok(None)
    }
}

fn weekday_number(nth: u32) -> Result<Interval, DateProblem> {
    let weekday = i8::try_from(nth)
        .ok()
        .and_then(|n| Weekday::from_monday_one_offset(n).ok());
    let days = weekday
        .and_then(|day| Weekdays::new([day]))
        .ok_or(DateProblem::IntervalNumber(nth))?;
    Ok(Interval::DaysOfWeek(days))
}

fn day_of_month(r: &mut Reader, nth: u32) -> Result<Interval, DateProblem> {
    of(r, "month");
    let day = u8::try_from(nth)
        .ok()
        .filter(|day| (1..=31).contains(day))
        .ok_or(DateProblem::IntervalNumber(nth))?;
    Ok(Interval::DayOfMonth(day))
}

fn day_of_year(month: i8, day: u32) -> Result<Interval, DateProblem> {
    let on = day_in_month(2004, month, day)?; // a leap year
    Ok(Interval::DayOfYear {
        month: on.month().unsigned_abs(),
        day: on.day().unsigned_abs(),
    })
}

/// `november 5th [of year]`, and `5/11` or `11/5` by the date order.
fn every_month_and_day(r: &mut Reader) -> Parsed<Interval> {
    let month_and_day = if let Some(month) = r.month_name() {
        r.space();
        let day = r.digits(1, 2);
        r.ordinal_ending();
        day.map(|(day, _)| (month, day))
    } else {
        let first = r.digits(1, 2);
        let separated = r.separator().is_some();
        let second = r.digits(1, 2).filter(|_| separated);
        let (Some((first, _)), Some((second, _))) = (first, second) else {
            return Ok(None);
        };
        let (day, month) = if r.ctx.order == DateOrder::Dmy {
            (first, second)
        } else {
            (second, first)
        };
        let month = i8::try_from(month).ok().filter(|m| (1..=12).contains(m));
        Some((
            month.ok_or(DateProblem::IntervalNumber(first.max(second)))?,
            day,
        ))
    };
    let Some((month, day)) = month_and_day else {
        return Ok(None);
    };
    of(r, "year");
    day_of_year(month, day).map(Some)
}

/// `mon,wed,fri`, `weekday`, `weekendday`.
fn every_weekdays(r: &mut Reader) -> Parsed<Interval> {
    use Weekday::*;
    let mut days = Vec::new();
    if r.word("weekday") {
        days.extend([Monday, Tuesday, Wednesday, Thursday, Friday]);
    } else if r.word("weekendday") {
        days.extend([Saturday, Sunday]);
    } else {
        while let Some(day) = r.weekday() {
            days.push(day);
            if !r.take(",") {
                break;
            }
            r.space();
        }
    }
    Ok(Weekdays::new(days).map(Interval::DaysOfWeek))
}

/// `day`, `2 weeks`, `fortnight`.
fn every_unit(r: &mut Reader) -> Parsed<Interval> {
    if r.word("fortnight") {
        return Ok(Some(Interval::Weeks(2)));
    }
    let count = r
        .attempt(|r| Ok(r.digits(1, 6)))?
        .map_or(1, |(count, _)| count);
    r.space();
    let Some(unit) = r.unit() else {
        return Ok(None);
    };
    if !(1..=COUNT_MAX).contains(&count) {
        return Err(DateProblem::IntervalNumber(count));
    }
    Ok(Some(match unit {
        Unit::Day => Interval::Days(count),
        Unit::Week => Interval::Weeks(count),
        Unit::Month => Interval::Months(count),
        Unit::Quarter => Interval::Quarters(count),
        Unit::Year => Interval::Years(count),
    }))
}

/// Takes ` of month`, ` of the month`; the place stays where it does not follow.
fn of(r: &mut Reader, what: &str) -> bool {
    let start = r.rest;
    r.space();
    if r.word("of") {
        r.space();
        if r.word("the") {
            r.space();
        }
        if r.word(what) {
            return true;
        }
    }
    r.rest = start;
    false
}

#[cfg(test)]
#[path = "period_text_tests.rs"]
mod tests;
