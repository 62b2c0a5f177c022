//! New transactions, and new versions of them, on their way into the file.

use super::entries;
use super::lanes::Lanes;
use super::state::Writer;
use crate::book::Result;
use crate::ledger::transaction::Transaction;

/// Words of so many transactions are held before they are indexed: some 30 MB.
const WORDS_HELD_MAX: usize = 200_000;

/// Writes a new transaction, or holds it with the others of a large unit.
pub fn post(writer: &mut Writer<'_>, transaction: Transaction) -> Result<()> {
    let (conn, sequence) = (writer.conn, writer.next_sequence);
    match &mut writer.bulk {
        Some(bulk) => bulk.hold(conn, &transaction, sequence, &writer.scales)?,
        None => {
            entries::insert_header(conn, &transaction, sequence, &writer.scales)?;
            entries::insert(conn, &transaction)?;
        }
    }
    let indexed = writer.unit.lanes.as_ref().is_some_and(Lanes::index_words);
    if !indexed {
        writer.words.insert(&transaction);
    }
    // What a large unit holds is its own: those before it have put theirs into the index.
    if writer.bulk.is_some() && writer.words.len() >= WORDS_HELD_MAX {
        writer.words.flush(conn)?;
    }
    writer.moved.add(&transaction, 1);
    writer.log_posted(transaction);
    writer.next_number += 1;
    Ok(())
}

/// Writes a new version over the old one.
pub fn restate(writer: &mut Writer<'_>, before: &Transaction, after: &Transaction) -> Result<()> {
    let conn = writer.conn;
    entries::update_header(conn, after, writer.next_sequence, &writer.scales)?;
    if !before.is_void() {
        entries::delete(conn, before)?;
        writer.moved.add(before, -1);
    }
    if !after.is_void() {
        entries::insert(conn, after)?;
        writer.moved.add(after, 1);
    }
    // Void transactions are found by their words too.
    if before.is_void() || after.is_void() {
        return Ok(());
    }
    writer.words.delete(before);
    writer.words.insert(after);
    match writer.bulk {
        Some(_) => writer.words.flush(conn),
        None => Ok(()),
    }
}
