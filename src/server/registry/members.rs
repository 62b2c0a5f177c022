//! Who belongs to which organisation, as what.

use super::db::{OptionalExtension, Row, unreadable};
use jiff::Timestamp;
use uuid::Uuid;

use super::orgs::Org;
use super::{Db, bytes, id_at, time_at};
use crate::server::problem::Answer;
use crate::wire::org::{Member, Membership, Role};

/// The organisation a path names and the role of a user in it; `None` for foreign and for missing ones alike.
pub fn place(db: &Db, id_or_slug: &str, user: Uuid) -> super::db::Result<Option<(Org, Role)>> {
    let Some(org) = super::orgs::find(db, id_or_slug)? else {
        return Ok(None);
    };
    Ok(role(db, org.id, user)?.map(|role| (org, role)))
}

/// The role of a user in an organisation.
pub fn role(db: &Db, org: Uuid, user: Uuid) -> super::db::Result<Option<Role>> {
    db.prepare_cached("SELECT role FROM member WHERE org = ?1 AND user = ?2")?
        .query_row((bytes(&org), bytes(&user)), |row| role_at(row, 0))
        .optional()
}

/// Every organisation of a user, by slug.
pub fn orgs_of(db: &Db, user: Uuid) -> super::db::Result<Vec<Membership>> {
    const OF: &str = "SELECT o.id, o.slug, o.name, m.role FROM member m
        JOIN org o ON o.id = m.org WHERE m.user = ?1 ORDER BY o.slug";
    let found = |row: &Row<'_>| {
        Ok(Membership {
            id: id_at(row, 0)?,
            slug: row.get(1)?,
            name: row.get(2)?,
            role: role_at(row, 3)?,
        })
    };
    db.prepare_cached(OF)?
        .query_map([bytes(&user)], found)?
        .collect()
}

/// Every member of an organisation, by email.
pub fn list(db: &Db, org: Uuid) -> super::db::Result<Vec<Member>> {
    const LIST: &str = "SELECT u.id, u.email, u.name, m.role, m.since, m.version FROM member m
        JOIN user u ON u.id = m.user WHERE m.org = ?1 ORDER BY u.email";
    db.prepare_cached(LIST)?
        .query_map([bytes(&org)], member)?
        .collect()
}

/// One member.
pub fn one(db: &Db, org: Uuid, user: Uuid) -> super::db::Result<Option<Member>> {
    const ONE: &str = "SELECT u.id, u.email, u.name, m.role, m.since, m.version FROM member m
        JOIN user u ON u.id = m.user WHERE m.org = ?1 AND m.user = ?2";
    db.prepare_cached(ONE)?
        .query_row((bytes(&org), bytes(&user)), member)
        .optional()
}

fn member(row: &Row<'_>) -> super::db::Result<Member> {
    Ok(Member {
        id: id_at(row, 0)?,
        email: row.get(1)?,
        name: row.get(2)?,
        role: role_at(row, 3)?,
        state: "member".to_owned(),
        since: time_at(row, 4)?,
        version: row.get(5)?,
    })
}

/// Adds a member; false if there already.
pub fn add(db: &Db, org: Uuid, user: Uuid, role: Role, at: Timestamp) -> Answer<bool> {
    const ADD: &str = "INSERT INTO member (org, user, role, since) VALUES (?1, ?2, ?3, ?4)
        ON CONFLICT DO NOTHING";
    let row = (bytes(&org), bytes(&user), role.word(), at.as_microsecond());
    Ok(db.prepare_cached(ADD)?.execute(row)? == 1)
}

pub fn set_role(db: &Db, org: Uuid, user: Uuid, role: Role) -> Answer<()> {
    const SET: &str =
        "UPDATE member SET role = ?3, version = version + 1 WHERE org = ?1 AND user = ?2";
    db.prepare_cached(SET)?
        .execute((bytes(&org), bytes(&user), role.word()))?;
    Ok(())
}

/// Takes a member out, and the member's tokens with it.
pub fn remove(db: &Db, org: Uuid, user: Uuid, at: Timestamp) -> Answer<()> {
    const TOKENS: &str = "UPDATE token SET revoked_at = ?3
        WHERE org = ?1 AND user = ?2 AND revoked_at IS NULL";
    db.prepare_cached("DELETE FROM member WHERE org = ?1 AND user = ?2")?
        .execute((bytes(&org), bytes(&user)))?;
    db.prepare_cached(TOKENS)?
        .execute((bytes(&org), bytes(&user), at.as_microsecond()))?;
    Ok(())
}

/// How many owners an organisation has.
pub fn owners(db: &Db, org: Uuid) -> super::db::Result<u64> {
    db.prepare_cached("SELECT count(*) FROM member WHERE org = ?1 AND role = 'owner'")?
        .query_row([bytes(&org)], |row| row.get(0))
}

/// How many organisations a user owns.
pub fn owned(db: &Db, user: Uuid) -> super::db::Result<u64> {
    db.prepare_cached("SELECT count(*) FROM member WHERE user = ?1 AND role = 'owner'")?
        .query_row([bytes(&user)], |row| row.get(0))
}

pub(super) fn role_at(row: &Row<'_>, column: usize) -> super::db::Result<Role> {
    let word: String = row.get(column)?;
    Role::from_word(&word).ok_or_else(|| unreadable(column, format!("role {word}")))
}
