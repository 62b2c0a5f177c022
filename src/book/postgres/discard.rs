//! Books that another one replaced: which there are, and how their rows go.

use std::sync::Arc;

use jiff::Timestamp;
use uuid::Uuid;

use super::link::Link;
use super::records::instant;
use super::rows::at;
use super::store::Store;
use crate::book::Result;

/// Every table of a book, those that name others before those that are named.
const TABLES: [&str; 19] = [
    "entry",
    "source_text",
    "source_row",
    "txn",
    "assertion",
    "accepted",
    "batch",
    "price",
    "total",
    "conversion",
    "request",
    "account",
    "currency",
    "setting",
    "unsealed",
    "raised",
    "audit",
    "org_counters",
    "book",
];

/// Notes that a book was replaced: in the transaction that replaces it.
pub fn note(link: &Link, org: Uuid, key: Uuid) -> Result<()> {
    const NOTE: &str = "INSERT INTO hissab_server.replaced (org, key, at)
        VALUES ($1, $2, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint) ON CONFLICT DO NOTHING";
    let (org, key) = (org.as_bytes().as_slice(), key.as_bytes().as_slice());
    link.run(NOTE, &[&org, &key]).map(drop)
}

/// The keys of books that others replaced in an organisation, and since when, the oldest first.
pub fn replaced(store: &Arc<Store>, org: Uuid) -> Result<Vec<(Uuid, Timestamp)>> {
    const REPLACED: &str =
        "SELECT key, at FROM hissab_server.replaced WHERE org = $1 ORDER BY at, key";
    let link = Link::reading_here(store, org)?;
    let rows = link.all(REPLACED, &[&org.as_bytes().as_slice()])?;
    let read = rows.iter().map(|row| {
        let key: &[u8] = at(row, 0)?;
        let key = Uuid::from_slice(key).map_err(|e| super::fault::damaged(e.to_string()))?;
        Ok((key, instant(at(row, 1)?)?))
    });
    read.collect()
}

/// Takes a replaced book out, if the book `by` holds all of it; the database proves that itself.
///
/// Errors: `Conflict` if it does not, `ReadOnly` if the tables are somebody else's; nothing is changed.
pub fn discard(store: &Arc<Store>, org: Uuid, key: Uuid, by: Uuid) -> Result<()> {
    let link = Link::writing(store, key)?;
    // Only the owner of the tables may.
    link.batch("SET LOCAL ROLE NONE")?;
    let proven = "INSERT INTO hissab.discarded (org_id, held_by) VALUES ($1, $2)";
    link.run(proven, &[&key, &by])?;
    for table in TABLES {
        link.run(
            &format!("DELETE FROM hissab.{table} WHERE org_id = $1"),
            &[&key],
        )?;
    }
    link.run("DELETE FROM hissab.discarded WHERE org_id = $1", &[&key])?;
    link.run(
        "DELETE FROM hissab_server.replaced WHERE org = $1 AND key = $2",
        &[&org.as_bytes().as_slice(), &key.as_bytes().as_slice()],
    )?;
    link.end()
}
