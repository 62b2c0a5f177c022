//! Transactions as JSON on stdin: the shape that `show --json` prints, names resolved as elsewhere.

use std::collections::BTreeMap;
use std::sync::Arc;

use rust_decimal::Decimal;
use serde::Deserialize;
use uuid::Uuid;

use super::Recorder;
use super::args::{read_tag, read_voucher};
use crate::cli::error::{Failure, Result};
use crate::ledger::draft::{Draft, DraftEntry, DraftPrice};
use crate::ledger::transaction::{PriceBasis, Status, Tag, TransactionId};

/// One transaction as somebody's program writes it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub struct DraftJson {
    /// Made by the caller before the first attempt: a repeat with the same id posts nothing.
    id: Option<String>,
    /// Default today.
    date: Option<String>,
    #[serde(default)]
    description: String,
    voucher: Option<String>,
    status: Option<String>,
    payee: Option<String>,
    reference: Option<String>,
    due: Option<String>,
    #[serde(default)]
    tags: TagsJson,
    #[serde(default)]
    metadata: BTreeMap<String, String>,
    entries: Vec<EntryJson>,
    // What `show --json` prints beside the content: read, so that its output can be fed back, and left aside.
    #[serde(rename = "schema")]
    _schema: Option<serde::de::IgnoredAny>,
    #[serde(rename = "book")]
    _book: Option<serde::de::IgnoredAny>,
    #[serde(rename = "number")]
    _number: Option<serde::de::IgnoredAny>,
    #[serde(rename = "version")]
    _version: Option<serde::de::IgnoredAny>,
    #[serde(rename = "state")]
    _state: Option<serde::de::IgnoredAny>,
    #[serde(rename = "reverses")]
    _reverses: Option<serde::de::IgnoredAny>,
    #[serde(rename = "reversed_by")]
    _reversed_by: Option<serde::de::IgnoredAny>,
}

/// `["k=v"]` or `{"k": "v"}`.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum TagsJson {
    List(Vec<String>),
    Map(BTreeMap<String, String>),
}

