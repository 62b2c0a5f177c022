//! A statement against the book: what each row becomes, and the unit it is written as.

use std::sync::Arc;

use jiff::civil::Date;
use uuid::Uuid;

use super::earlier::Bank;
use super::learning::Why;
use super::names::Names;
use super::proof::{self, BooksProof};
use super::reading::Read;
use super::{Session, failure, transfers};
use crate::book::ImportRow;
use crate::cli::context::Context;
use crate::cli::error::Result;
use crate::formats::changes::{PlannedRow, rest_of};
use crate::formats::fault::Fault;
use crate::formats::identity::{self, Identity};
use crate::formats::plan::{self, Fate, HeldRow, RowKey};
use crate::formats::spread::spread;
use crate::formats::statement::{Statement, StatementRow};
use crate::ledger::account::AccountKey;
use crate::ledger::change::{Assertion, Change};
use crate::ledger::chart::Chart;
use crate::ledger::currency::{Currency, CurrencyKey};
use crate::ledger::money::{from_minor, to_minor};
use crate::reports::check::assertion::STATEMENT;

/// A statement with everything settled.
pub struct Plan {
    pub file: String,
    pub read: Read,
    pub account: AccountKey,
    pub account_id: Uuid,
    pub planned: Vec<PlannedRow>,
    /// Why each row goes where it goes; empty unless somebody asked.
    pub whys: Vec<Why>,
    /// Minor units and currency of each row.
    pub amounts: Vec<(i64, CurrencyKey)>,
    /// Transaction numbers of rows, where they are known.
    pub numbers: Vec<Option<u64>>,
    pub suspense: Arc<str>,
    pub books: Vec<BooksProof>,
    /// An earlier import of exactly this file.
    pub same_file: Option<ImportRow>,
    /// The book's names as the import finds or makes them.
    pub chart: Arc<Chart>,
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
                    let splits = planned.splits.contains(&self.suspense);
                    counts.to_suspense += usize::from(planned.counter == self.suspense || splits);
                }
                Fate::Matched { .. } | Fate::Paired { .. } => counts.matched += 1,
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

    pub fn account_path(&self) -> &Arc<str> {
        &self.chart.account(self.account).path
    }
}

/// Plans one statement of a file; `earlier` are those before it.
///
/// Errors: accounts or currencies that are not there, amounts the book cannot hold.
pub(super) fn plan(
    ctx: &mut Context,
    session: &mut Session,
    names: &mut Names,
    file: &str,
    read: Read,
    earlier: &[Plan],
) -> Result<Plan> {
    let account = names.bank_account(ctx, &read.account)?;
    let (account_key, account_id) = (account.key, account.id);
    let mut amounts = Vec::with_capacity(read.statement.rows.len());
    let mut codes: Vec<Arc<str>> = Vec::with_capacity(read.statement.rows.len());
    for row in &read.statement.rows {
        let currency = names.currency(file, row, &read.home_currency)?;
        amounts.push((minor(file, row, &currency)?, currency.key));
        codes.push(currency.code);
    }
    let rows: Vec<_> = read.statement.rows.iter().zip(&codes).collect();
    let identities: Vec<Identity> = spread(
        &rows,
        || (),
        |(), (row, code)| identity::of_statement_row(account_id, row, code),
    );
    let keys = row_keys(&read.statement, &amounts, &identities);
    let bank = Bank::of(session, account_key, account_id)?;
    let mut held = bank.held(session, &rows, &identities)?;
    let in_file = transfers::into(earlier, &account.path);
    let around = bank.around(session, &read.statement, &held)?;
    let again = bank.reordered(session, &rows, &identities, &held, around.same_form)?;
    held.extend(again);
    let mut candidates = around.candidates;
    candidates.extend(in_file.candidates());
    let mut fates = plan::plan(&keys, &held, &candidates);
    in_file.settle(&mut fates);
    let suspense = names.suspense(ctx);
    let mut planned = Vec::with_capacity(fates.len());
    for (index, row) in read.statement.rows.iter().enumerate() {
        let mut planned_row = PlannedRow {
            identity: identities[index],
            fate: fates[index],
            id: Uuid::nil(),
            counter: suspense.clone(),
            splits: Vec::new(),
            currency: codes[index].clone(),
        };
        if fates[index] == Fate::New {
            planned_row.id = ctx.make_id();
            (planned_row.counter, planned_row.splits) = names.counter(ctx, row, &suspense)?;
            if let Some(first) = planned_row.splits.first()
                && rest_of(row).is_zero()
            {
                planned_row.counter = first.clone();
            }
        }
        planned.push(planned_row);
    }
    candidates.retain(|c| !in_file.is_one(c));
    let books = proof::books(
        session,
        account_key,
        &read.statement,
        &names.chart,
        &amounts,
        &fates,
        &candidates,
    )?;
    Ok(Plan {
        file: file.to_owned(),
        account: account_key,
        account_id,
        numbers: fates.iter().map(|f| number_of(*f)).collect(),
        planned,
        whys: Vec::new(),
        amounts,
        suspense,
        books,
        same_file: None,
        read,
        chart: Arc::new(names.chart.clone()),
        batch: None,
    })
}

fn row_keys<'a>(
    statement: &'a Statement,
    amounts: &[(i64, CurrencyKey)],
    identities: &[Identity],
) -> Vec<RowKey<'a>> {
    let rows = statement.rows.iter().zip(amounts).zip(identities);
    rows.map(|((row, (minor, currency)), identity)| RowKey {
        identity: *identity,
        date: row.date,
        currency: *currency,
        minor: *minor,
        reference: row.reference.as_deref(),
        others: others(row),
    })
    .collect()
}

/// The accounts a row names as its other side, if it or its file says anything of that.
fn others(row: &StatementRow) -> Option<Vec<&str>> {
    let category = &row.category;
    let says = category.counter_number.is_some()
        || category.named.is_some()
        || !category.splits.is_empty();
    let splits = category.splits.iter().map(|split| &split.account);
    let accounts = std::iter::once(&category.account).chain(splits);
    says.then(|| accounts.filter_map(Option::as_deref).collect())
}

fn number_of(fate: Fate) -> Option<u64> {
    match fate {
        Fate::New | Fate::Paired { .. } => None,
        Fate::Matched { number, .. } | Fate::Known { number } => Some(number).filter(|n| *n > 0),
    }
}

/// What the statement says the account holds at its end: `check statement-unreconciled` compares it.
pub(super) fn vouched(
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
                Fate::New | Fate::Paired { .. } => self.held.push(HeldRow {
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

/// The days of a statement, for messages.
pub fn last_day(statement: &Statement) -> Option<Date> {
    statement.span().map(|(_, last)| last)
}
