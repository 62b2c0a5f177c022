//! Posting, amending, voiding and reinstating.

use super::super::link::Params;
use super::super::{rows, words};
use super::columns::{ENTRIES, EntryColumns};
use super::flush::POSTINGS_MAX;
use super::state::Writer;
use crate::book::stored::more::TransactionMore;
use crate::book::{BookError, LoggedChange, Result};
use crate::ledger::audit::put_transaction;
use crate::ledger::change::Target;
use crate::ledger::day::Day;
use crate::ledger::draft::Draft;
use crate::ledger::rules::{check_lock, check_reconciled, only_marks_differ, same_content};
use crate::ledger::transaction::{Number, State, Transaction};
use crate::ledger::violation::Violation;

pub fn refused(violations: Vec<Violation>) -> BookError {
    BookError::Refused {
        change: 0,
        violations,
    }
}

/// Posts a draft; the same id with the same content again is nothing new.
pub fn post(writer: &mut Writer<'_>, draft: Draft) -> Result<()> {
    if writer.ids.contains(&draft.id.0) {
        writer.send_postings()?;
        if let Some(number) = existing(writer, &draft)? {
            writer.unit.repeated.push(number);
            return Ok(());
        }
    }
    let locked = check_lock(draft.date, writer.settings.locked_to).err();
    let made = draft.into_transaction(&writer.chart, Number(writer.next_number));
    let transaction = match (made, locked) {
        (Ok(transaction), None) => transaction,
        (Ok(_), Some(locked)) => return Err(refused(vec![locked])),
        (Err(mut violations), locked) => {
            violations.extend(locked);
            return Err(refused(violations));
        }
    };
    if let Some(of) = transaction.reverses {
        check_reversal(writer, of)?;
    }
    let (org, sequence) = (writer.link.org, writer.next_sequence);
    writer
        .pending
        .postings
        .push(org, &transaction, sequence, &writer.scales);
    writer.ids.insert(transaction.id.0);
    writer.unit.moved.add(&transaction, 1);
    writer.log_posted(&transaction);
    writer.next_number += 1;
    if writer.unit.sends && writer.pending.postings.len() >= POSTINGS_MAX {
        writer.send_postings()?;
    }
    Ok(())
}

/// The number of a transaction with this id, if its first version had this content.
fn existing(writer: &Writer<'_>, draft: &Draft) -> Result<Option<u64>> {
    let Some(current) = rows::find(writer.link, Target::Id(draft.id))? else {
        return Ok(None);
    };
    let number = current.number;
    let first = match super::super::records::history(writer.link, Target::Number(number))?
        .into_iter()
        .next()
    {
        Some(version) => version.transaction,
        None => current,
    };
    match draft.clone().into_transaction(&writer.chart, number) {
        Ok(again) if same_content(&again, &first) => Ok(Some(number.0)),
        _ => Err(BookError::Conflict {
            code: "id-conflict",
            message: format!(
                "the id {} belongs to {number}, which says something else",
                draft.id
            ),
            hint: Some(format!("hissab show {number}")),
            operation: None,
        }),
    }
}

fn check_reversal(writer: &Writer<'_>, of: Number) -> Result<()> {
    let original = found(writer, Target::Number(of))?;
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
        None => Ok(()),
    }
}

/// Replaces the content of a live transaction.
pub fn amend(
    writer: &mut Writer<'_>,
    target: Target,
    if_version: Option<u32>,
    mut draft: Draft,
) -> Result<()> {
    let before = found(writer, target)?;
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
        .into_transaction(&writer.chart, before.number)
        .map_err(refused)?;
    if same_content(&before, &after) {
        return Ok(());
    }
    if !only_marks_differ(&before, &after) {
        check_dates(writer, before.date, after.date)?;
    }
    keep_reconciled(writer, &before, Some(&after))?;
    after.version = before.version + 1;
    replace(writer, &before, &after)?;
    let change = LoggedChange::Amended {
        number: before.number.0,
        before: Box::new(before),
    };
    writer.unit.trail.touch(after.number.0);
    writer.log(change, |canon, chart| put_transaction(canon, &after, chart));
    Ok(())
}

