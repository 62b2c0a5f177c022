//! Undo: the state before an operation, restored as a new operation. If anything it touched has
//! changed since, nothing is done and the message says by whom.

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::rows::Rows;
use super::transactions::{self, found};
use super::{chart, conflict, import};
use crate::book::{AuditEntry, AuditQuery, BookError, LoggedChange, Result};
use crate::ledger::account::Account;
use crate::ledger::change::{OperationId, PriceChange, Target, Unit};
use crate::ledger::draft::Draft;
use crate::ledger::rules::cancel_out;
use crate::ledger::transaction::{Number, Transaction};

/// How far back the caller's own newest operation is looked for.
const PAGE: u64 = 64;

pub fn undo<R: Rows>(
    rows: &mut R,
    unit: &Unit<'_>,
    operation: Option<OperationId>,
    on: Option<Date>,
) -> Result<()> {
    // The day is the book's, as every other: in Kolkata it is tomorrow before it is in UTC.
    let on = on.unwrap_or_else(|| {
        let zone = TimeZone::get(&rows.settings().timezone).unwrap_or(TimeZone::UTC);
        unit.at.to_zoned(zone).date()
    });
    let entry = match operation {
        Some(operation) => named(rows, operation)?,
        None => newest_own(rows, &unit.who)?,
    };
    if entry.undone {
        return Err(conflict(
            "already-undone",
            format!("operation {} is already undone", entry.record.sequence),
            Some("hissab undo --list".to_owned()),
        ));
    }
    rows.trail().undoes = Some(entry.record.operation);
    let imports = entry
        .changes
        .iter()
        .any(|c| matches!(c, LoggedChange::Imported { .. }));
    for change in entry.changes.iter().rev() {
        invert(rows, unit, &entry, change, imports, on)?;
    }
    if rows.trail().logged.is_empty() {
        return Err(conflict(
            "nothing-to-undo",
            format!(
                "operation {} ({}) cannot be taken back",
                entry.record.sequence, entry.record.action
            ),
            Some(
                entry
                    .changes
                    .iter()
                    .find_map(other_way)
                    .unwrap_or_else(|| "an earlier one: hissab undo --list".to_owned()),
            ),
        ));
    }
    Ok(())
}

/// The command that takes back what undo does not.
fn other_way(change: &LoggedChange) -> Option<String> {
    match change {
        LoggedChange::Currency {
            before: None,
            after,
        } => Some(format!("hissab currency remove {}", after.code)),
        LoggedChange::Currency { .. } => Some(
            "places of a currency are added and never taken away; an operation before it: hissab undo --list".to_owned(),
        ),
        _ => None,
    }
}

fn named<R: Rows>(rows: &R, operation: OperationId) -> Result<AuditEntry> {
    let query = AuditQuery {
        operation: Some(operation),
        ..AuditQuery::default()
    };
    rows.audit(&query)?
        .pop()
        .ok_or_else(|| BookError::NotFound {
            what: format!("operation {}", operation.0),
        })
}

fn newest_own<R: Rows>(rows: &R, who: &str) -> Result<AuditEntry> {
    let mut before = None;
    loop {
        let query = AuditQuery {
            who: Some(who.to_owned()),
            before,
            last: Some(PAGE),
            ..AuditQuery::default()
        };
        let page = rows.audit(&query)?;
        let Some(oldest) = page.first().map(|e| e.record.sequence) else {
            return Err(conflict(
                "nothing-to-undo",
                format!("{who} has no operation that can be undone"),
                Some("hissab undo --list".to_owned()),
            ));
        };
        let candidate = page
            .into_iter()
            .rev()
            .find(|e| !e.undone && e.record.undoes.is_none() && e.record.action != "created");
        match candidate {
            Some(entry) => return Ok(entry),
            None => before = Some(oldest),
        }
    }
}

fn invert<R: Rows>(
    rows: &mut R,
    unit: &Unit<'_>,
    entry: &AuditEntry,
    change: &LoggedChange,
    imports: bool,
    on: Date,
) -> Result<()> {
    match change {
        LoggedChange::Posted { first, last } => {
            let along = transactions::posted(entry);
            for number in *first..=*last {
                let target = Target::Number(untouched(rows, entry, number)?.number);
                let reason = Some("undone".to_owned());
                transactions::void_along(rows, target, None, reason, &along)?;
            }
            Ok(())
        }
        LoggedChange::Amended { number, before } => {
            untouched(rows, entry, *number)?;
            let draft = Draft::of(before, rows.chart());
            transactions::amend(rows, Target::Number(Number(*number)), None, draft)
        }
        LoggedChange::Voided { first, last } => {
            for number in *first..=*last {
                let now = untouched(rows, entry, number)?;
                stays_nothing(rows, entry, &now)?;
                transactions::reinstate(rows, Target::Number(Number(number)))?;
            }
            Ok(())
        }
        LoggedChange::Reinstated { number, reason } => {
            let now = untouched(rows, entry, *number)?;
            transactions::void(rows, Target::Number(now.number), None, reason.clone())
        }
        LoggedChange::Account { before, after } => {
            invert_account(rows, entry, before.as_deref(), after, imports, on)
        }
        LoggedChange::Price { before, after } => {
            let rate = before.as_ref().and_then(|b| b.rate);
            chart::price(
                rows,
                PriceChange {
                    rate,
                    ..after.clone()
                },
            )
        }
        LoggedChange::Setting { name, .. } if name == chart::LOCKED_DIGEST => Ok(()),
        LoggedChange::Setting {
            name,
            before,
            after,
        } => {
            let now = rows.settings().pairs().get(name).cloned();
            if now != *after {
                return Err(changed_since(rows, entry, &format!("the setting {name}")));
            }
            chart::setting(
                rows,
                &Unit {
                    reason: Some("undone".to_owned()),
                    ..unit.clone()
                },
                name,
                before.clone(),
            )
        }
        LoggedChange::Assertion(assertion) => {
            let mut back = assertion.clone();
            back.withdrawn = !assertion.withdrawn;
            chart::assertion(rows, back)
        }
        LoggedChange::Imported { batch, .. } => import::mark_undone(rows, batch.id),
        LoggedChange::ImportUndone { batch } => {
            import::restore(rows, *batch, entry.record.sequence)
        }
        LoggedChange::ImportRestored { batch } => import::mark_undone(rows, *batch),
        // The answer is withdrawn by the link to its operation; what it was about is said once more.
        LoggedChange::Accepted {
            code, reference, ..
        } => chart::accept(rows, code.clone(), reference.clone(), "undone".to_owned()),
        // A currency stays open at its scale.
        LoggedChange::Currency { .. } => Ok(()),
    }
}

