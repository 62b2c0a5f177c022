//! Checks of the storage itself. Everything derived is compared with what it derives from.

use tokio_postgres::Row;
use uuid::Uuid;

use super::link::Link;
use super::records;
use super::rows::{self, at, count_at};
use super::scan::by_numbers;
use super::words::{self, Words};
use crate::book::stored::verify;
use crate::book::{CheckDepth, CheckOutcome, Finding, Result, Severity};
use crate::ledger::audit::GENESIS;
use crate::ledger::day::Month;

/// Findings of one check beyond which the rest is only counted.
const FINDINGS_MAX: usize = 100;

/// What the port's `check` reports.
pub fn check(link: &Link, book: Uuid, depth: CheckDepth) -> Result<Vec<CheckOutcome>> {
    let mut integrity = fences(link)?;
    if depth == CheckDepth::Deep {
        integrity.extend(strays(link)?);
        integrity.extend(word_index(link)?);
    }
    let mut chain = match depth {
        CheckDepth::Quick => chain(link, book)?,
        CheckDepth::Deep => {
            let proof = verify::verify(link, book)?;
            let mut outcome = CheckOutcome::of("chain", proof.faults);
            outcome.detail = Some(format!("{} records", proof.records));
            outcome
        }
    };
    chain.findings.extend(counters(link)?);
    Ok(vec![
        CheckOutcome::of("integrity", integrity),
        balanced(link)?,
        totals(link)?,
        chain,
        number_gap(link)?,
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
        hint: Some("restore the database from a backup".to_owned()),
    }
}

fn of_number(code: &'static str, number: u64, message: impl Into<String>) -> Finding {
    Finding {
        number: Some(number),
        hint: Some(format!("hissab show {number} --history")),
        ..error(code, message)
    }
}

/// Fences that were taken away, and rows that nothing sealed.
fn fences(link: &Link) -> Result<Vec<Finding>> {
    let gone = link.all(
        "SELECT t.relname::text || '.' || g.tgname::text FROM pg_trigger g JOIN pg_class t ON t.oid = g.tgrelid JOIN pg_namespace n ON n.oid = t.relnamespace
          WHERE n.nspname = 'hissab' AND g.tgenabled <> 'O'
         UNION ALL
         SELECT t.relname::text || ' (row security)' FROM pg_class t JOIN pg_namespace n ON n.oid = t.relnamespace
          WHERE n.nspname = 'hissab' AND t.relkind IN ('r', 'p') AND t.relname <> 'refinery_schema_history'
            AND NOT (t.relrowsecurity AND t.relforcerowsecurity) ORDER BY 1 LIMIT 100",
        &[],
    )?;
    let gone = gone.iter().map(|row| {
        let name: String = at(row, 0)?;
        Ok(error(
            "integrity",
            format!("a fence of the database is off: {name}"),
        ))
    });
    gone.collect()
}

/// Rows that point at nothing.
fn strays(link: &Link) -> Result<Vec<Finding>> {
    let rows = link.all(
        "SELECT DISTINCT 'entry'::text, 'account'::text FROM hissab.entry e WHERE e.org_id = $1
            AND NOT EXISTS (SELECT 1 FROM hissab.account a WHERE a.org_id = e.org_id AND a.key = e.account)
         UNION ALL SELECT DISTINCT 'entry', 'currency' FROM hissab.entry e WHERE e.org_id = $1
            AND NOT EXISTS (SELECT 1 FROM hissab.currency c WHERE c.org_id = e.org_id AND c.key = e.currency)
         UNION ALL SELECT DISTINCT 'source_row', 'batch' FROM hissab.source_row s WHERE s.org_id = $1
            AND NOT EXISTS (SELECT 1 FROM hissab.batch b WHERE b.org_id = s.org_id AND b.key = s.batch)",
        &[&link.org],
    )?;
    let stray = |row: &Row| {
        let (table, parent): (String, String) = (at(row, 0)?, at(row, 1)?);
        Ok(error(
            "integrity",
            format!("a row of {table} points at a row of {parent} that is not there"),
        ))
    };
    rows.iter().map(stray).collect()
}

/// Compares the words of every transaction with what is indexed for it.
fn word_index(link: &Link) -> Result<Vec<Finding>> {
    let keys = rows::keys(link)?;
    let mut wrong = false;
    let mut page: (Vec<i64>, Vec<Words>) = Default::default();
    let differ = |page: &mut (Vec<i64>, Vec<Words>)| -> Result<bool> {
        let row = link.one(
            "SELECT EXISTS (SELECT 1 FROM unnest($2::bigint[], $3::tsvector[]) AS x (number, words)
               JOIN hissab.txn t ON t.org_id = $1 AND t.number = x.number
              WHERE t.words <> x.words)",
            &[&link.org, &page.0, &page.1],
        )?;
        page.0.clear();
        page.1.clear();
        at(&row, 0)
    };
    by_numbers(link, &keys, 1, i64::MAX as u64, &mut |t| {
        page.0.push(rows::big(t.number.0));
        page.1.push(words::of(link.org, &t));
        if page.0.len() >= 1_000 {
            wrong |= differ(&mut page)?;
        }
        Ok(())
    })?;
    wrong |= differ(&mut page)?;
    Ok(match wrong {
        false => Vec::new(),
        true => vec![error(
            "integrity",
            "the word index does not match the transactions: `search` may miss some or show others",
        )],
    })
}

