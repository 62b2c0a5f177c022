//! Imports: a batch and its source rows on their way into the file.

use uuid::Uuid;

use super::super::sources::{CHUNK_ROWS, deflate};
use super::state::Writer;
use crate::book::Result;
pub use crate::book::stored::texts::RowsDigest;
use crate::book::stored::write::log_import;
use crate::ledger::account::AccountKey;
use crate::ledger::change::{ImportBatch, SourceRow};

/// A batch that its unit is still filling.
pub struct OpenBatch {
    key: u64,
    head: ImportBatch,
    account: Option<Uuid>,
    rows: Vec<HeldRow>,
    texts: Vec<String>,
    text_count: u64,
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
        texts: Vec::new(),
        text_count: 0,
    });
    Ok(())
}

impl OpenBatch {
    /// Takes a source row; it is written with the others, in order of identity, when the unit is sealed.
    pub fn hold(&mut self, conn: &rusqlite::Connection, number: u64, row: SourceRow) -> Result<()> {
        let place = match row.raw {
            None => u64::MAX,
            Some(raw) => {
                self.texts.push(raw.replace('\u{1e}', " "));
                self.text_count += 1;
                if self.texts.len() as u64 == CHUNK_ROWS {
                    self.write_texts(conn)?;
                }
                self.text_count - 1
            }
        };
        self.rows.push(HeldRow {
            identity: row.identity,
            line: row.line,
            number,
            place,
        });
        Ok(())
    }

    fn write_texts(&mut self, conn: &rusqlite::Connection) -> Result<()> {
        if self.texts.is_empty() {
            return Ok(());
        }
        let chunk = (self.text_count - 1) / CHUNK_ROWS;
        conn.prepare_cached("INSERT INTO source_text (batch, chunk, data) VALUES (?1, ?2, ?3)")?
            .execute((self.key, chunk, deflate(&self.texts)))?;
        self.texts.clear();
        Ok(())
    }

    /// Rows in order of the table, many a statement. A failing one takes none back: the whole unit is given up.
    fn write_rows(&self, conn: &rusqlite::Connection) -> Result<()> {
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
    batch.write_texts(writer.conn)?;
    batch.rows.sort_unstable_by_key(|r| (r.identity, r.line));
    let added = writer.unit.trail.added();
    writer.conn.execute(
        "UPDATE batch SET added = ?2, seq = ?3 WHERE key = ?1",
        (batch.key, added, writer.next_sequence),
    )?;
    let mut texts = super::super::sources::Texts::default();
    let mut digest = RowsDigest::new();
    batch.write_rows(writer.conn)?;
    for row in &batch.rows {
        let place = (row.place != u64::MAX).then_some(row.place);
        let text = place
            .map(|p| texts.get(writer.conn, batch.key, p))
            .transpose()?;
        digest.add(row.identity, row.line, row.number, text.as_deref());
    }
    log_import(writer, batch.head, batch.account, digest.finish());
    Ok(())
}
