//! The rules of writing a book that is kept in a database: what a change does, what it is refused for, what the log
//! says of it. Written once; [`Rows`] is what a database does for it.

mod chart;
mod import;
mod rows;
mod transactions;
mod undo;

pub use import::log_import;
pub use rows::{Rows, StoredBatch};
pub use transactions::{keep_together, post_made};

use crate::book::stored::trail::merged;
use crate::book::{BookError, Result};
use crate::ledger::audit::Hash;
use crate::ledger::change::{Change, Done, Meanwhile, OnceKey, Repeat, Unit};
use crate::ledger::violation::Violation;

/// Makes one change of a unit.
pub fn apply<R: Rows>(rows: &mut R, unit: &Unit<'_>, change: Change) -> Result<()> {
    if looks_at_transactions(&change) {
        rows.settle()?;
    }
    match change {
        Change::Unless { since, written } => unless(rows, since, written),
        Change::Post(draft) => transactions::post(rows, draft),
        Change::Amend {
            target,
            if_version,
            draft,
        } => transactions::amend(rows, target, if_version, draft),
        Change::Void {
            target,
            if_version,
            reason,
        } => transactions::void(rows, target, if_version, reason),
        Change::Reinstate { target } => transactions::reinstate(rows, target),
        Change::OpenAccount(new) => chart::open_account(rows, new),
        Change::SetAccount { account, patch } => chart::set_account(rows, account, &patch),
        Change::Currency(change) => chart::currency(rows, change),
        Change::Price(price) => chart::price(rows, price),
        Change::Setting { name, value } => chart::setting(rows, unit, &name, value),
        Change::Assertion(assertion) => chart::assertion(rows, assertion),
        Change::Accept {
            code,
            reference,
            reason,
        } => chart::accept(rows, code, reference, reason),
        Change::Import(batch) => import::begin(rows, batch),
        Change::SourceRow(row) => import::row(rows, row),
        Change::UndoImport { batch } => import::undo(rows, batch),
        Change::Undo { operation, on } => undo::undo(rows, unit, operation, on),
    }
}

/// Refuses what was made up from a book that has moved on.
fn unless<R: Rows>(rows: &mut R, since: u64, written: Meanwhile) -> Result<()> {
    let moved_on = match written {
        Meanwhile::Anything => rows.last_sequence() != since,
        Meanwhile::Imports => rows.last_sequence() != since && rows.imported_since(since)?,
    };
    match moved_on {
        false => Ok(()),
        true => Err(conflict(
            "written-meanwhile",
            "somebody else wrote to the book after it was looked at: nothing was recorded"
                .to_owned(),
            Some("do it again: it looks at the book as it is now".to_owned()),
        )),
    }
}

/// Changes that look at transactions: postings of the same unit must be there. A currency whose scale goes up
/// settles for itself; most of those in imports are new.
fn looks_at_transactions(change: &Change) -> bool {
    match change {
        Change::Amend { .. }
        | Change::Void { .. }
        | Change::Reinstate { .. }
        | Change::SetAccount { .. }
        | Change::Undo { .. }
        | Change::UndoImport { .. } => true,
        Change::Post(draft) => draft.reverses.is_some(),
        _ => false,
    }
}

/// Which change of the unit broke a rule.
pub fn placed(error: BookError, index: usize) -> BookError {
    match error {
        BookError::Refused { violations, .. } => BookError::Refused {
            change: index,
            violations,
        },
        other => other,
    }
}

/// A unit that wrote nothing: either all of it was there, or there was nothing to change. `sequence` and `hash` are
/// where the history stands.
pub fn nothing(repeated: Vec<u64>, (sequence, hash): (u64, Hash)) -> Done {
    Done {
        sequence,
        hash,
        repeat: match repeated.is_empty() {
            true => Repeat::Nothing,
            false => Repeat::Already,
        },
        numbers: merged(repeated.into_iter().map(|n| (n, n)).collect()),
    }
}

/// The same key must stand for the same thing: `content` is what it stood for.
pub fn same_thing(once: &OnceKey, content: &Hash) -> Result<()> {
    match *content == once.content {
        true => Ok(()),
        false => Err(conflict(
            "once-conflict",
            format!("the key {:?} was used before for something else", once.key),
            Some("what was posted stands; for another transaction take another key".to_owned()),
        )),
    }
}

fn refused(violations: Vec<Violation>) -> BookError {
    BookError::Refused {
        change: 0,
        violations,
    }
}

fn conflict(code: &'static str, message: String, hint: Option<String>) -> BookError {
    BookError::Conflict {
        code,
        message,
        hint,
        operation: None,
    }
}
