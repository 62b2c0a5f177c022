//! Whole transactions of other tools' books: stored, scaled, balanced and proved as a journal's are.
//!
//! A reader of another tool settles what only that tool knows (which lot was sold, what a pad adds) and
//! hands over complete transactions. Everything behind that is the journal reader's.

use std::io::Read;
use std::sync::Arc;

use jiff::civil::Date;
use rust_decimal::Decimal;

use crate::ledger::account::{AccountKey, AccountType, Kind, check_path};
use crate::ledger::change::{Assertion, PriceChange};
use crate::ledger::currency::{CurrencyKey, iso_scale};
use crate::ledger::day::Day;
use crate::ledger::money::SCALE_MAX;
use crate::ledger::transaction::{PriceBasis, Status, Tag};

use super::amount::Number;
use super::error::{ERRORS_MAX, Fault, JournalError};
use super::names::JournalAccount;
use super::open::{Extra, Posting, Sort, WrittenPrice};
use super::reader::{Block, Reader};
use super::settle::id_of;
use super::{Input, Notes, ReadJournal, ReadOptions, Source};

/// How far into a file a line is looked for.
const QUOTED_BYTES_MAX: u64 = 64 << 20;

/// A transaction with every amount known.
#[derive(Debug, Clone)]
pub(in crate::formats) struct Whole {
    pub source: u16,
    /// From 1.
    pub line: u32,
    pub date: Date,
    pub status: Status,
    pub description: String,
    pub reference: String,
    /// `id`, `voucher`, `due` and `payee` become fields, as in journals.
    pub tags: Vec<Tag>,
    /// Free text; empty: none.
    pub comment: String,
    pub entries: Vec<WholeEntry>,
}

/// One entry of it.
#[derive(Debug, Clone)]
pub(in crate::formats) struct WholeEntry {
    pub account: AccountKey,
    /// Debit positive; at most [`SCALE_MAX`] places.
    pub amount: Decimal,
    pub currency: CurrencyKey,
    /// What one unit, or all of them, weigh.
    pub price: Option<(Decimal, CurrencyKey, PriceBasis)>,
    pub status: Status,
    pub memo: String,
    pub tags: Vec<Tag>,
    pub line: u32,
}

impl WholeEntry {
    pub fn new(account: AccountKey, amount: Decimal, currency: CurrencyKey) -> WholeEntry {
        WholeEntry {
            account,
            amount,
            currency,
            price: None,
            status: Status::Unmarked,
            memo: String::new(),
            tags: Vec::new(),
            line: 0,
        }
    }
}

/// A name and its value, without characters that a book refuses.
pub(in crate::formats) fn tag(name: &str, value: &str) -> Tag {
    Tag {
        name: one_line(name),
        value: printable(value),
    }
}

/// Control characters but line ends become spaces.
pub(in crate::formats) fn printable(text: &str) -> String {
    let text = text.trim();
    let hidden = |c: char| c.is_control() && c != '\n';
    match text.contains(hidden) {
        true => text.replace(hidden, " "),
        false => text.to_owned(),
    }
}

/// Control characters and line ends become spaces.
pub(in crate::formats) fn one_line(text: &str) -> String {
    let text = printable(text);
    match text.contains('\n') {
        true => text.replace('\n', " "),
        false => text,
    }
}

/// Builds a [`ReadJournal`] of journals and other tools' books alike.
pub(in crate::formats) struct Builder<'o> {
    reader: Reader<'o>,
}

impl<'o> Builder<'o> {
    pub fn new(options: &'o ReadOptions) -> Builder<'o> {
        Builder {
            reader: Reader::new(options),
        }
    }

    pub fn options(&self) -> &'o ReadOptions {
        self.reader.options
    }

    /// A journal of hledger or Ledger.
    pub fn journal(&mut self, input: Input) {
        self.reader.input(input);
    }

