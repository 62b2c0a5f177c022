//! The one way in: units of changes, all in one commit.
//!
//! A unit that fails is taken back and uses no number and no sequence. Several small units run without savepoints,
//! which copy every page that is changed, a sixth of the work: most units that fail have written nothing. If one
//! has, all are run again, each in a savepoint. If the COMMIT itself fails the units are run again singly, so that one cannot take the others with it.
//! Nobody is answered before the COMMIT.

use std::ops::ControlFlow;

use rusqlite::Connection;
use uuid::Uuid;

use super::fault::damaged;
use super::rows::hash;
use super::{mark, requests};
use crate::book::stored::write as rules;
use crate::book::{BookError, Result};
use crate::ledger::change::{Change, ChangeSource, Done, Repeat, Unit, WriteMode};

mod ahead;
mod bulk;
mod chart;
pub mod entries;
mod headers;
mod import;
mod lanes;
mod moved;
mod rows;
mod seal;
pub mod search;
mod state;
mod texts;
mod transactions;

use ahead::Step;
pub use state::Known;
use state::Writer;

/// Units this large take the bulk path: fences off, rows sorted, fences on again before the seal.
const BULK_CHANGES: usize = 2_000;

/// What the port's `write` does. `known` is what the writer before it left.
pub fn write(
    conn: &Connection,
    book: Uuid,
    units: &[Unit<'_>],
    mode: WriteMode,
    known: &mut Option<Known>,
) -> Result<Vec<Result<Done>>> {
    begin(conn)?;
    let ran = mark::refuse(conn).and_then(|()| run(conn, book, units, known.take()));
    let (outcomes, after) = match ran {
        Ok(ran) => ran,
        Err(error) => {
            rollback(conn);
            return Err(error);
        }
    };
    let spoilt = mode == WriteMode::CommitAll && outcomes.iter().any(Result::is_err);
    // One unit has no savepoint: what it did goes with the transaction.
    let nothing = units.len() == 1 && !outcomes.iter().all(is_new);
    if mode == WriteMode::DryRun || spoilt || nothing {
        rollback(conn);
        return Ok(outcomes);
    }
    // The control of the crash tests: answers first and commits when the program ends.
    if cfg!(feature = "control-early-ack") {
        return Ok(outcomes);
    }
    match conn.execute_batch("COMMIT") {
        Ok(()) => {
            *known = Some(after);
            Ok(outcomes)
        }
        Err(error) => {
            rollback(conn);
            if units.len() > 1 && mode == WriteMode::Commit {
                return units.iter().map(|unit| singly(conn, book, unit)).collect();
            }
            Err(error.into())
        }
    }
}

/// One unit, one commit.
fn singly(conn: &Connection, book: Uuid, unit: &Unit<'_>) -> Result<Result<Done>> {
    let unit = std::slice::from_ref(unit);
    let mut outcomes = write(conn, book, unit, WriteMode::Commit, &mut None)?;
    outcomes
        .pop()
        .ok_or_else(|| damaged("a unit had no outcome"))
}

fn begin(conn: &Connection) -> Result<()> {
    if cfg!(feature = "control-early-ack") && !conn.is_autocommit() {
        conn.execute_batch("COMMIT")?;
    }
    conn.execute_batch("BEGIN IMMEDIATE")?;
    // Another process may have migrated the file since it was opened.
    let version: u32 = conn.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if version != super::SCHEMA_VERSION {
        rollback(conn);
        return Err(BookError::Newer {
            found: version,
            known: super::SCHEMA_VERSION,
        });
    }
    Ok(())
}

fn rollback(conn: &Connection) {
    // The only errors here say that there is nothing left to roll back.
    let _ = conn.execute_batch("ROLLBACK");
}

/// The outcome of every unit, and what the next writer need not read.
type Ran = (Vec<Result<Done>>, Known);

fn run(conn: &Connection, book: Uuid, units: &[Unit<'_>], known: Option<Known>) -> Result<Ran> {
    let small = |unit: &Unit<'_>| unit.changes.count_hint() < BULK_CHANGES;
    let savepoints = units.len() > 1 && !units.iter().all(small);
    if let Some(ran) = run_each(conn, book, units, known, savepoints)? {
        return Ok(ran);
    }
    rollback(conn);
    begin(conn)?;
    mark::refuse(conn)?;
    run_each(conn, book, units, None, true)?
        .ok_or_else(|| damaged("a savepoint did not take a unit back"))
}

/// `None`: a unit failed that had written something, and there was no savepoint to go back to.
fn run_each(
    conn: &Connection,
    book: Uuid,
    units: &[Unit<'_>],
    known: Option<Known>,
    savepoints: bool,
) -> Result<Option<Ran>> {
    let mut writer = Writer::load(conn, book, known)?;
    let mut outcomes = Vec::with_capacity(units.len());
    for unit in units {
        if unit.changes.count_hint() >= BULK_CHANGES {
            writer.words.flush(conn)?;
        }
        let (words, changes) = (writer.words.len(), conn.total_changes());
        if savepoints {
            step(conn, "SAVEPOINT unit")?;
        }
        let outcome = one(&mut writer, unit).and_then(|done| sealed(conn).map(|()| done));
        if units.len() > 1 && !is_new(&outcome) {
            if savepoints {
                step(conn, "ROLLBACK TO unit")?;
            } else if conn.total_changes() != changes {
                return Ok(None);
            }
            let mut earlier = std::mem::take(&mut writer.words);
            earlier.truncate(words);
            writer = Writer::load(conn, book, None)?;
            writer.words = earlier;
        }
        if savepoints {
            step(conn, "RELEASE unit")?;
        }
        if matches!(
            outcome,
            Err(BookError::Io { .. } | BookError::Damaged { .. } | BookError::Busy)
        ) {
            outcome?;
            unreachable!("the outcome is an error");
        }
        outcomes.push(outcome);
    }
    if units.len() > 1 || outcomes.iter().all(is_new) {
        writer.words.flush(conn)?;
    }
    if let Some(unit) = units.iter().rfind(|unit| unit.once.is_some()) {
        requests::forget(conn, unit.at)?;
    }
    Ok(Some((outcomes, writer.known())))
}

/// Whether a unit has put something into the book.
fn is_new(outcome: &Result<Done>) -> bool {
    matches!(outcome, Ok(done) if done.repeat == Repeat::New)
}

/// Runs a statement that is run for every unit.
fn step(conn: &Connection, sql: &str) -> Result<()> {
    conn.prepare_cached(sql)?.execute([])?;
    Ok(())
}

/// An inner RELEASE passes with a deferred violation pending, and the COMMIT then fails for everyone.
fn sealed(conn: &Connection) -> Result<()> {
    let open: bool = conn
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM unsealed)")?
        .query_row([], |row| row.get(0))?;
    if open {
        Err(damaged("a unit left something unsealed"))
    } else {
        Ok(())
    }
}

fn one(writer: &mut Writer<'_>, unit: &Unit<'_>) -> Result<Done> {
    if let Some(done) = already(writer.conn, unit)? {
        return Ok(done);
    }
    writer.start(unit);
    let bulk = unit.changes.count_hint() >= BULK_CHANGES;
    if bulk {
        bulk::begin(writer, unit.changes.count_hint())?;
    }
    let mut index = 0;
    let mut take = |writer: &mut Writer<'_>, step| {
        step_of(writer, unit, step).map_err(|error| rules::placed(error, index))?;
        index += 1;
        Ok(())
    };
    if bulk {
        ahead::walk(writer, unit.changes, &mut take)?;
    } else {
        walk(writer, unit.changes, &mut take)?;
    }
    rules::keep_together(writer)?;
    if bulk {
        bulk::finish(writer)?;
    }
    let done = seal::seal(writer, unit)?;
    bulk::gather(writer)?;
    Ok(done)
}

/// Hands every change to `take`, in order, until it fails.
fn walk(
    writer: &mut Writer<'_>,
    changes: &dyn ChangeSource,
    take: &mut dyn FnMut(&mut Writer<'_>, Step) -> Result<()>,
) -> Result<()> {
    let mut failed = None;
    changes.visit(&mut |change| match take(writer, Step::Change(change)) {
        Ok(()) => ControlFlow::Continue(()),
        Err(error) => {
            failed = Some(error);
            ControlFlow::Break(())
        }
    });
    failed.map_or(Ok(()), Err)
}

fn step_of(writer: &mut Writer<'_>, unit: &Unit<'_>, step: Step) -> Result<()> {
    match step {
        Step::Change(change) => rules::apply(writer, unit, change),
        Step::Made { id, date, made } => {
            if let (Some(bulk), Ok(Some(_))) =
                (&mut writer.bulk, made.as_ref().map(|made| made.reverses))
            {
                bulk.write(writer.conn)?;
            }
            rules::post_made(writer, id, date, made)
        }
    }
}

/// How many postings of a repeated operation are looked for: an import's first ones tell.
const POSTS_COMPARED: usize = 1_000;

/// The same operation or the same `--once` key again: what it did the first time.
///
/// The key first: what it stands for is the whole request, so that ids made anew for the same one do not matter.
fn already(conn: &Connection, unit: &Unit<'_>) -> Result<Option<Done>> {
    let keyed = match &unit.once {
        Some(once) => requests::answered(conn, once),
        None => Ok(None),
    };
    if matches!(keyed, Ok(Some(_))) {
        return keyed;
    }
    let mut statement =
        conn.prepare_cached("SELECT seq, hash, numbers FROM audit WHERE operation = ?1")?;
    let mut found = statement.query([unit.operation.0.as_bytes().as_slice()])?;
    if let Some(row) = found.next()? {
        let done = Done {
            sequence: row.get(0)?,
            hash: hash(row, 1)?,
            numbers: ranges(row.get_ref(2)?)?,
            repeat: Repeat::Already,
        };
        same_posts(conn, unit)?;
        return Ok(Some(done));
    }
    keyed
}

/// Of an operation that was done before: what it posts is there. Otherwise something else comes under its id, and
/// nobody may be told that this was recorded.
fn same_posts(conn: &Connection, unit: &Unit<'_>) -> Result<()> {
    let mut statement = conn.prepare_cached("SELECT 1 FROM txn WHERE id = ?1")?;
    let (mut left, mut outcome) = (POSTS_COMPARED, Ok(()));
    unit.changes.visit(&mut |change| {
        if let Change::Post(draft) = change {
            left -= 1;
            outcome = match statement.exists([draft.id.0.as_bytes().as_slice()]) {
                Ok(true) => Ok(()),
                Ok(false) => Err(BookError::operation_reused(unit.operation)),
                Err(error) => Err(error.into()),
            };
        }
        match outcome.is_err() || left == 0 {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    });
    outcome
}

/// A JSON list of closed ranges.
pub fn ranges(value: rusqlite::types::ValueRef<'_>) -> Result<Vec<(u64, u64)>> {
    let text = value
        .as_str()
        .map_err(|_| damaged("a list of numbers is not text"))?;
    serde_json::from_str(text).map_err(|_| damaged("a list of numbers is not one"))
}
