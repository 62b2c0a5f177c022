//! What a writer knows while units are applied: the chart, the next numbers, what this unit has done so far.

use rusqlite::Connection;
use uuid::Uuid;

use super::super::{records, rows};
use super::bulk::Bulk;
use super::import::OpenBatch;
use super::lanes::Lanes;
use super::moved::Moved;
use super::search::Words;
use crate::book::{LoggedChange, Result};
use crate::ledger::audit::{Canon, Hash, put_transaction};
use crate::ledger::change::Unit;
use crate::ledger::chart::Chart;
use crate::ledger::settings::Settings;
use crate::ledger::transaction::Transaction;

/// Postings are hashed in runs of this many where there are many: what `verify` can name.
const RUN_OF_MANY: u8 = 64;
/// Up to this many changes every posting is a run of its own, and is named exactly.
const RUNS_OF_ONE: usize = 4_096;

/// The state of one write call inside its database transaction.
pub struct Writer<'c> {
    pub conn: &'c Connection,
    pub book: Uuid,
    pub chart: Chart,
    pub settings: Settings,
    pub next_number: u64,
    pub next_sequence: u64,
    pub previous: Hash,
    pub moved: Moved,
    /// Decimal places by currency key.
    pub scales: Vec<u8>,
    pub unit: UnitState,
    pub bulk: Option<Bulk<'c>>,
    /// Words that are not in the index yet.
    pub words: Words,
}

/// What a writer knows of the book, from a look or from its last commit: true for the next one as long as the audit chain ends there.
pub struct Known {
    sequence: u64,
    head: Hash,
    chart: Chart,
    settings: Settings,
}

impl Known {
    /// Reads it for a writer to come. The head is read first: if anybody commits meanwhile, it is the old one,
    /// and the writer reads everything anew.
    pub fn read(conn: &Connection) -> Result<Known> {
        let head = records::head(conn)?;
        Ok(Known {
            sequence: head.sequence,
            head: head.hash,
            chart: rows::chart(conn)?,
            settings: rows::settings(conn)?,
        })
    }

    /// The chart of that moment.
    pub fn chart(&self) -> &Chart {
        &self.chart
    }
}

/// What the unit at hand has done.
pub struct UnitState {
    pub logged: Vec<LoggedChange>,
    /// Transactions touched, closed ranges as they came.
    pub numbers: Vec<(u64, u64)>,
    /// Transactions that were already there with the same content.
    pub repeated: Vec<u64>,
    pub digest: Canon,
    pub marks: Vec<u8>,
    pub batch: Option<OpenBatch>,
    /// The operation this unit takes back.
    pub undoes: Option<crate::ledger::change::OperationId>,
    /// The newest number posted: what a source row without a number belongs to.
    pub posted: Option<u64>,
    /// About how many changes the unit has.
    pub changes: usize,
    /// Where postings are hashed and their words indexed beside the writing.
    pub lanes: Option<Lanes>,
    run: Option<Run>,
    run_size: u8,
}

struct Run {
    canon: Canon,
    count: u8,
}

impl<'c> Writer<'c> {
    /// Reads the book's head inside the write transaction, and the chart unless it is known.
    pub fn load(conn: &'c Connection, book: Uuid, known: Option<Known>) -> Result<Writer<'c>> {
        let head = records::head(conn)?;
        let known = known.filter(|k| (k.sequence, k.head) == (head.sequence, head.hash));
        let (chart, settings) = match known {
            Some(known) => (known.chart, known.settings),
            None => (rows::chart(conn)?, rows::settings(conn)?),
        };
        let last: u64 = conn
            .prepare_cached("SELECT ifnull(max(number), 0) FROM txn")?
            .query_row([], |row| row.get(0))?;
        Ok(Writer {
            conn,
            book,
            scales: chart.currencies().iter().map(|c| c.scale).collect(),
            chart,
            settings,
            next_number: last + 1,
            next_sequence: head.sequence + 1,
            previous: head.hash,
            moved: Moved::default(),
            unit: UnitState::new(0),
            bulk: None,
            words: Words::default(),
        })
    }

    /// What the next writer may take over once this one's work is committed.
    pub fn known(self) -> Known {
        Known {
            sequence: self.next_sequence - 1,
            head: self.previous,
            chart: self.chart,
            settings: self.settings,
        }
    }

    pub fn start(&mut self, unit: &Unit<'_>) {
        self.unit = UnitState::new(unit.changes.count_hint());
        self.bulk = None;
    }

    /// Adds a posting to the digest and the log.
    pub fn log_posted(&mut self, transaction: Transaction) {
        let number = transaction.number.0;
        match self.unit.logged.last_mut() {
            Some(LoggedChange::Posted { last, .. })
                if *last + 1 == number && self.unit.run.is_some() =>
            {
                *last = number
            }
            _ => {
                self.unit.close_run(&self.chart);
                self.unit.logged.push(LoggedChange::Posted {
                    first: number,
                    last: number,
                });
            }
        }
        self.unit.touch(number);
        self.unit.posted = Some(number);
        let run = self.unit.run.get_or_insert_with(|| Run {
            canon: Canon::new("hissab/run/1"),
            count: 0,
        });
        if let Some(lanes) = &mut self.unit.lanes {
            lanes.post(transaction, &self.chart, usize::from(self.unit.run_size));
            return;
        }
        put_transaction(&mut run.canon, &transaction, &self.chart);
        run.count += 1;
        if run.count >= self.unit.run_size {
            self.unit.finish_run(true);
        }
    }

    /// Adds any other change; `put` writes its content as it is afterwards.
    pub fn log(&mut self, change: LoggedChange, put: impl FnOnce(&mut Canon, &Chart)) {
        self.unit.close_run(&self.chart);
        put(&mut self.unit.digest, &self.chart);
        self.unit.logged.push(change);
    }
}

impl UnitState {
    fn new(changes: usize) -> UnitState {
        let run_size = if changes > RUNS_OF_ONE {
            RUN_OF_MANY
        } else {
            1
        };
        UnitState {
            logged: Vec::new(),
            numbers: Vec::new(),
            repeated: Vec::new(),
            digest: Canon::new("hissab/changes/1"),
            marks: vec![run_size],
            batch: None,
            undoes: None,
            posted: None,
            changes,
            lanes: None,
            run: None,
            run_size,
        }
    }

    /// Notes a touched transaction.
    pub fn touch(&mut self, number: u64) {
        match self.numbers.last_mut() {
            Some((first, last)) if (*first..=*last).contains(&number) => {}
            Some((_, last)) if *last + 1 == number => *last = number,
            _ => self.numbers.push((number, number)),
        }
    }

    /// Hashes what is left of a run of postings.
    pub fn close_run(&mut self, chart: &Chart) {
        self.finish_run(false);
        self.run = None;
        if let Some(lanes) = &mut self.lanes {
            lanes.close(chart, |hash| {
                self.digest.bytes(hash);
                self.marks.extend_from_slice(&hash[..4]);
            });
        }
    }

    fn finish_run(&mut self, more: bool) {
        let Some(run) = self.run.take() else { return };
        if run.count > 0 {
            let hash = run.canon.finish();
            self.digest.bytes(&hash);
            self.marks.extend_from_slice(&hash[..4]);
        }
        if more {
            // An open, empty run says that the range may go on.
            self.run = Some(Run {
                canon: Canon::new("hissab/run/1"),
                count: 0,
            });
        }
    }
}
