//! Ledgers (accounts, in our words).

use std::sync::Arc;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::amount::Amount;
use super::{Result, patch, read_word};
use crate::ledger::account::{Account, AccountKey, AccountType, Contact, Kind};
use crate::ledger::change::{AccountPatch, NewAccount};
use crate::ledger::chart::Chart;

/// An account, as the API calls it: a ledger.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct Ledger {
    pub id: Uuid,
    pub path: String,
    /// The last part of the path.
    pub name: String,
    /// `asset`, `liability`, `equity`, `income`, `expense`, `unclassified`.
    pub kind: String,
    /// `cash`, `bank`, `receivable`, `payable`, `tax`, `general`.
    #[serde(rename = "type")]
    pub account_type: String,
    pub code: Option<String>,
    pub currency: Option<String>,
    pub opened_on: Option<Date>,
    pub closed_on: Option<Date>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    #[serde(default, skip_serializing_if = "Party::is_empty")]
    pub contact: Party,
    pub note: Option<String>,
    pub version: u32,
}

/// How a party is reached and how far it is trusted.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct Party {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tax_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credit_limit: Option<Amount>,
}

impl Party {
    pub fn is_empty(&self) -> bool {
        *self == Party::default()
    }

    pub fn of(contact: &Contact) -> Party {
        Party {
            phone: contact.phone.clone(),
            email: contact.email.clone(),
            tax_id: contact.tax_id.clone(),
            address: contact.address.clone(),
            credit_limit: contact.credit_limit.map(Amount::of_decimal),
        }
    }

    pub fn contact(&self) -> Result<Contact> {
        Ok(Contact {
            phone: self.phone.clone(),
            email: self.email.clone(),
            tax_id: self.tax_id.clone(),
            address: self.address.clone(),
            credit_limit: self
                .credit_limit
                .as_ref()
                .map(Amount::decimal)
                .transpose()
                .map_err(|e| e.within("credit_limit"))?,
        })
    }
}

pub fn read_kind(word: &str) -> Result<Kind> {
    read_word("kind", word, Kind::from_word, &Kind::ALL.map(Kind::word))
        .map_err(|e| e.within("kind"))
}

pub fn read_type(word: &str) -> Result<AccountType> {
    let known = AccountType::ALL.map(AccountType::word);
    read_word("type", word, AccountType::from_word, &known).map_err(|e| e.within("type"))
}

impl Ledger {
    pub fn of(account: &Account) -> Ledger {
        Ledger {
            id: account.id,
            path: account.path.to_string(),
            name: account.name().to_owned(),
            kind: account.kind.word().to_owned(),
            account_type: account.account_type.word().to_owned(),
            code: account.code.clone(),
            currency: account.currency.as_deref().map(str::to_owned),
            opened_on: account.opened_on,
            closed_on: account.closed_on,
            aliases: account.aliases.clone(),
            contact: Party::of(&account.contact),
            note: account.note.clone(),
            version: account.version,
        }
    }

    /// The account it stands for, under a key.
    pub fn account(self, key: AccountKey) -> Result<Account> {
        Ok(Account {
            key,
            id: self.id,
            kind: read_kind(&self.kind)?,
            account_type: read_type(&self.account_type)?,
            contact: self.contact.contact().map_err(|e| e.within("contact"))?,
            path: Arc::from(self.path),
            code: self.code,
            currency: self.currency.map(Arc::from),
            opened_on: self.opened_on,
            closed_on: self.closed_on,
            aliases: self.aliases,
            note: self.note,
            version: self.version,
        })
    }
}

/// A new ledger. Kind and type left out are read from the path.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct NewLedger {
    /// Made by the client before the first attempt; left out: the server makes one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<Uuid>,
    pub path: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub account_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opened_on: Option<Date>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    #[serde(default, skip_serializing_if = "Party::is_empty")]
    pub contact: Party,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl NewLedger {
    pub fn of(new: &NewAccount) -> NewLedger {
        NewLedger {
            id: Some(new.id),
            path: new.path.to_string(),
            kind: Some(new.kind.word().to_owned()),
            account_type: Some(new.account_type.word().to_owned()),
            code: new.code.clone(),
            currency: new.currency.as_deref().map(str::to_owned),
            opened_on: new.opened_on,
            aliases: new.aliases.clone(),
            contact: Party::of(&new.contact),
            note: new.note.clone(),
        }
    }

    pub fn account(self, made: impl FnOnce() -> Uuid) -> Result<NewAccount> {
        let mut account = NewAccount::at(self.id.unwrap_or_else(made), self.path.as_str());
        if let Some(word) = &self.kind {
            account.kind = read_kind(word)?;
            account.account_type = AccountType::of_path(&self.path, account.kind);
        }
        if let Some(word) = &self.account_type {
            account.account_type = read_type(word)?;
        }
        account.contact = self.contact.contact().map_err(|e| e.within("contact"))?;
        account.code = self.code;
        account.currency = self.currency.map(Arc::from);
        account.opened_on = self.opened_on;
        account.aliases = self.aliases;
        account.note = self.note;
        Ok(account)
    }
}

