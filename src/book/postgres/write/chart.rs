//! Rows of the chart: accounts, currencies, assertions.

use super::super::link::Link;
use super::super::rows::at;
use super::state::Writer;
use crate::book::Result;
use crate::book::stored::more::AccountMore;
use crate::ledger::account::{Account, AccountKey};
use crate::ledger::change::Assertion;
use crate::ledger::currency::{Currency, CurrencyKey};
use crate::ledger::day::Day;

/// A key as the database holds it.
pub fn key(key: AccountKey) -> i32 {
    i32::try_from(key.0).unwrap_or(0)
}

/// Runs a statement over the columns of an account and the sequence, `$1` to `$11`.
pub fn write_account(writer: &Writer<'_>, account: &Account, sql: &str) -> Result<()> {
    writer.link.run(
        sql,
        &[
            &writer.link.org,
            &key(account.key),
            &account.id,
            &&*account.path,
            &account.kind.word(),
            &account.account_type.word(),
            &account.opened_on.map(|d| Day::of(d).0),
            &account.closed_on.map(|d| Day::of(d).0),
            &AccountMore::of(account).to_json(),
            &i32::try_from(account.version).unwrap_or(i32::MAX),
            &writer.seq(),
        ],
    )?;
    Ok(())
}

/// Runs a statement over the columns of a currency and the sequence, `$1` to `$7`.
pub fn write_currency(writer: &Writer<'_>, currency: &Currency, sql: &str) -> Result<()> {
    writer.link.run(
        sql,
        &[
            &writer.link.org,
            &i32::from(currency.key.0),
            &&*currency.code,
            &i16::from(currency.scale),
            &currency.symbol.as_deref(),
            &currency.name.as_deref(),
            &writer.seq(),
        ],
    )?;
    Ok(())
}

/// The largest amount stored in a currency, totals and weights included.
pub fn largest(link: &Link, currency: CurrencyKey) -> Result<i64> {
    let row = link.one(
        "SELECT coalesce((SELECT max(greatest(debit, credit)) FROM hissab.total WHERE org_id = $1 AND currency = $2), 0),
                coalesce((SELECT max(abs(e.weight)) FROM hissab.txn t, unnest(t.weights, t.weight_currencies) AS e (weight, currency)
                           WHERE t.org_id = $1 AND t.weights IS NOT NULL AND e.currency = $2), 0)",
        &[&link.org, &i32::from(currency.0)],
    )?;
    Ok(at::<i64>(&row, 0)?.max(at(&row, 1)?))
}

/// Multiplies what is stored in a currency, whose scale is raised already.
pub fn multiply(link: &Link, currency: CurrencyKey, factor: i64) -> Result<()> {
    let currency = i32::from(currency.0);
    link.run(
        "UPDATE hissab.txn SET amounts = hissab.multiplied(org_id, amounts, currencies),
                weights = CASE WHEN weights IS NULL THEN NULL ELSE hissab.multiplied(org_id, weights, weight_currencies) END
          WHERE org_id = $1 AND ($2 = ANY (currencies) OR $2 = ANY (weight_currencies))",
        &[&link.org, &currency],
    )?;
    for sql in [
        "UPDATE hissab.entry SET amount = amount * $3 WHERE org_id = $1 AND currency = $2",
        "UPDATE hissab.total SET debit = debit * $3, credit = credit * $3 WHERE org_id = $1 AND currency = $2",
        "UPDATE hissab.conversion SET amount = amount * $3 WHERE org_id = $1 AND currency = $2",
    ] {
        link.run(sql, &[&link.org, &currency, &factor])?;
    }
    Ok(())
}

pub fn insert_assertion(
    writer: &Writer<'_>,
    assertion: &Assertion,
    account: AccountKey,
) -> Result<()> {
    writer.link.run(
        "INSERT INTO hissab.assertion (org_id, key, id, day, account, currency, amount, subaccounts, source, withdrawn, seq)
         VALUES ($1, (SELECT coalesce(max(key), 0) + 1 FROM hissab.assertion WHERE org_id = $1), $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        &[
            &writer.link.org,
            &assertion.id,
            &Day::of(assertion.on).0,
            &key(account),
            &&*assertion.currency,
            &assertion.amount.normalize().to_string(),
            &assertion.subaccounts,
            &assertion.source,
            &assertion.withdrawn,
            &writer.seq(),
        ],
    )?;
    Ok(())
}
