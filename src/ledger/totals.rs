//! Totals per account, currency and span of time: what most reports are made of.
//!
//! Books answer them from their month totals; [`TotalsBuilder`] makes the same from
//! transactions, for filtered reports and for books that keep none.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::account::AccountKey;
use super::currency::CurrencyKey;
use super::transaction::{Transaction, Voucher};

/// Which totals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TotalsQuery {
    /// Ascending cut points; span `i` is `cuts[i]` (inclusive) to `cuts[i + 1]` (exclusive). At least two.
    /// `Date::MIN` first: from the beginning. `Date::MAX` last: to the end.
    pub cuts: Vec<Date>,
    /// Only these accounts; `None`: all.
    pub accounts: Option<Vec<AccountKey>>,
}

impl TotalsQuery {
    /// One span from the beginning up to and without `until` (`None`: everything).
    pub fn until(until: Option<Date>) -> TotalsQuery {
        TotalsQuery {
            cuts: vec![Date::MIN, until.unwrap_or(Date::MAX)],
            accounts: None,
        }
    }

    /// One span.
    pub fn span(from: Option<Date>, until: Option<Date>) -> TotalsQuery {
        TotalsQuery {
            cuts: vec![from.unwrap_or(Date::MIN), until.unwrap_or(Date::MAX)],
            accounts: None,
        }
    }

    pub fn spans(&self) -> usize {
        self.cuts.len().saturating_sub(1)
    }
}

/// What moved in one span, in minor units.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Turnover {
    /// Sum of debits, positive.
    pub debit: i128,
    /// Sum of credits, positive.
    pub credit: i128,
    /// Net of the `closing` vouchers among them (debit positive): income statements take it out again.
    pub closing: i128,
}

impl Turnover {
    /// Debits less credits.
    pub fn net(self) -> i128 {
        self.debit - self.credit
    }

    /// Debits less credits, closing vouchers left out.
    pub fn net_before_closing(self) -> i128 {
        self.net() - self.closing
    }

    pub fn is_zero(self) -> bool {
        self.debit == 0 && self.credit == 0
    }

    fn add(&mut self, minor: i128, closing: bool) {
        if minor >= 0 {
            self.debit += minor;
        } else {
            self.credit -= minor;
        }
        if closing {
            self.closing += minor;
        }
    }
}

/// One account's totals in one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountTotal {
    pub account: AccountKey,
    pub currency: CurrencyKey,
    /// Everything before the first cut, debit positive; 0 when the first cut is `Date::MIN`.
    pub opening: i128,
    /// One a span.
    pub spans: Vec<Turnover>,
    /// Entries in the spans.
    pub count: u64,
}

impl AccountTotal {
    fn new(account: AccountKey, currency: CurrencyKey, spans: usize) -> AccountTotal {
        AccountTotal {
            account,
            currency,
            opening: 0,
            spans: vec![Turnover::default(); spans],
            count: 0,
        }
    }

    /// Opening and all spans: the balance at the last cut.
    pub fn closing(&self) -> i128 {
        self.opening + self.spans.iter().map(|s| s.net()).sum::<i128>()
    }
}

/// What priced entries brought into a currency by weight less what they took by amount.
///
/// A currency's accounts and its conversion sum to zero: how a trial balance proves (rulings).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversion {
    pub currency: CurrencyKey,
    pub opening: i128,
    pub spans: Vec<i128>,
}

/// Totals of a book, rows by account key, then currency; rows that are zero throughout may be missing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Totals {
    pub rows: Vec<AccountTotal>,
    pub conversions: Vec<Conversion>,
}

/// Folds transactions into totals.
pub struct TotalsBuilder {
    cuts: Vec<Date>,
    rows: BTreeMap<(AccountKey, CurrencyKey), AccountTotal>,
    conversions: BTreeMap<CurrencyKey, Conversion>,
}

