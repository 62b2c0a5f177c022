//! Dates as hledger's rules read them: by `date-format`, and moments as the day they were in the book's zone.
//!
//! A moment is a day with a time of day whose zone is known: its own (`%z`, `%Z`), else that of the rule `timezone`.
//! A day without a time stays the day that is written. Source: hledger's manual, "timezone rule".

use std::borrow::Cow;

use jiff::civil::{Date, DateTime};
use jiff::tz::{Offset, TimeZone};

use super::dates;
use crate::ledger::settings::DateOrder;

/// What days are read by.
#[derive(Debug, Clone)]
pub(super) struct Clock {
    /// Of the rule `timezone`.
    pub written: Option<Offset>,
    /// The book's.
    pub zone: TimeZone,
}

impl Clock {
    /// The day a text says, as the formats have it, in order.
    pub fn date(&self, formats: &[String], text: &str) -> Option<Date> {
        if formats.is_empty() {
            return self.by_habit(text.trim());
        }
        formats
            .iter()
            .find_map(|format| self.by_format(format, text.trim()))
    }

    /// As hledger reads them: the year first. A time of day that a rule gives a zone must be readable.
    fn by_habit(&self, text: &str) -> Option<Date> {
        if self.written.is_some() && text.contains(':') {
            if let Ok(at) = text.parse::<jiff::Timestamp>() {
                return Some(self.day_of(at));
            }
            return self.moment(text.parse().ok()?, self.written?);
        }
        dates::scan(text)
            .filter(|s| matches!(s, dates::Scanned::Sure(..)))
            .and_then(|s| s.date(DateOrder::Ymd))
    }

    /// `%-d` and `%e` are `%d` here: one digit or two.
    fn by_format(&self, format: &str, text: &str) -> Option<Date> {
        let (format, text) = with_offset(format, text);
        let said = jiff::fmt::strtime::parse(&*format, &*text).ok()?;
        let date = said.to_date().ok()?;
        let offset = said.offset().or(self.written);
        match offset.filter(|_| said.hour().is_some()) {
            Some(offset) => self.moment(DateTime::from_parts(date, said.to_time().ok()?), offset),
            None => Some(date),
        }
    }

    fn moment(&self, at: DateTime, offset: Offset) -> Option<Date> {
        Some(self.day_of(offset.to_timestamp(at).ok()?))
    }

    fn day_of(&self, at: jiff::Timestamp) -> Date {
        at.to_zoned(self.zone.clone()).date()
    }
}

/// A format with hledger's names of zones, and a text that says them, as numbers: `%z` and `+0530`.
fn with_offset<'t>(format: &str, text: &'t str) -> (String, Cow<'t, str>) {
    let mut format = format.replace("%-", "%");
    let zoned = ["%EZ", "%Ez", "%Z", "%:z"];
    for sign in zoned {
        format = format.replace(sign, "%z");
    }
    if !format.contains("%z") {
        return (format, Cow::Borrowed(text));
    }
    let words: Vec<Cow<'_, str>> = text.split(' ').map(numbered).collect();
    (format, Cow::Owned(words.join(" ")))
}

/// The zone at the end of a word as `+HHMM`: `EST`, `10:00Z`, `10:00+05:30`.
fn numbered(word: &str) -> Cow<'_, str> {
    if let Some(offset) = by_name(word) {
        return Cow::Owned(number(offset));
    }
    if let Some(before) = word
        .strip_suffix(['Z', 'z'])
        .filter(|b| b.ends_with(|c: char| c.is_ascii_digit()))
    {
        return Cow::Owned(format!("{before}+0000"));
    }
    match word.split_at_checked(word.len().saturating_sub(6)) {
        Some((before, zone))
            if zone.starts_with(['+', '-']) && zone.as_bytes().get(3) == Some(&b':') =>
        {
            Cow::Owned(format!("{before}{}", zone.replace(':', "")))
        }
        _ => Cow::Borrowed(word),
    }
}

