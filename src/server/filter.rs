//! Which transactions and ledgers a question is about: its parameters, and what they select.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::problem::{Answer, Problem};
use crate::book::{self, Order, Scan, Voided};
use crate::ledger::account::AccountKey;
use crate::ledger::chart::Chart;
use crate::ledger::money::from_minor;
use crate::ledger::transaction::Transaction;

/// Which transactions, in which order.
#[derive(Debug, Clone, Default, Serialize, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListParams {
    /// First day, inclusive.
    pub from: Option<Date>,
    /// Last day, inclusive.
    pub to: Option<Date>,
    /// Only with an entry in one of these ledgers: ids, separated by commas.
    pub ledger: Option<String>,
    /// Only of a payee, in any case.
    pub payee: Option<String>,
    pub voucher: Option<String>,
    /// `unmarked`, `pending`, `cleared`.
    pub status: Option<String>,
    /// Only with an entry in this currency.
    pub currency: Option<String>,
    /// Only with an entry of at least this amount, debit or credit.
    pub min: Option<String>,
    pub max: Option<String>,
    /// `name`, or `name=value`.
    pub tag: Option<String>,
    /// Words: each is the beginning of a word of the transaction's text.
    pub q: Option<String>,
    /// Void ones too.
    #[serde(default)]
    pub voided: bool,
    /// `asc` (default: by date, then number) or `desc`.
    pub order: Option<String>,
    /// From 1; with the same filters.
    #[param(minimum = 1, maximum = 1_000_000)]
    pub page: Option<u32>,
    /// At most 500; streamed as NDJSON: any number.
    pub limit: Option<u64>,
    /// Where the page before ended. It carries filters and order: nothing else may be given but `limit`.
    pub cursor: Option<String>,
}

/// The parameters, read: what the book itself selects by, and what is left to look at.
pub struct Filter {
    params: ListParams,
    min: Option<rust_decimal::Decimal>,
    max: Option<rust_decimal::Decimal>,
    newest_first: bool,
}

impl Filter {
    pub fn read(params: &ListParams) -> Answer<Filter> {
        let amount = |text: &Option<String>, pointer: &str| {
            let read = text
                .clone()
                .map(|t| crate::wire::amount::Amount(t).decimal())
                .transpose();
            read.map_err(|fault| Problem::field(pointer, fault.code, fault.message))
        };
        let newest_first = match params.order.as_deref() {
            None | Some("asc") => false,
            Some("desc") => true,
            Some(_) => {
                return Err(Problem::field(
                    "/order",
                    "unknown-word",
                    "order is asc or desc",
                ));
            }
        };
        Ok(Filter {
            min: amount(&params.min, "/min")?,
            max: amount(&params.max, "/max")?,
            newest_first,
            params: params.clone(),
        })
    }

    pub fn scan(&self, chart: &Chart) -> book::Result<Scan> {
        let params = &self.params;
        let words = params.q.as_deref().unwrap_or("").split_whitespace();
        Ok(Scan {
            from: params.from,
            until: params.to.map(|to| to.tomorrow().unwrap_or(Date::MAX)),
            accounts: params
                .ledger
                .as_deref()
                .map(|ids| accounts_of(ids, chart))
                .transpose()?,
            words: words.map(str::to_owned).collect(),
            order: if self.newest_first {
                Order::NewestFirst
            } else {
                Order::OldestFirst
            },
            limit: None,
            voided: if params.voided {
                Voided::Show
            } else {
                Voided::Hide
            },
        })
    }

    /// Whether the scan alone says it all.
    pub fn is_scan(&self) -> bool {
        let p = &self.params;
        p.payee.is_none()
            && p.voucher.is_none()
            && p.status.is_none()
            && p.currency.is_none()
            && p.tag.is_none()
            && self.min.is_none()
            && self.max.is_none()
    }

    pub fn keeps(&self, transaction: &Transaction, chart: &Chart) -> bool {
        let p = &self.params;
        let same =
            |wanted: &Option<String>, found: &str| wanted.as_deref().is_none_or(|w| w == found);
        if !same(&p.voucher, transaction.voucher.word())
            || !same(&p.status, transaction.status.word())
        {
            return false;
        }
        if let Some(payee) = &p.payee
            && transaction.payee().to_lowercase() != payee.to_lowercase()
        {
            return false;
        }
        if let Some(tag) = &p.tag {
            let (name, value) = match tag.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (tag.as_str(), None),
            };
            let of_entries = transaction.entries.iter().flat_map(|e| e.tags());
            let mut tags = transaction.tags.iter().chain(of_entries);
            if !tags.any(|t| t.name == name && value.is_none_or(|v| v == t.value)) {
                return false;
            }
        }
        if p.currency.is_none() && self.min.is_none() && self.max.is_none() {
            return true;
        }
        transaction.entries.iter().any(|entry| {
            let currency = chart.currency(entry.currency);
            let Some(amount) = from_minor(i128::from(entry.minor).abs(), currency.scale) else {
                return false;
            };
            p.currency.as_deref().is_none_or(|c| c == &*currency.code)
                && self.min.is_none_or(|min| amount >= min)
                && self.max.is_none_or(|max| amount <= max)
        })
    }
}

/// Accounts by their ids, separated by commas; an unknown one is named.
pub fn accounts_of(ids: &str, chart: &Chart) -> book::Result<Vec<AccountKey>> {
    let find = |id: &str| {
        let id = id.trim();
        let found = chart.accounts().iter().find(|a| a.id.to_string() == id);
        found
            .map(|a| a.key)
            .ok_or_else(|| book::BookError::NotFound {
                what: format!("ledger {id}"),
            })
    };
    ids.split(',').map(find).collect()
}
