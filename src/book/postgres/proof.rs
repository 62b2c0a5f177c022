//! What `audit verify` reads of a book in Postgres.

use std::collections::{BTreeMap, HashMap};

use uuid::Uuid;

use super::link::Link;
use super::rows::{at, big, count_at};
use super::{records, rows, scan, sources};
use crate::book::stored::keys::Keys;
use crate::book::stored::verify::{Shelf, StoredRecord};
use crate::book::{ImportRow, Result};
use crate::ledger::audit::Hash;
use crate::ledger::change::{Assertion, PriceChange, Target};
use crate::ledger::chart::Chart;
use crate::ledger::transaction::{Number, Transaction};

/// Records read at once.
const PAGE: i64 = 500;

impl Shelf for Link {
    fn chart(&self) -> Result<Chart> {
        rows::chart(self)
    }

    fn keys(&self) -> Result<Keys> {
        rows::keys(self)
    }

    fn find(&self, number: u64) -> Result<Option<Transaction>> {
        rows::find(self, Target::Number(Number(number)))
    }

    fn records(&self, take: &mut dyn FnMut(StoredRecord) -> Result<()>) -> Result<()> {
        let mut last: i64 = 0;
        loop {
            let rows = self.all(
                "SELECT seq, at, who, operation, undoes, action, reason, numbers, digest, previous, hash, changes, marks
                   FROM hissab.audit WHERE org_id = $1 AND seq > $2 ORDER BY seq LIMIT $3",
                &[&self.org, &last, &PAGE],
            )?;
            for row in &rows {
                last = at(row, 0)?;
                take(StoredRecord {
                    record: records::record(row)?,
                    changes: at(row, 11)?,
                    marks: at(row, 12)?,
                })?;
            }
            if (rows.len() as i64) < PAGE {
                return Ok(());
            }
        }
    }

    fn later_changes(&self, take: &mut dyn FnMut(u64, &str) -> Result<()>) -> Result<()> {
        let mut before = i64::MAX;
        loop {
            let rows = self.all(
                "SELECT seq, changes FROM hissab.audit
                  WHERE org_id = $1 AND seq < $2 AND (changes LIKE '%\"amended\"%' OR changes LIKE '%\"voided\"%' OR changes LIKE '%\"reinstated\"%')
                  ORDER BY seq DESC LIMIT $3",
                &[&self.org, &before, &PAGE],
            )?;
            for row in &rows {
                before = at(row, 0)?;
                take(count_at(row, 0)?, at(row, 1)?)?;
            }
            if (rows.len() as i64) < PAGE {
                return Ok(());
            }
        }
    }

    fn by_numbers(
        &self,
        first: u64,
        last: u64,
        take: &mut dyn FnMut(Transaction) -> Result<()>,
    ) -> Result<()> {
        scan::by_numbers(self, &rows::keys(self)?, first, last, take)
    }

    fn row_digests(&self) -> Result<HashMap<Uuid, Hash>> {
        sources::row_digests(self)
    }

    fn settings(&self) -> Result<BTreeMap<String, String>> {
        rows::setting_pairs(self)
    }

    fn prices(&self) -> Result<Vec<PriceChange>> {
        records::prices(self)
    }

    fn assertions(&self) -> Result<BTreeMap<Uuid, (Uuid, Assertion)>> {
        self.all(records::ASSERTIONS, &[&self.org])?
            .iter()
            .map(|row| {
                let assertion = records::assertion(row)?;
                Ok((assertion.id, (at(row, 8)?, assertion)))
            })
            .collect()
    }

    fn imports(&self) -> Result<Vec<ImportRow>> {
        sources::imports(self)
    }

    fn accepted(&self) -> Result<Vec<(String, String, String)>> {
        self.all(
            "SELECT code, reference, reason FROM hissab.accepted WHERE org_id = $1 ORDER BY key",
            &[&self.org],
        )?
        .iter()
        .map(|row| Ok((at(row, 0)?, at(row, 1)?, at(row, 2)?)))
        .collect()
    }

    fn count(&self) -> Result<u64> {
        let row = self.one(
            "SELECT count(*) FROM hissab.txn WHERE org_id = $1 AND number < $2",
            &[&self.org, &big(u64::MAX)],
        )?;
        count_at(&row, 0)
    }
}
