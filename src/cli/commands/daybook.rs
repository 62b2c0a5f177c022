//! `hissab daybook`: what was recorded for a day, void vouchers too, and what it did to the cash.

use crate::cli::commands::journal::{self, Wanted};
use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure, Result};
use crate::cli::looking::{Chosen, Filters, Looking, Periods};
use crate::cli::shown::ShownArgs;
use crate::ledger::period::Period;
use crate::ledger::totals::TotalsQuery;
use crate::render::views::JournalKind;
use crate::reports::day_cash::DayCashBuilder;

/// Show the vouchers of a day, today unless another is named, and what they did to the cash
///
/// Example: hissab daybook yesterday
#[derive(clap::Args)]
pub struct Args {
    /// A day or a period: yesterday, 5/4, 2026-04
    pub day: Option<String>,

    /// Newest first
    #[arg(long)]
    reverse: bool,

    /// Void vouchers in csv, tsv, json and ndjson too, where they would be counted
    #[arg(long)]
    void: bool,

    #[command(flatten)]
    periods: Periods<false>,
    #[command(flatten)]
    filters: Filters,
    #[command(flatten)]
    shown: ShownArgs,
}

pub fn run(ctx: &mut Context, args: Args) -> Result<Exit> {
    let options = args.shown.options(ctx)?;
    let periods = match args.day {
        Some(_) if !args.periods.0.is_empty() => {
            return Err(Failure::usage(
                "two-periods",
                "the days are given twice: as a word and by a flag",
            ));
        }
        Some(day) => Chosen::of_period(day),
        None => args.periods.0,
    };
    let mut looking = Looking::open(ctx, &periods, &args.filters)?;
    if periods.is_empty() {
        looking.period = Period::day(looking.dates.today);
    }
    let cash = cash(&mut looking)?;
    let wanted = Wanted {
        kind: JournalKind::DayBook,
        limit: None,
        reverse: args.reverse,
        voided: args.void || options.is_for_people(),
        words: Vec::new(),
        cash,
    };
    ctx.page()?;
    journal::write(ctx, &mut looking, &options, wanted)?;
    Ok(Exit::Ok)
}

/// The cash of the period; nothing for a part of the book, or for a book without cash.
fn cash(looking: &mut Looking) -> Result<Option<DayCashBuilder>> {
    let accounts = DayCashBuilder::accounts(&looking.chart);
    if looking.is_filtered() || accounts.is_empty() {
        return Ok(None);
    }
    let totals = looking.book.totals(&TotalsQuery {
        cuts: looking.cuts(),
        accounts: Some(accounts),
    })?;
    Ok(Some(DayCashBuilder::new(&looking.chart, &totals)))
}
