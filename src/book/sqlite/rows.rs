//! Rows of the book as ledger values.

use std::collections::BTreeMap;
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, Row};
use uuid::Uuid;

use super::fault::damaged;
use super::more::{AccountMore, TransactionMore, entries_from_json, tags_from_json};
use crate::book::Result;
pub use crate::book::stored::keys::{Keys, parse_price, price_text};
use crate::ledger::account::{Account, AccountKey, AccountType, Contact, Kind};
use crate::ledger::change::Target;
use crate::ledger::chart::Chart;
use crate::ledger::currency::{Currency, CurrencyKey};
use crate::ledger::day::Day;
use crate::ledger::settings::Settings;
use crate::ledger::transaction::{
    Entry, EntryDetail, Number, State, Status, Transaction, TransactionId, Voucher,
};

/// The columns of `txn` in the order [`header`] reads them.
pub const HEADER: &str = "number, id, day, voucher, status, version, void, description, payee, reference, due, reverses, more";

/// Every account and currency.
pub fn chart(conn: &Connection) -> Result<Chart> {
    let mut accounts = Vec::new();
    let mut statement = conn.prepare_cached("SELECT key, id, path, kind, type, opened_on, closed_on, more, version FROM account ORDER BY key")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        accounts.push(account(row)?);
    }
    let mut currencies = Vec::new();
    let mut statement =
        conn.prepare_cached("SELECT key, code, scale, symbol, name FROM currency ORDER BY key")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        currencies.push(currency(row)?);
    }
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

fn account(row: &Row<'_>) -> Result<Account> {
    let more: Option<String> = row.get(7)?;
    let more = AccountMore::from_json(more.as_deref())?;
    let word = |at: usize| {
        row.get_ref(at)?
            .as_str()
            .map_err(|_| damaged("a word is not text"))
    };
    let (kind, account_type) = (word(3)?, word(4)?);
    let day = |at: usize| -> Result<Option<jiff::civil::Date>> {
        Ok(row.get::<_, Option<i32>>(at)?.map(|d| Day(d).date()))
    };
    Ok(Account {
        key: AccountKey(row.get(0)?),
        id: uuid(row, 1)?,
        path: row.get::<_, Arc<str>>(2)?,
        kind: Kind::from_word(kind)
            .ok_or_else(|| damaged(format!("an account has the kind {kind:?}")))?,
        account_type: AccountType::from_word(account_type)
            .ok_or_else(|| damaged(format!("an account has the type {account_type:?}")))?,
        code: more.code,
        currency: more.currency.map(Arc::from),
        opened_on: day(5)?,
        closed_on: day(6)?,
        aliases: more.aliases,
        contact: Contact {
            phone: more.phone,
            email: more.email,
            tax_id: more.tax_id,
            address: more.address,
            credit_limit: more.credit_limit,
        },
        note: more.note,
        version: row.get(8)?,
    })
}

fn currency(row: &Row<'_>) -> Result<Currency> {
    Ok(Currency {
        key: CurrencyKey(row.get(0)?),
        code: row.get(1)?,
        scale: row.get(2)?,
        symbol: row.get(3)?,
        name: row.get(4)?,
    })
}

/// The book's settings; rows without a value are settings taken back.
pub fn settings(conn: &Connection) -> Result<Settings> {
    let mut statement =
        conn.prepare_cached("SELECT name, value FROM setting WHERE value IS NOT NULL")?;
    let pairs: std::result::Result<BTreeMap<String, String>, _> = statement
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect();
    Ok(Settings::from_pairs(pairs?))
}

impl Keys {
    pub fn load(conn: &Connection) -> Result<Keys> {
        let mut statement = conn.prepare_cached("SELECT scale FROM currency ORDER BY key")?;
        let scales: std::result::Result<Vec<u8>, _> =
            statement.query_map([], |row| row.get(0))?.collect();
        let (accounts, numbers) = conn
            .prepare_cached(
                "SELECT ifnull((SELECT max(key) FROM account), 0), ifnull((SELECT max(number) FROM txn), 0)",
            )?
            .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(Keys::new(scales?, accounts, numbers))
    }
}

/// A 16-byte column as an id.
pub fn uuid(row: &Row<'_>, at: usize) -> Result<Uuid> {
    let bytes = row
        .get_ref(at)?
        .as_blob()
        .map_err(|_| damaged("an id is not bytes"))?;
    Uuid::from_slice(bytes).map_err(|_| damaged("an id does not have 16 bytes"))
}

/// A 32-byte column as a hash.
pub fn hash(row: &Row<'_>, at: usize) -> Result<[u8; 32]> {
    let bytes = row
        .get_ref(at)?
        .as_blob()
        .map_err(|_| damaged("a hash is not bytes"))?;
    bytes
        .try_into()
        .map_err(|_| damaged("a hash does not have 32 bytes"))
}

