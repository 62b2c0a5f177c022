//! What a writer knows while units are applied: the chart, the next numbers, what is not in the database yet.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use uuid::Uuid;

use super::super::link::Link;
use super::super::rows;
use super::flush::Pending;
use super::import::OpenBatch;
use crate::book::Result;
use crate::book::stored::moved::Moved;
use crate::book::stored::trail::Trail;
use crate::ledger::audit::Hash;
use crate::ledger::change::{Done, OperationId};
use crate::ledger::chart::Chart;
use crate::ledger::settings::Settings;

/// The state of one write call inside its database transaction.
pub struct Writer<'a> {
    pub link: &'a Link,
    pub book: Uuid,
    pub chart: Arc<Chart>,
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
    pub chart: Arc<Chart>,
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
    pub batch: Option<OpenBatch>,
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
            None => (Arc::new(rows::chart(link)?), rows::settings(link)?),
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

    /// The sequence of the record to come.
    pub fn seq(&self) -> i64 {
        rows::big(self.next_sequence)
    }
}

impl UnitState {
    pub fn new(changes: usize) -> UnitState {
        UnitState {
            trail: Trail::new(changes),
            batch: None,
            moved: Moved::default(),
            sends: false,
        }
    }
}
