//! Answers already given to a request with an `Idempotency-Key`: the same request again gets the same answer.

use super::db::{OptionalExtension, Row};
use jiff::Timestamp;

use super::Db;
use crate::server::problem::{Answer, Problem};

/// An answer as it was given.
#[derive(Debug, Clone)]
pub struct Given {
    pub status: u16,
    pub answer: String,
}

/// The answer of an earlier request under this scope.
///
/// Errors: 422 `key-reused` if that request had another body.
pub fn find(db: &Db, scope: [u8; 32], body: [u8; 32]) -> Answer<Option<Given>> {
    const FIND: &str = "SELECT body, status, answer FROM answered WHERE scope = ?1";
    let found = |row: &Row<'_>| {
        let given = Given {
            status: row.get(1)?,
            answer: row.get(2)?,
        };
        Ok((row.get::<[u8; 32]>(0)?, given))
    };
    match db
        .prepare_cached(FIND)?
        .query_row([scope], found)
        .optional()?
    {
        Some((same, given)) if same == body => Ok(Some(given)),
        Some(_) => Err(Problem::refused(
            "key-reused",
            "this Idempotency-Key came with another request",
        )
        .hint("make a new key for a new request")),
        None => Ok(None),
    }
}

/// Keeps an answer, in the transaction of what it answers.
pub fn keep(db: &Db, scope: [u8; 32], body: [u8; 32], given: &Given, at: Timestamp) -> Answer<()> {
    const KEEP: &str =
        "INSERT INTO answered (scope, body, at, status, answer) VALUES (?1, ?2, ?3, ?4, ?5)";
    let micros = at.as_microsecond();
    db.prepare_cached(KEEP)?
        .execute((scope, body, micros, given.status, &given.answer))?;
    Ok(())
}

/// Forgets answers given before an instant.
pub fn sweep(db: &Db, before: Timestamp) -> Answer<()> {
    db.execute(
        "DELETE FROM answered WHERE at < ?1",
        [before.as_microsecond()],
    )?;
    Ok(())
}
