//! Dates as banks print them, and the order of day and month over a whole file.
//!
//! A date is what is printed: times and zones behind it are not looked at (rulings: calendar dates).

use jiff::civil::Date;

use crate::ledger::day::Day;
use crate::ledger::settings::DateOrder;

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

const MONTHS: [(&str, i8); 40] = [
    ("jan", 1),
    ("feb", 2),
    ("mar", 3),
    ("apr", 4),
    ("may", 5),
    ("jun", 6),
    ("jul", 7),
    ("aug", 8),
    ("sep", 9),
    ("oct", 10),
    ("nov", 11),
    ("dec", 12),
    ("mai", 5),
    ("maj", 5),
    ("mei", 5),
    ("juin", 6),
    ("juil", 7),
    ("aou", 8),
    ("aoû", 8),
    ("okt", 10),
    ("dez", 12),
    ("déc", 12),
    ("fév", 2),
    ("fev", 2),
    ("mär", 3),
    ("mrt", 3),
    ("avr", 4),
    ("ago", 8),
    ("ene", 1),
    ("abr", 4),
    ("dic", 12),
    ("gen", 1),
    ("mag", 5),
    ("giu", 6),
    ("lug", 7),
    ("set", 9),
    ("ott", 10),
    ("out", 10),
    ("янв", 1),
    ("дек", 12),
];