fn number(offset: Offset) -> String {
    let minutes = offset.seconds() / 60;
    let sign = if minutes < 0 { '-' } else { '+' };
    format!("{sign}{:02}{:02}", minutes.abs() / 60, minutes.abs() % 60)
}

/// `UTC`, `EST`, … as hledger knows them.
fn by_name(name: &str) -> Option<Offset> {
    let hours = match name.to_ascii_uppercase().as_str() {
        "UTC" | "GMT" => 0,
        "EDT" => -4,
        "EST" | "CDT" => -5,
        "CST" | "MDT" => -6,
        "MST" | "PDT" => -7,
        "PST" => -8,
        _ => return None,
    };
    Offset::from_hours(hours).ok()
}

/// The value of the rule `timezone`: one of hledger's names, or `+HHMM`.
pub(in crate::formats) fn zone(text: &str) -> Option<Offset> {
    if let Some(offset) = by_name(text) {
        return Some(offset);
    }
    let (sign, digits) = match text.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let digits = digits.replacen(':', "", 1);
    if digits.len() != 4 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let (hours, minutes): (i32, i32) = (digits[..2].parse().ok()?, digits[2..].parse().ok()?);
    let seconds = sign * (hours * 60 + minutes) * 60;
    Offset::from_seconds(seconds)
        .ok()
        .filter(|_| hours < 15 && minutes < 60)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn read(written: &str, zone_of_book: &str, format: &str, text: &str) -> Option<Date> {
        let clock = Clock {
            written: (!written.is_empty()).then(|| zone(written).unwrap()),
            zone: TimeZone::fixed(zone(zone_of_book).unwrap()),
        };
        let formats: Vec<String> = [format]
            .iter()
            .filter(|f| !f.is_empty())
            .map(|f| (*f).to_owned())
            .collect();
        clock.date(&formats, text)
    }

    #[test]
    fn a_moment_is_of_the_day_it_was_in_the_books_zone() {
        let next = Some(date(2026, 4, 2));
        for (written, format, text) in [
            ("UTC", "%Y-%m-%d %H:%M:%S", "2026-04-01 20:00:00"),
            ("+0000", "%d/%m/%Y %I:%M %p", "01/04/2026 08:00 PM"),
            ("", "%Y-%m-%d %H:%M:%S %Z", "2026-04-01 20:00:00 UTC"),
            ("", "%Y-%m-%dT%H:%M:%S%z", "2026-04-01T15:00:00-05:00"),
            ("PST", "%Y-%m-%dT%H:%M%Z", "2026-04-01T20:00Z"),
            (
                "",
                "%a %b %d %H:%M:%S %Z %Y",
                "Wed Apr 01 15:00:00 EST 2026",
            ),
            ("UTC", "", "2026-04-01 20:00:00"),
            ("PST", "", "2026-04-01T20:00:00Z"),
        ] {
            assert_eq!(
                read(written, "+0530", format, text),
                next,
                "{text} of {written}"
            );
        }
        let day = Some(date(2026, 4, 1));
        assert_eq!(
            read("UTC", "-0800", "%Y-%m-%d %H:%M", "2026-04-02 07:59"),
            day
        );
        assert_eq!(
            read("UTC", "-0800", "%Y-%m-%d", "2026-04-01"),
            day,
            "a day is a day"
        );
        assert_eq!(read("UTC", "-0800", "", "2026-04-01"), day);
        assert_eq!(
            read("", "+0530", "%Y-%m-%d %H:%M", "2026-04-01 20:00"),
            day,
            "of no zone"
        );
        assert_eq!(
            read("UTC", "+0530", "", "01.04.2026 20:00"),
            None,
            "never unshifted"
        );
    }

    #[test]
    fn zones_are_those_that_hledger_knows() {
        for (text, seconds) in [
            ("EST", -18_000),
            ("+0530", 19_800),
            ("-03:30", -12_600),
            ("gmt", 0),
        ] {
            assert_eq!(zone(text).map(Offset::seconds), Some(seconds), "{text}");
        }
        for text in ["", "Europe/Berlin", "+5", "+2900", "0530", "+05x0"] {
            assert_eq!(zone(text), None, "{text}");
        }
    }
}
