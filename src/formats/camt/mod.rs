//! CAMT.053, the statement of ISO 20022, versions 2 to 13; and the booked entries of CAMT.052, which some banks
//! give instead. A CAMT.054 tells single entries again and is named, not read.

mod entry;
mod tag;
mod walk;

use std::borrow::Cow;
use std::sync::Arc;

use rust_decimal::Decimal;

use super::fault::Fault;
use super::gather::{Balance, Gathered, Sheet};
use super::statement::Note;
use entry::{Detail, Entry, Money, Wrong};
use tag::Tag;
use walk::{Step, Walk};

/// True of XML that begins like a bank-to-customer message.
pub fn is_camt(start: &str) -> bool {
    start.starts_with('<')
        && [
            "BkToCstmrStmt",
            "BkToCstmrAcctRpt",
            "BkToCstmrDbtCdtNtfctn",
            ":camt.05",
        ]
        .iter()
        .any(|sign| start.contains(sign))
}

/// The encoding an XML declaration names, for bytes that are not UTF-8.
pub fn label(bytes: &[u8]) -> Option<String> {
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(200)]).into_owned();
    let behind = head
        .split_once("encoding")?
        .1
        .trim_start()
        .strip_prefix('=')?;
    let quoted = behind.trim_start().strip_prefix(['"', '\''])?;
    let label = quoted.split(['"', '\'']).next()?;
    (!label.eq_ignore_ascii_case("utf-8")).then(|| label.to_owned())
}

/// Reads every statement of a file.
///
/// Errors: what is no sound XML; a notification (CAMT.054); an entry that cannot be read.
pub fn read(text: &str) -> Result<Gathered, Fault> {
    let mut reader = Reader {
        text,
        walk: Walk::of(text),
        gathered: Gathered {
            layout: "camt",
            details: version(text).into_iter().collect(),
            ..Gathered::default()
        },
        report: false,
        base: 0,
        sheet: None,
        entry: None,
        left_out: 0,
        parts: Vec::new(),
    };
    while let Some(step) = reader.walk.step()? {
        match step {
            Step::Open(tag) => reader.open(tag)?,
            Step::Close(tag, leaf, currency) => reader.close(tag, leaf, currency)?,
        }
    }
    Ok(reader.finish())
}

/// `053.001.08`.
fn version(text: &str) -> Option<String> {
    let head: String = text.chars().take(4_000).collect();
    let at = head.find(":camt.05")? + 6;
    head.get(at..at + 10).map(str::to_owned)
}

struct Reader<'t> {
    text: &'t str,
    walk: Walk<'t>,
    gathered: Gathered,
    /// A CAMT.052, which need not hold every entry between its balances.
    report: bool,
    /// How many elements are open around what is in a statement.
    base: usize,
    sheet: Option<Open<'t>>,
    entry: Option<Entry<'t>>,
    left_out: usize,
    /// Statements of which the file holds a part: their balances need not follow from its rows.
    parts: Vec<usize>,
}

/// A statement being read.
#[derive(Default)]
struct Open<'t> {
    sheet: Sheet,
    own_currency: Option<Arc<str>>,
    balances: Vec<Printed<'t>>,
    page: Option<u32>,
    last_page: bool,
    /// What rows of reversals come to.
    reversed: Vec<usize>,
}

/// A balance as it stands.
#[derive(Default)]
struct Printed<'t> {
    kind: Cow<'t, str>,
    amount: Option<Money<'t>>,
    side: Cow<'t, str>,
    day: Cow<'t, str>,
    line: u64,
}

