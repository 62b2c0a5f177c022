//! Checks of the storage itself. Everything derived is compared with what it derives from.

use std::collections::{BTreeMap, HashSet};

use rusqlite::Connection;
use uuid::Uuid;

use super::records;
use super::requests;
use super::rows;
use super::scan::by_numbers;
use super::verify::verify;
use super::write::search::words;
use crate::book::{CheckDepth, CheckOutcome, Finding, Result, Severity};
use crate::ledger::audit::GENESIS;
use crate::ledger::day::{Day, Month};
use crate::ledger::transaction::Voucher;

/// Findings of one check beyond which the rest is only counted.
const FINDINGS_MAX: usize = 100;

/// What the port's `check` reports.
pub fn check(conn: &Connection, book: Uuid, depth: CheckDepth) -> Result<Vec<CheckOutcome>> {
    let mut integrity = integrity(conn, depth)?;
    if !integrity.findings.is_empty() {
        // What SQLite cannot read back says nothing about the books.
        let skipped = |code| CheckOutcome::skipped(code, "the file itself is damaged");
        return Ok(vec![
            integrity,
            skipped("balanced"),
            skipped("totals"),
            skipped("chain"),
            skipped("number-gap"),
        ]);
    }
    if depth == CheckDepth::Deep {
        integrity.findings.extend(foreign_keys(conn)?);
        integrity.findings.extend(search_index(conn)?);
    }
    let mut chain = match depth {
        CheckDepth::Quick => chain(conn, book)?,
        CheckDepth::Deep => deep_chain(conn, book)?,
    };
    chain.findings.extend(unsealed(conn)?);
    Ok(vec![
        integrity,
        balanced(conn)?,
        totals(conn)?,
        chain,
        number_gap(conn)?,
    ])
}

fn error(code: &'static str, message: impl Into<String>) -> Finding {
    Finding {
        code,
        severity: Severity::Error,
        date: None,
        number: None,
        account: None,
        message: message.into(),
        hint: Some("restore a backup: hissab restore FILE".to_owned()),
    }
}

fn of_number(code: &'static str, number: u64, message: impl Into<String>) -> Finding {
    Finding {
        number: Some(number),
        hint: Some(format!("hissab show {number} --history")),
        ..error(code, message)
    }
}

fn integrity(conn: &Connection, depth: CheckDepth) -> Result<CheckOutcome> {
    let pragma = match depth {
        CheckDepth::Quick => "PRAGMA quick_check(20)",
        CheckDepth::Deep => "PRAGMA integrity_check(20)",
    };
    // The word index looks at what other connections wrote when it is searched, not when SQLite checks it: a
    // reader that has been open for long would take the old for corrupt. Whether it can be searched is found below.
    let _ = conn.query_row(
        "SELECT 1 FROM search WHERE search MATCH 'hissab' LIMIT 1",
        [],
        |_| Ok(()),
    );
    let mut findings = Vec::new();
    let mut statement = conn.prepare(pragma)?;
    let lines: std::result::Result<Vec<String>, rusqlite::Error> =
        statement.query_map([], |row| row.get(0))?.collect();
    match lines {
        Ok(lines) => findings.extend(
            lines
                .into_iter()
                .filter(|l| l != "ok")
                .map(|line| error("integrity", line)),
        ),
        Err(failure) => findings.push(error(
            "integrity",
            format!("the file cannot be read: {failure}"),
        )),
    }
    Ok(CheckOutcome::of("integrity", findings))
}

fn foreign_keys(conn: &Connection) -> Result<Vec<Finding>> {
    let mut statement = conn.prepare("PRAGMA foreign_key_check")?;
    let mut rows = statement.query([])?;
    let mut findings = Vec::new();
    while let Some(row) = rows.next()? {
        let (table, parent): (String, String) = (row.get(0)?, row.get(2)?);
        if findings.len() < FINDINGS_MAX {
            findings.push(error(
                "integrity",
                format!("a row of {table} points at a row of {parent} that is not there"),
            ));
        }
    }
    Ok(findings)
}

