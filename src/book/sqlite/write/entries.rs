//! Rows of one transaction: into the tables and out of them.

use rusqlite::Connection;

use super::super::more::{TransactionMore, tags_to_json};
use super::super::rows::price_text;
use crate::book::Result;
use crate::ledger::day::Day;
use crate::ledger::transaction::{Entry, State, Transaction};

/// Inserts the header of a new transaction.
pub fn insert_header(
    conn: &Connection,
    t: &Transaction,
    sequence: u64,
    scales: &[u8],
) -> Result<()> {
    let mut statement = conn.prepare_cached(
        "INSERT INTO txn (number, id, day, voucher, status, version, void, seq, description, payee, reference, due, reverses, more)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
    )?;
    statement.execute(rusqlite::params![
        t.number.0,
        t.id.0.as_bytes().as_slice(),
        Day::of(t.date).0,
        t.voucher.code(),
        t.status.code(),
        t.version,
        sequence,
        &*t.description,
        t.payee,
        t.reference,
        t.due.map(|d| Day::of(d).0),
        t.reverses.map(|n| n.0),
        TransactionMore::to_json(t, scales),
    ])?;
    Ok(())
}

/// Writes a new version of a header.
pub fn update_header(
    conn: &Connection,
    t: &Transaction,
    sequence: u64,
    scales: &[u8],
) -> Result<()> {
    let mut statement = conn.prepare_cached(
        "UPDATE txn SET day = ?2, voucher = ?3, status = ?4, version = ?5, void = ?6, seq = ?7, description = ?8, payee = ?9,
                        reference = ?10, due = ?11, reverses = ?12, more = ?13 WHERE number = ?1",
    )?;
    statement.execute(rusqlite::params![
        t.number.0,
        Day::of(t.date).0,
        t.voucher.code(),
        t.status.code(),
        t.version,
        matches!(t.state, State::Void { .. }),
        sequence,
        &*t.description,
        t.payee,
        t.reference,
        t.due.map(|d| Day::of(d).0),
        t.reverses.map(|n| n.0),
        TransactionMore::to_json(t, scales),
    ])?;
    Ok(())
}

/// Inserts the entries of a transaction, lines dense from 0.
pub fn insert(conn: &Connection, t: &Transaction) -> Result<()> {
    let mut statement = conn.prepare_cached("INSERT INTO entry (account, day, txn, line, amount, currency) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?;
    let day = Day::of(t.date).0;
    for (line, entry) in t.entries.iter().enumerate() {
        statement.execute((
            entry.account.0,
            day,
            t.number.0,
            line as i64,
            entry.minor,
            entry.currency.0,
        ))?;
        insert_detail(conn, t.number.0, line, entry)?;
    }
    Ok(())
}

/// Inserts what few entries have.
pub fn insert_detail(conn: &Connection, number: u64, line: usize, entry: &Entry) -> Result<()> {
    let Some(detail) = entry.detail.as_deref() else {
        return Ok(());
    };
    let mut statement = conn.prepare_cached(
        "INSERT INTO entry_detail (txn, line, weight, weight_currency, price, status, memo, tags) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    statement.execute((
        number,
        line as i64,
        detail.weight.map(|w| w.0),
        detail.weight.map(|w| w.1.0),
        detail.price.as_ref().map(price_text),
        detail.status.code(),
        &detail.memo,
        tags_to_json(&detail.tags),
    ))?;
    Ok(())
}

/// Takes the entries of a transaction out of the tables; its header must be unsealed already.
pub fn delete(conn: &Connection, t: &Transaction) -> Result<()> {
    let mut statement = conn.prepare_cached(
        "DELETE FROM entry WHERE account = ?1 AND day = ?2 AND txn = ?3 AND line = ?4",
    )?;
    let day = Day::of(t.date).0;
    for (line, entry) in t.entries.iter().enumerate() {
        statement.execute((entry.account.0, day, t.number.0, line as i64))?;
    }
    conn.prepare_cached("DELETE FROM entry_detail WHERE txn = ?1")?
        .execute([t.number.0])?;
    Ok(())
}
