//! A transaction as JSON: what `show --json` and the echoes print and `add --json` reads again.

use serde::Serialize;

use crate::ledger::amount_format::machine;
use crate::ledger::chart::Chart;
use crate::ledger::transaction::{Entry, PriceBasis, State, Tag, Transaction};

/// One transaction. The order of the fields is the order in the text.
#[derive(Debug, Serialize)]
pub struct TransactionJson<'a> {
    pub number: u64,
    pub id: String,
    pub version: u32,
    pub state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub void_reason: Option<&'a str>,
    pub date: String,
    pub voucher: &'static str,
    pub status: &'static str,
    pub description: &'a str,
    pub payee: Option<&'a str>,
    pub reference: Option<&'a str>,
    pub due: Option<String>,
    pub tags: Vec<String>,
    pub metadata: std::collections::BTreeMap<&'a str, &'a str>,
    pub reverses: Option<u64>,
    pub reversed_by: Option<u64>,
    pub entries: Vec<EntryJson<'a>>,
}

/// One entry: of debit and credit the unused is null.
#[derive(Debug, Serialize)]
pub struct EntryJson<'a> {
    pub account: &'a str,
    pub debit: Option<String>,
    pub credit: Option<String>,
    pub currency: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<PriceJson<'a>>,
    pub memo: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
}

/// What an entry was exchanged at.
#[derive(Debug, Serialize)]
pub struct PriceJson<'a> {
    pub amount: String,
    pub currency: &'a str,
    /// `unit` or `total`.
    pub basis: &'static str,
}

/// `name=value`, or the name alone.
pub fn tag_text(tag: &Tag) -> String {
    if tag.value.is_empty() {
        tag.name.clone()
    } else {
        format!("{}={}", tag.name, tag.value)
    }
}

impl<'a> TransactionJson<'a> {
    pub fn of(transaction: &'a Transaction, chart: &'a Chart) -> TransactionJson<'a> {
        let void_reason = match &transaction.state {
            State::Live => None,
            State::Void { reason } => reason.as_deref(),
        };
        TransactionJson {
            number: transaction.number.0,
            id: transaction.id.to_string(),
            version: transaction.version,
            state: if transaction.is_void() {
                "void"
            } else {
                "live"
            },
            void_reason,
            date: transaction.date.to_string(),
            voucher: transaction.voucher.word(),
            status: transaction.status.word(),
            description: &transaction.description,
            payee: transaction.payee.as_deref(),
            reference: transaction.reference.as_deref(),
            due: transaction.due.map(|d| d.to_string()),
            tags: transaction.tags.iter().map(tag_text).collect(),
            metadata: transaction
                .metadata
                .iter()
                .map(|(n, v)| (n.as_str(), v.as_str()))
                .collect(),
            reverses: transaction.reverses.map(|n| n.0),
            reversed_by: transaction.reversed_by.map(|n| n.0),
            entries: transaction
                .entries
                .iter()
                .map(|e| entry_json(e, chart))
                .collect(),
        }
    }
}

fn entry_json<'a>(entry: &'a Entry, chart: &'a Chart) -> EntryJson<'a> {
    let currency = chart.currency(entry.currency);
    let amount = machine(i128::from(entry.minor).abs(), currency.scale);
    let (debit, credit) = if entry.minor < 0 {
        (None, Some(amount))
    } else {
        (Some(amount), None)
    };
    EntryJson {
        account: &chart.account(entry.account).path,
        debit,
        credit,
        currency: &currency.code,
        price: entry.price().map(|p| PriceJson {
            amount: p.amount.normalize().to_string(),
            currency: &chart.currency(p.currency).code,
            basis: match p.basis {
                PriceBasis::Unit => "unit",
                PriceBasis::Total => "total",
            },
        }),
        memo: entry.memo(),
        tags: entry.tags().iter().map(tag_text).collect(),
    }
}
