//! Cells and columns: one row of a report as machines get it, before it has a format.

use std::borrow::Cow;

use jiff::civil::Date;
use uuid::Uuid;

use crate::ledger::amount_format;
use crate::ledger::cell_text::tags_text;
use crate::ledger::currency::Currency;
use crate::ledger::transaction::Tag;

/// A value in a row. Borrowed wherever it can be: exports make millions.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell<'a> {
    /// Nothing: empty in csv, `null` in JSON.
    Empty,
    /// Someone's text: made safe for terminals and spreadsheets.
    Text(Cow<'a, str>),
    /// A word of our own: `asset`, `receipt`.
    Word(&'a str),
    Date(Date),
    Number(u64),
    /// Minor units of a currency, debit positive.
    Amount(i128, &'a Currency),
    Id(Uuid),
    /// `name:value, name` in csv, a list of such strings in JSON: a transaction's tags, then an entry's own.
    Tags(&'a [Tag], &'a [Tag]),
}

impl<'a> Cell<'a> {
    pub fn text(text: &'a str) -> Cell<'a> {
        Cell::Text(Cow::Borrowed(text))
    }

    /// Text, or nothing.
    pub fn maybe(text: Option<&'a str>) -> Cell<'a> {
        text.filter(|t| !t.is_empty())
            .map_or(Cell::Empty, Cell::text)
    }

    /// The debit half of an amount; empty for credits.
    pub fn debit(minor: i128, currency: &'a Currency) -> Cell<'a> {
        if minor >= 0 {
            Cell::Amount(minor, currency)
        } else {
            Cell::Empty
        }
    }

    /// The credit half of an amount, positive; empty for debits.
    pub fn credit(minor: i128, currency: &'a Currency) -> Cell<'a> {
        if minor < 0 {
            Cell::Amount(-minor, currency)
        } else {
            Cell::Empty
        }
    }
}

/// What a column holds: how tables align it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnKind {
    Text,
    Number,
    Amount,
}

/// A column of the contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    pub name: Cow<'static, str>,
    pub kind: ColumnKind,
    /// Whether its amounts may be added up over the rows.
    pub sums: bool,
}

impl Column {
    pub const fn text(name: &'static str) -> Column {
        Column {
            name: Cow::Borrowed(name),
            kind: ColumnKind::Text,
            sums: false,
        }
    }

    pub const fn number(name: &'static str) -> Column {
        Column {
            name: Cow::Borrowed(name),
            kind: ColumnKind::Number,
            sums: false,
        }
    }

    pub const fn amount(name: &'static str) -> Column {
        Column {
            name: Cow::Borrowed(name),
            kind: ColumnKind::Amount,
            sums: false,
        }
    }

    /// The same column, of which a workbook shows the total.
    pub fn summed(mut self) -> Column {
        self.sums = true;
        self
    }

    /// An amount column whose name is made at run time: a period.
    pub fn amount_of(name: String) -> Column {
        Column {
            name: Cow::Owned(name),
            kind: ColumnKind::Amount,
            sums: false,
        }
    }
}

/// Appends a cell as csv and JSON spell it, without quotes or escapes. Text is left as it is.
pub(super) fn push_plain(out: &mut Vec<u8>, cell: &Cell<'_>) {
    match cell {
        Cell::Empty => {}
        Cell::Text(text) => out.extend_from_slice(text.as_bytes()),
        Cell::Word(word) => out.extend_from_slice(word.as_bytes()),
        Cell::Date(date) => push_date(out, *date),
        Cell::Number(number) => push_number(out, *number),
        Cell::Amount(minor, currency) => amount_format::push_machine(out, *minor, currency.scale),
        Cell::Id(id) => {
            let mut buffer = Uuid::encode_buffer();
            out.extend_from_slice(id.hyphenated().encode_lower(&mut buffer).as_bytes());
        }
        Cell::Tags(shared, own) => {
            out.extend_from_slice(tags_text(shared.iter().chain(*own)).as_bytes());
        }
    }
}

fn push_number(out: &mut Vec<u8>, mut number: u64) {
    let mut digits = [0u8; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

/// `2026-04-05`; years beyond four digits as jiff writes them.
pub(super) fn push_date(out: &mut Vec<u8>, date: Date) {
    let year = date.year();
    if !(0..=9999).contains(&year) {
        out.extend_from_slice(date.to_string().as_bytes());
        return;
    }
    let two = |n: i16| [b'0' + (n / 10) as u8, b'0' + (n % 10) as u8];
    out.extend_from_slice(&two(year / 100));
    out.extend_from_slice(&two(year % 100));
    out.push(b'-');
    out.extend_from_slice(&two(i16::from(date.month())));
    out.push(b'-');
    out.extend_from_slice(&two(i16::from(date.day())));
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn plain(cell: Cell<'_>) -> String {
        let mut out = Vec::new();
        push_plain(&mut out, &cell);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn cells_are_spelled_for_machines() {
        assert_eq!(plain(Cell::Date(date(2026, 4, 5))), "2026-04-05");
        assert_eq!(plain(Cell::Date(date(-1, 4, 5))), "-000001-04-05");
        assert_eq!(plain(Cell::Number(0)), "0");
        assert_eq!(plain(Cell::Number(u64::MAX)), u64::MAX.to_string());
        let tags = [
            Tag {
                name: "trip".into(),
                value: "goa".into(),
            },
            Tag {
                name: "paid".into(),
                value: String::new(),
            },
        ];
        assert_eq!(plain(Cell::Tags(&tags[..1], &tags[1..])), "trip:goa, paid");
    }
}
