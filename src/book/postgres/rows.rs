//! Rows of the database as ledger values.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tokio_postgres::Row;
use tokio_postgres::types::FromSql;

use super::fault::damaged;
use super::link::{Link, Params};
use crate::book::Result;
use crate::book::stored::keys::{Keys, parse_price, price_text};
use crate::book::stored::more::{
    AccountMore, Pairs, TransactionMore, entries_from_json, pairs, tags,
};
use crate::ledger::account::{Account, AccountKey, AccountType, Contact, Kind};
use crate::ledger::change::Target;
use crate::ledger::chart::Chart;
use crate::ledger::currency::{Currency, CurrencyKey};
use crate::ledger::day::Day;
use crate::ledger::settings::Settings;
use crate::ledger::transaction::{
    Entry, EntryDetail, Number, State, Status, Transaction, TransactionId, Voucher,
};

/// The columns of `txn` in the order [`transaction`] reads them.
pub const COLUMNS: &str = "number, id, day, voucher, status, version, void, description, payee, reference, due, reverses, more,
    accounts, amounts, currencies, weights, weight_currencies, notes";

/// A column; what is not of its type is damage, never a panic.
pub fn at<'a, T: FromSql<'a>>(row: &'a Row, column: usize) -> Result<T> {
    row.try_get(column)
        .map_err(|e| damaged(format!("a column is not what hissab wrote: {e}")))
}

/// A column that is never negative.
pub fn count_at(row: &Row, column: usize) -> Result<u64> {
    u64::try_from(at::<i64>(row, column)?).map_err(|_| damaged("a count is negative"))
}

/// A key of an account or a line.
pub fn key_at(row: &Row, column: usize) -> Result<u32> {
    u32::try_from(at::<i32>(row, column)?).map_err(|_| damaged("a key is negative"))
}

/// A key of a currency.
pub fn currency_at(row: &Row, column: usize) -> Result<u16> {
    u16::try_from(at::<i32>(row, column)?).map_err(|_| damaged("a currency's key is out of range"))
}

/// A 32-byte column.
pub fn hash_at(row: &Row, column: usize) -> Result<[u8; 32]> {
    at::<&[u8]>(row, column)?
        .try_into()
        .map_err(|_| damaged("a hash does not have 32 bytes"))
}

pub fn day_or_none_at(row: &Row, column: usize) -> Result<Option<jiff::civil::Date>> {
    Ok(at::<Option<i32>>(row, column)?.map(|d| Day(d).date()))
}