    /// A file that is being read; its place. `None` when there are 65,535 already.
    pub fn source(&mut self, name: &str) -> Option<u16> {
        let place = u16::try_from(self.reader.sources.len()).ok()?;
        self.reader.sources.push(Source {
            name: Arc::from(name),
            bytes: 0,
            sha256: None,
        });
        Some(place)
    }

    /// The file is read to its end.
    pub fn source_read(&mut self, source: u16, bytes: u64, sha256: Option<[u8; 32]>) {
        let source = &mut self.reader.sources[usize::from(source)];
        (source.bytes, source.sha256) = (bytes, sha256);
    }

    pub fn account(&mut self, path: &str) -> AccountKey {
        self.reader.names.account(path)
    }

    pub fn path(&self, account: AccountKey) -> &str {
        &self.reader.names.accounts[account.0 as usize - 1].path
    }

    pub fn accounts(&self) -> &[JournalAccount] {
        &self.reader.names.accounts
    }

    pub fn account_mut(&mut self, account: AccountKey) -> &mut JournalAccount {
        self.reader.names.account_mut(account)
    }

    /// An account's true path, where the file could not use it as a name.
    pub fn rename(&mut self, account: AccountKey, path: &str) -> bool {
        check_path(path).is_ok() && self.reader.names.rename(account, path)
    }

    /// A commodity's true code, where the file could not use it.
    pub fn rename_currency(&mut self, currency: CurrencyKey, code: &str) -> bool {
        self.reader
            .names
            .rename_commodity(currency, &one_line(code))
    }

    /// Says an account's kind, and its type where that is known; for all below it too.
    pub fn declare(&mut self, account: AccountKey, kind: Kind, of_type: Option<AccountType>) {
        self.reader.names.account_mut(account).declared = Some((kind, of_type));
    }

    /// `None` when there are 65,535 already.
    pub fn currency(&mut self, code: &str) -> Option<CurrencyKey> {
        self.reader.names.commodity(code)
    }

    pub fn code(&self, currency: CurrencyKey) -> &Arc<str> {
        &self.reader.names.get(currency).code
    }

    pub fn name_currency(&mut self, currency: CurrencyKey, name: &str) {
        self.reader.names.get_mut(currency).name = Some(one_line(name));
    }

    /// The book's base currency, if no journal said another.
    pub fn base(&mut self, currency: CurrencyKey) {
        self.reader.base.get_or_insert(currency);
    }

    /// The currency has at least so many places.
    pub fn at_least(&mut self, currency: CurrencyKey, places: u8) {
        let commodity = self.reader.names.get_mut(currency);
        commodity.places = commodity.places.max(places.min(SCALE_MAX));
        // It is settled even where only prices name it.
        commodity.mark_declared = true;
    }

    /// The places it will have, once every amount was said with [`Builder::at_least`].
    pub fn places(&self, currency: CurrencyKey) -> u8 {
        let commodity = self.reader.names.get(currency);
        let options = self.reader.options;
        let iso = || {
            options
                .iso_scales
                .then(|| iso_scale(&commodity.code))
                .flatten()
        };
        let known = options.scales.get(&*commodity.code).copied();
        commodity.places.max(known.or_else(iso).unwrap_or(0))
    }

    /// Stores a transaction; what is wrong with it becomes an error at its line.
    pub fn transaction(&mut self, whole: Whole) {
        let reader = &mut self.reader;
        reader.stand_in(whole.source);
        let open = &mut reader.open;
        open.day = Day::of(whole.date);
        open.status = whole.status;
        open.line = whole.line;
        open.broken = false;
        open.header = one_line(&whole.description);
        open.description = 0..open.header.len();
        open.header.push_str(&one_line(&whole.reference));
        open.reference = open.description.end..open.header.len();
        open.comment = printable(&whole.comment);
        open.tags = whole.tags;
        open.postings.clear();
        for entry in whole.entries {
            let commodity = reader.names.get_mut(entry.currency);
            commodity.uses += 1;
            commodity.places = commodity
                .places
                .max(u8::try_from(entry.amount.scale()).unwrap_or(u8::MAX));
            open.postings.push(posting(entry));
        }
        reader.block = Block::Transaction;
        reader.end_transaction();
    }