/// An account opened by the operation is closed if nothing was ever entered; one that was changed is changed back.
fn invert_account<R: Rows>(
    rows: &mut R,
    entry: &AuditEntry,
    before: Option<&Account>,
    after: &Account,
    imports: bool,
    on: Date,
) -> Result<()> {
    let now = rows.chart().account(after.key).clone();
    if (Account {
        version: after.version,
        ..now.clone()
    }) != *after
    {
        return Err(changed_since(
            rows,
            entry,
            &format!("the account {}", now.path),
        ));
    }
    let mut next = match before {
        Some(before) => before.clone(),
        // Accounts that came with other things may be needed again; those opened for themselves are closed.
        None if imports
            || entry
                .changes
                .iter()
                .any(|c| matches!(c, LoggedChange::Posted { .. })) =>
        {
            return Ok(());
        }
        None => {
            if rows.has_entries(after.key)? {
                return Err(changed_since(
                    rows,
                    entry,
                    &format!("the account {}", now.path),
                ));
            }
            let mut closed = now.clone();
            closed.closed_on = Some(on);
            closed
        }
    };
    next.version = now.version + 1;
    chart::store_account(rows, now, next)
}

/// The transaction, if the operation was the last to touch it.
fn untouched<R: Rows>(rows: &R, entry: &AuditEntry, number: u64) -> Result<Transaction> {
    let now = found(rows, Target::Number(Number(number)))?;
    if touched_since(rows, entry, number)? {
        return Err(changed_since(rows, entry, &format!("transaction {number}")));
    }
    if let Some(by) = now.reversed_by
        && posted_since(rows, entry, by.0)?
    {
        return Err(conflict(
            "changed-since",
            format!("transaction {number} was reversed by {by}"),
            Some(format!("hissab void {by} --reason TEXT")),
        ));
    }
    Ok(now)
}

/// Refuses to bring a transaction back beside one that it reversed, or that reversed it, and that was amended since:
/// the two would no longer be nothing together.
fn stays_nothing<R: Rows>(rows: &R, entry: &AuditEntry, now: &Transaction) -> Result<()> {
    for number in [now.reverses, now.reversed_by].into_iter().flatten() {
        let other = found(rows, Target::Number(number))?;
        let parted = !other.is_void() && !cancel_out(now, &other);
        if parted && touched_since(rows, entry, number.0)? {
            let link = match now.reverses == Some(number) {
                true => format!("which {} reverses", now.number),
                false => format!("which reverses {}", now.number),
            };
            let what = format!("transaction {number}, {link},");
            return Err(changed_since(rows, entry, &what));
        }
    }
    Ok(())
}

/// Whether a transaction came after the operation.
fn posted_since<R: Rows>(rows: &R, entry: &AuditEntry, number: u64) -> Result<bool> {
    let query = AuditQuery {
        number: Some(number),
        ..AuditQuery::default()
    };
    let first = rows.audit(&query)?.into_iter().next();
    Ok(first.is_some_and(|first| first.record.sequence > entry.record.sequence))
}

/// Later operations count unless they were taken back themselves.
fn touched_since<R: Rows>(rows: &R, entry: &AuditEntry, number: u64) -> Result<bool> {
    let query = AuditQuery {
        since: Some(entry.record.sequence),
        number: Some(number),
        ..AuditQuery::default()
    };
    let later = rows.audit(&query)?;
    Ok(later.iter().any(|e| !e.undone && e.record.undoes.is_none()))
}

fn changed_since<R: Rows>(rows: &R, entry: &AuditEntry, what: &str) -> BookError {
    let by = who_since(rows, entry).unwrap_or_default();
    conflict(
        "changed-since",
        format!(
            "{what} was changed since operation {}{by}; nothing was undone",
            entry.record.sequence
        ),
        Some("hissab undo --list".to_owned()),
    )
}

/// Who touched the same transactions after the operation.
fn who_since<R: Rows>(rows: &R, entry: &AuditEntry) -> Option<String> {
    let number = entry.record.numbers.first()?.0;
    let query = AuditQuery {
        since: Some(entry.record.sequence),
        number: Some(number),
        last: Some(1),
        ..AuditQuery::default()
    };
    let later = rows.audit(&query).ok()?.pop()?;
    Some(format!(
        " by {} (operation {}, {})",
        later.record.who, later.record.sequence, later.record.action
    ))
}
