//! Headers of a bulk unit, many in one statement where they have only what most transactions have.
//!
//! A statement that inserts many rows opens its tables once and appends; that is half the cost of a header.

use std::sync::Arc;

use rusqlite::{Connection, Statement};

use super::entries::insert_header;
use crate::book::Result;
use crate::ledger::day::Day;
use crate::ledger::transaction::Transaction;

/// Rows in one statement.
const ROWS: usize = 32;

/// Parameters of one row.
const PARAMETERS: usize = 8;

/// Headers waiting for their statement.
pub struct Headers<'c> {
    waiting: Vec<Plain>,
    one: Statement<'c>,
    many: Statement<'c>,
}

/// A header without payee, due date, reversal or anything more.
struct Plain {
    number: u64,
    id: [u8; 16],
    day: i32,
    voucher: u8,
    status: u8,
    sequence: u64,
    description: Arc<str>,
    reference: Option<String>,
}

impl<'c> Headers<'c> {
    pub fn new(conn: &'c Connection) -> Result<Headers<'c>> {
        Ok(Headers {
            waiting: Vec::with_capacity(ROWS),
            one: conn.prepare(&insert(1))?,
            many: conn.prepare(&insert(ROWS))?,
        })
    }

    /// Takes the header of a new transaction; numbers come in order.
    pub fn put(
        &mut self,
        conn: &Connection,
        t: &Transaction,
        sequence: u64,
        scales: &[u8],
    ) -> Result<()> {
        let plain = t.payee.is_none()
            && t.due.is_none()
            && t.reverses.is_none()
            && t.tags.is_empty()
            && t.metadata.is_empty();
        if !plain {
            self.flush()?;
            return insert_header(conn, t, sequence, scales);
        }
        self.waiting.push(Plain {
            number: t.number.0,
            id: *t.id.0.as_bytes(),
            day: Day::of(t.date).0,
            voucher: t.voucher.code(),
            status: t.status.code(),
            sequence,
            description: t.description.clone(),
            reference: t.reference.clone(),
        });
        if self.waiting.len() < ROWS {
            return Ok(());
        }
        write(&mut self.many, &self.waiting)?;
        self.waiting.clear();
        Ok(())
    }

    /// Writes what waits.
    pub fn flush(&mut self) -> Result<()> {
        for header in self.waiting.drain(..) {
            write(&mut self.one, std::slice::from_ref(&header))?;
        }
        Ok(())
    }
}

/// Fails without taking back its earlier rows: whoever gets the error gives the whole unit up.
fn insert(rows: usize) -> String {
    format!(
        "INSERT OR FAIL INTO txn (number, id, day, voucher, status, seq, description, reference, version, void) VALUES {}",
        vec!["(?, ?, ?, ?, ?, ?, ?, ?, 1, 0)"; rows].join(", ")
    )
}

fn write(statement: &mut Statement<'_>, rows: &[Plain]) -> Result<()> {
    for (nth, row) in rows.iter().enumerate() {
        let at = nth * PARAMETERS;
        statement.raw_bind_parameter(at + 1, row.number)?;
        statement.raw_bind_parameter(at + 2, row.id.as_slice())?;
        statement.raw_bind_parameter(at + 3, row.day)?;
        statement.raw_bind_parameter(at + 4, row.voucher)?;
        statement.raw_bind_parameter(at + 5, row.status)?;
        statement.raw_bind_parameter(at + 6, row.sequence)?;
        statement.raw_bind_parameter(at + 7, &*row.description)?;
        statement.raw_bind_parameter(at + 8, row.reference.as_deref())?;
    }
    statement.raw_execute()?;
    Ok(())
}
