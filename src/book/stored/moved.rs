//! What a unit moves in the month totals: gathered in memory, written once.

use std::collections::HashMap;

use crate::book::{BookError, Result};
use crate::ledger::account::AccountKey;
use crate::ledger::currency::CurrencyKey;
use crate::ledger::day::Month;
use crate::ledger::transaction::{Transaction, Voucher};

/// Account, currency, month, closing.
pub type Bucket = (AccountKey, CurrencyKey, Month, bool);

/// Changes of the month totals that are not stored yet.
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

    /// Adds what another has gathered.
    #[cfg_attr(not(feature = "postgres"), allow(dead_code))]
    pub fn absorb(&mut self, other: Moved) {
        for (bucket, (debit, credit, entries)) in other.totals {
            let total = self.totals.entry(bucket).or_default();
            *total = (total.0 + debit, total.1 + credit, total.2 + entries);
        }
        for (key, amount) in other.conversions {
            *self.conversions.entry(key).or_default() += amount;
        }
    }

    /// Debits, credits and entries of each bucket that moved, in order; then the conversions that moved.
    ///
    /// Errors: a total beyond what a database holds is refused, never wrapped.
    pub fn take(&mut self) -> Result<Taken> {
        let mut totals = Vec::with_capacity(self.totals.len());
        for (bucket, (debit, credit, entries)) in self.totals.drain() {
            if (debit, credit, entries) != (0, 0, 0) {
                totals.push((bucket, (fits(debit)?, fits(credit)?, entries)));
            }
        }
        totals.sort_unstable_by_key(|(bucket, _)| *bucket);
        let mut conversions = Vec::new();
        for (key, amount) in self.conversions.drain().filter(|(_, amount)| *amount != 0) {
            conversions.push((key, fits(amount)?));
        }
        conversions.sort_unstable_by_key(|(key, _)| *key);
        Ok(Taken {
            totals,
            conversions,
        })
    }
}

/// What moved, ready to be stored.
pub struct Taken {
    pub totals: Vec<(Bucket, (i64, i64, i64))>,
    pub conversions: Vec<((CurrencyKey, Month), i64)>,
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
