//! What a writer knows while units are applied: the chart, the next numbers, what is not in the database yet.

use std::collections::{HashMap, HashSet};

use uuid::Uuid;

use super::super::link::Link;
use super::super::rows;
use super::flush::Pending;
use super::import::OpenBatch;
use crate::book::stored::moved::Moved;
use crate::book::stored::trail::Trail;
use crate::book::{LoggedChange, Result};
use crate::ledger::audit::{Canon, Hash};
use crate::ledger::change::{Done, OperationId};
use crate::ledger::chart::Chart;
use crate::ledger::settings::Settings;
use crate::ledger::transaction::Transaction;

/// The state of one write call inside its database transaction.
pub struct Writer<'a> {
    pub link: &'a Link,
    pub book: Uuid,
    pub chart: Chart,
    pub settings: Settings,
    pub next_number: u64,
    pub next_sequence: u64,
    pub previous: Hash,
    /// Decimal places by currency key.
    pub scales: Vec<u8>,
    pub moved: Moved,
    pub pending: Pending,
    /// What this call has already answered, by operation and by key.
    pub done: HashMap<OperationId, Done>,
    pub keyed: HashMap<String, (Hash, Done)>,
    /// Ids of transactions that are there: stored ones that were asked about, and those of this call.
    pub ids: HashSet<Uuid>,
    /// Operations that were done before, and now come with other postings.
    pub reused: HashSet<OperationId>,
    pub unit: UnitState,
}

/// What a writer knew when its commit was done: true for the next one as long as the audit chain ends there.
#[derive(Clone)]
pub struct Known {
    pub sequence: u64,
    pub head: Hash,
    pub chart: Chart,
    pub settings: Settings,
}

/// Where an organisation's history stands: its counters, under their lock.
#[derive(Clone, Copy)]
pub struct Counters {
    pub number: u64,
    pub sequence: u64,
    pub head: Hash,
}

/// What the unit at hand has done.
pub struct UnitState {
    pub trail: Trail,
    /// Transactions that were already there with the same content.
    pub repeated: Vec<u64>,
    pub batch: Option<OpenBatch>,
    /// The operation this unit takes back.
    pub undoes: Option<OperationId>,
    /// The newest number posted: what a source row without a number belongs to.
    pub posted: Option<u64>,
    /// What it moved in the totals.
    pub moved: Moved,
    /// Whether it has a savepoint, and may send what waits.
    pub sends: bool,
}

impl<'a> Writer<'a> {
    /// What is known, if it is still true; else as it is stored.
    pub fn load(
        link: &'a Link,
        book: Uuid,
        counters: Counters,
        known: Option<Known>,
    ) -> Result<Writer<'a>> {
        let known = known.filter(|k| (k.sequence, k.head) == (counters.sequence, counters.head));
        let (chart, settings) = match known {
            Some(known) => (known.chart, known.settings),
            None => (rows::chart(link)?, rows::settings(link)?),
        };
        Ok(Writer {
            link,
            book,
            scales: chart.currencies().iter().map(|c| c.scale).collect(),
            chart,
            settings,
            next_number: counters.number + 1,
            next_sequence: counters.sequence + 1,
            previous: counters.head,
            moved: Moved::default(),
            pending: Pending::default(),
            done: HashMap::new(),
            keyed: HashMap::new(),
            ids: HashSet::new(),
            reused: HashSet::new(),
            unit: UnitState::new(0),
        })
    }

    /// Where the history stands after what was written.
    pub fn counters(&self) -> Counters {
        Counters {
            number: self.next_number - 1,
            sequence: self.next_sequence - 1,
            head: self.previous,
        }
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

    /// Adds a posting to the digest and the log.
    pub fn log_posted(&mut self, transaction: &Transaction) {
        self.unit.trail.posted(transaction, &self.chart);
        self.unit.posted = Some(transaction.number.0);
    }

    /// Adds any other change; `put` writes its content as it is afterwards.
    pub fn log(&mut self, change: LoggedChange, put: impl FnOnce(&mut Canon, &Chart)) {
        let chart = &self.chart;
        self.unit.trail.log(change, |canon| put(canon, chart));
    }

    /// The sequence of the record to come.
    pub fn seq(&self) -> i64 {
        rows::big(self.next_sequence)
    }
}

impl UnitState {
    pub fn new(changes: usize) -> UnitState {
        UnitState {
            trail: Trail::new(changes),
            repeated: Vec::new(),
            batch: None,
            undoes: None,
            posted: None,
            moved: Moved::default(),
            sends: false,
        }
    }
}
