//! QIF, Quicken's old interchange format: bank, cash and card accounts, splits, transfers.
//!
//! It has no currency, no ids, and dates of any order: the order and the decimal mark are decided over the whole
//! file, or asked for. Investment accounts are named, not read.

mod records;

use std::sync::Arc;

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::csv::Options;
use super::csv::amounts::{self, MarkEvidence};
use super::csv::dates::{self, OrderVerdict, Orders};
use super::fault::{Fault, Question};
use super::gather::{Gathered, Sheet};
use super::plain::{line_text, some_words};
use super::statement::{self, Category, Note, StatementRow};
use crate::ledger::settings::DateOrder;
use crate::ledger::transaction::Tag;
use records::{Record, Section};

/// True of texts that begin like a QIF file.
pub fn is_qif(start: &str) -> bool {
    let head: String = start
        .chars()
        .take(8)
        .collect::<String>()
        .to_ascii_lowercase();
    ["!type:", "!account", "!option:", "!clear:"]
        .iter()
        .any(|sign| head.starts_with(sign))
}

/// Reads every account of a file.
///
/// Errors: dates or amounts that can be read two ways, that contradict each other, or not be read at all.
pub fn read(text: &str, options: &Options) -> Result<Gathered, Fault> {
    let sections = records::read(text)?;
    let records = || sections.money.iter().flat_map(|s| &s.records);
    let order = date_order(text, records(), options.date_order)?;
    let mark = decimal_mark(text, records(), options.decimal_mark)?;
    let reader = Reader { text, order, mark };
    let mut gathered = Gathered {
        layout: "qif",
        ..Gathered::default()
    };
    let open = records().any(|r| !matches!(scan(r.date.0), None | Some(dates::Scanned::Sure(..))));
    gathered
        .details
        .extend(open.then(|| dates::order_name(order).to_owned()));
    for section in &sections.money {
        let sheet = reader.sheet(section)?;
        if !sheet.rows.is_empty() {
            gathered.sheets.push(sheet);
        }
    }
    for (name, line) in &sections.investments {
        let text = format!(
            "{} is an investment account, whose securities hissab does not keep: left out",
            name.unwrap_or("it")
        );
        gathered.notes.push(Note {
            line: Some(*line),
            text,
        });
    }
    for (header, line) in &sections.unknown {
        gathered.notes.push(Note {
            line: Some(*line),
            text: format!("the section {header} is not read: left out"),
        });
    }
    Ok(gathered)
}

/// `12/19'18`: an apostrophe stands before years from 2000 on, and spaces before short numbers.
fn plain_date(text: &str) -> String {
    let tight: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let Some((day, year)) = tight.split_once('\'') else {
        return if text.contains(|c: char| c.is_alphabetic()) {
            text.to_owned()
        } else {
            tight
        };
    };
    let mark = if day.contains('.') {
        '.'
    } else if day.contains('-') {
        '-'
    } else {
        '/'
    };
    match year.parse::<u16>() {
        Ok(short @ 0..100) if year.len() <= 2 => format!("{day}{mark}{}", 2000 + short),
        _ => format!("{day}{mark}{year}"),
    }
}

fn scan(text: &str) -> Option<dates::Scanned> {
    dates::scan(&plain_date(text))
}

