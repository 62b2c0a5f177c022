//! Transactions on their way into the database: one array a column. Entries of all of them stand one behind the
//! other, and each transaction says how far its own go: a row's arrays are cut out of them.

use uuid::Uuid;

use super::super::link::{Parcel, Sent};
use super::super::rows::{self, big};
use super::super::words::{self, Words};
use crate::book::stored::more::TransactionMore;
use crate::ledger::day::Day;
use crate::ledger::transaction::Transaction;

pub type Param<'a> = &'a (dyn tokio_postgres::types::ToSql + Sync);

/// Transactions as they are: new postings are version 1 and not void, those of a whole book what they are by now.
pub const TRANSACTIONS: &str = "INSERT INTO hissab.txn (org_id, number, id, day, voucher, status, version, void, seq, description, payee, reference, due, reverses, more,
        accounts, amounts, currencies, weights, weight_currencies, notes, words)
    SELECT $1, x.number, x.id, x.day, x.voucher, x.status, x.version, x.void, x.seq, x.description, x.payee, x.reference, x.due, x.reverses, x.more,
           ($20::integer[])[x.first:x.last], ($21::bigint[])[x.first:x.last], ($22::integer[])[x.first:x.last],
           x.weights::bigint[], x.weight_currencies::integer[], x.notes, x.words
      FROM unnest($2::bigint[], $3::uuid[], $4::integer[], $5::smallint[], $6::smallint[], $7::integer[], $8::boolean[], $9::bigint[], $10::text[],
                  $11::text[], $12::text[], $13::integer[], $14::bigint[], $15::text[], $16::text[], $17::text[], $18::text[], $19::tsvector[],
                  $23::integer[], $24::integer[])
        AS x (number, id, day, voucher, status, version, void, seq, description, payee, reference, due, reverses, more,
              weights, weight_currencies, notes, words, first, last)";

/// The copies of their entries; whether they are, the seal asks.
pub const ENTRIES: &str = "INSERT INTO hissab.entry (org_id, account, day, txn, line, amount, currency)
    SELECT $1, * FROM unnest($2::integer[], $3::integer[], $4::bigint[], $5::integer[], $6::bigint[], $7::integer[])";

/// Transactions, column by column; numbers without a gap.
#[derive(Default)]
pub struct Transactions {
    number: Vec<i64>,
    id: Vec<Uuid>,
    day: Vec<i32>,
    voucher: Vec<i16>,
    status: Vec<i16>,
    version: Vec<i32>,
    void: Vec<bool>,
    seq: Vec<i64>,
    description: Vec<String>,
    payee: Vec<Option<String>>,
    reference: Vec<Option<String>>,
    due: Vec<Option<i32>>,
    reverses: Vec<Option<i64>>,
    more: Vec<Option<String>>,
    /// Per transaction: literal arrays, where an entry has a weight.
    weights: Vec<Option<String>>,
    weight_currencies: Vec<Option<String>>,
    notes: Vec<Option<String>>,
    words: Vec<Words>,
    /// Where its entries begin and end among all, counted from 1.
    first: Vec<i32>,
    last: Vec<i32>,
    entries: EntryColumns,
}

/// Entries, one behind the other.
#[derive(Default)]
struct EntryColumns {
    account: Vec<i32>,
    day: Vec<i32>,
    txn: Vec<i64>,
    line: Vec<i32>,
    amount: Vec<i64>,
    currency: Vec<i32>,
}

impl Transactions {
    pub fn len(&self) -> usize {
        self.number.len()
    }

    pub fn is_empty(&self) -> bool {
        self.number.is_empty()
    }

    pub fn push(&mut self, org: Uuid, t: &Transaction, sequence: u64, scales: &[u8]) {
        self.number.push(big(t.number.0));
        self.id.push(t.id.0);
        self.day.push(Day::of(t.date).0);
        self.voucher.push(i16::from(t.voucher.code()));
        self.status.push(i16::from(t.status.code()));
        self.version
            .push(i32::try_from(t.version).unwrap_or(i32::MAX));
        self.void.push(t.is_void());
        self.seq.push(big(sequence));
        self.description.push(t.description.to_string());
        self.payee.push(t.payee.clone());
        self.reference.push(t.reference.clone());
        self.due.push(t.due.map(|d| Day::of(d).0));
        self.reverses.push(t.reverses.map(|n| big(n.0)));
        self.more.push(TransactionMore::to_json(t, scales));
        let entries = Entries::of(t);
        self.first.push(whole(self.entries.account.len() + 1));
        self.entries.push(t, &entries);
        self.last.push(whole(self.entries.account.len()));
        self.weights.push(entries.weights);
        self.weight_currencies.push(entries.weight_currencies);
        self.notes.push(entries.notes);
        self.words.push(words::of(org, t));
    }

