//! Activity: how many transactions and entries fall in each span.

use jiff::civil::Date;

use crate::ledger::transaction::Transaction;

/// One span.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Active {
    /// Inclusive.
    pub from: Date,
    /// Exclusive.
    pub until: Date,
    pub transactions: u64,
    pub entries: u64,
}

/// Folds transactions into counts.
pub struct ActivityBuilder {
    spans: Vec<Active>,
}

impl ActivityBuilder {
    /// Ascending cut points, at least two; what lies outside them is not counted.
    pub fn new(cuts: &[Date]) -> ActivityBuilder {
        let spans = cuts.windows(2).map(|pair| Active {
            from: pair[0],
            until: pair[1],
            transactions: 0,
            entries: 0,
        });
        ActivityBuilder {
            spans: spans.collect(),
        }
    }

    pub fn add(&mut self, transaction: &Transaction) {
        let after = self.spans.partition_point(|s| s.from <= transaction.date);
        let Some(span) = after.checked_sub(1).and_then(|at| self.spans.get_mut(at)) else {
            return;
        };
        if transaction.is_void() || transaction.date >= span.until {
            return;
        }
        span.transactions += 1;
        span.entries += transaction.entries.len() as u64;
    }

    pub fn finish(self) -> Vec<Active> {
        self.spans
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reports::sample::{shop, tx};
    use jiff::civil::date;

    #[test]
    fn transactions_count_in_the_span_of_their_date() {
        let chart = shop();
        let mut activity =
            ActivityBuilder::new(&[date(2026, 4, 1), date(2026, 5, 1), date(2026, 6, 1)]);
        for (number, on) in [
            date(2026, 3, 31),
            date(2026, 4, 1),
            date(2026, 5, 31),
            date(2026, 6, 1),
        ]
        .into_iter()
        .enumerate()
        {
            activity.add(&tx(
                &chart,
                number as u64 + 1,
                on,
                &[("Assets:Cash", 1), ("Income:Sales", -1)],
            ));
        }
        let counts: Vec<_> = activity
            .finish()
            .iter()
            .map(|s| (s.transactions, s.entries))
            .collect();
        assert_eq!(counts, [(1, 2), (1, 2)]);
    }
}
