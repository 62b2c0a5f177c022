//! `hissab register`: entries of any accounts in order of date, with a running total.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::ControlFlow;

use jiff::civil::Date;

use crate::book::Order;
use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure, Result};
use crate::cli::looking::{Filters, Looking, Periods, Values, scan_with};
use crate::cli::shown::ShownArgs;
use crate::ledger::currency::CurrencyKey;
use crate::ledger::totals::Totals;
use crate::ledger::transaction::{Entry, Transaction};
use crate::render::Options;
use crate::render::views::{RegisterLine, RegisterWriter};
use crate::reports::valuation::{Prices, Valuation};

/// Show entries in order of date, with a running total
///
/// Example: hissab register expenses -p 2026-04
#[derive(clap::Args)]
pub struct Args {
    /// Query: account patterns, or desc: payee: cur: amt: tag: type: status: voucher: not: …
    pub query: Vec<String>,

    /// Start the running total with what was there before the first day
    #[arg(short = 'H', long)]
    historical: bool,

    /// Only the last this many entries
    #[arg(long, value_name = "N")]
    limit: Option<usize>,

    /// Newest first
    #[arg(long)]
    reverse: bool,

    /// Void transactions too
    #[arg(long)]
    void: bool,

    #[command(flatten)]
    periods: Periods<false>,
    #[command(flatten)]
    filters: Filters,
    #[command(flatten)]
    values: Values,
    #[command(flatten)]
    shown: ShownArgs,
}

pub fn run(ctx: &mut Context, args: Args) -> Result<Exit> {
    let options = args.shown.options(ctx)?;
    let filters = args.filters.clone().with_words(args.query.clone());
    let mut looking = Looking::open(ctx, &args.periods.0, &filters)?;
    looking.end_by_prices(&args.values);
    let to = looking.valued_in(&args.values)?;
    if args.values.cost && to.is_some() {
        return Err(Failure::usage(
            "two-valuations",
            "--cost shows what was paid, -V and -X what it is worth: give one of them",
        ));
    }
    ctx.page()?;
    ctx.out.end_with_reader();
    let backward = args.reverse || args.limit.is_some();
    let any = if backward && !args.values.cost && to.is_none() {
        backwards(ctx, &mut looking, &options, &args)?
    } else {
        forwards(ctx, &mut looking, &options, &args, to)?
    };
    if !any {
        looking.explain_nothing(ctx)?;
    }
    Ok(Exit::Ok)
}

/// Newest first from the totals, so that the last entries cost what they show. True if there were any.
fn backwards(
    ctx: &mut Context,
    looking: &mut Looking,
    options: &Options,
    args: &Args,
) -> Result<bool> {
    let totals = looking.totals(&looking.cuts())?;
    let mut running = balances(&totals, args.historical);
    let scope = looking.scope();
    let chart = looking.chart.clone();
    let scan = looking.scan(Order::NewestFirst, args.void);
    let matcher = looking.query.matcher(&looking.chart);
    let mut writer = RegisterWriter::begin(&mut ctx.out, options, &chart, &scope)?;
    let mut held: Vec<(Transaction, usize, i128)> = Vec::new();
    let mut left = args.limit.unwrap_or(usize::MAX);
    scan_with(looking.book.as_mut(), &scan, |transaction| {
        for (index, entry) in transaction.entries.iter().enumerate().rev() {
            if left == 0 {
                return Ok(ControlFlow::Break(()));
            }
            if !matcher.entry(&transaction, entry) {
                continue;
            }
            left -= 1;
            let balance = running.entry(entry.currency).or_default();
            let after = *balance;
            if !transaction.is_void() {
                *balance -= i128::from(entry.minor);
            }
            if args.reverse {
                writer.line(&line(&transaction, entry, after))?;
            } else {
                held.push((transaction.clone(), index, after));
            }
        }
        Ok(ControlFlow::Continue(()))
    })?;
    for (transaction, index, balance) in held.iter().rev() {
        writer.line(&line(transaction, &transaction.entries[*index], *balance))?;
    }
    let any = writer.any();
    writer.end()?;
    Ok(any)
}

