//! MT940, the statement message of SWIFT: `:61:` lines with their `:86:` texts between two balances.
//!
//! Read as banks write it: with or without the envelope of blocks, several messages in a file, lines wrapped
//! anywhere. A statement over several messages (`:60M:`, `:62M:`) is proved message by message.

mod details;
mod line;
mod tags;

use std::sync::Arc;

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::fault::Fault;
use super::gather::{Balance, Gathered, Sheet};
use super::plain::{full_year, plain_decimal, push_words};
use super::statement::{Category, Note, StatementRow};
use details::Details;
use line::Line;
use tags::{Field, Fields};

/// True of texts that begin like an MT940 or MT942 message.
pub fn is_mt940(text: &str) -> bool {
    let tag = |wanted: &str| {
        text.lines().any(|l| {
            l.trim_start_matches(['-', '}', '\u{3}'])
                .starts_with(wanted)
        })
    };
    text.starts_with("{1:F01")
        || (tag(":20:") || tag(":940:")) && (tag(":25") || tag(":28") || tag(":60") || tag(":61:"))
}

/// Reads every message of a file.
///
/// Errors: a field that cannot be read; an interim report (MT942).
pub fn read(text: &str) -> Result<Gathered, Fault> {
    let mut reader = Reader {
        gathered: Gathered {
            layout: "mt940",
            ..Gathered::default()
        },
        sheet: None,
        after: After::Nothing,
        pending: 0,
    };
    for field in Fields::of(text) {
        reader.field(&field).map_err(|mut fault| {
            if fault.line.is_none() {
                fault.line = Some(field.line);
                fault = fault.line_text(field.first_line());
            }
            fault
        })?;
    }
    reader.finish_sheet();
    if reader.pending > 0 {
        let text = format!("{} expected rows left out: not booked yet", reader.pending);
        reader.gathered.notes.push(Note { line: None, text });
    }
    Ok(reader.gathered)
}

/// What a `:86:` belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum After {
    /// The statement as a whole, or a row that was left out.
    Nothing,
    Row,
}

struct Reader<'a> {
    gathered: Gathered,
    sheet: Option<Open<'a>>,
    after: After,
    pending: usize,
}

/// A statement being read.
struct Open<'a> {
    sheet: Sheet,
    /// The last row and the text of its `:86:`, until the next field.
    row: Option<(Line<'a>, Field<'a>, String)>,
    /// A balance that only interim reports have.
    interim: bool,
}

impl<'a> Reader<'a> {
    fn field(&mut self, field: &Field<'a>) -> Result<(), Fault> {
        if !matches!(field.tag, "86" | "NS") {
            self.finish_row()?;
        }
        match field.tag {
            "20" => {
                self.finish_sheet();
                self.open(field.line);
            }
            "25" | "25P" => {
                let open = self.opened(field.line);
                open.sheet.number = Some(Arc::from(field.first_line().trim()));
            }
            "28" | "28C" => {
                let open = self.opened(field.line);
                open.sheet.name = field.first_line().trim().to_owned();
            }
            "34F" => self.opened(field.line).interim = true,
            "60F" | "60M" => self.opening(field)?,
            "61" => self.row(field)?,
            "62F" | "62M" => {
                let balance = balance(field)?.1;
                self.opened(field.line).sheet.closing = Some(balance);
                self.after = After::Nothing;
            }
            "86" => self.details(field),
            "NS" => self.own_details(field),
            _ => self.after = After::Nothing,
        }
        Ok(())
    }

    fn open(&mut self, line: u64) {
        self.sheet = Some(Open {
            sheet: Sheet {
                line,
                ..Sheet::default()
            },
            row: None,
            interim: false,
        });
        self.after = After::Nothing;
    }

