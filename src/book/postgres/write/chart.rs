//! Accounts, currencies, prices, settings, assertions.

use super::super::link::Link;
use super::super::rows::{self, at};
use super::super::{records, totals};
use super::state::Writer;
use super::transactions::{conflict, refused};
use crate::book::stored::more::AccountMore;
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

/// A key as the database holds it.
pub fn key(key: AccountKey) -> i32 {
    i32::try_from(key.0).unwrap_or(0)
}

pub fn open_account(writer: &mut Writer<'_>, new: NewAccount) -> Result<()> {
    rules::check_new_account(&new, &writer.chart).map_err(refused)?;
    let account = new.into_account(writer.chart.next_account_key());
    write_account(
        writer,
        &account,
        "INSERT INTO hissab.account (org_id, key, id, path, kind, type, opened_on, closed_on, more, version, seq)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
    )?;
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
    let (link, stored) = (writer.link, self::key(key));
    let row = link.one(
        "SELECT min(day) FROM hissab.entry WHERE org_id = $1 AND account = $2",
        &[&link.org, &stored],
    )?;
    let first = rows::day_or_none_at(&row, 0)?;
    let used: Result<Vec<String>> = link
        .all(
            "SELECT DISTINCT c.code FROM hissab.total t JOIN hissab.currency c ON c.org_id = t.org_id AND c.key = t.currency
              WHERE t.org_id = $1 AND t.account = $2",
            &[&link.org, &stored],
        )?
        .iter()
        .map(|row| at(row, 0))
        .collect();
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

fn write_account(writer: &Writer<'_>, account: &Account, sql: &str) -> Result<()> {
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

/// Writes an account as it is to be, and logs what it was.
pub fn store_account(writer: &mut Writer<'_>, before: Account, after: Account) -> Result<()> {
    write_account(
        writer,
        &after,
        "UPDATE hissab.account SET id = $3, path = $4, kind = $5, type = $6, opened_on = $7, closed_on = $8, more = $9, version = $10, seq = $11
          WHERE org_id = $1 AND key = $2",
    )?;
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
    let (org, code) = (writer.link.org, i32::from(key.0));
    let (scale, seq) = (i16::from(after.scale), writer.seq());
    match &existing {
        None => {
            writer.link.run(
                "INSERT INTO hissab.currency (org_id, key, code, scale, symbol, name, seq) VALUES ($1, $2, $3, $4, $5, $6, $7)",
                &[&org, &code, &&*after.code, &scale, &after.symbol.as_deref(), &after.name.as_deref(), &seq],
            )?;
        }
        Some(before) => {
            if after.scale > before.scale {
                fits(writer, before, after.scale)?;
            }
            writer.link.run(
                "UPDATE hissab.currency SET scale = $3, symbol = $4, name = $5, seq = $6 WHERE org_id = $1 AND key = $2",
                &[&org, &code, &scale, &after.symbol.as_deref(), &after.name.as_deref(), &seq],
            )?;
            if after.scale > before.scale {
                raise(writer.link, code, factor(before, after.scale))?;
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

fn factor(before: &Currency, scale: u8) -> i64 {
    pow10(u32::from(scale - before.scale))
        .and_then(|f| i64::try_from(f).ok())
        .unwrap_or(i64::MAX)
}

/// Whether what is stored in a currency can be written with more places.
fn fits(writer: &mut Writer<'_>, before: &Currency, scale: u8) -> Result<()> {
    writer.send_totals()?;
    let row = writer.link.one(
        "SELECT coalesce((SELECT max(greatest(debit, credit)) FROM hissab.total WHERE org_id = $1 AND currency = $2), 0),
                coalesce((SELECT max(abs(e.weight)) FROM hissab.txn t, unnest(t.weights, t.weight_currencies) AS e (weight, currency)
                           WHERE t.org_id = $1 AND t.weights IS NOT NULL AND e.currency = $2), 0)",
        &[&writer.link.org, &i32::from(before.key.0)],
    )?;
    let largest = at::<i64>(&row, 0)?.max(at(&row, 1)?);
    let grown = largest.checked_mul(factor(before, scale));
    if grown.is_none_or(|largest| largest > MINOR_MAX) {
        return Err(refused(vec![broken(
            "scale-too-large",
            format!(
                "{} holds amounts too large for {scale} decimal places",
                before.code
            ),
            None,
        )]));
    }
    Ok(())
}

/// Multiplies what is stored in a currency whose scale went up. Hashes are over decimals, so none changes.
fn raise(link: &Link, currency: i32, factor: i64) -> Result<()> {
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
    let link = writer.link;
    let before = link
        .opt(
            "SELECT day, commodity, currency, rate FROM hissab.price WHERE org_id = $1 AND commodity = $2 AND currency = $3 AND day = $4",
            &[&link.org, &&*price.commodity, &&*price.currency, &day],
        )?
        .map(|row| records::price(&row))
        .transpose()?;
    if before.as_ref().and_then(|b| b.rate) == price.rate
        && (before.is_some() || price.rate.is_none())
    {
        return Ok(());
    }
    let sql = match before {
        None => {
            "INSERT INTO hissab.price (org_id, commodity, currency, day, rate, seq) VALUES ($1, $2, $3, $4, $5, $6)"
        }
        Some(_) => {
            "UPDATE hissab.price SET rate = $5, seq = $6 WHERE org_id = $1 AND commodity = $2 AND currency = $3 AND day = $4"
        }
    };
    let rate = price.rate.map(|r| r.to_string());
    link.run(
        sql,
        &[
            &link.org,
            &&*price.commodity,
            &&*price.currency,
            &day,
            &rate,
            &writer.seq(),
        ],
    )?;
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
                writer.send_totals()?;
                let until = date.tomorrow().ok();
                let totals = totals::totals(writer.link, &TotalsQuery::until(until))?;
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
    let link = writer.link;
    let stored: Option<Option<String>> = link
        .opt(
            "SELECT value FROM hissab.setting WHERE org_id = $1 AND name = $2",
            &[&link.org, &name],
        )?
        .map(|row| at(&row, 0))
        .transpose()?;
    let before = stored.clone().flatten();
    if before == value {
        return Ok(());
    }
    let sql = match stored {
        None => "INSERT INTO hissab.setting (org_id, name, value, seq) VALUES ($1, $2, $3, $4)",
        Some(_) => "UPDATE hissab.setting SET value = $3, seq = $4 WHERE org_id = $1 AND name = $2",
    };
    link.run(sql, &[&link.org, &name, &value, &writer.seq()])?;
    writer.settings = rows::settings(link)?;
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
    let (link, seq) = (writer.link, writer.seq());
    let stored: Option<bool> = link
        .opt(
            "SELECT withdrawn FROM hissab.assertion WHERE org_id = $1 AND id = $2",
            &[&link.org, &assertion.id],
        )?
        .map(|row| at(&row, 0))
        .transpose()?;
    match stored {
        Some(withdrawn) if withdrawn == assertion.withdrawn => return Ok(()),
        Some(_) => {
            link.run(
                "UPDATE hissab.assertion SET withdrawn = $3, seq = $4 WHERE org_id = $1 AND id = $2",
                &[&link.org, &assertion.id, &assertion.withdrawn, &seq],
            )?;
        }
        None => {
            link.run(
                "INSERT INTO hissab.assertion (org_id, key, id, day, account, currency, amount, subaccounts, source, withdrawn, seq)
                 VALUES ($1, (SELECT coalesce(max(key), 0) + 1 FROM hissab.assertion WHERE org_id = $1), $2, $3, $4, $5, $6, $7, $8, $9, $10)",
                &[
                    &link.org,
                    &assertion.id,
                    &Day::of(assertion.on).0,
                    &key(account.0),
                    &&*assertion.currency,
                    &assertion.amount.normalize().to_string(),
                    &assertion.subaccounts,
                    &assertion.source,
                    &assertion.withdrawn,
                    &seq,
                ],
            )?;
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
    let (link, seq) = (writer.link, writer.seq());
    link.run(
        "INSERT INTO hissab.accepted (org_id, key, code, reference, reason, seq)
         VALUES ($1, (SELECT coalesce(max(key), 0) + 1 FROM hissab.accepted WHERE org_id = $1), $2, $3, $4, $5)",
        &[&link.org, &code, &reference, &reason, &seq],
    )?;
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