/// Compares the word index with one made anew in memory, word by word.
fn search_index(conn: &Connection) -> Result<Vec<Finding>> {
    let shadow = Connection::open_in_memory()?;
    shadow.execute_batch(
        "CREATE VIRTUAL TABLE search USING fts5 (words, content = '', columnsize = 0, detail = none, tokenize = 'unicode61 remove_diacritics 2');
         CREATE VIRTUAL TABLE temp.word USING fts5vocab (main, search, instance); BEGIN",
    )?;
    let mut insert = shadow.prepare("INSERT INTO search (rowid, words) VALUES (?1, ?2)")?;
    by_numbers(conn, 1, i64::MAX as u64, &mut |t| {
        insert.execute((t.number.0, words(&t)))?;
        Ok(())
    })?;
    shadow.execute_batch("COMMIT")?;
    let expected = word_digest(&shadow)?;
    // A reader may look at the index through a temporary table; nothing of the book is written.
    let query_only: bool = conn.pragma_query_value(None, "query_only", |row| row.get(0))?;
    conn.pragma_update(None, "query_only", false)?;
    conn.execute_batch(
        "CREATE VIRTUAL TABLE IF NOT EXISTS temp.word USING fts5vocab (main, search, instance)",
    )?;
    let found = word_digest(conn);
    conn.execute_batch("DROP TABLE IF EXISTS temp.word")?;
    conn.pragma_update(None, "query_only", query_only)?;
    Ok(match found {
        Ok(found) if found == expected => Vec::new(),
        _ => vec![error(
            "integrity",
            "the word index does not match the transactions: `search` may miss some or show others",
        )],
    })
}

/// Digest of every (word, transaction) pair, in order of word and number.
fn word_digest(conn: &Connection) -> Result<[u8; 32]> {
    let mut statement = conn.prepare("SELECT term, doc FROM temp.word")?;
    let mut rows = statement.query([])?;
    let mut canon = crate::ledger::audit::Canon::new("words");
    while let Some(row) = rows.next()? {
        canon.bytes(row.get_ref(0)?.as_bytes().unwrap_or_default());
        canon.number(row.get(1)?);
    }
    Ok(canon.finish())
}

fn balanced(conn: &Connection) -> Result<CheckOutcome> {
    let exact = "EXISTS (SELECT 1 FROM entry x INDEXED BY entry_txn LEFT JOIN entry_detail d ON d.txn = x.txn AND d.line = x.line
                  WHERE x.txn = g.txn GROUP BY ifnull(d.weight_currency, x.currency) HAVING sum(ifnull(d.weight, x.amount)) <> 0)";
    let sql = format!(
        "SELECT g.txn, g.entries < 2 FROM (
            SELECT e.txn AS txn, count(*) AS entries, sum(e.amount) AS amount, min(e.currency) AS low, max(e.currency) AS high
              FROM entry e INDEXED BY entry_txn GROUP BY e.txn) g
          WHERE g.entries < 2
             OR (g.low = g.high AND g.amount <> 0 AND {exact})
             OR (g.low <> g.high AND {exact})
         UNION SELECT g.txn, 0 FROM (SELECT DISTINCT txn FROM entry_detail WHERE weight IS NOT NULL) g WHERE {exact}
         ORDER BY 1 LIMIT {FINDINGS_MAX}"
    );
    let mut findings = Vec::new();
    {
        let mut statement = conn.prepare(&sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let (number, few): (u64, bool) = (row.get(0)?, row.get(1)?);
            let what = if few {
                "it has fewer than two entries"
            } else {
                "its entries do not sum to zero"
            };
            findings.push(of_number(
                "balanced",
                number,
                format!("transaction {number} does not balance: {what}"),
            ));
        }
    }
    let mut headless = conn.prepare(&format!(
        "SELECT e.txn FROM entry e INDEXED BY entry_txn LEFT JOIN txn t ON t.number = e.txn
          WHERE t.number IS NULL OR t.void = 1 OR t.day <> e.day GROUP BY e.txn LIMIT {FINDINGS_MAX}"
    ))?;
    let numbers: std::result::Result<Vec<u64>, _> =
        headless.query_map([], |row| row.get(0))?.collect();
    for number in numbers? {
        findings.push(of_number("balanced", number, format!("entries of {number} do not agree with their transaction (its day, or whether it counts)")));
    }
    findings.extend(without_entries(conn)?);
    let mut stray = conn.prepare(&format!(
        "SELECT d.txn FROM entry_detail d WHERE NOT EXISTS (SELECT 1 FROM entry e INDEXED BY entry_txn WHERE e.txn = d.txn AND e.line = d.line) LIMIT {FINDINGS_MAX}"
    ))?;
    let numbers: std::result::Result<Vec<u64>, _> =
        stray.query_map([], |row| row.get(0))?.collect();
    findings.extend(
        numbers?
            .into_iter()
            .map(|n| of_number("balanced", n, format!("a note of {n} belongs to no entry"))),
    );
    Ok(CheckOutcome::of("balanced", findings))
}

