//! Streaming transactions in order of date and number.

use std::ops::ControlFlow;

use crate::ledger::day::Day;
use crate::ledger::transaction::Transaction;

use super::super::{Order, Scan};
use super::MemoryBook;
use super::words;

impl MemoryBook {
    /// Hands over what a scan asks for. Journals hold no void transactions.
    pub(super) fn walk(&self, scan: &Scan, row: &mut dyn FnMut(Transaction) -> ControlFlow<()>) {
        let wanted = self.wanted(scan);
        let folded: Vec<String> = scan.words.iter().map(|w| words::folded(w)).collect();
        let (first, last) = self.ranks(scan);
        let mut left = scan.limit.unwrap_or(u64::MAX);
        let mut visit = |rank: usize| {
            if left == 0 {
                return ControlFlow::Break(());
            }
            let place = self.place(rank);
            let store = &self.content.store;
            let has = |list: &Vec<bool>| {
                store
                    .entries(place)
                    .iter()
                    .any(|e| list.get(e.account.0 as usize).copied().unwrap_or(false))
            };
            if wanted.as_ref().is_some_and(|list| !has(list)) {
                return ControlFlow::Continue(());
            }
            let transaction = store.transaction(place, &self.content.chart);
            if !folded.is_empty() && !words::all_begin_a_word(&folded, &transaction) {
                return ControlFlow::Continue(());
            }
            left -= 1;
            row(transaction)
        };
        let ended = match scan.order {
            Order::OldestFirst => (first..last).try_for_each(&mut visit),
            Order::NewestFirst => (first..last).rev().try_for_each(&mut visit),
        };
        // Whether the reader had enough or the book had no more, the scan is over.
        let (ControlFlow::Continue(()) | ControlFlow::Break(())) = ended;
    }

    /// By account key, whether a scan asks for it.
    fn wanted(&self, scan: &Scan) -> Option<Vec<bool>> {
        let keys = scan.accounts.as_ref()?;
        let mut wanted = vec![false; self.content.chart.accounts().len() + 1];
        for key in keys {
            if let Some(flag) = wanted.get_mut(key.0 as usize) {
                *flag = true;
            }
        }
        Some(wanted)
    }

    /// The ranks of a scan's span of days, the last one exclusive.
    fn ranks(&self, scan: &Scan) -> (usize, usize) {
        let first = scan.from.map_or(0, |from| self.rank_of(Day::of(from)));
        let last = scan.until.map_or(self.content.store.len(), |until| {
            self.rank_of(Day::of(until))
        });
        (first, last.max(first))
    }

    /// How many transactions are before a day.
    pub(super) fn rank_of(&self, day: Day) -> usize {
        let rows = self.content.store.rows();
        match &self.order {
            None => rows.partition_point(|r| r.day < day),
            Some(order) => order.partition_point(|place| rows[*place as usize].day < day),
        }
    }
}
