//! Imports: a batch and its source rows on their way into the database.

use uuid::Uuid;

use super::super::link::Link;
use super::super::rows::{at, big};
use super::state::Writer;
use crate::book::Result;
use crate::book::stored::texts::{CHUNK_ROWS, RowsDigest, deflate, kept};
use crate::book::stored::write::log_import;
use crate::ledger::account::AccountKey;
use crate::ledger::change::{ImportBatch, SourceRow};

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

/// Opens a batch for the unit at hand.
pub fn open(
    writer: &mut Writer<'_>,
    head: ImportBatch,
    account: Option<(AccountKey, Uuid)>,
) -> Result<()> {
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

impl OpenBatch {
    /// Takes a source row; it is written with the others, in order of identity, when the unit is sealed.
    pub fn hold(&mut self, number: u64, row: SourceRow) {
        let place = match row.raw {
            None => u64::MAX,
            Some(raw) => {
                self.texts.push(kept(raw));
                self.texts.len() as u64 - 1
            }
        };
        self.rows.push(HeldRow {
            identity: row.identity,
            line: row.line,
            number,
            place,
        });
    }

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
    let added = writer.unit.trail.added();
    link.run(
        "UPDATE hissab.batch SET added = $3, seq = $4 WHERE org_id = $1 AND key = $2",
        &[&link.org, &batch.key, &big(added), &writer.seq()],
    )?;
    let mut digest = RowsDigest::new();
    for row in &batch.rows {
        digest.add(row.identity, row.line, row.number, batch.text(row));
    }
    log_import(writer, batch.head, batch.account, digest.finish());
    Ok(())
}
