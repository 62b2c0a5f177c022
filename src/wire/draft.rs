//! Transactions as clients write them: to post, to amend, in batches, under conditions.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::amount::Amount;
use super::transaction::{
    PriceOfEntry, TagBody, basis_word, read_basis, read_status, read_voucher, tag_bodies, tags_of,
};
use super::{Result, Unreadable};
use crate::ledger::draft::{Draft, DraftEntry, DraftPrice};
use crate::ledger::transaction::{Number, Status, TransactionId};

/// One debit or credit as a client writes it: an account by id or path, and debit, credit or neither
/// (then it is what balances the others; at most one).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct DraftEntryBody {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_id: Option<Uuid>,
    /// An exact path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub debit: Option<Amount>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credit: Option<Amount>,
    /// Left out: the account's own, else the base currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<PriceOfEntry>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memo: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<TagBody>,
}

/// A transaction to post, or the content to amend one to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct DraftBody {
    /// A UUIDv7 made before the first attempt: the same id and content again is the same transaction, for ever.
    /// Left out: the server makes one, and only an `Idempotency-Key` protects a retry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<Uuid>,
    pub date: Date,
    #[serde(default)]
    pub description: String,
    /// Left out: inferred from the accounts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voucher: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payee: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<Date>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<TagBody>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
    /// The number of the transaction this one reverses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reverses: Option<u64>,
    /// Derived from the first entry; given and wrong is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ledger_id: Option<Uuid>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<Amount>,
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub side: Option<String>,
    /// Balances that must hold, or nothing is posted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub preconditions: Vec<Precondition>,
    pub entries: Vec<DraftEntryBody>,
}

impl DraftEntryBody {
    fn of(entry: &DraftEntry) -> DraftEntryBody {
        let side = entry
            .amount
            .map(|a| (a.is_sign_negative(), Amount::of_decimal(a.abs())));
        let (debit, credit) = match side {
            None => (None, None),
            Some((false, amount)) => (Some(amount), None),
            Some((true, amount)) => (None, Some(amount)),
        };
        DraftEntryBody {
            account_id: None,
            account: Some(entry.account.to_string()),
            debit,
            credit,
            currency: entry.currency.as_deref().map(str::to_owned),
            price: entry.price.as_ref().map(|p| PriceOfEntry {
                amount: Amount::of_decimal(p.amount),
                currency: p.currency.as_deref().map(str::to_owned),
                basis: Some(basis_word(p.basis)),
            }),
            status: (entry.status != Status::Unmarked).then(|| entry.status.word().to_owned()),
            memo: entry.memo.clone(),
            tags: tag_bodies(&entry.tags),
        }
    }

    fn entry(self, path_of: &dyn Fn(Uuid) -> Option<Arc<str>>) -> Result<DraftEntry> {
        let by_id = match self.account_id {
            None => None,
            Some(id) => Some(path_of(id).ok_or_else(|| {
                Unreadable::new("unknown-account", format!("no account {id}")).within("account_id")
            })?),
        };
        let account = match (by_id, self.account) {
            (Some(path), None) => path,
            (None, Some(path)) => Arc::from(path),
            (Some(path), Some(given)) if *path == *given => path,
            (Some(path), Some(given)) => {
                let text = format!("account {given} is not the one of account_id, which is {path}");
                return Err(Unreadable::new("account-mismatch", text).within("account"));
            }
            (None, None) => {
                let text = "an entry names its account: account or account_id";
                return Err(Unreadable::new("no-account", text));
            }
        };
        let read = |amount: &Amount, side| {
            let amount = amount.decimal().map_err(|e| e.within(side))?;
            if amount.is_sign_negative() {
                let text = format!("a {side} is not negative: write it on the other side");
                return Err(Unreadable::new("sign-and-side", text).within(side));
            }
            Ok(amount)
        };
        let amount = match (&self.debit, &self.credit) {
            (None, None) => None,
            (Some(debit), None) => Some(read(debit, "debit")?),
            (None, Some(credit)) => Some(-read(credit, "credit")?),
            _ => {
                return Err(Unreadable::new(
                    "sign-and-side",
                    "an entry has a debit or a credit, not both",
                ));
            }
        };
        let price = match self.price {
            None => None,
            Some(price) => Some(DraftPrice {
                amount: price
                    .amount
                    .decimal()
                    .map_err(|e| e.within("amount").within("price"))?,
                currency: price.currency.map(Arc::from),
                basis: read_basis(price.basis.as_deref()).map_err(|e| e.within("price"))?,
            }),
        };
        Ok(DraftEntry {
            account,
            amount,
            currency: self.currency.map(Arc::from),
            price,
            status: read_status(self.status.as_deref())?,
            memo: self.memo,
            tags: tags_of(self.tags),
        })
    }
}

impl DraftBody {
    pub fn of(draft: &Draft) -> DraftBody {
        DraftBody {
            id: Some(draft.id.0),
            date: draft.date,
            description: draft.description.to_string(),
            voucher: draft.voucher.map(|v| v.word().to_owned()),
            status: (draft.status != Status::Unmarked).then(|| draft.status.word().to_owned()),
            payee: draft.payee.clone(),
            reference: draft.reference.clone(),
            due: draft.due,
            tags: tag_bodies(&draft.tags),
            metadata: draft.metadata.iter().cloned().collect(),
            reverses: draft.reverses.map(|n| n.0),
            ledger_id: None,
            amount: None,
            side: None,
            preconditions: Vec::new(),
            entries: draft.entries.iter().map(DraftEntryBody::of).collect(),
        }
    }

