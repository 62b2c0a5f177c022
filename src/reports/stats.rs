//! Stats: what a book or journal holds, counted.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use jiff::civil::Date;

use crate::ledger::account::AccountKey;
use crate::ledger::currency::CurrencyKey;
use crate::ledger::transaction::{Transaction, Voucher};

/// The counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stats {
    pub transactions: u64,
    pub voided: u64,
    pub entries: u64,
    pub first: Option<Date>,
    pub last: Option<Date>,
    pub accounts: BTreeSet<AccountKey>,
    pub currencies: BTreeSet<CurrencyKey>,
    pub payees: u64,
    pub vouchers: BTreeMap<Voucher, u64>,
}

/// Folds transactions into counts.
#[derive(Default)]
pub struct StatsBuilder {
    stats: Stats,
    payees: HashSet<String>,
}

impl StatsBuilder {
    pub fn add(&mut self, transaction: &Transaction) {
        let stats = &mut self.stats;
        if transaction.is_void() {
            stats.voided += 1;
            return;
        }
        stats.transactions += 1;
        stats.entries += transaction.entries.len() as u64;
        stats.first = Some(
            stats
                .first
                .map_or(transaction.date, |d| d.min(transaction.date)),
        );
        stats.last = Some(
            stats
                .last
                .map_or(transaction.date, |d| d.max(transaction.date)),
        );
        *stats.vouchers.entry(transaction.voucher).or_default() += 1;
        for entry in &transaction.entries {
            stats.accounts.insert(entry.account);
            stats.currencies.insert(entry.currency);
        }
        if !self.payees.contains(transaction.payee()) {
            self.payees.insert(transaction.payee().to_owned());
        }
    }

    pub fn finish(mut self) -> Stats {
        self.stats.payees = self.payees.len() as u64;
        self.stats
    }
}

impl Stats {
    /// Days from the first transaction to the last, both counted.
    pub fn days(&self) -> u64 {
        match (self.first, self.last) {
            (Some(first), Some(last)) => {
                u64::try_from(super::dues::days_between(first, last) + 1).unwrap_or(0)
            }
            _ => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reports::sample::{shop, tx};
    use jiff::civil::date;

    #[test]
    fn everything_is_counted_once() {
        let chart = shop();
        let mut stats = StatsBuilder::default();
        let entries = [("Assets:Cash", 1), ("Income:Sales", -1)];
        stats.add(&tx(&chart, 1, date(2026, 4, 1), &entries));
        stats.add(&tx(&chart, 2, date(2026, 4, 30), &entries));
        let stats = stats.finish();
        assert_eq!(
            (stats.transactions, stats.entries, stats.days()),
            (2, 4, 30)
        );
        assert_eq!(stats.accounts.len(), 2);
        assert_eq!(Stats::default().days(), 0);
    }
}
