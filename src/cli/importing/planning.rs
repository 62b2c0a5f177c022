//! A statement against the book: what each row becomes, and the unit it is written as.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::ControlFlow;
use std::sync::Arc;

use jiff::civil::Date;
use uuid::Uuid;

use super::names::Names;
use super::proof::{self, BooksProof};
use super::reading::Read;
use super::{Session, failure};
use crate::book::{ImportRow, Scan};
use crate::cli::context::Context;
use crate::cli::error::Result;
use crate::formats::changes::{PlannedRow, StatementChanges};
use crate::formats::fault::Fault;
use crate::formats::identity::{self, Identity};
use crate::formats::plan::{self, Candidate, Fate, HeldRow, NEAR_DAYS, REFERENCE_DAYS, RowKey};
use crate::formats::statement::{Statement, StatementRow};
use crate::ledger::account::AccountKey;
use crate::ledger::change::{Assertion, Change, ImportBatch};
use crate::ledger::chart::Chart;
use crate::ledger::currency::{Currency, CurrencyKey};
use crate::ledger::day::Day;
use crate::ledger::money::{from_minor, to_minor};
use crate::ledger::transaction::Transaction;
use crate::reports::check::assertion::STATEMENT;

/// A file with everything settled.
pub struct Plan {
    pub file: String,
    pub read: Read,
    pub account: AccountKey,
    pub planned: Vec<PlannedRow>,
    /// Minor units and currency of each row.
    pub amounts: Vec<(i64, CurrencyKey)>,
    /// Transaction numbers of rows, where they are known.
    pub numbers: Vec<Option<u64>>,
    pub suspense: Arc<str>,
    pub books: Vec<BooksProof>,
    /// An earlier import of exactly this file.
    pub same_file: Option<ImportRow>,
    /// The book's names as the import finds or makes them.
    pub chart: Chart,
    head: Vec<Change>,
    /// What the book calls the batch, once written.
    pub batch: Option<u64>,
}

/// How many rows became what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    pub new: usize,
    pub to_suspense: usize,
    pub matched: usize,
    pub known: usize,
}

impl Plan {
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for planned in &self.planned {
            match planned.fate {
                Fate::New => {
                    counts.new += 1;
                    counts.to_suspense += usize::from(planned.counter == self.suspense);
                }
                Fate::Matched { .. } => counts.matched += 1,
                Fate::Known { .. } => counts.known += 1,
            }
        }
        counts
    }

    /// True if the book would be the same afterwards.
    pub fn changes_nothing(&self) -> bool {
        let counts = self.counts();
        counts.new + counts.matched == 0
    }

    /// The changes of the file's unit.
    pub fn changes(&self) -> StatementChanges<'_> {
        StatementChanges {
            head: self.head.clone(),
            statement: &self.read.statement,
            planned: &self.planned,
            account: self.chart.account(self.account).path.clone(),
        }
    }

    /// Numbers of new rows, from the ranges a unit touched.
    pub fn written(&mut self, ranges: &[(u64, u64)]) {
        let mut posted = ranges.iter().flat_map(|(first, last)| *first..=*last);
        for (planned, number) in self.planned.iter().zip(&mut self.numbers) {
            if planned.fate == Fate::New {
                *number = posted.next();
            }
        }
    }

    /// All of it was there: what seemed new or matched has these numbers.
    pub fn repeated(&mut self, ranges: &[(u64, u64)]) {
        self.written(ranges);
        for (planned, number) in self.planned.iter_mut().zip(&self.numbers) {
            planned.fate = Fate::Known {
                number: number.unwrap_or(0),
            };
        }
    }

    /// The import as it will be recorded.
    pub fn batch_head(&self) -> Option<&ImportBatch> {
        self.head.iter().find_map(|change| match change {
            Change::Import(batch) => Some(batch),
            _ => None,
        })
    }

    /// The row whose change the book refused.
    pub fn row_of_change(&self, change: usize) -> Option<&StatementRow> {
        let mut at = self.head.len();
        for (row, planned) in self.read.statement.rows.iter().zip(&self.planned) {
            at += match planned.fate {
                Fate::Known { .. } => 0,
                Fate::Matched { .. } => 1,
                Fate::New => 2,
            };
            if change < at {
                return (change >= self.head.len()).then_some(row);
            }
        }
        None
    }
}

