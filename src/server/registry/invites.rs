//! Invitations: a role that waits for someone with an email.

use super::db::{OptionalExtension, Row};
use jiff::Timestamp;
use uuid::Uuid;

use super::members::role_at;
use super::{Db, bytes, id_at, time_at};
use crate::server::problem::Answer;
use crate::wire::org::{Member, Role};

/// An invitation that can be taken.
#[derive(Debug, Clone)]
pub struct Open {
    pub id: Uuid,
    pub org: Uuid,
    pub email: String,
    pub role: Role,
}

pub fn by_code(db: &Db, code: [u8; 32], now: Timestamp) -> super::db::Result<Option<Open>> {
    const FIND: &str =
        "SELECT id, org, email, role FROM invite WHERE code = ?1 AND expires_at > ?2";
    let found = |row: &Row<'_>| {
        Ok(Open {
            id: id_at(row, 0)?,
            org: id_at(row, 1)?,
            email: row.get(2)?,
            role: role_at(row, 3)?,
        })
    };
    db.prepare_cached(FIND)?
        .query_row((code, now.as_microsecond()), found)
        .optional()
}

/// Who waits to come into an organisation, by email.
pub fn list(db: &Db, org: Uuid, now: Timestamp) -> super::db::Result<Vec<Member>> {
    const LIST: &str = "SELECT id, email, role, created_at FROM invite
        WHERE org = ?1 AND expires_at > ?2 ORDER BY email";
    let found = |row: &Row<'_>| {
        Ok(Member {
            id: id_at(row, 0)?,
            email: row.get(1)?,
            name: String::new(),
            role: role_at(row, 2)?,
            state: "invited".to_owned(),
            since: time_at(row, 3)?,
            version: 1,
        })
    };
    db.prepare_cached(LIST)?
        .query_map((bytes(&org), now.as_microsecond()), found)?
        .collect()
}

/// Keeps an invitation in place of an earlier one of the same email.
pub fn put(
    db: &Db,
    invite: &Open,
    code: [u8; 32],
    by: Uuid,
    at: Timestamp,
    until: Timestamp,
) -> Answer<()> {
    const ADD: &str =
        "INSERT INTO invite (id, org, email, role, code, invited_by, created_at, expires_at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    db.prepare_cached("DELETE FROM invite WHERE org = ?1 AND email = ?2")?
        .execute((bytes(&invite.org), &invite.email))?;
    db.prepare_cached(ADD)?.execute((
        bytes(&invite.id),
        bytes(&invite.org),
        &invite.email,
        invite.role.word(),
        code,
        bytes(&by),
        at.as_microsecond(),
        until.as_microsecond(),
    ))?;
    Ok(())
}

/// Takes an invitation away; its email and role, `None` if there is none.
pub fn remove(db: &Db, org: Uuid, id: Uuid) -> Answer<Option<(String, Role)>> {
    const REMOVE: &str = "DELETE FROM invite WHERE id = ?1 AND org = ?2 RETURNING email, role";
    Ok(db
        .prepare_cached(REMOVE)?
        .query_row((bytes(&id), bytes(&org)), |row| {
            Ok((row.get(0)?, role_at(row, 1)?))
        })
        .optional()?)
}
