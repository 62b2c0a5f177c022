//! Accounts, currencies, prices, settings, assertions.

use rusqlite::{Connection, OptionalExtension};

use super::super::more::AccountMore;
use super::super::records;
use super::state::Writer;
use super::transactions::{conflict, refused};
use crate::book::{BookError, LoggedChange, Result};
use crate::ledger::account::{Account, AccountKey};
use crate::ledger::audit::{hex, put_account, put_assertion, put_currency, put_price, put_setting};
use crate::ledger::change::{
    AccountPatch, Assertion, CurrencyChange, NewAccount, PriceChange, Unit,
};
use crate::ledger::currency::Currency;
use crate::ledger::day::Day;
use crate::ledger::lock::lock_digest;
use crate::ledger::money::{MINOR_MAX, pow10};
use crate::ledger::rules::{self, broken};
use crate::ledger::settings::name;
use crate::ledger::totals::TotalsQuery;
use crate::ledger::violation::Violation;

/// The setting that holds the digest of the trial balance at the lock date.
pub const LOCKED_DIGEST: &str = "locked_digest";

pub fn open_account(writer: &mut Writer<'_>, new: NewAccount) -> Result<()> {
    rules::check_new_account(&new, &writer.chart).map_err(refused)?;
    let account = new.into_account(writer.chart.next_account_key());
    writer.conn.prepare_cached(
        "INSERT INTO account (key, id, path, kind, type, opened_on, closed_on, more, version, seq) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?
    .execute(rusqlite::params![
        account.key.0,
        account.id.as_bytes().as_slice(),
        &*account.path,
        account.kind.word(),
        account.account_type.word(),
        account.opened_on.map(|d| Day::of(d).0),
        account.closed_on.map(|d| Day::of(d).0),
        AccountMore::of(&account).to_json(),
        account.version,
        writer.next_sequence,
    ])?;
    writer.chart.put_account(account.clone());
    let change = LoggedChange::Account {
        before: None,
        after: Box::new(account.clone()),
    };
    writer.log(change, |canon, _| put_account(canon, &account));
    Ok(())
}

pub fn set_account(writer: &mut Writer<'_>, key: AccountKey, patch: &AccountPatch) -> Result<()> {
    if key.0 == 0 || key.0 as usize > writer.chart.accounts().len() {
        return Err(BookError::NotFound {
            what: format!("account {}", key.0),
        });
    }
    let before = writer.chart.account(key).clone();
    let first: Option<i32> = writer
        .conn
        .prepare_cached("SELECT min(day) FROM entry WHERE account = ?1")?
        .query_row([key.0], |row| row.get(0))?;
    let mut statement = writer.conn.prepare_cached("SELECT DISTINCT c.code FROM total t JOIN currency c ON c.key = t.currency WHERE t.account = ?1")?;
    let used: std::result::Result<Vec<String>, _> =
        statement.query_map([key.0], |row| row.get(0))?.collect();
    let first = first.map(|d| Day(d).date());
    let after = rules::patch_account(
        &before,
        patch,
        &writer.chart,
        writer.settings.locked_to,
        first,
        &used?,
    )
    .map_err(refused)?;
    if after == before {
        return Ok(());
    }
    store_account(writer, before, after)
}

/// Writes an account as it is to be, and logs what it was.
pub fn store_account(writer: &mut Writer<'_>, before: Account, after: Account) -> Result<()> {
    writer.conn.prepare_cached(
        "UPDATE account SET path = ?2, kind = ?3, type = ?4, opened_on = ?5, closed_on = ?6, more = ?7, version = ?8, seq = ?9 WHERE key = ?1",
    )?
    .execute(rusqlite::params![
        after.key.0,
        &*after.path,
        after.kind.word(),
        after.account_type.word(),
        after.opened_on.map(|d| Day::of(d).0),
        after.closed_on.map(|d| Day::of(d).0),
        AccountMore::of(&after).to_json(),
        after.version,
        writer.next_sequence,
    ])?;
    writer.chart.put_account(after.clone());
    let change = LoggedChange::Account {
        before: Some(Box::new(before)),
        after: Box::new(after.clone()),
    };
    writer.log(change, |canon, _| put_account(canon, &after));
    Ok(())
}

pub fn currency(writer: &mut Writer<'_>, change: CurrencyChange) -> Result<()> {
    let existing = writer.chart.find_currency(&change.code).cloned();
    rules::check_currency(&change, existing.as_ref()).map_err(|v| refused(vec![v]))?;
    let key = existing
        .as_ref()
        .map_or_else(|| writer.chart.next_currency_key(), |c| c.key);
    let after = Currency {
        key,
        code: change.code,
        scale: change.scale,
        symbol: change.symbol,
        name: change.name,
    };
    if existing.as_ref() == Some(&after) {
        return Ok(());
    }
    match &existing {
        None => {
            writer
                .conn
                .prepare_cached("INSERT INTO currency (key, code, scale, symbol, name, seq) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?
                .execute((key.0, &*after.code, after.scale, after.symbol.as_deref(), after.name.as_deref(), writer.next_sequence))?;
        }
        Some(before) => {
            writer
                .conn
                .prepare_cached("UPDATE currency SET scale = ?2, symbol = ?3, name = ?4, seq = ?5 WHERE key = ?1")?
                .execute((key.0, after.scale, after.symbol.as_deref(), after.name.as_deref(), writer.next_sequence))?;
            if after.scale > before.scale {
                raise(writer, before, after.scale)?;
            }
        }
    }
    writer.chart.put_currency(after.clone());
    writer.scales = writer.chart.currencies().iter().map(|c| c.scale).collect();
    let logged = LoggedChange::Currency {
        before: existing,
        after: after.clone(),
    };
    writer.log(logged, |canon, _| put_currency(canon, &after));
    Ok(())
}

/// Multiplies what is stored in a currency. Hashes are over decimals, so none changes.
fn raise(writer: &mut Writer<'_>, before: &Currency, scale: u8) -> Result<()> {
    let conn = writer.conn;
    super::moved::flush(&mut writer.moved, conn)?;
    let factor = pow10(u32::from(scale - before.scale))
        .and_then(|f| i64::try_from(f).ok())
        .unwrap_or(i64::MAX);
    let key = before.key.0;
    let largest = |sql: &str| -> Result<i64> {
        Ok(conn
            .query_row(sql, [key], |row| row.get::<_, Option<i64>>(0))?
            .unwrap_or(0))
    };
    let entry = largest("SELECT max(max(debit), max(credit)) FROM total WHERE currency = ?1")?;
    let weight = largest("SELECT max(abs(weight)) FROM entry_detail WHERE weight_currency = ?1")?;
    if entry
        .max(weight)
        .checked_mul(factor)
        .is_none_or(|largest| largest > MINOR_MAX)
    {
        return Err(refused(vec![broken(
            "scale-too-large",
            format!(
                "{} holds amounts too large for {scale} decimal places",
                before.code
            ),
            None,
        )]));
    }
    if entry == 0 && weight == 0 {
        return Ok(());
    }
    let fences = take_down(conn, &["entry_update", "entry_detail_update"])?;
    for sql in [
        "UPDATE entry SET amount = amount * ?2 WHERE currency = ?1",
        "UPDATE entry_detail SET weight = weight * ?2 WHERE weight_currency = ?1",
        "UPDATE total SET debit = debit * ?2, credit = credit * ?2 WHERE currency = ?1",
        "UPDATE conversion SET amount = amount * ?2 WHERE currency = ?1",
    ] {
        conn.execute(sql, (key, factor))?;
    }
    put_up(conn, &fences)
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

pub fn price(writer: &mut Writer<'_>, price: PriceChange) -> Result<()> {
    let faults: Vec<Violation> = [&price.commodity, &price.currency]
        .into_iter()
        .filter(|code| writer.chart.find_currency(code).is_none())
        .map(|code| Violation::UnknownCurrency { code: code.clone() })
        .collect();
    if !faults.is_empty() {
        return Err(refused(faults));
    }
    let day = Day::of(price.on).0;
    let before = {
        let mut statement = writer
            .conn
            .prepare_cached("SELECT day, commodity, currency, rate FROM price WHERE commodity = ?1 AND currency = ?2 AND day = ?3")?;
        let mut rows = statement.query((&*price.commodity, &*price.currency, day))?;
        rows.next()?.map(records::price).transpose()?
    };
    if before.as_ref().and_then(|b| b.rate) == price.rate
        && (before.is_some() || price.rate.is_none())
    {
        return Ok(());
    }
    let sql = match before {
        None => {
            "INSERT INTO price (commodity, currency, day, rate, seq) VALUES (?1, ?2, ?3, ?4, ?5)"
        }
        Some(_) => {
            "UPDATE price SET rate = ?4, seq = ?5 WHERE commodity = ?1 AND currency = ?2 AND day = ?3"
        }
    };
    let rate = price.rate.map(|r| r.to_string());
    writer.conn.prepare_cached(sql)?.execute((
        &*price.commodity,
        &*price.currency,
        day,
        rate,
        writer.next_sequence,
    ))?;
    let change = LoggedChange::Price {
        before,
        after: price.clone(),
    };
    writer.log(change, |canon, _| put_price(canon, &price));
    Ok(())
}

pub fn setting(
    writer: &mut Writer<'_>,
    unit: &Unit<'_>,
    name: &str,
    value: Option<String>,
) -> Result<()> {
    check_setting(writer, unit, name, value.as_deref())?;
    store_setting(writer, name, value)?;
    if name == name::LOCKED_TO {
        let digest = match writer.settings.locked_to {
            None => None,
            Some(date) => {
                super::moved::flush(&mut writer.moved, writer.conn)?;
                let until = date.tomorrow().ok();
                let totals = super::super::totals::totals(writer.conn, &TotalsQuery::until(until))?;
                Some(hex(&lock_digest(&writer.chart, &totals)))
            }
        };
        store_setting(writer, LOCKED_DIGEST, digest)?;
    }
    Ok(())
}

fn check_setting(
    writer: &Writer<'_>,
    unit: &Unit<'_>,
    name: &str,
    value: Option<&str>,
) -> Result<()> {
    let no = |code, message: &str| Err(refused(vec![broken(code, message, None)]));
    match (name, value) {
        (name::NAME | name::TIMEZONE, None)
        | (name::BASE_CURRENCY | name::FISCAL_YEAR_START | name::DATE_ORDER, None) => {
            no("setting-needed", "this setting cannot be removed")
        }
        (name::FISCAL_YEAR_START, Some(month))
            if month.parse::<u8>().is_ok_and(|m| (1..=12).contains(&m)) =>
        {
            Ok(())
        }
        (name::FISCAL_YEAR_START, Some(_)) => {
            no("bad-setting", "a fiscal year starts in a month, 1 to 12")
        }
        (name::BASE_CURRENCY, Some(code)) => match writer.chart.currencies().first() {
            Some(base) if *base.code == *code => Ok(()),
            _ => no(
                "base-currency-fixed",
                "the base currency of a book is fixed when the book is made",
            ),
        },
        (name::LOCKED_TO, value) => check_lock_move(writer, unit, value),
        _ => Ok(()),
    }
}

/// A lock moves forward freely; back, or off, only with a reason.
fn check_lock_move(writer: &Writer<'_>, unit: &Unit<'_>, value: Option<&str>) -> Result<()> {
    let next: Option<jiff::civil::Date> = match value {
        None => None,
        Some(text) => Some(
            text.parse()
                .map_err(|_| refused(vec![broken("bad-setting", "a lock date is a date", None)]))?,
        ),
    };
    let back = writer
        .settings
        .locked_to
        .is_some_and(|now| next.is_none_or(|next| next < now));
    if back && unit.reason.as_deref().is_none_or(|r| r.trim().is_empty()) {
        return Err(refused(vec![broken(
            "lock-reason",
            "moving the lock back needs a reason",
            Some("hissab lock --off --reason TEXT".to_owned()),
        )]));
    }
    Ok(())
}

/// Writes a setting and logs what it was.
pub fn store_setting(writer: &mut Writer<'_>, name: &str, value: Option<String>) -> Result<()> {
    let stored: Option<Option<String>> = writer
        .conn
        .prepare_cached("SELECT value FROM setting WHERE name = ?1")?
        .query_row([name], |row| row.get(0))
        .optional()?;
    let before = stored.clone().flatten();
    if before == value {
        return Ok(());
    }
    let sql = match stored {
        None => "INSERT INTO setting (name, value, seq) VALUES (?1, ?2, ?3)",
        Some(_) => "UPDATE setting SET value = ?2, seq = ?3 WHERE name = ?1",
    };
    writer
        .conn
        .prepare_cached(sql)?
        .execute((name, &value, writer.next_sequence))?;
    writer.settings = super::super::rows::settings(writer.conn)?;
    let change = LoggedChange::Setting {
        name: name.to_owned(),
        before,
        after: value.clone(),
    };
    writer.log(change, |canon, _| {
        put_setting(canon, name, value.as_deref())
    });
    Ok(())
}

pub fn assertion(writer: &mut Writer<'_>, assertion: Assertion) -> Result<()> {
    let Some(account) = writer.chart.find(&assertion.account).map(|a| (a.key, a.id)) else {
        let near = writer.chart.near(&assertion.account);
        return Err(refused(vec![Violation::UnknownAccount {
            path: assertion.account.clone(),
            near,
        }]));
    };
    if writer.chart.find_currency(&assertion.currency).is_none() {
        return Err(refused(vec![Violation::UnknownCurrency {
            code: assertion.currency.clone(),
        }]));
    }
    let stored: Option<bool> = writer
        .conn
        .prepare_cached("SELECT withdrawn FROM assertion WHERE id = ?1")?
        .query_row([assertion.id.as_bytes().as_slice()], |row| row.get(0))
        .optional()?;
    match stored {
        Some(withdrawn) if withdrawn == assertion.withdrawn => return Ok(()),
        Some(_) => {
            writer
                .conn
                .prepare_cached("UPDATE assertion SET withdrawn = ?2, seq = ?3 WHERE id = ?1")?
                .execute((
                    assertion.id.as_bytes().as_slice(),
                    assertion.withdrawn,
                    writer.next_sequence,
                ))?;
        }
        None => {
            writer
                .conn
                .prepare_cached(
                    "INSERT INTO assertion (key, id, day, account, currency, amount, subaccounts, source, withdrawn, seq)
                     VALUES ((SELECT ifnull(max(key), 0) + 1 FROM assertion), ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
                )?
                .execute(rusqlite::params![
                    assertion.id.as_bytes().as_slice(),
                    Day::of(assertion.on).0,
                    account.0.0,
                    &*assertion.currency,
                    assertion.amount.normalize().to_string(),
                    assertion.subaccounts,
                    assertion.source,
                    assertion.withdrawn,
                    writer.next_sequence,
                ])?;
        }
    }
    writer.log(LoggedChange::Assertion(assertion.clone()), |canon, _| {
        put_assertion(canon, &assertion, account.1)
    });
    Ok(())
}

pub fn accept(
    writer: &mut Writer<'_>,
    code: String,
    reference: String,
    reason: String,
) -> Result<()> {
    if reason.trim().is_empty() {
        return Err(conflict(
            "reason-needed",
            "accepting a finding needs a reason".to_owned(),
            None,
        ));
    }
    writer
        .conn
        .prepare_cached("INSERT INTO accepted (key, code, reference, reason, seq) VALUES ((SELECT ifnull(max(key), 0) + 1 FROM accepted), ?1, ?2, ?3, ?4)")?
        .execute((&code, &reference, &reason, writer.next_sequence))?;
    let change = LoggedChange::Accepted {
        code: code.clone(),
        reference: reference.clone(),
        reason: reason.clone(),
    };
    writer.log(change, |canon, _| {
        canon.text("accepted");
        canon.text(&code);
        canon.text(&reference);
        canon.text(&reason);
    });
    Ok(())
}
