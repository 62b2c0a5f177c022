//! People who can sign in, and the code that makes the first of them.

use super::db::{OptionalExtension, Row};
use jiff::Timestamp;
use uuid::Uuid;

use super::{Db, bytes, id_at};
use crate::server::problem::Answer;
use crate::wire::auth::User;

/// A user with the hash of the password.
pub struct Known {
    pub user: User,
    pub password: String,
}

pub fn by_email(db: &Db, email: &str) -> super::db::Result<Option<Known>> {
    const FIND: &str = "SELECT id, email, name, password FROM user WHERE email = ?1";
    db.prepare_cached(FIND)?
        .query_row([email], known)
        .optional()
}

pub fn by_id(db: &Db, id: Uuid) -> super::db::Result<Option<Known>> {
    const FIND: &str = "SELECT id, email, name, password FROM user WHERE id = ?1";
    db.prepare_cached(FIND)?
        .query_row([bytes(&id)], known)
        .optional()
}

fn known(row: &Row<'_>) -> super::db::Result<Known> {
    Ok(Known {
        user: User {
            id: id_at(row, 0)?,
            email: row.get(1)?,
            name: row.get(2)?,
        },
        password: row.get(3)?,
    })
}

/// Adds a user; false if the email is taken.
pub fn add(db: &Db, user: &User, password: &str, at: Timestamp) -> Answer<bool> {
    const ADD: &str = "INSERT INTO user (id, email, name, password, created_at)
        VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (email) DO NOTHING";
    let added = db.prepare_cached(ADD)?.execute((
        bytes(&user.id),
        &user.email,
        &user.name,
        password,
        at.as_microsecond(),
    ))?;
    Ok(added == 1)
}

pub fn set_password(db: &Db, user: Uuid, password: &str) -> Answer<()> {
    db.prepare_cached("UPDATE user SET password = ?2 WHERE id = ?1")?
        .execute((bytes(&user), password))?;
    Ok(())
}

/// Whether anybody has an account yet.
pub fn any(db: &Db) -> super::db::Result<bool> {
    db.query_row("SELECT EXISTS (SELECT 1 FROM user)", (), |row| row.get(0))
}

/// The id of this server.
pub fn server_id(db: &Db) -> super::db::Result<Uuid> {
    db.query_row("SELECT id FROM server", (), |row| id_at(row, 0))
}

/// Remembers the digest of the setup code, or forgets it.
pub fn set_setup(db: &Db, code: Option<[u8; 32]>) -> Answer<()> {
    db.execute("UPDATE server SET setup = ?1", [code])?;
    Ok(())
}

/// The digest of the setup code, while there is one.
pub fn setup(db: &Db) -> super::db::Result<Option<[u8; 32]>> {
    db.query_row("SELECT setup FROM server", (), |row| row.get(0))
}
