//! Streams of transactions in order of date and number, a page of the snapshot at a time.

use std::collections::HashSet;
use std::ops::ControlFlow;

use jiff::civil::Date;

use super::link::Link;
use super::rows::{self, COLUMNS, at, big, count_at};
use super::words;
use crate::book::stored::keys::Keys;
use crate::book::{Order, Result, Scan, Voided};
use crate::ledger::account::AccountKey;
use crate::ledger::day::Day;
use crate::ledger::transaction::Transaction;

/// Transactions read at once, and at first: who stops after ten has not paid for hundreds.
const PAGE: u64 = 512;
const FIRST_PAGE: u64 = 64;

/// What the port's `scan` streams.
pub fn scan(
    link: &Link,
    scan: &Scan,
    take: &mut dyn FnMut(Transaction) -> ControlFlow<()>,
) -> Result<()> {
    let (from, until) = days(scan);
    if scan.accounts.is_none() && scan.words.is_empty() {
        return walk(link, scan, from, until, take);
    }
    let mut found = match &scan.accounts {
        Some(accounts) => with_accounts(link, scan, accounts, from, until)?,
        None => Vec::new(),
    };
    if !scan.words.is_empty() {
        let worded = with_words(link, &scan.words, from, until)?;
        found = match scan.accounts {
            None => worded,
            Some(_) => {
                let keep: HashSet<i64> = worded.iter().map(|(_, number)| *number).collect();
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
    by_place(link, scan, &found, take)
}

fn days(scan: &Scan) -> (i32, i32) {
    let from = scan.from.filter(|d| *d != Date::MIN);
    let until = scan.until.filter(|d| *d != Date::MAX);
    (
        from.map_or(i32::MIN, |d| Day::of(d).0),
        until.map_or(i32::MAX, |d| Day::of(d).0),
    )
}

fn direction(scan: &Scan) -> &'static str {
    match scan.order {
        Order::NewestFirst => "DESC",
        Order::OldestFirst => "ASC",
    }
}

/// Day and number of every transaction that touches one of the accounts.
fn with_accounts(
    link: &Link,
    scan: &Scan,
    accounts: &[AccountKey],
    from: i32,
    until: i32,
) -> Result<Vec<(i32, i64)>> {
    // A page from one end needs no more than a page from each account.
    let page = scan.limit.filter(|_| scan.words.is_empty());
    let direction = direction(scan);
    let sql = format!(
        "SELECT DISTINCT day, txn FROM hissab.entry WHERE org_id = $1 AND account = $2 AND day >= $3 AND day < $4
          ORDER BY day {direction}, txn {direction} LIMIT $5"
    );
    let limit = page.map(big);
    let mut found = Vec::new();
    for account in accounts {
        let key = i32::try_from(account.0).unwrap_or(0);
        for row in link.all(&sql, &[&link.org, &key, &from, &until, &limit])? {
            found.push((at(&row, 0)?, at(&row, 1)?));
        }
    }
    if scan.voided == Voided::Show {
        let keys = rows::keys(link)?;
        let sql = format!(
            "SELECT {COLUMNS} FROM hissab.txn WHERE org_id = $1 AND void AND day >= $2 AND day < $3"
        );
        for row in link.all(&sql, &[&link.org, &from, &until])? {
            let transaction = rows::transaction(&row, &keys)?;
            if transaction
                .entries
                .iter()
                .any(|e| accounts.contains(&e.account))
            {
                found.push((Day::of(transaction.date).0, big(transaction.number.0)));
            }
        }
    }
    Ok(found)
}

/// Day and number of every transaction whose words begin with all of these.
fn with_words(link: &Link, words: &[String], from: i32, until: i32) -> Result<Vec<(i32, i64)>> {
    let Some(question) = words::question(link.org, words) else {
        return Ok(Vec::new());
    };
    link.all(
        "SELECT day, number FROM hissab.txn
          WHERE org_id = $1 AND words @@ $2::text::tsquery AND day >= $3 AND day < $4",
        &[&link.org, &question, &from, &until],
    )?
    .iter()
    .map(|row| Ok((at(row, 0)?, at(row, 1)?)))
    .collect()
}

/// Those that were found, in their order.
fn by_place(
    link: &Link,
    scan: &Scan,
    found: &[(i32, i64)],
    take: &mut dyn FnMut(Transaction) -> ControlFlow<()>,
) -> Result<()> {
    let sql = format!("SELECT {COLUMNS} FROM hissab.txn WHERE org_id = $1 AND number = ANY ($2)");
    let keys = rows::keys(link)?;
    let mut left = scan.limit.unwrap_or(u64::MAX);
    let mut rest = found;
    let mut size = FIRST_PAGE as usize;
    while !rest.is_empty() {
        let (page, after) = rest.split_at(size.min(rest.len()));
        (rest, size) = (after, PAGE as usize);
        let numbers: Vec<i64> = page.iter().map(|(_, number)| *number).collect();
        let mut read = link
            .all(&sql, &[&link.org, &numbers])?
            .iter()
            .map(|row| rows::transaction(row, &keys))
            .collect::<Result<Vec<_>>>()?;
        read.sort_unstable_by_key(|t| (t.date, t.number));
        if scan.order == Order::NewestFirst {
            read.reverse();
        }
        for transaction in read {
            if transaction.is_void() && scan.voided == Voided::Hide {
                continue;
            }
            if left == 0 || take(transaction).is_break() {
                return Ok(());
            }
            left -= 1;
        }
    }
    Ok(())
}

/// Everything in a range of days.
fn walk(
    link: &Link,
    scan: &Scan,
    from: i32,
    until: i32,
    take: &mut dyn FnMut(Transaction) -> ControlFlow<()>,
) -> Result<()> {
    let live = match scan.voided {
        Voided::Hide => "AND NOT void",
        Voided::Show => "",
    };
    let (direction, beyond) = (
        direction(scan),
        match scan.order {
            Order::NewestFirst => "<",
            Order::OldestFirst => ">",
        },
    );
    let sql = format!(
        "SELECT {COLUMNS} FROM hissab.txn WHERE org_id = $1 AND day >= $2 AND day < $3 AND (day, number) {beyond} ($4, $5) {live}
          ORDER BY day {direction}, number {direction} LIMIT $6"
    );
    let keys = rows::keys(link)?;
    let mut place = match scan.order {
        Order::NewestFirst => (i32::MAX, i64::MAX),
        Order::OldestFirst => (i32::MIN, -1),
    };
    let (mut left, mut size) = (scan.limit.unwrap_or(u64::MAX), FIRST_PAGE);
    while left > 0 {
        let page = left.min(size);
        size = PAGE;
        let rows = link.all(
            &sql,
            &[&link.org, &from, &until, &place.0, &place.1, &big(page)],
        )?;
        for row in &rows {
            place = (at(row, 2)?, at(row, 0)?);
            if take(rows::transaction(row, &keys)?).is_break() {
                return Ok(());
            }
        }
        if (rows.len() as u64) < page {
            return Ok(());
        }
        left -= page;
    }
    Ok(())
}

/// Streams transactions by number, void ones included.
pub fn by_numbers(
    link: &Link,
    keys: &Keys,
    first: u64,
    last: u64,
    take: &mut dyn FnMut(Transaction) -> Result<()>,
) -> Result<()> {
    let sql = format!(
        "SELECT {COLUMNS} FROM hissab.txn WHERE org_id = $1 AND number BETWEEN $2 AND $3 ORDER BY number LIMIT $4"
    );
    let mut next = first;
    while next <= last {
        let rows = link.all(&sql, &[&link.org, &big(next), &big(last), &big(PAGE)])?;
        for row in &rows {
            next = count_at(row, 0)? + 1;
            take(rows::transaction(row, keys)?)?;
        }
        if (rows.len() as u64) < PAGE {
            return Ok(());
        }
    }
    Ok(())
}
