//! `hissab cash-flow`: where cash and bank balances came from and went to.

use std::ops::ControlFlow;

use jiff::civil::Date;

use super::sections::{Statement, StatementArgs};
use crate::book::Scan;
use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure, Result};
use crate::ledger::totals::TotalsQuery;
use crate::reports::cash_flow::{CashFlowBuilder, cash_flow};

/// Show where cash came from and went to, by the account on the other side
///
/// Moves between cash and bank are no flow; closing entries are left out.
///
/// Example: hissab cf -p 2026-04
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    #[command(flatten)]
    pub statement: StatementArgs,
}

pub fn run(ctx: &mut Context, args: Args) -> Result<Exit> {
    if args.statement.values.cost {
        let words = "--cost does not apply: a cash flow is what moved, not what was paid for it";
        return Err(Failure::usage("flag-does-not-apply", words));
    }
    let mut statement = Statement::open(ctx, args.statement)?;
    let compare = statement.compare();
    let spans = statement.looking.spans(compare, "amount")?;
    let layout = statement.layout();
    let looking = &mut statement.looking;
    let filtered = looking.is_filtered();
    let liquid = CashFlowBuilder::liquid(&looking.chart);
    let cash = looking.book.totals(&TotalsQuery {
        cuts: spans.cuts.clone(),
        accounts: Some(liquid.clone()),
    })?;
    let mut builder = CashFlowBuilder::new(&looking.chart, &spans.cuts);
    let matcher = looking.query.matcher(&looking.chart);
    let scan = Scan {
        from: spans.cuts.first().copied().filter(|cut| *cut != Date::MIN),
        until: spans.cuts.last().copied().filter(|cut| *cut != Date::MAX),
        accounts: Some(liquid),
        ..Scan::default()
    };
    looking.book.scan(&scan, &mut |transaction| {
        builder.add(&transaction, |entry| matcher.entry(&transaction, entry));
        ControlFlow::Continue(())
    })?;
    let mut flows = builder.finish();
    drop(matcher);
    let moved = std::mem::take(&mut flows.flows);
    flows.flows = statement.amounts(ctx, moved, &spans.columns)?;
    let chart = &*statement.chart();
    let whole = !filtered && !statement.is_valued();
    let report = cash_flow(chart, &flows, &cash, layout, whole);
    let scope = statement.looking.scope();
    let mut view = statement.view(&scope, &spans.columns);
    view.cash_flow(&report, whole);
    statement.print(ctx, &view)?;
    Ok(Exit::Ok)
}
