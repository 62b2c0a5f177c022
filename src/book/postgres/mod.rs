//! Books in Postgres: many organisations in one database, each behind row-level security.
//!
//! `store` holds the connections and the schema, `link` is one connection in one transaction; `rows`, `scan`,
//! `totals`, `records` and `sources` read, `write/` is the one way in. What a hand with a shell may do, the fences of
//! `migrations/postgres` refuse. The log, its hashes and every rule are those of a book file.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use uuid::Uuid;

use super::stored::verify;
use super::stored::whole::Giver;
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
pub mod discard;
mod fault;
pub mod flights;
mod link;
mod migrate;
mod partition;
mod proof;
mod records;
mod replica;
mod rows;
mod scan;
mod secure;
mod sources;
mod store;
mod totals;
mod whole;
mod words;
mod write;

use link::Link;
pub use migrate::SCHEMA_VERSION;
pub use store::{Fences, Store};
pub use whole::Replaced;

/// The book of one organisation.
pub struct PgBook {
    store: Arc<Store>,
    org: Uuid,
    id: Uuid,
    writing: bool,
    /// The snapshot that reads answer from, from the first of them on.
    link: Option<Link>,
    /// What the last write left, for the next.
    known: Option<write::Known>,
    copier: Option<Copier>,
}

/// Makes a book file of a whole book: the adapter of files is another's to name.
pub type Copier = fn(&Path, &mut dyn Giver) -> Result<()>;

impl PgBook {
    /// Opens a book to look at it: each snapshot lasts from the first read to the next refresh.
    pub fn open_read(store: &Arc<Store>, org: Uuid) -> Result<PgBook> {
        PgBook::open(store, org, false)
    }

    /// Opens a book to change it.
    pub fn open_write(store: &Arc<Store>, org: Uuid) -> Result<PgBook> {
        PgBook::open(store, org, true)
    }

    fn open(store: &Arc<Store>, org: Uuid, writing: bool) -> Result<PgBook> {
        let link = match writing {
            true => Link::reading_here(store, org)?,
            false => Link::reading(store, org)?,
        };
        let row = link.opt("SELECT id FROM hissab.book WHERE org_id = $1", &[&org])?;
        let row = row.ok_or_else(|| BookError::NotFound {
            what: format!("the book of organisation {org}"),
        })?;
        let id = rows::at(&row, 0)?;
        link.end()?;
        Ok(PgBook {
            store: Arc::clone(store),
            org,
            id,
            writing,
            link: None,
            known: None,
            copier: None,
        })
    }

    /// With this, snapshots can be written.
    pub fn copying_with(mut self, copier: Copier) -> PgBook {
        self.copier = Some(copier);
        self
    }

    /// Makes the book of an organisation that has none, whole or not at all.
    pub fn create(
        store: &Arc<Store>,
        org: Uuid,
        id: Uuid,
        created_at: Timestamp,
        first: &Unit<'_>,
    ) -> Result<(PgBook, Done)> {
        let done = write::create(store, org, (id, created_at), first)?;
        Ok((PgBook::open_write(store, org)?, done))
    }

    /// The book's own id.
    pub fn id(&self) -> Uuid {
        self.id
    }

    /// Reads from the snapshot at hand; a writer lets each go at once.
    fn look<T>(&mut self, look: impl FnOnce(&Link) -> Result<T>) -> Result<T> {
        let link = match self.link.take() {
            Some(link) => link,
            None if self.writing => Link::reading_here(&self.store, self.org)?,
            None => Link::reading(&self.store, self.org)?,
        };
        let seen = look(&link)?;
        if self.writing {
            link.end()?;
        } else {
            self.link = Some(link);
        }
        Ok(seen)
    }
}

impl Book for PgBook {
    fn info(&mut self) -> Result<BookInfo> {
        let id = self.id;
        self.look(|link| records::info(link, id))
    }

    fn chart(&mut self) -> Result<Chart> {
        self.look(rows::chart)
    }

    fn prices(&mut self) -> Result<Vec<PriceChange>> {
        self.look(records::prices)
    }

    fn assertions(&mut self) -> Result<Vec<Assertion>> {
        self.look(records::assertions)
    }

    fn totals(&mut self, query: &TotalsQuery) -> Result<Totals> {
        self.look(|link| totals::totals(link, query))
    }

    fn scan(
        &mut self,
        scan: &Scan,
        row: &mut dyn FnMut(Transaction) -> ControlFlow<()>,
    ) -> Result<()> {
        self.look(|link| scan::scan(link, scan, row))
    }

    fn find(&mut self, target: Target) -> Result<Option<Transaction>> {
        self.look(|link| rows::find(link, target))
    }

    fn history(&mut self, target: Target) -> Result<Vec<Version>> {
        self.look(|link| records::history(link, target))
    }

    fn write(&mut self, units: &[Unit<'_>], mode: WriteMode) -> Result<Vec<Result<Done>>> {
        if !self.writing {
            return Err(BookError::ReadOnly {
                why: "it was opened to read".to_owned(),
            });
        }
        write::write(
            &self.store,
            (self.org, self.id),
            units,
            mode,
            &mut self.known,
        )
    }

    fn written_chart(&self) -> Option<(u64, Arc<Chart>)> {
        let known = self.known.as_ref()?;
        Some((known.sequence, Arc::clone(&known.chart)))
    }

    fn audit(&mut self, query: &AuditQuery) -> Result<Vec<AuditEntry>> {
        self.look(|link| records::audit(link, query))
    }

    fn imports(&mut self) -> Result<Vec<ImportRow>> {
        self.look(sources::imports)
    }

    fn known_rows(&mut self, identities: &[i64]) -> Result<Vec<KnownRow>> {
        self.look(|link| sources::known_rows(link, identities))
    }

    fn sources_of(&mut self, numbers: &[u64]) -> Result<Vec<KnownRow>> {
        self.look(|link| sources::sources_of(link, numbers))
    }

    fn check(&mut self, depth: CheckDepth) -> Result<Vec<CheckOutcome>> {
        let id = self.id;
        self.look(|link| check::check(link, id, depth))
    }

    fn verify(&mut self) -> Result<Verification> {
        let id = self.id;
        self.look(|link| verify::verify(link, id))
    }

    fn sequence(&mut self) -> Result<u64> {
        self.refresh()?;
        let sequence = self.look(records::sequence);
        self.refresh()?;
        sequence
    }

    fn refresh(&mut self) -> Result<()> {
        match self.link.take() {
            Some(link) => link.end(),
            None => Ok(()),
        }
    }

    fn snapshot(&mut self, to: &Path) -> Result<()> {
        let copier = self.copier.ok_or_else(|| BookError::Unsupported {
            what: "this book in Postgres was opened without a way to write files".to_owned(),
        })?;
        // A reader of its own: one snapshot for all tables, also where a writer is asked.
        let mut reader = PgBook::open_read(&self.store, self.org)?;
        reader.link = self.link.take();
        copier(to, &mut reader)?;
        if !self.writing {
            self.link = reader.link.take();
        }
        Ok(())
    }
}
