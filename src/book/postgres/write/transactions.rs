//! New transactions, and new versions of them, on their way into the database.

use super::super::link::Params;
use super::super::{rows, words};
use super::columns::Entries;
use super::flush::POSTINGS_MAX;
use super::state::Writer;
use crate::book::Result;
use crate::book::stored::more::TransactionMore;
use crate::ledger::day::Day;
use crate::ledger::transaction::Transaction;

/// Takes a new transaction: it waits for the flight.
pub fn post(writer: &mut Writer<'_>, transaction: &Transaction) -> Result<()> {
    let (org, sequence) = (writer.link.org, writer.next_sequence);
    writer
        .pending
        .postings
        .push(org, transaction, sequence, &writer.scales);
    writer.ids.insert(transaction.id.0);
    writer.unit.moved.add(transaction, 1);
    writer.unit.trail.posted(transaction, &writer.chart);
    writer.next_number += 1;
    match writer.unit.sends && writer.pending.postings.len() >= POSTINGS_MAX {
        true => writer.send_postings(),
        false => Ok(()),
    }
}

/// Writes a new version over the old one.
pub fn restate(writer: &mut Writer<'_>, before: &Transaction, after: &Transaction) -> Result<()> {
    store(writer, after)?;
    for (t, sign) in [(before, -1), (after, 1)] {
        if !t.is_void() {
            writer.unit.moved.add(t, sign);
        }
    }
    Ok(())
}

/// Writes a transaction as it is to be, and the copies of its entries.
fn store(writer: &Writer<'_>, t: &Transaction) -> Result<()> {
    const STORE: &str = "UPDATE hissab.txn SET day = $3, voucher = $4, status = $5, version = $6, void = $7, seq = $8, description = $9, payee = $10,
            reference = $11, due = $12, reverses = $13, more = $14, accounts = $15, amounts = $16, currencies = $17, weights = $18::text::bigint[],
            weight_currencies = $19::text::integer[], notes = $20, words = $21
      WHERE org_id = $1 AND number = $2";
    const TAKE_OUT: &str = "DELETE FROM hissab.entry WHERE org_id = $1 AND txn = $2";
    /// The copies of what its row holds by now.
    const COPIES: &str = "INSERT INTO hissab.entry (org_id, account, day, txn, line, amount, currency)
        SELECT t.org_id, e.account, t.day, t.number, e.place - 1, e.amount, e.currency
          FROM hissab.txn t, unnest(t.accounts, t.amounts, t.currencies) WITH ORDINALITY AS e (account, amount, currency, place)
         WHERE t.org_id = $1 AND t.number = $2";
    let entries = Entries::of(t);
    let (org, number, seq) = (writer.link.org, rows::big(t.number.0), writer.seq());
    let version = i32::try_from(t.version).unwrap_or(i32::MAX);
    let statements: [(&str, Params<'_>); 3] = [
        (
            STORE,
            &[
                &org,
                &number,
                &Day::of(t.date).0,
                &i16::from(t.voucher.code()),
                &i16::from(t.status.code()),
                &version,
                &t.is_void(),
                &seq,
                &&*t.description,
                &t.payee,
                &t.reference,
                &t.due.map(|d| Day::of(d).0),
                &t.reverses.map(|n| rows::big(n.0)),
                &TransactionMore::to_json(t, &writer.scales),
                &entries.accounts,
                &entries.amounts,
                &entries.currencies,
                &entries.weights,
                &entries.weight_currencies,
                &entries.notes,
                &words::of(org, t),
            ],
        ),
        (TAKE_OUT, &[&org, &number]),
        (COPIES, &[&org, &number]),
    ];
    writer.link.flight(&statements, None)
}
