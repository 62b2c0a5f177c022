//! Imports: the batch, its source rows, and taking one batch back.

use uuid::Uuid;

use super::super::link::Link;
use super::super::rows::{at, big, count_at};
use super::state::Writer;
use super::transactions::{conflict, refused, void};
use crate::book::stored::texts::{CHUNK_ROWS, RowsDigest, deflate};
use crate::book::{BookError, LoggedChange, Result};
use crate::ledger::audit::put_import;
use crate::ledger::change::{Assertion, ImportBatch, SourceRow, Target};
use crate::ledger::transaction::Number;
use crate::ledger::violation::Violation;

/// A batch that its unit is still filling.
pub struct OpenBatch {
    key: i64,
    head: ImportBatch,
    account: Option<Uuid>,
    rows: Vec<HeldRow>,
    texts: Vec<String>,
}

struct HeldRow {
    identity: i64,
    line: u64,
    number: u64,
    /// Place of its text, or `u64::MAX`.
    place: u64,
}

/// Source rows, and chunks of their texts, in one statement.
const ROWS_A_STATEMENT: usize = 10_000;
const CHUNKS_A_STATEMENT: usize = 64;

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
    let link = writer.link;
    let row = link.one(
        "SELECT coalesce(max(key), 0) + 1 FROM hissab.batch WHERE org_id = $1",
        &[&link.org],
    )?;
    let key: i64 = at(&row, 0)?;
    link.run(
        "INSERT INTO hissab.batch (org_id, key, id, file, sha256, format, account, skipped, added, undone, first_seq, seq)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, false, $9, $9)",
        &[
            &link.org,
            &key,
            &head.id,
            &head.file,
            &head.sha256.as_slice(),
            &head.format,
            &account.map(|a| super::chart::key(a.0)),
            &big(head.skipped),
            &writer.seq(),
        ],
    )?;
    writer.unit.batch = Some(OpenBatch {
        key,
        head,
        account: account.map(|a| a.1),
        rows: Vec::new(),
        texts: Vec::new(),
    });
    Ok(())
}

/// Takes a source row; it is written with the others, in order of identity, when the unit is sealed.
pub fn row(writer: &mut Writer<'_>, row: SourceRow) -> Result<()> {
    let posted = writer.unit.posted;
    let repeated = writer.unit.repeated.last().copied();
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
            batch.texts.len() as u64 - 1
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
    fn write_texts(&self, link: &Link) -> Result<()> {
        let chunks: Vec<&[String]> = self.texts.chunks(CHUNK_ROWS as usize).collect();
        let mut first = 0;
        for some in chunks.chunks(CHUNKS_A_STATEMENT) {
            let data: Vec<Vec<u8>> = some.iter().map(|rows| deflate(rows)).collect();
            let places: Vec<i64> = (first..).take(data.len()).collect();
            first += data.len() as i64;
            link.run(
                "INSERT INTO hissab.source_text (org_id, batch, chunk, data) SELECT $1, $2, * FROM unnest($3::bigint[], $4::bytea[])",
                &[&link.org, &self.key, &places, &data],
            )?;
        }
        Ok(())
    }

    fn write_rows(&self, link: &Link) -> Result<()> {
        for chunk in self.rows.chunks(ROWS_A_STATEMENT) {
            let identities: Vec<i64> = chunk.iter().map(|r| r.identity).collect();
            let lines: Vec<i64> = chunk.iter().map(|r| big(r.line)).collect();
            let numbers: Vec<i64> = chunk.iter().map(|r| big(r.number)).collect();
            let place = |r: &HeldRow| (r.place != u64::MAX).then_some(big(r.place));
            let places: Vec<Option<i64>> = chunk.iter().map(place).collect();
            link.run(
                "INSERT INTO hissab.source_row (org_id, identity, batch, line, number, place)
                 SELECT $1, x.identity, $2, x.line, x.number, x.place
                   FROM unnest($3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[]) AS x (identity, line, number, place)",
                &[&link.org, &self.key, &identities, &lines, &numbers, &places],
            )?;
        }
        Ok(())
    }

    /// The text of a row, if it has one.
    fn text(&self, row: &HeldRow) -> Option<&str> {
        let place = usize::try_from(row.place).ok()?;
        self.texts.get(place).map(String::as_str)
    }
}

