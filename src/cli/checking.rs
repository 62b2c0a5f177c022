//! Runs checks on an open book: the storage's own and the business findings, in one report.

use std::ops::ControlFlow;

use jiff::ToSpan;
use jiff::civil::Date;

use super::error::Result;
use crate::book::{AuditQuery, Book, CheckDepth, LoggedChange, Scan};
use crate::ledger::change::Assertion;
use crate::ledger::chart::Chart;
use crate::ledger::finding::{CheckOutcome, Finding};
use crate::ledger::settings::{BookInfo, name};
use crate::ledger::totals::TotalsQuery;
use crate::reports::check::{
    Accepted, CHECKS, Facts, assertion, cash, duplicate, locked, report::CheckReport, statement,
    suspense, untyped, year,
};

/// Days of assertions asked for at once: bounds the memory of the answer.
const ASSERTION_DAYS: usize = 400;

/// Which checks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Codes; all of them if empty.
    pub codes: Vec<&'static str>,
    pub depth: CheckDepth,
}

impl Wanted {
    fn has(&self, code: &str) -> bool {
        self.codes.is_empty() || self.codes.contains(&code)
    }
}

/// Runs the checks. Findings that somebody answers for are left out and counted.
pub fn run(book: &mut dyn Book, today: Date, wanted: &Wanted) -> Result<CheckReport> {
    let info = book.info()?;
    let chart = book.chart()?;
    let accepted = accepted(book)?;
    let facts = Facts {
        chart: &chart,
        settings: &info.settings,
        today,
        accepted: &accepted,
    };
    let mut outcomes = Vec::new();
    if wanted.codes.is_empty() || CHECKS.iter().any(|c| c.storage && wanted.has(c.code)) {
        let found = book.check(wanted.depth)?.into_iter();
        outcomes.extend(found.filter(|outcome| wanted.has(outcome.code)));
    }
    if wanted.has(locked::CODE) {
        outcomes.push(locked_period(book, &chart, &info)?);
    }
    let assertions = book.assertions()?;
    if wanted.has(assertion::CODE) {
        outcomes.push(assertions_hold(book, &chart, &assertions)?);
    }
    outcomes.extend(scanned(book, facts, wanted)?);
    if wanted.has(untyped::CODE) {
        outcomes.push(CheckOutcome::of(untyped::CODE, untyped::check(&chart)));
    }
    if wanted.has(year::CODE) {
        outcomes.push(years_closed(book, facts, &info)?);
    }
    if wanted.has(statement::CODE) {
        outcomes.push(statements_agree(book, &chart, &assertions)?);
    }
    let left_out = outcomes.iter_mut().map(|o| accepted.apply(o)).sum();
    Ok(CheckReport {
        outcomes,
        transactions: info.transactions,
        accepted: left_out,
        known: 0,
    })
}

/// What people have answered for, as the log has it.
pub fn accepted(book: &mut dyn Book) -> Result<Accepted> {
    let mut accepted = Accepted::default();
    if book.info()?.head.is_none() {
        return Ok(accepted);
    }
    let query = AuditQuery {
        action: Some(ACCEPTED.to_owned()),
        ..AuditQuery::default()
    };
    for entry in book.audit(&query)?.into_iter().filter(|e| !e.undone) {
        for change in entry.changes {
            if let LoggedChange::Accepted {
                code, reference, ..
            } = change
            {
                accepted.insert(&code, &reference);
            }
        }
    }
    Ok(accepted)
}

/// What the log calls it when somebody answers for a finding.
pub const ACCEPTED: &str = "accepted";

fn locked_period(book: &mut dyn Book, chart: &Chart, info: &BookInfo) -> Result<CheckOutcome> {
    let Some(locked_to) = info.settings.locked_to else {
        return Ok(CheckOutcome::of(locked::CODE, Vec::new()));
    };
    let Some(digest) = info.settings.other.get(name::LOCKED_DIGEST) else {
        return Ok(CheckOutcome::skipped(
            locked::CODE,
            "the lock left no digest",
        ));
    };
    let until = locked_to.checked_add(1.day()).unwrap_or(Date::MAX);
    let totals = book.totals(&TotalsQuery::until(Some(until)))?;
    Ok(locked::check(chart, &totals, locked_to, digest))
}

fn assertions_hold(
    book: &mut dyn Book,
    chart: &Chart,
    assertions: &[Assertion],
) -> Result<CheckOutcome> {
    let judged = assertion::standing_ones(assertions);
    let mut findings: Vec<Finding> = Vec::new();
    for some in judged.chunks(ASSERTION_DAYS) {
        let query = assertion::query(chart, some);
        let totals = book.totals(&query)?;
        let failed = some
            .iter()
            .filter_map(|a| assertion::judge(chart, a, &query.cuts, &totals));
        findings.extend(failed);
    }
    let detail = (!judged.is_empty()).then(|| format!("{} assertions", judged.len()));
    Ok(CheckOutcome {
        detail,
        ..CheckOutcome::of(assertion::CODE, findings)
    })
}

