//! `hissab balance-sheet`: what is owned, owed, and the owner's.

use jiff::ToSpan;
use jiff::civil::Date;

use super::sections::{Statement, StatementArgs};
use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure, Result};
use crate::cli::looking::Spans;
use crate::ledger::period::people_date;
use crate::render::views::PeriodColumn;
use crate::render::views::statements::owing;
use crate::reports::balance_sheet::{
    balance_sheet, closing_balances, conversions, valued_balance_sheet,
};
use crate::reports::scope::Scope;

/// Show what is owned, what is owed and what is the owner's
///
/// At the end of the period; a column for the end of each with -M, -Q, -Y. Exits with 3 if it does
/// not balance.
///
/// Example: hissab bs --as-of 2026-03-31
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    #[command(flatten)]
    pub statement: StatementArgs,
}

pub fn run(ctx: &mut Context, args: Args) -> Result<Exit> {
    if args.statement.row_total {
        let words = "-T does not apply: the columns of a balance sheet are balances of different days, and their sum is none";
        return Err(Failure::usage("flag-does-not-apply", words));
    }
    let mut statement = Statement::open(ctx, args.statement)?;
    let spans = spans(&mut statement)?;
    let totals = statement.totals(&spans.cuts)?;
    let whole = !statement.looking.is_filtered();
    let balances = closing_balances(&totals);
    let amounts = statement.amounts(ctx, balances, &spans.columns)?;
    let report = {
        let (chart, layout) = (&*statement.chart(), statement.layout());
        match statement.is_valued() {
            // What prices have added since belongs to nobody's account.
            true => valued_balance_sheet(chart, &amounts, layout, whole),
            false => balance_sheet(chart, &amounts, &conversions(&totals), layout, whole),
        }
    };
    let owing = owing(&report);
    // One balance is of everything up to its day; several are of the days between.
    let scope = Scope {
        from: match spans.columns.as_slice() {
            [_] => None,
            several => several.first().and_then(|column| column.from),
        },
        ..statement.looking.scope()
    };
    let mut view = statement.view(&scope, &spans.columns);
    view.balance_sheet(&report, &owing);
    let empty = view.is_empty();
    statement.print(ctx, &view)?;
    if empty {
        statement.looking.explain_nothing(ctx)?;
    }
    Ok(match report.proved {
        Some(false) => Exit::Unproved,
        _ => Exit::Ok,
    })
}

/// The ends of the periods; compared without a beginning, the same day a year before.
fn spans(statement: &mut Statement) -> Result<Spans> {
    let compare = statement.compare();
    let looking = &mut statement.looking;
    let period = looking.period;
    if !compare || period.from.is_some() || looking.interval.is_some() {
        return looking.spans(compare, "amount");
    }
    let last = looking.info.span.map(|(_, last)| last);
    let end = period.last_day().or(last).unwrap_or(looking.dates.today);
    let before = end.checked_sub(1.year()).unwrap_or(Date::MIN);
    let column = |day: Date| PeriodColumn {
        name: day.to_string(),
        heading: people_date(day),
        from: None,
        to: Some(day),
    };
    let after = |day: Date| day.tomorrow().unwrap_or(Date::MAX);
    Ok(Spans {
        cuts: vec![Date::MIN, after(before), after(end)],
        columns: vec![column(before), column(end)],
    })
}
