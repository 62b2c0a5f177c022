//! CSV that holds whole transactions, a row an entry: `txn_id,date,description,account,debit,credit,currency`, or
//! what `journal -O csv` prints. Rows of one transaction stand together and share its id or number.
//!
//! Read into the same store as journals, so that a million of them fit in little memory.

mod entry;
mod row;
mod shape;

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use csv::{ByteRecord, ReaderBuilder};
use rust_decimal::Decimal;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use self::entry::Said;
use self::row::Row;
use self::shape::{SAMPLE_ROWS, Shape, shape};
use super::columns::Role;
use super::dates;
use super::dialect;
use super::encoding;
use super::table::Table;

pub use self::shape::is_entries;
use crate::formats::fault::Fault;
use crate::formats::journal::remarks::Holds;
use crate::formats::journal::{Notes, ReadJournal, Source};
use crate::ledger::account::{Account, AccountKey};
use crate::ledger::chart::Chart;
use crate::ledger::compact::{CompactBook, RowDetail, Store};
use crate::ledger::currency::{Currency, CurrencyKey};
use crate::ledger::day::Day;
use crate::ledger::draft::TEXT_BYTES_MAX;

use crate::ledger::money::Exact;
use crate::ledger::settings::DateOrder;
use crate::ledger::transaction::{EntryDetail, Status, Voucher};

/// What is said of a file, and what the book knows.
#[derive(Debug, Clone)]
pub struct EntriesOptions<'a> {
    pub date_order: Option<DateOrder>,
    pub decimal_mark: Option<char>,
    /// The currency of rows that name none.
    pub home_currency: Arc<str>,
    /// The book's currencies: their decimal places bind.
    pub chart: &'a Chart,
}

/// Reads the whole file.
///
/// Errors: the first row that cannot be read, the first transaction that does not balance.
pub fn read(name: &str, bytes: &[u8], options: &EntriesOptions<'_>) -> Result<ReadJournal, Fault> {
    let decoded = encoding::decode(bytes, None)?;
    let sample = Table::read_some(
        &decoded.text,
        dialect::detect(&decoded.text, None)?,
        SAMPLE_ROWS,
    )?;
    let shape = shape(&sample).ok_or_else(|| {
        Fault::file(
            "not-a-statement",
            "the file does not hold entries of whole transactions",
        )
    })?;
    drop(sample);
    let mut reader = Reader::new(&decoded.text, &shape, options);
    reader.run()?;
    let mut journal = reader.finish()?;
    journal.book.name = name.to_owned();
    journal.sources = vec![Source {
        name: Arc::from(name),
        bytes: bytes.len() as u64,
        sha256: Some(Sha256::digest(bytes).into()),
    }];
    journal.notes = Notes::default();
    if shape.own {
        journal.holds = Holds::Rows;
    }
    Ok(journal)
}

/// The transaction whose rows are being read.
struct Open {
    key: String,
    index: usize,
    line: u64,
    raw: (usize, usize),
    sums: Vec<(CurrencyKey, Decimal)>,
    entries: Vec<Said>,
    detail: RowDetail,
}

