//! Accounts, currencies, prices, settings, assertions.

use uuid::Uuid;

use super::rows::Rows;
use super::{conflict, refused};
use crate::book::{BookError, LoggedChange, Result};
use crate::ledger::account::{Account, AccountKey};
use crate::ledger::audit::{hex, put_account, put_assertion, put_currency, put_price, put_setting};
use crate::ledger::change::{
    AccountPatch, Assertion, CurrencyChange, NewAccount, PriceChange, Unit,
};
use crate::ledger::currency::Currency;
use crate::ledger::lock::lock_digest;
use crate::ledger::money::{MINOR_MAX, pow10};
use crate::ledger::rules::{self, broken};
use crate::ledger::settings::name;
use crate::ledger::violation::Violation;

/// The setting that holds the digest of the trial balance at the lock date. It follows the lock.
pub const LOCKED_DIGEST: &str = "locked_digest";

pub fn open_account<R: Rows>(rows: &mut R, new: NewAccount) -> Result<()> {
    rules::check_new_account(&new, rows.chart()).map_err(refused)?;
    let account = new.into_account(rows.chart().next_account_key());
    rows.insert_account(&account)?;
    log_account(rows, None, account)
}

pub fn set_account<R: Rows>(rows: &mut R, key: AccountKey, patch: &AccountPatch) -> Result<()> {
    if key.0 == 0 || key.0 as usize > rows.chart().accounts().len() {
        return Err(BookError::NotFound {
            what: format!("account {}", key.0),
        });
    }
    rows.settle_totals()?;
    let before = rows.chart().account(key).clone();
    let after = rules::patch_account(
        &before,
        patch,
        rows.chart(),
        rows.settings().locked_to,
        rows.first_day(key)?,
        &rows.currencies_used(key)?,
    )
    .map_err(refused)?;
    if after == before {
        return Ok(());
    }
    store_account(rows, before, after)
}

/// Writes an account as it is to be, and logs what it was.
pub fn store_account<R: Rows>(rows: &mut R, before: Account, after: Account) -> Result<()> {
    rows.update_account(&after)?;
    log_account(rows, Some(before), after)
}

fn log_account<R: Rows>(rows: &mut R, before: Option<Account>, after: Account) -> Result<()> {
    rows.know_account(after.clone());
    let change = LoggedChange::Account {
        before: before.map(Box::new),
        after: Box::new(after.clone()),
    };
    rows.log(change, |canon, _| put_account(canon, &after));
    Ok(())
}

pub fn currency<R: Rows>(rows: &mut R, change: CurrencyChange) -> Result<()> {
    let existing = rows.chart().find_currency(&change.code).cloned();
    rules::check_currency(&change, existing.as_ref()).map_err(|v| refused(vec![v]))?;
    let key = existing
        .as_ref()
        .map_or_else(|| rows.chart().next_currency_key(), |c| c.key);
    let after = Currency {
        key,
        code: change.code,
        scale: change.scale,
        symbol: change.symbol,
        name: change.name,
    };
    match &existing {
        Some(before) if *before == after => return Ok(()),
        None => rows.insert_currency(&after)?,
        Some(before) if after.scale > before.scale => raise(rows, before, &after)?,
        Some(_) => rows.update_currency(&after)?,
    }
    rows.know_currency(after.clone());
    let logged = LoggedChange::Currency {
        before: existing,
        after: after.clone(),
    };
    rows.log(logged, |canon, _| put_currency(canon, &after));
    Ok(())
}

/// Gives a currency more places, and multiplies what is stored in it. Hashes are over decimals, so none changes.
fn raise<R: Rows>(rows: &mut R, before: &Currency, after: &Currency) -> Result<()> {
    rows.settle()?;
    rows.settle_totals()?;
    let factor = pow10(u32::from(after.scale - before.scale))
        .and_then(|f| i64::try_from(f).ok())
        .unwrap_or(i64::MAX);
    let largest = rows.largest(before)?;
    let grown = largest.checked_mul(factor);
    if grown.is_none_or(|largest| largest > MINOR_MAX) {
        return Err(refused(vec![broken(
            "scale-too-large",
            format!(
                "{} holds amounts too large for {} decimal places",
                before.code, after.scale
            ),
            None,
        )]));
    }
    rows.update_currency(after)?;
    match largest {
        0 => Ok(()),
        _ => rows.multiply(before, factor),
    }
}

