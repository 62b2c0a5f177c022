//! The port: what a book can do, whatever holds it. Synchronous and object-safe.
//!
//! One method changes a book, [`Book::write`]. The reads return owned data or stream rows
//! from one snapshot. Adapters: `memory` (what `-f` reads journals into), `sqlite`, `remote` (on a server), `postgres`
//! (many organisations in one database); `stored` is what the databases share.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use uuid::Uuid;

use crate::ledger::account::{Account, AccountKey};
use crate::ledger::audit::{AuditRecord, Hash};
use crate::ledger::change::{
    Assertion, Done, ImportBatch, OperationId, PriceChange, Target, Unit, WriteMode,
};
use crate::ledger::chart::Chart;
use crate::ledger::currency::Currency;
use crate::ledger::settings::BookInfo;
use crate::ledger::totals::{Totals, TotalsQuery};
use crate::ledger::transaction::Transaction;

pub mod continuing;
pub mod error;
pub mod litter;
pub mod mark;
pub mod memory;
pub mod open;
#[cfg(feature = "postgres")]
pub mod postgres;
pub mod remote;
mod replaced;
pub mod sqlite;
mod stored;

pub use error::BookError;

pub use crate::ledger::finding::{CheckOutcome, Finding, Severity};

/// The result of a port call.
pub type Result<T> = std::result::Result<T, BookError>;

/// Which way a scan runs. Always by date, then number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Order {
    #[default]
    OldestFirst,
    NewestFirst,
}

/// What becomes of void transactions in a scan.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Voided {
    #[default]
    Hide,
    Show,
}

/// Which transactions, in which order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scan {
    /// Inclusive.
    pub from: Option<Date>,
    /// Exclusive.
    pub until: Option<Date>,
    /// Only transactions with an entry in one of these; void ones are found by the entries they had.
    pub accounts: Option<Vec<AccountKey>>,
    /// Only transactions in whose text every one of these words is the beginning of a word
    /// (case and accents folded; description, payee, reference, memos, tags).
    pub words: Vec<String>,
    pub order: Order,
    /// At most this many transactions.
    pub limit: Option<u64>,
    pub voided: Voided,
}

/// Which audit records, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditQuery {
    /// Records after this sequence.
    pub since: Option<u64>,
    /// Records before this sequence.
    pub before: Option<u64>,
    pub who: Option<String>,
    pub action: Option<String>,
    /// Records that touched this transaction.
    pub number: Option<u64>,
    pub operation: Option<OperationId>,
    /// The newest this many of them.
    pub last: Option<u64>,
}

/// One change as the log keeps it: what it touched, and what was there before.
#[derive(Debug, Clone, PartialEq)]
pub enum LoggedChange {
    /// New transactions, a closed range of numbers.
    Posted {
        first: u64,
        last: u64,
    },
    Amended {
        number: u64,
        before: Box<Transaction>,
    },
    /// A closed range of numbers; what they were stands in their rows and in [`Book::history`].
    Voided {
        first: u64,
        last: u64,
    },
    /// The reason is the one the void had.
    Reinstated {
        number: u64,
        reason: Option<String>,
    },
    Account {
        before: Option<Box<Account>>,
        after: Box<Account>,
    },
    Currency {
        before: Option<Currency>,
        after: Currency,
    },
    Price {
        before: Option<PriceChange>,
        after: PriceChange,
    },
    Setting {
        name: String,
        before: Option<String>,
        after: Option<String>,
    },
    Assertion(Assertion),
    Imported {
        batch: ImportBatch,
        rows: Hash,
    },
    ImportUndone {
        batch: Uuid,
    },
    /// An import taken back counts again.
    ImportRestored {
        batch: Uuid,
    },
    Accepted {
        code: String,
        reference: String,
        reason: String,
    },
}

/// One version of a transaction, and the record that made it.
#[derive(Debug, Clone, PartialEq)]
pub struct Version {
    pub transaction: Transaction,
    pub record: AuditRecord,
}

/// An audit record with its changes.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditEntry {
    pub record: AuditRecord,
    pub changes: Vec<LoggedChange>,
    /// True if a later operation took it back.
    pub undone: bool,
}

