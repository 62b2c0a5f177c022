//! The line of a row, `:61:`: days, side, funds code, amount, kind, references, and a supplement below.

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::tags::Field;
use super::{bad_date, calendar, short_date};
use crate::formats::fault::Fault;
use crate::formats::plain::plain_decimal;

/// A row's line taken apart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Line<'a> {
    /// The day of booking, else of value.
    pub date: Date,
    /// Money in positive.
    pub amount: Decimal,
    /// `EC`, `ED`: announced, not booked.
    pub expected: bool,
    /// `NTRF`, `NCHK`; may be empty.
    pub kind: &'a str,
    pub reference: &'a str,
    pub bank_reference: &'a str,
    pub supplement: &'a str,
}

impl<'a> Line<'a> {
    pub fn read(field: &Field<'a>) -> Result<Line<'a>, Fault> {
        let first = field.first_line();
        let text = first.trim();
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (value, rest) = text.split_at_checked(6).ok_or_else(|| bad_line(text))?;
        if digits < 6 {
            return Err(bad_date(value));
        }
        let value = short_date(value).ok_or_else(|| bad_date(value))?;
        let (entry, rest) = match rest.split_at_checked(4) {
            Some((entry, rest)) if digits >= 10 => (Some(entry), rest),
            _ => (None, rest),
        };
        let booked = entry
            .map(|e| booked_on(value, e).ok_or_else(|| bad_date(e)))
            .transpose()?;
        let rest = rest.trim_start();
        let (sign, expected, rest) = side(rest).ok_or_else(|| bad_line(text))?;
        // The third letter of the currency: `CR123,45` of euros.
        let rest = match rest.strip_prefix(|c: char| c.is_ascii_alphabetic()) {
            Some(behind) => behind.trim_start(),
            None => rest.trim_start(),
        };
        // Some savings banks break the line before the amount.
        let below = field.body[first.len()..].trim();
        let (rest, supplement) = match rest {
            "" => below.split_once('\n').unwrap_or((below, "")),
            rest => (rest, below),
        };
        let end = rest
            .bytes()
            .position(|b| !b.is_ascii_digit() && b != b',' && b != b'.')
            .unwrap_or(rest.len());
        let amount = plain_decimal(&rest[..end]).ok_or_else(|| {
            Fault::file(
                "unreadable-amount",
                format!("{:?} is not an amount", &rest[..end]),
            )
            .hint("amounts are digits with a decimal comma, such as 1250,00")
        })?;
        let (kind, references) = kind(&rest[end..]);
        let (reference, bank_reference) = references
            .trim_end()
            .split_once("//")
            .unwrap_or((references, ""));
        Ok(Line {
            date: booked.unwrap_or(value),
            amount: sign * amount,
            expected,
            kind,
            reference,
            bank_reference,
            supplement,
        })
    }
}

fn bad_line(text: &str) -> Fault {
    Fault::file(
        "unreadable-amount",
        format!("{text:?} is not a row: day, side and amount are expected"),
    )
    .hint("such as 2604010401D12,50NTRFNONREF")
}

/// `C`, `D`; `RC` takes a credit back, `RD` a debit; `EC`, `ED` are expected.
fn side(text: &str) -> Option<(Decimal, bool, &str)> {
    const SIDES: &[(&str, Decimal, bool)] = &[
        ("RC", Decimal::NEGATIVE_ONE, false),
        ("RD", Decimal::ONE, false),
        ("EC", Decimal::ONE, true),
        ("ED", Decimal::NEGATIVE_ONE, true),
        ("C", Decimal::ONE, false),
        ("D", Decimal::NEGATIVE_ONE, false),
    ];
    SIDES
        .iter()
        .find_map(|(word, sign, expected)| Some((*sign, *expected, text.strip_prefix(word)?)))
}

/// The kind is a letter and three more signs; a line may end before it.
fn kind(text: &str) -> (&str, &str) {
    let text = text.trim_start();
    match text.split_at_checked(4) {
        Some((kind, rest)) if kind.starts_with(['N', 'F', 'S']) => (kind, rest),
        _ => ("", text),
    }
}

/// The day of booking has no year: it is the one nearest to the day of value.
fn booked_on(value: Date, text: &str) -> Option<Date> {
    let (month, day) = (text[..2].parse().ok()?, text[2..4].parse().ok()?);
    [value.year() - 1, value.year(), value.year() + 1]
        .into_iter()
        .filter_map(|year| calendar(year, month, day))
        .min_by_key(|date| {
            let apart = crate::ledger::day::Day::of(*date).0 - crate::ledger::day::Day::of(value).0;
            apart.abs()
        })
}
