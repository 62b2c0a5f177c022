//! The digest of each import's source rows, as the file holds them.

use std::collections::HashMap;

use rusqlite::Connection;
use uuid::Uuid;

use super::fault::damaged;
use super::rows;
use super::sources::Texts;
use crate::book::Result;
use crate::book::stored::texts::RowsDigest;
use crate::ledger::audit::Hash;

/// One digest a batch, over its rows in order of identity and line.
pub fn row_digests(conn: &Connection) -> Result<HashMap<Uuid, Hash>> {
    let mut batches: HashMap<u64, (Uuid, RowsDigest)> = HashMap::new();
    let mut statement = conn.prepare("SELECT id, key FROM batch")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        batches.insert(row.get(1)?, (rows::uuid(row, 0)?, RowsDigest::new()));
    }
    let mut statement = conn.prepare("SELECT identity, batch, line, number, place FROM source_row ORDER BY identity, batch, line")?;
    let mut rows = statement.query([])?;
    let mut texts = Texts::default();
    while let Some(row) = rows.next()? {
        let batch: u64 = row.get(1)?;
        let Some((_, digest)) = batches.get_mut(&batch) else {
            return Err(damaged("a source row of no batch"));
        };
        let text = match row.get::<_, Option<u64>>(4)? {
            None => None,
            Some(place) => Some(texts.get(conn, batch, place)?),
        };
        digest.add(row.get(0)?, row.get(2)?, row.get(3)?, text);
    }
    Ok(batches
        .into_values()
        .map(|(id, digest)| (id, digest.finish()))
        .collect())
}
