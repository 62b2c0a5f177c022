//! Walking ledgers: what `ledger`, `cashbook` and `bankbook` share.

use std::collections::BTreeSet;
use std::io;
use std::ops::ControlFlow;

use jiff::civil::Date;

use super::filters::one_account;
use super::{Looking, scan_with};
use crate::book::{Order, Scan, Voided};
use crate::cli::context::Context;
use crate::cli::error::Result;
use crate::ledger::account::AccountKey;
use crate::ledger::chart::Chart;
use crate::ledger::currency::CurrencyKey;
use crate::ledger::transaction::{Entry, Transaction};
use crate::render::views::ledger::{LedgerHead, LedgerRows, LedgerTable};
use crate::render::{Json, Options};
use crate::reports::held::{Held, pairs};
use crate::reports::ledger::{AccountSet, Detail, Direction, LedgerEvent, LedgerFold};

/// What one ledger is of: an account, or a parent with everything below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    pub path: String,
    pub keys: Vec<AccountKey>,
}

/// How ledgers are to be shown.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// `Ledger`, `Cash book`, `Bank book`.
    pub report: &'static str,
    /// `ledger/1`, …
    pub schema: &'static str,
    /// Only the last this many transactions.
    pub limit: Option<u64>,
    pub reverse: bool,
    pub voided: bool,
    pub detail: Detail,
    /// Leave out ledgers in which nothing is held and nothing moved.
    pub skip_empty: bool,
    /// Lines after each, for people.
    pub notes: Vec<String>,
    /// Facts before the rows of a JSON document.
    pub facts: Vec<(&'static str, Json)>,
}

/// The account or parent a person means, with what lies below it unless `alone`.
///
/// Errors: exit 6 if nothing, or several things, fit.
pub fn subject(chart: &Chart, text: &str, alone: bool) -> Result<Subject> {
    let path = match parent(chart, text) {
        Some(path) => path,
        None => chart.account(one_account(chart, text)?).path.to_string(),
    };
    let keys = if alone {
        chart.find(&path).map(|a| a.key).into_iter().collect()
    } else {
        chart.subtree(&path)
    };
    Ok(Subject { path, keys })
}

/// The one path, of an account or above some, that is `text` or ends in it.
fn parent(chart: &Chart, text: &str) -> Option<String> {
    if chart.find(text).is_some() {
        return Some(text.to_owned());
    }
    let wanted = text.to_lowercase();
    let mut found: BTreeSet<&str> = BTreeSet::new();
    for account in chart.accounts() {
        let path: &str = &account.path;
        let ends = path.match_indices(':').map(|(at, _)| at);
        for end in ends.chain([path.len()]) {
            let prefix = path[..end].to_lowercase();
            let is_tail = prefix
                .strip_suffix(wanted.as_str())
                .is_some_and(|head| head.is_empty() || head.ends_with(':'));
            if is_tail {
                found.insert(&path[..end]);
            }
        }
    }
    match found.len() {
        1 => found.first().map(|path| (*path).to_owned()),
        _ => None,
    }
}

