//! What the book says of itself and its past: head, prices, assertions, audit records.

use jiff::Timestamp;
use rust_decimal::Decimal;
use tokio_postgres::Row;
use uuid::Uuid;

use super::fault::damaged;
use super::link::{Link, Params};
use super::rows::{self, at, big, count_at, day_or_none_at, hash_at};
use crate::book::stored::history::versions;
use crate::book::stored::keys::Keys;
use crate::book::stored::log::changes_from_json;
use crate::book::{AuditEntry, AuditQuery, Result, Version};
use crate::ledger::audit::{AuditRecord, GENESIS};
use crate::ledger::change::{Assertion, OperationId, PriceChange, Target};
use crate::ledger::day::Day;
use crate::ledger::settings::{BookInfo, Settings};

/// The book's head.
pub fn info(link: &Link, id: Uuid) -> Result<BookInfo> {
    const COUNTS: &str = "SELECT coalesce((SELECT max(number) FROM hissab.txn WHERE org_id = $1), 0),
                (SELECT count(*) FROM hissab.txn WHERE org_id = $1 AND void),
                (SELECT day FROM hissab.txn WHERE org_id = $1 AND NOT void ORDER BY day LIMIT 1),
                (SELECT day FROM hissab.txn WHERE org_id = $1 AND NOT void ORDER BY day DESC LIMIT 1)";
    let org: Params<'_> = &[&link.org];
    let [newest, counts, settings] =
        link.all_of([(HEAD, org), (COUNTS, org), (rows::SETTINGS, org)])?;
    let head = head_of(&newest)?;
    let row = counts
        .first()
        .ok_or_else(|| damaged("the database gave no row"))?;
    Ok(BookInfo {
        id,
        settings: Settings::from_pairs(rows::pairs_of(&settings)?),
        sequence: head.sequence,
        head: Some(head.hash),
        transactions: count_at(row, 0)?,
        voided: count_at(row, 1)?,
        changed_at: head.at,
        schema_version: super::migrate::SCHEMA_VERSION,
        span: day_or_none_at(row, 2)?.zip(day_or_none_at(row, 3)?),
        read_only: None,
    })
}

/// The newest record's sequence.
pub fn sequence(link: &Link) -> Result<u64> {
    let row = link.one("SELECT hissab.last_seq($1)", &[&link.org])?;
    count_at(&row, 0)
}

/// Where the audit chain stands.
pub struct Head {
    pub sequence: u64,
    pub hash: [u8; 32],
    pub at: Option<Timestamp>,
}

const HEAD: &str =
    "SELECT seq, hash, at FROM hissab.audit WHERE org_id = $1 ORDER BY seq DESC LIMIT 1";

/// The newest audit record's sequence, hash and time; the genesis of an empty log.
fn head_of(newest: &[Row]) -> Result<Head> {
    Ok(match newest.first() {
        None => Head {
            sequence: 0,
            hash: GENESIS,
            at: None,
        },
        Some(row) => Head {
            sequence: count_at(row, 0)?,
            hash: hash_at(row, 1)?,
            at: Some(instant(at(row, 2)?)?),
        },
    })
}

/// A time column: microseconds.
pub fn instant(micros: i64) -> Result<Timestamp> {
    Timestamp::from_microsecond(micros).map_err(|_| damaged("a time out of range"))
}

/// Market prices by date; withdrawn ones left out.
pub fn prices(link: &Link) -> Result<Vec<PriceChange>> {
    link.all(
        "SELECT day, commodity, currency, rate FROM hissab.price WHERE org_id = $1 AND rate IS NOT NULL
          ORDER BY day, commodity COLLATE \"C\", currency COLLATE \"C\"",
        &[&link.org],
    )?
    .iter()
    .map(price)
    .collect()
}

/// The columns day, commodity, currency, rate.
pub fn price(row: &Row) -> Result<PriceChange> {
    let rate = at::<Option<&str>>(row, 3)?
        .map(|r| Decimal::from_str_exact(r).map_err(|_| damaged("a price is not a number")))
        .transpose()?;
    Ok(PriceChange {
        on: Day(at(row, 0)?).date(),
        commodity: at::<&str>(row, 1)?.into(),
        currency: at::<&str>(row, 2)?.into(),
        rate,
    })
}

