//! Organisations: an id, a slug, and the name of the book's file.

use super::db::{OptionalExtension, Row};
use jiff::Timestamp;
use uuid::Uuid;

use super::{Db, bytes, id_at};
use crate::server::problem::Answer;

/// A row of an organisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Org {
    pub id: Uuid,
    pub slug: String,
    /// A copy: the book is the truth.
    pub name: String,
    pub plan: String,
    /// The file's name in the folder of the books.
    pub file: String,
}

/// By id or slug. A slug that reads as an id is never given out.
pub fn find(db: &Db, id_or_slug: &str) -> super::db::Result<Option<Org>> {
    const BY_ID: &str = "SELECT id, slug, name, plan, file FROM org WHERE id = ?1";
    const BY_SLUG: &str = "SELECT id, slug, name, plan, file FROM org WHERE slug = ?1";
    let found = match Uuid::try_parse(id_or_slug) {
        Ok(id) => db.prepare_cached(BY_ID)?.query_row([bytes(&id)], org),
        Err(_) => db.prepare_cached(BY_SLUG)?.query_row([id_or_slug], org),
    };
    found.optional()
}

fn org(row: &Row<'_>) -> super::db::Result<Org> {
    Ok(Org {
        id: id_at(row, 0)?,
        slug: row.get(1)?,
        name: row.get(2)?,
        plan: row.get(3)?,
        file: row.get(4)?,
    })
}

/// Adds an organisation; false if the slug is taken.
pub fn add(db: &Db, org: &Org, at: Timestamp) -> Answer<bool> {
    const ADD: &str = "INSERT INTO org (id, slug, name, plan, file, created_at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (slug) DO NOTHING";
    let added = db.prepare_cached(ADD)?.execute((
        bytes(&org.id),
        &org.slug,
        &org.name,
        &org.plan,
        &org.file,
        at.as_microsecond(),
    ))?;
    Ok(added == 1)
}

/// Keeps the copy of the book's name, and the plan.
pub fn set(db: &Db, id: Uuid, name: &str, plan: &str) -> Answer<()> {
    db.prepare_cached("UPDATE org SET name = ?2, plan = ?3 WHERE id = ?1")?
        .execute((bytes(&id), name, plan))?;
    Ok(())
}

/// Every organisation.
pub fn all(db: &Db) -> super::db::Result<Vec<Org>> {
    db.prepare_cached("SELECT id, slug, name, plan, file FROM org ORDER BY slug")?
        .query_map((), org)?
        .collect()
}

/// The files of every organisation.
pub fn files(db: &Db) -> super::db::Result<Vec<String>> {
    db.prepare_cached("SELECT file FROM org")?
        .query_map((), |row| row.get(0))?
        .collect()
}
