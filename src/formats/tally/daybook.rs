//! Tally's day book as CSV: title lines, a header, then vouchers of a dated row and undated ones.

use csv::{ReaderBuilder, StringRecord};
use rust_decimal::Decimal;

use super::amount::{date, signed};
use super::model::{Amount, Entry, Tally, Voucher};
use crate::formats::csv::encoding;
use crate::formats::fault::Fault;
use crate::formats::journal::builder::one_line;

/// How many rows may stand before the header.
const HEADER_ROWS_MAX: usize = 30;
/// The largest file.
const ROWS_MAX: usize = 5_000_000;

/// Where the columns are.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Columns {
    date: usize,
    particulars: usize,
    kind: usize,
    number: Option<usize>,
    debit: usize,
    credit: usize,
}

impl Columns {
    fn of(record: &StringRecord) -> Option<Columns> {
        let names: Vec<String> = record
            .iter()
            .map(|cell| cell.trim().trim_end_matches('.').to_lowercase())
            .collect();
        let at = |wanted: &[&str]| {
            names
                .iter()
                .position(|name| wanted.contains(&name.as_str()))
        };
        Some(Columns {
            date: at(&["date"])?,
            particulars: at(&["particulars"])?,
            kind: at(&["vch type", "voucher type"])?,
            number: at(&["vch no", "voucher no", "vch number", "voucher number"]),
            debit: at(&["debit", "debit amount", "debit amount inwards qty"])?,
            credit: at(&["credit", "credit amount", "credit amount outwards qty"])?,
        })
    }
}

/// True if a file is Tally's day book: its header among the first rows.
pub fn is_day_book(head: &[u8]) -> bool {
    let Ok(decoded) = encoding::decode(head, None) else {
        return false;
    };
    rows(&decoded.text)
        .take(HEADER_ROWS_MAX)
        .any(|row| row.is_ok_and(|(record, _)| Columns::of(&record).is_some()))
}

/// Rows with the line each begins on.
fn rows(text: &str) -> impl Iterator<Item = Result<(StringRecord, u64), csv::Error>> + '_ {
    let head = text.get(..text.len().min(4096)).unwrap_or(text);
    let tabs = head.matches('\t').count() > head.matches(',').count();
    ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(if tabs { b'\t' } else { b',' })
        .from_reader(text.as_bytes())
        .into_records()
        .map(|record| {
            record.map(|r| {
                let line = r.position().map_or(0, csv::Position::line);
                (r, line)
            })
        })
}

impl Tally {
    /// Reads one day book.
    pub(in crate::formats) fn day_book(
        &mut self,
        bytes: Vec<u8>,
        source: u16,
    ) -> Result<(), Fault> {
        let decoded = encoding::decode(&bytes, None)?;
        let mut columns: Option<Columns> = None;
        let mut open: Option<Voucher> = None;
        for (nth, row) in rows(&decoded.text).enumerate() {
            let (record, line) = row.map_err(|e| Fault::file("not-text", e.to_string()))?;
            if nth > ROWS_MAX {
                return Err(
                    Fault::file("too-large", format!("more than {ROWS_MAX} rows"))
                        .hint("export a shorter period"),
                );
            }
            let Some(at) = columns else {
                columns = Columns::of(&record);
                if columns.is_none() && nth > HEADER_ROWS_MAX {
                    break;
                }
                continue;
            };
            let row = Row {
                record: &record,
                line,
                at,
            };
            if row.is_total() || record.iter().all(|c| c.trim().is_empty()) {
                continue;
            }
            if !row.cell(at.date).is_empty() && Columns::of(&record).is_none() {
                self.close(open.take())?;
                open = Some(row.voucher(source)?);
            }
            match &mut open {
                Some(voucher) => row.entry(voucher)?,
                None if Columns::of(&record).is_some() => {}
                None => {
                    return Err(row.fault(
                        at.date,
                        "unreadable-date",
                        "the first voucher has no date",
                    ));
                }
            }
        }
        self.close(open.take())?;
        if columns.is_none() {
            return Err(Fault::file(
                "not-a-statement",
                "the file has no header of a day book: Date, Particulars, Vch Type, Vch No., Debit, Credit",
            ));
        }
        Ok(())
    }

    /// A voucher is over: of a condensed day book only one side of each is there.
    fn close(&mut self, voucher: Option<Voucher>) -> Result<(), Fault> {
        let Some(voucher) = voucher else {
            return Ok(());
        };
        if let [entries] = voucher.candidates.as_slice()
            && entries.len() < 2
            && !voucher.cancelled
        {
            return Err(Fault::at("unbalanced", u64::from(voucher.line), 1, format!("the voucher {} {} has one entry only", voucher.kind, voucher.number).trim())
                .hint("the day book was exported condensed: export it with Format: Detailed, and with voucher numbers"));
        }
        self.vouchers.push(voucher);
        Ok(())
    }
}

