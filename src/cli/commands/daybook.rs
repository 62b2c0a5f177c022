//! `hissab daybook`: what was recorded for a day, void vouchers too, and what it did to the cash.

use crate::cli::commands::journal::{self, Wanted};
use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure, Result};
use crate::cli::looking::{Chosen, Filters, Looking, Periods};
use crate::cli::shown::ShownArgs;
use crate::ledger::account::AccountType;
use crate::ledger::period::Period;
use crate::ledger::totals::TotalsQuery;
use crate::render::Options;
use crate::render::views::JournalKind;

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
    let notes = cash_lines(&mut looking, &options)?;
    let wanted = Wanted {
        kind: JournalKind::DayBook,
        limit: None,
        reverse: args.reverse,
        voided: args.void || options.is_for_people(),
        words: Vec::new(),
        notes,
    };
    ctx.page()?;
    journal::write(ctx, &mut looking, &options, wanted)?;
    Ok(Exit::Ok)
}

/// What the period did to the cash accounts, a line a currency; nothing for a part of the book.
fn cash_lines(looking: &mut Looking, options: &Options) -> Result<Vec<String>> {
    if looking.is_filtered() || !options.is_for_people() {
        return Ok(Vec::new());
    }
    let chart = &looking.chart;
    let cash = chart
        .accounts()
        .iter()
        .filter(|a| a.account_type == AccountType::Cash);
    let query = TotalsQuery {
        cuts: looking.cuts(),
        accounts: Some(cash.map(|a| a.key).collect()),
    };
    if query.accounts.as_ref().is_none_or(Vec::is_empty) {
        return Ok(Vec::new());
    }
    let totals = looking.book.totals(&query)?;
    let people = options.people();
    let lines = looking.chart.currencies().iter().filter_map(|currency| {
        let rows = || totals.rows.iter().filter(|r| r.currency == currency.key);
        let opening: i128 = rows().map(|r| r.opening).sum();
        let closing: i128 = rows().map(|r| r.closing()).sum();
        let spans = || rows().flat_map(|r| &r.spans);
        let receipts: i128 = spans().map(|s| s.debit).sum();
        let payments: i128 = spans().map(|s| s.credit).sum();
        rows().next()?;
        let of = if looking.chart.currencies().len() > 1 {
            format!("Cash {}", currency.code)
        } else {
            "Cash".to_owned()
        };
        Some(format!(
            "{of}: opening {}, receipts {}, payments {}, closing {}",
            people.sided(opening, currency).trim_end(),
            people.magnitude(receipts, currency),
            people.magnitude(payments, currency),
            people.sided(closing, currency).trim_end(),
        ))
    });
    Ok(lines.collect())
}
