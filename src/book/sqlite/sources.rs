//! Imported files and their source rows.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use rusqlite::Connection;

use super::fault::damaged;
use super::rows;
use crate::book::stored::texts::{CHUNK_ROWS, inflate};
use crate::book::{ImportRow, KnownRow, Result};
use crate::ledger::change::ImportBatch;

/// Every imported file, oldest first.
pub fn imports(conn: &Connection) -> Result<Vec<ImportRow>> {
    let mut statement = conn.prepare_cached(
        "SELECT b.key, b.id, b.file, b.sha256, b.format, a.path, b.skipped, b.added, b.undone, b.first_seq, r.at
           FROM batch b LEFT JOIN account a ON a.key = b.account LEFT JOIN audit r ON r.seq = b.first_seq ORDER BY b.key",
    )?;
    let mut rows = statement.query([])?;
    let mut imports = Vec::new();
    while let Some(row) = rows.next()? {
        let at: i64 = row
            .get::<_, Option<i64>>(10)?
            .ok_or_else(|| damaged("an import without its audit record"))?;
        imports.push(ImportRow {
            batch: row.get(0)?,
            recorded_at: Timestamp::from_microsecond(at)
                .map_err(|_| damaged("a time out of range"))?,
            sequence: row.get(9)?,
            head: ImportBatch {
                id: rows::uuid(row, 1)?,
                file: row.get(2)?,
                sha256: rows::hash(row, 3)?,
                format: row.get(4)?,
                account: row.get(5)?,
                skipped: row.get(6)?,
            },
            added: row.get(7)?,
            undone: row.get(8)?,
        });
    }
    Ok(imports)
}

/// Source rows stored under any of these identities, in order of identity, batch, line.
pub fn known_rows(conn: &Connection, identities: &[i64]) -> Result<Vec<KnownRow>> {
    let mut statement = conn.prepare_cached(
        "SELECT s.identity, s.batch, s.line, s.number, s.place FROM source_row s JOIN batch b ON b.key = s.batch
          WHERE s.identity = ?1 AND b.undone = 0 ORDER BY s.batch, s.line",
    )?;
    // One snapshot for all of them: a lock and an unlock for each would cost more than the look-ups.
    let snapshot = conn
        .is_autocommit()
        .then(|| conn.unchecked_transaction())
        .transpose()?;
    let mut texts = Texts::default();
    let mut known = Vec::new();
    for identity in identities {
        let mut rows = statement.query([identity])?;
        while let Some(row) = rows.next()? {
            let batch: u64 = row.get(1)?;
            let raw = match row.get::<_, Option<u64>>(4)? {
                None => None,
                Some(place) => Some(texts.get(conn, batch, place)?.to_owned()),
            };
            known.push(KnownRow {
                identity: row.get(0)?,
                batch,
                line: row.get(2)?,
                number: row.get(3)?,
                raw,
            });
        }
    }
    if let Some(snapshot) = snapshot {
        snapshot.commit()?;
    }
    Ok(known)
}

/// Source rows that stand for any of these transactions (sorted), by number, batch and line.
pub fn sources_of(conn: &Connection, numbers: &[u64]) -> Result<Vec<KnownRow>> {
    let (Some(first), Some(last)) = (numbers.first(), numbers.last()) else {
        return Ok(Vec::new());
    };
    let undone: HashSet<u64> = conn
        .prepare_cached("SELECT key FROM batch WHERE undone = 1")?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    // The table is in order of identity: it is gone through whole, so that as little as can be is done for a row.
    let mut statement = conn.prepare_cached(
        "SELECT number, identity, batch, line FROM source_row WHERE number BETWEEN ?1 AND ?2",
    )?;
    let mut rows = statement.query([first, last])?;
    let mut known = Vec::new();
    while let Some(row) = rows.next()? {
        let number: u64 = row.get(0)?;
        if numbers.binary_search(&number).is_err() {
            continue;
        }
        let batch: u64 = row.get(2)?;
        if !undone.contains(&batch) {
            known.push(KnownRow {
                identity: row.get(1)?,
                batch,
                line: row.get(3)?,
                number,
                raw: None,
            });
        }
    }
    known.sort_unstable_by_key(|row| (row.number, row.batch, row.line));
    Ok(known)
}

/// Inflated chunks, each read once.
#[derive(Default)]
pub struct Texts {
    chunks: HashMap<(u64, u64), Vec<String>>,
}

impl Texts {
    /// The text of the row at a place of a batch.
    pub fn get(&mut self, conn: &Connection, batch: u64, place: u64) -> Result<&str> {
        let (chunk, index) = (place / CHUNK_ROWS, (place % CHUNK_ROWS) as usize);
        let rows = match self.chunks.entry((batch, chunk)) {
            Entry::Occupied(slot) => slot.into_mut(),
            Entry::Vacant(slot) => {
                let mut statement = conn.prepare_cached(
                    "SELECT data FROM source_text WHERE batch = ?1 AND chunk = ?2",
                )?;
                let data: Vec<u8> = statement
                    .query_row((batch, chunk), |row| row.get(0))
                    .map_err(|_| damaged("the text of a source row is missing"))?;
                slot.insert(inflate(&data)?)
            }
        };
        rows.get(index)
            .map(String::as_str)
            .ok_or_else(|| damaged("the text of a source row is missing"))
    }
}
