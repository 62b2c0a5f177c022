//! Drafts: what someone wants to post, by names, before any rule has been applied.
//!
//! [`Draft::into_transaction`] is the one way from a wish to a [`Transaction`]. It reports
//! every violation at once.

use std::sync::Arc;

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::account::AccountType;
use super::account::Kind;
use super::chart::Chart;
use super::currency::{Currency, CurrencyKey};
use super::money::{self, Exact, MoneyError};
use super::transaction::{
    Entry, EntryDetail, Number, Price, PriceBasis, State, Status, Tag, Transaction, TransactionId,
    Voucher,
};
use super::violation::Violation;

/// The years a book holds.
pub const YEARS: std::ops::RangeInclusive<i16> = 1900..=2199;

/// A price as typed.
#[derive(Debug, Clone, PartialEq)]
pub struct DraftPrice {
    pub amount: Decimal,
    /// `None`: the book's base currency.
    pub currency: Option<Arc<str>>,
    pub basis: PriceBasis,
}

/// An entry as typed: by path, perhaps without an amount.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DraftEntry {
    /// An exact account path.
    pub account: Arc<str>,
    /// Debit positive. `None`: what balances the others; at most one may be left out.
    pub amount: Option<Decimal>,
    /// A code; `None`: the account's own currency, else the book's base currency.
    pub currency: Option<Arc<str>>,
    pub price: Option<DraftPrice>,
    pub status: Status,
    pub memo: Option<String>,
    pub tags: Vec<Tag>,
}

/// A transaction as typed.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    pub id: TransactionId,
    pub date: Date,
    /// `None`: inferred from the accounts.
    pub voucher: Option<Voucher>,
    pub status: Status,
    pub description: Arc<str>,
    pub payee: Option<String>,
    pub reference: Option<String>,
    pub due: Option<Date>,
    pub tags: Vec<Tag>,
    pub metadata: Vec<(String, String)>,
    /// The transaction this one reverses.
    pub reverses: Option<Number>,
    pub entries: Vec<DraftEntry>,
}

/// The longest description, payee, reference, memo, tag or metadata value, in bytes.
pub const TEXT_BYTES_MAX: usize = 16 * 1024;
/// The most entries one transaction may have.
pub const ENTRIES_MAX: usize = 10_000;

impl Draft {
    /// An empty draft of a date and description.
    pub fn new(id: TransactionId, date: Date, description: impl Into<Arc<str>>) -> Draft {
        Draft {
            id,
            date,
            voucher: None,
            status: Status::Unmarked,
            description: description.into(),
            payee: None,
            reference: None,
            due: None,
            tags: Vec::new(),
            metadata: Vec::new(),
            reverses: None,
            entries: Vec::new(),
        }
    }

    /// Checks every rule that needs only the chart, and gives the balanced transaction.
    ///
    /// `number` is what the book will give it. A left-out amount is filled; where the others
    /// leave several currencies open, it becomes one entry each (rulings, "Journals").
    /// Errors: every violation, in the order of the draft.
    pub fn into_transaction(
        self,
        chart: &Chart,
        number: Number,
    ) -> Result<Transaction, Vec<Violation>> {
        let mut faults = self.text_faults();
        if !YEARS.contains(&self.date.year()) {
            faults.push(Violation::DateOutOfRange { date: self.date });
        }
        let mut weighing = Weighing {
            chart,
            rows: Vec::with_capacity(self.entries.len() + 1),
            missing: None,
            faults,
        };
        for entry in self.entries {
            weighing.take(entry, self.date);
        }
        let entries = weighing.settle()?;
        let voucher = self
            .voucher
            .unwrap_or_else(|| infer_voucher(chart, &entries));
        let mut metadata = self.metadata;
        metadata.sort();
        Ok(Transaction {
            id: self.id,
            number,
            version: 1,
            state: State::Live,
            date: self.date,
            voucher,
            status: self.status,
            description: self.description,
            payee: self.payee,
            reference: self.reference,
            due: self.due,
            tags: self.tags,
            metadata,
            reverses: self.reverses,
            reversed_by: None,
            entries,
        })
    }

    fn text_faults(&self) -> Vec<Violation> {
        let mut faults = Vec::new();
        let mut look = |field: &'static str, text: &str| {
            if text.len() > TEXT_BYTES_MAX {
                faults.push(Violation::TooLong {
                    field,
                    max: TEXT_BYTES_MAX,
                });
            }
            if text
                .bytes()
                .any(|b| b < 0x20 && b != b'\n' && b != b'\t' || b == 0x7f)
            {
                faults.push(Violation::Control { field });
            }
        };
        look("the description", &self.description);
        look("the payee", self.payee.as_deref().unwrap_or(""));
        look("the reference", self.reference.as_deref().unwrap_or(""));
        for tag in self
            .tags
            .iter()
            .chain(self.entries.iter().flat_map(|e| &e.tags))
        {
            look("a tag", &tag.name);
            look("a tag", &tag.value);
        }
        for (name, value) in &self.metadata {
            look("metadata", name);
            look("metadata", value);
        }
        for entry in &self.entries {
            look("a memo", entry.memo.as_deref().unwrap_or(""));
        }
        if self.entries.len() > ENTRIES_MAX {
            faults.push(Violation::TooLong {
                field: "the list of entries",
                max: ENTRIES_MAX,
            });
        }
        faults
    }
}

/// One entry with its exact weight, while the others are still being read.
struct Weighed {
    entry: Entry,
    weight: Exact,
    weight_currency: CurrencyKey,
}

struct Weighing<'a> {
    chart: &'a Chart,
    rows: Vec<Weighed>,
    /// The entry whose amount was left out, and its place.
    missing: Option<(usize, DraftEntry)>,
    faults: Vec<Violation>,
}

impl<'a> Weighing<'a> {
    fn take(&mut self, draft: DraftEntry, date: Date) {
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
    fn settle(mut self) -> Result<Vec<Entry>, Vec<Violation>> {
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

/// The voucher type the entries show (cli.md, "Voucher types").
pub fn infer_voucher(chart: &Chart, entries: &[Entry]) -> Voucher {
    let any = |side: fn(i64) -> bool, fits: &dyn Fn(Kind, AccountType) -> bool| {
        entries.iter().any(|e| {
            let account = chart.account(e.account);
            side(e.minor) && fits(account.kind, account.account_type)
        })
    };
    let debit: fn(i64) -> bool = |minor| minor > 0;
    let credit: fn(i64) -> bool = |minor| minor < 0;
    let liquid = |_: Kind, t: AccountType| t.is_liquid();
    let of_type = |wanted: AccountType| move |_: Kind, t: AccountType| t == wanted;
    match (any(debit, &liquid), any(credit, &liquid)) {
        (true, true) => Voucher::Contra,
        (true, false) => Voucher::Receipt,
        (false, true) => Voucher::Payment,
        (false, false)
            if any(debit, &of_type(AccountType::Receivable))
                && any(credit, &|k, _| k == Kind::Income) =>
        {
            Voucher::Sales
        }
        (false, false) if any(credit, &of_type(AccountType::Payable)) => Voucher::Purchase,
        (false, false) => Voucher::Journal,
    }
}
