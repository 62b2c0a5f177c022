//! The audit log: records, what they changed, and the versions of a transaction.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::account::Ledger;
use super::chart::{AssertionBody, CurrencyBody, PriceBody};
use super::import::BatchBody;
use super::transaction::TransactionBody;
use super::{Result, read_hash};
use crate::book::{AuditEntry, LoggedChange, Version};
use crate::ledger::account::{Account, AccountKey};
use crate::ledger::audit::{AuditRecord, hex};
use crate::ledger::change::OperationId;
use crate::ledger::chart::Chart;
use crate::ledger::currency::{Currency, CurrencyKey};

/// One record of the chain. `hash` is over everything else and the book's id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct RecordBody {
    pub sequence: u64,
    pub previous: String,
    pub at: Timestamp,
    pub who: String,
    pub operation: Uuid,
    /// The operation it took back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undoes: Option<Uuid>,
    pub action: String,
    pub reason: Option<String>,
    /// Transactions touched, as closed ranges.
    pub numbers: Vec<[u64; 2]>,
    pub digest: String,
    pub hash: String,
}

impl RecordBody {
    pub fn of(record: &AuditRecord) -> RecordBody {
        RecordBody {
            sequence: record.sequence,
            previous: hex(&record.previous),
            at: record.at,
            who: record.who.clone(),
            operation: record.operation.0,
            undoes: record.undoes.map(|o| o.0),
            action: record.action.clone(),
            reason: record.reason.clone(),
            numbers: record.numbers.iter().map(|(a, b)| [*a, *b]).collect(),
            digest: hex(&record.digest),
            hash: hex(&record.hash),
        }
    }

    pub fn record(self) -> Result<AuditRecord> {
        Ok(AuditRecord {
            sequence: self.sequence,
            previous: read_hash(&self.previous)?,
            at: self.at,
            who: self.who,
            operation: OperationId(self.operation),
            undoes: self.undoes.map(OperationId),
            action: self.action,
            reason: self.reason,
            numbers: self.numbers.into_iter().map(|[a, b]| (a, b)).collect(),
            digest: read_hash(&self.digest)?,
            hash: read_hash(&self.hash)?,
        })
    }
}

/// One change as the log keeps it: what it touched, and what was there before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub enum LoggedBody {
    /// New transactions, a closed range of numbers.
    Posted([u64; 2]),
    Amended {
        number: u64,
        before: Box<TransactionBody>,
    },
    Voided([u64; 2]),
    Reinstated {
        number: u64,
        reason: Option<String>,
    },
    Ledger {
        before: Option<Box<Ledger>>,
        after: Box<Ledger>,
    },
    Currency {
        before: Option<CurrencyBody>,
        after: CurrencyBody,
    },
    Price {
        before: Option<PriceBody>,
        after: PriceBody,
    },
    Setting {
        name: String,
        before: Option<String>,
        after: Option<String>,
    },
    Assertion(AssertionBody),
    Imported {
        batch: BatchBody,
        rows: String,
    },
    ImportUndone {
        batch: Uuid,
    },
    ImportRestored {
        batch: Uuid,
    },
    Accepted {
        code: String,
        reference: String,
        reason: String,
    },
}

impl LoggedBody {
    pub fn of(change: &LoggedChange, chart: &Chart) -> LoggedBody {
        match change {
            LoggedChange::Posted { first, last } => LoggedBody::Posted([*first, *last]),
            LoggedChange::Amended { number, before } => LoggedBody::Amended {
                number: *number,
                before: Box::new(TransactionBody::of(before, chart)),
            },
            LoggedChange::Voided { first, last } => LoggedBody::Voided([*first, *last]),
            LoggedChange::Reinstated { number, reason } => LoggedBody::Reinstated {
                number: *number,
                reason: reason.clone(),
            },
            LoggedChange::Account { before, after } => LoggedBody::Ledger {
                before: before.as_ref().map(|a| Box::new(Ledger::of(a))),
                after: Box::new(Ledger::of(after)),
            },
            LoggedChange::Currency { before, after } => LoggedBody::Currency {
                before: before.as_ref().map(CurrencyBody::of),
                after: CurrencyBody::of(after),
            },
            LoggedChange::Price { before, after } => LoggedBody::Price {
                before: before.as_ref().map(PriceBody::of),
                after: PriceBody::of(after),
            },
            LoggedChange::Setting {
                name,
                before,
                after,
            } => LoggedBody::Setting {
                name: name.clone(),
                before: before.clone(),
                after: after.clone(),
            },
            LoggedChange::Assertion(assertion) => {
                LoggedBody::Assertion(AssertionBody::of(assertion))
            }
            LoggedChange::Imported { batch, rows } => LoggedBody::Imported {
                batch: BatchBody::of(batch),
                rows: hex(rows),
            },
            LoggedChange::ImportUndone { batch } => LoggedBody::ImportUndone { batch: *batch },
            LoggedChange::ImportRestored { batch } => LoggedBody::ImportRestored { batch: *batch },
            LoggedChange::Accepted {
                code,
                reference,
                reason,
            } => LoggedBody::Accepted {
                code: code.clone(),
                reference: reference.clone(),
                reason: reason.clone(),
            },
        }
    }