pub fn price<R: Rows>(rows: &mut R, price: PriceChange) -> Result<()> {
    let faults: Vec<Violation> = [&price.commodity, &price.currency]
        .into_iter()
        .filter(|code| rows.chart().find_currency(code).is_none())
        .map(|code| Violation::UnknownCurrency { code: code.clone() })
        .collect();
    if !faults.is_empty() {
        return Err(refused(faults));
    }
    let before = rows.price_like(&price)?;
    if before.as_ref().and_then(|b| b.rate) == price.rate
        && (before.is_some() || price.rate.is_none())
    {
        return Ok(());
    }
    rows.put_price(&price, before.is_some())?;
    let change = LoggedChange::Price {
        before,
        after: price.clone(),
    };
    rows.log(change, |canon, _| put_price(canon, &price));
    Ok(())
}

pub fn setting<R: Rows>(
    rows: &mut R,
    unit: &Unit<'_>,
    name: &str,
    value: Option<String>,
) -> Result<()> {
    check_setting(rows, unit, name, value.as_deref())?;
    store_setting(rows, name, value)?;
    if name == name::LOCKED_TO {
        let digest = match rows.settings().locked_to {
            None => None,
            Some(date) => {
                rows.settle_totals()?;
                let totals = rows.totals_until(date.tomorrow().ok())?;
                Some(hex(&lock_digest(rows.chart(), &totals)))
            }
        };
        store_setting(rows, LOCKED_DIGEST, digest)?;
    }
    Ok(())
}

fn check_setting<R: Rows>(
    rows: &R,
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
        (name::BASE_CURRENCY, Some(code)) => match rows.chart().currencies().first() {
            Some(base) if *base.code == *code => Ok(()),
            _ => no(
                "base-currency-fixed",
                "the base currency of a book is fixed when the book is made",
            ),
        },
        (name::LOCKED_TO, value) => check_lock_move(rows, unit, value),
        _ => Ok(()),
    }
}

/// A lock moves forward freely; back, or off, only with a reason.
fn check_lock_move<R: Rows>(rows: &R, unit: &Unit<'_>, value: Option<&str>) -> Result<()> {
    let next: Option<jiff::civil::Date> = match value {
        None => None,
        Some(text) => Some(
            text.parse()
                .map_err(|_| refused(vec![broken("bad-setting", "a lock date is a date", None)]))?,
        ),
    };
    let back = rows
        .settings()
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
fn store_setting<R: Rows>(rows: &mut R, name: &str, value: Option<String>) -> Result<()> {
    let stored = rows.setting(name)?;
    let known = stored.is_some();
    let before = stored.flatten();
    if before == value {
        return Ok(());
    }
    rows.put_setting(name, value.as_deref(), known)?;
    let change = LoggedChange::Setting {
        name: name.to_owned(),
        before,
        after: value.clone(),
    };
    rows.log(change, |canon, _| {
        put_setting(canon, name, value.as_deref())
    });
    Ok(())
}

/// Records that somebody vouches for a balance, or that one is withdrawn: that one's account may have another name
/// by now.
pub fn assertion<R: Rows>(rows: &mut R, mut assertion: Assertion) -> Result<()> {
    let stored = rows.withdrawn(assertion.id)?;
    let account = match stored {
        None => known_account(rows, &assertion.account)?,
        Some((_, key)) => {
            let account = rows.chart().account(key);
            assertion.account = account.path.clone();
            (key, account.id)
        }
    };
    if rows.chart().find_currency(&assertion.currency).is_none() {
        return Err(refused(vec![Violation::UnknownCurrency {
            code: assertion.currency.clone(),
        }]));
    }
    match stored {
        Some((withdrawn, _)) if withdrawn == assertion.withdrawn => return Ok(()),
        Some(_) => rows.withdraw_assertion(assertion.id, assertion.withdrawn)?,
        None => rows.insert_assertion(&assertion, account.0)?,
    }
    rows.log(LoggedChange::Assertion(assertion.clone()), |canon, _| {
        put_assertion(canon, &assertion, account.1)
    });
    Ok(())
}

/// The account of a path, by key and id.
pub fn known_account<R: Rows>(rows: &R, path: &str) -> Result<(AccountKey, Uuid)> {
    match rows.chart().find(path) {
        Some(account) => Ok((account.key, account.id)),
        None => Err(refused(vec![Violation::UnknownAccount {
            path: path.into(),
            near: rows.chart().near(path),
        }])),
    }
}

pub fn accept<R: Rows>(
    rows: &mut R,
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
    rows.insert_accepted(&code, &reference, &reason)?;
    let change = LoggedChange::Accepted {
        code: code.clone(),
        reference: reference.clone(),
        reason: reason.clone(),
    };
    rows.log(change, |canon, _| {
        canon.text("accepted");
        canon.text(&code);
        canon.text(&reference);
        canon.text(&reason);
    });
    Ok(())
}
