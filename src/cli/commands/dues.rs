//! `hissab dues`: who owes, who is owed, and since when.

use super::parties::{Asked, PartyArgs};
use crate::cli::context::Context;
use crate::cli::error::{Exit, Result};
use crate::render;
use crate::render::views::DuesView;
use crate::reports::dues::dues;

/// Show what every party owes or is owed, and since when
///
/// Example: hissab dues ramesh
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    #[command(flatten)]
    pub parties: PartyArgs,
}

pub fn run(ctx: &mut Context, args: Args) -> Result<Exit> {
    let asked = Asked::open(ctx, args.parties)?;
    let mut dues = dues(&asked.open, asked.as_of);
    if asked.by_amount {
        dues.sort_by_key(|due| std::cmp::Reverse(due.balance.unsigned_abs()));
    }
    ctx.page()?;
    let view = DuesView {
        chart: &asked.chart,
        scope: &asked.scope,
        dues: &dues,
        totals: asked.totals,
    };
    render::write(&mut ctx.out, &asked.options, &view)?;
    Ok(Exit::Ok)
}
