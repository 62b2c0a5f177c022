//! The one way in: units of changes, all in one commit, under the lock of the organisation's counters.
//!
//! Units that only post are proved by the rules in memory and wait together for one flight of statements, COMMIT at
//! its end; any other unit has a savepoint of its own. If the database refuses a flight, its units are run again in
//! halves, so that one cannot take the others with it. A lost connection is asked again: the operation of a unit
//! says whether it was recorded.

use std::cell::Cell;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio_postgres::Row;
use uuid::Uuid;

use super::fault::damaged;
use super::link::Link;
use super::records::ranges;
use super::rows::{at, count_at, hash_at};
use super::store::Store;
use crate::book::stored::write as rules;
use crate::book::{BookError, Result};
use crate::ledger::audit::GENESIS;
use crate::ledger::change::{Change, ChangeSource, Done, OperationId, Repeat, Unit, WriteMode};

mod chart;
mod columns;
mod flush;
mod import;
mod rows;
mod state;
mod transactions;

pub use columns::Transactions;
use flush::Then;
pub use state::Known;
use state::{Counters, UnitState, Writer};

/// Units with more changes than this are not looked at ahead: their ids are asked for by the page.
const LARGE: usize = 2_000;
/// Ids asked for at once.
const IDS_PAGE: usize = 10_000;
const LOCK: &str =
    "SELECT number, sequence, head, moved FROM hissab.org_counters WHERE org_id = $1 FOR UPDATE";

// Each key is looked for as the first from it on: until a table has been analysed, any index that begins with the
// organisation seems as good as the key's own, but only that one has the order.
const DONE: &str =
    "SELECT a.operation, a.seq, a.hash, a.numbers FROM unnest($2::uuid[]) AS x (operation),
    LATERAL (SELECT operation, seq, hash, numbers FROM hissab.audit
              WHERE org_id = $1 AND operation >= x.operation ORDER BY operation LIMIT 1) a
    WHERE a.operation = x.operation";

const KEYED: &str = "SELECT r.key, r.content, r.seq, a.hash, r.numbers, a.numbers FROM unnest($2::text[]) AS x (key),
    LATERAL (SELECT key, content, seq, numbers FROM hissab.request
              WHERE org_id = $1 AND key >= x.key ORDER BY key LIMIT 1) r
    LEFT JOIN hissab.audit a ON a.org_id = $1 AND a.seq = r.seq
    WHERE r.key = x.key";

const THERE: &str = "SELECT t.id FROM unnest($2::uuid[]) AS x (id),
    LATERAL (SELECT id FROM hissab.txn WHERE org_id = $1 AND id >= x.id ORDER BY id LIMIT 1) t
    WHERE t.id = x.id";

/// How long what may pass by itself is tried again.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the port's `write` does. `known` is what the writer before it left.
pub fn write(
    store: &Arc<Store>,
    (org, book): (Uuid, Uuid),
    units: &[Unit<'_>],
    mode: WriteMode,
    known: &mut Option<Known>,
) -> Result<Vec<Result<Done>>> {
    let call = Call {
        store,
        org,
        book,
        mode,
        new: None,
        uncertain: Cell::new(false),
    };
    let plans: Vec<Plan> = units.iter().map(Plan::of).collect();
    call.patiently(units, &plans, known)
}

/// Makes the book of an organisation with its first unit.
pub fn create(
    store: &Arc<Store>,
    org: Uuid,
    (book, at): (Uuid, Timestamp),
    first: &Unit<'_>,
) -> Result<Done> {
    let call = Call {
        store,
        org,
        book,
        mode: WriteMode::CommitAll,
        new: Some(at),
        uncertain: Cell::new(false),
    };
    let units = std::slice::from_ref(first);
    let plans: Vec<Plan> = units.iter().map(Plan::of).collect();
    let mut outcomes = call.patiently(units, &plans, &mut None)?;
    outcomes
        .pop()
        .unwrap_or_else(|| Err(damaged("a unit had no outcome")))
}

/// One call of the port.
struct Call<'a> {
    store: &'a Arc<Store>,
    org: Uuid,
    book: Uuid,
    mode: WriteMode,
    /// When the book is made, if this call makes it.
    new: Option<Timestamp>,
    /// A COMMIT was sent whose answer never came.
    uncertain: Cell<bool>,
}

/// The database went away for good between a COMMIT and its answer.
fn lost() -> BookError {
    BookError::Io {
        what: "the database went away during the commit: whether it was recorded is not known"
            .to_owned(),
    }
}

/// Which operations, keys and ids of the units at hand are there already.
struct Heard {
    done: Vec<Row>,
    keyed: Vec<Row>,
    there: Vec<Row>,
}

