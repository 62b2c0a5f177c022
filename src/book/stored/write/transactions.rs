//! Posting, amending, voiding and reinstating.

use jiff::civil::Date;

use super::rows::Rows;
use super::{conflict, refused};
use crate::book::stored::history::versions;
use crate::book::{AuditEntry, AuditQuery, BookError, LoggedChange, Result};
use crate::ledger::audit::put_transaction;
use crate::ledger::change::Target;
use crate::ledger::draft::Draft;
use crate::ledger::rules::{
    cancel_out, check_lock, check_reconciled, only_marks_differ, same_content, takes_back,
};
use crate::ledger::transaction::{Number, State, Transaction, TransactionId};
use crate::ledger::violation::Violation;

/// Posts a draft; the same id with the same content again is nothing new.
pub fn post<R: Rows>(rows: &mut R, draft: Draft) -> Result<()> {
    let (id, date) = (draft.id, draft.date);
    let made = draft.into_transaction(rows.chart(), Number(rows.next_number()));
    post_made(rows, id, date, made)
}

/// Posts what a draft of this id and date became, under the next number.
pub fn post_made<R: Rows>(
    rows: &mut R,
    id: TransactionId,
    date: Date,
    made: std::result::Result<Transaction, Vec<Violation>>,
) -> Result<()> {
    if rows.may_be_there(id)?
        && let Some(number) = existing(rows, id, made.as_ref().ok())?
    {
        rows.trail().repeated.push(number);
        return Ok(());
    }
    let locked = check_lock(date, rows.settings().locked_to).err();
    let mut transaction = match (made, locked) {
        (Ok(transaction), None) => transaction,
        (Ok(_), Some(locked)) => return Err(refused(vec![locked])),
        (Err(mut violations), locked) => {
            violations.extend(locked);
            return Err(refused(violations));
        }
    };
    transaction.number = Number(rows.next_number());
    if let Some(of) = transaction.reverses {
        check_reversal(rows, &transaction, of)?;
    }
    rows.post(transaction)
}

/// The number of the transaction with this id, if its first version had the content of `again`.
fn existing<R: Rows>(
    rows: &R,
    id: TransactionId,
    again: Option<&Transaction>,
) -> Result<Option<u64>> {
    let Some(current) = rows.find(Target::Id(id))? else {
        return Ok(None);
    };
    let number = current.number;
    let touching = AuditQuery {
        number: Some(number.0),
        ..AuditQuery::default()
    };
    // A posting of this very unit has no record yet.
    let first = versions(current.clone(), rows.audit(&touching)?)
        .into_iter()
        .next()
        .map_or(current, |version| version.transaction);
    if again.is_some_and(|again| same_content(again, &first)) {
        return Ok(Some(number.0));
    }
    Err(conflict(
        "id-conflict",
        format!("the id {id} belongs to {number}, which says something else"),
        Some(format!("hissab show {number}")),
    ))
}

/// Notes a reversal that is not one: a mirror brings back voided ones, whose original was amended since and which are
/// void again before the unit ends, so [`keep_together`] asks then.
fn check_reversal<R: Rows>(rows: &mut R, reversal: &Transaction, of: Number) -> Result<()> {
    let original = found(rows, Target::Number(of))?;
    if original.is_void() {
        return Err(conflict(
            "void",
            format!("{of} is void: there is nothing to reverse"),
            Some(format!("hissab show {of}")),
        ));
    }
    match original.reversed_by {
        Some(by) => Err(conflict(
            "already-reversed",
            format!("{of} is already reversed by {by}"),
            Some(format!("hissab show {by}")),
        )),
        None if !takes_back(reversal, &original) => {
            rows.trail().untrue.push((reversal.number, of));
            Ok(())
        }
        None => Ok(()),
    }
}

/// Replaces the content of a live transaction.
pub fn amend<R: Rows>(
    rows: &mut R,
    target: Target,
    if_version: Option<u32>,
    mut draft: Draft,
) -> Result<()> {
    let before = found(rows, target)?;
    expect_version(&before, if_version)?;
    if before.is_void() {
        return Err(conflict(
            "void",
            format!("{} is void and cannot be amended", before.number),
            Some(format!("hissab show {}", before.number)),
        ));
    }
    draft.id = before.id;
    draft.reverses = before.reverses;
    let mut after = draft
        .into_transaction(rows.chart(), before.number)
        .map_err(refused)?;
    if same_content(&before, &after) {
        return Ok(());
    }
    if !only_marks_differ(&before, &after) {
        check_dates(rows, before.date, after.date)?;
    }
    note_parted(rows, &before, &after)?;
    keep_reconciled(rows, &before, Some(&after))?;
    after.version = before.version + 1;
    rows.restate(&before, &after)?;
    let change = LoggedChange::Amended {
        number: before.number.0,
        before: Box::new(before),
    };
    rows.trail().touch(after.number.0);
    rows.log(change, |canon, chart| put_transaction(canon, &after, chart));
    Ok(())
}

/// Notes where a transaction and its reversal were nothing together and would be something. The same unit may amend
/// the other one alike, as a merge of accounts does, so that [`keep_together`] asks again at its end.
fn note_parted<R: Rows>(rows: &mut R, before: &Transaction, after: &Transaction) -> Result<()> {
    for other in [before.reverses, before.reversed_by].into_iter().flatten() {
        let other = found(rows, Target::Number(other))?;
        let parted = cancel_out(before, &other) && !cancel_out(after, &other);
        if parted && !other.is_void() {
            rows.trail().parted.push((before.number, other.number));
        }
    }
    Ok(())
}

