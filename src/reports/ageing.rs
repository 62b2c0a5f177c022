//! Ageing: what parties owe, by how long it has been open.

use jiff::civil::Date;

use super::dues::days_between;
use super::open_items::PartyItems;
use crate::ledger::account::AccountKey;
use crate::ledger::currency::CurrencyKey;

/// The last day of each bucket but the open one at the end.
const EDGES: [i32; 3] = [30, 60, 90];

/// What people call the buckets.
pub const BUCKETS: [&str; 4] = ["0-30", "31-60", "61-90", "over 90"];

/// One party in one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Aged {
    pub party: AccountKey,
    pub currency: CurrencyKey,
    /// Minor units, debit positive; what is not due yet counts in the first.
    pub buckets: [i128; 4],
}

impl Aged {
    pub fn total(&self) -> i128 {
        self.buckets.iter().sum()
    }
}

/// The ages of open items as of a day.
pub fn ageing(open: &[PartyItems], as_of: Date) -> Vec<Aged> {
    open.iter()
        .map(|party| {
            let mut buckets = [0; 4];
            for item in &party.items {
                buckets[bucket(days_between(item.since, as_of))] += item.minor;
            }
            Aged {
                party: party.party,
                currency: party.currency,
                buckets,
            }
        })
        .collect()
}

fn bucket(days: i32) -> usize {
    EDGES.iter().filter(|edge| days > **edge).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::transaction::Transaction;
    use crate::reports::dues::dues;
    use crate::reports::open_items::OpenItemsBuilder;
    use crate::reports::sample::{shop, tx};
    use jiff::ToSpan;
    use jiff::civil::date;
    use proptest::prelude::*;

    #[test]
    fn buckets_change_after_30_60_and_90_days() {
        let buckets: Vec<usize> = [-5, 0, 30, 31, 60, 61, 90, 91, 4000]
            .into_iter()
            .map(bucket)
            .collect();
        assert_eq!(buckets, [0, 0, 0, 1, 1, 2, 2, 3, 3]);
    }

    proptest! {
        #[test]
        fn ageing_and_dues_agree_on_every_party(bills in proptest::collection::vec((proptest::bool::ANY, -100_000i64..100_000, 0i32..400), 0..40)) {
            let chart = shop();
            let as_of = date(2026, 12, 31);
            let mut open = OpenItemsBuilder::new(&chart, as_of);
            let all: Vec<Transaction> = bills.iter().enumerate().map(|(index, (customer, minor, age))| {
                let party = if *customer { "Assets:Receivable:Ramesh" } else { "Liabilities:Payable:Gupta" };
                tx(&chart, index as u64 + 1, as_of.checked_sub(age.days()).unwrap(), &[(party, *minor), ("Income:Sales", -minor)])
            }).collect();
            all.iter().for_each(|t| open.add(t, |_| true));
            let open = open.finish();
            let (dues, aged) = (dues(&open, as_of), ageing(&open, as_of));
            prop_assert_eq!(dues.len(), aged.len());
            for (due, aged) in dues.iter().zip(&aged) {
                prop_assert_eq!((due.party, due.balance), (aged.party, aged.total()));
                prop_assert!(aged.buckets[bucket(due.days)] != 0);
            }
        }
    }
}
