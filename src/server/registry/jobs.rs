//! Jobs as they are kept: asked for, taken, ended, forgotten.

use super::db::{OptionalExtension, Row, unreadable};
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::{Db, bytes, id_at, time_at, time_or_none_at};
use crate::server::problem::{Answer, Problem};
use crate::wire::job::{
    ExportRequest, JobBody, JobError, JobProgress, JobResult, JobState, JobStatus,
};

/// How often a job is begun before it is given up.
const ATTEMPTS_MAX: u32 = 3;

/// A job whose worker has said nothing for so long was left by a server that is gone.
pub const ABANDONED: jiff::SignedDuration = jiff::SignedDuration::from_secs(60);

/// A job, and the organisation it belongs to.
#[derive(Debug, Clone)]
pub struct Job {
    pub org: Uuid,
    /// How often it was begun: its result is that of the last time.
    pub attempts: u32,
    pub body: JobBody,
}

/// A job to be done.
#[derive(Debug, Clone)]
pub struct Task {
    pub id: Uuid,
    pub org: Uuid,
    pub slug: String,
    /// The name of the book's file.
    pub file: String,
    pub request: ExportRequest,
    /// The how manieth time it is begun, from 1. Only the last one may end it.
    pub attempt: u32,
}

/// Keeps a job of a user.
pub fn add(db: &Db, user: Uuid, job: &Job) -> Answer<()> {
    const ADD: &str = "INSERT INTO job (id, org, user, request, state, created_at, expires_at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    let body = &job.body;
    db.prepare_cached(ADD)?.execute((
        bytes(&body.id),
        bytes(&job.org),
        bytes(&user),
        serde_json::to_string(&body.request).map_err(Problem::internal)?,
        body.status.state.word(),
        body.created_at.as_microsecond(),
        body.expires_at.as_microsecond(),
    ))?;
    Ok(())
}

/// How many jobs of an organisation wait or run, and how many are kept.
pub fn counts(db: &Db, org: Uuid) -> super::db::Result<(u64, u64)> {
    const COUNT: &str = "SELECT count(*) FILTER (WHERE state IN ('queued', 'running')), count(*) FROM job WHERE org = ?1";
    db.prepare_cached(COUNT)?
        .query_row([bytes(&org)], |row| Ok((row.get(0)?, row.get(1)?)))
}

/// What [`job`] reads.
const COLUMNS: &str =
    "SELECT j.id, j.org, o.slug, j.request, j.state, j.done, j.total, j.created_at,
    j.started_at, j.finished_at, j.expires_at, j.error_code, j.error, j.result, j.attempts
    FROM job j JOIN org o ON o.id = j.org WHERE j.user = ?1";

/// A job of a user.
pub fn find(db: &Db, user: Uuid, id: Uuid) -> super::db::Result<Option<Job>> {
    db.prepare_cached(&format!("{COLUMNS} AND j.id = ?2"))?
        .query_row((bytes(&user), bytes(&id)), job)
        .optional()
}

/// Jobs of a user in an organisation, the newest first.
pub fn list(db: &Db, user: Uuid, org: Uuid) -> super::db::Result<Vec<Job>> {
    db.prepare_cached(&format!(
        "{COLUMNS} AND j.org = ?2 ORDER BY j.created_at DESC, j.id DESC"
    ))?
    .query_map((bytes(&user), bytes(&org)), job)?
    .collect()
}

fn job(row: &Row<'_>) -> super::db::Result<Job> {
    let state: String = row.get(4)?;
    let unknown = || unreadable(4, format!("state {state}"));
    let code: Option<String> = row.get(11)?;
    let message: Option<String> = row.get(12)?;
    let result: Option<String> = row.get(13)?;
    let status = JobStatus {
        state: JobState::from_word(&state).ok_or_else(unknown)?,
        progress: JobProgress {
            done: row.get(5)?,
            total: row.get(6)?,
        },
        error: code.map(|code| JobError {
            code,
            message: message.unwrap_or_default(),
        }),
    };
    let body = JobBody {
        id: id_at(row, 0)?,
        org: row.get(2)?,
        kind: "export".to_owned(),
        request: json(3, &row.get::<String>(3)?)?,
        status,
        created_at: time_at(row, 7)?,
        started_at: time_or_none_at(row, 8)?,
        finished_at: time_or_none_at(row, 9)?,
        expires_at: time_at(row, 10)?,
        result: result.map(|text| json(13, &text)).transpose()?,
    };
    Ok(Job {
        org: id_at(row, 1)?,
        attempts: row.get(14)?,
        body,
    })
}

fn json<T: DeserializeOwned>(column: usize, text: &str) -> super::db::Result<T> {
    serde_json::from_str(text).map_err(|e| unreadable(column, e))
}

