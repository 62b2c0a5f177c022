//! `POST /orgs/{org}/changes`: the port's one write. A unit is an all-or-nothing list of changes.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::change::ChangeBody;
use super::problem::Problem;
use super::{Result, Unreadable, read_hash, read_word};
use crate::ledger::audit::hex;
use crate::ledger::change::{Change, Done, OnceKey, OperationId, Repeat, Unit};
use crate::ledger::chart::Chart;

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
            repeat: read_word("repeat", &self.repeat, of, &["new", "already", "nothing"])?,
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