fn date_order<'a>(
    text: &str,
    records: impl Iterator<Item = &'a Record<'a>> + Clone,
    said: Option<DateOrder>,
) -> Result<DateOrder, Fault> {
    let mut orders = Orders::default();
    for (nth, record) in records.clone().enumerate() {
        let (cell, line) = record.date;
        let scanned = scan(cell).ok_or_else(|| bad_date(text, cell, line.max(record.line)))?;
        orders.add(nth, cell, scanned);
    }
    if let Some(said) = said {
        return Ok(said);
    }
    let place = |nth: usize| records.clone().nth(nth).map_or(("", 0), |r| r.date);
    match orders.verdict() {
        OrderVerdict::Any => Ok(DateOrder::Dmy),
        OrderVerdict::One(order) => Ok(order),
        OrderVerdict::Ambiguous { sample } => {
            let line = records
                .clone()
                .find(|r| r.date.0 == sample)
                .map_or(1, |r| r.date.1);
            let why = format!(
                "{sample:?} can be read day first or month first, and no date of the file says which"
            );
            Err(Fault::at("ambiguous-dates", line, 2, why)
                .line_text(line_text(text, line))
                .hint("say which: --date-order dmy or --date-order mdy")
                .ask(Question::DateOrder { sample }))
        }
        OrderVerdict::Contradictory {
            not_day_first,
            not_month_first,
        } => {
            let ((first, line), (second, other)) = (place(not_day_first), place(not_month_first));
            if line == other {
                return Err(bad_date(text, first, line));
            }
            let why = format!(
                "{first:?} cannot have the day first, and {second:?} on line {other} cannot have the month first"
            );
            Err(Fault::at("mixed-dates", line, 2, why)
                .line_text(line_text(text, line))
                .hint("correct the wrong one of the two lines"))
        }
    }
}

fn bad_date(text: &str, cell: &str, line: u64) -> Fault {
    let why = match cell {
        "" => "the record has no date (D)".to_owned(),
        cell => format!("{cell:?} is no date"),
    };
    Fault::at("unreadable-date", line, 2, why)
        .line_text(line_text(text, line))
        .hint("correct the date, or export the file again")
}

/// The mark the amounts of the file agree on.
fn decimal_mark<'a>(
    text: &str,
    records: impl Iterator<Item = &'a Record<'a>>,
    said: Option<char>,
) -> Result<Option<char>, Fault> {
    if said.is_some() {
        return Ok(said);
    }
    let (mut sure, mut open) = (None, None);
    for record in records {
        let splits = record.splits.iter().map(|s| s.amount);
        for (cell, line) in std::iter::once(record.amount).chain(splits) {
            let Some(scanned) = amounts::scan(cell) else {
                continue;
            };
            match amounts::evidence(scanned.number) {
                MarkEvidence::Mark(mark) => match sure {
                    None => sure = Some((mark, line)),
                    Some((other, before)) if other != mark => {
                        let why = format!(
                            "{cell:?} has the decimal mark {mark:?}, line {before} has {other:?}"
                        );
                        return Err(Fault::at("mixed-decimal-marks", line, 2, why)
                            .line_text(line_text(text, line))
                            .hint("correct one of the two lines"));
                    }
                    Some(_) => {}
                },
                MarkEvidence::Either(_) => open = open.or(Some((cell, line))),
                _ => {}
            }
        }
    }
    match (sure, open) {
        (Some((mark, _)), _) => Ok(Some(mark)),
        (None, None) => Ok(None),
        (None, Some((cell, line))) => {
            let why = format!("in {cell:?} the sign may be a decimal mark or part thousands");
            Err(Fault::at("ambiguous-decimal-mark", line, 2, why)
                .line_text(line_text(text, line))
                .hint("say which: --decimal-mark . or --decimal-mark ,")
                .ask(Question::DecimalMark {
                    sample: cell.to_owned(),
                }))
        }
    }
}

/// Reads records, all that is open about the file decided.
struct Reader<'a> {
    text: &'a str,
    order: DateOrder,
    mark: Option<char>,
}

