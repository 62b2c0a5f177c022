//! The word index: what of a transaction can be found by words.

use rusqlite::Connection;

use super::super::scan::by_numbers;
use crate::book::Result;
pub use crate::book::stored::words::{put_words, words};
use crate::ledger::transaction::Transaction;

/// Texts on their way into the index or out of it, in order. The index is flushed at every savepoint, which costs
/// more than everything else of a small unit: so that many units in one commit pay once.
#[derive(Default)]
pub struct Words(Vec<Step>);

struct Step {
    number: u64,
    text: String,
    out: bool,
}

impl Words {
    pub fn insert(&mut self, t: &Transaction) {
        self.put(t, false);
    }

    /// The transaction must be just what was inserted.
    pub fn delete(&mut self, t: &Transaction) {
        self.put(t, true);
    }

    fn put(&mut self, t: &Transaction, out: bool) {
        self.0.push(Step {
            number: t.number.0,
            text: words(t),
            out,
        });
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Forgets what was added after there were so many.
    pub fn truncate(&mut self, length: usize) {
        self.0.truncate(length);
    }

    /// Writes everything.
    pub fn flush(&mut self, conn: &Connection) -> Result<()> {
        for step in self.0.drain(..) {
            let sql = match step.out {
                false => "INSERT INTO search (rowid, words) VALUES (?1, ?2)",
                true => "INSERT INTO search (search, rowid, words) VALUES ('delete', ?1, ?2)",
            };
            conn.prepare_cached(sql)?
                .execute((step.number, step.text))?;
        }
        Ok(())
    }
}

/// Adds a transaction to the index.
pub fn insert(conn: &Connection, t: &Transaction) -> Result<()> {
    conn.prepare_cached("INSERT INTO search (rowid, words) VALUES (?1, ?2)")?
        .execute((t.number.0, words(t)))?;
    Ok(())
}

/// Fills the index from the transactions: after a migration, or when `check` found it wrong.
pub fn rebuild(conn: &Connection) -> Result<()> {
    conn.execute_batch("INSERT INTO search (search) VALUES ('delete-all')")?;
    by_numbers(conn, 1, i64::MAX as u64, &mut |t| insert(conn, &t))
}
