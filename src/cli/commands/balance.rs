//! `hissab balance`: what accounts hold, or how they changed, by period.

use std::collections::BTreeSet;

use jiff::civil::Date;

use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure, Result};
use crate::cli::looking::{Filters, Lines, Looking, Periods, Spans, Values};
use crate::cli::shown::{ShownArgs, show};
use crate::ledger::plural::counted;
use crate::render::Layout;
use crate::render::views::BalanceView;
use crate::reports::balance::{Shows, Sorted, Wanted, balance, columns};
use crate::reports::tree::Shape;
use crate::reports::valuation::{Columns, Valuation};

/// Show what accounts hold, or with a first day how they changed
///
/// Example: hissab balance expenses -M -p 2026
#[derive(clap::Args)]
pub struct Args {
    /// Query: account patterns, or desc: payee: cur: amt: tag: type: status: voucher: not: …
    pub query: Vec<String>,

    /// Balances at the end of each period, with everything before it
    #[arg(short = 'H', long, conflicts_with = "row_total")]
    historical: bool,

    /// Largest first
    #[arg(short = 'S', long)]
    sort_amount: bool,

    /// A column that adds the periods up
    #[arg(short = 'T', long)]
    row_total: bool,

    /// A column that averages the periods
    #[arg(short = 'A', long)]
    average: bool,

    /// Without the line of totals
    #[arg(short = 'N', long)]
    no_total: bool,

    /// The period before beside this one
    #[arg(long)]
    compare: bool,

    /// wide: a column a period; tidy: a row a period
    #[arg(long, value_name = "LAYOUT", value_parser = ["wide", "tidy"], default_value = "wide")]
    layout: String,

    /// At most this many lines
    #[arg(long, value_name = "N")]
    limit: Option<usize>,

    /// Last line first
    #[arg(long)]
    reverse: bool,

    #[command(flatten)]
    periods: Periods<true>,
    #[command(flatten)]
    filters: Filters,
    #[command(flatten)]
    lines: Lines,
    #[command(flatten)]
    values: Values,
    #[command(flatten)]
    shown: ShownArgs,
}

pub fn run(ctx: &mut Context, args: Args) -> Result<Exit> {
    let mut options = args.shown.options(ctx)?;
    if args.layout == "tidy" {
        options.layout = Layout::Tidy;
    }
    let filters = args.filters.clone().with_words(args.query.clone());
    let mut looking = Looking::open(ctx, &args.periods.0, &filters)?;
    looking.end_by_prices(&args.values);
    let spans = looking.spans(args.compare, "balance")?;
    let shows = if args.historical {
        Shows::Balances
    } else {
        Shows::Changes
    };
    let amounts = gather(ctx, &mut looking, &args.values, &spans, shows)?;
    let wanted = Wanted {
        shape: Shape {
            depth: looking.depth(args.lines.depth),
            tree: args.lines.tree,
            zeros: args.lines.empty,
        },
        sorted: if args.sort_amount {
            Sorted::Amount
        } else {
            Sorted::Chart
        },
        reversed: args.reverse,
        limit: args.limit,
    };
    let chart = looking.folded_chart(args.lines.depth);
    let report = balance(&chart, amounts, &looking.accounts(), wanted);
    let scope = looking.scope();
    let view = BalanceView {
        chart: &looking.chart,
        scope: &scope,
        report: &report,
        shows,
        columns: &spans.columns,
        layout: options.layout,
        row_total: args.row_total,
        row_average: args.average,
        no_total: args.no_total,
        notes: match report.hidden {
            0 => Vec::new(),
            _ if args.no_total => Vec::new(),
            hidden => vec![format!(
                "{} not shown; the total is of all.",
                counted(hidden as u64, "line")
            )],
        },
    };
    ctx.page()?;
    show(ctx, &options, &view)?;
    if report.lines.is_empty() {
        looking.explain_nothing(ctx)?;
    }
    Ok(Exit::Ok)
}

/// The amounts of every column, at cost or at market prices if that was asked for.
fn gather(
    ctx: &Context,
    looking: &mut Looking,
    values: &Values,
    spans: &Spans,
    shows: Shows,
) -> Result<Columns> {
    let to = looking.valued_in(values)?;
    if values.cost && to.is_some() {
        return Err(Failure::usage(
            "two-valuations",
            "--cost shows what was paid, -V and -X what it is worth: give one of them",
        ));
    }
    let totals = if values.cost {
        looking.totals_at_cost(&spans.cuts)?
    } else {
        looking.totals(&spans.cuts)?
    };
    let amounts = columns(&totals, shows);
    let Some(to) = to else {
        return Ok(amounts);
    };
    let prices = looking.prices()?;
    let last_days = spans.cuts[1..]
        .iter()
        .map(|cut| cut.yesterday().unwrap_or(Date::MIN));
    let mut valuation = Valuation {
        prices: &prices,
        to,
        days: last_days.collect(),
        unconverted: BTreeSet::new(),
    };
    let valued = valuation.columns(&looking.chart, amounts);
    looking.warn_unconverted(ctx, &valuation);
    Ok(valued)
}
