//! What waits for the database: postings, totals, records, keys; sent in one flight.

use uuid::Uuid;

use super::super::link::Params;
use super::super::rows::big;
use super::columns::{ENTRIES, Param, TRANSACTIONS, Transactions};
use super::state::Writer;
use crate::book::Result;
use crate::book::stored::log::changes_to_json;
use crate::book::stored::trail::numbers_json;
use crate::book::{BookError, LoggedChange};
use crate::ledger::audit::AuditRecord;
use crate::ledger::change::OnceKey;

/// Postings that wait before they are sent, so that memory is bounded.
pub const POSTINGS_MAX: usize = 8_192;

/// How long a key is remembered, in microseconds.
const LIFE_MICROS: i64 = 30 * 24 * 60 * 60 * 1_000_000;

const TOTALS: &str = "INSERT INTO hissab.total AS t (org_id, account, currency, month, closing, debit, credit, entries)
    SELECT $1, * FROM unnest($2::integer[], $3::integer[], $4::integer[], $5::boolean[], $6::bigint[], $7::bigint[], $8::bigint[])
    ON CONFLICT (org_id, account, currency, month, closing) DO UPDATE
    SET debit = t.debit + excluded.debit, credit = t.credit + excluded.credit, entries = t.entries + excluded.entries";

const CONVERSIONS: &str = "INSERT INTO hissab.conversion AS c (org_id, currency, month, amount)
    SELECT $1, * FROM unnest($2::integer[], $3::integer[], $4::bigint[])
    ON CONFLICT (org_id, currency, month) DO UPDATE SET amount = c.amount + excluded.amount";

const RECORDS: &str = "INSERT INTO hissab.audit (org_id, seq, at, who, operation, undoes, action, reason, numbers, changes, marks, digest, previous, hash)
    SELECT $1, * FROM unnest($2::bigint[], $3::bigint[], $4::text[], $5::uuid[], $6::uuid[], $7::text[], $8::text[], $9::text[], $10::text[],
                             $11::bytea[], $12::bytea[], $13::bytea[], $14::bytea[])";

const FORGET: &str = "DELETE FROM hissab.request WHERE org_id = $1 AND at < $2";

const KEYS: &str = "INSERT INTO hissab.request (org_id, key, content, seq, numbers, at)
    SELECT $1, * FROM unnest($2::text[], $3::bytea[], $4::bigint[], $5::text[], $6::bigint[])";

const COUNTERS: &str =
    "UPDATE hissab.org_counters SET number = $2, sequence = $3, head = $4 WHERE org_id = $1";

/// What is not in the database yet.
#[derive(Default)]
pub struct Pending {
    pub postings: Transactions,
    records: Records,
    keys: Keys,
}

#[derive(Default)]
struct Records {
    seq: Vec<i64>,
    at: Vec<i64>,
    who: Vec<String>,
    operation: Vec<Uuid>,
    undoes: Vec<Option<Uuid>>,
    action: Vec<String>,
    reason: Vec<Option<String>>,
    numbers: Vec<String>,
    changes: Vec<String>,
    marks: Vec<Vec<u8>>,
    digest: Vec<Vec<u8>>,
    previous: Vec<Vec<u8>>,
    hash: Vec<Vec<u8>>,
}

#[derive(Default)]
struct Keys {
    key: Vec<String>,
    content: Vec<Vec<u8>>,
    seq: Vec<i64>,
    numbers: Vec<String>,
    at: Vec<i64>,
}

impl Pending {
    pub fn is_empty(&self) -> bool {
        self.postings.is_empty() && self.records.seq.is_empty()
    }

    /// Takes a record with what it logs, and the key that stands for it.
    pub fn record(
        &mut self,
        record: &AuditRecord,
        (logged, scales): (&[LoggedChange], &[u8]),
        marks: &[u8],
        once: Option<&OnceKey>,
    ) -> Result<()> {
        let to = &mut self.records;
        let at = record.at.as_microsecond();
        let numbers = numbers_json(&record.numbers);
        to.changes.push(changes_to_json(logged, scales)?);
        to.seq.push(big(record.sequence));
        to.at.push(at);
        to.who.push(record.who.clone());
        to.operation.push(record.operation.0);
        to.undoes.push(record.undoes.map(|o| o.0));
        to.action.push(record.action.clone());
        to.reason.push(record.reason.clone());
        to.numbers.push(numbers.clone());
        to.marks.push(marks.to_vec());
        to.digest.push(record.digest.to_vec());
        to.previous.push(record.previous.to_vec());
        to.hash.push(record.hash.to_vec());
        if let Some(once) = once {
            let to = &mut self.keys;
            to.key.push(once.key.clone());
            to.content.push(once.content.to_vec());
            to.seq.push(big(record.sequence));
            to.numbers.push(numbers);
            to.at.push(at);
        }
        Ok(())
    }
}

/// How a flight ends.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// The database transaction goes on.
    Stay,
    /// Counters, COMMIT.
    Commit,
}

