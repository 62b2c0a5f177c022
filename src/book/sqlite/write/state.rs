//! What a writer knows while units are applied: the chart, the next numbers, what this unit has done so far.

use rusqlite::Connection;
use uuid::Uuid;

use super::super::{records, rows};
use super::bulk::Bulk;
use super::import::OpenBatch;
use super::lanes::Lanes;
use super::moved::Moved;
use super::search::Words;
use crate::book::Result;
use crate::book::stored::trail::Trail;
use crate::ledger::audit::Hash;
use crate::ledger::change::Unit;
use crate::ledger::chart::Chart;
use crate::ledger::settings::Settings;
use crate::ledger::transaction::Transaction;

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
    pub trail: Trail,
    pub batch: Option<OpenBatch>,
    /// About how many changes the unit has.
    pub changes: usize,
    /// Where postings are hashed and their words indexed beside the writing.
    pub lanes: Option<Lanes>,
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
        let unit = &mut self.unit;
        let Some(lanes) = &mut unit.lanes else {
            return unit.trail.posted(&transaction, &self.chart);
        };
        let number = transaction.number.0;
        if !unit.trail.goes_on(number) {
            close(lanes, &mut unit.trail, &self.chart);
        }
        unit.trail.posted_elsewhere(number);
        lanes.post(transaction, &self.chart, unit.trail.run_size());
    }
}

impl UnitState {
    fn new(changes: usize) -> UnitState {
        UnitState {
            trail: Trail::new(changes),
            batch: None,
            changes,
            lanes: None,
        }
    }

    /// Hashes what is left of a run of postings.
    pub fn close_run(&mut self, chart: &Chart) {
        match &mut self.lanes {
            Some(lanes) => close(lanes, &mut self.trail, chart),
            None => self.trail.close_run(),
        }
    }
}

/// Brings in the hashes of every run so far.
fn close(lanes: &mut Lanes, trail: &mut Trail, chart: &Chart) {
    trail.close_run();
    lanes.close(chart, |hash| trail.add_hash(hash));
}