/// Live transactions without entries: counted first, looked for only if the counts differ.
fn without_entries(conn: &Connection) -> Result<Vec<Finding>> {
    let (live, with): (u64, u64) = conn.query_row(
        "SELECT (SELECT count(*) FROM txn) - (SELECT count(*) FROM txn INDEXED BY txn_void WHERE void = 1),
                (SELECT count(*) FROM (SELECT 1 FROM entry INDEXED BY entry_txn GROUP BY txn))",
        [],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    if live == with {
        return Ok(Vec::new());
    }
    let mut empty = conn.prepare(&format!(
        "SELECT t.number FROM txn t WHERE t.void = 0
            AND NOT EXISTS (SELECT 1 FROM entry e INDEXED BY entry_txn WHERE e.txn = t.number) LIMIT {FINDINGS_MAX}"
    ))?;
    let numbers: std::result::Result<Vec<u64>, _> =
        empty.query_map([], |row| row.get(0))?.collect();
    Ok(numbers?
        .into_iter()
        .map(|n| of_number("balanced", n, format!("transaction {n} has no entries")))
        .collect())
}

type Bucket = (u32, u16, i32, bool);

fn totals(conn: &Connection) -> Result<CheckOutcome> {
    let mut expected = entry_totals(conn)?;
    let mut findings = Vec::new();
    let chart = rows::chart(conn)?;
    let mut wrong = |bucket: Bucket, what: String| {
        if findings.len() < FINDINGS_MAX {
            let month = Month(bucket.2).first();
            let path = chart
                .accounts()
                .get(bucket.0 as usize - 1)
                .map_or_else(|| format!("account {}", bucket.0), |a| a.path.to_string());
            let message = format!(
                "the total of {path} in {:04}-{:02} is not the sum of its entries{what}",
                month.year(),
                month.month()
            );
            findings.push(Finding {
                date: Some(month),
                account: Some(path),
                ..error("totals", message)
            });
        }
    };
    let mut statement = conn
        .prepare("SELECT account, currency, month, closing, debit, credit, entries FROM total")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let bucket: Bucket = (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
        let stored = (
            i128::from(row.get::<_, i64>(4)?),
            i128::from(row.get::<_, i64>(5)?),
            row.get::<_, i64>(6)?,
        );
        let sum = expected.remove(&bucket).unwrap_or_default();
        if sum != stored {
            wrong(bucket, String::new());
        }
    }
    for bucket in expected
        .into_iter()
        .filter(|(_, sum)| *sum != (0, 0, 0))
        .map(|(bucket, _)| bucket)
    {
        wrong(bucket, " (it is missing)".to_owned());
    }
    findings.extend(conversions(conn)?);
    Ok(CheckOutcome::of("totals", findings))
}

/// The month totals as the entries have them.
fn entry_totals(conn: &Connection) -> Result<BTreeMap<Bucket, (i128, i128, i64)>> {
    let closing: std::result::Result<HashSet<u64>, _> = conn
        .prepare("SELECT number FROM txn WHERE voucher = ?1")?
        .query_map([Voucher::Closing.code()], |row| row.get(0))?
        .collect();
    let closing = closing?;
    let mut sums: BTreeMap<Bucket, (i128, i128, i64)> = BTreeMap::new();
    let mut statement = conn.prepare(
        "SELECT account, currency, day, txn, amount FROM entry ORDER BY account, day, txn, line",
    )?;
    let mut rows = statement.query([])?;
    let (mut day, mut month) = (i32::MIN, 0);
    while let Some(row) = rows.next()? {
        let on: i32 = row.get(2)?;
        if on != day {
            day = on;
            month = Day(on).month().0;
        }
        let is_closing = !closing.is_empty() && closing.contains(&row.get(3)?);
        let amount = i128::from(row.get::<_, i64>(4)?);
        let sum = sums
            .entry((row.get(0)?, row.get(1)?, month, is_closing))
            .or_default();
        if amount >= 0 {
            sum.0 += amount;
        } else {
            sum.1 -= amount;
        }
        sum.2 += 1;
    }
    Ok(sums)
}

fn conversions(conn: &Connection) -> Result<Vec<Finding>> {
    let mut expected: BTreeMap<(u16, i32), i128> = BTreeMap::new();
    let mut statement = conn.prepare(
        "SELECT e.day, e.currency, e.amount, d.weight_currency, d.weight FROM entry_detail d
           CROSS JOIN entry e INDEXED BY entry_txn ON e.txn = d.txn AND e.line = d.line WHERE d.weight IS NOT NULL",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let month = Day(row.get(0)?).month().0;
        *expected.entry((row.get(1)?, month)).or_default() -= i128::from(row.get::<_, i64>(2)?);
        *expected.entry((row.get(3)?, month)).or_default() += i128::from(row.get::<_, i64>(4)?);
    }
    let mut statement = conn.prepare("SELECT currency, month, amount FROM conversion")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        *expected.entry((row.get(0)?, row.get(1)?)).or_default() -=
            i128::from(row.get::<_, i64>(2)?);
    }
    Ok(expected
        .into_iter()
        .filter(|(_, off)| *off != 0)
        .take(FINDINGS_MAX)
        .map(|((_, month), _)| {
            let month = Month(month).first();
            Finding {
                date: Some(month),
                ..error(
                    "totals",
                    format!(
                        "the conversions of {:04}-{:02} are not those of its prices",
                        month.year(),
                        month.month()
                    ),
                )
            }
        })
        .collect())
}

