//! What the book says of itself and its past: head, prices, assertions, audit records, histories.

use jiff::Timestamp;
use rusqlite::{Connection, Row};
use rust_decimal::Decimal;
use uuid::Uuid;

use super::fault::damaged;
use super::log::changes_from_json;
use super::{SqliteBook, rows};
use crate::book::stored::history::versions;
use crate::book::{AuditEntry, AuditQuery, Result, Version};
use crate::ledger::audit::AuditRecord;
use crate::ledger::change::{Assertion, OperationId, PriceChange, Target};
use crate::ledger::day::Day;
use crate::ledger::settings::BookInfo;

/// The book's head.
pub fn info(book: &SqliteBook) -> Result<BookInfo> {
    let conn = &book.conn;
    let head = head(conn)?;
    let count = |sql: &str| -> Result<u64> {
        Ok(conn.prepare_cached(sql)?.query_row([], |row| row.get(0))?)
    };
    let end = |sql: &str| -> Result<Option<i32>> {
        let mut statement = conn.prepare_cached(sql)?;
        let mut rows = statement.query([])?;
        Ok(match rows.next()? {
            Some(row) => Some(row.get(0)?),
            None => None,
        })
    };
    let first = end("SELECT day FROM txn INDEXED BY txn_day WHERE void = 0 ORDER BY day LIMIT 1")?;
    let last =
        end("SELECT day FROM txn INDEXED BY txn_day WHERE void = 0 ORDER BY day DESC LIMIT 1")?;
    Ok(BookInfo {
        id: book.id,
        settings: rows::settings(conn)?,
        sequence: head.sequence,
        head: Some(head.hash),
        transactions: count("SELECT ifnull(max(number), 0) FROM txn")?,
        voided: count("SELECT count(*) FROM txn INDEXED BY txn_void WHERE void = 1")?,
        changed_at: head.at,
        schema_version: super::SCHEMA_VERSION,
        span: first.zip(last).map(|(a, b)| (Day(a).date(), Day(b).date())),
        read_only: book.read_only.clone(),
    })
}

/// Where the audit chain stands.
pub struct Head {
    pub sequence: u64,
    pub hash: [u8; 32],
    pub at: Option<Timestamp>,
}

/// The newest audit record's sequence, hash and time; the genesis of an empty log.
pub fn head(conn: &Connection) -> Result<Head> {
    let mut statement =
        conn.prepare_cached("SELECT seq, hash, at FROM audit ORDER BY seq DESC LIMIT 1")?;
    let mut rows = statement.query([])?;
    match rows.next()? {
        None => Ok(Head {
            sequence: 0,
            hash: crate::ledger::audit::GENESIS,
            at: None,
        }),
        Some(row) => Ok(Head {
            sequence: row.get(0)?,
            hash: rows::hash(row, 1)?,
            at: Some(instant(row, 2)?),
        }),
    }
}

/// The newest audit record's sequence, 0 of an empty log.
pub fn sequence(conn: &Connection) -> Result<u64> {
    let mut statement = conn.prepare_cached("SELECT ifnull(max(seq), 0) FROM audit")?;
    Ok(statement.query_row([], |row| row.get(0))?)
}

/// A time column: microseconds.
pub fn instant(row: &Row<'_>, at: usize) -> Result<Timestamp> {
    Timestamp::from_microsecond(row.get(at)?).map_err(|_| damaged("a time out of range"))
}

/// Market prices by date; withdrawn ones left out.
pub fn prices(conn: &Connection) -> Result<Vec<PriceChange>> {
    let mut statement =
        conn.prepare_cached("SELECT day, commodity, currency, rate FROM price WHERE rate IS NOT NULL ORDER BY day, commodity, currency")?;
    let mut rows = statement.query([])?;
    let mut prices = Vec::new();
    while let Some(row) = rows.next()? {
        prices.push(price(row)?);
    }
    Ok(prices)
}

/// The columns day, commodity, currency, rate.
pub fn price(row: &Row<'_>) -> Result<PriceChange> {
    let rate: Option<String> = row.get(3)?;
    let rate = rate
        .map(|r| Decimal::from_str_exact(&r).map_err(|_| damaged("a price is not a number")))
        .transpose()?;
    Ok(PriceChange {
        on: Day(row.get(0)?).date(),
        commodity: row.get(1)?,
        currency: row.get(2)?,
        rate,
    })
}

/// Assertions by date; withdrawn ones left out.
pub fn assertions(conn: &Connection) -> Result<Vec<Assertion>> {
    let mut statement = conn.prepare_cached(&format!(
        "{ASSERTIONS} WHERE x.withdrawn = 0 ORDER BY x.day, x.key"
    ))?;
    let mut rows = statement.query([])?;
    let mut assertions = Vec::new();
    while let Some(row) = rows.next()? {
        assertions.push(assertion(row)?);
    }
    Ok(assertions)
}