struct Reader<'a> {
    text: &'a str,
    shape: &'a Shape,
    options: &'a EntriesOptions<'a>,
    order: DateOrder,
    mark: char,
    store: Store,
    accounts: Vec<Account>,
    by_path: HashMap<String, AccountKey>,
    currencies: Vec<Currency>,
    by_code: HashMap<String, CurrencyKey>,
    open: Option<Open>,
    /// What priced entries weigh: transaction, place in it, exact weight and its currency.
    weights: Vec<(usize, usize, Exact, CurrencyKey)>,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str, shape: &'a Shape, options: &'a EntriesOptions<'a>) -> Reader<'a> {
        Reader {
            text,
            shape,
            options,
            order: options.date_order.unwrap_or(DateOrder::Ymd),
            mark: options.decimal_mark.unwrap_or('.'),
            store: Store::default(),
            accounts: Vec::new(),
            by_path: HashMap::new(),
            currencies: Vec::new(),
            by_code: HashMap::new(),
            open: None,
            weights: Vec::new(),
        }
    }

    fn run(&mut self) -> Result<(), Fault> {
        let mut csv = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(self.shape.dialect.delimiter)
            .quote(self.shape.dialect.quote.unwrap_or(b'"'))
            .quoting(self.shape.dialect.quote.is_some())
            .from_reader(self.text.as_bytes());
        let mut record = ByteRecord::new();
        let mut left = self.shape.header_rows;
        loop {
            let from = csv.position().byte() as usize;
            let line = csv.position().line();
            match csv.read_byte_record(&mut record) {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => return Err(Fault::file("not-text", error.to_string())),
            }
            if left > 0 {
                left -= 1;
                continue;
            }
            let row = Row {
                record: &record,
                line,
                raw: (from, csv.position().byte() as usize),
            };
            if record.iter().all(|cell| cell.is_empty()) {
                continue;
            }
            self.row(&row)?;
        }
        self.close()
    }

    fn row(&mut self, row: &Row<'_>) -> Result<(), Fault> {
        if row.record.len() > self.shape.width {
            return Err(self.fault(
                row,
                self.shape.width,
                "too-many-cells",
                format!(
                    "the row has {} cells, the header {}",
                    row.record.len(),
                    self.shape.width
                ),
            ));
        }
        let key = row.cell(self.shape.key);
        if key.is_empty() {
            return Err(self.fault(
                row,
                self.shape.key,
                "unreadable-row",
                "the row has no transaction id",
            ));
        }
        if self.open.as_ref().is_none_or(|open| open.key != key) {
            self.close()?;
            self.begin(row, key)?;
        }
        self.entry(row)
    }

    fn begin(&mut self, row: &Row<'_>, key: &str) -> Result<(), Fault> {
        let columns = &self.shape.columns;
        let date_column = columns.get(Role::Date).unwrap_or(0);
        let text = row.cell(date_column);
        let date = dates::scan(text).and_then(|scanned| {
            let open = !matches!(scanned, dates::Scanned::Sure(..));
            // Entries are exchanged with the year first; any other order must be said.
            if open && self.options.date_order.is_none() {
                None
            } else {
                scanned.date(self.order)
            }
        });
        let Some(date) = date else {
            let fault = self.fault(
                row,
                date_column,
                "unreadable-date",
                format!("cannot read a date in {text:?}"),
            );
            return Err(
                fault.hint("write dates like 2024-04-01, or say their order: --date-order dmy")
            );
        };
        let own = self.shape.own;
        let description = row.said(columns.get(Role::Description), own);
        let description = description.unwrap_or_default();
        if description.len() > TEXT_BYTES_MAX {
            let column = columns.get(Role::Description).unwrap_or(0);
            let why = format!("the description is longer than {TEXT_BYTES_MAX} bytes");
            return Err(self.fault(row, column, "too-long", why));
        }
        let own_id = Uuid::try_parse(key).ok();
        let reference = row.said(columns.get(Role::Reference), own);
        // A number of the file's own serves as the reference where it has no other.
        let by_key = own_id.is_none()
            && self
                .shape
                .columns
                .names
                .get(self.shape.key)
                .is_some_and(|n| n != "number");
        let key_said = by_key.then_some(Cow::Borrowed(key));
        let reference = reference.or(key_said).unwrap_or_default();
        let line = u32::try_from(row.line).unwrap_or(u32::MAX);
        let pushed = self.store.push(
            Day::of(date),
            &description,
            &reference,
            Status::Unmarked,
            0,
            line,
        );
        let index =
            pushed.map_err(|_| self.fault(row, 0, "too-large", "the file holds more than fits"))?;
        let detail = RowDetail {
            id: own_id,
            voucher: row.at(self.shape.voucher).and_then(Voucher::from_word),
            payee: row.said(columns.get(Role::Payee), own).map(Cow::into_owned),
            ..RowDetail::default()
        };
        self.open = Some(Open {
            key: key.to_owned(),
            index,
            line: row.line,
            raw: row.raw,
            sums: Vec::new(),
            entries: Vec::new(),
            detail,
        });
        Ok(())
    }

    /// The transaction in hand is whole: it must balance.
    fn close(&mut self) -> Result<(), Fault> {
        let Some(open) = self.open.take() else {
            return Ok(());
        };
        let off = open.sums.iter().find(|(_, sum)| !sum.is_zero());
        let why = match off {
            Some((currency, sum)) => {
                let side = if sum.is_sign_negative() {
                    "credits exceed debits"
                } else {
                    "debits exceed credits"
                };
                format!(
                    "transaction {}: {side} by {} {}",
                    open.key,
                    sum.abs(),
                    self.currencies[usize::from(currency.0) - 1].code
                )
            }
            None if open.entries.len() < 2 => format!("transaction {} has one entry", open.key),
            None => return self.keep(open),
        };
        let fault = Fault::at("unbalanced", open.line, 1, why)
            .line_text(self.text[open.raw.0..open.raw.1].trim_start());
        Err(fault.hint("rows of one transaction stand together and share its id"))
    }

    /// A row says the status and tags of its entry with those of the transaction before them: what all rows say is the
    /// transaction's. Of files that are not our own the first row speaks.
    fn keep(&mut self, mut open: Open) -> Result<(), Fault> {
        let first = &open.entries[0];
        let status = first.status;
        let mut shared = first.tags.len();
        let mut one_status = true;
        for other in open.entries.iter().filter(|_| self.shape.own) {
            let same = other
                .tags
                .iter()
                .zip(&first.tags)
                .take_while(|(a, b)| a == b);
            shared = shared.min(same.count());
            one_status &= other.status == status;
        }
        open.detail.tags = first.tags[..shared].to_vec();
        let full = |_| {
            let why = "the file holds more than fits";
            Fault::at("too-large", open.line, 1, why)
        };
        if open.detail != RowDetail::default() {
            self.store
                .set_detail(open.index, open.detail)
                .map_err(full)?;
        }
        if one_status {
            self.store.set_status(open.index, status);
        }
        for mut said in open.entries {
            if self.shape.own {
                said.detail.tags = said.tags.split_off(shared);
            }
            if !one_status {
                said.entry.status = said.status;
            }
            let detail = (said.detail != EntryDetail::default()).then_some(said.detail);
            self.store
                .push_entry(open.index, said.entry, detail)
                .map_err(full)?;
        }
        Ok(())
    }

    fn fault(
        &self,
        row: &Row<'_>,
        column: usize,
        code: &'static str,
        why: impl Into<String>,
    ) -> Fault {
        let raw = self.text[row.raw.0..row.raw.1].trim_start_matches(['\r', '\n']);
        let mut fault = match Table::read_some(raw, self.shape.dialect, 1) {
            Ok(table) if !table.is_empty() => table.fault(0, column, code, why),
            _ => Fault::at(code, 1, 1, why).line_text(raw),
        };
        fault.line = fault.line.map(|line| line + row.line - 1);
        fault
    }

    fn finish(mut self) -> Result<ReadJournal, Fault> {
        let keys: Vec<(CurrencyKey, u8)> =
            self.currencies.iter().map(|c| (c.key, c.scale)).collect();
        self.store.rescale(&keys).map_err(|index| {
            let line = self.store.row(index).line;
            Fault::at(
                "unreadable-amount",
                line.into(),
                1,
                "an amount is larger than hissab can hold",
            )
        })?;
        for (index, place, weight, of) in &self.weights {
            let scale = self.currencies[usize::from(of.0) - 1].scale;
            let minor = weight.at(scale.into()).and_then(|w| i64::try_from(w).ok());
            let minor = minor.ok_or_else(|| {
                let line = self.store.row(*index).line;
                let why = "a price gives a weight larger than hissab can hold";
                Fault::at("unreadable-amount", line.into(), 1, why)
            })?;
            self.store.set_weight(*index, *place, (minor, *of));
        }
        Ok(ReadJournal {
            book: CompactBook {
                chart: Chart::new(self.accounts, self.currencies),
                store: self.store,
                ..CompactBook::default()
            },
            ..ReadJournal::default()
        })
    }
}

#[cfg(test)]
#[path = "entries_tests.rs"]
mod tests;
