//! The keys of `--once`: what each stood for, and what it was answered. Outside the audit chain, so every row
//! carries a sum over itself: a changed key would let a script post twice.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension};

use super::fault::damaged;
use super::{records, rows, write};
use crate::book::Result;
use crate::book::stored::write::same_thing;
use crate::ledger::audit::{AuditRecord, Canon, Hash};
use crate::ledger::change::{Done, OnceKey, Repeat};

/// How long a key is remembered, in microseconds.
const LIFE_MICROS: i64 = 30 * 24 * 60 * 60 * 1_000_000;

/// Forgets the keys that are too old.
pub fn forget(conn: &Connection, now: Timestamp) -> Result<()> {
    conn.prepare_cached("DELETE FROM request INDEXED BY request_at WHERE at < ?1")?
        .execute([now.as_microsecond() - LIFE_MICROS])?;
    Ok(())
}

/// Keeps a key with the record that answers it.
pub fn remember(
    conn: &Connection,
    once: &OnceKey,
    record: &AuditRecord,
    numbers: &str,
) -> Result<()> {
    let at = record.at.as_microsecond();
    conn.prepare_cached(
        "INSERT INTO request (key, content, seq, numbers, at, sum) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute((
        &once.key,
        once.content.as_slice(),
        record.sequence,
        numbers,
        at,
        sum(&once.key, &once.content, record.sequence, numbers, at),
    ))?;
    Ok(())
}

/// What a key was answered the first time, if it was used.
///
/// Errors: a conflict if it stood for something else, `Damaged` if its row was changed.
pub fn answered(conn: &Connection, once: &OnceKey) -> Result<Option<Done>> {
    let mut statement =
        conn.prepare_cached("SELECT content, seq, numbers, at, sum FROM request WHERE key = ?1")?;
    let mut found = statement.query([&once.key])?;
    let Some(row) = found.next()? else {
        return Ok(None);
    };
    let (content, sequence): (Hash, u64) = (rows::hash(row, 0)?, row.get(1)?);
    let numbers: String = row.get(2)?;
    if sum(&once.key, &content, sequence, &numbers, row.get(3)?) != row.get::<_, i64>(4)? {
        return Err(damaged(changed(&once.key)));
    }
    same_thing(once, &content)?;
    let hash = conn
        .query_row("SELECT hash FROM audit WHERE seq = ?1", [sequence], |row| {
            row.get::<_, Vec<u8>>(0)
        })
        .optional()?
        .and_then(|bytes| bytes.try_into().ok())
        .unwrap_or(records::head(conn)?.hash);
    Ok(Some(Done {
        sequence,
        hash,
        numbers: write::ranges(row.get_ref(2)?)?,
        repeat: Repeat::Already,
    }))
}

/// What is wrong with the keys: rows that were changed, answers that are not those of their records.
pub fn faults(conn: &Connection) -> Result<Vec<String>> {
    let mut statement = conn.prepare(
        "SELECT r.key, r.content, r.seq, r.numbers, r.at, r.sum, a.seq IS NULL OR a.numbers <> r.numbers
           FROM request r LEFT JOIN audit a ON a.seq = r.seq",
    )?;
    let mut found = statement.query([])?;
    let mut faults = Vec::new();
    while let Some(row) = found.next()? {
        let (key, numbers): (String, String) = (row.get(0)?, row.get(3)?);
        let content: Vec<u8> = row.get(1)?;
        if sum(&key, &content, row.get(2)?, &numbers, row.get(4)?) != row.get::<_, i64>(5)? {
            faults.push(changed(&key));
        } else if row.get(6)? {
            faults.push(format!(
                "the answer kept for --once {key:?} is not that of its record"
            ));
        }
    }
    Ok(faults)
}

fn changed(key: &str) -> String {
    format!("what is kept for --once {key:?} is not what was written")
}

/// The first eight bytes of a digest over the row.
fn sum(key: &str, content: &[u8], sequence: u64, numbers: &str, at: i64) -> i64 {
    let mut canon = Canon::new("hissab/request/1");
    canon.text(key);
    canon.bytes(content);
    canon.number(sequence);
    canon.text(numbers);
    canon.bytes(&at.to_be_bytes());
    let mut first = [0; 8];
    first.copy_from_slice(&canon.finish()[..8]);
    i64::from_be_bytes(first)
}
