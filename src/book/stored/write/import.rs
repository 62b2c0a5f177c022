//! Imports: the batch, its source rows, and taking one batch back.

use uuid::Uuid;

use super::chart::{assertion, known_account};
use super::conflict;
use super::rows::{Rows, StoredBatch};
use super::transactions::{posted, void_along};
use crate::book::{AuditQuery, BookError, LoggedChange, Result};
use crate::ledger::audit::{Hash, put_import};
use crate::ledger::change::{Assertion, ImportBatch, SourceRow, Target};
use crate::ledger::transaction::Number;

/// Opens a batch; it must be the only one of its unit.
pub fn begin<R: Rows>(rows: &mut R, head: ImportBatch) -> Result<()> {
    if rows.has_open_batch() {
        return Err(conflict(
            "two-batches",
            "one unit imports one file".to_owned(),
            None,
        ));
    }
    let account = match &head.account {
        None => None,
        Some(path) => Some(known_account(rows, path)?),
    };
    rows.open_batch(head, account)
}

/// Takes a source row, for the transaction that it names or the newest one.
pub fn row<R: Rows>(rows: &mut R, row: SourceRow) -> Result<()> {
    if !rows.has_open_batch() {
        return Err(conflict(
            "no-batch",
            "a source row belongs to an import".to_owned(),
            None,
        ));
    }
    let trail = rows.trail();
    let newest = trail.posted.or_else(|| trail.repeated.last().copied());
    match row.number.map(|n| n.0).or(newest) {
        Some(number) => rows.hold_row(number, row),
        None => Err(conflict(
            "no-transaction",
            format!("line {} stands for no transaction", row.line),
            None,
        )),
    }
}

/// Logs the unit's batch when its rows are written: `digest` is over them, in order of identity.
pub fn log_import<R: Rows>(rows: &mut R, head: ImportBatch, account: Option<Uuid>, digest: Hash) {
    let change = LoggedChange::Imported {
        batch: head.clone(),
        rows: digest,
    };
    rows.log(change, |canon, _| {
        put_import(canon, &head, account, &digest)
    });
}

/// Voids every transaction a batch posted and withdraws the balances it vouched for; its rows count as
/// absent from then on.
pub fn undo<R: Rows>(rows: &mut R, id: Uuid) -> Result<()> {
    let batch = stored(rows, id)?;
    if batch.undone {
        return Ok(());
    }
    let query = AuditQuery {
        since: Some(batch.first_sequence - 1),
        before: Some(batch.first_sequence + 1),
        ..AuditQuery::default()
    };
    for entry in rows.audit(&query)? {
        let along = posted(&entry);
        for change in entry.changes {
            match change {
                LoggedChange::Posted { first, last } => {
                    for number in first..=last {
                        let target = Target::Number(Number(number));
                        void_along(rows, target, None, Some("import undone".to_owned()), &along)?;
                    }
                }
                LoggedChange::Assertion(vouched) if !vouched.withdrawn => {
                    let withdrawn = Assertion {
                        withdrawn: true,
                        ..vouched
                    };
                    assertion(rows, withdrawn)?;
                }
                _ => {}
            }
        }
    }
    mark_undone(rows, id)
}

fn stored<R: Rows>(rows: &R, id: Uuid) -> Result<StoredBatch> {
    rows.batch(id)?.ok_or_else(|| BookError::NotFound {
        what: format!("import {id}"),
    })
}

/// Undoes that a batch was taken back: its rows are known again.
///
/// Errors: a conflict if a later import (after the record `since`) brought any of its rows again.
pub fn restore<R: Rows>(rows: &mut R, id: Uuid, since: u64) -> Result<()> {
    let key = stored(rows, id)?.key;
    if let Some(again) = rows.brought_again(key, since)? {
        return Err(conflict(
            "changed-since",
            format!(
                "rows of import {key} were brought in again by import {again}; nothing was undone"
            ),
            Some("hissab import list".to_owned()),
        ));
    }
    rows.set_undone(key, false)?;
    rows.log(LoggedChange::ImportRestored { batch: id }, |canon, _| {
        canon.text("import-restored");
        canon.bytes(id.as_bytes());
    });
    Ok(())
}

/// Marks a batch as taken back.
pub fn mark_undone<R: Rows>(rows: &mut R, id: Uuid) -> Result<()> {
    let key = stored(rows, id)?.key;
    rows.set_undone(key, true)?;
    rows.log(LoggedChange::ImportUndone { batch: id }, |canon, _| {
        canon.text("import-undone");
        canon.bytes(id.as_bytes());
    });
    Ok(())
}