/// Takes a transaction out of every balance. Twice is nothing new.
pub fn void(
    writer: &mut Writer<'_>,
    target: Target,
    if_version: Option<u32>,
    reason: Option<String>,
) -> Result<()> {
    let before = found(writer, target)?;
    expect_version(&before, if_version)?;
    if before.is_void() {
        return Ok(());
    }
    check_dates(writer, before.date, before.date)?;
    keep_reconciled(writer, &before, None)?;
    let mut after = before.clone();
    after.version += 1;
    after.state = State::Void { reason };
    store(writer, &after)?;
    writer.unit.moved.add(&before, -1);
    let number = after.number.0;
    writer.unit.trail.touch(number);
    let joined = match writer.unit.trail.logged.last_mut() {
        Some(LoggedChange::Voided { last, .. }) if *last + 1 == number => {
            *last = number;
            true
        }
        _ => false,
    };
    if joined {
        let chart = &writer.chart;
        put_transaction(&mut writer.unit.trail.digest, &after, chart);
    } else {
        writer.log(
            LoggedChange::Voided {
                first: number,
                last: number,
            },
            |canon, chart| put_transaction(canon, &after, chart),
        );
    }
    Ok(())
}

/// Lets a void transaction count again, under its number, as a new version.
pub fn reinstate(writer: &mut Writer<'_>, target: Target) -> Result<()> {
    let before = found(writer, target)?;
    let State::Void { reason } = before.state.clone() else {
        return Ok(());
    };
    check_dates(writer, before.date, before.date)?;
    let mut after = before.clone();
    after.version += 1;
    after.state = State::Live;
    store(writer, &after)?;
    writer.unit.moved.add(&after, 1);
    writer.unit.trail.touch(after.number.0);
    let change = LoggedChange::Reinstated {
        number: after.number.0,
        reason,
    };
    writer.log(change, |canon, chart| put_transaction(canon, &after, chart));
    Ok(())
}

/// Writes a transaction as it is to be, and the copies of its entries.
fn store(writer: &Writer<'_>, t: &Transaction) -> Result<()> {
    const STORE: &str = "UPDATE hissab.txn SET day = $3, voucher = $4, status = $5, version = $6, void = $7, seq = $8, description = $9, payee = $10,
            reference = $11, due = $12, reverses = $13, more = $14, accounts = $15::text::integer[], amounts = $16::text::bigint[],
            currencies = $17::text::integer[], weights = $18::text::bigint[], weight_currencies = $19::text::integer[], notes = $20,
            words = array_to_tsvector(string_to_array($21, ' '))
      WHERE org_id = $1 AND number = $2";
    const TAKE_OUT: &str = "DELETE FROM hissab.entry WHERE org_id = $1 AND txn = $2";
    let mut columns = EntryColumns::default();
    columns.push(t);
    let (org, number, seq) = (writer.link.org, rows::big(t.number.0), writer.seq());
    let version = i32::try_from(t.version).unwrap_or(i32::MAX);
    let statements: [(&str, Params<'_>); 3] = [
        (
            STORE,
            &[
                &org,
                &number,
                &Day::of(t.date).0,
                &i16::from(t.voucher.code()),
                &i16::from(t.status.code()),
                &version,
                &t.is_void(),
                &seq,
                &&*t.description,
                &t.payee,
                &t.reference,
                &t.due.map(|d| Day::of(d).0),
                &t.reverses.map(|n| rows::big(n.0)),
                &TransactionMore::to_json(t, &writer.scales),
                &columns.accounts[0],
                &columns.amounts[0],
                &columns.currencies[0],
                &columns.weights[0],
                &columns.weight_currencies[0],
                &columns.notes[0],
                &words::of(org, t),
            ],
        ),
        (TAKE_OUT, &[&org, &number]),
        (ENTRIES, &[&org, &number, &number]),
    ];
    writer.link.flight(&statements, None)
}

fn replace(writer: &mut Writer<'_>, before: &Transaction, after: &Transaction) -> Result<()> {
    store(writer, after)?;
    writer.unit.moved.add(before, -1);
    writer.unit.moved.add(after, 1);
    Ok(())
}

/// Both the old and the new date must be later than the lock.
fn check_dates(writer: &Writer<'_>, old: jiff::civil::Date, new: jiff::civil::Date) -> Result<()> {
    let locked_to = writer.settings.locked_to;
    check_lock(old, locked_to)
        .and_then(|()| check_lock(new, locked_to))
        .map_err(|v| refused(vec![v]))
}

fn keep_reconciled(
    writer: &Writer<'_>,
    before: &Transaction,
    after: Option<&Transaction>,
) -> Result<()> {
    check_reconciled(before, after).map_err(|entry| {
        let account = &writer.chart.account(entry.account).path;
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
pub fn found(writer: &Writer<'_>, target: Target) -> Result<Transaction> {
    rows::find(writer.link, target)?.ok_or_else(|| BookError::NotFound {
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

pub fn conflict(code: &'static str, message: String, hint: Option<String>) -> BookError {
    BookError::Conflict {
        code,
        message,
        hint,
        operation: None,
    }
}
