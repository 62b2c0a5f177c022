//! Imports: a batch and its source rows on their way into the file.

use std::thread;

use rusqlite::Connection;
use uuid::Uuid;

use super::super::fault::damaged;
use super::super::sources;
use super::state::Writer;
use super::texts::{Held, Texts};
use crate::book::Result;
pub use crate::book::stored::texts::RowsDigest;
use crate::book::stored::write::log_import;
use crate::ledger::account::AccountKey;
use crate::ledger::audit::Hash;
use crate::ledger::change::{ImportBatch, SourceRow};

/// A batch that its unit is still filling.
pub struct OpenBatch {
    key: u64,
    head: ImportBatch,
    account: Option<Uuid>,
    rows: Vec<HeldRow>,
    texts: Texts,
}

struct HeldRow {
    identity: i64,
    line: u64,
    number: u64,
    /// Place of its text, or `u64::MAX`.
    place: u64,
}

/// Source rows in one statement.
const ROWS_A_STATEMENT: usize = 32;

/// Rows whose digest is worth a thread.
const ROWS_BESIDE: usize = 2_000;

/// Rows that room is made for at once.
const ROWS_HELD_FIRST: usize = 4_000_000;

/// Opens a batch for the unit at hand.
pub fn open(
    writer: &mut Writer<'_>,
    head: ImportBatch,
    account: Option<(AccountKey, Uuid)>,
) -> Result<()> {
    let key: u64 =
        writer
            .conn
            .query_row("SELECT ifnull(max(key), 0) + 1 FROM batch", [], |row| {
                row.get(0)
            })?;
    writer.conn.execute(
        "INSERT INTO batch (key, id, file, sha256, format, account, skipped, added, undone, first_seq, seq)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0, 0, ?8, ?8)",
        rusqlite::params![
            key,
            head.id.as_bytes().as_slice(),
            head.file,
            head.sha256.as_slice(),
            head.format,
            account.map(|a| a.0.0),
            head.skipped,
            writer.next_sequence,
        ],
    )?;
    // About every second change of an import is a row.
    let rows = (writer.unit.changes / 2).min(ROWS_HELD_FIRST);
    writer.unit.batch = Some(OpenBatch {
        key,
        head,
        account: account.map(|a| a.1),
        rows: Vec::with_capacity(rows),
        texts: Texts::new(key, writer.bulk.is_some()),
    });
    Ok(())
}

impl OpenBatch {
    /// Takes a source row; it is written with the others, in order of identity, when the unit is sealed.
    pub fn hold(&mut self, conn: &Connection, number: u64, row: SourceRow) -> Result<()> {
        let place = match row.raw {
            None => u64::MAX,
            Some(raw) => self.texts.hold(conn, raw)?,
        };
        self.rows.push(HeldRow {
            identity: row.identity,
            line: row.line,
            number,
            place,
        });
        Ok(())
    }

    /// Rows in order of the table, many a statement. A failing one takes none back: the whole unit is given up.
    fn write_rows(&self, conn: &Connection) -> Result<()> {
        let insert = |rows: usize| {
            format!(
                "INSERT OR FAIL INTO source_row (identity, batch, line, number, place) VALUES {}",
                vec!["(?, ?, ?, ?, ?)"; rows].join(", ")
            )
        };
        for chunk in self.rows.chunks(ROWS_A_STATEMENT) {
            let mut statement = conn.prepare_cached(&insert(chunk.len()))?;
            for (nth, row) in chunk.iter().enumerate() {
                let at = nth * 5;
                let place = (row.place != u64::MAX).then_some(row.place);
                statement.raw_bind_parameter(at + 1, row.identity)?;
                statement.raw_bind_parameter(at + 2, self.key)?;
                statement.raw_bind_parameter(at + 3, row.line)?;
                statement.raw_bind_parameter(at + 4, row.number)?;
                statement.raw_bind_parameter(at + 5, place)?;
            }
            statement.raw_execute()?;
        }
        Ok(())
    }
}

/// Writes the rows of the unit's batch and logs it, before the seal.
pub fn finish(writer: &mut Writer<'_>) -> Result<()> {
    let Some(mut batch) = writer.unit.batch.take() else {
        return Ok(());
    };
    let conn = writer.conn;
    batch.texts.close(conn)?;
    batch.rows.sort_unstable_by_key(|r| (r.identity, r.line));
    let added = writer.unit.trail.added();
    conn.execute(
        "UPDATE batch SET added = ?2, seq = ?3 WHERE key = ?1",
        (batch.key, added, writer.next_sequence),
    )?;
    let digest = match batch.texts.held() {
        Some(texts) => batch.write_and_digest(conn, texts)?,
        None => batch.write_then_digest(conn)?,
    };
    batch.texts.finish(conn)?;
    log_import(writer, batch.head, batch.account, digest);
    Ok(())
}

impl OpenBatch {
    /// The digest is made beside the writing, if there is much of it.
    fn write_and_digest(&self, conn: &Connection, texts: &Held) -> Result<Hash> {
        let rows = &self.rows;
        let digest = || {
            let mut digest = RowsDigest::new();
            for row in rows {
                digest.add(row.identity, row.line, row.number, texts.get(row.place));
            }
            digest.finish()
        };
        if rows.len() < ROWS_BESIDE {
            self.write_rows(conn)?;
            return Ok(digest());
        }
        thread::scope(|scope| {
            let digest = scope.spawn(digest);
            self.write_rows(conn)?;
            digest
                .join()
                .map_err(|_| damaged("the digest of source rows was not made"))
        })
    }

    /// The texts are read back from the file.
    fn write_then_digest(&mut self, conn: &Connection) -> Result<Hash> {
        self.texts.finish(conn)?;
        self.write_rows(conn)?;
        let mut texts = sources::Texts::default();
        let mut digest = RowsDigest::new();
        for row in &self.rows {
            let text = match row.place {
                u64::MAX => None,
                place => Some(texts.get(conn, self.key, place)?),
            };
            digest.add(row.identity, row.line, row.number, text);
        }
        Ok(digest.finish())
    }
}
