//! Posting, amending, voiding and reinstating.

use super::super::rows;
use super::entries;
use super::lanes::Lanes;
use super::state::Writer;
use crate::book::{BookError, LoggedChange, Result};
use crate::ledger::audit::put_transaction;
use crate::ledger::change::Target;
use crate::ledger::draft::Draft;
use crate::ledger::rules::{check_lock, check_reconciled, only_marks_differ, same_content};
use crate::ledger::transaction::{Number, State, Transaction, TransactionId};
use crate::ledger::violation::Violation;

/// Words of so many transactions are held before they are indexed: some 30 MB.
const WORDS_HELD_MAX: usize = 200_000;

pub fn refused(violations: Vec<Violation>) -> BookError {
    BookError::Refused {
        change: 0,
        violations,
    }
}

/// Posts a draft; the same id with the same content again is nothing new.
pub fn post(writer: &mut Writer<'_>, draft: Draft) -> Result<()> {
    let (id, date) = (draft.id, draft.date);
    let made = draft.into_transaction(&writer.chart, Number(writer.next_number));
    post_made(writer, id, date, made)
}

/// Posts what a draft of this id and date became, under the next number.
pub fn post_made(
    writer: &mut Writer<'_>,
    id: TransactionId,
    date: jiff::civil::Date,
    made: std::result::Result<Transaction, Vec<Violation>>,
) -> Result<()> {
    let may_repeat = writer.bulk.as_ref().is_none_or(|bulk| bulk.may_repeat());
    if may_repeat && let Some(number) = existing(writer, id, made.as_ref().ok())? {
        writer.unit.repeated.push(number);
        return Ok(());
    }
    let locked = check_lock(date, writer.settings.locked_to).err();
    let mut transaction = match (made, locked) {
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
    transaction.number = Number(writer.next_number);
    match &mut writer.bulk {
        Some(bulk) => bulk.hold(
            writer.conn,
            &transaction,
            writer.next_sequence,
            &writer.scales,
        )?,
        None => {
            entries::insert_header(
                writer.conn,
                &transaction,
                writer.next_sequence,
                &writer.scales,
            )?;
            entries::insert(writer.conn, &transaction)?;
        }
    }
    let indexed = writer.unit.lanes.as_ref().is_some_and(Lanes::index_words);
    if !indexed {
        writer.words.insert(&transaction);
    }
    // What a large unit holds is its own: those before it have put theirs into the index.
    if writer.bulk.is_some() && writer.words.len() >= WORDS_HELD_MAX {
        writer.words.flush(writer.conn)?;
    }
    writer.moved.add(&transaction, 1);
    writer.log_posted(transaction);
    writer.next_number += 1;
    Ok(())
}

/// The number of the transaction with this id, if its first version had the content of `again`.
fn existing(
    writer: &Writer<'_>,
    id: TransactionId,
    again: Option<&Transaction>,
) -> Result<Option<u64>> {
    let Some(current) = rows::find(writer.conn, Target::Id(id))? else {
        return Ok(None);
    };
    let number = current.number;
    let first = match super::super::records::history(writer.conn, Target::Number(number))?
        .into_iter()
        .next()
    {
        Some(version) => version.transaction,
        None => current,
    };
    if again.is_some_and(|again| same_content(again, &first)) {
        return Ok(Some(number.0));
    }
    Err(BookError::Conflict {
        code: "id-conflict",
        message: format!("the id {id} belongs to {number}, which says something else"),
        hint: Some(format!("hissab show {number}")),
        operation: None,
    })
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
    writer.unit.touch(after.number.0);
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
    entries::update_header(writer.conn, &after, writer.next_sequence, &writer.scales)?;
    entries::delete(writer.conn, &before)?;
    writer.moved.add(&before, -1);
    let number = after.number.0;
    writer.unit.touch(number);
    let joined = match writer.unit.logged.last_mut() {
        Some(LoggedChange::Voided { last, .. }) if *last + 1 == number => {
            *last = number;
            true
        }
        _ => false,
    };
    if joined {
        let chart = &writer.chart;
        put_transaction(&mut writer.unit.digest, &after, chart);
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
    entries::update_header(writer.conn, &after, writer.next_sequence, &writer.scales)?;
    entries::insert(writer.conn, &after)?;
    writer.moved.add(&after, 1);
    writer.unit.touch(after.number.0);
    let change = LoggedChange::Reinstated {
        number: after.number.0,
        reason,
    };
    writer.log(change, |canon, chart| put_transaction(canon, &after, chart));
    Ok(())
}

fn replace(writer: &mut Writer<'_>, before: &Transaction, after: &Transaction) -> Result<()> {
    entries::update_header(writer.conn, after, writer.next_sequence, &writer.scales)?;
    entries::delete(writer.conn, before)?;
    entries::insert(writer.conn, after)?;
    writer.words.delete(before);
    writer.words.insert(after);
    if writer.bulk.is_some() {
        writer.words.flush(writer.conn)?;
    }
    writer.moved.add(before, -1);
    writer.moved.add(after, 1);
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
    rows::find(writer.conn, target)?.ok_or_else(|| BookError::NotFound {
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