impl TotalsBuilder {
    pub fn new(cuts: &[Date]) -> TotalsBuilder {
        TotalsBuilder {
            cuts: cuts.to_vec(),
            rows: BTreeMap::new(),
            conversions: BTreeMap::new(),
        }
    }

    /// Adds the entries of a transaction that `keep` keeps. Void transactions count for nothing.
    pub fn add(
        &mut self,
        transaction: &Transaction,
        mut keep: impl FnMut(&super::transaction::Entry) -> bool,
    ) {
        if transaction.is_void() {
            return;
        }
        let closing = transaction.voucher == Voucher::Closing;
        for entry in transaction.entries.iter().filter(|e| keep(e)) {
            let (weight, weight_currency) = entry.weight();
            self.amount(
                transaction.date,
                closing,
                entry.account,
                entry.currency,
                entry.minor.into(),
            );
            if entry.detail.as_ref().is_some_and(|d| d.weight.is_some()) {
                self.conversion(transaction.date, weight_currency, weight.into());
                self.conversion(transaction.date, entry.currency, -i128::from(entry.minor));
            }
        }
    }

    /// Adds one amount of one account.
    pub fn amount(
        &mut self,
        date: Date,
        closing: bool,
        account: AccountKey,
        currency: CurrencyKey,
        minor: i128,
    ) {
        let Some(place) = place(&self.cuts, date) else {
            return;
        };
        let spans = self.cuts.len() - 1;
        let row = self
            .rows
            .entry((account, currency))
            .or_insert_with(|| AccountTotal::new(account, currency, spans));
        match place {
            Place::Opening => row.opening += minor,
            Place::Span(index) => {
                row.spans[index].add(minor, closing);
                row.count += 1;
            }
        }
    }

    /// Adds a whole month's turnover of one account, which must lie within one span; `day` is any day of it.
    pub fn turnover(
        &mut self,
        day: Date,
        closing: bool,
        account: AccountKey,
        currency: CurrencyKey,
        moved: (i128, i128, u64),
    ) {
        let (debit, credit, entries) = moved;
        let Some(at) = place(&self.cuts, day) else {
            return;
        };
        let spans = self.cuts.len() - 1;
        let row = self
            .rows
            .entry((account, currency))
            .or_insert_with(|| AccountTotal::new(account, currency, spans));
        match at {
            Place::Opening => row.opening += debit - credit,
            Place::Span(index) => {
                let span = &mut row.spans[index];
                span.debit += debit;
                span.credit += credit;
                span.closing += if closing { debit - credit } else { 0 };
                row.count += entries;
            }
        }
    }

    /// Adds to a currency's conversion.
    pub fn conversion(&mut self, date: Date, currency: CurrencyKey, minor: i128) {
        let Some(place) = place(&self.cuts, date) else {
            return;
        };
        let spans = self.cuts.len() - 1;
        let row = self
            .conversions
            .entry(currency)
            .or_insert_with(|| Conversion {
                currency,
                opening: 0,
                spans: vec![0; spans],
            });
        match place {
            Place::Opening => row.opening += minor,
            Place::Span(index) => row.spans[index] += minor,
        }
    }

    pub fn finish(self) -> Totals {
        Totals {
            rows: self.rows.into_values().collect(),
            conversions: self
                .conversions
                .into_values()
                .filter(|c| c.opening != 0 || c.spans.iter().any(|s| *s != 0))
                .collect(),
        }
    }
}

/// Where a date falls among cut points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Before the first cut.
    Opening,
    /// In this span.
    Span(usize),
}

/// Where a date falls; `None`: on or after the last cut.
pub fn place(cuts: &[Date], date: Date) -> Option<Place> {
    let after = cuts.partition_point(|cut| *cut <= date);
    match after {
        0 => Some(Place::Opening),
        n if n < cuts.len() => Some(Place::Span(n - 1)),
        n if cuts[n - 1] == Date::MAX => Some(Place::Span(n - 2)),
        _ => None,
    }
}