/// The checks that read transactions, in one walk over no more of them than they need.
fn scanned(book: &mut dyn Book, facts: Facts<'_>, wanted: &Wanted) -> Result<Vec<CheckOutcome>> {
    let mut suspense = wanted
        .has(suspense::CODE)
        .then(|| suspense::SuspenseCheck::new(facts));
    let mut cash = wanted.has(cash::CODE).then(|| cash::CashCheck::new(facts));
    let mut duplicate = wanted
        .has(duplicate::CODE)
        .then(|| duplicate::DuplicateCheck::new(facts));
    let mut accounts = Vec::new();
    accounts.extend(suspense.iter().flat_map(|check| check.accounts()).copied());
    accounts.extend(cash.iter().flat_map(cash::CashCheck::accounts));
    if duplicate.is_some() || !accounts.is_empty() {
        let scan = Scan {
            accounts: duplicate.is_none().then_some(accounts),
            ..Scan::default()
        };
        book.scan(&scan, &mut |transaction| {
            if let Some(check) = &mut suspense {
                check.add(&transaction);
            }
            if let Some(check) = &mut cash {
                check.add(&transaction);
            }
            if let Some(check) = &mut duplicate {
                check.add(&transaction);
            }
            std::ops::ControlFlow::Continue(())
        })?;
    }
    let found = [
        suspense.map(|check| (suspense::CODE, check.finish())),
        cash.map(|check| (cash::CODE, check.finish())),
        duplicate.map(|check| (duplicate::CODE, check.finish())),
    ];
    let outcomes = found.into_iter().flatten();
    Ok(outcomes
        .map(|(code, findings)| CheckOutcome::of(code, findings))
        .collect())
}

fn years_closed(book: &mut dyn Book, facts: Facts<'_>, info: &BookInfo) -> Result<CheckOutcome> {
    if info.head.is_none() {
        return Ok(CheckOutcome::skipped(
            year::CODE,
            "journals are closed by whoever keeps them",
        ));
    }
    let first = info.span.map(|(first, _)| first);
    let Some(cuts) = first.and_then(|first| year::cuts(facts, first)) else {
        return Ok(CheckOutcome::of(year::CODE, Vec::new()));
    };
    let query = TotalsQuery {
        cuts,
        accounts: None,
    };
    let totals = book.totals(&query)?;
    Ok(CheckOutcome::of(
        year::CODE,
        year::check(facts, &query.cuts, &totals),
    ))
}

fn statements_agree(
    book: &mut dyn Book,
    chart: &Chart,
    assertions: &[Assertion],
) -> Result<CheckOutcome> {
    let newest = statement::newest(assertions);
    if newest.is_empty() {
        return Ok(CheckOutcome::skipped(
            statement::CODE,
            "no statement imported",
        ));
    }
    let query = assertion::query(chart, &newest);
    let totals = book.totals(&query)?;
    let mut differ = Vec::new();
    for assertion in newest {
        let found = assertion::standing(chart, &assertion, &query.cuts, &totals);
        let Some(found) = found.filter(|found| found.difference != 0) else {
            continue;
        };
        // What was marked when the account was held against the statement is what the statement has; the rest is
        // on its way.
        let said = found.books - found.difference;
        if reconciled(book, &found, assertion.on)? != Some(said) {
            differ.push(assertion);
        }
    }
    let findings = statement::check(chart, &differ, &query.cuts, &totals);
    Ok(CheckOutcome::of(statement::CODE, findings))
}

/// The sum of what is marked as reconciled up to a day; `None` if nothing is.
fn reconciled(
    book: &mut dyn Book,
    account: &assertion::Standing,
    on: Date,
) -> Result<Option<i128>> {
    let scan = Scan {
        until: on.tomorrow().ok(),
        accounts: Some(vec![account.account]),
        ..Scan::default()
    };
    let mut sum = None;
    book.scan(&scan, &mut |transaction| {
        for entry in &transaction.entries {
            let is_it = (entry.account, entry.currency) == (account.account, account.currency);
            let mark = entry.reconciled();
            // What only a later statement had was not on this one.
            let by_then = |mark: &str| !mark.parse::<Date>().is_ok_and(|mark| mark > on);
            if is_it && mark.is_some_and(by_then) {
                sum = Some(sum.unwrap_or(0) + i128::from(entry.minor));
            }
        }
        ControlFlow::Continue(())
    })?;
    Ok(sum)
}
