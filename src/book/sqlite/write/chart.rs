//! Rows of the chart: accounts, currencies, assertions; and the triggers that stand aside while many rows change.

use rusqlite::Connection;

use super::super::more::AccountMore;
use super::state::Writer;
use crate::book::Result;
use crate::ledger::account::{Account, AccountKey};
use crate::ledger::change::Assertion;
use crate::ledger::currency::{Currency, CurrencyKey};
use crate::ledger::day::Day;

/// Runs a statement over the columns of an account and the sequence, `?1` to `?10`.
pub fn write_account(writer: &Writer<'_>, account: &Account, sql: &str) -> Result<()> {
    writer.conn.prepare_cached(sql)?.execute(rusqlite::params![
        account.key.0,
        account.id.as_bytes().as_slice(),
        &*account.path,
        account.kind.word(),
        account.account_type.word(),
        account.opened_on.map(|d| Day::of(d).0),
        account.closed_on.map(|d| Day::of(d).0),
        AccountMore::of(account).to_json(),
        account.version,
        writer.next_sequence,
    ])?;
    Ok(())
}

/// Runs a statement over the columns of a currency and the sequence, `?1` to `?6`.
pub fn write_currency(writer: &Writer<'_>, currency: &Currency, sql: &str) -> Result<()> {
    writer.conn.prepare_cached(sql)?.execute((
        currency.key.0,
        &*currency.code,
        currency.scale,
        currency.symbol.as_deref(),
        currency.name.as_deref(),
        writer.next_sequence,
    ))?;
    Ok(())
}

/// The largest amount stored in a currency, totals and weights included.
pub fn largest(conn: &Connection, currency: CurrencyKey) -> Result<i64> {
    let largest = |sql: &str| -> Result<i64> {
        Ok(conn
            .query_row(sql, [currency.0], |row| row.get::<_, Option<i64>>(0))?
            .unwrap_or(0))
    };
    let entry = largest("SELECT max(max(debit), max(credit)) FROM total WHERE currency = ?1")?;
    let weight = largest("SELECT max(abs(weight)) FROM entry_detail WHERE weight_currency = ?1")?;
    Ok(entry.max(weight))
}

/// Multiplies what is stored in a currency.
pub fn multiply(conn: &Connection, currency: CurrencyKey, factor: i64) -> Result<()> {
    let fences = take_down(conn, &["entry_update", "entry_detail_update"])?;
    for sql in [
        "UPDATE entry SET amount = amount * ?2 WHERE currency = ?1",
        "UPDATE entry_detail SET weight = weight * ?2 WHERE weight_currency = ?1",
        "UPDATE total SET debit = debit * ?2, credit = credit * ?2 WHERE currency = ?1",
        "UPDATE conversion SET amount = amount * ?2 WHERE currency = ?1",
    ] {
        conn.execute(sql, (currency.0, factor))?;
    }
    put_up(conn, &fences)
}

pub fn insert_assertion(
    writer: &Writer<'_>,
    assertion: &Assertion,
    account: AccountKey,
) -> Result<()> {
    writer
        .conn
        .prepare_cached(
            "INSERT INTO assertion (key, id, day, account, currency, amount, subaccounts, source, withdrawn, seq)
             VALUES ((SELECT ifnull(max(key), 0) + 1 FROM assertion), ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?
        .execute(rusqlite::params![
            assertion.id.as_bytes().as_slice(),
            Day::of(assertion.on).0,
            account.0,
            &*assertion.currency,
            assertion.amount.normalize().to_string(),
            assertion.subaccounts,
            assertion.source,
            assertion.withdrawn,
            writer.next_sequence,
        ])?;
    Ok(())
}

/// Drops triggers and gives their statements, so that [`put_up`] can make them again in the same transaction.
pub fn take_down(conn: &Connection, names: &[&str]) -> Result<Vec<String>> {
    let mut statements = Vec::with_capacity(names.len());
    for name in names {
        statements.push(conn.query_row(
            "SELECT sql FROM sqlite_schema WHERE name = ?1",
            [name],
            |row| row.get(0),
        )?);
        let kind: String = conn.query_row(
            "SELECT type FROM sqlite_schema WHERE name = ?1",
            [name],
            |row| row.get(0),
        )?;
        conn.execute_batch(&format!("DROP {kind} {name}"))?;
    }
    Ok(statements)
}

/// Makes again what [`take_down`] dropped.
pub fn put_up(conn: &Connection, statements: &[String]) -> Result<()> {
    statements
        .iter()
        .try_for_each(|sql| Ok(conn.execute_batch(sql)?))
}