    /// A rate of the market.
    pub fn price(
        &mut self,
        on: Date,
        commodity: CurrencyKey,
        currency: CurrencyKey,
        rate: Decimal,
    ) {
        let code = |key| self.reader.names.get(key).code.clone();
        self.reader.prices.push(PriceChange {
            on,
            commodity: code(commodity),
            currency: code(currency),
            rate: Some(rate),
        });
    }

    /// A balance that was tested and holds at the end of the day.
    pub fn assertion(
        &mut self,
        on: Date,
        account: AccountKey,
        (amount, currency): (Decimal, CurrencyKey),
        subaccounts: bool,
        line: u32,
    ) {
        let path = self.reader.names.accounts[account.0 as usize - 1]
            .path
            .clone();
        let code = self.reader.names.get(currency).code.clone();
        self.reader.kept.push(Assertion {
            id: id_of("assertion", &format!("{on} {path} {code} {line}")),
            on,
            account: path,
            currency: code,
            amount,
            subaccounts,
            source: "journal".to_owned(),
            withdrawn: false,
        });
    }

    pub fn notes(&mut self) -> &mut Notes {
        &mut self.reader.notes
    }

    /// Counts something that was read and means nothing here.
    pub fn ignored(&mut self, word: &str) {
        self.reader.ignored(word);
    }

    pub fn fail(&mut self, error: JournalError) {
        self.reader.errors.push(error);
    }

    /// An error at a line of a source.
    pub fn fail_at(&mut self, source: u16, line: u32, text: &str, fault: Fault) {
        self.reader
            .errors
            .push(self.error(source, line, text, fault));
    }

    pub fn error(&self, source: u16, line: u32, text: &str, fault: Fault) -> JournalError {
        JournalError {
            file: self.reader.sources[usize::from(source)].name.clone(),
            line: u64::from(line),
            column: 0,
            text: super::error::shown(text.lines().next().unwrap_or("")),
            fault,
        }
    }

    pub fn has_failed(&self) -> bool {
        !self.reader.errors.is_empty()
    }

    /// True when no further error would be listed.
    pub fn is_full(&self) -> bool {
        self.reader.errors.len() >= ERRORS_MAX
    }

    /// The book; or all that is wrong.
    pub fn finish(self) -> Result<ReadJournal, Vec<JournalError>> {
        self.reader.finish().map_err(|mut errors| {
            errors.iter_mut().for_each(quote);
            errors
        })
    }
}

/// Reads the line that an error found later is about, if its file is still there.
fn quote(error: &mut JournalError) {
    use std::io::BufRead;
    if !error.text.is_empty() || error.line == 0 {
        return;
    }
    let Ok(file) = std::fs::File::open(&*error.file) else {
        return;
    };
    let place = usize::try_from(error.line - 1).unwrap_or(usize::MAX);
    let mut lines = std::io::BufReader::new(file.take(QUOTED_BYTES_MAX)).lines();
    if let Some(Ok(line)) = lines.nth(place) {
        error.text = super::error::shown(&line);
    }
}

fn posting(entry: WholeEntry) -> Posting {
    let price = entry.price.map(|(number, currency, basis)| WrittenPrice {
        number: number_of(number),
        currency,
        basis,
    });
    let plain = price.is_none() && entry.memo.is_empty() && entry.tags.is_empty();
    Posting {
        account: entry.account,
        amount: Some((number_of(entry.amount), entry.currency)),
        bare_zero: false,
        status: entry.status,
        sort: Sort::Real,
        line: entry.line,
        extra: (!plain).then(|| {
            Box::new(Extra {
                price,
                memo: printable(&entry.memo),
                tags: entry.tags,
                ..Extra::default()
            })
        }),
    }
}

fn number_of(amount: Decimal) -> Number {
    Number {
        mantissa: amount.mantissa(),
        places: u8::try_from(amount.scale()).unwrap_or(u8::MAX),
    }
}