/// What [`assertion`] reads.
pub const ASSERTIONS: &str =
    "SELECT x.id, x.day, a.path, x.currency, x.amount, x.subaccounts, x.source, x.withdrawn, a.id
                                FROM assertion x JOIN account a ON a.key = x.account";

/// A row of [`ASSERTIONS`].
pub fn assertion(row: &Row<'_>) -> Result<Assertion> {
    let amount: String = row.get(4)?;
    Ok(Assertion {
        id: rows::uuid(row, 0)?,
        on: Day(row.get(1)?).date(),
        account: row.get(2)?,
        currency: row.get(3)?,
        amount: Decimal::from_str_exact(&amount)
            .map_err(|_| damaged("an assertion's amount is not a number"))?,
        subaccounts: row.get(5)?,
        source: row.get(6)?,
        withdrawn: row.get(7)?,
    })
}

const AUDIT: &str = "SELECT seq, at, who, operation, undoes, action, reason, numbers, digest, previous, hash, changes,
                            EXISTS (SELECT 1 FROM audit u WHERE u.undoes = a.operation
                                      AND NOT EXISTS (SELECT 1 FROM audit v WHERE v.undoes = u.operation)) FROM audit a";

/// Audit records that a query asks for, oldest first.
pub fn audit(conn: &Connection, query: &AuditQuery) -> Result<Vec<AuditEntry>> {
    let sql = format!(
        "SELECT * FROM ({AUDIT} WHERE seq > ?1 AND seq < ?2 AND (?3 IS NULL OR who = ?3) AND (?4 IS NULL OR action = ?4)
            AND (?5 IS NULL OR operation = ?5)
            AND (?6 IS NULL OR EXISTS (SELECT 1 FROM json_each(a.numbers) r
                  WHERE ?6 BETWEEN json_extract(r.value, '$[0]') AND json_extract(r.value, '$[1]')))
          ORDER BY seq DESC LIMIT ?7) ORDER BY seq"
    );
    let mut statement = conn.prepare_cached(&sql)?;
    // No record and no transaction has a number that the database cannot hold.
    let whole = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    let since = query.since.map_or(0, whole);
    let before = query.before.map_or(i64::MAX, whole);
    let last = query.last.map_or(-1, whole);
    let operation = query.operation.map(|o| o.0.as_bytes().to_vec());
    let mut rows = statement.query((
        since,
        before,
        &query.who,
        &query.action,
        operation,
        query.number.map(whole),
        last,
    ))?;
    let keys = rows::Keys::load(conn)?;
    let mut entries = Vec::new();
    while let Some(row) = rows.next()? {
        entries.push(entry(row, &keys)?);
    }
    Ok(entries)
}

fn entry(row: &Row<'_>, keys: &rows::Keys) -> Result<AuditEntry> {
    let changes = row
        .get_ref(11)?
        .as_str()
        .map_err(|_| damaged("the changes of an audit record are not text"))?;
    Ok(AuditEntry {
        record: record(row)?,
        changes: changes_from_json(changes, keys)?,
        undone: row.get(12)?,
    })
}

/// The columns seq, at, who, operation, undoes, action, reason, numbers, digest, previous, hash.
pub fn record(row: &Row<'_>) -> Result<AuditRecord> {
    let undoes = match row
        .get_ref(4)?
        .as_blob_or_null()
        .map_err(|_| damaged("an operation id is not bytes"))?
    {
        None => None,
        Some(bytes) => {
            Some(OperationId(Uuid::from_slice(bytes).map_err(|_| {
                damaged("an operation id does not have 16 bytes")
            })?))
        }
    };
    let numbers: String = row.get(7)?;
    Ok(AuditRecord {
        sequence: row.get(0)?,
        at: instant(row, 1)?,
        who: row.get(2)?,
        operation: OperationId(rows::uuid(row, 3)?),
        undoes,
        action: row.get(5)?,
        reason: row.get(6)?,
        numbers: serde_json::from_str(&numbers)
            .map_err(|_| damaged("the numbers of an audit record are not ranges"))?,
        digest: rows::hash(row, 8)?,
        previous: rows::hash(row, 9)?,
        hash: rows::hash(row, 10)?,
    })
}

/// Every version of a transaction, oldest first.
pub fn history(conn: &Connection, target: Target) -> Result<Vec<Version>> {
    let Some(current) = rows::find(conn, target)? else {
        return Ok(Vec::new());
    };
    let query = AuditQuery {
        number: Some(current.number.0),
        ..AuditQuery::default()
    };
    Ok(versions(current, audit(conn, &query)?))
}