    /// Whether its entries can be read only with the chart: they name accounts by id.
    pub fn needs_chart(&self) -> bool {
        self.ledger_id.is_some() || self.entries.iter().any(|e| e.account_id.is_some())
    }

    /// The draft it stands for. `made` gives an id where it has none.
    pub fn draft(
        self,
        path_of: &dyn Fn(Uuid) -> Option<Arc<str>>,
        made: impl FnOnce() -> Uuid,
    ) -> Result<Draft> {
        let entries = self.entries.into_iter().enumerate();
        let entries: Vec<DraftEntry> = entries
            .map(|(at, e)| e.entry(path_of).map_err(|f| f.within(at).within("entries")))
            .collect::<Result<_>>()?;
        derived(
            entries.first(),
            self.ledger_id.map(path_of),
            &self.amount,
            &self.side,
        )?;
        let mut draft = Draft::new(
            TransactionId(self.id.unwrap_or_else(made)),
            self.date,
            self.description,
        );
        draft.voucher = self.voucher.as_deref().map(read_voucher).transpose()?;
        draft.status = read_status(self.status.as_deref())?;
        draft.payee = self.payee;
        draft.reference = self.reference;
        draft.due = self.due;
        draft.tags = tags_of(self.tags);
        draft.metadata = self.metadata.into_iter().collect();
        draft.reverses = self.reverses.map(Number);
        draft.entries = entries;
        Ok(draft)
    }
}

/// `ledger_id`, `amount` and `type` only repeat the first entry: where they do not, the client is confused.
fn derived(
    first: Option<&DraftEntry>,
    ledger: Option<Option<Arc<str>>>,
    amount: &Option<Amount>,
    side: &Option<String>,
) -> Result<()> {
    let wrong = |field: &'static str| {
        let text = format!("{field} is not that of the first entry; leave it out");
        Unreadable::new("derived-mismatch", text).within(field)
    };
    if let Some(path) = ledger
        && path.as_deref() != first.map(|e| &*e.account)
    {
        return Err(wrong("ledger_id"));
    }
    let of_first = first.and_then(|e| e.amount);
    if let Some(amount) = amount
        && Some(amount.decimal().map_err(|e| e.within("amount"))?) != of_first.map(|a| a.abs())
    {
        return Err(wrong("amount"));
    }
    let is_credit = of_first.is_some_and(|a| a.is_sign_negative());
    match side.as_deref() {
        None => Ok(()),
        Some("debit") if !is_credit => Ok(()),
        Some("credit") if is_credit => Ok(()),
        Some(_) => Err(wrong("type")),
    }
}

/// A balance that must hold at the moment of posting, with everything already recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct Precondition {
    /// An exact path.
    pub account: String,
    pub currency: String,
    /// Debit positive, like every bound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub equals: Option<Amount>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<Amount>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<Amount>,
}

/// What to change of a transaction: a field left out stays, `null` removes it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct PatchTransaction {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<Date>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voucher: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    #[serde(
        default,
        with = "super::patch",
        skip_serializing_if = "Option::is_none"
    )]
    pub payee: Option<Option<String>>,
    #[serde(
        default,
        with = "super::patch",
        skip_serializing_if = "Option::is_none"
    )]
    pub reference: Option<Option<String>>,
    #[serde(
        default,
        with = "super::patch",
        skip_serializing_if = "Option::is_none"
    )]
    pub due: Option<Option<Date>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tags: Option<Vec<TagBody>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<BTreeMap<String, String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entries: Option<Vec<DraftEntryBody>>,
    /// Why, for the audit log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl PatchTransaction {
    /// The content with these fields over it.
    pub fn over(
        self,
        mut draft: Draft,
        path_of: &dyn Fn(Uuid) -> Option<Arc<str>>,
    ) -> Result<Draft> {
        draft.date = self.date.unwrap_or(draft.date);
        if let Some(text) = self.description {
            draft.description = Arc::from(text);
        }
        if let Some(word) = &self.voucher {
            draft.voucher = Some(read_voucher(word)?);
        }
        if let Some(word) = &self.status {
            draft.status = read_status(Some(word))?;
        }
        draft.payee = self.payee.unwrap_or(draft.payee);
        draft.reference = self.reference.unwrap_or(draft.reference);
        draft.due = self.due.unwrap_or(draft.due);
        if let Some(tags) = self.tags {
            draft.tags = tags_of(tags);
        }
        if let Some(metadata) = self.metadata {
            draft.metadata = metadata.into_iter().collect();
        }
        if let Some(entries) = self.entries {
            let entries = entries.into_iter().enumerate();
            let entries =
                entries.map(|(at, e)| e.entry(path_of).map_err(|f| f.within(at).within("entries")));
            draft.entries = entries.collect::<Result<_>>()?;
        }
        Ok(draft)
    }
}

/// `POST /orgs/{org}/transactions:batch`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct BatchRequest {
    /// `atomic` or `independent`.
    pub mode: String,
    /// 1 to 1000.
    pub items: Vec<DraftBody>,
}

/// What became of the items, in order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct BatchAnswer {
    pub items: Vec<BatchItem>,
}

/// One item: posted under a number, or a problem.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct BatchItem {
    pub index: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<Uuid>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<u64>,
    /// It was there before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeat: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Box<super::problem::Problem>>,
}
