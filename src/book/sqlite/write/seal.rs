//! The audit record that seals a unit: the last thing written, and what the fences check.

use super::super::log::changes_to_json;
use super::super::requests;
use super::import;
use super::state::Writer;
use crate::book::Result;
use crate::book::stored::trail::numbers_json;
use crate::book::stored::write::nothing;
use crate::ledger::change::{Done, Repeat, Unit};

/// Writes totals and record; a unit that changed nothing leaves no record.
pub fn seal(writer: &mut Writer<'_>, unit: &Unit<'_>) -> Result<Done> {
    import::finish(writer)?;
    super::moved::flush(&mut writer.moved, writer.conn)?;
    writer.unit.close_run(&writer.chart);
    let trail = &mut writer.unit.trail;
    if trail.logged.is_empty() {
        let repeated = std::mem::take(&mut trail.repeated);
        return Ok(nothing(
            repeated,
            (writer.next_sequence - 1, writer.previous),
        ));
    }
    let record = trail.record(writer.book, unit, (writer.next_sequence, writer.previous));
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
            changes_to_json(&trail.logged, &writer.scales)?,
            trail.marks,
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