/// Writes the ledgers of subjects, one after the other.
pub fn write(
    ctx: &mut Context,
    looking: &mut Looking,
    options: &Options,
    subjects: &[Subject],
    wanted: &Wanted,
) -> Result<()> {
    ctx.out.end_with_reader();
    let keys: Vec<AccountKey> = subjects.iter().flat_map(|s| s.keys.clone()).collect();
    let totals = looking.totals_among(&looking.cuts(), Some(&keys))?;
    let scope = looking.scope();
    // The walks read the book while the paper reads the chart.
    let chart = looking.chart.clone();
    if !options.is_for_people() {
        let mut head = crate::render::views::head(&scope);
        let names = subjects.iter().map(|s| Json::text(&*s.path)).collect();
        head.push(("accounts", Json::List(names)));
        head.extend(wanted.facts.iter().cloned());
        let mut rows = LedgerRows::begin(&mut ctx.out, options, &chart, wanted.schema, &head)?;
        for subject in subjects {
            let held = Held::of(&totals, &subject.keys, &chart);
            if !(wanted.skip_empty && held.is_empty()) {
                let sink = &mut |event: LedgerEvent<'_>| rows.event(&subject.path, &event);
                walk(looking, subject, &held, wanted, sink)?;
            }
        }
        return Ok(rows.end()?);
    }
    let mut first = true;
    for subject in subjects {
        let held = Held::of(&totals, &subject.keys, &chart);
        if wanted.skip_empty && held.is_empty() {
            continue;
        }
        if !std::mem::take(&mut first) {
            io::Write::write_all(&mut ctx.out, b"\n")?;
        }
        let currencies: Vec<CurrencyKey> = held.opening.keys().copied().collect();
        let head = LedgerHead {
            report: wanted.report,
            account: &subject.path,
            currencies: &currencies,
            with_accounts: held.accounts > 1,
            by_day: wanted.detail == Detail::Days,
        };
        let mut table = LedgerTable::begin(&mut ctx.out, options, &chart, &scope, &head)?;
        let cut = walk(looking, subject, &held, wanted, &mut |event| {
            table.event(&event)
        })?;
        let mut notes = wanted.notes.clone();
        notes.extend(partial(looking, wanted, cut));
        table.end(&notes)?;
    }
    if first && !subjects.is_empty() {
        ctx.note("nothing to show: no account holds or moved anything in this period");
    }
    Ok(())
}