    /// Forgets what was added after there were so many.
    pub fn truncate(&mut self, length: usize) {
        self.number.truncate(length);
        self.id.truncate(length);
        self.day.truncate(length);
        self.voucher.truncate(length);
        self.status.truncate(length);
        self.version.truncate(length);
        self.void.truncate(length);
        self.seq.truncate(length);
        self.description.truncate(length);
        self.payee.truncate(length);
        self.reference.truncate(length);
        self.due.truncate(length);
        self.reverses.truncate(length);
        self.more.truncate(length);
        self.weights.truncate(length);
        self.weight_currencies.truncate(length);
        self.notes.truncate(length);
        self.words.truncate(length);
        self.first.truncate(length);
        self.last.truncate(length);
        let entries = self.last.last().map_or(0, |last| *last as usize);
        self.entries.truncate(entries);
    }

    /// What [`TRANSACTIONS`] takes.
    pub fn params<'a>(&'a self, org: &'a Uuid) -> [Param<'a>; 24] {
        let entries = &self.entries;
        [
            org,
            &self.number,
            &self.id,
            &self.day,
            &self.voucher,
            &self.status,
            &self.version,
            &self.void,
            &self.seq,
            &self.description,
            &self.payee,
            &self.reference,
            &self.due,
            &self.reverses,
            &self.more,
            &self.weights,
            &self.weight_currencies,
            &self.notes,
            &self.words,
            &entries.account,
            &entries.amount,
            &entries.currency,
            &self.first,
            &self.last,
        ]
    }

    /// What [`ENTRIES`] takes.
    pub fn entry_params<'a>(&'a self, org: &'a Uuid) -> [Param<'a>; 7] {
        let entries = &self.entries;
        [
            org,
            &entries.account,
            &entries.day,
            &entries.txn,
            &entries.line,
            &entries.amount,
            &entries.currency,
        ]
    }
}

impl Parcel for Transactions {
    fn statements<'a>(&'a self, org: &'a Uuid) -> Vec<Sent<'a>> {
        vec![
            (TRANSACTIONS, self.params(org).to_vec()),
            (ENTRIES, self.entry_params(org).to_vec()),
        ]
    }
}

impl EntryColumns {
    fn push(&mut self, t: &Transaction, entries: &Entries) {
        let lines = 0..whole(entries.accounts.len());
        self.account.extend(&entries.accounts);
        self.amount.extend(&entries.amounts);
        self.currency.extend(&entries.currencies);
        self.day.extend(lines.clone().map(|_| Day::of(t.date).0));
        self.txn.extend(lines.clone().map(|_| big(t.number.0)));
        self.line.extend(lines);
    }

    fn truncate(&mut self, length: usize) {
        self.account.truncate(length);
        self.day.truncate(length);
        self.txn.truncate(length);
        self.line.truncate(length);
        self.amount.truncate(length);
        self.currency.truncate(length);
    }
}

/// The entries of one transaction as its row holds them; a void one has none here.
pub struct Entries {
    pub accounts: Vec<i32>,
    pub amounts: Vec<i64>,
    pub currencies: Vec<i32>,
    /// Literal arrays, where an entry has a weight.
    pub weights: Option<String>,
    pub weight_currencies: Option<String>,
    pub notes: Option<String>,
}

impl Entries {
    pub fn of(t: &Transaction) -> Entries {
        let entries = match t.is_void() {
            true => &[],
            false => t.entries.as_slice(),
        };
        let weight =
            |e: &crate::ledger::transaction::Entry| e.detail.as_deref().and_then(|d| d.weight);
        let weighted = entries.iter().any(|e| weight(e).is_some());
        let key = |account: u32| i32::try_from(account).unwrap_or(i32::MAX);
        Entries {
            accounts: entries.iter().map(|e| key(e.account.0)).collect(),
            amounts: entries.iter().map(|e| e.minor).collect(),
            currencies: entries.iter().map(|e| e.currency.0.into()).collect(),
            weights: weighted.then(|| literal(entries.iter().map(|e| weight(e).map(|w| w.0)))),
            weight_currencies: weighted
                .then(|| literal(entries.iter().map(|e| weight(e).map(|w| i64::from(w.1.0))))),
            notes: rows::notes(entries),
        }
    }
}

/// A count as the database's arrays have it: they hold far less than an `i32` says.
fn whole(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

/// `{1,NULL,3}`.
fn literal(values: impl Iterator<Item = Option<i64>>) -> String {
    use std::fmt::Write;
    let mut text = String::from("{");
    for (at, value) in values.enumerate() {
        let comma = if at == 0 { "" } else { "," };
        // Writing to a String never fails.
        let _ = match value {
            Some(value) => write!(text, "{comma}{value}"),
            None => write!(text, "{comma}NULL"),
        };
    }
    text.push('}');
    text
}
