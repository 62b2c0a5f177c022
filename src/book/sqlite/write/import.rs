//! Imports: the batch, its source rows, and taking one batch back.

use rusqlite::OptionalExtension;
use uuid::Uuid;

use super::super::sources::{CHUNK_ROWS, deflate};
use super::state::Writer;
use super::transactions::{conflict, refused, void};
pub use crate::book::stored::texts::RowsDigest;
use crate::book::{BookError, LoggedChange, Result};
use crate::ledger::audit::put_import;
use crate::ledger::change::{Assertion, ImportBatch, SourceRow, Target};
use crate::ledger::transaction::Number;
use crate::ledger::violation::Violation;

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

/// Opens a batch; it must be the only one of its unit.
pub fn begin(writer: &mut Writer<'_>, head: ImportBatch) -> Result<()> {
    if writer.unit.batch.is_some() {
        return Err(conflict(
            "two-batches",
            "one unit imports one file".to_owned(),
            None,
        ));
    }
    let account = match &head.account {
        None => None,
        Some(path) => match writer.chart.find(path) {
            Some(account) => Some((account.key, account.id)),
            None => {
                let near = writer.chart.near(path);
                return Err(refused(vec![Violation::UnknownAccount {
                    path: path.clone(),
                    near,
                }]));
            }
        },
    };
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

/// Takes a source row; it is written with the others, in order of identity, when the unit is sealed.
pub fn row(writer: &mut Writer<'_>, row: SourceRow) -> Result<()> {
    let posted = writer.unit.posted;
    let repeated = writer.unit.repeated.last().copied();
    let conn = writer.conn;
    let Some(batch) = writer.unit.batch.as_mut() else {
        return Err(conflict(
            "no-batch",
            "a source row belongs to an import".to_owned(),
            None,
        ));
    };
    let number = row
        .number
        .map(|n| n.0)
        .or(posted)
        .or(repeated)
        .ok_or_else(|| {
            conflict(
                "no-transaction",
                format!("line {} stands for no transaction", row.line),
                None,
            )
        })?;
    let place = match row.raw {
        None => u64::MAX,
        Some(raw) => {
            batch.texts.push(raw.replace('\u{1e}', " "));
            batch.text_count += 1;
            if batch.texts.len() as u64 == CHUNK_ROWS {
                batch.write_texts(conn)?;
            }
            batch.text_count - 1
        }
    };
    batch.rows.push(HeldRow {
        identity: row.identity,
        line: row.line,
        number,
        place,
    });
    Ok(())
}

impl OpenBatch {
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
    let added: u64 = writer
        .unit
        .logged
        .iter()
        .map(|c| {
            if let LoggedChange::Posted { first, last } = c {
                last - first + 1
            } else {
                0
            }
        })
        .sum();
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
    let rows = digest.finish();
    let change = LoggedChange::Imported {
        batch: batch.head.clone(),
        rows,
    };
    writer.log(change, |canon, _| {
        put_import(canon, &batch.head, batch.account, &rows)
    });
    Ok(())
}

/// Voids every transaction a batch posted and withdraws the balances it vouched for; its rows count as
/// absent from then on.
pub fn undo(writer: &mut Writer<'_>, id: Uuid) -> Result<()> {
    let stored: Option<(u64, u64, bool)> = writer
        .conn
        .query_row(
            "SELECT key, first_seq, undone FROM batch WHERE id = ?1",
            [id.as_bytes().as_slice()],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )
        .optional()?;
    let Some((key, sequence, undone)) = stored else {
        return Err(BookError::NotFound {
            what: format!("import {id}"),
        });
    };
    if undone {
        return Ok(());
    }
    let query = crate::book::AuditQuery {
        since: Some(sequence - 1),
        before: Some(sequence + 1),
        ..crate::book::AuditQuery::default()
    };
    for entry in super::super::records::audit(writer.conn, &query)? {
        for change in entry.changes {
            match change {
                LoggedChange::Posted { first, last } => {
                    for number in first..=last {
                        void(
                            writer,
                            Target::Number(Number(number)),
                            None,
                            Some("import undone".to_owned()),
                        )?;
                    }
                }
                LoggedChange::Assertion(vouched) if !vouched.withdrawn => {
                    let withdrawn = Assertion {
                        withdrawn: true,
                        ..vouched
                    };
                    super::chart::assertion(writer, withdrawn)?;
                }
                _ => {}
            }
        }
    }
    mark_undone(writer, key, id)
}

/// Undoes that a batch was taken back: its rows are known again.
///
/// Errors: a conflict if a later import (after the record `since`) brought any of its rows again.
pub fn restore(writer: &mut Writer<'_>, id: Uuid, since: u64) -> Result<()> {
    let key: u64 = writer.conn.query_row(
        "SELECT key FROM batch WHERE id = ?1",
        [id.as_bytes().as_slice()],
        |row| row.get(0),
    )?;
    let again: Option<u64> = writer
        .conn
        .query_row(
            "SELECT b.key FROM source_row s JOIN source_row o ON o.identity = s.identity
               JOIN batch b ON b.key = o.batch
              WHERE s.batch = ?1 AND b.undone = 0 AND b.first_seq > ?2 LIMIT 1",
            (key, since),
            |row| row.get(0),
        )
        .optional()?;
    if let Some(again) = again {
        return Err(conflict(
            "changed-since",
            format!(
                "rows of import {key} were brought in again by import {again}; nothing was undone"
            ),
            Some("hissab import list".to_owned()),
        ));
    }
    writer.conn.execute(
        "UPDATE batch SET undone = 0, seq = ?2 WHERE key = ?1",
        (key, writer.next_sequence),
    )?;
    writer.log(LoggedChange::ImportRestored { batch: id }, |canon, _| {
        canon.text("import-restored");
        canon.bytes(id.as_bytes());
    });
    Ok(())
}

/// Marks a batch as taken back.
pub fn mark_undone(writer: &mut Writer<'_>, key: u64, id: Uuid) -> Result<()> {
    writer.conn.execute(
        "UPDATE batch SET undone = 1, seq = ?2 WHERE key = ?1",
        (key, writer.next_sequence),
    )?;
    writer.log(LoggedChange::ImportUndone { batch: id }, |canon, _| {
        canon.text("import-undone");
        canon.bytes(id.as_bytes());
    });
    Ok(())
}
