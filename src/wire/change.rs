//! One change of a book, as a unit holds it.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::account::{NewLedger, PatchLedger};
use super::chart::{AssertionBody, CurrencyBody, PriceBody};
use super::draft::DraftBody;
use super::import::{BatchBody, SourceRowBody};
use super::{Result, Unreadable};
use crate::ledger::account::AccountKey;
use crate::ledger::change::{Change, Meanwhile, OperationId, Target};
use crate::ledger::chart::Chart;
use crate::ledger::transaction::{Number, TransactionId};

/// A transaction by number or by id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub enum TargetBody {
    Number(u64),
    Id(Uuid),
}

impl TargetBody {
    pub fn of(target: Target) -> TargetBody {
        match target {
            Target::Number(number) => TargetBody::Number(number.0),
            Target::Id(id) => TargetBody::Id(id.0),
        }
    }

    pub fn target(self) -> Target {
        match self {
            TargetBody::Number(number) => Target::Number(Number(number)),
            TargetBody::Id(id) => Target::Id(TransactionId(id)),
        }
    }
}

/// What may not have been written since somebody looked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub enum MeanwhileBody {
    Anything,
    Imports,
}

/// One change of a book: an object with one member, the kind of change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub enum ChangeBody {
    /// A condition: refuses the unit if the book was written after the record `since`. `imports`: only imports count.
    Unless {
        since: u64,
        written: MeanwhileBody,
    },
    Post(DraftBody),
    #[serde(rename_all = "snake_case")]
    Amend {
        target: TargetBody,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        if_version: Option<u32>,
        content: DraftBody,
    },
    #[serde(rename_all = "snake_case")]
    Void {
        target: TargetBody,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        if_version: Option<u32>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    Reinstate {
        target: TargetBody,
    },
    OpenLedger(NewLedger),
    SetLedger {
        id: Uuid,
        patch: PatchLedger,
    },
    Currency(CurrencyBody),
    Price(PriceBody),
    /// `value` null removes the setting.
    Setting {
        name: String,
        value: Option<String>,
    },
    Assertion(AssertionBody),
    Import(BatchBody),
    SourceRow(SourceRowBody),
    UndoImport {
        batch: Uuid,
    },
    Accept {
        code: String,
        reference: String,
        reason: String,
    },
    Undo {
        #[serde(default)]
        operation: Option<Uuid>,
        /// The day on which an account that it opened is closed again; else today in the book's zone.
        #[serde(default)]
        on: Option<Date>,
    },
}

impl ChangeBody {
    /// `chart` finds the ids of accounts that changes name by key.
    pub fn of(change: Change, chart: &Chart) -> ChangeBody {
        match change {
            Change::Unless { since, written } => ChangeBody::Unless {
                since,
                written: match written {
                    Meanwhile::Anything => MeanwhileBody::Anything,
                    Meanwhile::Imports => MeanwhileBody::Imports,
                },
            },
            Change::Post(draft) => ChangeBody::Post(DraftBody::of(&draft)),
            Change::Amend {
                target,
                if_version,
                draft,
            } => ChangeBody::Amend {
                target: TargetBody::of(target),
                if_version,
                content: DraftBody::of(&draft),
            },
            Change::Void {
                target,
                if_version,
                reason,
            } => ChangeBody::Void {
                target: TargetBody::of(target),
                if_version,
                reason,
            },
            Change::Reinstate { target } => ChangeBody::Reinstate {
                target: TargetBody::of(target),
            },
            Change::OpenAccount(new) => ChangeBody::OpenLedger(NewLedger::of(&new)),
            Change::SetAccount { account, patch } => ChangeBody::SetLedger {
                id: chart.account(account).id,
                patch: PatchLedger::of(&patch),
            },
            Change::Currency(change) => ChangeBody::Currency(CurrencyBody::of_change(&change)),
            Change::Price(price) => ChangeBody::Price(PriceBody::of(&price)),
            Change::Setting { name, value } => ChangeBody::Setting { name, value },
            Change::Assertion(assertion) => ChangeBody::Assertion(AssertionBody::of(&assertion)),
            Change::Import(batch) => ChangeBody::Import(BatchBody::of(&batch)),
            Change::SourceRow(row) => ChangeBody::SourceRow(SourceRowBody::of(&row)),
            Change::UndoImport { batch } => ChangeBody::UndoImport { batch },
            Change::Accept {
                code,
                reference,
                reason,
            } => ChangeBody::Accept {
                code,
                reference,
                reason,
            },
            Change::Undo { operation, on } => ChangeBody::Undo {
                operation: operation.map(|o| o.0),
                on,
            },
        }
    }

    /// The change it stands for. `key_of` finds an account by its id, in the chart that the unit meets.
    pub fn change(self, chart: &Chart, made: &mut dyn FnMut() -> Uuid) -> Result<Change> {
        let path_of = |id: Uuid| {
            let found = chart.accounts().iter().find(|a| a.id == id);
            found.map(|a| a.path.clone())
        };
        Ok(match self {
            ChangeBody::Unless { since, written } => Change::Unless {
                since,
                written: match written {
                    MeanwhileBody::Anything => Meanwhile::Anything,
                    MeanwhileBody::Imports => Meanwhile::Imports,
                },
            },
            ChangeBody::Post(draft) => {
                Change::Post(draft.draft(&path_of, made).map_err(|e| e.within("post"))?)
            }
            ChangeBody::Amend {
                target,
                if_version,
                content,
            } => Change::Amend {
                target: target.target(),
                if_version,
                draft: content
                    .draft(&path_of, made)
                    .map_err(|e| e.within("content").within("amend"))?,
            },
            ChangeBody::Void {
                target,
                if_version,
                reason,
            } => Change::Void {
                target: target.target(),
                if_version,
                reason,
            },
            ChangeBody::Reinstate { target } => Change::Reinstate {
                target: target.target(),
            },
            ChangeBody::OpenLedger(new) => {
                Change::OpenAccount(new.account(made).map_err(|e| e.within("open-ledger"))?)
            }
            ChangeBody::SetLedger { id, patch } => Change::SetAccount {
                account: key_of(chart, id)?,
                patch: patch
                    .patch()
                    .map_err(|e| e.within("patch").within("set-ledger"))?,
            },
            ChangeBody::Currency(body) => Change::Currency(body.change()),
            ChangeBody::Price(body) => Change::Price(body.price().map_err(|e| e.within("price"))?),
            ChangeBody::Setting { name, value } => Change::Setting { name, value },
            ChangeBody::Assertion(body) => {
                Change::Assertion(body.assertion().map_err(|e| e.within("assertion"))?)
            }
            ChangeBody::Import(body) => {
                Change::Import(body.batch().map_err(|e| e.within("import"))?)
            }
            ChangeBody::SourceRow(body) => Change::SourceRow(body.row()),
            ChangeBody::UndoImport { batch } => Change::UndoImport { batch },
            ChangeBody::Accept {
                code,
                reference,
                reason,
            } => Change::Accept {
                code,
                reference,
                reason,
            },
            ChangeBody::Undo { operation, on } => Change::Undo {
                operation: operation.map(OperationId),
                on,
            },
        })
    }
}

fn key_of(chart: &Chart, id: Uuid) -> Result<AccountKey> {
    let found = chart.accounts().iter().find(|a| a.id == id);
    found.map(|a| a.key).ok_or_else(|| {
        Unreadable::new("unknown-account", format!("no account {id}"))
            .within("id")
            .within("set-ledger")
    })
}
