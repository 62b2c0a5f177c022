//! Transactions as answers: one, a page, a stream.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::amount::Amount;
use super::{Result, Unreadable, read_word};
use crate::ledger::chart::Chart;
use crate::ledger::transaction::{
    Entry, EntryDetail, Number, Price, PriceBasis, State, Status, Tag, Transaction, TransactionId,
    Voucher,
};

/// `name`, or `name` and a value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct TagBody {
    pub name: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub value: String,
}

pub(super) fn tag_bodies(tags: &[Tag]) -> Vec<TagBody> {
    let body = |t: &Tag| TagBody {
        name: t.name.clone(),
        value: t.value.clone(),
    };
    tags.iter().map(body).collect()
}

pub(super) fn tags_of(bodies: Vec<TagBody>) -> Vec<Tag> {
    let tag = |t: TagBody| Tag {
        name: t.name,
        value: t.value,
    };
    bodies.into_iter().map(tag).collect()
}

/// What an entry's amount was exchanged at: for one unit, or for the whole amount.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct PriceOfEntry {
    pub amount: Amount,
    /// Left out: the base currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// `unit` (default) or `total`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basis: Option<String>,
}

pub(super) fn basis_word(basis: PriceBasis) -> String {
    let word = match basis {
        PriceBasis::Unit => "unit",
        PriceBasis::Total => "total",
    };
    word.to_owned()
}

pub(super) fn read_basis(word: Option<&str>) -> Result<PriceBasis> {
    let of = |word: &str| match word {
        "unit" => Some(PriceBasis::Unit),
        "total" => Some(PriceBasis::Total),
        _ => None,
    };
    read_word("basis", word.unwrap_or("unit"), of, &["unit", "total"])
        .map_err(|e| e.within("basis"))
}

pub(super) fn read_status(word: Option<&str>) -> Result<Status> {
    let known = Status::ALL.map(Status::word);
    let of = |w: &str| Status::ALL.into_iter().find(|s| s.word() == w);
    read_word("status", word.unwrap_or("unmarked"), of, &known).map_err(|e| e.within("status"))
}

pub(super) fn read_voucher(word: &str) -> Result<Voucher> {
    let known = Voucher::ALL.map(Voucher::word);
    read_word("voucher", word, Voucher::from_word, &known).map_err(|e| e.within("voucher"))
}

/// The code of the problem that there is no such transaction.
pub const NO_TRANSACTION: &str = "transaction-not-found";

/// What an entry weighs where that is not its amount, in minor units exactly.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct Weight {
    pub amount: Amount,
    pub currency: String,
}

/// One debit or credit; of the two the unused is null.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct EntryBody {
    pub account_id: Uuid,
    pub account: String,
    pub debit: Option<Amount>,
    pub credit: Option<Amount>,
    pub currency: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<PriceOfEntry>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<Weight>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memo: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<TagBody>,
}

/// A transaction as its book holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct TransactionBody {
    pub number: u64,
    pub id: Uuid,
    pub version: u32,
    /// `live` or `void`.
    pub state: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub void_reason: Option<String>,
    pub date: Date,
    pub voucher: String,
    pub status: String,
    pub description: String,
    pub payee: Option<String>,
    pub reference: Option<String>,
    pub due: Option<Date>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<TagBody>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reverses: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reversed_by: Option<u64>,
    /// The account of the first entry, its amount and its side: for clients that think in one account.
    pub ledger_id: Option<Uuid>,
    pub amount: Option<Amount>,
    /// `debit` or `credit`.
    #[serde(rename = "type")]
    pub side: Option<String>,
    pub entries: Vec<EntryBody>,
}

impl EntryBody {
    fn of(entry: &Entry, chart: &Chart) -> EntryBody {
        let currency = chart.currency(entry.currency);
        let account = chart.account(entry.account);
        let amount = Amount::of_minor(i128::from(entry.minor).abs(), currency.scale);
        let (debit, credit) = if entry.minor < 0 {
            (None, Some(amount))
        } else {
            (Some(amount), None)
        };
        let weight = entry.detail.as_ref().and_then(|d| d.weight);
        EntryBody {
            account_id: account.id,
            account: account.path.to_string(),
            debit,
            credit,
            currency: currency.code.to_string(),
            price: entry.price().map(|p| PriceOfEntry {
                amount: Amount::of_decimal(p.amount),
                currency: Some(chart.currency(p.currency).code.to_string()),
                basis: Some(basis_word(p.basis)),
            }),
            weight: weight.map(|(minor, key)| {
                let currency = chart.currency(key);
                Weight {
                    amount: Amount::of_minor(i128::from(minor), currency.scale),
                    currency: currency.code.to_string(),
                }
            }),
            status: (entry.status() != Status::Unmarked).then(|| entry.status().word().to_owned()),
            memo: entry.memo().map(str::to_owned),
            tags: tag_bodies(entry.tags()),
        }
    }