    pub fn change(self, chart: &Chart) -> Result<LoggedChange> {
        Ok(match self {
            LoggedBody::Posted([first, last]) => LoggedChange::Posted { first, last },
            LoggedBody::Amended { number, before } => LoggedChange::Amended {
                number,
                before: Box::new(before.transaction(chart)?),
            },
            LoggedBody::Voided([first, last]) => LoggedChange::Voided { first, last },
            LoggedBody::Reinstated { number, reason } => {
                LoggedChange::Reinstated { number, reason }
            }
            LoggedBody::Ledger { before, after } => LoggedChange::Account {
                before: before.map(|l| account_of(*l, chart)).transpose()?,
                after: account_of(*after, chart)?,
            },
            LoggedBody::Currency { before, after } => LoggedChange::Currency {
                before: before.map(|c| currency_of(c, chart)),
                after: currency_of(after, chart),
            },
            LoggedBody::Price { before, after } => LoggedChange::Price {
                before: before.map(PriceBody::price).transpose()?,
                after: after.price()?,
            },
            LoggedBody::Setting {
                name,
                before,
                after,
            } => LoggedChange::Setting {
                name,
                before,
                after,
            },
            LoggedBody::Assertion(body) => LoggedChange::Assertion(body.assertion()?),
            LoggedBody::Imported { batch, rows } => LoggedChange::Imported {
                batch: batch.batch()?,
                rows: read_hash(&rows)?,
            },
            LoggedBody::ImportUndone { batch } => LoggedChange::ImportUndone { batch },
            LoggedBody::ImportRestored { batch } => LoggedChange::ImportRestored { batch },
            LoggedBody::Accepted {
                code,
                reference,
                reason,
            } => LoggedChange::Accepted {
                code,
                reference,
                reason,
            },
        })
    }
}

/// An older version of an account keeps the key it has in the chart.
fn account_of(ledger: Ledger, chart: &Chart) -> Result<Box<Account>> {
    let found = chart.accounts().iter().find(|a| a.id == ledger.id);
    let key = found.map_or(AccountKey(0), |a| a.key);
    ledger.account(key).map(Box::new)
}

fn currency_of(body: CurrencyBody, chart: &Chart) -> Currency {
    let key = chart
        .find_currency(&body.code)
        .map_or(CurrencyKey(0), |c| c.key);
    body.currency(key)
}

/// A record with its changes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct AuditBody {
    #[serde(flatten)]
    pub record: RecordBody,
    pub changes: Vec<LoggedBody>,
    /// True if a later operation took it back.
    pub undone: bool,
}

impl AuditBody {
    pub fn of(entry: &AuditEntry, chart: &Chart) -> AuditBody {
        AuditBody {
            record: RecordBody::of(&entry.record),
            changes: entry
                .changes
                .iter()
                .map(|c| LoggedBody::of(c, chart))
                .collect(),
            undone: entry.undone,
        }
    }

    pub fn entry(self, chart: &Chart) -> Result<AuditEntry> {
        let changes = self.changes.into_iter().map(|c| c.change(chart));
        Ok(AuditEntry {
            record: self.record.record()?,
            changes: changes.collect::<Result<_>>()?,
            undone: self.undone,
        })
    }
}

/// One version of a transaction, and the record that made it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct VersionBody {
    pub transaction: TransactionBody,
    pub record: RecordBody,
}

impl VersionBody {
    pub fn of(version: &Version, chart: &Chart) -> VersionBody {
        VersionBody {
            transaction: TransactionBody::of(&version.transaction, chart),
            record: RecordBody::of(&version.record),
        }
    }

    pub fn version(self, chart: &Chart) -> Result<Version> {
        Ok(Version {
            transaction: self.transaction.transaction(chart)?,
            record: self.record.record()?,
        })
    }
}

/// Where the chain stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct HeadBody {
    pub sequence: u64,
    pub hash: Option<String>,
}

/// `POST /orgs/{org}/undo`: the operation to take back; left out: one's own newest not yet undone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct UndoRequest {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<Uuid>,
}
