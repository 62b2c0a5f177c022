//! The audit record that seals a unit: the last thing written, and what the fences check.

use super::super::log::changes_to_json;
use super::super::requests;
use super::state::Writer;
use super::{chart, import};
use crate::book::Result;
use crate::book::stored::trail::{merged, numbers_json};
use crate::ledger::audit::AuditRecord;
use crate::ledger::change::{Done, Repeat, Unit};

/// Writes totals and record; a unit that changed nothing leaves no record.
pub fn seal(writer: &mut Writer<'_>, unit: &Unit<'_>) -> Result<Done> {
    import::finish(writer)?;
    super::moved::flush(&mut writer.moved, writer.conn)?;
    writer.unit.close_run(&writer.chart);
    if writer.unit.logged.is_empty() {
        return Ok(nothing(writer));
    }
    let record = record(writer, unit);
    let at = record.at.as_microsecond();
    writer
        .conn
        .prepare_cached(
            "INSERT INTO audit (seq, at, who, operation, undoes, action, reason, numbers, changes, marks, digest, previous, hash)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
        )?
        .execute(rusqlite::params![
            record.sequence,
            at,
            record.who,
            record.operation.0.as_bytes().as_slice(),
            record.undoes.map(|o| o.0.as_bytes().to_vec()),
            record.action,
            record.reason,
            numbers_json(&record.numbers),
            changes_to_json(&writer.unit.logged, &writer.scales)?,
            writer.unit.marks,
            record.digest.as_slice(),
            record.previous.as_slice(),
            record.hash.as_slice(),
        ])?;
    if let Some(once) = &unit.once {
        requests::remember(writer.conn, once, &record, &numbers_json(&record.numbers))?;
    }
    writer.previous = record.hash;
    writer.next_sequence += 1;
    Ok(Done {
        sequence: record.sequence,
        hash: record.hash,
        numbers: record.numbers,
        repeat: Repeat::New,
    })
}

fn record(writer: &mut Writer<'_>, unit: &Unit<'_>) -> AuditRecord {
    let digest = std::mem::replace(
        &mut writer.unit.digest,
        crate::ledger::audit::Canon::new(""),
    )
    .finish();
    let mut record = AuditRecord {
        sequence: writer.next_sequence,
        previous: writer.previous,
        // As the file holds it: microseconds.
        at: jiff::Timestamp::from_microsecond(unit.at.as_microsecond()).unwrap_or(unit.at),
        who: unit.who.clone(),
        operation: unit.operation,
        undoes: writer.unit.undoes,
        action: unit.action.clone(),
        reason: unit.reason.clone(),
        numbers: merged(std::mem::take(&mut writer.unit.numbers)),
        digest,
        hash: [0; 32],
    };
    record.hash = record.computed_hash(writer.book);
    record
}

/// Nothing written: either all of it was there, or there was nothing to change.
fn nothing(writer: &mut Writer<'_>) -> Done {
    let repeated = std::mem::take(&mut writer.unit.repeated);
    let repeat = if repeated.is_empty() {
        Repeat::Nothing
    } else {
        Repeat::Already
    };
    Done {
        sequence: writer.next_sequence - 1,
        hash: writer.previous,
        numbers: merged(repeated.into_iter().map(|n| (n, n)).collect()),
        repeat,
    }
}

/// Settings that follow others are restored with them.
pub fn is_derived_setting(name: &str) -> bool {
    name == chart::LOCKED_DIGEST
}
