//! `hissab income-statement`: what was earned and what it cost.

use super::sections::{Statement, StatementArgs};
use crate::cli::context::Context;
use crate::cli::error::{Exit, Result};
use crate::render::People;
use crate::render::views::{Footer, days_and_year};
use crate::reports::income_statement::{income_statement, movements};
use crate::reports::sections::Side;

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
    let amounts = statement.amounts(ctx, movements(&totals), &spans.columns)?;
    let report = income_statement(&statement.chart(), &amounts, statement.layout());
    let scope = statement.looking.scope();
    let loss = spans.columns.len() == 1 && report.net.values().flatten().all(|minor| *minor >= 0);
    let loss = loss && report.net.values().flatten().any(|minor| *minor > 0);
    let mut view = statement.view(&scope, &spans.columns);
    view.schema = "income-statement/1";
    view.title = "Income statement";
    view.days = days_and_year(&scope, &People::default());
    view.sections = &report.sections;
    view.footers = vec![Footer {
        name: "net",
        label: if loss { "Net loss" } else { "Net profit" },
        side: if loss { Side::Debit } else { Side::Credit },
        amounts: &report.net,
    }];
    view.notes = scope
        .filtered
        .then(|| "Filtered: a part of the result.".to_owned())
        .into_iter()
        .collect();
    statement.print(ctx, &view)?;
    Ok(Exit::Ok)
}