/// Takes the job that waits longest.
pub fn take(db: &Db, at: Timestamp) -> Answer<Option<Task>> {
    const NEXT: &str = "SELECT j.id, j.org, o.slug, o.file, j.request, j.attempts FROM job j
        JOIN org o ON o.id = j.org WHERE j.state = 'queued' ORDER BY j.created_at, j.id LIMIT 1";
    const TAKE: &str = "UPDATE job SET state = 'running', attempts = attempts + 1, started_at = ?2, beat = ?2 WHERE id = ?1";
    let found = |row: &Row<'_>| {
        Ok(Task {
            id: id_at(row, 0)?,
            org: id_at(row, 1)?,
            slug: row.get(2)?,
            file: row.get(3)?,
            request: json(4, &row.get::<String>(4)?)?,
            attempt: row.get::<u32>(5)?.saturating_add(1),
        })
    };
    let next = format!("{NEXT}{}", db.skipping_taken());
    let task = db.prepare_cached(&next)?.query_row((), found).optional()?;
    if let Some(task) = &task {
        db.prepare_cached(TAKE)?
            .execute((bytes(&task.id), at.as_microsecond()))?;
    }
    Ok(task)
}

/// Keeps how a running job ended; false if it was called off meanwhile, or begun once more by another.
pub fn end(
    db: &Db,
    (id, attempt): (Uuid, u32),
    progress: JobProgress,
    outcome: &Result<JobResult, JobError>,
    (at, until): (Timestamp, Timestamp),
) -> Answer<bool> {
    const END: &str = "UPDATE job SET state = ?2, done = ?3, total = ?4, finished_at = ?5,
        expires_at = ?6, error_code = ?7, error = ?8, result = ?9
        WHERE id = ?1 AND state = 'running' AND attempts = ?10";
    let (state, error, result) = match outcome {
        Ok(result) => {
            let text = serde_json::to_string(result).map_err(Problem::internal)?;
            (JobState::Succeeded, None, Some(text))
        }
        Err(error) => (JobState::Failed, Some(error), None),
    };
    let ended = db.prepare_cached(END)?.execute((
        bytes(&id),
        state.word(),
        progress.done,
        progress.total,
        at.as_microsecond(),
        until.as_microsecond(),
        error.map(|e| &e.code),
        error.map(|e| &e.message),
        result,
        attempt,
    ))?;
    Ok(ended == 1)
}

/// Calls a job off that waits or runs; false if it had ended.
pub fn cancel(db: &Db, id: Uuid, at: Timestamp) -> Answer<bool> {
    const CANCEL: &str = "UPDATE job SET state = 'cancelled', finished_at = ?2
        WHERE id = ?1 AND state IN ('queued', 'running')";
    let row = (bytes(&id), at.as_microsecond());
    Ok(db.prepare_cached(CANCEL)?.execute(row)? == 1)
}

/// Forgets a job that has ended.
pub fn remove(db: &Db, id: Uuid) -> Answer<()> {
    const REMOVE: &str = "DELETE FROM job WHERE id = ?1 AND state NOT IN ('queued', 'running')";
    db.prepare_cached(REMOVE)?.execute([bytes(&id)])?;
    Ok(())
}

/// Says that a running job is worked on, and how far it is; false if it was called off, or begun once more by another.
pub fn beat(
    db: &Db,
    (id, attempt): (Uuid, u32),
    progress: JobProgress,
    at: Timestamp,
) -> Answer<bool> {
    const BEAT: &str = "UPDATE job SET beat = ?2, done = ?3, total = ?4
        WHERE id = ?1 AND state = 'running' AND attempts = ?5";
    let row = (
        bytes(&id),
        at.as_microsecond(),
        progress.done,
        progress.total,
        attempt,
    );
    Ok(db.prepare_cached(BEAT)?.execute(row)? == 1)
}

/// Whether a job waits.
pub fn waits(db: &Db) -> super::db::Result<bool> {
    const WAITS: &str = "SELECT EXISTS (SELECT 1 FROM job WHERE state = 'queued')";
    db.prepare_cached(WAITS)?.query_row((), |row| row.get(0))
}

/// At start: what ran when the server ended waits again; what was begun too often has failed.
pub fn recover(db: &Db, at: Timestamp) -> Answer<()> {
    const GIVE_UP: &str = "UPDATE job SET state = 'failed', finished_at = ?2,
        error_code = 'stopped', error = 'the server stopped while it ran, more than once'
        WHERE state = 'running' AND attempts >= ?1 AND ifnull(beat, started_at) <= ?3";
    // Another server may be at work on what it began lately.
    let begun = match db.is_shared() {
        true => at.saturating_sub(ABANDONED).unwrap_or(at),
        false => at,
    };
    let begun = begun.as_microsecond();
    db.execute(GIVE_UP, (ATTEMPTS_MAX, at.as_microsecond(), begun))?;
    db.execute(
        "UPDATE job SET state = 'queued' WHERE state = 'running' AND ifnull(beat, started_at) <= ?1",
        [begun],
    )?;
    Ok(())
}

/// Jobs whose time is over, and how often each was begun.
pub fn expired(db: &Db, now: Timestamp) -> super::db::Result<Vec<(Uuid, u32)>> {
    const EXPIRED: &str = "SELECT id, attempts FROM job WHERE expires_at <= ?1 AND state NOT IN ('queued', 'running')";
    db.prepare_cached(EXPIRED)?
        .query_map([now.as_microsecond()], |row| {
            Ok((id_at(row, 0)?, row.get(1)?))
        })?
        .collect()
}
