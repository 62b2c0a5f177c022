//! Weighing entries: what each weighs in the currency it is exchanged in, what a left-out amount must be, and
//! whether all of them balance.

use std::sync::Arc;

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::chart::Chart;
use super::currency::{Currency, CurrencyKey};
use super::draft::DraftEntry;
use super::money::{self, Exact, MoneyError};
use super::transaction::{Entry, EntryDetail, Price, PriceBasis};
use super::violation::Violation;

/// One entry with its exact weight, while the others are still being read.
struct Weighed {
    entry: Entry,
    weight: Exact,
    weight_currency: CurrencyKey,
}

/// The entries taken so far, and what is wrong with them.
pub(super) struct Weighing<'a> {
    chart: &'a Chart,
    rows: Vec<Weighed>,
    /// The entry whose amount was left out, and its place.
    missing: Option<(usize, DraftEntry)>,
    faults: Vec<Violation>,
}

impl<'a> Weighing<'a> {
    /// `count` entries will come; `faults` are those of the draft itself.
    pub fn of(chart: &'a Chart, count: usize, faults: Vec<Violation>) -> Weighing<'a> {
        Weighing {
            chart,
            rows: Vec::with_capacity(count + 1),
            missing: None,
            faults,
        }
    }

    pub fn take(&mut self, draft: DraftEntry, date: Date) {
        let Some(account) = self.chart.find(&draft.account) else {
            let near = self.chart.near(&draft.account);
            self.faults.push(Violation::UnknownAccount {
                path: draft.account,
                near,
            });
            return;
        };
        if let Some(closed_on) = account.closed_on.filter(|closed| date > *closed) {
            self.faults.push(Violation::AccountClosed {
                account: account.path.clone(),
                closed_on,
            });
        }
        let Some(amount) = draft.amount else {
            if self.missing.replace((self.rows.len(), draft)).is_some() {
                self.faults.push(Violation::SeveralAmountsMissing);
            }
            return;
        };
        let Some(currency) =
            self.currency_of(draft.currency.as_ref().or(account.currency.as_ref()))
        else {
            return;
        };
        if let Some(expected) = account.currency.as_ref().filter(|c| ***c != *currency.code) {
            self.faults.push(Violation::WrongCurrency {
                account: account.path.clone(),
                expected: expected.clone(),
                found: currency.code.clone(),
            });
        }
        let Some(minor) = self.minor(amount, currency) else {
            return;
        };
        let key = account.key;
        if let Some(row) = self.weigh(draft, key, currency, minor, amount) {
            self.rows.push(row);
        }
    }

    fn weigh(
        &mut self,
        draft: DraftEntry,
        account: super::account::AccountKey,
        currency: &Currency,
        minor: i64,
        amount: Decimal,
    ) -> Option<Weighed> {
        let mut weight = Exact::of(amount);
        let mut weight_currency = currency.key;
        let mut price = None;
        if let Some(typed) = draft.price {
            let priced_in = self.currency_of(typed.currency.as_ref())?;
            if typed.amount.is_sign_negative() && !typed.amount.is_zero() {
                self.faults.push(Violation::NegativePrice {
                    account: draft.account,
                });
                return None;
            }
            if priced_in.key == currency.key {
                self.faults.push(Violation::PriceInOwnCurrency {
                    account: draft.account,
                    currency: currency.code.clone(),
                });
                return None;
            }
            let Some(exact) = price_weight(amount, typed.amount, typed.basis) else {
                self.faults.push(Violation::PriceTooLong {
                    account: draft.account,
                });
                return None;
            };
            weight = exact;
            weight_currency = priced_in.key;
            price = Some(Price {
                amount: typed.amount,
                currency: priced_in.key,
                basis: typed.basis,
            });
        }
        let detail = EntryDetail {
            price,
            weight: None,
            status: draft.status,
            memo: draft.memo,
            tags: draft.tags,
        };
        let detail = (detail != EntryDetail::default()).then(|| Box::new(detail));
        Some(Weighed {
            entry: Entry {
                account,
                currency: currency.key,
                minor,
                detail,
            },
            weight,
            weight_currency,
        })
    }

    fn currency_of(&mut self, code: Option<&Arc<str>>) -> Option<&'a Currency> {
        let chart: &'a Chart = self.chart;
        match code {
            None => chart.currencies().first(),
            Some(code) => {
                let found = chart.find_currency(code);
                if found.is_none() {
                    self.faults
                        .push(Violation::UnknownCurrency { code: code.clone() });
                }
                found
            }
        }
    }

    fn minor(&mut self, amount: Decimal, currency: &Currency) -> Option<i64> {
        match money::to_minor(amount, currency.scale) {
            Ok(minor) => Some(minor),
            Err(MoneyError::TooPrecise { scale }) => {
                self.faults.push(Violation::TooPrecise {
                    amount,
                    currency: currency.code.clone(),
                    scale,
                });
                None
            }
            Err(MoneyError::TooLarge) => {
                self.faults.push(Violation::TooLarge {
                    amount,
                    currency: currency.code.clone(),
                });
                None
            }
        }
    }