/// What a unit is, known before the database is asked.
struct Plan {
    /// Only new transactions that reverse nothing: proved in memory, sent with others.
    posts_only: bool,
    /// Ids of its transactions; none where it is large.
    ids: Vec<Uuid>,
}

impl Plan {
    fn of(unit: &Unit<'_>) -> Plan {
        let mut plan = Plan {
            posts_only: unit.changes.count_hint() < LARGE,
            ids: Vec::new(),
        };
        if !plan.posts_only {
            return plan;
        }
        unit.changes.visit(&mut |change| {
            match change {
                Change::Post(draft) => {
                    plan.posts_only &= draft.reverses.is_none() && !plan.ids.contains(&draft.id.0);
                    plan.ids.push(draft.id.0);
                }
                _ => plan.posts_only = false,
            }
            ControlFlow::Continue(())
        });
        plan
    }
}

impl Call<'_> {
    /// Tries again what may pass by itself, then in halves what the database refuses.
    fn patiently(
        &self,
        units: &[Unit<'_>],
        plans: &[Plan],
        known: &mut Option<Known>,
    ) -> Result<Vec<Result<Done>>> {
        let began = Instant::now();
        let mut pause = Duration::from_millis(5);
        loop {
            match self.once(units, plans, known.take()) {
                Ok((outcomes, after)) => {
                    *known = after;
                    return Ok(outcomes);
                }
                Err(BookError::Busy) if began.elapsed() < PATIENCE => {
                    let pause_now = jittered(pause);
                    self.store
                        .wait(async { tokio::time::sleep(pause_now).await });
                    pause = (pause * 2).min(Duration::from_millis(500));
                }
                Err(BookError::Busy) if self.uncertain.get() => return Err(lost()),
                Err(error @ BookError::Conflict { .. }) if self.mode != WriteMode::CommitAll => {
                    return self.halves(units, plans, error);
                }
                Err(error @ BookError::Conflict { .. }) => return Ok(vec![Err(error)]),
                Err(error) => return Err(error),
            }
        }
    }

    /// The database refused all of them for one of them.
    fn halves(
        &self,
        units: &[Unit<'_>],
        plans: &[Plan],
        refused: BookError,
    ) -> Result<Vec<Result<Done>>> {
        if units.len() < 2 {
            return Ok(vec![Err(refused)]);
        }
        let middle = units.len() / 2;
        let mut outcomes = self.patiently(&units[..middle], &plans[..middle], &mut None)?;
        outcomes.extend(self.patiently(&units[middle..], &plans[middle..], &mut None)?);
        Ok(outcomes)
    }

    /// One database transaction.
    fn once(
        &self,
        units: &[Unit<'_>],
        plans: &[Plan],
        known: Option<Known>,
    ) -> Result<(Vec<Result<Done>>, Option<Known>)> {
        let mut link = Link::writing(self.store, self.org)?;
        let (counters, heard) = self.lock(&link, units, plans)?;
        let mut writer = Writer::load(&link, self.book, counters, known)?;
        writer.hear(heard, units, plans)?;
        let mut outcomes = Vec::with_capacity(units.len());
        for (unit, plan) in units.iter().zip(plans) {
            outcomes.push(writer.run(unit, plan)?);
        }
        let spoilt = self.mode == WriteMode::CommitAll && outcomes.iter().any(Result::is_err);
        if self.mode == WriteMode::DryRun {
            // The fences are asked too; then the transaction is given up.
            writer.send(Then::Stay)?;
            return Ok((outcomes, None));
        }
        if spoilt {
            return Ok((outcomes, None));
        }
        let sequence = writer.counters().sequence;
        if sequence == counters.sequence {
            let known = writer.known();
            link.end()?;
            return Ok((outcomes, Some(known)));
        }
        writer.send(Then::Commit).inspect_err(|error| {
            if matches!(error, BookError::Busy) {
                self.uncertain.set(true);
            }
        })?;
        let known = writer.known();
        link.ended();
        self.store.saw(self.org, sequence);
        self.store.hint(self.org, sequence);
        Ok((outcomes, Some(known)))
    }

    /// Takes the organisation's lock: one writer at a time, whichever server it works in. Behind it goes the question
    /// which operations, keys and ids of all units are there already.
    fn lock(&self, link: &Link, units: &[Unit<'_>], plans: &[Plan]) -> Result<(Counters, Heard)> {
        if let Some(at) = self.new {
            claim(link, self.book, at)?;
            link.run(
                "INSERT INTO hissab.org_counters (org_id, number, sequence, head) VALUES ($1, 0, 0, $2)",
                &[&link.org, &GENESIS.as_slice()],
            )?;
        }
        let operations: Vec<Uuid> = units.iter().map(|u| u.operation.0).collect();
        let keys: Vec<&str> = units
            .iter()
            .filter_map(|u| u.once.as_ref().map(|once| once.key.as_str()))
            .collect();
        let ids: Vec<Uuid> = plans.iter().flat_map(|p| p.ids.iter().copied()).collect();
        let [counters, done, keyed, there] = link.all_of([
            (LOCK, &[&link.org]),
            (DONE, &[&link.org, &operations]),
            (KEYED, &[&link.org, &keys]),
            (THERE, &[&link.org, &ids]),
        ])?;
        let row = counters.first().ok_or_else(|| BookError::NotFound {
            what: format!("the book of organisation {}", link.org),
        })?;
        super::whole::refuse_moved(at(row, 3)?, link.org)?;
        let counters = Counters {
            number: count_at(row, 0)?,
            sequence: count_at(row, 1)?,
            head: hash_at(row, 2)?,
        };
        Ok((counters, Heard { done, keyed, there }))
    }
}

/// Half of a pause to all of it, by chance: two writers do not meet again.
fn jittered(pause: Duration) -> Duration {
    let half = pause / 2;
    let spread = u64::try_from(half.as_nanos()).unwrap_or(1).max(1);
    half + Duration::from_nanos((Uuid::now_v7().as_u128() as u64) % spread)
}

impl Writer<'_> {
    /// Takes what was asked once for all units: which operations, keys and ids are there already.
    fn hear(&mut self, heard: Heard, units: &[Unit<'_>], plans: &[Plan]) -> Result<()> {
        for row in &heard.done {
            let done = Done {
                sequence: count_at(row, 1)?,
                hash: hash_at(row, 2)?,
                numbers: ranges(at(row, 3)?)?,
                repeat: Repeat::Already,
            };
            self.done.insert(OperationId(at(row, 0)?), done);
        }
        for row in &heard.keyed {
            let key: String = at(row, 0)?;
            let numbers: &str = at(row, 4)?;
            if at::<Option<&str>>(row, 5)? != Some(numbers) {
                let words = format!("what is kept for --once {key:?} is not what was written");
                return Err(damaged(words));
            }
            let done = Done {
                sequence: count_at(row, 2)?,
                hash: hash_at(row, 3)?,
                numbers: ranges(numbers)?,
                repeat: Repeat::Already,
            };
            self.keyed.insert(key, (hash_at(row, 1)?, done));
        }
        for row in &heard.there {
            self.ids.insert(at(row, 0)?);
        }
        // Of an operation that was done before, what it posts is there: otherwise something else comes under its id.
        for (unit, plan) in units.iter().zip(plans) {
            let all_there = plan.ids.iter().all(|id| self.ids.contains(id));
            if self.done.contains_key(&unit.operation) && !all_there {
                self.reused.insert(unit.operation);
            }
        }
        Ok(())
    }

    /// Which of these ids are taken.
    fn ask_about_ids(&mut self, ids: &[Uuid]) -> Result<()> {
        for page in ids.chunks(IDS_PAGE) {
            for row in self.link.all(
                "SELECT id FROM hissab.txn WHERE org_id = $1 AND id = ANY ($2)",
                &[&self.link.org, &page],
            )? {
                self.ids.insert(at(&row, 0)?);
            }
        }
        Ok(())
    }

    /// One unit: made, refused, or nothing new. An outer error gives the whole transaction up.
    fn run(&mut self, unit: &Unit<'_>, plan: &Plan) -> Result<Result<Done>> {
        // The key first: it stands for the whole request, so that ids made anew for the same one do not matter.
        let keyed = unit.once.as_ref().and_then(|once| {
            let (content, done) = self.keyed.get(&once.key)?;
            Some(rules::same_thing(once, content).map(|()| done.clone()))
        });
        if let Some(Ok(done)) = keyed {
            return Ok(Ok(done));
        }
        if self.reused.contains(&unit.operation) {
            return Ok(Err(BookError::operation_reused(unit.operation)));
        }
        if let Some(done) = self.done.get(&unit.operation) {
            return Ok(Ok(done.clone()));
        }
        if let Some(refused) = keyed {
            return Ok(refused);
        }
        let outcome = match plan.posts_only && !plan.ids.iter().any(|id| self.ids.contains(id)) {
            true => self.in_memory(unit),
            false => self.in_savepoint(unit)?,
        };
        if let Ok(done) = &outcome
            && done.repeat == Repeat::New
        {
            let again = Done {
                repeat: Repeat::Already,
                ..done.clone()
            };
            if let Some(once) = &unit.once {
                self.keyed
                    .insert(once.key.clone(), (once.content, again.clone()));
            }
            self.done.insert(unit.operation, again);
        }
        Ok(outcome)
    }

    /// A unit whose rules need nothing but the chart: it waits for the flight, or leaves no trace.
    fn in_memory(&mut self, unit: &Unit<'_>) -> Result<Done> {
        let (waiting, number) = (self.pending.postings.len(), self.next_number);
        let outcome = self.one(unit, false);
        match &outcome {
            Ok(done) if done.repeat == Repeat::New => {}
            _ => {
                self.pending.postings.truncate(waiting);
                self.next_number = number;
            }
        }
        outcome
    }

    /// Any other unit: what waits is sent first, then the unit is kept whole or rolled back.
    fn in_savepoint(&mut self, unit: &Unit<'_>) -> Result<Result<Done>> {
        if !self.pending.is_empty() {
            self.send(Then::Stay)?;
        }
        let before = self.counters();
        self.link.batch("SAVEPOINT unit")?;
        // A book without transactions has none of theirs: a long list need not be read once more.
        if unit.changes.count_hint() >= LARGE && self.next_number > 1 {
            let mut ids = Vec::new();
            unit.changes.visit(&mut |change| {
                if let Change::Post(draft) = change {
                    ids.push(draft.id.0);
                }
                ControlFlow::Continue(())
            });
            self.ask_about_ids(&ids)?;
        }
        let outcome = self.one(unit, true).and_then(|done| {
            self.send(Then::Stay)?;
            Ok(done)
        });
        match outcome {
            Ok(done) if done.repeat == Repeat::New => {
                self.link.batch("RELEASE SAVEPOINT unit")?;
                Ok(Ok(done))
            }
            Err(error @ (BookError::Io { .. } | BookError::Damaged { .. } | BookError::Busy)) => {
                Err(error)
            }
            outcome => {
                // What the database said to the flight that goes with it matters only if it is gone.
                if let Err(
                    error @ (BookError::Io { .. } | BookError::Damaged { .. } | BookError::Busy),
                ) = self.link.landed()
                {
                    return Err(error);
                }
                self.link
                    .batch("ROLLBACK TO SAVEPOINT unit; RELEASE SAVEPOINT unit")?;
                let (done, keyed) = (
                    std::mem::take(&mut self.done),
                    std::mem::take(&mut self.keyed),
                );
                let ids = std::mem::take(&mut self.ids);
                *self = Writer::load(self.link, self.book, before, None)?;
                (self.done, self.keyed, self.ids) = (done, keyed, ids);
                Ok(outcome)
            }
        }
    }

    fn one(&mut self, unit: &Unit<'_>, sends: bool) -> Result<Done> {
        self.unit = UnitState::new(unit.changes.count_hint());
        self.unit.sends = sends;
        let mut index = 0;
        walk(self, unit.changes, &mut |writer, change| {
            rules::apply(writer, unit, change).map_err(|error| rules::placed(error, index))?;
            index += 1;
            Ok(())
        })?;
        rules::keep_together(self)?;
        import::finish(self)?;
        self.seal(unit)
    }

    /// The audit record that seals a unit; one that changed nothing leaves no record.
    fn seal(&mut self, unit: &Unit<'_>) -> Result<Done> {
        self.unit.trail.close_run();
        if self.unit.trail.logged.is_empty() {
            let repeated = std::mem::take(&mut self.unit.trail.repeated);
            return Ok(rules::nothing(
                repeated,
                (self.next_sequence - 1, self.previous),
            ));
        }
        let place = (self.next_sequence, self.previous);
        let record = self.unit.trail.record(self.book, unit, place);
        let trail = &self.unit.trail;
        let logged = (trail.logged.as_slice(), self.scales.as_slice());
        self.pending
            .record(&record, logged, &trail.marks, unit.once.as_ref())?;
        self.gather();
        self.previous = record.hash;
        self.next_sequence += 1;
        Ok(Done {
            sequence: record.sequence,
            hash: record.hash,
            numbers: record.numbers,
            repeat: Repeat::New,
        })
    }
}

/// Hands every change to `take`, in order, until it fails.
fn walk(
    writer: &mut Writer<'_>,
    changes: &dyn ChangeSource,
    take: &mut dyn FnMut(&mut Writer<'_>, Change) -> Result<()>,
) -> Result<()> {
    let mut failed = None;
    changes.visit(&mut |change| match take(writer, change) {
        Ok(()) => ControlFlow::Continue(()),
        Err(error) => {
            failed = Some(error);
            ControlFlow::Break(())
        }
    });
    failed.map_or(Ok(()), Err)
}

/// Makes the organisation's book.
///
/// Errors: it has one already.
pub fn claim(link: &Link, book: Uuid, at: Timestamp) -> Result<()> {
    let made = link.run(
        "INSERT INTO hissab.book (org_id, id, created_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        &[&link.org, &book, &at.as_microsecond()],
    )?;
    match made {
        0 => Err(BookError::Conflict {
            code: "book-exists",
            message: "the organisation has a book already".to_owned(),
            hint: None,
            operation: None,
        }),
        _ => Ok(()),
    }
}