type Sink<'s> = &'s mut dyn FnMut(LedgerEvent<'_>) -> io::Result<()>;

/// What is missing of a ledger, so that nobody takes it for the whole one.
fn partial(looking: &Looking, wanted: &Wanted, cut: bool) -> Vec<String> {
    let mut notes = Vec::new();
    if looking.is_filtered() {
        notes.push("Filtered: a part of the entries, and balances of that part.".to_owned());
    }
    if let Some(limit) = wanted.limit.filter(|_| cut) {
        let what = match limit {
            1 => "the last line".to_owned(),
            many => format!("the last {many} lines"),
        };
        notes.push(format!(
            "Limited to {what}: opening and turnover are of these alone."
        ));
    }
    notes
}

/// One ledger's lines, in the order asked for. True if a limit may have left some out.
fn walk(
    looking: &mut Looking,
    subject: &Subject,
    held: &Held,
    wanted: &Wanted,
    sink: Sink<'_>,
) -> Result<bool> {
    let from = looking.period.from;
    let to = looking.scope().to;
    if let Some(limit) = wanted.limit {
        return walk_last(looking, subject, held, wanted, limit, sink);
    }
    let (order, direction, start) = if wanted.reverse {
        (Order::NewestFirst, Direction::Backward, &held.closing)
    } else {
        (Order::OldestFirst, Direction::Forward, &held.opening)
    };
    let accounts = AccountSet::of(subject.keys.iter().copied());
    let mut fold = LedgerFold::new(accounts, &pairs(start), direction, wanted.detail);
    if !wanted.reverse {
        fold.openings(from, sink)?;
    }
    let scan = scan_of(looking, subject, order, wanted);
    let matcher = looking.query.matcher(&looking.chart);
    scan_with(looking.book.as_mut(), &scan, |transaction| {
        fold.transaction(&transaction, |e| matcher.entry(&transaction, e), sink)?;
        Ok(ControlFlow::Continue(()))
    })?;
    if wanted.reverse {
        fold.openings(from, sink)?;
    }
    let closing = held.closings();
    fold.closings(to, wanted.reverse.then_some(closing.as_slice()), sink)?;
    Ok(false)
}

/// The last entries only (of lines a day: the days of the last transactions): their balances come from the
/// closing one, so that the page costs what it shows, however long the account is.
fn walk_last(
    looking: &mut Looking,
    subject: &Subject,
    held: &Held,
    wanted: &Wanted,
    limit: u64,
    sink: Sink<'_>,
) -> Result<bool> {
    let to = looking.scope().to;
    let accounts = AccountSet::of(subject.keys.iter().copied());
    let mut scan = scan_of(looking, subject, Order::NewestFirst, wanted);
    let matcher = looking.query.matcher(&looking.chart);
    if looking.query.is_totals_only() && looking.query.filter == crate::ledger::query::Filter::All {
        scan.limit = Some(limit);
    }
    let mut page: Vec<Transaction> = Vec::new();
    let mut opening = held.closing.clone();
    // Lines still to fill, and how many entries of the oldest transaction do not fit.
    let (mut left, mut skipped) = (limit, 0);
    looking.book.scan(&scan, &mut |transaction| {
        if left == 0 {
            return ControlFlow::Break(());
        }
        let ours = transaction
            .entries
            .iter()
            .filter(|e| accounts.contains(e.account) && matcher.entry(&transaction, e));
        let count = ours.clone().count() as u64;
        let by_day = wanted.detail == Detail::Days;
        skipped = if by_day {
            0
        } else {
            count.saturating_sub(left)
        };
        left -= if by_day {
            count.min(1)
        } else {
            count.min(left)
        };
        for entry in ours
            .skip(skipped as usize)
            .filter(|_| !transaction.is_void())
        {
            *opening.entry(entry.currency).or_default() -= i128::from(entry.minor);
        }
        if count > 0 {
            page.push(transaction);
        }
        ControlFlow::Continue(())
    })?;
    let oldest = page.last().map(|t| t.number);
    let before: Option<Date> = page.last().map(|t| t.date).or(looking.period.from);
    let (direction, start) = if wanted.reverse {
        (Direction::Backward, &held.closing)
    } else {
        page.reverse();
        (Direction::Forward, &opening)
    };
    let mut fold = LedgerFold::new(accounts, &pairs(start), direction, wanted.detail);
    if !wanted.reverse {
        fold.openings(before, sink)?;
    }
    for transaction in &page {
        let mut skip = if oldest == Some(transaction.number) {
            skipped
        } else {
            0
        };
        let keep = |e: &Entry| {
            let fits = matcher.entry(transaction, e);
            let keeps = fits && skip == 0;
            skip -= u64::from(fits && skip > 0);
            keeps
        };
        fold.transaction(transaction, keep, sink)?;
    }
    if wanted.reverse {
        fold.openings(before, sink)?;
    }
    let closing = held.closings();
    fold.closings(to, wanted.reverse.then_some(closing.as_slice()), sink)?;
    Ok(left == 0)
}

fn scan_of(looking: &Looking, subject: &Subject, order: Order, wanted: &Wanted) -> Scan {
    Scan {
        from: looking.period.from,
        until: looking.period.until,
        accounts: Some(subject.keys.clone()),
        order,
        voided: if wanted.voided {
            Voided::Show
        } else {
            Voided::Hide
        },
        ..Scan::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::change::NewAccount;
    use uuid::Uuid;

    fn chart() -> Chart {
        let paths = [
            "Assets:Bank:HDFC",
            "Assets:Bank:SBI",
            "Assets:Cash",
            "Income:Bank",
        ];
        let account = |(index, path): (usize, &&str)| {
            let new = NewAccount::at(Uuid::nil(), *path);
            new.into_account(AccountKey(index as u32 + 1))
        };
        Chart::new(paths.iter().enumerate().map(account).collect(), Vec::new())
    }

    #[test]
    fn a_parent_without_an_account_has_a_ledger_too() {
        let chart = chart();
        let of = |text: &str| subject(&chart, text, false).map(|s| (s.path, s.keys.len()));
        assert_eq!(of("assets").unwrap(), ("Assets".to_owned(), 3));
        assert_eq!(of("Assets:Bank").unwrap(), ("Assets:Bank".to_owned(), 2));
        assert_eq!(of("hdfc").unwrap(), ("Assets:Bank:HDFC".to_owned(), 1));
        // `bank` ends Assets:Bank and Income:Bank.
        assert!(of("bank").is_err() || of("bank").unwrap().0 == "Income:Bank");
        assert!(of("nothing").is_err());
    }
}
