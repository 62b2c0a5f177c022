//! What decides the counter account of each row: rules, the file, or what earlier transactions suggest.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::Session;
use super::names::Names;
use super::planning::Plan;
use crate::book::{Order, Scan};
use crate::cli::context::Context;
use crate::cli::error::Result;
use crate::formats::plan::Fate;
use crate::formats::statement::StatementRow;
use crate::formats::suggest::{History, Past, Suggestion};
use crate::ledger::account::AccountKey;
use crate::ledger::chart::Chart;
use crate::ledger::transaction::Transaction;

/// How many transactions are looked back upon.
const REMEMBERED: u64 = 20_000;

/// What is asked of history.
#[derive(Debug, Clone, Default)]
pub struct Learning {
    /// Suggestions are wanted at all.
    pub wanted: bool,
    /// They are taken from this score on.
    pub accept: Option<u8>,
    /// Rows are gone through at the terminal.
    pub review: bool,
    /// Where the rules stand, for people.
    pub rules: String,
}

/// Why a row goes where it goes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Why {
    /// In words; empty where nothing was decided.
    pub text: String,
    /// For rows that no rule caught.
    pub suggestion: Option<Suggestion>,
}

/// Says why for each row of a planned statement, and takes the suggestions that are to be taken.
pub(super) fn learn(
    ctx: &mut Context,
    session: &mut Session,
    names: &mut Names,
    plan: &mut Plan,
    rules: &str,
) -> Result<()> {
    if !session.learning.wanted {
        return Ok(());
    }
    let open = |plan: &Plan, index: usize| {
        let planned = &plan.planned[index];
        planned.fate == Fate::New && planned.counter == plan.suspense && planned.splits.is_empty()
    };
    let any = (0..plan.planned.len()).any(|index| open(plan, index));
    let history = if any {
        history(session, plan)?
    } else {
        History::new(Vec::new())
    };
    let accept = session.learning.accept;
    for index in 0..plan.planned.len() {
        let row = &plan.read.statement.rows[index];
        let mut why = Why::default();
        if open(plan, index) {
            why.suggestion = history.suggest(&text_of(row), row.amount.is_sign_positive());
            why.text = why
                .suggestion
                .as_ref()
                .map_or("nothing like it before".to_owned(), Suggestion::why);
            if let Some(taken) = why
                .suggestion
                .as_ref()
                .filter(|s| accept.is_some_and(|min| s.score >= min))
            {
                let (account, payee) = (taken.account.clone(), taken.payee.clone());
                plan.planned[index].counter = names.known(ctx, &account)?;
                let row = &mut plan.read.statement.rows[index];
                row.payee = row.payee.take().or(payee);
                why.text.push_str(", accepted");
            }
        } else if plan.planned[index].fate == Fate::New {
            why.text = decided(row, rules);
        }
        plan.whys.push(why);
    }
    Ok(())
}

/// What a row is known by.
pub fn text_of(row: &StatementRow) -> String {
    match &row.payee {
        Some(payee) => format!("{} {payee}", row.description),
        None => row.description.clone(),
    }
}

fn decided(row: &StatementRow, rules: &str) -> String {
    match (
        row.category.rule,
        &row.category.account,
        &row.category.named,
    ) {
        (Some(line), ..) => format!("rule {rules}:{line}"),
        (None, Some(_), _) => format!("{rules}, for every row"),
        (None, None, Some(named)) => format!("the file's category {named}"),
        (None, None, None) => String::new(),
    }
}

/// Earlier transactions of the account that had one other account.
fn history(session: &mut Session, plan: &Plan) -> Result<History> {
    let Some(account) = session.chart.find(plan.account_path()).map(|a| a.key) else {
        return Ok(History::new(Vec::new()));
    };
    let scan = Scan {
        accounts: Some(vec![account]),
        order: Order::NewestFirst,
        limit: Some(REMEMBERED),
        ..Scan::default()
    };
    let (mut pasts, chart) = (Vec::new(), &session.chart);
    session.book.scan(&scan, &mut |transaction| {
        pasts.extend(past(&transaction, account, chart, &plan.suspense));
        ControlFlow::Continue(())
    })?;
    Ok(History::new(pasts))
}

fn past(
    transaction: &Transaction,
    account: AccountKey,
    chart: &Chart,
    suspense: &Arc<str>,
) -> Option<Past> {
    let moved: i64 = transaction
        .entries
        .iter()
        .filter(|e| e.account == account)
        .map(|e| e.minor)
        .fold(0, i64::saturating_add);
    let mut others = transaction.entries.iter().filter(|e| e.account != account);
    let counter = chart.account(others.next()?.account);
    if others.next().is_some() || counter.path == *suspense || counter.closed_on.is_some() {
        return None;
    }
    let payee = transaction.payee.as_ref().map(ToString::to_string);
    Some(Past {
        number: transaction.number.0,
        text: format!(
            "{} {}",
            transaction.description,
            payee.as_deref().unwrap_or("")
        ),
        payee,
        counter: counter.path.clone(),
        money_in: moved >= 0,
    })
}
