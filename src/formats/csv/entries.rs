//! CSV that holds whole transactions, a row an entry: `txn_id,date,description,account,debit,credit,currency`, or
//! what `journal -O csv` prints. Rows of one transaction stand together and share its id or number.
//!
//! Read into the same store as journals, so that a million of them fit in little memory.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use csv::{ByteRecord, ReaderBuilder};
use rust_decimal::Decimal;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::columns::Role;
use super::dates;
use super::dialect;
use super::encoding;
use super::entries_shape::{SAMPLE_ROWS, Shape, amount_of, shape};
use super::table::Table;

pub use super::entries_shape::is_entries;
use crate::formats::fault::Fault;
use crate::formats::journal::{Notes, ReadJournal, Source};
use crate::ledger::account::{Account, AccountKey, check_path};
use crate::ledger::cell_text::{read_tags_text, unguarded};
use crate::ledger::change::NewAccount;
use crate::ledger::chart::Chart;
use crate::ledger::compact::{CompactBook, CompactEntry, RowDetail, Store};
use crate::ledger::currency::{Currency, CurrencyKey, iso_scale, iso_symbol};
use crate::ledger::day::Day;
use crate::ledger::draft::{ENTRIES_MAX, price_weight};
use crate::ledger::money::{Exact, SCALE_MAX, places_needed, to_minor};
use crate::ledger::price_text::read_price;
use crate::ledger::settings::DateOrder;
use crate::ledger::transaction::{EntryDetail, Price, Status, Tag, Voucher};

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

/// An entry of it, and what its row says beside.
struct Said {
    entry: CompactEntry,
    detail: EntryDetail,
    status: Status,
    tags: Vec<Tag>,
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

/// A row in hand.
struct Row<'r> {
    record: &'r ByteRecord,
    line: u64,
    raw: (usize, usize),
}