impl Reader<'_> {
    fn sheet(&self, section: &Section<'_>) -> Result<Sheet, Fault> {
        let mut sheet = Sheet {
            number: section.account.and_then(some_words).map(Arc::from),
            line: section.line,
            ..Sheet::default()
        };
        for record in &section.records {
            let row = self.row(record, sheet.number.as_deref(), &mut sheet.notes)?;
            sheet.rows.push(row);
        }
        Ok(sheet)
    }

    fn date(&self, record: &Record<'_>) -> Result<Date, Fault> {
        let (cell, line) = record.date;
        let date = scan(cell).and_then(|scanned| scanned.date(self.order));
        date.ok_or_else(|| {
            let why = format!(
                "{cell:?}, {}, is no day of the calendar",
                dates::order_name(self.order)
            );
            Fault::at("unreadable-date", line, 2, why)
                .line_text(line_text(self.text, line))
                .hint("correct the date, or say the order: --date-order dmy, mdy or ymd")
        })
    }

    fn amount(&self, (cell, line): (&str, u64), of: &Record<'_>) -> Result<Decimal, Fault> {
        let read = amounts::scan(cell).and_then(|scanned| {
            let value = amounts::value(scanned.number, self.mark.unwrap_or('.'))?;
            Some(if scanned.negative { -value } else { value })
        });
        read.ok_or_else(|| {
            let why = match cell {
                "" => "the record has no amount (T)".to_owned(),
                cell => format!("{cell:?} is not an amount"),
            };
            let line = if line == 0 { of.line } else { line };
            Fault::at("unreadable-amount", line, 2, why)
                .line_text(line_text(self.text, line))
                .hint("correct the amount, or export the file again")
        })
    }

    fn row(
        &self,
        record: &Record<'_>,
        own: Option<&str>,
        notes: &mut Vec<Note>,
    ) -> Result<StatementRow, Fault> {
        let amount = self.amount(record.amount, record)?;
        let payee = some_words(record.payee);
        let memo = some_words(record.memo);
        let mut category = self.category(record, amount, notes)?;
        // Quicken writes the first balance as a transfer of the account to itself.
        if transfer(record.category).is_some_and(|name| Some(name) == own) {
            category.named = Some("Opening Balances".to_owned());
            category.counter_number = None;
        }
        let description = payee.clone().or_else(|| memo.clone());
        if payee.is_some() {
            category.memo = category.memo.or(memo);
        }
        Ok(StatementRow {
            line: record.line,
            date: self.date(record)?,
            description: description
                .or_else(|| some_words(record.category))
                .or_else(|| some_words(record.number))
                .unwrap_or_default(),
            payee,
            // Words such as ATM and DEP are kinds, no numbers.
            reference: some_words(record.number)
                .filter(|n| n.bytes().any(|b| b.is_ascii_digit()) && n.bytes().any(|b| b != b'0')),
            bank_id: None,
            amount,
            currency: None,
            balance: None,
            series: 0,
            raw: record.raw.to_owned(),
            category: Box::new(category),
        })
    }

    fn category(
        &self,
        record: &Record<'_>,
        amount: Decimal,
        notes: &mut Vec<Note>,
    ) -> Result<Category, Fault> {
        let (main, memo) = match record.splits.as_slice() {
            // One split is no split.
            [only] => (only.category, some_words(only.memo)),
            _ => (record.category, None),
        };
        let (named, class) = without_class(main);
        let mut category = Category {
            counter_number: transfer(named).map(Arc::from),
            named: some_words(named),
            memo,
            ..Category::default()
        };
        category.tags.extend(class.map(|value| Tag {
            name: "class".to_owned(),
            value: value.to_owned(),
        }));
        if record.splits.len() < 2 {
            return Ok(category);
        }
        let mut rest = amount;
        for split in &record.splits {
            let part = self.amount(split.amount, record)?;
            rest = rest.checked_sub(part).unwrap_or(rest);
            if part.is_zero() {
                continue;
            }
            category.splits.push(statement::Split {
                account: None,
                named: some_words(without_class(split.category).0),
                amount: -part,
                memo: some_words(split.memo),
            });
        }
        if !rest.is_zero() {
            category.named = None;
            category.counter_number = None;
            notes.push(Note {
                line: Some(record.line),
                text: format!("the splits leave {rest} of {amount} over: it goes where rules say, or to Suspense"),
            });
        }
        Ok(category)
    }
}

/// `Food:Meat/Holiday`: the category and the class.
fn without_class(text: &str) -> (&str, Option<&str>) {
    match text.rsplit_once('/') {
        Some((category, class)) if !class.contains(']') => {
            (category, Some(class).filter(|c| !c.is_empty()))
        }
        _ => (text, None),
    }
}

/// `[Savings]`: the account a transfer goes to.
fn transfer(category: &str) -> Option<&str> {
    let inner = without_class(category)
        .0
        .strip_prefix('[')?
        .strip_suffix(']')?;
    (!inner.is_empty()).then_some(inner)
}

#[cfg(test)]
mod tests;