impl<'t> Reader<'t> {
    fn open(&mut self, tag: Tag) -> Result<(), Fault> {
        let depth = self.walk.path().len();
        match tag {
            Tag::BkToCstmrDbtCdtNtfctn => {
                let why = "the file is a notification of single entries (CAMT.054), no statement";
                return Err(self.walk.fault("not-a-statement", why).hint(
                    "its entries come again in the statement: export CAMT.053, or CAMT.052, and import that",
                ));
            }
            Tag::BkToCstmrAcctRpt => self.report = true,
            Tag::Stmt | Tag::Rpt if self.sheet.is_none() => {
                self.base = depth;
                let line = self.walk.line();
                self.sheet = Some(Open {
                    sheet: Sheet {
                        line,
                        ..Sheet::default()
                    },
                    ..Open::default()
                });
            }
            Tag::Ntry if depth == self.base + 1 && self.sheet.is_some() => {
                self.entry = Some(Entry::at(self.walk.line(), self.walk.from));
            }
            Tag::TxDtls => {
                if let Some(entry) = &mut self.entry {
                    let detail = Detail::at(self.walk.line(), self.walk.from);
                    entry.details.push(detail);
                }
            }
            Tag::Bal if depth == self.base + 1 => {
                let line = self.walk.line();
                if let Some(open) = &mut self.sheet {
                    open.balances.push(Printed {
                        line,
                        ..Printed::default()
                    });
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn close(
        &mut self,
        tag: Tag,
        leaf: Cow<'t, str>,
        currency: Option<&'t str>,
    ) -> Result<(), Fault> {
        let depth = self.walk.path().len();
        if let Some(entry) = &mut self.entry {
            if tag == Tag::Ntry && depth == self.base {
                return self.finish_entry();
            }
            if tag == Tag::TxDtls
                && let Some(detail) = entry.details.last_mut()
            {
                detail.until = self.walk.until;
                return Ok(());
            }
            if tag != Tag::Other && (!leaf.is_empty()) {
                let path = self.walk.path().get(self.base + 1..).unwrap_or(&[]);
                let mut below = [Tag::Other; 16];
                if path.len() < below.len() {
                    below[..path.len()].copy_from_slice(path);
                    below[path.len()] = tag;
                    entry.leaf(&below[..=path.len()], leaf, currency);
                }
            }
            return Ok(());
        }
        if matches!(tag, Tag::Stmt | Tag::Rpt) && depth + 1 == self.base {
            self.finish_sheet()?;
            return Ok(());
        }
        let path = self.walk.path().get(self.base..).unwrap_or(&[]);
        if let Some(open) = &mut self.sheet {
            open.leaf(path, tag, leaf, currency);
        }
        Ok(())
    }

    fn finish_entry(&mut self) -> Result<(), Fault> {
        let (Some(entry), Some(open)) = (self.entry.take(), &mut self.sheet) else {
            return Ok(());
        };
        if !entry.is_booked() {
            self.left_out += 1;
            return Ok(());
        }
        let currency = open.currency();
        let (rows, together) = entry
            .rows(self.text, self.walk.until, &currency)
            .map_err(|wrong| refused(&entry, wrong, self.text))?;
        if together {
            open.sheet.notes.push(Note {
                line: Some(entry.line),
                text: format!(
                    "the {} details do not make the entry's amount: taken as one row",
                    entry.details.len()
                ),
            });
        }
        for row in rows {
            if entry.reversal {
                open.reversed.push(open.sheet.rows.len());
            }
            open.sheet.rows.push(row);
        }
        Ok(())
    }

    fn finish_sheet(&mut self) -> Result<(), Fault> {
        let Some(mut open) = self.sheet.take() else {
            return Ok(());
        };
        open.settle()?;
        if self.joins_page(&mut open) {
            return Ok(());
        }
        let part = open.page.is_some_and(|page| page > 1 || !open.last_page);
        if part || self.report {
            self.parts.push(self.gathered.sheets.len());
        }
        self.gathered.sheets.push(open.sheet);
        Ok(())
    }

    /// A further page of the statement before it.
    fn joins_page(&mut self, open: &mut Open<'t>) -> bool {
        let Some(before) = self.gathered.sheets.last_mut() else {
            return false;
        };
        let next = open.page.is_some_and(|page| page > 1)
            && before.name == open.sheet.name
            && before.number == open.sheet.number;
        if !next {
            return false;
        }
        before.rows.append(&mut open.sheet.rows);
        before.notes.append(&mut open.sheet.notes);
        before.closing = open.sheet.closing;
        let place = self.gathered.sheets.len() - 1;
        if open.last_page && !self.report {
            self.parts.retain(|part| *part != place);
        }
        true
    }

    fn finish(mut self) -> Gathered {
        for part in &self.parts {
            forget_balances(&mut self.gathered.sheets[*part]);
        }
        if self.left_out > 0 {
            let text = format!(
                "{} entries left out: pending or only told, not booked",
                self.left_out
            );
            self.gathered.notes.push(Note { line: None, text });
        }
        if self.report {
            self.gathered.notes.push(Note {
                line: None,
                text: "an account report (CAMT.052), not a statement: its booked entries are taken"
                    .to_owned(),
            });
        }
        self.gathered
    }
}

fn refused(entry: &Entry<'_>, wrong: Wrong, text: &str) -> Fault {
    let (fault, value) = match wrong {
        Wrong::Amount(amount) => (
            Fault::file(
                "unreadable-amount",
                format!("{amount:?} is not an amount of the entry"),
            )
            .hint("amounts are digits with a decimal point"),
            amount,
        ),
        Wrong::Side(side) => (
            Fault::file(
                "unreadable-amount",
                format!("{side:?} is not a side of the entry: CRDT or DBIT"),
            ),
            side,
        ),
        Wrong::Date(day) => (
            Fault::file(
                "unreadable-date",
                format!("{day:?} is no day of the calendar"),
            )
            .hint("correct the date, or export the statement again"),
            day,
        ),
    };
    // The value's own line, where it stands in the entry.
    let raw = text.get(entry.from..).unwrap_or("");
    let at = raw.find(&value).filter(|_| !value.is_empty()).unwrap_or(0);
    let line = entry.line + memchr::memchr_iter(b'\n', &raw.as_bytes()[..at]).count() as u64;
    Fault {
        line: Some(line),
        ..fault
    }
    .line_text(super::plain::line_text(text, line).trim())
}

/// What the rows make beyond the closing balance.
fn off_by(sheet: &Sheet) -> Option<Decimal> {
    let (opening, closing) = (sheet.opening?, sheet.closing?);
    let mut sum = opening.amount;
    for row in &sheet.rows {
        sum = sum.checked_add(row.amount)?;
    }
    sum.checked_sub(closing.amount)
}

/// Balances that do not follow from a part of a statement say nothing.
fn forget_balances(sheet: &mut Sheet) {
    if off_by(sheet).is_none_or(|off| !off.is_zero()) {
        sheet.opening = None;
        sheet.closing = None;
    }
}

impl<'t> Open<'t> {
    fn leaf(&mut self, path: &[Tag], tag: Tag, leaf: Cow<'t, str>, currency: Option<&'t str>) {
        let text = leaf.trim();
        if text.is_empty() {
            return;
        }
        match (path, tag) {
            ([], Tag::Id) => self.sheet.name = text.to_owned(),
            ([Tag::StmtPgntn], Tag::PgNb) => self.page = text.parse().ok(),
            ([Tag::StmtPgntn], Tag::LastPgInd) => self.last_page = matches!(text, "true" | "1"),
            ([Tag::Acct, Tag::Id], Tag::Iban) | ([Tag::Acct, Tag::Id, Tag::Othr], Tag::Id) => {
                self.sheet.number = Some(Arc::from(text));
            }
            ([Tag::Acct], Tag::Ccy) => self.own_currency = Some(Arc::from(text)),
            ([Tag::Bal, below @ ..], _) => {
                let Some(balance) = self.balances.last_mut() else {
                    return;
                };
                match (below, tag) {
                    ([Tag::Tp, Tag::CdOrPrtry], Tag::Cd | Tag::Prtry) => balance.kind = leaf,
                    ([], Tag::Amt) => balance.amount = Some((leaf, currency)),
                    ([], Tag::CdtDbtInd) => balance.side = leaf,
                    ([Tag::Dt], Tag::Dt | Tag::DtTm) => balance.day = leaf,
                    _ => {}
                }
            }
            _ => {}
        }
    }

    /// The account's currency: as said, else of its booked balances.
    fn currency(&mut self) -> Option<Arc<str>> {
        if self.own_currency.is_none() {
            let of = |b: &Printed<'t>| b.amount.as_ref().and_then(|a| a.1);
            let booked =
                |b: &&Printed<'t>| ["OPBD", "PRCD", "CLBD", "ITBD"].contains(&b.kind.trim());
            let code = self.balances.iter().filter(booked).find_map(of);
            self.own_currency = code.map(Arc::from);
        }
        self.own_currency.clone()
    }

    /// Chooses the opening and closing balance, and turns reversals where only that makes them follow.
    ///
    /// Errors: an amount in another currency than the account's, which the balances count as the account's.
    fn settle(&mut self) -> Result<(), Fault> {
        self.sheet.currency = self
            .currency()
            .or_else(|| self.sheet.rows.first().and_then(|r| r.currency.clone()));
        self.sheet.opening = self.balance(&["OPBD", "PRCD", "ITBD"], false);
        self.sheet.closing = self.balance(&["CLBD", "ITBD"], true);
        let currency = self.sheet.currency.clone();
        let other = |r: &super::statement::StatementRow| r.currency != currency;
        if let Some(row) = self.sheet.rows.iter().find(|r| other(r)) {
            let (line, code) = (row.line, row.currency.as_deref().unwrap_or(""));
            let own = currency.as_deref().unwrap_or("the account's currency");
            if off_by(&self.sheet).is_some_and(|off| off.is_zero()) {
                let why = format!("the entry is in {code}, and its balances count it as {own}");
                return Err(Fault::at("does-not-add-up", line, 1, why).hint(
                    "the amount of an entry is in the account's currency: ask the bank which is meant",
                ));
            }
            let text = format!("an entry in {code} of an account in {own}: balances not checked");
            let line = Some(line);
            self.sheet.notes.push(Note { line, text });
            (self.sheet.opening, self.sheet.closing) = (None, None);
        }
        let turned: Decimal = self
            .reversed
            .iter()
            .map(|row| self.sheet.rows[*row].amount)
            .sum();
        if let (Some(off), false) = (off_by(&self.sheet), turned.is_zero())
            && turned.checked_mul(Decimal::TWO) == Some(off)
        {
            for row in &self.reversed {
                let row = &mut self.sheet.rows[*row];
                row.amount = -row.amount;
            }
            let text = "reversals count the other way: only so do the balances follow";
            self.sheet.notes.push(Note {
                line: None,
                text: text.to_owned(),
            });
        }
        Ok(())
    }

    fn balance(&mut self, kinds: &[&str], last: bool) -> Option<Balance> {
        let own = self.sheet.currency.clone();
        for kind in kinds {
            let mut found = self.balances.iter().filter(|b| b.kind.trim() == *kind);
            let printed = if last {
                found.next_back()
            } else {
                found.next()
            };
            let Some(printed) = printed else { continue };
            let (text, currency) = printed.amount.as_ref()?;
            if let (Some(code), Some(own)) = (currency, &own)
                && **own != **code
            {
                self.sheet.notes.push(Note {
                    line: Some(printed.line),
                    text: format!("a balance in {code} of an account in {own}: not checked"),
                });
                return None;
            }
            let amount = entry::decimal(text).ok()?;
            return Some(Balance {
                amount: entry::signed(amount, &printed.side).ok()?,
                on: printed.day.trim().get(..10).and_then(|d| d.parse().ok()),
                line: printed.line,
            });
        }
        None
    }
}

#[cfg(test)]
mod tests;