impl Row<'_> {
    fn cell(&self, column: usize) -> &str {
        // The text is UTF-8 and cells are cut at ASCII bytes.
        self.record
            .get(column)
            .and_then(|c| std::str::from_utf8(c).ok())
            .map_or("", str::trim)
    }

    /// Somebody's text; of our own rows exactly as it was before it was written.
    fn said(&self, column: Option<usize>, own: bool) -> Option<Cow<'_, str>> {
        let column = column?;
        let text = match own {
            true => unguarded(std::str::from_utf8(self.record.get(column)?).ok()?),
            false => Cow::Borrowed(self.cell(column)),
        };
        Some(text).filter(|text| !text.is_empty())
    }

    fn at(&self, column: Option<usize>) -> Option<&str> {
        column.map(|c| self.cell(c)).filter(|c| !c.is_empty())
    }
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

    fn entry(&mut self, row: &Row<'_>) -> Result<(), Fault> {
        let columns = &self.shape.columns;
        let account_column = columns.get(Role::Account).unwrap_or(0);
        let own = self.shape.own;
        let path = row.said(Some(account_column), own).unwrap_or_default();
        let path = path.trim();
        let account = match self.by_path.get(path) {
            Some(key) => *key,
            None => {
                check_path(path).map_err(|why| {
                    self.fault(
                        row,
                        account_column,
                        "bad-path",
                        format!("account {path:?}: {why}"),
                    )
                })?;
                self.new_account(path)
            }
        };
        let money = columns
            .get(Role::Out)
            .or(columns.get(Role::Amount))
            .unwrap_or(0);
        let Some(amount) = amount_of(self.shape, self.mark, &|column| row.cell(column)) else {
            return Err(self
                .fault(
                    row,
                    money,
                    "unreadable-amount",
                    "cannot read the amount: one of debit and credit, in digits",
                )
                .hint("the decimal mark is . unless --decimal-mark , says otherwise"));
        };
        let code = row
            .said(columns.get(Role::Currency), own)
            .map_or_else(|| self.options.home_currency.to_string(), Cow::into_owned);
        let currency = self.currency(&code);
        let known = self
            .options
            .chart
            .find_currency(&self.currencies[usize::from(currency.0) - 1].code)
            .map(|c| c.scale);
        let scale = known.unwrap_or(
            self.currencies[usize::from(currency.0) - 1]
                .scale
                .max(places_of(amount)),
        );
        let minor = to_minor(amount, scale).map_err(|why| {
            self.fault(
                row,
                money,
                "unreadable-amount",
                format!("{amount} {code}: {why}"),
            )
        })?;
        self.currencies[usize::from(currency.0) - 1].scale = scale;
        let priced = self.priced(row, amount)?;
        let status = row.at(columns.get(Role::State)).and_then(Status::from_word);
        let said = Said {
            entry: CompactEntry::new(account, currency, minor, scale),
            detail: EntryDetail {
                memo: row.said(self.shape.memo, own).map(Cow::into_owned),
                price: priced.map(|(price, _)| price),
                ..EntryDetail::default()
            },
            status: status.unwrap_or_default(),
            tags: match own {
                true => read_tags_text(&row.said(self.shape.tags, own).unwrap_or_default()),
                false => tags(row.at(self.shape.tags)),
            },
        };
        let Some(open) = self.open.as_mut() else {
            return Ok(());
        };
        let (weight, of) = match priced.map(|(price, weight)| (weight, price.currency)) {
            Some((weight, of)) => {
                let place = open.entries.len();
                self.weights.push((open.index, place, weight, of));
                (weight.to_decimal().unwrap_or(amount), of)
            }
            None => (amount, currency),
        };
        match open.sums.iter_mut().find(|(c, _)| *c == of) {
            Some((_, sum)) => *sum += weight,
            None => open.sums.push((of, weight)),
        }
        if open.entries.len() >= ENTRIES_MAX {
            let why = "the transaction has too many entries";
            return Err(self.fault(row, 0, "too-large", why));
        }
        open.entries.push(said);
        Ok(())
    }

    /// What a row was exchanged at, with its exact weight; `None` where its column says none.
    fn priced(&mut self, row: &Row<'_>, amount: Decimal) -> Result<Option<(Price, Exact)>, Fault> {
        let Some((basis, price, code)) = row.at(self.shape.price).and_then(read_price) else {
            return Ok(None);
        };
        let currency = self.currency(code);
        let at = usize::from(currency.0) - 1;
        let known = self.options.chart.find_currency(&self.currencies[at].code);
        let known = known.map(|c| c.scale);
        let weight = price_weight(amount, price, basis).map(Exact::normalized);
        let places = weight.and_then(|w| u8::try_from(w.scale).ok());
        let Some((weight, places)) = weight
            .zip(places)
            .filter(|(_, places)| known.is_none_or(|scale| *places <= scale))
        else {
            let column = self.shape.price.unwrap_or(0);
            let why = format!("the price gives {amount} no exact weight in {code}");
            return Err(self
                .fault(row, column, "unreadable-amount", why)
                .hint(format!(
                    "say the total it was exchanged at: total AMOUNT {code}"
                )));
        };
        self.currencies[at].scale = known.unwrap_or(self.currencies[at].scale.max(places));
        let weight = match price.is_sign_negative() {
            true => Exact {
                mantissa: -weight.mantissa,
                ..weight
            },
            false => weight,
        };
        let price = Price {
            amount: price.abs(),
            currency,
            basis,
        };
        Ok(Some((price, weight)))
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

    fn new_account(&mut self, path: &str) -> AccountKey {
        let key = AccountKey(u32::try_from(self.accounts.len()).unwrap_or(u32::MAX - 1) + 1);
        let new = NewAccount::at(Uuid::nil(), path);
        self.accounts.push(Account {
            key,
            id: new.id,
            path: new.path,
            kind: new.kind,
            account_type: new.account_type,
            code: None,
            currency: None,
            opened_on: None,
            closed_on: None,
            aliases: Vec::new(),
            contact: new.contact,
            note: None,
            version: 1,
        });
        self.by_path.insert(path.to_owned(), key);
        key
    }

    fn currency(&mut self, text: &str) -> CurrencyKey {
        if let Some(key) = self.by_code.get(text) {
            return *key;
        }
        let code: Arc<str> = self
            .options
            .chart
            .resolve_currency(text)
            .map_or_else(|| Arc::from(text), |c| c.code.clone());
        let key = CurrencyKey(u16::try_from(self.currencies.len()).unwrap_or(u16::MAX - 1) + 1);
        self.currencies.push(Currency {
            key,
            scale: iso_scale(&code).unwrap_or(0),
            symbol: iso_symbol(&code).map(Arc::from),
            code,
            name: None,
        });
        self.by_code.insert(text.to_owned(), key);
        key
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

/// The places an amount is written with, that a currency nobody knows gets; no more than a currency can have.
fn places_of(amount: Decimal) -> u8 {
    let written = u8::try_from(amount.scale()).unwrap_or(u8::MAX);
    match written <= SCALE_MAX {
        true => written,
        false => places_needed(amount),
    }
}

/// `name:value, name`
fn tags(text: Option<&str>) -> Vec<Tag> {
    let pieces = text
        .unwrap_or("")
        .split(',')
        .map(str::trim)
        .filter(|p| !p.is_empty());
    pieces
        .map(|piece| {
            let (name, value) = piece.split_once(':').unwrap_or((piece, ""));
            Tag {
                name: name.trim().to_owned(),
                value: value.trim().to_owned(),
            }
        })
        .collect()
}

#[cfg(test)]
#[path = "entries_tests.rs"]
mod tests;
