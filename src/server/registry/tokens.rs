//! Personal access tokens: for cron and CI, one organisation each.

use super::db::{OptionalExtension, Row};
use jiff::Timestamp;
use uuid::Uuid;

use super::sessions::user_at;
use super::{Db, bytes, id_at, time_at, time_or_none_at};
use crate::server::problem::Answer;
use crate::wire::auth::{Token, User};

/// A token that is good, and whose it is.
#[derive(Debug, Clone)]
pub struct Live {
    pub id: Uuid,
    pub user: User,
    pub org: Uuid,
    pub scopes: Vec<String>,
    pub expires_at: Timestamp,
    pub last_used_at: Option<Timestamp>,
}

pub fn live(db: &Db, hash: [u8; 32], now: Timestamp) -> super::db::Result<Option<Live>> {
    const LIVE: &str = "SELECT t.id, u.id, u.email, u.name, t.org, t.scopes, t.expires_at,
        t.last_used_at FROM token t JOIN user u ON u.id = t.user
        WHERE t.hash = ?1 AND t.revoked_at IS NULL AND t.expires_at > ?2";
    let found = |row: &Row<'_>| {
        Ok(Live {
            id: id_at(row, 0)?,
            user: user_at(row, 1)?,
            org: id_at(row, 4)?,
            scopes: scopes_at(row, 5)?,
            expires_at: time_at(row, 6)?,
            last_used_at: time_or_none_at(row, 7)?,
        })
    };
    db.prepare_cached(LIVE)?
        .query_row((hash, now.as_microsecond()), found)
        .optional()
}

/// Whether a token can still be used.
pub fn is_good(db: &Db, id: Uuid, now: Timestamp) -> super::db::Result<bool> {
    const GOOD: &str = "SELECT EXISTS (SELECT 1 FROM token
        WHERE id = ?1 AND revoked_at IS NULL AND expires_at > ?2)";
    db.prepare_cached(GOOD)?
        .query_row((bytes(&id), now.as_microsecond()), |row| row.get(0))
}

/// Keeps when a token was last used.
pub fn touch(db: &Db, id: Uuid, at: Timestamp) -> Answer<()> {
    db.prepare_cached("UPDATE token SET last_used_at = ?2 WHERE id = ?1")?
        .execute((bytes(&id), at.as_microsecond()))?;
    Ok(())
}

/// Tokens of a user that are good, by name; `org` is the slug.
pub fn list(db: &Db, user: Uuid, now: Timestamp) -> super::db::Result<Vec<Token>> {
    const LIST: &str = "SELECT t.id, t.name, o.slug, t.scopes, t.created_at, t.expires_at,
        t.last_used_at FROM token t JOIN org o ON o.id = t.org
        WHERE t.user = ?1 AND t.revoked_at IS NULL AND t.expires_at > ?2 ORDER BY t.name, t.id";
    let found = |row: &Row<'_>| {
        Ok(Token {
            id: id_at(row, 0)?,
            name: row.get(1)?,
            org: row.get(2)?,
            scopes: scopes_at(row, 3)?,
            created_at: time_at(row, 4)?,
            expires_at: time_at(row, 5)?,
            last_used_at: time_or_none_at(row, 6)?,
            token: None,
        })
    };
    db.prepare_cached(LIST)?
        .query_map((bytes(&user), now.as_microsecond()), found)?
        .collect()
}

/// Keeps a token of a user for an organisation.
pub fn add(db: &Db, user: Uuid, org: Uuid, token: &Token, hash: [u8; 32]) -> Answer<()> {
    const ADD: &str =
        "INSERT INTO token (id, user, org, name, scopes, hash, created_at, expires_at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    db.prepare_cached(ADD)?.execute((
        bytes(&token.id),
        bytes(&user),
        bytes(&org),
        &token.name,
        token.scopes.join(" "),
        hash,
        token.created_at.as_microsecond(),
        token.expires_at.as_microsecond(),
    ))?;
    Ok(())
}

/// Revokes a token of a user; its name and organisation, `None` if there is none that is good.
pub fn revoke(db: &Db, user: Uuid, id: Uuid, at: Timestamp) -> Answer<Option<(String, Uuid)>> {
    const REVOKE: &str = "UPDATE token SET revoked_at = ?3
        WHERE id = ?1 AND user = ?2 AND revoked_at IS NULL RETURNING name, org";
    let key = (bytes(&id), bytes(&user), at.as_microsecond());
    Ok(db
        .prepare_cached(REVOKE)?
        .query_row(key, |row| Ok((row.get(0)?, id_at(row, 1)?)))
        .optional()?)
}

fn scopes_at(row: &Row<'_>, column: usize) -> super::db::Result<Vec<String>> {
    let words: String = row.get(column)?;
    Ok(words.split(' ').map(str::to_owned).collect())
}