/// Assertions by date; withdrawn ones left out.
pub fn assertions(link: &Link) -> Result<Vec<Assertion>> {
    link.all(
        &format!("{ASSERTIONS} AND NOT x.withdrawn ORDER BY x.day, x.key"),
        &[&link.org],
    )?
    .iter()
    .map(assertion)
    .collect()
}

/// What [`assertion`] reads, of the organisation `$1`.
pub const ASSERTIONS: &str =
    "SELECT x.id, x.day, a.path, x.currency, x.amount, x.subaccounts, x.source, x.withdrawn, a.id
       FROM hissab.assertion x JOIN hissab.account a ON a.org_id = x.org_id AND a.key = x.account WHERE x.org_id = $1";

/// A row of [`ASSERTIONS`].
pub fn assertion(row: &Row) -> Result<Assertion> {
    Ok(Assertion {
        id: at(row, 0)?,
        on: Day(at(row, 1)?).date(),
        account: at::<&str>(row, 2)?.into(),
        currency: at::<&str>(row, 3)?.into(),
        amount: Decimal::from_str_exact(at(row, 4)?)
            .map_err(|_| damaged("an assertion's amount is not a number"))?,
        subaccounts: at(row, 5)?,
        source: at(row, 6)?,
        withdrawn: at(row, 7)?,
    })
}

/// Audit records that a query asks for, oldest first.
pub fn audit(link: &Link, query: &AuditQuery) -> Result<Vec<AuditEntry>> {
    const AUDIT: &str = "SELECT a.seq, a.at, a.who, a.operation, a.undoes, a.action, a.reason, a.numbers, a.digest, a.previous, a.hash, a.changes,
            EXISTS (SELECT 1 FROM hissab.audit u WHERE u.org_id = $1 AND u.undoes = a.operation
                      AND NOT EXISTS (SELECT 1 FROM hissab.audit v WHERE v.org_id = $1 AND v.undoes = u.operation))
       FROM hissab.audit a WHERE a.org_id = $1 AND a.seq > $2 AND a.seq < $3 AND ($4::text IS NULL OR a.who = $4) AND ($5::text IS NULL OR a.action = $5)
        AND ($6::uuid IS NULL OR a.operation = $6)
        AND ($7::bigint IS NULL OR EXISTS (SELECT 1 FROM jsonb_array_elements(a.numbers::jsonb) r
              WHERE $7 BETWEEN (r ->> 0)::bigint AND (r ->> 1)::bigint))
      ORDER BY a.seq DESC LIMIT $8";
    let rows = link.all(
        AUDIT,
        &[
            &link.org,
            &big(query.since.unwrap_or(0)),
            &query.before.map_or(i64::MAX, big),
            &query.who,
            &query.action,
            &query.operation.map(|o| o.0),
            &query.number.map(big),
            &query.last.map(big),
        ],
    )?;
    let keys = rows::keys(link)?;
    rows.iter().rev().map(|row| entry(row, &keys)).collect()
}

fn entry(row: &Row, keys: &Keys) -> Result<AuditEntry> {
    Ok(AuditEntry {
        record: record(row)?,
        changes: changes_from_json(at(row, 11)?, keys)?,
        undone: at(row, 12)?,
    })
}

/// The columns seq, at, who, operation, undoes, action, reason, numbers, digest, previous, hash.
pub fn record(row: &Row) -> Result<AuditRecord> {
    Ok(AuditRecord {
        sequence: count_at(row, 0)?,
        at: instant(at(row, 1)?)?,
        who: at(row, 2)?,
        operation: OperationId(at(row, 3)?),
        undoes: at::<Option<Uuid>>(row, 4)?.map(OperationId),
        action: at(row, 5)?,
        reason: at(row, 6)?,
        numbers: ranges(at(row, 7)?)?,
        digest: hash_at(row, 8)?,
        previous: hash_at(row, 9)?,
        hash: hash_at(row, 10)?,
    })
}

/// A JSON list of closed ranges.
pub fn ranges(text: &str) -> Result<Vec<(u64, u64)>> {
    serde_json::from_str(text).map_err(|_| damaged("a list of numbers is not one"))
}

/// Every version of a transaction, oldest first.
pub fn history(link: &Link, target: Target) -> Result<Vec<Version>> {
    let Some(current) = rows::find(link, target)? else {
        return Ok(Vec::new());
    };
    let query = AuditQuery {
        number: Some(current.number.0),
        ..AuditQuery::default()
    };
    Ok(versions(current, audit(link, &query)?))
}