fn month_named(word: &str) -> Option<i8> {
    let lower = word.to_lowercase();
    if lower.chars().count() < 3 || lower.chars().count() > 9 {
        return None;
    }
    // Longer names first where one begins another (`juin`, `juil`).
    let found = MONTHS.iter().filter(|(name, _)| lower.starts_with(name));
    found
        .max_by_key(|(name, _)| name.len())
        .map(|(_, month)| *month)
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
    if !ended {
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

/// Which orders all dates of a file allow.
#[derive(Debug, Clone, Default)]
pub struct Orders {
    /// The first date that each order cannot read, and its row: day, month, year first.
    against: [Option<(usize, String)>; 3],
    /// The first date that says anything of the order.
    sample: Option<String>,
    /// First and last day of dates of three short numbers, as each order reads them.
    spans: [Option<(Date, Date)>; 3],
    /// True once a date whose order is open is not written with points.
    pointless: bool,
}

const TRIED: [DateOrder; 3] = [DateOrder::Dmy, DateOrder::Mdy, DateOrder::Ymd];

/// What the dates of a file come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderVerdict {
    /// No date depends on the order.
    Any,
    One(DateOrder),
    /// More than one fits: a question.
    Ambiguous {
        sample: String,
    },
    /// None fits: the rows that exclude day-first and month-first.
    Contradictory {
        not_day_first: usize,
        not_month_first: usize,
    },
}

impl Orders {
    pub fn add(&mut self, row: usize, cell: &str, scanned: Scanned) {
        if scanned.is_neutral() {
            return;
        }
        if self.sample.is_none() {
            self.sample = Some(cell.to_owned());
        }
        self.pointless |= !has_points(cell);
        let four_digit_year = matches!(scanned, Scanned::Open { .. });
        for ((against, span), order) in self.against.iter_mut().zip(&mut self.spans).zip(TRIED) {
            let date = scanned.date(order);
            if let Some(date) = date.filter(|_| !four_digit_year) {
                let (first, last) = span.unwrap_or((date, date));
                *span = Some((first.min(date), last.max(date)));
            }
            let fits = date.is_some() && !(order == DateOrder::Ymd && four_digit_year);
            if against.is_none() && !fits {
                *against = Some((row, cell.to_owned()));
            }
        }
    }

    /// Whether this order reads every date.
    pub fn allows(&self, order: DateOrder) -> bool {
        let index = TRIED.iter().position(|o| *o == order).unwrap_or(0);
        self.sample.is_none() || self.against[index].is_none()
    }

    /// The first date an order cannot read.
    pub fn against(&self, order: DateOrder) -> Option<&(usize, String)> {
        let index = TRIED.iter().position(|o| *o == order).unwrap_or(0);
        self.against[index].as_ref()
    }

    /// The verdict of the file alone. A year of two digits in front is never taken by itself, since
    /// no bank we know prints it; but where it alone keeps the dates together, nothing is certain.
    pub fn verdict(&self) -> OrderVerdict {
        let Some(sample) = &self.sample else {
            return OrderVerdict::Any;
        };
        let ambiguous = OrderVerdict::Ambiguous {
            sample: sample.clone(),
        };
        match (self.allows(DateOrder::Dmy), self.allows(DateOrder::Mdy)) {
            // `02.03.2018`: of all languages that write points, none writes the month first (CLDR 45).
            (true, true) if !self.pointless && !self.year_may_lead(0) => {
                OrderVerdict::One(DateOrder::Dmy)
            }
            (true, true) => ambiguous,
            (true, false) if self.year_may_lead(0) => ambiguous,
            (false, true) if self.year_may_lead(1) => ambiguous,
            (true, false) => OrderVerdict::One(DateOrder::Dmy),
            (false, true) => OrderVerdict::One(DateOrder::Mdy),
            (false, false) => OrderVerdict::Contradictory {
                not_day_first: self.against[0].as_ref().map_or(0, |(row, _)| *row),
                not_month_first: self.against[1].as_ref().map_or(0, |(row, _)| *row),
            },
        }
    }

    /// True if the order spreads the dates over decades, and the year in front keeps them within three.
    pub fn year_may_lead(&self, order: usize) -> bool {
        let days = |span: Option<(Date, Date)>| {
            span.map_or(0, |(first, last)| Day::of(last).0 - Day::of(first).0)
        };
        self.allows(DateOrder::Ymd)
            && days(self.spans[order]) > 3_650
            && days(self.spans[2]) < 1_100
    }
}

/// True of `02.03.2018`: a point after the first number.
fn has_points(cell: &str) -> bool {
    let rest = cell.trim_start_matches(|c: char| c == '\'' || c.is_whitespace());
    rest.trim_start_matches(|c: char| c.is_ascii_digit())
        .starts_with('.')
}

/// `day-first`, as people are told.
pub fn order_name(order: DateOrder) -> &'static str {
    match order {
        DateOrder::Dmy => "day-first",
        DateOrder::Mdy => "month-first",
        DateOrder::Ymd => "year-first",
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

    fn verdict(cells: &[&str]) -> OrderVerdict {
        let mut orders = Orders::default();
        for (row, cell) in cells.iter().enumerate() {
            orders.add(row, cell, scan(cell).unwrap());
        }
        orders.verdict()
    }

    #[test]
    fn the_order_is_decided_over_the_whole_file() {
        assert_eq!(
            verdict(&["01/04/2024", "13/04/2024"]),
            OrderVerdict::One(DateOrder::Dmy)
        );
        assert_eq!(
            verdict(&["01/04/2024", "04/13/2024"]),
            OrderVerdict::One(DateOrder::Mdy)
        );
        assert_eq!(
            verdict(&["2024-01-04", "04/04/2024", "1 Apr 2024"]),
            OrderVerdict::Any
        );
        // One impossible date must not turn the others round.
        assert_eq!(
            verdict(&["02/04/26", "31/02/26"]),
            OrderVerdict::Contradictory {
                not_day_first: 1,
                not_month_first: 1
            }
        );
        assert_eq!(
            verdict(&["24/04/01", "24/04/15", "24/05/28"]),
            OrderVerdict::Ambiguous {
                sample: "24/04/01".to_owned()
            }
        );
        assert_eq!(
            verdict(&["05/04/24", "06/04/24"]),
            OrderVerdict::Ambiguous {
                sample: "05/04/24".to_owned()
            }
        );
        // Points are written by people who put the day first.
        assert_eq!(
            verdict(&["02.03.2018", "05.04.18"]),
            OrderVerdict::One(DateOrder::Dmy)
        );
        assert_eq!(
            verdict(&["02.03.2018", "02.13.2018"]),
            OrderVerdict::One(DateOrder::Mdy)
        );
        assert_eq!(
            verdict(&["02.03.2018", "04/05/2018"]),
            OrderVerdict::Ambiguous {
                sample: "02.03.2018".to_owned()
            }
        );
        assert_eq!(
            verdict(&["13/04/2024", "04/13/2024"]),
            OrderVerdict::Contradictory {
                not_day_first: 1,
                not_month_first: 0
            }
        );
    }
}
