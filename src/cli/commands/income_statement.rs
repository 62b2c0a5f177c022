//! `hissab income-statement`: what was earned and what it cost.

use super::sections::{Statement, StatementArgs};
use crate::cli::context::Context;
use crate::cli::error::{Exit, Result};
use crate::reports::income_statement::{income_statement, movements, of_result};

/// Show what was earned, what it cost, and what is left
///
/// Closing entries are left out: a closed year shows what it earned.
///
/// Example: hissab is --fy 2025-26 -Q
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    #[command(flatten)]
    pub statement: StatementArgs,
}

pub fn run(ctx: &mut Context, args: Args) -> Result<Exit> {
    let mut statement = Statement::open(ctx, args.statement)?;
    let compare = statement.compare();
    let spans = statement.looking.spans(compare, "amount")?;
    let totals = statement.totals(&spans.cuts)?;
    let moved = of_result(&statement.looking.chart, movements(&totals));
    let amounts = statement.amounts(ctx, moved, &spans.columns)?;
    let report = income_statement(&statement.chart(), &amounts, statement.layout());
    let scope = statement.looking.scope_of_flows();
    let mut view = statement.view(&scope, &spans.columns);
    view.income_statement(&report);
    let empty = view.is_empty();
    statement.print(ctx, &view)?;
    if empty {
        statement.looking.explain_nothing(ctx)?;
    }
    Ok(Exit::Ok)
}