/// Plans a statement.
///
/// Errors: accounts or currencies that are not there, amounts the book cannot hold.
pub fn plan(
    ctx: &mut Context,
    session: &mut Session,
    file: &str,
    file_name: String,
    sha256: [u8; 32],
    read: Read,
) -> Result<Plan> {
    let mut names = Names::new(session.chart.clone(), session.create_accounts);
    let account = names.bank_account(ctx, &read.account)?;
    let (account_key, account_id) = (account.key, account.id);
    let mut amounts = Vec::with_capacity(read.statement.rows.len());
    let mut codes: Vec<Arc<str>> = Vec::with_capacity(read.statement.rows.len());
    for row in &read.statement.rows {
        let currency = names.currency(file, row, &read.home_currency)?;
        amounts.push((minor(file, row, &currency)?, currency.key));
        codes.push(currency.code);
    }
    let identities: Vec<Identity> = read
        .statement
        .rows
        .iter()
        .zip(&codes)
        .map(|(row, code)| identity::of_statement_row(account_id, row, code))
        .collect();
    let keys: Vec<RowKey<'_>> = read
        .statement
        .rows
        .iter()
        .zip(&amounts)
        .zip(&identities)
        .map(|((row, (minor, currency)), identity)| RowKey {
            identity: *identity,
            date: row.date,
            currency: *currency,
            minor: *minor,
            reference: row.reference.as_deref(),
        })
        .collect();
    let held = held(session, &identities)?;
    let candidates = candidates(session, account_key, &read, &held)?;
    let fates = plan::plan(&keys, &held, &candidates);
    let suspense = names.suspense(ctx);
    let mut planned = Vec::with_capacity(fates.len());
    for (index, row) in read.statement.rows.iter().enumerate() {
        let is_new = fates[index] == Fate::New;
        planned.push(PlannedRow {
            identity: identities[index],
            fate: fates[index],
            id: if is_new { ctx.make_id() } else { Uuid::nil() },
            counter: if is_new {
                names.counter(ctx, row, &suspense)?
            } else {
                suspense.clone()
            },
            currency: codes[index].clone(),
        });
    }
    names.refuse_unknown(file)?;
    if !planned
        .iter()
        .any(|p| p.fate == Fate::New && p.counter == suspense)
    {
        names.forget(&suspense);
    }
    let books = proof::books(
        session,
        account_key,
        &read.statement,
        &names.chart,
        &amounts,
        &fates,
        &candidates,
    )?;
    let skipped = fates
        .iter()
        .filter(|f| matches!(f, Fate::Known { .. }))
        .count();
    let mut head = names.changes;
    head.push(Change::Import(ImportBatch {
        id: ctx.make_id(),
        file: file_name,
        sha256,
        format: read.statement.layout.clone(),
        account: Some(names.chart.account(account_key).path.clone()),
        skipped: skipped as u64,
    }));
    head.extend(
        books
            .iter()
            .filter_map(|proof| vouched(ctx, &names.chart, account_key, proof)),
    );
    let numbers = fates.iter().map(|fate| match fate {
        Fate::New => None,
        Fate::Matched { number, .. } | Fate::Known { number } => Some(*number).filter(|n| *n > 0),
    });
    Ok(Plan {
        file: file.to_owned(),
        account: account_key,
        numbers: numbers.collect(),
        planned,
        amounts,
        suspense,
        books,
        same_file: session
            .imports
            .iter()
            .rev()
            .find(|i| {
                i.head.sha256 == sha256
                    && !i.undone
                    && i.head.account.as_deref() == Some(&*read.account)
            })
            .cloned(),
        read,
        chart: names.chart,
        head,
        batch: None,
    })
}

/// What the statement says the account holds at its end: `check statement-unreconciled` compares it.
fn vouched(
    ctx: &mut Context,
    chart: &Chart,
    account: AccountKey,
    proof: &BooksProof,
) -> Option<Change> {
    let currency = chart.currency(proof.currency);
    Some(Change::Assertion(Assertion {
        id: ctx.make_id(),
        on: proof.as_of,
        account: chart.account(account).path.clone(),
        currency: currency.code.clone(),
        amount: from_minor(proof.statement?, currency.scale)?,
        subaccounts: false,
        source: STATEMENT.to_owned(),
        withdrawn: false,
    }))
}

impl Session {
    /// A statement's rows, for the files after it.
    pub(super) fn hold_statement(&mut self, plan: &Plan) {
        for planned in &plan.planned {
            match planned.fate {
                Fate::New => self.held.push(HeldRow {
                    identity: planned.identity,
                    number: 0,
                }),
                Fate::Matched { number, .. } => {
                    self.held.push(HeldRow {
                        identity: planned.identity,
                        number,
                    });
                    self.claimed.insert((plan.account, number));
                }
                Fate::Known { .. } => {}
            }
        }
    }
}

