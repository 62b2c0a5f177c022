//! What a transaction was: befores put back, from what is stored now to its first version.

use crate::book::{AuditEntry, LoggedChange, Version};
use crate::ledger::transaction::{State, Transaction};

/// Every version of a transaction, oldest first: the log walked backwards from what is stored now.
///
/// `records`: those that touched it, oldest first.
pub fn versions(current: Transaction, records: Vec<AuditEntry>) -> Vec<Version> {
    let mut versions = Vec::new();
    let mut state = current;
    for entry in records.into_iter().rev() {
        for change in entry.changes.iter().rev() {
            let Some(before) = before(change, &state) else {
                continue;
            };
            versions.push(Version {
                transaction: state.clone(),
                record: entry.record.clone(),
            });
            match before {
                Before::Nothing => {
                    versions.reverse();
                    return versions;
                }
                Before::Was(was) => state = *was,
            }
        }
    }
    versions.reverse();
    versions
}

/// What a transaction was before a change touched it.
pub enum Before {
    Nothing,
    Was(Box<Transaction>),
}

/// What `after` was before a logged change; `None` if the change is about something else.
pub fn before(change: &LoggedChange, after: &Transaction) -> Option<Before> {
    let number = after.number.0;
    let stepped = |state: State| {
        let mut was = after.clone();
        was.version = after.version.saturating_sub(1);
        was.state = state;
        Some(Before::Was(Box::new(was)))
    };
    match change {
        LoggedChange::Posted { first, last } if (*first..=*last).contains(&number) => {
            Some(Before::Nothing)
        }
        LoggedChange::Amended { number: n, before } if *n == number => {
            Some(Before::Was(before.clone()))
        }
        LoggedChange::Voided { first, last } if (*first..=*last).contains(&number) => {
            stepped(State::Live)
        }
        LoggedChange::Reinstated { number: n, reason } if *n == number => stepped(State::Void {
            reason: reason.clone(),
        }),
        _ => None,
    }
}
