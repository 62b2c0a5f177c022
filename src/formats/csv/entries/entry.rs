//! A row as an entry of the transaction in hand: its account, its amount in a currency, what it was exchanged at.

use std::borrow::Cow;
use std::sync::Arc;

use rust_decimal::Decimal;
use uuid::Uuid;

use super::Reader;
use super::row::Row;
use super::shape::amount_of;
use crate::formats::csv::columns::Role;
use crate::formats::fault::Fault;
use crate::ledger::account::{AccountKey, check_path};
use crate::ledger::cell_text::read_tags_text;
use crate::ledger::change::NewAccount;
use crate::ledger::compact::CompactEntry;
use crate::ledger::currency::{Currency, CurrencyKey, iso_scale, iso_symbol};
use crate::ledger::draft::ENTRIES_MAX;
use crate::ledger::money::{Exact, SCALE_MAX, places_needed, to_minor};
use crate::ledger::price_text::read_price;
use crate::ledger::transaction::{EntryDetail, Price, Status, Tag};
use crate::ledger::weighing::price_weight;

/// An entry of it, and what its row says beside.
pub(super) struct Said {
    pub entry: CompactEntry,
    pub detail: EntryDetail,
    pub status: Status,
    pub tags: Vec<Tag>,
}

impl Reader<'_> {
    pub(super) fn entry(&mut self, row: &Row<'_>) -> Result<(), Fault> {
        let columns = &self.shape.columns;
        let account_column = columns.get(Role::Account).unwrap_or(0);
        let own = self.shape.own;
        let path = row.said(Some(account_column), own).unwrap_or_default();
        let path = path.trim();
        let account = match self.by_path.get(path) {
            Some(key) => *key,
            None => {
                check_path(path).map_err(|why| {
                    self.fault(
                        row,
                        account_column,
                        "bad-path",
                        format!("account {path:?}: {why}"),
                    )
                })?;
                self.new_account(path)
            }
        };
        let money = columns
            .get(Role::Out)
            .or(columns.get(Role::Amount))
            .unwrap_or(0);
        let Some(amount) = amount_of(self.shape, self.mark, &|column| row.cell(column)) else {
            return Err(self
                .fault(
                    row,
                    money,
                    "unreadable-amount",
                    "cannot read the amount: one of debit and credit, in digits",
                )
                .hint("the decimal mark is . unless --decimal-mark , says otherwise"));
        };
        let code = row
            .said(columns.get(Role::Currency), own)
            .map_or_else(|| self.options.home_currency.to_string(), Cow::into_owned);
        let currency = self.currency(&code);
        let known = self
            .options
            .chart
            .find_currency(&self.currencies[usize::from(currency.0) - 1].code)
            .map(|c| c.scale);
        let scale = known.unwrap_or(
            self.currencies[usize::from(currency.0) - 1]
                .scale
                .max(places_of(amount)),
        );
        let minor = to_minor(amount, scale).map_err(|why| {
            self.fault(
                row,
                money,
                "unreadable-amount",
                format!("{amount} {code}: {why}"),
            )
        })?;
        self.currencies[usize::from(currency.0) - 1].scale = scale;
        let priced = self.priced(row, amount)?;
        let status = row.at(columns.get(Role::State)).and_then(Status::from_word);
        let said = Said {
            entry: CompactEntry::new(account, currency, minor, scale),
            detail: EntryDetail {
                memo: row.said(self.shape.memo, own).map(Cow::into_owned),
                price: priced.map(|(price, _)| price),
                ..EntryDetail::default()
            },
            status: status.unwrap_or_default(),
            tags: match own {
                true => read_tags_text(&row.said(self.shape.tags, own).unwrap_or_default()),
                false => tags(row.at(self.shape.tags)),
            },
        };
        let Some(open) = self.open.as_mut() else {
            return Ok(());
        };
        let (weight, of) = match priced.map(|(price, weight)| (weight, price.currency)) {
            Some((weight, of)) => {
                let place = open.entries.len();
                self.weights.push((open.index, place, weight, of));
                (weight.to_decimal().unwrap_or(amount), of)
            }
            None => (amount, currency),
        };
        match open.sums.iter_mut().find(|(c, _)| *c == of) {
            Some((_, sum)) => *sum += weight,
            None => open.sums.push((of, weight)),
        }
        if open.entries.len() >= ENTRIES_MAX {
            let why = "the transaction has too many entries";
            return Err(self.fault(row, 0, "too-large", why));
        }
        open.entries.push(said);
        Ok(())
    }

    /// What a row was exchanged at, with its exact weight; `None` where its column says none.
    fn priced(&mut self, row: &Row<'_>, amount: Decimal) -> Result<Option<(Price, Exact)>, Fault> {
        let Some((basis, price, code)) = row.at(self.shape.price).and_then(read_price) else {
            return Ok(None);
        };
        let currency = self.currency(code);
        let at = usize::from(currency.0) - 1;
        let known = self.options.chart.find_currency(&self.currencies[at].code);
        let known = known.map(|c| c.scale);
        let weight = price_weight(amount, price, basis).map(Exact::normalized);
        let places = weight.and_then(|w| u8::try_from(w.scale).ok());
        let Some((weight, places)) = weight
            .zip(places)
            .filter(|(_, places)| known.is_none_or(|scale| *places <= scale))
        else {
            let column = self.shape.price.unwrap_or(0);
            let why = format!("the price gives {amount} no exact weight in {code}");
            return Err(self
                .fault(row, column, "unreadable-amount", why)
                .hint(format!(
                    "say the total it was exchanged at: total AMOUNT {code}"
                )));
        };
        self.currencies[at].scale = known.unwrap_or(self.currencies[at].scale.max(places));
        let weight = match price.is_sign_negative() {
            true => Exact {
                mantissa: -weight.mantissa,
                ..weight
            },
            false => weight,
        };
        let price = Price {
            amount: price.abs(),
            currency,
            basis,
        };
        Ok(Some((price, weight)))
    }

    fn new_account(&mut self, path: &str) -> AccountKey {
        let key = AccountKey(u32::try_from(self.accounts.len()).unwrap_or(u32::MAX - 1) + 1);
        let new = NewAccount::at(Uuid::nil(), path);
        self.accounts.push(new.into_account(key));
        self.by_path.insert(path.to_owned(), key);
        key
    }

    fn currency(&mut self, text: &str) -> CurrencyKey {
        if let Some(key) = self.by_code.get(text) {
            return *key;
        }
        let code: Arc<str> = self
            .options
            .chart
            .resolve_currency(text)
            .map_or_else(|| Arc::from(text), |c| c.code.clone());
        let key = CurrencyKey(u16::try_from(self.currencies.len()).unwrap_or(u16::MAX - 1) + 1);
        self.currencies.push(Currency {
            key,
            scale: iso_scale(&code).unwrap_or(0),
            symbol: iso_symbol(&code).map(Arc::from),
            code,
            name: None,
        });
        self.by_code.insert(text.to_owned(), key);
        key
    }
}

/// The places an amount is written with, that a currency nobody knows gets; no more than a currency can have.
fn places_of(amount: Decimal) -> u8 {
    let written = u8::try_from(amount.scale()).unwrap_or(u8::MAX);
    match written <= SCALE_MAX {
        true => written,
        false => places_needed(amount),
    }
}

/// `name:value, name`
fn tags(text: Option<&str>) -> Vec<Tag> {
    let pieces = text
        .unwrap_or("")
        .split(',')
        .map(str::trim)
        .filter(|p| !p.is_empty());
    pieces
        .map(|piece| {
            let (name, value) = piece.split_once(':').unwrap_or((piece, ""));
            Tag {
                name: name.trim().to_owned(),
                value: value.trim().to_owned(),
            }
        })
        .collect()
}