fn balanced(link: &Link) -> Result<CheckOutcome> {
    let mut findings = Vec::new();
    // The CHECK of each row, evaluated anew: it may have been off.
    let rows = link.all(
        "SELECT number, cardinality(accounts) < 2 AND NOT void FROM hissab.txn t
          WHERE org_id = $1 AND NOT hissab.balanced(void, accounts, amounts, currencies, weights, weight_currencies)
          ORDER BY number LIMIT 100",
        &[&link.org],
    )?;
    for row in &rows {
        let (number, few): (u64, bool) = (count_at(row, 0)?, at(row, 1)?);
        let what = match few {
            true => "it has fewer than two entries",
            false => "its entries do not sum to zero",
        };
        let message = format!("transaction {number} does not balance: {what}");
        findings.push(of_number("balanced", number, message));
    }
    let rows = link.all(
        "SELECT number FROM (
           SELECT t.number, e.place - 1 AS line, e.account, t.day, e.amount, e.currency
             FROM hissab.txn t, unnest(t.accounts, t.amounts, t.currencies) WITH ORDINALITY AS e (account, amount, currency, place) WHERE t.org_id = $1) said
           FULL JOIN (SELECT txn AS number, line::bigint, account, day, amount, currency FROM hissab.entry WHERE org_id = $1) stored
           USING (number, line)
          WHERE (said.account, said.day, said.amount, said.currency) IS DISTINCT FROM (stored.account, stored.day, stored.amount, stored.currency)
          GROUP BY number ORDER BY number LIMIT 100",
        &[&link.org],
    )?;
    for row in &rows {
        let number = count_at(row, 0)?;
        findings.push(of_number(
            "balanced",
            number,
            format!("entries of {number} do not agree with their transaction (its day, or whether it counts)"),
        ));
    }
    Ok(CheckOutcome::of("balanced", findings))
}

/// The month of a column `day`, as totals count months: years * 12 + month - 1.
const MONTH: &str = "extract(year FROM date '2000-01-01' + day)::integer * 12 + extract(month FROM date '2000-01-01' + day)::integer - 1";

fn totals(link: &Link) -> Result<CheckOutcome> {
    let sql = format!(
        "SELECT coalesce(s.account, t.account), coalesce(s.month, t.month), t.account IS NULL
           FROM (SELECT e.account, e.currency, {MONTH} AS month, e.closing,
                        coalesce(sum(e.amount) FILTER (WHERE e.amount >= 0), 0) AS debit, coalesce(-sum(e.amount) FILTER (WHERE e.amount < 0), 0) AS credit, count(*) AS entries
                   FROM (SELECT account, currency, day, amount,
                                EXISTS (SELECT 1 FROM hissab.txn t WHERE t.org_id = e.org_id AND t.number = e.txn AND t.voucher = 9) AS closing
                           FROM hissab.entry e WHERE e.org_id = $1) e GROUP BY 1, 2, 3, 4) s
           FULL JOIN (SELECT * FROM hissab.total WHERE org_id = $1 AND (debit, credit, entries) <> (0, 0, 0)) t
             ON (s.account, s.currency, s.month, s.closing) = (t.account, t.currency, t.month, t.closing)
          WHERE (s.debit, s.credit, s.entries) IS DISTINCT FROM (t.debit::numeric, t.credit::numeric, t.entries)
          ORDER BY 1, 2 LIMIT 100"
    );
    let chart = rows::chart(link)?;
    let mut findings = Vec::new();
    for row in &link.all(&sql, &[&link.org])? {
        let (account, month): (i32, i32) = (at(row, 0)?, at(row, 1)?);
        let path = usize::try_from(account - 1)
            .ok()
            .and_then(|index| chart.accounts().get(index))
            .map_or_else(|| format!("account {account}"), |a| a.path.to_string());
        let missing = match at(row, 2)? {
            true => " (it is missing)",
            false => "",
        };
        let month = Month(month).first();
        let message = format!(
            "the total of {path} in {:04}-{:02} is not the sum of its entries{missing}",
            month.year(),
            month.month()
        );
        findings.push(Finding {
            date: Some(month),
            account: Some(path),
            ..error("totals", message)
        });
    }
    findings.extend(conversions(link)?);
    Ok(CheckOutcome::of("totals", findings))
}

