//! What the rules of writing need of a database: what its writer knows, look-ups, and rows to be written.
//!
//! A method writes or reads what it says and decides nothing: whether a change may be made, and what the log says
//! of it, is decided beside this file, once for every database.

use jiff::civil::Date;
use uuid::Uuid;

use crate::book::stored::trail::Trail;
use crate::book::{AuditEntry, AuditQuery, LoggedChange, Result};
use crate::ledger::account::{Account, AccountKey};
use crate::ledger::audit::Canon;
use crate::ledger::change::{Assertion, ImportBatch, PriceChange, SourceRow, Target};
use crate::ledger::chart::Chart;
use crate::ledger::currency::Currency;
use crate::ledger::settings::Settings;
use crate::ledger::totals::Totals;
use crate::ledger::transaction::{Transaction, TransactionId};

/// A writer inside its database transaction.
pub trait Rows: Sized {
    fn chart(&self) -> &Chart;
    /// Takes an account as it is now stored into the chart.
    fn know_account(&mut self, account: Account);
    /// Takes a currency as it is now stored into the chart.
    fn know_currency(&mut self, currency: Currency);
    fn settings(&self) -> &Settings;
    fn next_number(&self) -> u64;
    /// Where the history stands before the unit at hand.
    fn last_sequence(&self) -> u64;
    /// What the unit at hand has done.
    fn trail(&mut self) -> &mut Trail;
    /// The same with every posting so far in its digest, and the chart that contents are spelt with.
    fn closed_trail(&mut self) -> (&mut Trail, &Chart);

    /// Adds a change to the log; `put` writes its content as it is afterwards.
    fn log(&mut self, change: LoggedChange, put: impl FnOnce(&mut Canon, &Chart)) {
        let (trail, chart) = self.closed_trail();
        trail.log(change, |canon| put(canon, chart));
    }

    /// Makes what the unit has posted so far findable, where it waits.
    fn settle(&mut self) -> Result<()>;
    /// Brings the stored totals up to what the unit has done so far.
    fn settle_totals(&mut self) -> Result<()>;

    /// Whether a transaction of this id may be there already; if so, it can be found.
    fn may_be_there(&mut self, id: TransactionId) -> Result<bool>;
    fn find(&self, target: Target) -> Result<Option<Transaction>>;
    fn audit(&self, query: &AuditQuery) -> Result<Vec<AuditEntry>>;
    /// Writes a new transaction under the next number, with its totals and words, and adds it to the trail.
    fn post(&mut self, transaction: Transaction) -> Result<()>;
    /// Writes a new version in place of the old one. Only live transactions have entries and count in the totals.
    fn restate(&mut self, before: &Transaction, after: &Transaction) -> Result<()>;

    fn insert_account(&mut self, account: &Account) -> Result<()>;
    fn update_account(&mut self, account: &Account) -> Result<()>;
    /// The first day with an entry.
    fn first_day(&self, account: AccountKey) -> Result<Option<Date>>;
    /// Codes of the currencies that have totals.
    fn currencies_used(&self, account: AccountKey) -> Result<Vec<String>>;
    fn has_entries(&self, account: AccountKey) -> Result<bool>;

    fn insert_currency(&mut self, currency: &Currency) -> Result<()>;
    fn update_currency(&mut self, currency: &Currency) -> Result<()>;
    /// The largest amount stored in a currency, totals and weights included, in minor units.
    fn largest(&self, currency: &Currency) -> Result<i64>;
    /// Multiplies what is stored in a currency.
    fn multiply(&mut self, currency: &Currency, factor: i64) -> Result<()>;

    /// The price of the same commodity, currency and day.
    fn price_like(&self, price: &PriceChange) -> Result<Option<PriceChange>>;
    /// Writes a price; `known`: one like it is there.
    fn put_price(&mut self, price: &PriceChange, known: bool) -> Result<()>;

    /// `None`: never set; `Some(None)`: set once, without a value now.
    fn setting(&self, name: &str) -> Result<Option<Option<String>>>;
    /// Writes a setting, and knows it from then on; `known`: it has a row.
    fn put_setting(&mut self, name: &str, value: Option<&str>, known: bool) -> Result<()>;
    /// Totals of everything before a day.
    fn totals_until(&self, until: Option<Date>) -> Result<Totals>;

    /// Whether the assertion of this id is withdrawn, and its account, if there is one.
    fn withdrawn(&self, assertion: Uuid) -> Result<Option<(bool, AccountKey)>>;
    fn insert_assertion(&mut self, assertion: &Assertion, account: AccountKey) -> Result<()>;
    fn withdraw_assertion(&mut self, assertion: Uuid, withdrawn: bool) -> Result<()>;
    fn insert_accepted(&mut self, code: &str, reference: &str, reason: &str) -> Result<()>;

    /// Whether the unit is filling a batch.
    fn has_open_batch(&self) -> bool;
    fn open_batch(&mut self, head: ImportBatch, account: Option<(AccountKey, Uuid)>) -> Result<()>;
    /// Takes a row of the open batch that stands for the transaction `number`.
    fn hold_row(&mut self, number: u64, row: SourceRow) -> Result<()>;
    fn batch(&self, id: Uuid) -> Result<Option<StoredBatch>>;
    /// Whether a batch came in, or was taken back, after a record.
    fn imported_since(&self, sequence: u64) -> Result<bool>;
    fn set_undone(&mut self, batch: i64, undone: bool) -> Result<()>;
    /// The first batch after the record `since`, not undone, that has a row of this batch too.
    fn brought_again(&self, batch: i64, since: u64) -> Result<Option<i64>>;
}

/// An import as it is stored.
pub struct StoredBatch {
    pub key: i64,
    /// The record that it came with.
    pub first_sequence: u64,
    pub undone: bool,
}
