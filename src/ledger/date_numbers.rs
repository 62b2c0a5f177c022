//! The small words and numbers of dates: digits, separators, names of days and months.

use jiff::civil::{Date, Weekday};

use super::date_parts::{Reader, Unit};
use super::date_text::DateProblem;
use super::day::Month;

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];
const WEEKDAYS: [(&str, Weekday); 7] = [
    ("monday", Weekday::Monday),
    ("tuesday", Weekday::Tuesday),
    ("wednesday", Weekday::Wednesday),
    ("thursday", Weekday::Thursday),
    ("friday", Weekday::Friday),
    ("saturday", Weekday::Saturday),
    ("sunday", Weekday::Sunday),
];

impl Reader<'_> {
    /// Takes a text if it comes next, whatever follows.
    pub fn take(&mut self, text: &str) -> bool {
        match self.rest.strip_prefix(text) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    pub fn take_char(&mut self, c: char) -> bool {
        match self.rest.strip_prefix(c) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// Takes a word if it comes next and no letter or digit follows it.
    pub fn word(&mut self, word: &str) -> bool {
        match self.rest.strip_prefix(word) {
            Some(rest) if !rest.starts_with(|c: char| c.is_alphanumeric()) => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    pub fn space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    /// A whole run of digits, if it has between `least` and `most` of them; with its length.
    pub fn digits(&mut self, least: usize, most: usize) -> Option<(u32, usize)> {
        let end = self
            .rest
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(self.rest.len());
        if end < least || end > most {
            return None;
        }
        let number = self.rest[..end].parse().ok()?;
        self.rest = &self.rest[end..];
        Some((number, end))
    }

    /// What stands between the numbers of a date. `..` is none: it stands between dates.
    pub fn separator(&mut self) -> Option<char> {
        let c = self
            .rest
            .chars()
            .next()
            .filter(|c| matches!(c, '-' | '/' | '.'))?;
        if self.rest.starts_with("..") {
            return None;
        }
        self.rest = &self.rest[1..];
        Some(c)
    }

    /// `st`, `nd`, `rd`, `th` after a number.
    pub fn ordinal_ending(&mut self) -> bool {
        ["st", "nd", "rd", "th"]
            .iter()
            .any(|ending| self.word(ending))
    }

    /// A month's name or its first three letters, not the beginning of another word: 1 to 12.
    pub fn month_name(&mut self) -> Option<i8> {
        let sept = self.name_or_short("sept", 4);
        if sept {
            return Some(9);
        }
        let at = MONTHS.iter().position(|name| self.name_or_short(name, 3))?;
        i8::try_from(at + 1).ok()
    }

    /// A weekday's name or its first three letters.
    pub fn weekday(&mut self) -> Option<Weekday> {
        WEEKDAYS
            .iter()
            .find(|(name, _)| self.name_or_short(name, 3))
            .map(|(_, weekday)| *weekday)
    }

    fn name_or_short(&mut self, name: &str, short: usize) -> bool {
        let ends = |rest: &str| !rest.starts_with(char::is_alphabetic);
        for form in [name, &name[..short]] {
            if let Some(rest) = self.rest.strip_prefix(form).filter(|rest| ends(rest)) {
                self.rest = rest;
                return true;
            }
        }
        false
    }

    /// `day`, `weeks`, …
    pub fn unit(&mut self) -> Option<Unit> {
        let units = [
            ("day", Unit::Day),
            ("week", Unit::Week),
            ("month", Unit::Month),
            ("quarter", Unit::Quarter),
            ("year", Unit::Year),
        ];
        for (name, unit) in units {
            if self.word(name) || self.word(&format!("{name}s")) {
                return Some(unit);
            }
        }
        None
    }
}

/// A day that exists.
pub(super) fn day_in_month(year: i16, month: i8, day: u32) -> Result<Date, DateProblem> {
    if !(1..=9998).contains(&year) {
        return Err(DateProblem::OutOfRange);
    }
    let first = Date::new(year, month, 1).map_err(|_| DateProblem::OutOfRange)?;
    let days = first.days_in_month();
    match i8::try_from(day) {
        Ok(day) if (1..=days).contains(&day) => {
            Date::new(year, month, day).map_err(|_| DateProblem::OutOfRange)
        }
        _ => Err(DateProblem::NoSuchDay {
            year,
            month,
            day,
            days,
        }),
    }
}

/// The year `26` means: from 80 years ago to 20 years ahead.
pub(super) fn two_digit_year(number: u32, today: Date) -> i16 {
    let this = today.year();
    let short = i16::try_from(number % 100).unwrap_or(0);
    let year = this - this.rem_euclid(100) + short;
    if year > this + 20 {
        year - 100
    } else if year <= this - 80 {
        year + 100
    } else {
        year
    }
}

/// The month of a year, `month` from 1.
pub(super) fn month_after(year: i16, month: i8) -> Month {
    Month(i32::from(year) * 12 + i32::from(month) - 1)
}