    fn opened(&mut self, line: u64) -> &mut Open<'a> {
        if self.sheet.is_none() {
            self.open(line);
        }
        // It was opened just now if it was not there.
        self.sheet.get_or_insert_with(|| Open {
            sheet: Sheet::default(),
            row: None,
            interim: false,
        })
    }

    fn opening(&mut self, field: &Field<'a>) -> Result<(), Fault> {
        let (currency, balance) = balance(field)?;
        // Some banks send one message of several statements: a second opening balance begins one.
        let again = self
            .sheet
            .as_ref()
            .is_some_and(|o| o.sheet.closing.is_some());
        if again {
            let (number, name) = self
                .sheet
                .as_ref()
                .map(|o| (o.sheet.number.clone(), o.sheet.name.clone()))
                .unwrap_or_default();
            self.finish_sheet();
            let open = self.opened(field.line);
            open.sheet.number = number;
            open.sheet.name = name;
        }
        let before = self.gathered.sheets.last().and_then(|s| s.currency.clone());
        let open = self.opened(field.line);
        open.sheet.currency = Some(currency).filter(|c| !c.is_empty()).or(before);
        open.sheet.opening = Some(balance);
        Ok(())
    }

    fn row(&mut self, field: &Field<'a>) -> Result<(), Fault> {
        let line = Line::read(field)?;
        self.after = After::Row;
        self.opened(field.line).row = Some((line, *field, String::new()));
        Ok(())
    }

    fn details(&mut self, field: &Field<'a>) {
        let Some(open) = &mut self.sheet else { return };
        if let (After::Row, Some((_, whole, text))) = (self.after, &mut open.row) {
            if !text.is_empty() {
                text.push('\n');
            }
            text.push_str(field.body);
            whole.extend_to(field);
        }
    }

    /// `:NS:`, what some banks write instead of `:86:`: lines of two digits and a text.
    fn own_details(&mut self, field: &Field<'a>) {
        let Some(open) = &mut self.sheet else { return };
        let (After::Row, Some((_, whole, text))) = (self.after, &mut open.row) else {
            return;
        };
        whole.extend_to(field);
        // The purpose has the numbers 01 to 14, the name 15 to 17; what follows is the bank's own.
        let numbered = |line: &'a str| {
            let (number, rest) = line.split_at_checked(2)?;
            let number: u8 = number.parse().ok()?;
            (1..=17).contains(&number).then(|| rest.trim())
        };
        for part in field.body.lines().filter_map(numbered) {
            if !text.is_empty() {
                text.push('\n');
            }
            text.push_str(part);
        }
    }

    fn finish_row(&mut self) -> Result<(), Fault> {
        let Some(open) = &mut self.sheet else {
            return Ok(());
        };
        let Some((line, field, text)) = open.row.take() else {
            return Ok(());
        };
        if line.expected {
            self.pending += 1;
            return Ok(());
        }
        let row = statement_row(&line, &field, &text, &open.sheet.currency);
        open.sheet.rows.push(row);
        Ok(())
    }

    fn finish_sheet(&mut self) {
        // Reading a row cannot fail once its line was read.
        let _ = self.finish_row();
        let Some(Open {
            mut sheet, interim, ..
        }) = self.sheet.take()
        else {
            return;
        };
        if interim && sheet.opening.is_none() {
            let text =
                "an interim report (MT942), whose rows come again in the statement: left out";
            self.gathered.notes.push(Note {
                line: Some(sheet.line),
                text: text.to_owned(),
            });
            return;
        }
        let empty = sheet.rows.is_empty() && sheet.opening.is_none() && sheet.closing.is_none();
        if empty {
            return;
        }
        if let (Some(number), Some(currency)) = (&sheet.number, &sheet.currency)
            && let Some(bare) = number.strip_suffix(&**currency)
            && bare.ends_with(|c: char| c.is_ascii_digit() || c == ' ')
        {
            sheet.number = Some(Arc::from(bare.trim_end()));
        }
        sheet.number = sheet.number.filter(|n| !n.is_empty());
        self.gathered.sheets.push(sheet);
    }
}

fn statement_row(
    line: &Line<'_>,
    field: &Field<'_>,
    text: &str,
    currency: &Option<Arc<str>>,
) -> StatementRow {
    let details = Details::of(text);
    let mut description = details.purpose;
    if description.is_empty() {
        push_words(&mut description, line.supplement);
    }
    if description.is_empty() {
        description = details.kind.unwrap_or_else(|| line.kind.trim().to_owned());
    }
    let known = |text: &str| {
        let text = text.trim();
        let none = ["NONREF", "NOTPROVIDED", "NOREF", "EREF", "MARF", "PREF", ""].contains(&text);
        (!none && text.len() > 1 && !text.bytes().all(|b| b == b'0')).then(|| text.to_owned())
    };
    StatementRow {
        line: field.line,
        date: line.date,
        description,
        payee: details.name,
        reference: known(line.reference)
            .or(details.reference)
            .or_else(|| known(line.bank_reference)),
        bank_id: None,
        amount: line.amount,
        currency: currency.clone(),
        balance: None,
        series: 0,
        raw: field.whole().trim_end().to_owned(),
        category: Box::new(Category {
            counter_number: details.account.map(Arc::from),
            ..Category::default()
        }),
    }
}

/// `C131016DEM84349,74`: side, day, currency, amount.
fn balance(field: &Field<'_>) -> Result<(Arc<str>, Balance), Fault> {
    let text = field.first_line().trim();
    let fault = || {
        Fault::file(
            "unreadable-amount",
            format!("the balance {text:?} is not side, YYMMDD, currency and amount"),
        )
        .hint("such as C260401EUR1250,00")
    };
    let (sign, rest) = match text.split_at_checked(1) {
        Some(("C", rest)) => (Decimal::ONE, rest),
        Some(("D", rest)) => (Decimal::NEGATIVE_ONE, rest),
        _ => return Err(fault()),
    };
    let (day, rest) = rest.split_at_checked(6).ok_or_else(fault)?;
    // Some banks leave the currency out of all balances but the first.
    let letters = rest.bytes().take_while(u8::is_ascii_uppercase).count();
    let (currency, amount) = match letters {
        0 | 3 => rest.split_at(letters),
        _ => return Err(fault()),
    };
    let amount = amount.trim();
    let (minus, digits) = match amount.strip_prefix('-') {
        Some(digits) => (Decimal::NEGATIVE_ONE, digits),
        None => (Decimal::ONE, amount),
    };
    let amount = plain_decimal(digits).ok_or_else(fault)?;
    let balance = Balance {
        amount: sign * minus * amount,
        on: Some(short_date(day).ok_or_else(|| bad_date(day))?),
        line: field.line,
    };
    Ok((Arc::from(currency), balance))
}

fn bad_date(text: &str) -> Fault {
    Fault::file(
        "unreadable-date",
        format!("{text:?} is no day of the calendar (YYMMDD)"),
    )
    .hint("correct the date, or export the statement again")
}

/// `260230`: banks that count months of 30 days write a 30 February; it is its last day.
fn short_date(text: &str) -> Option<Date> {
    if text.len() != 6 || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let year = full_year(text[..2].parse().ok()?);
    calendar(year, text[2..4].parse().ok()?, text[4..6].parse().ok()?)
}

fn calendar(year: i16, month: i8, day: i8) -> Option<Date> {
    if month == 2 && matches!(day, 29 | 30) {
        return Date::new(year, 2, 1).ok().map(|d| d.last_of_month());
    }
    Date::new(year, month, day).ok()
}

#[cfg(test)]
mod tests;