/// An imported file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportRow {
    /// From 1, in order of recording: how people name a batch.
    pub batch: u64,
    pub recorded_at: Timestamp,
    pub sequence: u64,
    pub head: ImportBatch,
    pub added: u64,
    pub undone: bool,
}

/// A source row that the book already holds (rows of undone batches are absent).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownRow {
    pub identity: i64,
    pub batch: u64,
    pub line: u64,
    pub number: u64,
    pub raw: Option<String>,
}

/// How much a check of the storage reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckDepth {
    Quick,
    Deep,
}

/// What `audit verify` proved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    pub records: u64,
    pub transactions: u64,
    pub head: Hash,
    /// Everything that does not hold, oldest first.
    pub faults: Vec<Finding>,
}

/// One set of books.
pub trait Book: Send {
    /// What the book is and where its history stands.
    fn info(&mut self) -> Result<BookInfo>;

    /// Every account and currency.
    fn chart(&mut self) -> Result<Chart>;

    /// Market prices, by date.
    fn prices(&mut self) -> Result<Vec<PriceChange>>;

    /// Balances vouched for, by date; withdrawn ones left out.
    fn assertions(&mut self) -> Result<Vec<Assertion>>;

    /// Totals per account and currency over spans of time.
    ///
    /// Shape: one row per (account, currency) that has entries up to the last cut, by key.
    /// Units: minor units; debits positive.
    fn totals(&mut self, query: &TotalsQuery) -> Result<Totals>;

    /// Streams transactions from one snapshot, in order of date and number. Constant memory, but
    /// for scans of accounts or words, which hold a few bytes for each transaction they find.
    fn scan(
        &mut self,
        scan: &Scan,
        row: &mut dyn FnMut(Transaction) -> ControlFlow<()>,
    ) -> Result<()>;

    /// One transaction, live or void.
    fn find(&mut self, target: Target) -> Result<Option<Transaction>>;

    /// Every version of a transaction, oldest first; empty if there is none.
    fn history(&mut self, target: Target) -> Result<Vec<Version>>;

    /// Makes the changes of each unit, or none of it; units succeed or fail apart. An outcome a unit, in
    /// order. `Ok` only after everything kept is durable.
    fn write(&mut self, units: &[Unit<'_>], mode: WriteMode) -> Result<Vec<Result<Done>>>;

    /// The chart as the last write left it, with the record it is of: where that is known without a look.
    fn written_chart(&self) -> Option<(u64, Arc<Chart>)> {
        None
    }

    /// Audit records, oldest first.
    fn audit(&mut self, query: &AuditQuery) -> Result<Vec<AuditEntry>>;

    /// Imported files, oldest first.
    fn imports(&mut self) -> Result<Vec<ImportRow>>;

    /// Source rows already stored under any of these identities (sorted, without repeats).
    fn known_rows(&mut self, identities: &[i64]) -> Result<Vec<KnownRow>>;

    /// Source rows that stand for any of these transactions (sorted, without repeats), by number; their
    /// text is left out. Walks every source row of the book: for the few imports that need it.
    fn sources_of(&mut self, numbers: &[u64]) -> Result<Vec<KnownRow>>;

    /// Checks of the storage itself: integrity, balanced, totals, chain, number-gap; with `Deep` also
    /// foreign keys, search index and the whole audit chain.
    fn check(&mut self, depth: CheckDepth) -> Result<Vec<CheckOutcome>>;

    /// Walks the audit chain and proves that the stored transactions are the ones it speaks of.
    fn verify(&mut self) -> Result<Verification>;

    /// Where the book stands now, whoever wrote last: cheap enough to ask before every answer. Like
    /// [`Book::refresh`], it lets go of an older state.
    fn sequence(&mut self) -> Result<u64> {
        self.refresh()?;
        let sequence = self.info()?.sequence;
        self.refresh()?;
        Ok(sequence)
    }

    /// From here on the reads answer from the newest state; until the next read nothing of an older one is held.
    fn refresh(&mut self) -> Result<()>;

    /// Writes a consistent copy to a path that does not exist yet, 0600, while others may write.
    fn snapshot(&mut self, to: &Path) -> Result<()>;
}