/// A row in hand.
struct Row<'r> {
    record: &'r StringRecord,
    line: u64,
    at: Columns,
}

impl Row<'_> {
    fn cell(&self, column: usize) -> &str {
        self.record.get(column).map_or("", str::trim)
    }

    fn is_total(&self) -> bool {
        let text = self
            .cell(self.at.particulars)
            .trim_end_matches(':')
            .to_lowercase();
        let total = matches!(
            text.as_str(),
            "total" | "grand total" | "carried over" | "brought forward" | "(as per details)"
        );
        total
            && self.cell(self.at.kind).is_empty()
            && (self.cell(self.at.date).is_empty() || text.contains("total"))
    }

    fn fault(&self, column: usize, code: &'static str, why: impl Into<String>) -> Fault {
        let text: Vec<&str> = self.record.iter().collect();
        let before = text
            .iter()
            .take(column)
            .map(|c| c.chars().count() + 1)
            .sum::<usize>();
        Fault::at(code, self.line, before + 1, why).line_text(&text.join(","))
    }

    fn voucher(&self, source: u16) -> Result<Voucher, Fault> {
        let written = self.cell(self.at.date);
        let Some(day) = date(written) else {
            return Err(self
                .fault(
                    self.at.date,
                    "unreadable-date",
                    format!("cannot read a date in {written:?}"),
                )
                .hint("Tally writes dates like 1-Apr-25"));
        };
        Ok(Voucher {
            date: Some(day),
            date_text: written.to_owned(),
            kind: one_line(self.cell(self.at.kind)),
            number: self
                .at
                .number
                .map_or_else(String::new, |n| one_line(self.cell(n))),
            candidates: vec![Vec::new()],
            line: u32::try_from(self.line).unwrap_or(u32::MAX),
            source,
            ..Voucher::default()
        })
    }

    /// An entry, or the narration that stands below the entries.
    fn entry(&self, voucher: &mut Voucher) -> Result<(), Fault> {
        let name = one_line(self.cell(self.at.particulars));
        let (debit, credit) = (self.money(self.at.debit)?, self.money(self.at.credit)?);
        let amount = match (debit, credit) {
            (None, None) => {
                if name.is_empty()
                    || name.eq_ignore_ascii_case("(cancelled)")
                    || name.eq_ignore_ascii_case("(cancelled )")
                {
                    voucher.cancelled |= !name.is_empty();
                } else if !name.eq_ignore_ascii_case("(as per details)") {
                    let gap = if voucher.narration.is_empty() {
                        ""
                    } else {
                        " "
                    };
                    voucher.narration.push_str(gap);
                    voucher.narration.push_str(&name);
                }
                return Ok(());
            }
            (Some(amount), None) => amount,
            (None, Some(amount)) => -amount,
            (Some(_), Some(_)) => {
                return Err(self.fault(
                    self.at.debit,
                    "unreadable-amount",
                    "one of debit and credit may stand in a row, not both",
                ));
            }
        };
        if name.eq_ignore_ascii_case("(as per details)") {
            return Ok(());
        }
        if name.is_empty() {
            return Err(self.fault(
                self.at.particulars,
                "unreadable-row",
                "the row has an amount and no ledger",
            ));
        }
        if let Some(list) = voucher.candidates.first_mut() {
            list.push(Entry {
                ledger: name,
                amount: Amount {
                    base: amount,
                    foreign: None,
                },
                deemed_debit: None,
                is_party: false,
                is_cleared: false,
                bills: Vec::new(),
                memo: String::new(),
                line: u32::try_from(self.line).unwrap_or(u32::MAX),
            });
        }
        Ok(())
    }

    fn money(&self, column: usize) -> Result<Option<Decimal>, Fault> {
        let text = self.cell(column);
        if text.is_empty() {
            return Ok(None);
        }
        // `5,000.00 Dr` in the column of debits is a debit, though elsewhere the letters alone make it negative.
        let lower = text.to_lowercase();
        let lettered = ["dr", "dr.", "cr", "cr."]
            .iter()
            .any(|w| lower.ends_with(w));
        let turned = lettered && column == self.at.debit;
        match signed(text) {
            Some((number, _)) if !number.is_zero() => {
                Ok(Some(if turned { -number } else { number }))
            }
            Some(_) => Ok(None),
            None => Err(self.fault(
                column,
                "unreadable-amount",
                format!("cannot read the amount {text:?}"),
            )),
        }
    }
}
