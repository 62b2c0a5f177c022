//! `hissab ageing`: what parties owe, by how long it has been open.

use super::parties::{Asked, PartyArgs};
use crate::cli::context::Context;
use crate::cli::error::{Exit, Result};
use crate::render;
use crate::render::views::AgeingView;
use crate::reports::ageing::ageing;

/// Show what every party owes by age: 0–30, 31–60, 61–90 and over 90 days
///
/// Age begins with the due date, else the date. Receipts settle the bill they name, else the oldest.
///
/// Example: hissab ageing --as-of 2026-03-31
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    #[command(flatten)]
    pub parties: PartyArgs,
}

pub fn run(ctx: &mut Context, args: Args) -> Result<Exit> {
    let asked = Asked::open(ctx, args.parties)?;
    let mut aged = ageing(&asked.open, asked.as_of);
    if asked.by_amount {
        aged.sort_by_key(|aged| std::cmp::Reverse(aged.total().unsigned_abs()));
    }
    ctx.page()?;
    let view = AgeingView {
        chart: &asked.chart,
        scope: &asked.scope,
        aged: &aged,
        totals: asked.totals,
    };
    render::write(&mut ctx.out, &asked.options, &view)?;
    Ok(Exit::Ok)
}