/// Writes the rows of the unit's batch and logs it, before the seal.
pub fn finish(writer: &mut Writer<'_>) -> Result<()> {
    let Some(mut batch) = writer.unit.batch.take() else {
        return Ok(());
    };
    let link = writer.link;
    batch.write_texts(link)?;
    batch.rows.sort_unstable_by_key(|r| (r.identity, r.line));
    batch.write_rows(link)?;
    let added: u64 = writer.unit.trail.logged.iter().map(posted).sum();
    link.run(
        "UPDATE hissab.batch SET added = $3, seq = $4 WHERE org_id = $1 AND key = $2",
        &[&link.org, &batch.key, &big(added), &writer.seq()],
    )?;
    let mut digest = RowsDigest::new();
    for row in &batch.rows {
        digest.add(row.identity, row.line, row.number, batch.text(row));
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

/// How many transactions a change posted.
fn posted(change: &LoggedChange) -> u64 {
    match change {
        LoggedChange::Posted { first, last } => last - first + 1,
        _ => 0,
    }
}

/// Voids every transaction a batch posted and withdraws the balances it vouched for; its rows count as
/// absent from then on.
pub fn undo(writer: &mut Writer<'_>, id: Uuid) -> Result<()> {
    let link = writer.link;
    let stored = link.opt(
        "SELECT key, first_seq, undone FROM hissab.batch WHERE org_id = $1 AND id = $2",
        &[&link.org, &id],
    )?;
    let Some(row) = stored else {
        return Err(BookError::NotFound {
            what: format!("import {id}"),
        });
    };
    let (key, sequence) = (at(&row, 0)?, count_at(&row, 1)?);
    let undone: bool = at(&row, 2)?;
    if undone {
        return Ok(());
    }
    let query = crate::book::AuditQuery {
        since: Some(sequence - 1),
        before: Some(sequence + 1),
        ..crate::book::AuditQuery::default()
    };
    for entry in super::super::records::audit(writer.link, &query)? {
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
    let link = writer.link;
    let row = link.one(
        "SELECT key FROM hissab.batch WHERE org_id = $1 AND id = $2",
        &[&link.org, &id],
    )?;
    let key: i64 = at(&row, 0)?;
    let again = link.opt(
        "SELECT b.key FROM hissab.source_row s
           JOIN hissab.source_row o ON o.org_id = s.org_id AND o.identity = s.identity
           JOIN hissab.batch b ON b.org_id = o.org_id AND b.key = o.batch
          WHERE s.org_id = $1 AND s.batch = $2 AND NOT b.undone AND b.first_seq > $3 ORDER BY b.key LIMIT 1",
        &[&link.org, &key, &big(since)],
    )?;
    let again: Option<i64> = again.map(|row| at(&row, 0)).transpose()?;
    if let Some(again) = again {
        return Err(conflict(
            "changed-since",
            format!(
                "rows of import {key} were brought in again by import {again}; nothing was undone"
            ),
            Some("hissab import list".to_owned()),
        ));
    }
    link.run(
        "UPDATE hissab.batch SET undone = false, seq = $3 WHERE org_id = $1 AND key = $2",
        &[&link.org, &key, &writer.seq()],
    )?;
    writer.log(LoggedChange::ImportRestored { batch: id }, |canon, _| {
        canon.text("import-restored");
        canon.bytes(id.as_bytes());
    });
    Ok(())
}

/// Marks a batch as taken back.
pub fn mark_undone(writer: &mut Writer<'_>, key: i64, id: Uuid) -> Result<()> {
    writer.link.run(
        "UPDATE hissab.batch SET undone = true, seq = $3 WHERE org_id = $1 AND key = $2",
        &[&writer.link.org, &key, &writer.seq()],
    )?;
    writer.log(LoggedChange::ImportUndone { batch: id }, |canon, _| {
        canon.text("import-undone");
        canon.bytes(id.as_bytes());
    });
    Ok(())
}
