//! Sign-ins and the refresh tokens that followed from each.

use super::db::{OptionalExtension, Row};
use jiff::Timestamp;
use uuid::Uuid;

use super::{Db, bytes, id_at, time_at, time_or_none_at};
use crate::server::problem::Answer;
use crate::wire::auth::{Session, User};

/// A session that goes on, and whose it is.
#[derive(Debug, Clone)]
pub struct Live {
    pub user: User,
    pub expires_at: Timestamp,
}

/// The session of an access token, if it has not ended.
pub fn live(db: &Db, id: Uuid, now: Timestamp) -> super::db::Result<Option<Live>> {
    const LIVE: &str = "SELECT u.id, u.email, u.name, s.expires_at
        FROM session s JOIN user u ON u.id = s.user
        WHERE s.id = ?1 AND s.ended_at IS NULL AND s.expires_at > ?2";
    let found = |row: &Row<'_>| {
        Ok(Live {
            user: user_at(row, 0)?,
            expires_at: time_at(row, 3)?,
        })
    };
    db.prepare_cached(LIVE)?
        .query_row((bytes(&id), now.as_microsecond()), found)
        .optional()
}

/// Id, email and name from three columns.
pub(super) fn user_at(row: &Row<'_>, column: usize) -> super::db::Result<User> {
    Ok(User {
        id: id_at(row, column)?,
        email: row.get(column + 1)?,
        name: row.get(column + 2)?,
    })
}

/// How many sign-ins of a person go on at once: a script that signs in anew on every run ends its own oldest ones.
pub const SESSIONS_MAX: u32 = 100;

/// Ends those of a user's sessions that were not used for the longest time, so that one more is within the limit.
pub fn make_room(db: &Db, user: Uuid, now: Timestamp) -> Answer<()> {
    const END: &str = "UPDATE session SET ended_at = ?2, ended_why = 'too many sign-ins'
        WHERE id IN (SELECT id FROM session
            WHERE user = ?1 AND ended_at IS NULL AND expires_at > ?2
            ORDER BY last_used_at DESC, created_at DESC, id DESC LIMIT 1000000 OFFSET ?3)";
    let kept = i64::from(SESSIONS_MAX - 1);
    db.prepare_cached(END)?
        .execute((bytes(&user), now.as_microsecond(), kept))?;
    Ok(())
}

/// Begins a session with its first refresh token.
pub fn begin(db: &Db, user: Uuid, session: &Session, refresh: [u8; 32]) -> Answer<()> {
    const BEGIN: &str =
        "INSERT INTO session (id, user, agent, created_at, last_used_at, expires_at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    db.prepare_cached(BEGIN)?.execute((
        bytes(&session.id),
        bytes(&user),
        &session.agent,
        session.created_at.as_microsecond(),
        session.last_used_at.as_microsecond(),
        session.expires_at.as_microsecond(),
    ))?;
    add_refresh(db, session.id, refresh, session.created_at)
}

/// A refresh token as it is kept, with its session.
pub struct Refreshing {
    pub session: Uuid,
    pub user: User,
    pub used_at: Option<Timestamp>,
    pub expires_at: Timestamp,
    pub ended: bool,
}

pub fn refreshing(db: &Db, hash: [u8; 32]) -> super::db::Result<Option<Refreshing>> {
    const FIND: &str = "SELECT s.id, u.id, u.email, u.name, r.used_at, s.expires_at,
        s.ended_at IS NOT NULL FROM refresh r JOIN session s ON s.id = r.session
        JOIN user u ON u.id = s.user WHERE r.hash = ?1";
    let found = |row: &Row<'_>| {
        Ok(Refreshing {
            session: id_at(row, 0)?,
            user: user_at(row, 1)?,
            used_at: time_or_none_at(row, 4)?,
            expires_at: time_at(row, 5)?,
            ended: row.get(6)?,
        })
    };
    db.prepare_cached(FIND)?.query_row([hash], found).optional()
}

/// Marks a refresh token as used and keeps its successor.
pub fn rotate(db: &Db, session: Uuid, used: [u8; 32], next: [u8; 32], at: Timestamp) -> Answer<()> {
    let micros = at.as_microsecond();
    db.prepare_cached("UPDATE refresh SET used_at = ?2 WHERE hash = ?1")?
        .execute((used, micros))?;
    db.prepare_cached("UPDATE session SET last_used_at = ?2 WHERE id = ?1")?
        .execute((bytes(&session), micros))?;
    add_refresh(db, session, next, at)
}

fn add_refresh(db: &Db, session: Uuid, hash: [u8; 32], at: Timestamp) -> Answer<()> {
    db.prepare_cached("INSERT INTO refresh (hash, session, made_at) VALUES (?1, ?2, ?3)")?
        .execute((hash, bytes(&session), at.as_microsecond()))?;
    Ok(())
}

/// Sessions of a user that go on, the newest first; none is marked as current.
pub fn list(db: &Db, user: Uuid, now: Timestamp) -> super::db::Result<Vec<Session>> {
    const LIST: &str = "SELECT id, agent, created_at, last_used_at, expires_at FROM session
        WHERE user = ?1 AND ended_at IS NULL AND expires_at > ?2 ORDER BY created_at DESC, id";
    let found = |row: &Row<'_>| {
        Ok(Session {
            id: id_at(row, 0)?,
            agent: row.get(1)?,
            created_at: time_at(row, 2)?,
            last_used_at: time_at(row, 3)?,
            expires_at: time_at(row, 4)?,
            current: false,
        })
    };
    db.prepare_cached(LIST)?
        .query_map((bytes(&user), now.as_microsecond()), found)?
        .collect()
}

/// Ends a session of a user; false if there is none that goes on.
pub fn end(db: &Db, user: Uuid, session: Uuid, why: &str, at: Timestamp) -> Answer<bool> {
    const END: &str = "UPDATE session SET ended_at = ?3, ended_why = ?4
        WHERE id = ?1 AND user = ?2 AND ended_at IS NULL";
    let row = (bytes(&session), bytes(&user), at.as_microsecond(), why);
    Ok(db.prepare_cached(END)?.execute(row)? == 1)
}

/// Ends every session of a user but one.
pub fn end_others(db: &Db, user: Uuid, keep: Uuid, why: &str, at: Timestamp) -> Answer<()> {
    const END: &str = "UPDATE session SET ended_at = ?3, ended_why = ?4
        WHERE user = ?1 AND id <> ?2 AND ended_at IS NULL";
    db.prepare_cached(END)?
        .execute((bytes(&user), bytes(&keep), at.as_microsecond(), why))?;
    Ok(())
}

/// Forgets sessions that ended or ran out before an instant.
pub fn sweep(db: &Db, before: Timestamp) -> Answer<()> {
    const TOKENS: &str = "DELETE FROM refresh WHERE session IN
        (SELECT id FROM session WHERE ifnull(ended_at, expires_at) < ?1)";
    const SESSIONS: &str = "DELETE FROM session WHERE ifnull(ended_at, expires_at) < ?1";
    for sql in [TOKENS, SESSIONS] {
        db.execute(sql, [before.as_microsecond()])?;
    }
    Ok(())
}