/// `POST /orgs/{org}/ledgers` takes one or many.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(untagged)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub enum NewLedgers {
    Many(Vec<NewLedger>),
    One(Box<NewLedger>),
}

/// What to change of a ledger: a field left out stays, `null` removes it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct PatchLedger {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub account_type: Option<String>,
    #[serde(default, with = "patch", skip_serializing_if = "Option::is_none")]
    pub code: Option<Option<String>>,
    #[serde(default, with = "patch", skip_serializing_if = "Option::is_none")]
    pub currency: Option<Option<String>>,
    #[serde(default, with = "patch", skip_serializing_if = "Option::is_none")]
    pub opened_on: Option<Option<Date>>,
    #[serde(default, with = "patch", skip_serializing_if = "Option::is_none")]
    pub closed_on: Option<Option<Date>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aliases: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<Party>,
    #[serde(default, with = "patch", skip_serializing_if = "Option::is_none")]
    pub note: Option<Option<String>>,
}

impl PatchLedger {
    pub fn of(patch: &AccountPatch) -> PatchLedger {
        PatchLedger {
            path: patch.path.as_deref().map(str::to_owned),
            kind: patch.kind.map(|k| k.word().to_owned()),
            account_type: patch.account_type.map(|t| t.word().to_owned()),
            code: patch.code.clone(),
            currency: patch
                .currency
                .as_ref()
                .map(|c| c.as_deref().map(str::to_owned)),
            opened_on: patch.opened_on,
            closed_on: patch.closed_on,
            aliases: patch.aliases.clone(),
            contact: patch.contact.as_ref().map(Party::of),
            note: patch.note.clone(),
        }
    }

    pub fn patch(self) -> Result<AccountPatch> {
        Ok(AccountPatch {
            path: self.path.map(Arc::from),
            kind: self.kind.as_deref().map(read_kind).transpose()?,
            account_type: self.account_type.as_deref().map(read_type).transpose()?,
            code: self.code,
            currency: self.currency.map(|c| c.map(Arc::from)),
            opened_on: self.opened_on,
            closed_on: self.closed_on,
            aliases: self.aliases,
            contact: self
                .contact
                .map(|c| c.contact().map_err(|e| e.within("contact")))
                .transpose()?,
            note: self.note,
        })
    }
}

/// A page of ledgers, in the order of the chart.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct LedgerPage {
    pub data: Vec<Ledger>,
    pub sequence: u64,
    pub next_cursor: Option<String>,
    pub has_more: bool,
}

/// What stands in a ledger over a period. Balances by currency, debit positive.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct LedgerEntries {
    pub ledger: Ledger,
    pub sequence: u64,
    pub opening: std::collections::BTreeMap<String, Amount>,
    /// By date and number, then their order in the transaction.
    pub entries: Vec<LedgerEntry>,
    pub closing: std::collections::BTreeMap<String, Amount>,
    /// True if the period holds more entries than were asked for.
    pub has_more: bool,
}

/// One entry of a ledger.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct LedgerEntry {
    pub transaction: Uuid,
    pub number: u64,
    pub date: Date,
    pub description: String,
    pub debit: Option<Amount>,
    pub credit: Option<Amount>,
    pub currency: String,
    /// Of the ledger in this currency, after this entry; debit positive.
    pub balance: Amount,
}

impl LedgerEntry {
    pub fn of(
        transaction: &crate::ledger::transaction::Transaction,
        entry: &crate::ledger::transaction::Entry,
        balance: i128,
        chart: &Chart,
    ) -> LedgerEntry {
        let currency = chart.currency(entry.currency);
        let amount = Amount::of_minor(i128::from(entry.minor).abs(), currency.scale);
        let (debit, credit) = if entry.minor < 0 {
            (None, Some(amount))
        } else {
            (Some(amount), None)
        };
        LedgerEntry {
            transaction: transaction.id.0,
            number: transaction.number.0,
            date: transaction.date,
            description: transaction.description.to_string(),
            debit,
            credit,
            currency: currency.code.to_string(),
            balance: Amount::of_minor(balance, currency.scale),
        }
    }
}