/// A number as the database holds it; what is larger than any is the largest.
pub fn big(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Every account and currency.
pub fn chart(link: &Link) -> Result<Chart> {
    const ACCOUNTS: &str =
        "SELECT key, id, path, kind, type, opened_on, closed_on, more, version FROM hissab.account
                             WHERE org_id = $1 ORDER BY key";
    const CURRENCIES: &str =
        "SELECT key, code, scale, symbol, name FROM hissab.currency WHERE org_id = $1 ORDER BY key";
    let [accounts, currencies] =
        link.all_of([(ACCOUNTS, &[&link.org]), (CURRENCIES, &[&link.org])])?;
    let accounts: Result<Vec<Account>> = accounts.iter().map(account).collect();
    let currencies: Result<Vec<Currency>> = currencies.iter().map(currency).collect();
    let (accounts, currencies) = (accounts?, currencies?);
    let dense = |keys: &mut dyn Iterator<Item = u32>| {
        keys.enumerate()
            .all(|(index, key)| key as usize == index + 1)
    };
    if !dense(&mut accounts.iter().map(|a| a.key.0))
        || !dense(&mut currencies.iter().map(|c| u32::from(c.key.0)))
    {
        return Err(damaged("the keys of its accounts or currencies have gaps"));
    }
    Ok(Chart::new(accounts, currencies))
}

fn account(row: &Row) -> Result<Account> {
    let more = AccountMore::from_json(at(row, 7)?)?;
    let (kind, account_type): (&str, &str) = (at(row, 3)?, at(row, 4)?);
    Ok(Account {
        key: AccountKey(key_at(row, 0)?),
        id: at(row, 1)?,
        path: Arc::from(at::<&str>(row, 2)?),
        kind: Kind::from_word(kind)
            .ok_or_else(|| damaged(format!("an account has the kind {kind:?}")))?,
        account_type: AccountType::from_word(account_type)
            .ok_or_else(|| damaged(format!("an account has the type {account_type:?}")))?,
        code: more.code,
        currency: more.currency.map(Arc::from),
        opened_on: day_or_none_at(row, 5)?,
        closed_on: day_or_none_at(row, 6)?,
        aliases: more.aliases,
        contact: Contact {
            phone: more.phone,
            email: more.email,
            tax_id: more.tax_id,
            address: more.address,
            credit_limit: more.credit_limit,
        },
        note: more.note,
        version: key_at(row, 8)?,
    })
}

fn currency(row: &Row) -> Result<Currency> {
    Ok(Currency {
        key: CurrencyKey(currency_at(row, 0)?),
        code: at::<&str>(row, 1)?.into(),
        scale: scale_at(row, 2)?,
        symbol: at::<Option<&str>>(row, 3)?.map(Into::into),
        name: at::<Option<&str>>(row, 4)?.map(Into::into),
    })
}

fn scale_at(row: &Row, column: usize) -> Result<u8> {
    u8::try_from(at::<i16>(row, column)?).map_err(|_| damaged("a scale is out of range"))
}

/// The book's settings as stored; rows without a value are settings taken back.
pub fn setting_pairs(link: &Link) -> Result<BTreeMap<String, String>> {
    pairs_of(&link.all(SETTINGS, &[&link.org])?)
}

/// What [`pairs_of`] makes settings of.
pub const SETTINGS: &str =
    "SELECT name, value FROM hissab.setting WHERE org_id = $1 AND value IS NOT NULL";

pub fn pairs_of(rows: &[Row]) -> Result<BTreeMap<String, String>> {
    rows.iter()
        .map(|row| Ok((at(row, 0)?, at(row, 1)?)))
        .collect()
}

pub fn settings(link: &Link) -> Result<Settings> {
    Ok(Settings::from_pairs(setting_pairs(link)?))
}

/// What [`keys_of`] makes keys of.
pub const KEYS: [&str; 2] = [
    "SELECT scale FROM hissab.currency WHERE org_id = $1 ORDER BY key",
    "SELECT coalesce((SELECT max(key) FROM hissab.account WHERE org_id = $1), 0),
            coalesce((SELECT max(number) FROM hissab.txn WHERE org_id = $1), 0)",
];

pub fn keys_of(scales: &[Row], ends: &[Row]) -> Result<Keys> {
    let scales: Result<Vec<u8>> = scales.iter().map(|row| scale_at(row, 0)).collect();
    let ends = ends
        .first()
        .ok_or_else(|| damaged("the database gave no row"))?;
    Ok(Keys::new(scales?, key_at(ends, 0)?, count_at(ends, 1)?))
}

/// The keys that rows may name.
pub fn keys(link: &Link) -> Result<Keys> {
    let org: Params<'_> = &[&link.org];
    let [scales, ends] = link.all_of(KEYS.map(|sql| (sql, org)))?;
    keys_of(&scales, &ends)
}

/// What an entry has beside account, amount and weight.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct NoteJson {
    line: usize,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    price: Option<String>,
    status: u8,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    memo: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    tags: Pairs,
}

/// The column `notes` of a transaction; `None` where no entry has anything of the kind.
pub fn notes(entries: &[Entry]) -> Option<String> {
    let notes: Vec<NoteJson> = entries
        .iter()
        .enumerate()
        .filter_map(|(line, entry)| {
            let detail = entry.detail.as_deref()?;
            Some(NoteJson {
                line,
                price: detail.price.as_ref().map(price_text),
                status: detail.status.code(),
                memo: detail.memo.clone(),
                tags: pairs(&detail.tags),
            })
        })
        .collect();
    (!notes.is_empty()).then(|| serde_json::to_string(&notes).unwrap_or_default())
}