/// At the end of a unit: what was reversed and its reversal are nothing together.
pub fn keep_together<R: Rows>(rows: &mut R) -> Result<()> {
    let parted = std::mem::take(&mut rows.trail().parted);
    let untrue = std::mem::take(&mut rows.trail().untrue);
    if !(parted.is_empty() && untrue.is_empty()) {
        rows.settle()?;
    }
    for (number, of) in untrue {
        let reversal = found(rows, Target::Number(number))?;
        let original = found(rows, Target::Number(of))?;
        let void = reversal.is_void() || original.is_void();
        if !void && !takes_back(&reversal, &original) {
            return Err(conflict(
                "reversal-differs",
                format!(
                    "what was given as the reversal of {of} does not take it back: on every account the two must be nothing together, at the same prices"
                ),
                Some(format!("hissab reverse {of}")),
            ));
        }
    }
    for (number, other) in parted {
        let transaction = found(rows, Target::Number(number))?;
        let counterpart = found(rows, Target::Number(other))?;
        let void = transaction.is_void() || counterpart.is_void();
        if void || cancel_out(&transaction, &counterpart) {
            continue;
        }
        let (link, reversal) = match transaction.reverses == Some(other) {
            true => ("reverses", number),
            false => ("is reversed by", other),
        };
        return Err(conflict(
            "already-reversed",
            format!("{number} {link} {other}: on every account the two must stay nothing together"),
            Some(format!(
                "to amend one alone, void the reversal first: hissab void {reversal} --reason TEXT"
            )),
        ));
    }
    Ok(())
}

/// Takes a transaction out of every balance. Twice is nothing new.
pub fn void<R: Rows>(
    rows: &mut R,
    target: Target,
    if_version: Option<u32>,
    reason: Option<String>,
) -> Result<()> {
    void_along(rows, target, if_version, reason, &[])
}

/// The same where the transactions of these ranges go along, in the same unit.
pub fn void_along<R: Rows>(
    rows: &mut R,
    target: Target,
    if_version: Option<u32>,
    reason: Option<String>,
    along: &[(u64, u64)],
) -> Result<()> {
    let before = found(rows, target)?;
    expect_version(&before, if_version)?;
    if before.is_void() {
        return Ok(());
    }
    let stays = |by: &Number| {
        !along
            .iter()
            .any(|(first, last)| (*first..=*last).contains(&by.0))
    };
    if let Some(by) = before.reversed_by.filter(stays) {
        // Its reversal would stand alone, and the books hold the opposite of what never was.
        return Err(conflict(
            "already-reversed",
            format!(
                "{} is reversed by {by}: both together are nothing",
                before.number
            ),
            Some(format!("hissab void {by} --reason TEXT")),
        ));
    }
    check_dates(rows, before.date, before.date)?;
    keep_reconciled(rows, &before, None)?;
    let mut after = before.clone();
    after.version += 1;
    after.state = State::Void { reason };
    rows.restate(&before, &after)?;
    let (trail, chart) = rows.closed_trail();
    trail.voided(&after, chart);
    Ok(())
}

/// The transactions that a record posted, in ranges.
pub fn posted(entry: &AuditEntry) -> Vec<(u64, u64)> {
    let ranges = entry.changes.iter().filter_map(|change| match change {
        LoggedChange::Posted { first, last } => Some((*first, *last)),
        _ => None,
    });
    ranges.collect()
}

/// Lets a void transaction count again, under its number, as a new version.
pub fn reinstate<R: Rows>(rows: &mut R, target: Target) -> Result<()> {
    let before = found(rows, target)?;
    let State::Void { reason } = before.state.clone() else {
        return Ok(());
    };
    check_dates(rows, before.date, before.date)?;
    let mut after = before.clone();
    after.version += 1;
    after.state = State::Live;
    rows.restate(&before, &after)?;
    rows.trail().touch(after.number.0);
    let change = LoggedChange::Reinstated {
        number: after.number.0,
        reason,
    };
    rows.log(change, |canon, chart| put_transaction(canon, &after, chart));
    Ok(())
}

/// Both the old and the new date must be later than the lock.
fn check_dates<R: Rows>(rows: &R, old: Date, new: Date) -> Result<()> {
    let locked_to = rows.settings().locked_to;
    check_lock(old, locked_to)
        .and_then(|()| check_lock(new, locked_to))
        .map_err(|v| refused(vec![v]))
}

fn keep_reconciled<R: Rows>(
    rows: &R,
    before: &Transaction,
    after: Option<&Transaction>,
) -> Result<()> {
    check_reconciled(before, after).map_err(|entry| {
        let account = &rows.chart().account(entry.account).path;
        let number = before.number;
        conflict(
            "reconciled",
            format!(
                "the entry of {number} on {account} is reconciled ({})",
                entry.reconciled().unwrap_or_default()
            ),
            Some(format!(
                "hissab reconcile '{}' --undo {number}",
                account.replace('\'', "'\\''")
            )),
        )
    })
}

/// The transaction a target names.
pub fn found<R: Rows>(rows: &R, target: Target) -> Result<Transaction> {
    rows.find(target)?.ok_or_else(|| BookError::NotFound {
        what: match target {
            Target::Number(number) => format!("transaction {number}"),
            Target::Id(id) => format!("transaction {id}"),
        },
    })
}

fn expect_version(t: &Transaction, if_version: Option<u32>) -> Result<()> {
    match if_version {
        Some(version) if version != t.version => Err(conflict(
            "stale-version",
            format!(
                "{} is at version {}, not {version}: somebody changed it meanwhile",
                t.number, t.version
            ),
            Some(format!("hissab show {} --history", t.number)),
        )),
        _ => Ok(()),
    }
}
