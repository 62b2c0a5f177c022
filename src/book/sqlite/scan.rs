//! Streams of transactions in order of date and number.
//!
//! A whole walk reads headers by day in chunks, and the entries of a chunk by one range of numbers as long
//! as numbers follow dates, which they mostly do. Scans of accounts or words find their numbers first.

use std::ops::ControlFlow;

use jiff::civil::Date;
use rusqlite::{Connection, Rows};

use super::rows::{self, HEADER, Keys};
use crate::book::{Order, Result, Scan, Voided};
use crate::ledger::account::AccountKey;
use crate::ledger::day::Day;
use crate::ledger::transaction::{Entry, Transaction};

/// What the port's `scan` streams.
pub fn scan(
    conn: &Connection,
    scan: &Scan,
    row: &mut dyn FnMut(Transaction) -> ControlFlow<()>,
) -> Result<()> {
    let (from, until) = days(scan);
    // One snapshot for all statements: a lock and an unlock for each transaction would cost as much as reading it.
    let _snapshot = conn
        .is_autocommit()
        .then(|| conn.unchecked_transaction())
        .transpose()?;
    let keys = Keys::load(conn)?;
    if scan.accounts.is_none() && scan.words.is_empty() {
        return walk(conn, scan, &keys, from, until, row);
    }
    let mut found = match &scan.accounts {
        Some(accounts) => with_accounts(conn, scan, &keys, accounts, from, until)?,
        None => Vec::new(),
    };
    if !scan.words.is_empty() {
        let worded = with_words(conn, &scan.words, from, until)?;
        found = match scan.accounts {
            None => worded,
            Some(_) => {
                let keep: std::collections::HashSet<u64> =
                    worded.iter().map(|(_, number)| *number).collect();
                found.retain(|(_, number)| keep.contains(number));
                found
            }
        };
    }
    found.sort_unstable();
    found.dedup();
    if scan.order == Order::NewestFirst {
        found.reverse();
    }
    by_number(conn, scan, &keys, &found, row)
}

fn days(scan: &Scan) -> (i32, i32) {
    let from = scan
        .from
        .filter(|d| *d != Date::MIN)
        .map_or(i32::MIN, |d| Day::of(d).0);
    let until = scan
        .until
        .filter(|d| *d != Date::MAX)
        .map_or(i32::MAX, |d| Day::of(d).0);
    (from, until)
}

/// Day and number of every transaction that touches one of the accounts.
fn with_accounts(
    conn: &Connection,
    scan: &Scan,
    keys: &Keys,
    accounts: &[AccountKey],
    from: i32,
    until: i32,
) -> Result<Vec<(i32, u64)>> {
    // A page from one end needs no more than a page from each account.
    let page = if scan.words.is_empty() {
        scan.limit
    } else {
        None
    };
    let direction = if scan.order == Order::NewestFirst {
        "DESC"
    } else {
        "ASC"
    };
    let sql = format!(
        "SELECT DISTINCT day, txn FROM entry WHERE account = ?1 AND day >= ?2 AND day < ?3
          ORDER BY day {direction}, txn {direction} LIMIT ?4"
    );
    let limit = page.map_or(-1, |n| i64::try_from(n).unwrap_or(i64::MAX));
    let mut statement = conn.prepare_cached(&sql)?;
    let mut found = Vec::new();
    for account in accounts {
        let mut rows = statement.query((account.0, from, until, limit))?;
        while let Some(row) = rows.next()? {
            found.push((row.get(0)?, row.get(1)?));
        }
    }
    if scan.voided == Voided::Show {
        let sql = format!(
            "SELECT {HEADER} FROM txn INDEXED BY txn_void WHERE void = 1 AND day >= ?1 AND day < ?2"
        );
        let mut statement = conn.prepare_cached(&sql)?;
        let mut rows = statement.query((from, until))?;
        while let Some(row) = rows.next()? {
            let transaction = rows::header(row, keys)?;
            if transaction
                .entries
                .iter()
                .any(|e| accounts.contains(&e.account))
            {
                found.push((Day::of(transaction.date).0, transaction.number.0));
            }
        }
    }
    Ok(found)
}