/// The links of the chain and each record's own hash; what the records speak of is for `--deep`.
fn chain(conn: &Connection, book: Uuid) -> Result<CheckOutcome> {
    let mut findings = Vec::new();
    let mut statement = conn.prepare("SELECT seq, at, who, operation, undoes, action, reason, numbers, digest, previous, hash FROM audit ORDER BY seq")?;
    let mut rows = statement.query([])?;
    let (mut previous, mut sequence) = (GENESIS, 0);
    while let Some(row) = rows.next()? {
        let record = records::record(row)?;
        sequence += 1;
        let broken = record.sequence != sequence
            || record.previous != previous
            || record.computed_hash(book) != record.hash;
        if broken && findings.len() < FINDINGS_MAX {
            findings.push(error(
                "chain",
                format!(
                    "audit record {} was changed, or one before it is missing",
                    record.sequence
                ),
            ));
        }
        sequence = record.sequence;
        previous = record.hash;
    }
    let mut outcome = CheckOutcome::of("chain", findings);
    outcome.detail = Some(format!("{sequence} records"));
    Ok(outcome)
}

/// What a shell with foreign keys off left without a record.
fn unsealed(conn: &Connection) -> Result<Vec<Finding>> {
    let mut statement = conn.prepare("SELECT first, last FROM unsealed")?;
    let ranges: std::result::Result<Vec<(u64, u64)>, _> = statement
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect();
    Ok(ranges?
        .into_iter()
        .map(|(first, _)| match first {
            0 => error("chain", "something was changed without an audit record"),
            number => of_number(
                "chain",
                number,
                format!("transaction {number} was written without an audit record"),
            ),
        })
        .collect())
}

fn deep_chain(conn: &Connection, book: Uuid) -> Result<CheckOutcome> {
    let proof = verify(conn, book)?;
    let mut outcome = CheckOutcome::of("chain", proof.faults);
    let keys = requests::faults(conn)?;
    let keys = keys.into_iter().take(FINDINGS_MAX);
    outcome
        .findings
        .extend(keys.map(|message| error("chain", message)));
    outcome.detail = Some(format!("{} records", proof.records));
    Ok(outcome)
}

fn number_gap(conn: &Connection) -> Result<CheckOutcome> {
    let (count, last): (u64, u64) = conn.query_row(
        "SELECT count(*), ifnull(max(number), 0) FROM txn",
        [],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    let voided: u64 = conn.query_row(
        "SELECT count(*) FROM txn INDEXED BY txn_void WHERE void = 1",
        [],
        |row| row.get(0),
    )?;
    let mut findings = Vec::new();
    if count != last {
        let mut statement = conn.prepare(
            "SELECT number + 1 FROM txn t WHERE NOT EXISTS (SELECT 1 FROM txn n WHERE n.number = t.number + 1) AND number < ?1 ORDER BY number LIMIT 20",
        )?;
        let gaps: std::result::Result<Vec<u64>, _> =
            statement.query_map([last], |row| row.get(0))?.collect();
        let gaps = gaps?;
        findings.extend(
            gaps.iter()
                .map(|n| of_number("number-gap", *n, format!("transaction {n} is missing"))),
        );
        if gaps.is_empty() {
            findings.push(error(
                "number-gap",
                format!("{last} transactions were numbered, {count} are there"),
            ));
        }
    }
    let mut outcome = CheckOutcome::of("number-gap", findings);
    outcome.detail = match (last, voided) {
        (0, _) => Some("no transactions".to_owned()),
        (last, 0) => Some(format!("1 to {last}")),
        (last, voided) => Some(format!("1 to {last}, {voided} void")),
    };
    Ok(outcome)
}
