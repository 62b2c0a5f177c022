//! Transactions on their way into the database: one array a column, one literal array a transaction's entries.

use uuid::Uuid;

use super::super::rows::{self, big};
use super::super::words;
use crate::book::stored::more::TransactionMore;
use crate::ledger::day::Day;
use crate::ledger::transaction::Transaction;

pub type Param<'a> = &'a (dyn tokio_postgres::types::ToSql + Sync);

/// Transactions as they are: new postings are version 1 and not void, those of a whole book what they are by now.
pub const TRANSACTIONS: &str = "INSERT INTO hissab.txn (org_id, number, id, day, voucher, status, version, void, seq, description, payee, reference, due, reverses, more,
        accounts, amounts, currencies, weights, weight_currencies, notes, words)
    SELECT $1, x.number, x.id, x.day, x.voucher, x.status, x.version, x.void, x.seq, x.description, x.payee, x.reference, x.due, x.reverses, x.more,
           x.accounts::integer[], x.amounts::bigint[], x.currencies::integer[], x.weights::bigint[], x.weight_currencies::integer[], x.notes,
           array_to_tsvector(string_to_array(x.words, ' '))
      FROM unnest($2::bigint[], $3::uuid[], $4::integer[], $5::smallint[], $6::smallint[], $7::integer[], $8::boolean[], $9::bigint[], $10::text[],
                  $11::text[], $12::text[], $13::integer[], $14::bigint[], $15::text[], $16::text[], $17::text[], $18::text[], $19::text[], $20::text[],
                  $21::text[], $22::text[])
        AS x (number, id, day, voucher, status, version, void, seq, description, payee, reference, due, reverses, more,
              accounts, amounts, currencies, weights, weight_currencies, notes, words)";

/// The copies of a range of transactions.
pub const ENTRIES: &str = "INSERT INTO hissab.entry (org_id, account, day, txn, line, amount, currency)
    SELECT t.org_id, e.account, t.day, t.number, e.place - 1, e.amount, e.currency
      FROM hissab.txn t, unnest(t.accounts, t.amounts, t.currencies) WITH ORDINALITY AS e (account, amount, currency, place)
     WHERE t.org_id = $1 AND t.number BETWEEN $2 AND $3";

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
    entries: EntryColumns,
    words: Vec<String>,
}

/// Entries as one array literal a transaction and column.
#[derive(Default)]
pub struct EntryColumns {
    pub accounts: Vec<String>,
    pub amounts: Vec<String>,
    pub currencies: Vec<String>,
    pub weights: Vec<Option<String>>,
    pub weight_currencies: Vec<Option<String>>,
    pub notes: Vec<Option<String>>,
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
        self.entries.push(t);
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
        self.entries.truncate(length);
        self.words.truncate(length);
    }

    /// The first and the last number.
    pub fn range(&self) -> (i64, i64) {
        let first = self.number.first().copied().unwrap_or(0);
        (first, self.number.last().copied().unwrap_or(0))
    }

    pub fn params<'a>(&'a self, org: &'a Uuid) -> [Param<'a>; 22] {
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
            &entries.accounts,
            &entries.amounts,
            &entries.currencies,
            &entries.weights,
            &entries.weight_currencies,
            &entries.notes,
            &self.words,
        ]
    }
}

impl EntryColumns {
    /// The entries of a transaction; a void one has none here.
    pub fn push(&mut self, t: &Transaction) {
        let entries = match t.is_void() {
            true => &[],
            false => t.entries.as_slice(),
        };
        let weight =
            |e: &crate::ledger::transaction::Entry| e.detail.as_deref().and_then(|d| d.weight);
        let weighted = entries.iter().any(|e| weight(e).is_some());
        let some = |literal: String| weighted.then_some(literal);
        self.accounts.push(literal(
            entries.iter().map(|e| Some(i64::from(e.account.0))),
        ));
        self.amounts
            .push(literal(entries.iter().map(|e| Some(e.minor))));
        self.currencies.push(literal(
            entries.iter().map(|e| Some(i64::from(e.currency.0))),
        ));
        self.weights.push(some(literal(
            entries.iter().map(|e| weight(e).map(|w| w.0)),
        )));
        self.weight_currencies.push(some(literal(
            entries.iter().map(|e| weight(e).map(|w| i64::from(w.1.0))),
        )));
        self.notes.push(rows::notes(entries));
    }

    fn truncate(&mut self, length: usize) {
        self.accounts.truncate(length);
        self.amounts.truncate(length);
        self.currencies.truncate(length);
        self.weights.truncate(length);
        self.weight_currencies.truncate(length);
        self.notes.truncate(length);
    }
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
