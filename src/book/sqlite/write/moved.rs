//! What a unit moves in the month totals: gathered in memory, written once.

use std::collections::HashMap;

use rusqlite::Connection;

use crate::book::{BookError, Result};
use crate::ledger::account::AccountKey;
use crate::ledger::currency::CurrencyKey;
use crate::ledger::day::Month;
use crate::ledger::transaction::{Transaction, Voucher};

/// Account, currency, month, closing.
type Bucket = (AccountKey, CurrencyKey, Month, bool);

/// Changes of the month totals that are not in the file yet.
#[derive(Default)]
pub struct Moved {
    totals: HashMap<Bucket, (i128, i128, i64)>,
    conversions: HashMap<(CurrencyKey, Month), i128>,
}

impl Moved {
    /// Adds the entries of a transaction, or takes them out again.
    pub fn add(&mut self, transaction: &Transaction, sign: i64) {
        let month = Month::of(transaction.date);
        let closing = transaction.voucher == Voucher::Closing;
        for entry in &transaction.entries {
            let minor = i128::from(entry.minor) * i128::from(sign);
            let total = self
                .totals
                .entry((entry.account, entry.currency, month, closing))
                .or_default();
            if entry.minor >= 0 {
                total.0 += minor;
            } else {
                total.1 -= minor;
            }
            total.2 += sign;
            if let Some((weight, currency)) = entry.detail.as_ref().and_then(|d| d.weight) {
                *self.conversions.entry((currency, month)).or_default() +=
                    i128::from(weight) * i128::from(sign);
                *self.conversions.entry((entry.currency, month)).or_default() -= minor;
            }
        }
    }

    /// Writes everything gathered. A total beyond what the file can hold is refused, never wrapped.
    pub fn flush(&mut self, conn: &Connection) -> Result<()> {
        let mut upsert = conn.prepare_cached(
            "INSERT INTO total (account, currency, month, closing, debit, credit, entries) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT (account, currency, month, closing) DO UPDATE
             SET debit = debit + excluded.debit, credit = credit + excluded.credit, entries = entries + excluded.entries",
        )?;
        let mut buckets: Vec<(Bucket, (i128, i128, i64))> = self.totals.drain().collect();
        buckets.sort_unstable_by_key(|(bucket, _)| *bucket);
        for ((account, currency, month, closing), (debit, credit, entries)) in buckets {
            if (debit, credit, entries) != (0, 0, 0) {
                upsert.execute((
                    account.0,
                    currency.0,
                    month.0,
                    closing,
                    fits(debit)?,
                    fits(credit)?,
                    entries,
                ))?;
            }
        }
        let mut upsert = conn.prepare_cached(
            "INSERT INTO conversion (currency, month, amount) VALUES (?1, ?2, ?3)
             ON CONFLICT (currency, month) DO UPDATE SET amount = amount + excluded.amount",
        )?;
        for ((currency, month), amount) in
            self.conversions.drain().filter(|(_, amount)| *amount != 0)
        {
            upsert.execute((currency.0, month.0, fits(amount)?))?;
        }
        Ok(())
    }
}

fn fits(sum: i128) -> Result<i64> {
    i64::try_from(sum).map_err(|_| BookError::Refused {
        change: 0,
        violations: vec![crate::ledger::rules::broken(
            "total-too-large",
            "a month's total is larger than hissab can hold",
            None,
        )],
    })
}