    /// Fills what was left out, proves the balance, and stores the settled weights.
    pub fn settle(mut self) -> Result<Vec<Entry>, Vec<Violation>> {
        if !self.faults.is_empty() {
            return Err(self.faults);
        }
        self.fill_missing();
        if self.rows.len() < 2 {
            self.faults.push(Violation::TooFewEntries);
        }
        for currency in self.weight_currencies() {
            self.settle_currency(currency);
        }
        if self.faults.is_empty() {
            Ok(self.rows.into_iter().map(|row| row.entry).collect())
        } else {
            Err(self.faults)
        }
    }

    fn weight_currencies(&self) -> Vec<CurrencyKey> {
        let mut seen = Vec::new();
        for row in &self.rows {
            if !seen.contains(&row.weight_currency) {
                seen.push(row.weight_currency);
            }
        }
        seen
    }

    /// The exact sum of the weights in one currency; `None` on overflow.
    fn sum(&self, currency: CurrencyKey) -> Option<Exact> {
        let zero = Exact {
            mantissa: 0,
            scale: 0,
        };
        self.rows
            .iter()
            .filter(|r| r.weight_currency == currency)
            .try_fold(zero, |sum, row| sum.checked_add(row.weight))
    }

    fn fill_missing(&mut self) {
        let Some((place, draft)) = self.missing.take() else {
            return;
        };
        let Some(account) = self.chart.find(&draft.account) else {
            return;
        };
        let mut filled = Vec::new();
        for key in self.weight_currencies() {
            let currency = self.chart.currency(key);
            let Some(minor) = self
                .sum(key)
                .and_then(|sum| sum.round_half_even(currency.scale))
            else {
                continue;
            };
            if minor == 0 {
                continue;
            }
            if let Some(expected) = account.currency.as_ref().filter(|c| ***c != *currency.code) {
                let (account, expected, found) = (
                    account.path.clone(),
                    expected.clone(),
                    currency.code.clone(),
                );
                self.faults.push(Violation::WrongCurrency {
                    account,
                    expected,
                    found,
                });
                continue;
            }
            filled.push((key, -minor));
        }
        // With nothing open the entry stays, at zero: journals write such postings.
        if filled.is_empty() {
            let key = self
                .rows
                .last()
                .map_or(CurrencyKey(1), |row| row.weight_currency);
            filled.push((key, 0));
        }
        for (offset, (key, minor)) in filled.into_iter().enumerate() {
            let detail = EntryDetail {
                status: draft.status,
                memo: draft.memo.clone(),
                tags: draft.tags.clone(),
                ..EntryDetail::default()
            };
            let detail = (detail != EntryDetail::default()).then(|| Box::new(detail));
            let scale = u32::from(self.chart.currency(key).scale);
            let weight = Exact {
                mantissa: minor,
                scale,
            };
            let Some(minor) = i64::try_from(minor)
                .ok()
                .filter(|m| m.abs() <= money::MINOR_MAX)
            else {
                let currency = self.chart.currency(key).code.clone();
                self.faults.push(Violation::TooLarge {
                    amount: weight.to_decimal().unwrap_or(Decimal::MAX),
                    currency,
                });
                continue;
            };
            let entry = Entry {
                account: account.key,
                currency: key,
                minor,
                detail,
            };
            self.rows.insert(
                place + offset,
                Weighed {
                    entry,
                    weight,
                    weight_currency: key,
                },
            );
        }
    }

    fn settle_currency(&mut self, key: CurrencyKey) {
        let currency = self.chart.currency(key);
        let too_large = |amount| Violation::TooLarge {
            amount,
            currency: currency.code.clone(),
        };
        let Some(sum) = self.sum(key) else {
            self.faults.push(too_large(Decimal::MAX));
            return;
        };
        if sum.round_half_even(currency.scale) != Some(0) {
            let mut off = sum.to_decimal().unwrap_or(Decimal::MAX);
            // `90.00`, as amounts of the currency are written.
            off.rescale(off.scale().max(currency.scale.into()));
            self.faults.push(Violation::Unbalanced {
                currency: currency.code.clone(),
                off,
            });
            return;
        }
        let places: Vec<usize> = (0..self.rows.len())
            .filter(|i| self.rows[*i].weight_currency == key)
            .collect();
        let weights: Vec<Exact> = places.iter().map(|i| self.rows[*i].weight).collect();
        let Some(settled) = money::settle(&weights, currency.scale) else {
            self.faults.push(too_large(Decimal::MAX));
            return;
        };
        for (place, minor) in places.into_iter().zip(settled) {
            let entry = &mut self.rows[place].entry;
            if minor.abs() > money::MINOR_MAX {
                self.faults.push(too_large(Decimal::MAX));
            }
            if entry.price().is_some() {
                entry.detail.get_or_insert_default().weight = Some((minor, key));
            }
        }
    }
}

/// The exact weight of a priced amount; `None` when it needs more than 38 digits.
pub fn price_weight(amount: Decimal, price: Decimal, basis: PriceBasis) -> Option<Exact> {
    let price = Exact::of(price.abs());
    match basis {
        PriceBasis::Unit => Exact::of(amount).checked_mul(price),
        PriceBasis::Total if amount.is_zero() => Some(Exact {
            mantissa: 0,
            scale: 0,
        }),
        PriceBasis::Total if amount.is_sign_negative() => Some(Exact {
            mantissa: -price.mantissa,
            scale: price.scale,
        }),
        PriceBasis::Total => Some(price),
    }
}