fn conversions(link: &Link) -> Result<Vec<Finding>> {
    let sql = format!(
        "SELECT month FROM (
           SELECT currency, month, -amount::numeric AS off FROM hissab.conversion WHERE org_id = $1
           UNION ALL SELECT x.currency, {MONTH}, x.off FROM (
             SELECT t.day, p.currency, p.off FROM hissab.txn t,
                    unnest(t.currencies, t.amounts, t.weight_currencies, t.weights) AS e (currency, amount, weight_currency, weight),
                    LATERAL (VALUES (e.currency, -e.amount::numeric), (e.weight_currency, e.weight::numeric)) AS p (currency, off)
              WHERE t.org_id = $1 AND t.weights IS NOT NULL AND e.weight IS NOT NULL) x) s
          GROUP BY currency, month HAVING sum(off) <> 0 ORDER BY month LIMIT 100"
    );
    let finding = |row: &Row| {
        let month = Month(at(row, 0)?).first();
        Ok(Finding {
            date: Some(month),
            ..error(
                "totals",
                format!(
                    "the conversions of {:04}-{:02} are not those of its prices",
                    month.year(),
                    month.month()
                ),
            )
        })
    };
    link.all(&sql, &[&link.org])?.iter().map(finding).collect()
}

/// The links of the chain and each record's own hash; what the records speak of is for `--deep`.
fn chain(link: &Link, book: Uuid) -> Result<CheckOutcome> {
    const PAGE: i64 = 1_000;
    let mut findings = Vec::new();
    let (mut previous, mut sequence, mut last) = (GENESIS, 0, 0_i64);
    loop {
        let rows = link.all(
            "SELECT seq, at, who, operation, undoes, action, reason, numbers, digest, previous, hash
               FROM hissab.audit WHERE org_id = $1 AND seq > $2 ORDER BY seq LIMIT $3",
            &[&link.org, &last, &PAGE],
        )?;
        for row in &rows {
            last = at(row, 0)?;
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
        if (rows.len() as i64) < PAGE {
            break;
        }
    }
    let mut outcome = CheckOutcome::of("chain", findings);
    outcome.detail = Some(format!("{sequence} records"));
    Ok(outcome)
}

/// Rows without a record, and counters that are not those of the rows.
fn counters(link: &Link) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for row in &link.all(
        "SELECT first FROM hissab.unsealed WHERE org_id = $1 ORDER BY first LIMIT 100",
        &[&link.org],
    )? {
        findings.push(match count_at(row, 0)? {
            0 => error("chain", "something was changed without an audit record"),
            number => of_number(
                "chain",
                number,
                format!("transaction {number} was written without an audit record"),
            ),
        });
    }
    let row = link.one(
        "SELECT EXISTS (SELECT 1 FROM hissab.org_counters c WHERE c.org_id = $1 AND (c.number, c.sequence) = (
                  coalesce((SELECT max(number) FROM hissab.txn WHERE org_id = $1), 0), coalesce((SELECT max(seq) FROM hissab.audit WHERE org_id = $1), 0))
            AND c.head = coalesce((SELECT hash FROM hissab.audit WHERE org_id = $1 AND seq = c.sequence), decode(repeat('00', 32), 'hex')))",
        &[&link.org],
    )?;
    if !at::<bool>(&row, 0)? {
        findings.push(error(
            "chain",
            "the counters of the organisation are not those of its records",
        ));
    }
    Ok(findings)
}

fn number_gap(link: &Link) -> Result<CheckOutcome> {
    let row = link.one(
        "SELECT count(*), coalesce(max(number), 0), count(*) FILTER (WHERE void) FROM hissab.txn WHERE org_id = $1",
        &[&link.org],
    )?;
    let (count, last, voided) = (count_at(&row, 0)?, count_at(&row, 1)?, count_at(&row, 2)?);
    let mut findings = Vec::new();
    if count != last {
        for row in &link.all(
            "SELECT number + 1 FROM hissab.txn t WHERE org_id = $1 AND number < $2
                AND NOT EXISTS (SELECT 1 FROM hissab.txn n WHERE n.org_id = $1 AND n.number = t.number + 1) ORDER BY number LIMIT 20",
            &[&link.org, &rows::big(last)],
        )? {
            let number = count_at(row, 0)?;
            findings.push(of_number("number-gap", number, format!("transaction {number} is missing")));
        }
        if findings.is_empty() {
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
