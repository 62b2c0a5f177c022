//! `POST /orgs/{org}/changes`: the port's one write. A unit is an all-or-nothing list of changes.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::account::{AssertionBody, CurrencyBody, NewLedger, PatchLedger, PriceBody};
use super::draft::DraftBody;
use super::import::{BatchBody, SourceRowBody};
use super::problem::Problem;
use super::{Result, Unreadable, read_hash};
use crate::ledger::account::AccountKey;
use crate::ledger::audit::hex;
use crate::ledger::change::{Change, Done, Meanwhile, OnceKey, OperationId, Repeat, Target, Unit};
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

/// A key that makes a request repeatable, and what it stood for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct OnceBody {
    pub key: String,
    /// SHA-256 of the request's content, in hexadecimal.
    pub content: String,
}

impl OnceBody {
    fn of(once: &OnceKey) -> OnceBody {
        OnceBody {
            key: once.key.clone(),
            content: hex(&once.content),
        }
    }
}

/// An all-or-nothing list of changes with one audit record. Who and when are the server's to say.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct UnitBody {
    /// Made by the client before the first attempt: the same operation again is answered, not done.
    pub operation: Uuid,
    /// What the log calls it: `posted`, `amended`, `account-opened`, …
    pub action: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub once: Option<OnceBody>,
    pub changes: Vec<ChangeBody>,
}

/// The longest name of an action.
const ACTION_BYTES_MAX: usize = 40;

impl UnitBody {
    pub fn of(unit: &Unit<'_>, chart: &Chart) -> UnitBody {
        let mut changes = Vec::with_capacity(unit.changes.count_hint());
        unit.changes.visit(&mut |change| {
            changes.push(ChangeBody::of(change, chart));
            std::ops::ControlFlow::Continue(())
        });
        UnitBody {
            operation: unit.operation.0,
            action: unit.action.clone(),
            reason: unit.reason.clone(),
            once: unit.once.as_ref().map(OnceBody::of),
            changes,
        }
    }

    /// Its changes, for a book with this chart.
    pub fn read(self, chart: &Chart, made: &mut dyn FnMut() -> Uuid) -> Result<OwnedUnit> {
        let plain = |c: char| c.is_ascii_lowercase() || c == '-';
        if self.action.is_empty()
            || self.action.len() > ACTION_BYTES_MAX
            || !self.action.chars().all(plain)
        {
            let text = format!(
                "{:?} is not an action: 1 to {ACTION_BYTES_MAX} of a-z and -",
                self.action
            );
            return Err(Unreadable::new("bad-action", text).within("action"));
        }
        let once = match self.once {
            None => None,
            Some(once) => Some(OnceKey {
                key: once.key,
                content: read_hash(&once.content)
                    .map_err(|e| e.within("content").within("once"))?,
            }),
        };
        let changes = self.changes.into_iter().enumerate();
        let changes = changes
            .map(|(at, c)| {
                c.change(chart, made)
                    .map_err(|e| e.within(at).within("changes"))
            })
            .collect::<Result<_>>()?;
        Ok(OwnedUnit {
            operation: OperationId(self.operation),
            action: self.action,
            reason: self.reason,
            once,
            changes,
        })
    }
}

/// The first line of `POST /orgs/{org}/imports`: a unit without its changes, which follow a line each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct UnitHead {
    pub operation: Uuid,
    pub action: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub once: Option<OnceBody>,
}

impl UnitHead {
    pub fn of(unit: &Unit<'_>) -> UnitHead {
        UnitHead {
            operation: unit.operation.0,
            action: unit.action.clone(),
            reason: unit.reason.clone(),
            once: unit.once.as_ref().map(OnceBody::of),
        }
    }

    /// The unit with no changes yet.
    pub fn empty(self, chart: &Chart) -> Result<OwnedUnit> {
        let unit = UnitBody {
            operation: self.operation,
            action: self.action,
            reason: self.reason,
            once: self.once,
            changes: Vec::new(),
        };
        unit.read(chart, &mut Uuid::nil)
    }
}

/// A unit that owns its changes, before it is known who asks and when.
#[derive(Debug, Clone, PartialEq)]
pub struct OwnedUnit {
    pub operation: OperationId,
    pub action: String,
    pub reason: Option<String>,
    pub once: Option<OnceKey>,
    pub changes: Vec<Change>,
}

impl OwnedUnit {
    /// The unit as somebody's, at a moment.
    pub fn unit(&self, who: &str, at: Timestamp) -> Unit<'_> {
        Unit {
            operation: self.operation,
            action: self.action.clone(),
            reason: self.reason.clone(),
            who: who.to_owned(),
            at,
            once: self.once.clone(),
            changes: &self.changes,
        }
    }
}

/// The request: units that succeed or fail apart, or together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct ChangesRequest {
    /// `independent` (default) or `atomic`: if any fails, none is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
    pub units: Vec<UnitBody>,
}

/// What a unit did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct DoneBody {
    /// The audit record that sealed it; of a repeat, that of the first time.
    pub sequence: u64,
    pub hash: String,
    /// Transactions touched, as closed ranges.
    pub numbers: Vec<[u64; 2]>,
    /// `new`, `already` (it was there), `nothing` (there was nothing to change).
    pub repeat: String,
}

impl DoneBody {
    pub fn of(done: &Done) -> DoneBody {
        let repeat = match done.repeat {
            Repeat::New => "new",
            Repeat::Already => "already",
            Repeat::Nothing => "nothing",
        };
        DoneBody {
            sequence: done.sequence,
            hash: hex(&done.hash),
            numbers: done.numbers.iter().map(|(a, b)| [*a, *b]).collect(),
            repeat: repeat.to_owned(),
        }
    }

    pub fn done(self) -> Result<Done> {
        let of = |word: &str| match word {
            "new" => Some(Repeat::New),
            "already" => Some(Repeat::Already),
            "nothing" => Some(Repeat::Nothing),
            _ => None,
        };
        Ok(Done {
            sequence: self.sequence,
            hash: read_hash(&self.hash)?,
            numbers: self.numbers.into_iter().map(|[a, b]| (a, b)).collect(),
            repeat: super::read_word("repeat", &self.repeat, of, &["new", "already", "nothing"])?,
        })
    }
}

/// What became of one unit: done, or a problem.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub enum Outcome {
    Done(DoneBody),
    Refused {
        /// Which change of the unit, from 0.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        change: Option<usize>,
        problem: Box<Problem>,
    },
}

/// The answer: an outcome a unit, in order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct ChangesAnswer {
    pub outcomes: Vec<Outcome>,
}

/// A line of the answer of `POST /orgs/{org}/imports`: one for each line that came, then the summary.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub enum ImportLine {
    Result {
        /// Of the request, from 1; the head is line 1.
        line: u64,
        /// The transaction it became.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        number: Option<u64>,
    },
    Summary(ChangesAnswer),
}