impl Writer<'_> {
    /// Sends the postings, so that what follows sees them; the next ones can be made meanwhile.
    pub fn send_postings(&mut self) -> Result<()> {
        let postings = std::mem::take(&mut self.pending.postings);
        match postings.is_empty() {
            true => Ok(()),
            false => self.link.launch(postings),
        }
    }

    /// What the unit moved in the totals is part of what is kept.
    pub fn gather(&mut self) {
        let moved = std::mem::take(&mut self.unit.moved);
        self.moved.absorb(moved);
    }

    /// Sends the totals that moved, so that what follows sees them.
    pub fn send_totals(&mut self) -> Result<()> {
        self.gather();
        let columns = Columns::of(&mut self.moved)?;
        let org = &self.link.org;
        let (totals, conversions) = (columns.totals(org), columns.conversions(org));
        let mut statements: Vec<(&str, Params<'_>)> = Vec::new();
        columns.join_flight(&mut statements, &totals, &conversions);
        self.link.flight(&statements, None)
    }

    /// Sends everything that waits, in one flight.
    pub fn send(&mut self, then: Then) -> Result<()> {
        let pending = std::mem::take(&mut self.pending);
        let (postings, records, keys) = (&pending.postings, &pending.records, &pending.keys);
        let columns = Columns::of(&mut self.moved)?;
        let org = &self.link.org;
        let counters = self.counters();
        let (number, sequence) = (big(counters.number), big(counters.sequence));
        let head = counters.head.as_slice();
        let before = keys.at.iter().max().map(|at| at - LIFE_MICROS);
        let (postings_params, entries_params) = (postings.params(org), postings.entry_params(org));
        let (totals, conversions) = (columns.totals(org), columns.conversions(org));
        let (records_params, keys_params) = (records.params(org), keys.params(org));
        let forget_params: Params<'_> = &[org, &before];
        let counters_params: Params<'_> = &[org, &number, &sequence, &head];
        let mut statements: Vec<(&str, Params<'_>)> = Vec::with_capacity(9);
        if !postings.is_empty() {
            statements.push((TRANSACTIONS, &postings_params));
            statements.push((ENTRIES, &entries_params));
        }
        columns.join_flight(&mut statements, &totals, &conversions);
        if !records.seq.is_empty() {
            statements.push((RECORDS, &records_params));
        }
        if !keys.key.is_empty() {
            statements.push((FORGET, forget_params));
            statements.push((KEYS, &keys_params));
        }
        if then == Then::Commit {
            statements.push((COUNTERS, counters_params));
        }
        let last = (then == Then::Commit).then_some("COMMIT");
        self.link.flight(&statements, last)
    }
}

impl Records {
    fn params<'a>(&'a self, org: &'a Uuid) -> [Param<'a>; 14] {
        [
            org,
            &self.seq,
            &self.at,
            &self.who,
            &self.operation,
            &self.undoes,
            &self.action,
            &self.reason,
            &self.numbers,
            &self.changes,
            &self.marks,
            &self.digest,
            &self.previous,
            &self.hash,
        ]
    }
}

impl Keys {
    fn params<'a>(&'a self, org: &'a Uuid) -> [Param<'a>; 6] {
        [
            org,
            &self.key,
            &self.content,
            &self.seq,
            &self.numbers,
            &self.at,
        ]
    }
}

/// Totals and conversions, column by column.
#[derive(Default)]
struct Columns {
    account: Vec<i32>,
    currency: Vec<i32>,
    month: Vec<i32>,
    closing: Vec<bool>,
    debit: Vec<i64>,
    credit: Vec<i64>,
    entries: Vec<i64>,
    converted: Vec<i32>,
    converted_month: Vec<i32>,
    amount: Vec<i64>,
}

impl Columns {
    fn of(moved: &mut crate::book::stored::moved::Moved) -> Result<Columns> {
        let taken = moved.take()?;
        let mut columns = Columns::default();
        for ((account, currency, month, closing), (debit, credit, entries)) in taken.totals {
            let key = i32::try_from(account.0).map_err(|_| BookError::Damaged {
                what: "more accounts than a book can number".to_owned(),
            })?;
            columns.account.push(key);
            columns.currency.push(i32::from(currency.0));
            columns.month.push(month.0);
            columns.closing.push(closing);
            columns.debit.push(debit);
            columns.credit.push(credit);
            columns.entries.push(entries);
        }
        for ((currency, month), amount) in taken.conversions {
            columns.converted.push(i32::from(currency.0));
            columns.converted_month.push(month.0);
            columns.amount.push(amount);
        }
        Ok(columns)
    }

    fn totals<'a>(&'a self, org: &'a Uuid) -> [Param<'a>; 8] {
        [
            org,
            &self.account,
            &self.currency,
            &self.month,
            &self.closing,
            &self.debit,
            &self.credit,
            &self.entries,
        ]
    }

    fn conversions<'a>(&'a self, org: &'a Uuid) -> [Param<'a>; 4] {
        [org, &self.converted, &self.converted_month, &self.amount]
    }

    fn join_flight<'a>(
        &self,
        statements: &mut Vec<(&'a str, Params<'a>)>,
        totals: &'a [Param<'a>; 8],
        conversions: &'a [Param<'a>; 4],
    ) {
        if !self.account.is_empty() {
            statements.push((TOTALS, totals));
        }
        if !self.converted.is_empty() {
            statements.push((CONVERSIONS, conversions));
        }
    }
}