/// Day and number of every transaction whose words begin with all of these.
fn with_words(
    conn: &Connection,
    words: &[String],
    from: i32,
    until: i32,
) -> Result<Vec<(i32, u64)>> {
    let terms: Vec<String> = words
        .iter()
        .flat_map(|word| word.split(|c: char| !c.is_alphanumeric()))
        .filter(|part| !part.is_empty())
        .map(|part| format!("\"{part}\"*"))
        .collect();
    if terms.is_empty() {
        return Ok(Vec::new());
    }
    let mut statement = conn.prepare_cached(
        "SELECT t.day, t.number FROM search s CROSS JOIN txn t ON t.number = s.rowid
          WHERE s.search MATCH ?1 AND t.day >= ?2 AND t.day < ?3",
    )?;
    let mut found = Vec::new();
    let mut rows = statement.query((terms.join(" AND "), from, until))?;
    while let Some(row) = rows.next()? {
        found.push((row.get(0)?, row.get(1)?));
    }
    Ok(found)
}

/// One transaction at a time, by number.
fn by_number(
    conn: &Connection,
    scan: &Scan,
    keys: &Keys,
    found: &[(i32, u64)],
    take: &mut dyn FnMut(Transaction) -> ControlFlow<()>,
) -> Result<()> {
    let sql = format!("SELECT {HEADER} FROM txn WHERE number = ?1");
    let mut statement = conn.prepare_cached(&sql)?;
    let mut left = scan.limit.unwrap_or(u64::MAX);
    let (mut size, mut wanted) = (FIRST_CHUNK, found.iter());
    let mut chunk = Vec::new();
    loop {
        for (_, number) in wanted.by_ref() {
            let mut rows = statement.query([number])?;
            let Some(row) = rows.next()? else { continue };
            let transaction = rows::header(row, keys)?;
            if transaction.is_void() && scan.voided == Voided::Hide {
                continue;
            }
            chunk.push(transaction);
            if chunk.len() == size {
                break;
            }
        }
        if chunk.is_empty() {
            return Ok(());
        }
        size = CHUNK;
        fill(conn, &mut chunk, keys)?;
        for transaction in chunk.drain(..) {
            if left == 0 || take(transaction).is_break() {
                return Ok(());
            }
            left -= 1;
        }
    }
}

/// Everything in a range of days.
fn walk(
    conn: &Connection,
    scan: &Scan,
    keys: &Keys,
    from: i32,
    until: i32,
    take: &mut dyn FnMut(Transaction) -> ControlFlow<()>,
) -> Result<()> {
    let direction = if scan.order == Order::NewestFirst {
        "DESC"
    } else {
        "ASC"
    };
    let live = if scan.voided == Voided::Hide {
        "AND void = 0"
    } else {
        ""
    };
    let sql = format!(
        "SELECT {HEADER} FROM txn INDEXED BY txn_day WHERE day >= ?1 AND day < ?2 {live}
          ORDER BY day {direction}, number {direction} LIMIT ?3"
    );
    let limit = scan
        .limit
        .map_or(-1, |n| i64::try_from(n).unwrap_or(i64::MAX));
    let mut statement = conn.prepare_cached(&sql)?;
    let mut headers = statement.query((from, until, limit))?;
    in_chunks(conn, keys, &mut headers, &mut |transaction| {
        Ok(take(transaction))
    })
}

/// Streams transactions by number, void ones included: what `verify` and the writers of indexes walk.
pub fn by_numbers(
    conn: &Connection,
    first: u64,
    last: u64,
    take: &mut dyn FnMut(Transaction) -> Result<()>,
) -> Result<()> {
    let sql = format!("SELECT {HEADER} FROM txn WHERE number BETWEEN ?1 AND ?2 ORDER BY number");
    let mut statement = conn.prepare_cached(&sql)?;
    let mut headers = statement.query((first, last))?;
    let keys = Keys::load(conn)?;
    in_chunks(conn, &keys, &mut headers, &mut |transaction| {
        take(transaction).map(|()| ControlFlow::Continue(()))
    })
}

