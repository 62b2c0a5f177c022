//! Totals by one fold over the entries.

use jiff::civil::Date;

use crate::ledger::account::AccountKey;
use crate::ledger::currency::CurrencyKey;
use crate::ledger::day::Day;
use crate::ledger::totals::{AccountTotal, Conversion, Totals, TotalsQuery, Turnover};

use super::MemoryBook;

impl MemoryBook {
    /// The same totals that a book with stored ones gives.
    pub(super) fn fold_totals(&self, query: &TotalsQuery) -> Totals {
        let mut fold = Fold::new(query, self.content.chart.accounts().len());
        let Some(last_cut) = query.cuts.last() else {
            return Totals::default();
        };
        let last = if *last_cut == Date::MAX {
            self.content.store.len()
        } else {
            self.rank_of(Day::of(*last_cut))
        };
        let store = &self.content.store;
        let mut cut = 0;
        for rank in 0..last {
            let place = self.place(rank);
            let day = store.row(place).day;
            while cut < fold.cuts.len() && fold.cuts[cut] <= day {
                cut += 1;
            }
            let span = cut.checked_sub(1).map(|s| s.min(fold.spans - 1));
            let closing = store.is_closing(place);
            for entry in store.entries(place) {
                let (weight, weighed_in, priced) = store.weight(entry);
                if !fold.wants(entry.account) {
                    continue;
                }
                fold.amount(entry.account, entry.currency, span, entry.minor, closing);
                if priced {
                    fold.conversion(weighed_in, span, i128::from(weight));
                    fold.conversion(entry.currency, span, -i128::from(entry.minor));
                }
            }
        }
        fold.finish()
    }
}

struct Fold {
    cuts: Vec<Day>,
    spans: usize,
    wanted: Option<Vec<bool>>,
    /// By account key: its rows, one a currency.
    slots: Vec<Vec<(CurrencyKey, usize)>>,
    rows: Vec<AccountTotal>,
    conversions: Vec<Conversion>,
}

impl Fold {
    fn new(query: &TotalsQuery, accounts: usize) -> Fold {
        let wanted = query.accounts.as_ref().map(|keys| {
            let mut wanted = vec![false; accounts + 1];
            for key in keys {
                if let Some(flag) = wanted.get_mut(key.0 as usize) {
                    *flag = true;
                }
            }
            wanted
        });
        Fold {
            cuts: query.cuts.iter().map(|c| Day::of(*c)).collect(),
            spans: query.spans().max(1),
            wanted,
            slots: vec![Vec::new(); accounts + 1],
            rows: Vec::new(),
            conversions: Vec::new(),
        }
    }

    fn wants(&self, account: AccountKey) -> bool {
        self.wanted
            .as_ref()
            .is_none_or(|list| list.get(account.0 as usize).copied().unwrap_or(false))
    }

    /// Adds an amount; without a span it belongs to the opening.
    fn amount(
        &mut self,
        account: AccountKey,
        currency: CurrencyKey,
        span: Option<usize>,
        minor: i64,
        closing: bool,
    ) {
        let slot = &mut self.slots[account.0 as usize];
        let place = match slot.iter().find(|(key, _)| *key == currency) {
            Some((_, place)) => *place,
            None => {
                slot.push((currency, self.rows.len()));
                self.rows.push(AccountTotal {
                    account,
                    currency,
                    opening: 0,
                    spans: vec![Turnover::default(); self.spans],
                    count: 0,
                });
                self.rows.len() - 1
            }
        };
        let row = &mut self.rows[place];
        let minor = i128::from(minor);
        match span {
            None => row.opening += minor,
            Some(span) => {
                let turnover = &mut row.spans[span];
                if minor >= 0 {
                    turnover.debit += minor;
                } else {
                    turnover.credit -= minor;
                }
                if closing {
                    turnover.closing += minor;
                }
                row.count += 1;
            }
        }
    }

    fn conversion(&mut self, currency: CurrencyKey, span: Option<usize>, minor: i128) {
        let place = match self.conversions.iter().position(|c| c.currency == currency) {
            Some(place) => place,
            None => {
                self.conversions.push(Conversion {
                    currency,
                    opening: 0,
                    spans: vec![0; self.spans],
                });
                self.conversions.len() - 1
            }
        };
        match span {
            None => self.conversions[place].opening += minor,
            Some(span) => self.conversions[place].spans[span] += minor,
        }
    }

    fn finish(mut self) -> Totals {
        self.rows.sort_by_key(|r| (r.account, r.currency));
        self.conversions.sort_by_key(|c| c.currency);
        self.conversions
            .retain(|c| c.opening != 0 || c.spans.iter().any(|s| *s != 0));
        Totals {
            rows: self.rows,
            conversions: self.conversions,
        }
    }
}