impl Default for TagsJson {
    fn default() -> TagsJson {
        TagsJson::List(Vec::new())
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct EntryJson {
    account: String,
    debit: Option<AmountJson>,
    credit: Option<AmountJson>,
    /// Signed, debit positive: instead of debit or credit.
    amount: Option<AmountJson>,
    currency: Option<String>,
    price: Option<PriceJson>,
    memo: Option<String>,
    status: Option<String>,
    #[serde(default)]
    tags: TagsJson,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PriceJson {
    amount: AmountJson,
    currency: Option<String>,
    basis: Option<String>,
}

/// A decimal in quotes, or a whole number; a fraction without quotes may have lost digits on its way.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum AmountJson {
    Text(String),
    Whole(i64),
    Fraction(serde_json::Number),
}

fn decimal(amount: &AmountJson) -> Result<Decimal> {
    let bad = |shown: &str, why: &str| {
        Failure::usage("bad-amount", format!("{shown} is not an amount: {why}"))
    };
    match amount {
        AmountJson::Whole(number) => Ok(Decimal::from(*number)),
        AmountJson::Text(text) => Decimal::from_str_exact(text).map_err(|_| {
            bad(
                &format!("{text:?}"),
                "write a decimal like \"1250.50\", ungrouped, with its currency in \"currency\"",
            )
        }),
        AmountJson::Fraction(number) => Err(bad(
            &number.to_string(),
            "put decimals in quotes, so that no digit is lost",
        )),
    }
}

impl TagsJson {
    fn tags(&self) -> Result<Vec<Tag>> {
        match self {
            TagsJson::List(list) => list.iter().map(|t| read_tag(t)).collect(),
            TagsJson::Map(map) => Ok(map
                .iter()
                .map(|(name, value)| Tag {
                    name: name.clone(),
                    value: value.clone(),
                })
                .collect()),
        }
    }
}

fn status(word: Option<&str>) -> Result<Status> {
    let word = word.unwrap_or("");
    Status::from_word(word).ok_or_else(|| {
        Failure::usage(
            "unknown-status",
            format!("there is no status {word:?}: unmarked, pending or cleared"),
        )
    })
}

impl DraftJson {
    /// Reads one object.
    pub fn read(text: &str) -> Result<DraftJson> {
        serde_json::from_str(text).map_err(|e| {
            Failure::usage("bad-json", format!("this is not a transaction in JSON: {e}"))
                .hint(r#"{"date": "2026-04-07", "description": "tea", "entries": [{"account": "Expenses:Tea", "debit": "120.00"}, {"account": "Assets:Cash", "credit": "120.00"}]}"#)
        })
    }

    /// Whether the object says its date.
    pub fn is_dated(&self) -> bool {
        self.date.is_some()
    }

    /// The draft it stands for.
    pub fn into_draft(self, recorder: &mut Recorder<'_>) -> Result<Draft> {
        let id = match &self.id {
            Some(text) => Uuid::try_parse(text)
                .map_err(|_| Failure::usage("bad-id", format!("{text:?} is not a UUID")))?,
            None => recorder.ctx.make_id(),
        };
        let date = recorder.date_or_today(self.date.as_deref())?;
        let mut draft = Draft::new(
            TransactionId(id),
            date,
            Arc::from(self.description.as_str()),
        );
        draft.voucher = self.voucher.as_deref().map(read_voucher).transpose()?;
        draft.status = status(self.status.as_deref())?;
        draft.payee = self.payee.filter(|p| !p.is_empty());
        draft.reference = self.reference.filter(|r| !r.is_empty());
        draft.due = self
            .due
            .as_deref()
            .map(|d| recorder.future_date(d))
            .transpose()?;
        draft.tags = self.tags.tags()?;
        draft.metadata = self.metadata.into_iter().collect();
        draft.entries = self
            .entries
            .into_iter()
            .map(|e| e.into_entry(recorder))
            .collect::<Result<_>>()?;
        Ok(draft)
    }
}

impl EntryJson {
    fn into_entry(self, recorder: &mut Recorder<'_>) -> Result<DraftEntry> {
        let account = recorder.account(&self.account)?;
        let amount = match (&self.debit, &self.credit, &self.amount) {
            (None, None, None) => None,
            (Some(debit), None, None) => Some(decimal(debit)?),
            (None, Some(credit), None) => Some(-decimal(credit)?),
            (None, None, Some(amount)) => Some(decimal(amount)?),
            _ => {
                return Err(Failure::usage(
                    "sign-and-side",
                    format!("the entry of {account} has more than one of debit, credit and amount"),
                ));
            }
        };
        let places = amount.map_or(0, |a| a.scale());
        let currency = self
            .currency
            .as_deref()
            .map(|c| recorder.currency(c, places))
            .transpose()?;
        let price = self.price.map(|p| p.into_price(recorder)).transpose()?;
        Ok(DraftEntry {
            account,
            amount,
            currency,
            price,
            status: status(self.status.as_deref())?,
            memo: self.memo,
            tags: self.tags.tags()?,
        })
    }
}

impl PriceJson {
    fn into_price(self, recorder: &mut Recorder<'_>) -> Result<DraftPrice> {
        let amount = decimal(&self.amount)?;
        let currency = self
            .currency
            .as_deref()
            .map(|c| recorder.currency(c, amount.scale()))
            .transpose()?;
        let basis = match self.basis.as_deref() {
            None | Some("unit") => PriceBasis::Unit,
            Some("total") => PriceBasis::Total,
            Some(other) => {
                return Err(Failure::usage(
                    "bad-price",
                    format!("a price's basis is unit or total, not {other:?}"),
                ));
            }
        };
        Ok(DraftPrice {
            amount,
            currency,
            basis,
        })
    }
}
