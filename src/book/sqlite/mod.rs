//! The book in one SQLite file.
//!
//! `connection` opens files and sets every pragma, `schema` creates and migrates, `rows` turns rows
//! into ledger values and back; the reads are in `totals`, `scan`, `records`; `write/` is the one way
//! in. What a hand with a shell may do, the triggers of `migrations/sqlite` refuse.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::Connection;
use uuid::Uuid;

use super::{
    AuditEntry, AuditQuery, Book, BookError, CheckDepth, CheckOutcome, ImportRow, KnownRow, Result,
    Scan, Verification, Version,
};
use crate::ledger::change::{Assertion, Done, PriceChange, Target, Unit, WriteMode};
use crate::ledger::chart::Chart;
use crate::ledger::settings::BookInfo;
use crate::ledger::totals::{Totals, TotalsQuery};
use crate::ledger::transaction::Transaction;

mod check;
mod connection;
mod drafts;
mod fault;
mod log;
mod mark;
mod more;
pub mod outside;
mod records;
mod requests;
mod rows;
mod scan;
mod scan_ahead;
mod schema;
mod snapshot;
mod sources;
mod totals;
mod verify;
mod verify_stored;
#[cfg(feature = "postgres")]
pub mod whole;
mod write;

pub use connection::NewBook;
pub use schema::{APPLICATION_ID, SCHEMA_VERSION};

/// One book file, open.
pub struct SqliteBook {
    conn: Connection,
    path: PathBuf,
    id: Uuid,
    /// Why writers are refused, if they are.
    read_only: Option<String>,
    wait: Duration,
    /// What the last write left, for the next.
    known: Option<write::Known>,
    /// A migrated copy that a reader of an older schema works on; removed with the book.
    _copy: Option<tempfile::TempDir>,
}

impl SqliteBook {
    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The book's own id.
    pub fn id(&self) -> Uuid {
        self.id
    }

    /// Looks at the newest state. Only readers hold a snapshot between calls: it is let go of.
    fn between_snapshots<T>(&self, look: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        if self.conn.is_autocommit() {
            return look(&self.conn);
        }
        let step = |sql| self.conn.prepare_cached(sql)?.execute([]);
        step("COMMIT")?;
        let seen = look(&self.conn);
        step("BEGIN")?;
        seen
    }
}

/// The control of the crash tests: what was answered for and is not yet committed.
#[cfg(feature = "control-early-ack")]
static LATE: std::sync::Mutex<Vec<Connection>> = std::sync::Mutex::new(Vec::new());

#[cfg(feature = "control-early-ack")]
impl Drop for SqliteBook {
    fn drop(&mut self) {
        if let (Ok(nothing), Ok(mut late)) = (Connection::open_in_memory(), LATE.lock()) {
            late.push(std::mem::replace(&mut self.conn, nothing));
        }
    }
}

/// Commits what the control answered for before it was committed.
#[cfg(feature = "control-early-ack")]
pub fn commit_late() {
    for conn in LATE.lock().iter().flat_map(|late| late.iter()) {
        // A test looks for these words in binaries: only the control has them.
        let _ = conn.execute_batch("COMMIT -- control: acknowledges before the commit");
    }
}

impl Book for SqliteBook {
    fn info(&mut self) -> Result<BookInfo> {
        records::info(self)
    }

    fn chart(&mut self) -> Result<Chart> {
        if self.read_only.is_some() {
            return rows::chart(&self.conn);
        }
        // Who looks at the chart of a book open for writing is about to write.
        let known = write::Known::read(&self.conn)?;
        Ok(self.known.insert(known).chart().clone())
    }

    fn prices(&mut self) -> Result<Vec<PriceChange>> {
        records::prices(&self.conn)
    }

    fn assertions(&mut self) -> Result<Vec<Assertion>> {
        records::assertions(&self.conn)
    }

    fn totals(&mut self, query: &TotalsQuery) -> Result<Totals> {
        totals::totals(&self.conn, query)
    }

    fn scan(
        &mut self,
        scan: &Scan,
        row: &mut dyn FnMut(Transaction) -> ControlFlow<()>,
    ) -> Result<()> {
        if scan_ahead::pays(&self.conn, scan)? {
            return scan_ahead::scan(&mut self.conn, scan, row);
        }
        scan::scan(&self.conn, scan, row)
    }

    fn find(&mut self, target: Target) -> Result<Option<Transaction>> {
        rows::find(&self.conn, target)
    }

    fn history(&mut self, target: Target) -> Result<Vec<Version>> {
        records::history(&self.conn, target)
    }

    fn write(&mut self, units: &[Unit<'_>], mode: WriteMode) -> Result<Vec<Result<Done>>> {
        if let Some(why) = &self.read_only {
            return Err(BookError::ReadOnly { why: why.clone() });
        }
        write::write(&self.conn, self.id, units, mode, &mut self.known)
            .map_err(|e| fault::of_file(e, &self.path))
    }

    fn audit(&mut self, query: &AuditQuery) -> Result<Vec<AuditEntry>> {
        records::audit(&self.conn, query)
    }

    fn imports(&mut self) -> Result<Vec<ImportRow>> {
        sources::imports(&self.conn)
    }

    fn known_rows(&mut self, identities: &[i64]) -> Result<Vec<KnownRow>> {
        sources::known_rows(&self.conn, identities)
    }

    fn sources_of(&mut self, numbers: &[u64]) -> Result<Vec<KnownRow>> {
        sources::sources_of(&self.conn, numbers)
    }

    fn check(&mut self, depth: CheckDepth) -> Result<Vec<CheckOutcome>> {
        check::check(&self.conn, self.id, depth).map_err(|e| fault::of_file(e, &self.path))
    }

    fn verify(&mut self) -> Result<Verification> {
        verify::verify(&self.conn, self.id)
    }

    fn sequence(&mut self) -> Result<u64> {
        self.between_snapshots(records::sequence)
    }

    fn refresh(&mut self) -> Result<()> {
        self.between_snapshots(|_| Ok(()))
    }

    fn snapshot(&mut self, to: &Path) -> Result<()> {
        snapshot::snapshot(&self.conn, to).map_err(|e| fault::of_file(e, to))
    }
}
