//! `hissab cash-flow`: where cash and bank balances came from and went to.

use std::ops::ControlFlow;

use jiff::civil::Date;

use super::sections::{Statement, StatementArgs};
use crate::book::Scan;
use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure, Result};
use crate::cli::looking::Looking;
use crate::ledger::currency::CurrencyKey;
use crate::ledger::totals::TotalsQuery;
use crate::reports::cash_flow::{CashFlowBuilder, Flows, ValuedCash, cash_flow, valued_cash_flow};
use crate::reports::valuation::Valuation;

/// Show where cash came from and went to, by the account on the other side
///
/// Moves between cash and bank are no flow; closing entries are left out. With -V or -X every flow is
/// valued on its own day, cash and bank as the balance sheet values them; the rest is conversion.
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
    let values = args.statement.values.clone();
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
    let scan = Scan {
        from: spans.cuts.first().copied().filter(|cut| *cut != Date::MIN),
        until: spans.cuts.last().copied().filter(|cut| *cut != Date::MAX),
        accounts: Some(liquid),
        ..Scan::default()
    };
    let whole = !filtered;
    let report = match looking.valued_in(&values)? {
        None => {
            let mut flows = gathered(looking, &scan, &spans.cuts, |_, currency, minor| {
                (currency, minor)
            })?;
            flows.flows = statement.with_unmoved(flows.flows, spans.columns.len());
            cash_flow(&statement.chart(), &flows, &cash, layout, whole)
        }
        Some(to) => {
            let prices = looking.prices()?;
            let today = looking.dates.today;
            let chart = looking.chart.clone();
            let ends: Vec<Date> = spans
                .columns
                .iter()
                .map(|c| c.to.unwrap_or(today))
                .collect();
            let mut valuation = Valuation {
                prices: &prices,
                to,
                days: Vec::new(),
                unconverted: Default::default(),
            };
            let mut flows = gathered(looking, &scan, &spans.cuts, |on, currency, minor| {
                let end = ends.iter().find(|end| **end >= on).or(ends.last());
                let days = [on, end.copied().unwrap_or(on)];
                valuation.at_one_of(&chart, minor, currency, &days)
            })?;
            // An open column ends today: so do its prices.
            let mut cuts = spans.cuts.clone();
            for (cut, end) in cuts.iter_mut().skip(1).zip(&ends) {
                *cut = end.tomorrow().unwrap_or(Date::MAX);
            }
            let held = ValuedCash::of(&chart, &cash, &cuts, |currency, minor, on| {
                valuation.one(&chart, minor, currency, on)
            });
            looking.warn_unconverted(ctx, &valuation);
            flows.flows = statement.with_unmoved(flows.flows, spans.columns.len());
            valued_cash_flow(&statement.chart(), flows, &held, layout, whole)
        }
    };
    let scope = statement.looking.scope_of_flows();
    let mut view = statement.view(&scope, &spans.columns);
    view.cash_flow(&report, whole);
    let empty = view.is_empty();
    statement.print(ctx, &view)?;
    if empty {
        statement.looking.explain_nothing(ctx)?;
    }
    Ok(Exit::Ok)
}

/// What the cash and bank of a query's transactions came from and went to, each flow as `value` values it.
fn gathered(
    looking: &mut Looking,
    scan: &Scan,
    cuts: &[Date],
    mut value: impl FnMut(Date, CurrencyKey, i128) -> (CurrencyKey, i128),
) -> Result<Flows> {
    let mut builder = CashFlowBuilder::new(&looking.chart, cuts);
    let matcher = looking.query.matcher(&looking.chart);
    looking.book.scan(scan, &mut |transaction| {
        let on = transaction.date;
        builder.add_at(
            &transaction,
            |entry| matcher.entry(&transaction, entry),
            |currency, minor| value(on, currency, minor),
        );
        ControlFlow::Continue(())
    })?;
    Ok(builder.finish())
}
