//! Imported files and their source rows.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use uuid::Uuid;

use super::fault::damaged;
use super::link::Link;
use super::records::instant;
use super::rows::{at, count_at, hash_at};
use crate::book::stored::texts::{CHUNK_ROWS, RowsDigest, inflate};
use crate::book::{ImportRow, KnownRow, Result};
use crate::ledger::audit::Hash;
use crate::ledger::change::ImportBatch;

/// Rows read at once.
const PAGE: i64 = 10_000;

/// Every imported file, oldest first.
pub fn imports(link: &Link) -> Result<Vec<ImportRow>> {
    let rows = link.all(
        "SELECT b.key, b.id, b.file, b.sha256, b.format, a.path, b.skipped, b.added, b.undone, b.first_seq, r.at
           FROM hissab.batch b LEFT JOIN hissab.account a ON a.org_id = b.org_id AND a.key = b.account
           LEFT JOIN hissab.audit r ON r.org_id = b.org_id AND r.seq = b.first_seq WHERE b.org_id = $1 ORDER BY b.key",
        &[&link.org],
    )?;
    rows.iter()
        .map(|row| {
            let recorded: i64 = at::<Option<i64>>(row, 10)?
                .ok_or_else(|| damaged("an import without its audit record"))?;
            Ok(ImportRow {
                batch: count_at(row, 0)?,
                recorded_at: instant(recorded)?,
                sequence: count_at(row, 9)?,
                head: ImportBatch {
                    id: at(row, 1)?,
                    file: at(row, 2)?,
                    sha256: hash_at(row, 3)?,
                    format: at(row, 4)?,
                    account: at::<Option<&str>>(row, 5)?.map(Into::into),
                    skipped: count_at(row, 6)?,
                },
                added: count_at(row, 7)?,
                undone: at(row, 8)?,
            })
        })
        .collect()
}

/// Source rows stored under any of these identities, in order of identity, batch, line.
pub fn known_rows(link: &Link, identities: &[i64]) -> Result<Vec<KnownRow>> {
    let mut texts = Texts::default();
    let mut known = Vec::new();
    for page in identities.chunks(PAGE as usize) {
        let rows = link.all(
            "SELECT s.identity, s.batch, s.line, s.number, s.place FROM hissab.source_row s
               JOIN hissab.batch b ON b.org_id = s.org_id AND b.key = s.batch
              WHERE s.org_id = $1 AND s.identity = ANY ($2) AND NOT b.undone ORDER BY s.identity, s.batch, s.line",
            &[&link.org, &page],
        )?;
        for row in &rows {
            let batch = count_at(row, 1)?;
            let raw = match at::<Option<i64>>(row, 4)? {
                None => None,
                Some(place) => Some(texts.get(link, batch, place.unsigned_abs())?),
            };
            known.push(KnownRow {
                identity: at(row, 0)?,
                batch,
                line: count_at(row, 2)?,
                number: count_at(row, 3)?,
                raw,
            });
        }
    }
    Ok(known)
}

/// Source rows that stand for any of these transactions (sorted), by number, batch and line.
pub fn sources_of(link: &Link, numbers: &[u64]) -> Result<Vec<KnownRow>> {
    let wanted: Vec<i64> = numbers.iter().map(|n| super::rows::big(*n)).collect();
    let rows = link.all(
        "SELECT s.identity, s.batch, s.line, s.number FROM hissab.source_row s
           JOIN hissab.batch b ON b.org_id = s.org_id AND b.key = s.batch
          WHERE s.org_id = $1 AND NOT b.undone AND s.number = ANY ($2) ORDER BY s.number, s.batch, s.line",
        &[&link.org, &wanted],
    )?;
    rows.iter()
        .map(|row| {
            Ok(KnownRow {
                identity: at(row, 0)?,
                batch: count_at(row, 1)?,
                line: count_at(row, 2)?,
                number: count_at(row, 3)?,
                raw: None,
            })
        })
        .collect()
}

/// The digest of each batch's source rows, as they are stored.
pub fn row_digests(link: &Link) -> Result<HashMap<Uuid, Hash>> {
    let mut batches: HashMap<u64, (Uuid, RowsDigest)> = HashMap::new();
    for row in link.all(
        "SELECT id, key FROM hissab.batch WHERE org_id = $1",
        &[&link.org],
    )? {
        batches.insert(count_at(&row, 1)?, (at(&row, 0)?, RowsDigest::new()));
    }
    let mut texts = Texts::default();
    let mut last: (i64, i64, i64) = (i64::MIN, -1, -1);
    loop {
        let rows = link.all(
            "SELECT identity, batch, line, number, place FROM hissab.source_row
              WHERE org_id = $1 AND (identity, batch, line) > ($2, $3, $4) ORDER BY identity, batch, line LIMIT $5",
            &[&link.org, &last.0, &last.1, &last.2, &PAGE],
        )?;
        for row in &rows {
            last = (at(row, 0)?, at(row, 1)?, at(row, 2)?);
            let batch = count_at(row, 1)?;
            let Some((_, digest)) = batches.get_mut(&batch) else {
                return Err(damaged("a source row of no batch"));
            };
            let text = match at::<Option<i64>>(row, 4)? {
                None => None,
                Some(place) => Some(texts.get(link, batch, place.unsigned_abs())?),
            };
            digest.add(
                last.0,
                count_at(row, 2)?,
                count_at(row, 3)?,
                text.as_deref(),
            );
        }
        if (rows.len() as i64) < PAGE {
            break;
        }
    }
    Ok(batches
        .into_values()
        .map(|(id, digest)| (id, digest.finish()))
        .collect())
}

/// Inflated chunks, each read once.
#[derive(Default)]
struct Texts {
    chunks: HashMap<(u64, u64), Vec<String>>,
}

impl Texts {
    /// The text of the row at a place of a batch.
    fn get(&mut self, link: &Link, batch: u64, place: u64) -> Result<String> {
        let missing = || damaged("the text of a source row is missing");
        let (chunk, index) = (place / CHUNK_ROWS, (place % CHUNK_ROWS) as usize);
        let rows = match self.chunks.entry((batch, chunk)) {
            Entry::Occupied(slot) => slot.into_mut(),
            Entry::Vacant(slot) => {
                let row = link
                    .opt(
                        "SELECT data FROM hissab.source_text WHERE org_id = $1 AND batch = $2 AND chunk = $3",
                        &[&link.org, &super::rows::big(batch), &super::rows::big(chunk)],
                    )?
                    .ok_or_else(missing)?;
                slot.insert(inflate(at(&row, 0)?)?)
            }
        };
        rows.get(index).cloned().ok_or_else(missing)
    }
}
