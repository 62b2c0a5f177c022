//! What ledgers begin and end with.

use std::collections::{BTreeMap, BTreeSet};

use super::ledger::AccountSet;
use crate::ledger::account::AccountKey;
use crate::ledger::chart::Chart;
use crate::ledger::currency::CurrencyKey;
use crate::ledger::totals::{AccountTotal, Totals};

/// What some accounts held before and after a period, by currency.
pub struct Held {
    pub opening: BTreeMap<CurrencyKey, i128>,
    pub closing: BTreeMap<CurrencyKey, i128>,
    /// How many of the accounts hold or moved anything.
    pub accounts: usize,
}

impl Held {
    /// Of totals over the period; accounts nothing was posted to hold nothing of their own currency.
    pub fn of(totals: &Totals, keys: &[AccountKey], chart: &Chart) -> Held {
        let accounts = AccountSet::of(keys.iter().copied());
        let rows: Vec<&AccountTotal> = totals
            .rows
            .iter()
            .filter(|row| accounts.contains(row.account))
            .filter(|row| row.opening != 0 || row.spans.iter().any(|s| !s.is_zero()))
            .collect();
        let mut held = Held {
            opening: BTreeMap::new(),
            closing: BTreeMap::new(),
            accounts: rows
                .iter()
                .map(|r| r.account)
                .collect::<BTreeSet<_>>()
                .len(),
        };
        for row in rows {
            *held.opening.entry(row.currency).or_default() += row.opening;
            *held.closing.entry(row.currency).or_default() += row.closing();
        }
        if held.opening.is_empty() {
            // An account nothing was ever posted to holds nothing of its own currency.
            let own = keys
                .first()
                .and_then(|k| chart.account(*k).currency.as_deref());
            let currency = own
                .and_then(|code| chart.find_currency(code))
                .or(chart.currencies().first());
            if let Some(currency) = currency {
                held.opening.insert(currency.key, 0);
                held.closing.insert(currency.key, 0);
            }
        }
        held
    }

    /// Nothing was held and nothing moved.
    pub fn is_empty(&self) -> bool {
        self.accounts == 0
    }

    pub fn openings(&self) -> Vec<(CurrencyKey, i128)> {
        pairs(&self.opening)
    }

    pub fn closings(&self) -> Vec<(CurrencyKey, i128)> {
        pairs(&self.closing)
    }
}

/// Balances as a fold takes them.
pub fn pairs(balances: &BTreeMap<CurrencyKey, i128>) -> Vec<(CurrencyKey, i128)> {
    balances.iter().map(|(k, b)| (*k, *b)).collect()
}
