//! Jobs on their way to another registry: what waits is left to the other server, what has ended goes as it is.
//!
//! A job that waits or runs is first called off here (`moving`), then kept there, and at last said to be gone
//! (`moved`): killed in between, the same again brings it there once, and no two servers work on it.

use jiff::Timestamp;
use uuid::Uuid;

use super::db::{Result, Row, Value, unreadable};
use super::{Db, bytes, id_at};
use crate::server::problem::Answer;
use crate::wire::job::JobResult;

/// A job that goes over.
#[derive(Debug, Clone)]
pub struct Leaving {
    pub id: Uuid,
    /// How often it was begun: its result is that of the last time.
    pub attempts: u32,
    /// Of one that succeeded.
    pub result: Option<JobResult>,
    row: Vec<Value>,
}

const COLUMNS: &str = "id, org, user, request, created_at, expires_at, attempts, state, done, total, started_at, \
    finished_at, error_code, error, result";

/// Calls off what waits or runs, for the other server to do.
pub fn leave(db: &Db, to: &str, at: Timestamp) -> Answer<()> {
    const LEAVE: &str =
        "UPDATE job SET state = 'failed', finished_at = ?1, error_code = 'moving', error = ?2
        WHERE state IN ('queued', 'running')";
    let words = format!("the server moved: it is done at {to}");
    db.execute(LEAVE, (at.as_microsecond(), words))?;
    Ok(())
}

/// Every job that is still good and not over there.
pub fn list(db: &Db, at: Timestamp) -> Result<Vec<Leaving>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM job WHERE (error_code IS NULL OR error_code <> 'moved')
          AND (expires_at > ?1 OR error_code = 'moving') ORDER BY created_at, id"
    );
    db.prepare_cached(&sql)?
        .query_map([at.as_microsecond()], leaving)?
        .collect()
}

fn leaving(row: &Row<'_>) -> Result<Leaving> {
    let result: Option<String> = row.get(14)?;
    let read = |text: &String| serde_json::from_str(text).map_err(|e| unreadable(14, e));
    let mut cells: Vec<Value> = Vec::with_capacity(15);
    for at in 0..3 {
        cells.push(row.get::<Option<Vec<u8>>>(at)?.into());
    }
    cells.push(row.get::<Option<String>>(3)?.into());
    for at in 4..7 {
        cells.push(row.get::<Option<i64>>(at)?.into());
    }
    let code: Option<String> = row.get(12)?;
    if code.as_deref() == Some("moving") {
        // It begins there.
        cells.push("queued".to_owned().into());
        cells.extend([Value::Int(0), Value::Int(0)]);
        cells.extend(std::iter::repeat_n(Value::Null, 5));
    } else {
        cells.push(row.get::<Option<String>>(7)?.into());
        for at in 8..12 {
            cells.push(row.get::<Option<i64>>(at)?.into());
        }
        cells.push(code.into());
        cells.push(row.get::<Option<String>>(13)?.into());
        cells.push(result.clone().into());
    }
    Ok(Leaving {
        id: id_at(row, 0)?,
        attempts: row.get(6)?,
        result: result.as_ref().map(read).transpose()?,
        row: cells,
    })
}

/// Whether a job is here.
pub fn has(db: &Db, id: Uuid) -> Result<bool> {
    const HAS: &str = "SELECT EXISTS (SELECT 1 FROM job WHERE id = ?1)";
    db.query_row(HAS, [bytes(&id)], |row| row.get(0))
}

/// Keeps a job that came; one that is here stays as it is.
pub fn arrive(db: &Db, job: &Leaving) -> Answer<()> {
    let marks: Vec<String> = (1..=job.row.len()).map(|n| format!("?{n}")).collect();
    let sql = format!(
        "INSERT INTO job ({COLUMNS}) VALUES ({}) ON CONFLICT DO NOTHING",
        marks.join(", ")
    );
    db.execute(&sql, job.row.clone())?;
    Ok(())
}

/// What was called off is over there.
pub fn left(db: &Db) -> Answer<()> {
    db.execute(
        "UPDATE job SET error_code = 'moved' WHERE error_code = 'moving'",
        (),
    )?;
    Ok(())
}

/// What was called off waits again: where a move was given up.
pub fn back(db: &Db) -> Answer<()> {
    const BACK: &str =
        "UPDATE job SET state = 'queued', finished_at = NULL, error_code = NULL, error = NULL
        WHERE error_code IN ('moving', 'moved')";
    db.execute(BACK, ())?;
    Ok(())
}