fn line<'a>(transaction: &'a Transaction, entry: &'a Entry, balance: i128) -> RegisterLine<'a> {
    RegisterLine {
        transaction,
        entry,
        minor: entry.minor.into(),
        currency: entry.currency,
        balance,
    }
}

/// What the running total starts with: everything up to the last day, or of the period only.
fn balances(totals: &Totals, historical: bool) -> BTreeMap<CurrencyKey, i128> {
    let mut sums = BTreeMap::new();
    for row in &totals.rows {
        let before = if historical { 0 } else { row.opening };
        *sums.entry(row.currency).or_default() += row.closing() - before;
    }
    sums
}

/// A line kept until the last ones are known.
struct Kept {
    transaction: Transaction,
    index: usize,
    minor: i128,
    currency: CurrencyKey,
    balance: i128,
}

/// Oldest first. True if there were any.
fn forwards(
    ctx: &mut Context,
    looking: &mut Looking,
    options: &Options,
    args: &Args,
    to: Option<CurrencyKey>,
) -> Result<bool> {
    let prices = match to {
        Some(_) => looking.prices()?,
        None => Prices::default(),
    };
    let until = looking
        .period
        .until
        .and_then(|until| until.yesterday().ok());
    let mut counting = Counting {
        to,
        cost: args.values.cost,
        on: until.unwrap_or(Date::MAX),
        valuation: Valuation {
            prices: &prices,
            to: to.unwrap_or(CurrencyKey(1)),
            days: Vec::new(),
            unconverted: BTreeSet::new(),
        },
    };
    let scope = looking.scope();
    let chart = looking.chart.clone();
    let mut scan = looking.scan(Order::OldestFirst, args.void);
    let shown_from = looking.period.from;
    let mut running: BTreeMap<CurrencyKey, i128> = BTreeMap::new();
    if args.historical {
        // What was there before is summed up like the rest: at cost, or valued.
        scan.from = None;
    }
    let matcher = looking.query.matcher(&looking.chart);
    let mut writer = RegisterWriter::begin(&mut ctx.out, options, &chart, &scope)?;
    let mut kept: VecDeque<Kept> = VecDeque::new();
    let keeps = args.reverse || args.limit.is_some();
    let limit = args.limit.unwrap_or(usize::MAX);
    scan_with(looking.book.as_mut(), &scan, |transaction| {
        for (index, entry) in transaction.entries.iter().enumerate() {
            if !matcher.entry(&transaction, entry) {
                continue;
            }
            let (currency, minor) = counting.of(&chart, entry);
            let balance = running.entry(currency).or_default();
            if !transaction.is_void() {
                *balance += minor;
            }
            let balance = *balance;
            if shown_from.is_some_and(|from| transaction.date < from) {
                continue;
            }
            if keeps {
                kept.push_back(Kept {
                    transaction: transaction.clone(),
                    index,
                    minor,
                    currency,
                    balance,
                });
                if kept.len() > limit {
                    kept.pop_front();
                }
                continue;
            }
            writer.line(&RegisterLine {
                transaction: &transaction,
                entry,
                minor,
                currency,
                balance,
            })?;
        }
        Ok(ControlFlow::Continue(()))
    })?;
    if args.reverse {
        kept.make_contiguous().reverse();
    }
    for kept in &kept {
        writer.line(&RegisterLine {
            transaction: &kept.transaction,
            entry: &kept.transaction.entries[kept.index],
            minor: kept.minor,
            currency: kept.currency,
            balance: kept.balance,
        })?;
    }
    let any = writer.any();
    writer.end()?;
    looking.warn_unconverted(ctx, &counting.valuation);
    Ok(any)
}

/// What an entry counts for: its amount, its cost, or its value on the last day.
struct Counting<'a> {
    to: Option<CurrencyKey>,
    cost: bool,
    on: Date,
    valuation: Valuation<'a>,
}

impl Counting<'_> {
    fn of(&mut self, chart: &crate::ledger::chart::Chart, entry: &Entry) -> (CurrencyKey, i128) {
        if self.cost {
            let (minor, currency) = entry.weight();
            return (currency, minor.into());
        }
        let minor = i128::from(entry.minor);
        match self.to {
            Some(_) => self.valuation.one(chart, minor, entry.currency, self.on),
            None => (entry.currency, minor),
        }
    }
}
