//! Dates as banks print them, the names of months (`months`), and the order of day and month over a whole
//! file ([`Orders`]).
//!
//! A date is what is printed: times and zones behind it are not looked at (rulings: calendar dates).

use jiff::civil::Date;

use crate::ledger::settings::DateOrder;

mod months;
mod orders;

use months::month_named;
pub use orders::{OrderVerdict, Orders, order_name};

/// What a cell says of a date, before day and month are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scanned {
    /// Year, month, day, as the cell itself shows: ISO, `20240401`, `1 Apr 2024`.
    Sure(i16, i8, i8),
    /// Two numbers and a year behind them: `01/04/2024`.
    Open { first: i8, second: i8, year: i16 },
    /// Three numbers of two digits: the year could be in front too.
    Short { first: i8, second: i8, third: i8 },
}

/// A number or a word of a date.
#[derive(Clone, Copy)]
enum Part<'a> {
    Number(&'a str),
    Word(&'a str),
}

/// Takes a cell apart; `None` if it does not begin with a date.
pub fn scan(cell: &str) -> Option<Scanned> {
    let cell = cell.trim().trim_start_matches('\'');
    if let Some(sure) = compact(cell) {
        return Some(sure);
    }
    let cell = without_weekday(cell);
    let (first, rest) = part(cell)?;
    let (gap, rest) = separator(rest);
    let (second, rest) = part(rest)?;
    let (gap2, rest) = separator(rest);
    let (third, rest) = part(rest)?;
    let ended = rest
        .chars()
        .next()
        .is_none_or(|c| c.is_whitespace() || matches!(c, 'T' | ',' | '.' | '[' | ';'));
    if !ended && !is_hour(rest) {
        return None;
    }
    match (first, second, third) {
        (Part::Number(y), Part::Number(m), Part::Number(d)) if y.len() == 4 => {
            numeric(gap, gap2).then_some(())?;
            Some(Scanned::Sure(y.parse().ok()?, small(m)?, small(d)?))
        }
        (Part::Number(a), Part::Number(b), Part::Number(year)) if year.len() == 4 => {
            numeric(gap, gap2).then_some(())?;
            Some(Scanned::Open {
                first: small(a)?,
                second: small(b)?,
                year: year.parse().ok()?,
            })
        }
        (Part::Number(a), Part::Number(b), Part::Number(c)) if c.len() == 2 => {
            numeric(gap, gap2).then_some(())?;
            Some(Scanned::Short {
                first: small(a)?,
                second: small(b)?,
                third: small(c)?,
            })
        }
        (Part::Number(d), Part::Word(m), Part::Number(y)) if d.len() <= 2 => {
            Some(Scanned::Sure(year(y)?, month_named(m)?, small(d)?))
        }
        (Part::Word(m), Part::Number(d), Part::Number(y)) => {
            Some(Scanned::Sure(year(y)?, month_named(m)?, small(d)?))
        }
        (Part::Number(y), Part::Word(m), Part::Number(d)) if y.len() == 4 => {
            Some(Scanned::Sure(y.parse().ok()?, month_named(m)?, small(d)?))
        }
        _ => None,
    }
}

/// `20240401`, `20091224120000[0:GMT]`: eight digits that begin with a likely year.
fn compact(cell: &str) -> Option<Scanned> {
    let digits = cell.bytes().take_while(u8::is_ascii_digit).count();
    let rest = &cell[digits..];
    let ended = rest.is_empty() || rest.starts_with(['[', 'T', ' ', '.']);
    if !matches!(digits, 8 | 12 | 14) || !ended {
        return None;
    }
    let (year, month, day) = (
        cell[..4].parse().ok()?,
        cell[4..6].parse().ok()?,
        cell[6..8].parse().ok()?,
    );
    if (1900..=2199).contains(&year) && Date::new(year, month, day).is_ok() {
        return Some(Scanned::Sure(year, month, day));
    }
    let (first, second, year) = (
        cell[..2].parse().ok()?,
        cell[2..4].parse().ok()?,
        cell[4..8].parse().ok()?,
    );
    (digits == 8 && (1900..=2199).contains(&year)).then_some(Scanned::Open {
        first,
        second,
        year,
    })
}

fn without_weekday(cell: &str) -> &str {
    let word: usize = cell
        .chars()
        .take_while(|c| c.is_alphabetic())
        .map(char::len_utf8)
        .sum();
    let lower = cell[..word].to_lowercase();
    let weekday = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
        .iter()
        .any(|day| lower.starts_with(day));
    let rest = cell[word..].trim_start_matches(['.', ',', ' ']);
    if weekday && rest.len() < cell.len() - word {
        rest
    } else {
        cell
    }
}

fn part(text: &str) -> Option<(Part<'_>, &str)> {
    let first = text.chars().next()?;
    let end = |same: fn(char) -> bool| text.find(|c| !same(c)).unwrap_or(text.len());
    if first.is_ascii_digit() {
        let end = end(|c| c.is_ascii_digit());
        let rest = &text[end..];
        // `1st Apr 2024`.
        let rest = ["st ", "nd ", "rd ", "th "]
            .iter()
            .find_map(|s| rest.strip_prefix(s))
            .unwrap_or(rest);
        return (end <= 4).then_some((Part::Number(&text[..end]), rest));
    }
    if first.is_alphabetic() {
        let end = end(char::is_alphabetic);
        return Some((Part::Word(&text[..end]), &text[end..]));
    }
    None
}

/// True of `-10:20:11`, as İşbank prints the hour behind a day.
fn is_hour(rest: &str) -> bool {
    let hour = rest.strip_prefix('-').and_then(|r| r.split_once(':'));
    hour.is_some_and(|(hour, _)| {
        matches!(hour.len(), 1 | 2) && hour.bytes().all(|b| b.is_ascii_digit())
    })
}

/// What stands between two parts: one mark, perhaps with spaces; or nothing between digits and letters.
fn separator(text: &str) -> (Option<char>, &str) {
    let trimmed = text.trim_start();
    let mark = trimmed
        .chars()
        .next()
        .filter(|c| matches!(c, '-' | '/' | '.' | ',' | '\''));
    match mark {
        Some(mark) => (Some(mark), trimmed[1..].trim_start()),
        None if trimmed.len() < text.len() => (Some(' '), trimmed),
        None => (None, text),
    }
}

/// Dates of three numbers have the same mark twice.
fn numeric(gap: Option<char>, gap2: Option<char>) -> bool {
    gap == gap2 && matches!(gap, Some('-' | '/' | '.' | ' '))
}

fn small(text: &str) -> Option<i8> {
    if text.len() > 2 {
        None
    } else {
        text.parse().ok()
    }
}

fn year(text: &str) -> Option<i16> {
    match text.len() {
        4 => text.parse().ok(),
        2 => Some(full_year(small(text)?)),
        _ => None,
    }
}

/// Two digits are 1970 to 2069.
fn full_year(short: i8) -> i16 {
    let short = i16::from(short);
    if short < 70 {
        2000 + short
    } else {
        1900 + short
    }
}

impl Scanned {
    /// The date, with day and month in this order; `None` if there is no such day.
    pub fn date(self, order: DateOrder) -> Option<Date> {
        let (year, month, day) = match (self, order) {
            (Scanned::Sure(y, m, d), _) => (y, m, d),
            (
                Scanned::Open {
                    first,
                    second,
                    year,
                },
                DateOrder::Mdy,
            ) => (year, first, second),
            (
                Scanned::Open {
                    first,
                    second,
                    year,
                },
                _,
            ) => (year, second, first),
            (
                Scanned::Short {
                    first,
                    second,
                    third,
                },
                DateOrder::Dmy,
            ) => (full_year(third), second, first),
            (
                Scanned::Short {
                    first,
                    second,
                    third,
                },
                DateOrder::Mdy,
            ) => (full_year(third), first, second),
            (
                Scanned::Short {
                    first,
                    second,
                    third,
                },
                DateOrder::Ymd,
            ) => (full_year(first), second, third),
        };
        Date::new(year, month, day).ok()
    }

    /// True if every order gives the same day or none: the cell says nothing of the order.
    fn is_neutral(self) -> bool {
        match self {
            Scanned::Sure(..) => true,
            Scanned::Open { first, second, .. } => first == second,
            Scanned::Short {
                first,
                second,
                third,
            } => first == second && second == third,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(cell: &str, order: DateOrder) -> Option<String> {
        scan(cell)?.date(order).map(|d| d.to_string())
    }

    #[test]
    fn dates_as_banks_print_them() {
        for cell in [
            "2024-04-01",
            "2024/04/01",
            "2024.4.1",
            "20240401",
            "20240401120000[0:GMT]",
            "2024-04-01T12:00:00Z",
            "2024-04-01 23:59:00 -0800",
            "01/04/2024",
            "1-4-2024",
            "01.04.2024",
            "01042024",
            "01/04/24",
            "1 Apr 2024",
            "01-Apr-2024",
            "1-apr-24",
            "01APR2024",
            "Apr 1, 2024",
            "April 1, 2024 10:30 AM",
            "Mon, 1 Apr 2024",
            "1st April 2024",
            "01/04/2024 10:15:33",
            "'01/04/2024",
            "1 avr. 2024",
            "01-04-2024 08:15 AM",
        ] {
            assert_eq!(
                read(cell, DateOrder::Dmy).as_deref(),
                Some("2024-04-01"),
                "{cell}"
            );
        }
        assert_eq!(
            read("12/24/2009", DateOrder::Mdy).as_deref(),
            Some("2009-12-24")
        );
        assert_eq!(
            read("09.12.24", DateOrder::Ymd).as_deref(),
            Some("2009-12-24")
        );
    }

    #[test]
    fn what_is_no_date_is_none() {
        for cell in [
            "",
            "Total",
            "1.234,56",
            "84,200.00",
            "12",
            "Opening Balance",
            "1,200.00",
            "2024",
            "1-2",
            "12/2024",
            "100.00.00x",
            "UPI-12-34-5678-9",
        ] {
            assert_eq!(scan(cell), None, "{cell}");
        }
        assert_eq!(read("31/02/2024", DateOrder::Dmy), None);
        assert_eq!(read("99/99/9999", DateOrder::Dmy), None);
    }
}