/// How many headers are read before their entries.
const CHUNK: usize = 512;
/// A page is a small first chunk: who stops after ten rows has not paid for hundreds.
const FIRST_CHUNK: usize = 32;
/// Entries of others that a range of numbers may hold before looking up each transaction is cheaper.
const SPREAD_MAX: usize = 10;

fn in_chunks(
    conn: &Connection,
    keys: &Keys,
    headers: &mut Rows<'_>,
    take: &mut dyn FnMut(Transaction) -> Result<ControlFlow<()>>,
) -> Result<()> {
    let mut chunk = Vec::with_capacity(CHUNK);
    let mut size = FIRST_CHUNK;
    loop {
        while chunk.len() < size {
            match headers.next()? {
                Some(row) => chunk.push(rows::header(row, keys)?),
                None => break,
            }
        }
        if chunk.is_empty() {
            return Ok(());
        }
        size = CHUNK;
        fill(conn, &mut chunk, keys)?;
        for transaction in chunk.drain(..) {
            if take(transaction)?.is_break() {
                return Ok(());
            }
        }
    }
}

/// Gives every live transaction of a chunk its entries: by one range where their numbers lie close together.
fn fill(conn: &Connection, chunk: &mut [Transaction], keys: &Keys) -> Result<()> {
    let first = chunk.iter().map(|t| t.number.0).min().unwrap_or(0);
    let last = chunk.iter().map(|t| t.number.0).max().unwrap_or(0);
    if (last - first) as usize > chunk.len() * SPREAD_MAX {
        for transaction in chunk.iter_mut().filter(|t| !t.is_void()) {
            transaction.entries = rows::entries(conn, transaction.number.0, keys)?;
        }
        return Ok(());
    }
    let mut place = vec![u16::MAX; (last - first) as usize + 1];
    for (index, transaction) in chunk.iter().enumerate().filter(|(_, t)| !t.is_void()) {
        place[(transaction.number.0 - first) as usize] = index as u16;
    }
    // A damaged index may hand out a number that was not asked for: it has no place.
    let at = |place: &[u16], number: u64| -> usize {
        let offset = number.checked_sub(first).map(|o| o as usize);
        offset
            .and_then(|o| place.get(o))
            .map_or(usize::MAX, |p| usize::from(*p))
    };
    let mut statement = conn.prepare_cached(
        "SELECT txn, account, amount, currency FROM entry INDEXED BY entry_txn WHERE txn BETWEEN ?1 AND ?2 ORDER BY txn, line",
    )?;
    let mut rows = statement.query((first, last))?;
    while let Some(row) = rows.next()? {
        let index = at(&place, row.get(0)?);
        if let Some(transaction) = chunk.get_mut(index) {
            let (account, currency) = (keys.account(row.get(1)?)?, keys.currency(row.get(3)?)?);
            transaction.entries.push(Entry {
                account,
                currency,
                minor: row.get(2)?,
                detail: None,
            });
        }
    }
    let mut statement = conn.prepare_cached(
        "SELECT txn, line, weight, weight_currency, price, status, memo, tags FROM entry_detail WHERE txn BETWEEN ?1 AND ?2",
    )?;
    let mut rows = statement.query((first, last))?;
    while let Some(row) = rows.next()? {
        let index = at(&place, row.get(0)?);
        let line: usize = row.get(1)?;
        // Lines are dense from 0: the program writes them so and `check` says when they are not.
        if let Some(entry) = chunk.get_mut(index).and_then(|t| t.entries.get_mut(line)) {
            entry.detail = rows::detail(row, 2, keys)?;
        }
    }
    Ok(())
}
