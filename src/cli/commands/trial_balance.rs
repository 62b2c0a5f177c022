//! `hissab trial-balance`: does it all sum to zero?

use std::collections::BTreeSet;

use jiff::civil::Date;

use crate::cli::context::Context;
use crate::cli::error::{Exit, Result};
use crate::cli::looking::{Filters, Lines, Looking, Periods};
use crate::cli::shown::ShownArgs;
use crate::ledger::account::AccountKey;
use crate::ledger::fiscal::FiscalYear;
use crate::ledger::totals::{AccountTotal, Totals};
use crate::render::views::TrialBalanceView;
use crate::reports::open_years::YearsBefore;
use crate::reports::tree::Shape;
use crate::reports::trial_balance::{Proof, Wanted, cuts, of_period, trial_balance};

/// Show what every account holds, and prove that the books balance
///
/// With a first day it shows opening, debits, credits and closing; without one, closing balances
/// under debit or credit. Exits with 3 if the books do not prove.
///
/// Example: hissab tb --fy 2025-26
#[derive(clap::Args)]
pub struct Args {
    /// Query: account patterns, or desc: payee: cur: amt: tag: type: status: voucher: not: …
    pub query: Vec<String>,

    /// Opening, debits, credits and closing without a first day too
    #[arg(long)]
    movements: bool,

    #[command(flatten)]
    periods: Periods<false>,
    #[command(flatten)]
    filters: Filters,
    #[command(flatten)]
    lines: Lines,
    #[command(flatten)]
    shown: ShownArgs,
}

pub fn run(ctx: &mut Context, args: Args) -> Result<Exit> {
    let filters = args.filters.with_words(args.query);
    let mut looking = Looking::open(ctx, &args.periods.0, &filters)?;
    let (mut totals, unclosed) = gather(&mut looking)?;
    if args.lines.empty {
        add_unposted(&looking, &mut totals);
    }
    let wanted = Wanted {
        shape: Shape {
            depth: looking.depth(args.lines.depth),
            tree: args.lines.tree,
            zeros: args.lines.empty,
        },
        movements: args.movements || looking.period.from.is_some(),
    };
    let chart = looking.folded_chart(args.lines.depth);
    let mut report = trial_balance(&chart, &totals, looking.scope(), wanted);
    report.unclosed = unclosed;
    if report.unclosed.is_some()
        && let Some(first) = oldest_open(&mut looking)?
    {
        report.unclosed_first = Some(first.label());
        let lock = looking.info.settings.locked_to;
        report.unclosed_locked = lock.is_some_and(|lock| Some(lock) >= first.period().last_day());
    }
    report.head = looking.info.head.map(|hash| (looking.info.sequence, hash));
    let view = TrialBalanceView {
        chart: &looking.chart,
        report: &report,
    };
    args.shown.show(ctx, &view)?;
    if report.lines.is_empty() {
        looking.explain_nothing(ctx)?;
    }
    match report.proof {
        Proof::Failed(_) => Ok(Exit::Unproved),
        Proof::Proved | Proof::Filtered => Ok(Exit::Ok),
    }
}

/// The totals of the period, and the name of the last fiscal year before it if income or expenses
/// still carry what it left.
fn gather(looking: &mut Looking) -> Result<(Totals, Option<String>)> {
    let (period, fiscal) = (looking.period, looking.dates.fiscal);
    let totals = looking.totals(&cuts(period, fiscal))?;
    Ok(of_period(totals, &looking.chart, period, fiscal))
}

/// The oldest fiscal year before the period that is not closed.
fn oldest_open(looking: &mut Looking) -> Result<Option<FiscalYear>> {
    let from = looking.period.from.unwrap_or(Date::MIN);
    let year = looking.dates.fiscal.year_of(from);
    let span = looking.info.span;
    let Some(years) = span.and_then(|(first, _)| YearsBefore::of(year, first)) else {
        return Ok(None);
    };
    let totals = looking.book.totals(&years.query())?;
    Ok(years.oldest_open(&looking.chart, &totals))
}

/// Accounts nothing was ever posted to hold nothing.
fn add_unposted(looking: &Looking, totals: &mut Totals) {
    let Some(base) = looking.chart.currencies().first() else {
        return;
    };
    let posted: BTreeSet<AccountKey> = totals.rows.iter().map(|row| row.account).collect();
    let missing = looking
        .accounts()
        .into_iter()
        .filter(|key| !posted.contains(key));
    totals.rows.extend(missing.map(|account| AccountTotal {
        account,
        currency: base.key,
        opening: 0,
        spans: Vec::new(),
        count: 0,
    }));
}