    fn entry(self, chart: &Chart) -> Result<Entry> {
        let account = chart
            .find(&self.account)
            .ok_or_else(|| unknown("account", &self.account))?;
        let currency = find_currency(chart, &self.currency)?;
        let minor = match (&self.debit, &self.credit) {
            (Some(debit), None) => debit.minor(currency.scale)?,
            (None, Some(credit)) => -credit.minor(currency.scale)?,
            _ => {
                return Err(Unreadable::new(
                    "sign-and-side",
                    "an entry has a debit or a credit",
                ));
            }
        };
        let price = match &self.price {
            None => None,
            Some(price) => Some(Price {
                amount: price.amount.decimal()?,
                currency: find_currency(chart, price.currency.as_deref().unwrap_or(""))?.key,
                basis: read_basis(price.basis.as_deref())?,
            }),
        };
        let weight = match &self.weight {
            None => None,
            Some(weight) => {
                let currency = find_currency(chart, &weight.currency)?;
                Some((small(weight.amount.minor(currency.scale)?)?, currency.key))
            }
        };
        let detail = EntryDetail {
            price,
            weight,
            status: read_status(self.status.as_deref())?,
            memo: self.memo,
            tags: tags_of(self.tags),
        };
        Ok(Entry {
            account: account.key,
            currency: currency.key,
            minor: small(minor)?,
            detail: (detail != EntryDetail::default()).then(|| Box::new(detail)),
        })
    }
}

fn small(minor: i128) -> Result<i64> {
    i64::try_from(minor).map_err(|_| Unreadable::new("too-large", "an amount is too large"))
}

fn unknown(what: &str, name: &str) -> Unreadable {
    Unreadable::new("unknown", format!("no {what} {name} in the chart"))
}

fn find_currency<'a>(
    chart: &'a Chart,
    code: &str,
) -> Result<&'a crate::ledger::currency::Currency> {
    chart
        .find_currency(code)
        .ok_or_else(|| unknown("currency", code))
}

impl TransactionBody {
    pub fn of(transaction: &Transaction, chart: &Chart) -> TransactionBody {
        let (state, void_reason) = match &transaction.state {
            State::Live => ("live", None),
            State::Void { reason } => ("void", reason.clone()),
        };
        let entries: Vec<EntryBody> = transaction
            .entries
            .iter()
            .map(|e| EntryBody::of(e, chart))
            .collect();
        let first = entries.first();
        let side = |e: &EntryBody| if e.debit.is_some() { "debit" } else { "credit" };
        TransactionBody {
            number: transaction.number.0,
            id: transaction.id.0,
            version: transaction.version,
            state: state.to_owned(),
            void_reason,
            date: transaction.date,
            voucher: transaction.voucher.word().to_owned(),
            status: transaction.status.word().to_owned(),
            description: transaction.description.to_string(),
            payee: transaction.payee.clone(),
            reference: transaction.reference.clone(),
            due: transaction.due,
            tags: tag_bodies(&transaction.tags),
            metadata: transaction.metadata.iter().cloned().collect(),
            reverses: transaction.reverses.map(|n| n.0),
            reversed_by: transaction.reversed_by.map(|n| n.0),
            ledger_id: first.map(|e| e.account_id),
            amount: first.and_then(|e| e.debit.clone().or_else(|| e.credit.clone())),
            side: first.map(|e| side(e).to_owned()),
            entries,
        }
    }

    /// The transaction it stands for, in a chart of the same state of the book.
    pub fn transaction(self, chart: &Chart) -> Result<Transaction> {
        let entries = self.entries.into_iter().enumerate();
        let entries = entries
            .map(|(at, e)| e.entry(chart).map_err(|f| f.within(at).within("entries")))
            .collect::<Result<_>>()?;
        let state = match self.state.as_str() {
            "void" => State::Void {
                reason: self.void_reason,
            },
            _ => State::Live,
        };
        Ok(Transaction {
            id: TransactionId(self.id),
            number: Number(self.number),
            version: self.version,
            state,
            date: self.date,
            voucher: read_voucher(&self.voucher)?,
            status: read_status(Some(&self.status))?,
            description: Arc::from(self.description),
            payee: self.payee,
            reference: self.reference,
            due: self.due,
            tags: tags_of(self.tags),
            metadata: self.metadata.into_iter().collect(),
            reverses: self.reverses.map(Number),
            reversed_by: self.reversed_by.map(Number),
            entries,
        })
    }
}

/// A page of transactions, by date and number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct TransactionPage {
    pub data: Vec<TransactionBody>,
    /// The state of the book it was read from: pages of different states do not fit together.
    pub sequence: u64,
    pub next_cursor: Option<String>,
    pub has_more: bool,
}

/// The last line of a stream. A stream without it was cut.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub enum StreamEnd {
    End { sequence: u64, count: u64 },
    Error(Box<super::problem::Problem>),
}
