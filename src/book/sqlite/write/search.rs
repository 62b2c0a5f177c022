//! The word index: what of a transaction can be found by words.

use rusqlite::Connection;

use super::super::scan::by_numbers;
use crate::book::Result;
use crate::ledger::transaction::Transaction;

/// Every text of a transaction that `search` looks into.
pub fn words(t: &Transaction) -> String {
    let mut text = String::new();
    put_words(&mut text, t);
    text
}

/// Appends [`words`] to a buffer.
pub fn put_words(text: &mut String, t: &Transaction) {
    text.push_str(&t.description);
    let mut add = |part: &str| {
        if !part.is_empty() {
            text.push(' ');
            text.push_str(part);
        }
    };
    add(t.payee.as_deref().unwrap_or(""));
    add(t.reference.as_deref().unwrap_or(""));
    for tag in t.tags.iter().chain(t.entries.iter().flat_map(|e| e.tags())) {
        add(&tag.name);
        add(&tag.value);
    }
    for entry in &t.entries {
        add(entry.memo().unwrap_or(""));
    }
}

/// Adds a transaction to the index.
pub fn insert(conn: &Connection, t: &Transaction) -> Result<()> {
    conn.prepare_cached("INSERT INTO search (rowid, words) VALUES (?1, ?2)")?
        .execute((t.number.0, words(t)))?;
    Ok(())
}

/// Takes a transaction out of the index; it must be just what was inserted.
pub fn delete(conn: &Connection, t: &Transaction) -> Result<()> {
    conn.prepare_cached("INSERT INTO search (search, rowid, words) VALUES ('delete', ?1, ?2)")?
        .execute((t.number.0, words(t)))?;
    Ok(())
}

/// Fills the index from the transactions: after a migration, or when `check` found it wrong.
pub fn rebuild(conn: &Connection) -> Result<()> {
    conn.execute_batch("INSERT INTO search (search) VALUES ('delete-all')")?;
    by_numbers(conn, 1, i64::MAX as u64, &mut |t| insert(conn, &t))
}
