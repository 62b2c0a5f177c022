//! What `audit verify` reads of a book file.

use std::collections::{BTreeMap, HashMap};

use rusqlite::Connection;
use uuid::Uuid;

use super::fault::damaged;
use super::scan::by_numbers;
use super::verify_stored::row_digests;
use super::{records, rows, sources};
use crate::book::stored::keys::Keys;
use crate::book::stored::verify::{self, Shelf, StoredRecord};
use crate::book::{ImportRow, Result, Verification};
use crate::ledger::audit::Hash;
use crate::ledger::change::{Assertion, PriceChange, Target};
use crate::ledger::chart::Chart;
use crate::ledger::transaction::{Number, Transaction};

/// What the port's `verify` proves.
pub fn verify(conn: &Connection, book: Uuid) -> Result<Verification> {
    verify::verify(&conn, book)
}

impl Shelf for &Connection {
    fn chart(&self) -> Result<Chart> {
        rows::chart(self)
    }

    fn keys(&self) -> Result<Keys> {
        Keys::load(self)
    }

    fn find(&self, number: u64) -> Result<Option<Transaction>> {
        rows::find(self, Target::Number(Number(number)))
    }

    fn records(&self, take: &mut dyn FnMut(StoredRecord) -> Result<()>) -> Result<()> {
        let mut statement = self.prepare(
            "SELECT seq, at, who, operation, undoes, action, reason, numbers, digest, previous, hash, changes, marks FROM audit ORDER BY seq",
        )?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let record = records::record(row)?;
            let text = row
                .get_ref(11)?
                .as_str()
                .map_err(|_| damaged("the changes of an audit record are not text"))?;
            let marks = row
                .get_ref(12)?
                .as_blob()
                .map_err(|_| damaged("the marks of an audit record are not bytes"))?;
            take(StoredRecord {
                record,
                changes: text.to_owned(),
                marks: marks.to_vec(),
            })?;
        }
        Ok(())
    }

    fn later_changes(&self, take: &mut dyn FnMut(u64, &str) -> Result<()>) -> Result<()> {
        let mut statement = self.prepare(
            "SELECT seq, changes FROM audit WHERE instr(changes, '\"amended\"') OR instr(changes, '\"voided\"') OR instr(changes, '\"reinstated\"') ORDER BY seq DESC",
        )?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let text = row
                .get_ref(1)?
                .as_str()
                .map_err(|_| damaged("the changes of an audit record are not text"))?;
            take(row.get(0)?, text)?;
        }
        Ok(())
    }

    fn by_numbers(
        &self,
        first: u64,
        last: u64,
        take: &mut dyn FnMut(Transaction) -> Result<()>,
    ) -> Result<()> {
        by_numbers(self, first, last, take)
    }

    fn row_digests(&self) -> Result<HashMap<Uuid, Hash>> {
        row_digests(self)
    }

    fn settings(&self) -> Result<BTreeMap<String, String>> {
        let mut statement =
            self.prepare("SELECT name, value FROM setting WHERE value IS NOT NULL")?;
        let settings: std::result::Result<_, rusqlite::Error> = statement
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect();
        Ok(settings?)
    }

    fn prices(&self) -> Result<Vec<PriceChange>> {
        records::prices(self)
    }

    fn assertions(&self) -> Result<BTreeMap<Uuid, (Uuid, Assertion)>> {
        let mut statement = self.prepare(records::ASSERTIONS)?;
        let mut rows = statement.query([])?;
        let mut found = BTreeMap::new();
        while let Some(row) = rows.next()? {
            let assertion = records::assertion(row)?;
            found.insert(assertion.id, (rows::uuid(row, 8)?, assertion));
        }
        Ok(found)
    }

    fn imports(&self) -> Result<Vec<ImportRow>> {
        sources::imports(self)
    }

    fn accepted(&self) -> Result<Vec<(String, String, String)>> {
        let mut statement =
            self.prepare("SELECT code, reference, reason FROM accepted ORDER BY key")?;
        let accepted: std::result::Result<Vec<_>, rusqlite::Error> = statement
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
            .collect();
        Ok(accepted?)
    }

    fn count(&self) -> Result<u64> {
        Ok(self.query_row("SELECT count(*) FROM txn", [], |row| row.get(0))?)
    }
}
