//! What a unit leaves behind it: the changes as the log keeps them, the digest over their contents, the numbers.

use jiff::Timestamp;
use uuid::Uuid;

use crate::book::LoggedChange;
use crate::ledger::audit::{AuditRecord, Canon, Hash, put_transaction};
use crate::ledger::change::{OperationId, Unit};
use crate::ledger::chart::Chart;
use crate::ledger::transaction::{Number, Transaction};

/// Postings are hashed in runs of this many where there are many: what `verify` can name.
pub const RUN_OF_MANY: u8 = 64;
/// Up to this many changes every posting is a run of its own, and is named exactly.
pub const RUNS_OF_ONE: usize = 4_096;

/// The changes of one unit, as they are made.
pub struct Trail {
    pub logged: Vec<LoggedChange>,
    /// Transactions touched, closed ranges as they came.
    pub numbers: Vec<(u64, u64)>,
    pub digest: Canon,
    /// The size of runs, then four bytes of the hash of each.
    pub marks: Vec<u8>,
    /// Transactions that were already there with the same content.
    pub repeated: Vec<u64>,
    /// The newest number posted: what a source row without a number belongs to.
    pub posted: Option<u64>,
    /// Transactions amended away from the one they reverse or are reversed by, each with that one.
    pub parted: Vec<(Number, Number)>,
    /// Transactions posted as the reversal of another that they do not take back, each with that one.
    pub untrue: Vec<(Number, Number)>,
    /// The operation this unit takes back.
    pub undoes: Option<OperationId>,
    run: Option<Run>,
    run_size: u8,
}

struct Run {
    canon: Canon,
    count: u8,
}

impl Run {
    fn new() -> Run {
        Run {
            canon: Canon::new("hissab/run/1"),
            count: 0,
        }
    }
}

impl Trail {
    /// Of a unit of about so many changes.
    pub fn new(changes: usize) -> Trail {
        let run_size = if changes > RUNS_OF_ONE {
            RUN_OF_MANY
        } else {
            1
        };
        Trail {
            logged: Vec::new(),
            numbers: Vec::new(),
            digest: Canon::new("hissab/changes/1"),
            marks: vec![run_size],
            repeated: Vec::new(),
            posted: None,
            parted: Vec::new(),
            untrue: Vec::new(),
            undoes: None,
            run: None,
            run_size,
        }
    }

    /// Adds a posting.
    pub fn posted(&mut self, transaction: &Transaction, chart: &Chart) {
        let number = transaction.number.0;
        if !self.goes_on(number) {
            self.close_run();
        }
        self.number(number);
        let run = self.run.get_or_insert_with(Run::new);
        put_transaction(&mut run.canon, transaction, chart);
        run.count += 1;
        if run.count >= self.run_size {
            self.close_run();
            // An open, empty run says that the range may go on.
            self.run = Some(Run::new());
        }
    }

    /// Whether a posting of this number would lengthen the range that the last change posted.
    pub fn goes_on(&self, number: u64) -> bool {
        self.run.is_some()
            && matches!(self.logged.last(), Some(LoggedChange::Posted { last, .. }) if *last + 1 == number)
    }

    /// Adds a posting whose run is hashed elsewhere, in runs of [`Trail::run_size`]; [`Trail::add_hash`] brings it.
    /// If it does not go on, the caller has closed everything before it.
    pub fn posted_elsewhere(&mut self, number: u64) {
        self.number(number);
        self.run.get_or_insert_with(Run::new);
    }

    pub fn run_size(&self) -> usize {
        usize::from(self.run_size)
    }

    /// Takes the hash of a run.
    pub fn add_hash(&mut self, hash: &Hash) {
        self.digest.bytes(hash);
        self.marks.extend_from_slice(&hash[..4]);
    }

    /// Notes the number of a posting.
    fn number(&mut self, number: u64) {
        match self.logged.last_mut() {
            Some(LoggedChange::Posted { last, .. })
                if *last + 1 == number && self.run.is_some() =>
            {
                *last = number;
            }
            _ => self.logged.push(LoggedChange::Posted {
                first: number,
                last: number,
            }),
        }
        self.touch(number);
        self.posted = Some(number);
    }

    /// How many transactions were posted.
    pub fn added(&self) -> u64 {
        let posted = |change: &LoggedChange| match change {
            LoggedChange::Posted { first, last } => last - first + 1,
            _ => 0,
        };
        self.logged.iter().map(posted).sum()
    }

    /// Adds a voided transaction, as it is afterwards: one change of the log for a range of them.
    pub fn voided(&mut self, after: &Transaction, chart: &Chart) {
        let number = after.number.0;
        self.close_run();
        put_transaction(&mut self.digest, after, chart);
        self.touch(number);
        match self.logged.last_mut() {
            Some(LoggedChange::Voided { last, .. }) if *last + 1 == number => *last = number,
            _ => self.logged.push(LoggedChange::Voided {
                first: number,
                last: number,
            }),
        }
    }

    /// Adds any other change; `put` writes its content as it is afterwards.
    pub fn log(&mut self, change: LoggedChange, put: impl FnOnce(&mut Canon)) {
        self.close_run();
        put(&mut self.digest);
        self.logged.push(change);
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
    pub fn close_run(&mut self) {
        let Some(run) = self.run.take().filter(|run| run.count > 0) else {
            return;
        };
        self.add_hash(&run.canon.finish());
    }

    /// The record that seals the unit behind `previous`, hash and all.
    pub fn record(
        &mut self,
        book: Uuid,
        unit: &Unit<'_>,
        (sequence, previous): (u64, Hash),
    ) -> AuditRecord {
        self.close_run();
        let digest = std::mem::replace(&mut self.digest, Canon::new("")).finish();
        let mut record = AuditRecord {
            sequence,
            previous,
            // As databases hold it: microseconds.
            at: Timestamp::from_microsecond(unit.at.as_microsecond()).unwrap_or(unit.at),
            who: unit.who.clone(),
            operation: unit.operation,
            undoes: self.undoes,
            action: unit.action.clone(),
            reason: unit.reason.clone(),
            numbers: merged(std::mem::take(&mut self.numbers)),
            digest,
            hash: [0; 32],
        };
        record.hash = record.computed_hash(book);
        record
    }
}

/// Closed ranges in ascending order, without overlaps.
pub fn merged(mut ranges: Vec<(u64, u64)>) -> Vec<(u64, u64)> {
    ranges.sort_unstable();
    let mut merged: Vec<(u64, u64)> = Vec::with_capacity(ranges.len());
    for (first, last) in ranges {
        match merged.last_mut() {
            Some((_, end)) if first <= *end + 1 => *end = (*end).max(last),
            _ => merged.push((first, last)),
        }
    }
    merged
}

/// Ranges as JSON.
pub fn numbers_json(numbers: &[(u64, u64)]) -> String {
    let parts: Vec<String> = numbers
        .iter()
        .map(|(first, last)| format!("[{first},{last}]"))
        .collect();
    format!("[{}]", parts.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_come_out_closed_and_apart() {
        assert_eq!(
            merged(vec![(5, 6), (1, 2), (3, 3), (6, 9), (12, 12)]),
            [(1, 3), (5, 9), (12, 12)]
        );
        assert_eq!(numbers_json(&[(1, 3), (5, 5)]), "[[1,3],[5,5]]");
        assert_eq!(numbers_json(&[]), "[]");
    }
}