/// A row of [`COLUMNS`], with its entries, live or void.
pub fn transaction(row: &Row, keys: &Keys) -> Result<Transaction> {
    let code = |column| -> Result<u8> {
        u8::try_from(at::<i16>(row, column)?).map_err(|_| damaged("a code is out of range"))
    };
    let more = match at::<Option<&str>>(row, 12)? {
        None => TransactionMore::default(),
        Some(text) => TransactionMore::from_json(text)?,
    };
    let void: bool = at(row, 6)?;
    let entries = match more.entries.is_empty() {
        true => entries(row, keys)?,
        false => entries_from_json(&more.entries, keys)?,
    };
    Ok(Transaction {
        number: Number(count_at(row, 0)?),
        id: TransactionId(at(row, 1)?),
        date: Day(at(row, 2)?).date(),
        voucher: Voucher::from_code(code(3)?)
            .ok_or_else(|| damaged("a voucher type that does not exist"))?,
        status: Status::from_code(code(4)?)
            .ok_or_else(|| damaged("a status that does not exist"))?,
        version: key_at(row, 5)?,
        state: if void {
            State::Void {
                reason: more.void_reason,
            }
        } else {
            State::Live
        },
        description: Arc::from(at::<&str>(row, 7)?),
        payee: at(row, 8)?,
        reference: at(row, 9)?,
        due: day_or_none_at(row, 10)?,
        reverses: at::<Option<i64>>(row, 11)?.map(|n| Number(n.unsigned_abs())),
        reversed_by: None,
        tags: more.tags,
        metadata: more.metadata,
        entries,
    })
}

fn entries(row: &Row, keys: &Keys) -> Result<Vec<Entry>> {
    let (accounts, amounts, currencies): (Vec<i32>, Vec<i64>, Vec<i32>) =
        (at(row, 13)?, at(row, 14)?, at(row, 15)?);
    let mut entries = Vec::with_capacity(accounts.len());
    for ((account, minor), currency) in accounts.iter().zip(&amounts).zip(&currencies) {
        entries.push(Entry {
            account: keys.account(u32::try_from(*account).unwrap_or(0))?,
            currency: currency_of(*currency, keys)?,
            minor: *minor,
            detail: None,
        });
    }
    let Some(notes) = at::<Option<&str>>(row, 18)? else {
        return Ok(entries);
    };
    let weights: Option<Vec<Option<i64>>> = at(row, 16)?;
    let weight_currencies: Option<Vec<Option<i32>>> = at(row, 17)?;
    let notes: Vec<NoteJson> =
        serde_json::from_str(notes).map_err(|_| damaged("the notes of a transaction"))?;
    for note in notes {
        let weight = match (&weights, &weight_currencies) {
            (Some(weights), Some(keyed)) => weights
                .get(note.line)
                .copied()
                .flatten()
                .zip(keyed.get(note.line).copied().flatten()),
            _ => None,
        };
        let weight = match weight {
            Some((minor, key)) => Some((minor, currency_of(key, keys)?)),
            None => None,
        };
        let price = match (&note.price, &weight) {
            (Some(text), Some((_, key))) => Some(parse_price(text, *key)?),
            _ => None,
        };
        let detail = EntryDetail {
            price,
            weight,
            status: Status::from_code(note.status)
                .ok_or_else(|| damaged("a status that does not exist"))?,
            memo: note.memo,
            tags: tags(note.tags),
        };
        if let Some(entry) = entries.get_mut(note.line) {
            entry.detail = Some(Box::new(detail));
        }
    }
    Ok(entries)
}

fn currency_of(key: i32, keys: &Keys) -> Result<CurrencyKey> {
    keys.currency(u16::try_from(key).unwrap_or(0))
}

/// One transaction by number or id, with its entries and both links.
pub fn find(link: &Link, target: Target) -> Result<Option<Transaction>> {
    let row = match target {
        Target::Number(number) => link.opt(
            &format!("SELECT {COLUMNS} FROM hissab.txn WHERE org_id = $1 AND number = $2"),
            &[&link.org, &big(number.0)],
        )?,
        Target::Id(id) => link.opt(
            &format!("SELECT {COLUMNS} FROM hissab.txn WHERE org_id = $1 AND id = $2"),
            &[&link.org, &id.0],
        )?,
    };
    let Some(row) = row else { return Ok(None) };
    let mut found = transaction(&row, &keys(link)?)?;
    let by = link.one(
        "SELECT min(number) FROM hissab.txn WHERE org_id = $1 AND reverses = $2 AND NOT void",
        &[&link.org, &big(found.number.0)],
    )?;
    found.reversed_by = at::<Option<i64>>(&by, 0)?.map(|n| Number(n.unsigned_abs()));
    Ok(Some(found))
}
