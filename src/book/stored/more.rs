//! JSON in columns: what few rows have, and entries as the log and void transactions keep them.
//!
//! Amounts are decimal strings, so that raising a currency's scale leaves every text as it is.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::damaged;
use super::keys::{Keys, parse_price, price_text};
use crate::book::{BookError, Result};
use crate::ledger::account::Account;
use crate::ledger::currency::CurrencyKey;
use crate::ledger::money::{from_minor, to_minor};
use crate::ledger::transaction::{Entry, EntryDetail, State, Status, Tag, Transaction};

pub type Pairs = Vec<(String, String)>;

pub fn unreadable(what: &str) -> BookError {
    damaged(format!("{what} is not what hissab wrote"))
}

pub fn decimal(text: &str) -> Result<Decimal> {
    Decimal::from_str_exact(text).map_err(|_| unreadable("an amount in the log"))
}

/// Tags as a JSON array of pairs; none is no text at all.
pub fn tags_to_json(tags: &[Tag]) -> Option<String> {
    let pairs: Vec<(&str, &str)> = tags
        .iter()
        .map(|t| (t.name.as_str(), t.value.as_str()))
        .collect();
    (!pairs.is_empty()).then(|| serde_json::to_string(&pairs).unwrap_or_default())
}

/// The reverse of [`tags_to_json`].
pub fn tags_from_json(text: Option<&str>) -> Result<Vec<Tag>> {
    let Some(text) = text else {
        return Ok(Vec::new());
    };
    let pairs: Pairs = serde_json::from_str(text).map_err(|_| unreadable("a list of tags"))?;
    Ok(tags(pairs))
}

pub fn tags(pairs: Pairs) -> Vec<Tag> {
    pairs
        .into_iter()
        .map(|(name, value)| Tag { name, value })
        .collect()
}

pub fn pairs(tags: &[Tag]) -> Pairs {
    tags.iter()
        .map(|t| (t.name.clone(), t.value.clone()))
        .collect()
}

/// An entry in JSON: account and currency by key, amounts as decimals.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EntryJson {
    account: u32,
    currency: u16,
    amount: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    price: Option<String>,
    /// Amount and currency key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    weight: Option<(String, u16)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    status: Option<u8>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    memo: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    tags: Pairs,
}

fn scale_of(scales: &[u8], currency: CurrencyKey) -> u8 {
    scales
        .get(usize::from(currency.0).wrapping_sub(1))
        .copied()
        .unwrap_or(0)
}

fn shown(minor: i64, scale: u8) -> String {
    from_minor(i128::from(minor), scale)
        .map(|d| d.normalize().to_string())
        .unwrap_or_default()
}

/// Entries as JSON values.
pub fn entries_to_json(entries: &[Entry], scales: &[u8]) -> Vec<EntryJson> {
    entries
        .iter()
        .map(|entry| {
            let detail = entry.detail.as_deref();
            EntryJson {
                account: entry.account.0,
                currency: entry.currency.0,
                amount: shown(entry.minor, scale_of(scales, entry.currency)),
                price: entry.price().map(price_text),
                weight: detail
                    .and_then(|d| d.weight)
                    .map(|(minor, key)| (shown(minor, scale_of(scales, key)), key.0)),
                status: detail.map(|d| d.status.code()),
                memo: entry.memo().map(str::to_owned),
                tags: pairs(entry.tags()),
            }
        })
        .collect()
}

/// The reverse of [`entries_to_json`].
pub fn entries_from_json(entries: &[EntryJson], keys: &Keys) -> Result<Vec<Entry>> {
    let minor = |text: &str, key: CurrencyKey| -> Result<i64> {
        to_minor(decimal(text)?, scale_of(&keys.scales, key))
            .map_err(|_| unreadable("an amount in the log"))
    };
    entries
        .iter()
        .map(|json| {
            let currency = keys.currency(json.currency)?;
            let weight = match &json.weight {
                None => None,
                Some((text, key)) => {
                    let key = keys.currency(*key)?;
                    Some((minor(text, key)?, key))
                }
            };
            let price = match (&json.price, &weight) {
                (Some(text), Some((_, key))) => Some(parse_price(text, *key)?),
                _ => None,
            };
            let detail = match json.status {
                None => None,
                Some(code) => Some(Box::new(EntryDetail {
                    price,
                    weight,
                    status: Status::from_code(code).ok_or_else(|| unreadable("a status"))?,
                    memo: json.memo.clone(),
                    tags: tags(json.tags.clone()),
                })),
            };
            Ok(Entry {
                account: keys.account(json.account)?,
                currency,
                minor: minor(&json.amount, currency)?,
                detail,
            })
        })
        .collect()
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct MoreJson {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    tags: Pairs,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    metadata: Pairs,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    void_reason: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    entries: Vec<EntryJson>,
}

/// What few transactions have: the column `more` of `txn`.
#[derive(Debug, Default)]
pub struct TransactionMore {
    pub tags: Vec<Tag>,
    pub metadata: Pairs,
    pub void_reason: Option<String>,
    pub entries: Vec<EntryJson>,
}

impl TransactionMore {
    pub fn from_json(text: &str) -> Result<TransactionMore> {
        let json: MoreJson =
            serde_json::from_str(text).map_err(|_| unreadable("the rest of a transaction"))?;
        Ok(TransactionMore {
            tags: tags(json.tags),
            metadata: json.metadata,
            void_reason: json.void_reason,
            entries: json.entries,
        })
    }

    /// `None` when there is nothing of the kind.
    pub fn to_json(transaction: &Transaction, scales: &[u8]) -> Option<String> {
        let (void_reason, entries) = match &transaction.state {
            State::Live if transaction.tags.is_empty() && transaction.metadata.is_empty() => {
                return None;
            }
            State::Live => (None, Vec::new()),
            State::Void { reason } => (
                reason.clone(),
                entries_to_json(&transaction.entries, scales),
            ),
        };
        let json = MoreJson {
            tags: pairs(&transaction.tags),
            metadata: transaction.metadata.clone(),
            void_reason,
            entries,
        };
        serde_json::to_string(&json).ok()
    }
}

/// What few accounts have: the column `more` of `account`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AccountMore {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tax_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credit_limit_text: Option<String>,
    #[serde(skip)]
    pub credit_limit: Option<Decimal>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl AccountMore {
    pub fn of(account: &Account) -> AccountMore {
        let contact = &account.contact;
        AccountMore {
            code: account.code.clone(),
            currency: account.currency.as_deref().map(str::to_owned),
            aliases: account.aliases.clone(),
            phone: contact.phone.clone(),
            email: contact.email.clone(),
            tax_id: contact.tax_id.clone(),
            address: contact.address.clone(),
            credit_limit_text: contact.credit_limit.map(|l| l.normalize().to_string()),
            credit_limit: None,
            note: account.note.clone(),
        }
    }

    /// `None` when there is nothing of the kind.
    pub fn to_json(&self) -> Option<String> {
        (*self != AccountMore::default()).then(|| serde_json::to_string(self).unwrap_or_default())
    }

    pub fn from_json(text: Option<&str>) -> Result<AccountMore> {
        let Some(text) = text else {
            return Ok(AccountMore::default());
        };
        let mut more: AccountMore =
            serde_json::from_str(text).map_err(|_| unreadable("the rest of an account"))?;
        more.credit_limit = more.credit_limit_text.as_deref().map(decimal).transpose()?;
        Ok(more)
    }
}