fn minor(file: &str, row: &StatementRow, currency: &Currency) -> Result<i64> {
    to_minor(row.amount, currency.scale).map_err(|error| {
        let why = format!("{} {}: {error}", row.amount, currency.code);
        let fault = Fault {
            line: Some(row.line),
            ..Fault::file("unreadable-amount", why)
        }
        .line_text(&row.raw);
        failure(file, fault)
    })
}

/// Stored rows of these identities, and those of this run.
fn held(session: &mut Session, identities: &[Identity]) -> Result<Vec<HeldRow>> {
    let mut wanted: Vec<i64> = identities.iter().map(|i| i.key).collect();
    wanted.sort_unstable();
    wanted.dedup();
    let known = if session.imports.is_empty() {
        Vec::new()
    } else {
        session.book.known_rows(&wanted)?
    };
    let mut held: Vec<HeldRow> = known
        .iter()
        // A row without the rest of its identity is of a journal: another row with the same key.
        .filter_map(|row| {
            Some(HeldRow {
                identity: Identity::of_stored(row.identity, row.raw.as_deref())?,
                number: row.number,
            })
        })
        .collect();
    held.extend(
        session
            .held
            .iter()
            .filter(|h| wanted.binary_search(&h.identity.key).is_ok()),
    );
    Ok(held)
}

/// What else moved the account around the statement's days, without what this account's imports brought.
fn candidates(
    session: &mut Session,
    account: AccountKey,
    read: &Read,
    held: &[HeldRow],
) -> Result<Vec<Candidate>> {
    let Some((first, last)) = read.statement.span() else {
        return Ok(Vec::new());
    };
    if account.0 as usize > session.book.chart()?.accounts().len() {
        return Ok(Vec::new());
    }
    let taken: HashSet<u64> = held.iter().map(|h| h.number).collect();
    let scan = Scan {
        from: Some(Day(Day::of(first).0 - REFERENCE_DAYS).date()),
        until: Some(Day(Day::of(last).0 + NEAR_DAYS + 1).date()),
        accounts: Some(vec![account]),
        ..Scan::default()
    };
    let mut found = Vec::new();
    session.book.scan(&scan, &mut |transaction| {
        if !taken.contains(&transaction.number.0) {
            found.extend(moves(&transaction, account));
        }
        ControlFlow::Continue(())
    })?;
    found.retain(|c| !session.claimed.contains(&(account, c.number)));
    let mut numbers: Vec<u64> = found.iter().map(|c| c.number).collect();
    numbers.sort_unstable();
    numbers.dedup();
    if numbers.is_empty() {
        return Ok(found);
    }
    let path = session.chart.account(account).path.clone();
    let ours: HashMap<u64, bool> = session
        .imports
        .iter()
        .filter(|i| !i.undone && i.head.account.as_deref() == Some(&*path))
        .map(|i| (i.batch, i.head.format == read.statement.layout))
        .collect();
    if ours.is_empty() {
        return Ok(found);
    }
    let mut sourced: BTreeMap<u64, bool> = BTreeMap::new();
    for row in session.book.sources_of(&numbers)? {
        if let Some(same_form) = ours.get(&row.batch) {
            *sourced.entry(row.number).or_default() |= same_form;
        }
    }
    found.retain_mut(|candidate| match sourced.get(&candidate.number) {
        None => true,
        Some(true) => false,
        Some(false) => {
            candidate.same_day_only = true;
            true
        }
    });
    Ok(found)
}

/// What a transaction moved of an account, one candidate a currency.
fn moves(transaction: &Transaction, account: AccountKey) -> Vec<Candidate> {
    let mut sums: BTreeMap<CurrencyKey, i64> = BTreeMap::new();
    for entry in transaction.entries.iter().filter(|e| e.account == account) {
        let sum = sums.entry(entry.currency).or_default();
        *sum = sum.saturating_add(entry.minor);
    }
    let moved = sums.into_iter().filter(|(_, minor)| *minor != 0);
    moved
        .map(|(currency, minor)| Candidate {
            number: transaction.number.0,
            date: transaction.date,
            currency,
            minor,
            reference: transaction.reference.clone(),
            same_day_only: false,
        })
        .collect()
}

/// The days of a statement, for messages.
pub fn last_day(statement: &Statement) -> Option<Date> {
    statement.span().map(|(_, last)| last)
}