/// A transaction without its entries, unless it is void: then they stand in its own row.
pub fn header(row: &Row<'_>, keys: &Keys) -> Result<Transaction> {
    let voucher: u8 = row.get(3)?;
    let status: u8 = row.get(4)?;
    let void: bool = row.get(6)?;
    let more: Option<&str> = row
        .get_ref(12)?
        .as_str_or_null()
        .map_err(|_| damaged("a transaction's `more` is not text"))?;
    let more = match more {
        None => TransactionMore::default(),
        Some(text) => TransactionMore::from_json(text)?,
    };
    let entries = match more.entries.is_empty() {
        true => Vec::new(),
        false => entries_from_json(&more.entries, keys)?,
    };
    let description = row
        .get_ref(7)?
        .as_str()
        .map_err(|_| damaged("a description is not text"))?;
    Ok(Transaction {
        number: Number(row.get(0)?),
        id: TransactionId(uuid(row, 1)?),
        date: Day(row.get(2)?).date(),
        voucher: Voucher::from_code(voucher)
            .ok_or_else(|| damaged("a voucher type that does not exist"))?,
        status: Status::from_code(status).ok_or_else(|| damaged("a status that does not exist"))?,
        version: row.get(5)?,
        state: if void {
            State::Void {
                reason: more.void_reason,
            }
        } else {
            State::Live
        },
        description: Arc::from(description),
        payee: row.get(8)?,
        reference: row.get(9)?,
        due: row.get::<_, Option<i32>>(10)?.map(|d| Day(d).date()),
        reverses: row.get::<_, Option<u64>>(11)?.map(Number),
        reversed_by: None,
        tags: more.tags,
        metadata: more.metadata,
        entries,
    })
}

/// One transaction by number or id, with its entries and both links.
pub fn find(conn: &Connection, target: Target) -> Result<Option<Transaction>> {
    let number = match target {
        Target::Number(number) => number,
        Target::Id(id) => {
            let mut statement = conn.prepare_cached("SELECT number FROM txn WHERE id = ?1")?;
            let found: Option<u64> = statement
                .query_row([id.0.as_bytes().as_slice()], |row| row.get(0))
                .optional()?;
            match found {
                Some(number) => Number(number),
                None => return Ok(None),
            }
        }
    };
    let sql = format!("SELECT {HEADER} FROM txn WHERE number = ?1");
    let mut statement = conn.prepare_cached(&sql)?;
    let Ok(wanted) = i64::try_from(number.0) else {
        return Ok(None);
    };
    let mut rows = statement.query([wanted])?;
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    let keys = Keys::load(conn)?;
    let mut transaction = header(row, &keys)?;
    if !transaction.is_void() {
        transaction.entries = entries(conn, number.0, &keys)?;
    }
    let mut statement =
        conn.prepare_cached("SELECT min(number) FROM txn WHERE reverses = ?1 AND void = 0")?;
    transaction.reversed_by = statement
        .query_row([wanted], |row| row.get::<_, Option<u64>>(0))?
        .map(Number);
    Ok(Some(transaction))
}

/// The entries of a live transaction, in order.
pub fn entries(conn: &Connection, number: u64, keys: &Keys) -> Result<Vec<Entry>> {
    let mut statement = conn.prepare_cached(
        "SELECT e.account, e.amount, e.currency, d.weight, d.weight_currency, d.price, d.status, d.memo, d.tags
           FROM entry e INDEXED BY entry_txn LEFT JOIN entry_detail d ON d.txn = e.txn AND d.line = e.line
          WHERE e.txn = ?1 ORDER BY e.line",
    )?;
    let mut rows = statement.query([number])?;
    let mut entries = Vec::with_capacity(2);
    while let Some(row) = rows.next()? {
        let detail = detail(row, 3, keys)?;
        entries.push(Entry {
            account: keys.account(row.get(0)?)?,
            minor: row.get(1)?,
            currency: keys.currency(row.get(2)?)?,
            detail,
        });
    }
    Ok(entries)
}

/// The detail columns weight, weight_currency, price, status, memo, tags from `at` on.
pub fn detail(row: &Row<'_>, at: usize, keys: &Keys) -> Result<Option<Box<EntryDetail>>> {
    let Some(status) = row.get::<_, Option<u8>>(at + 3)? else {
        return Ok(None);
    };
    let weight: Option<i64> = row.get(at)?;
    let currency = match row.get::<_, Option<u16>>(at + 1)? {
        Some(key) => Some(keys.currency(key)?),
        None => None,
    };
    let price: Option<String> = row.get(at + 2)?;
    let tags: Option<String> = row.get(at + 5)?;
    let price = match (price, currency) {
        (Some(text), Some(currency)) => Some(parse_price(&text, currency)?),
        _ => None,
    };
    Ok(Some(Box::new(EntryDetail {
        price,
        weight: weight.zip(currency),
        status: Status::from_code(status).ok_or_else(|| damaged("a status that does not exist"))?,
        memo: row.get(at + 4)?,
        tags: tags_from_json(tags.as_deref())?,
    })))
}
