//! `hissab journal`: whole transactions in order of date.

use std::collections::BTreeMap;
use std::io;
use std::ops::ControlFlow;

use jiff::tz::TimeZone;

use crate::book::{Book, Order, Scan};
use crate::cli::context::Context;
use crate::cli::error::{Exit, Result};
use crate::cli::looking::{Filters, Looking, Periods, scan_with};
use crate::cli::shown::ShownArgs;
use crate::formats::journal::write::{JournalWriter as PlainText, WriteOptions};
use crate::ledger::change::Target;
use crate::ledger::transaction::{Number, State, Transaction};
use crate::render::views::{JournalKind, JournalWriter, VoidNote};
use crate::render::{Format, Options};
use crate::reports::day_cash::DayCashBuilder;

/// Show transactions with all their entries
///
/// Example: hissab journal -p 2026-04 desc:rent
#[derive(clap::Args)]
#[group(skip)]
pub struct Args {
    /// Query: account patterns, or desc: payee: cur: amt: tag: type: status: voucher: not: …
    pub query: Vec<String>,

    /// Only the last this many transactions
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
    pub shown: ShownArgs,
}

pub fn run(ctx: &mut Context, args: Args) -> Result<Exit> {
    let options = args.shown.options(ctx)?;
    run_as(ctx, args, &options)
}

/// The journal in a form that is settled.
pub fn run_as(ctx: &mut Context, args: Args, options: &Options) -> Result<Exit> {
    let filters = args.filters.with_words(args.query);
    let mut looking = Looking::open(ctx, &args.periods.0, &filters)?;
    let wanted = Wanted {
        kind: JournalKind::Journal,
        limit: args.limit,
        reverse: args.reverse,
        voided: args.void,
        words: Vec::new(),
        cash: None,
    };
    ctx.page()?;
    write(ctx, &mut looking, options, wanted)?;
    Ok(Exit::Ok)
}

/// How a journal is to be shown.
pub struct Wanted {
    pub kind: JournalKind,
    pub limit: Option<usize>,
    pub reverse: bool,
    pub voided: bool,
    /// Beginnings of words that their text must have.
    pub words: Vec<String>,
    /// The cash of the days, to be told below.
    pub cash: Option<DayCashBuilder>,
}

impl Wanted {
    fn order(&self) -> Order {
        if self.reverse || self.limit.is_some() {
            Order::NewestFirst
        } else {
            Order::OldestFirst
        }
    }
}

/// Writes the transactions the query means, as they come from the book.
pub fn write(
    ctx: &mut Context,
    looking: &mut Looking,
    options: &Options,
    mut wanted: Wanted,
) -> Result<()> {
    ctx.out.end_with_reader();
    let scope = looking.scope();
    let chart = looking.chart.clone();
    let order = wanted.order();
    let scan = Scan {
        words: wanted.words.clone(),
        ..looking.scan(order, wanted.voided)
    };
    let shown = if options.format == Format::Hledger {
        let options = WriteOptions::default();
        let mut writer = PlainText::new(&mut ctx.out, chart, options);
        let shown = each(looking, &scan, &wanted, |t| writer.transaction(t))?;
        writer.finish()?;
        shown
    } else {
        let for_people = options.is_for_people();
        let voids = if for_people && wanted.voided && looking.info.voided > 0 {
            void_notes(looking, &scan)?
        } else {
            BTreeMap::new()
        };
        let mut writer = JournalWriter::begin(&mut ctx.out, options, &chart, &scope, wanted.kind)?;
        writer.with_cash(wanted.cash.take());
        let shown = each(looking, &scan, &wanted, |t| {
            writer.transaction(t, |_| true, voids.get(&t.number))
        })?;
        writer.end()?;
        shown
    };
    if shown == 0 {
        looking.explain_nothing(ctx)?;
    }
    Ok(())
}

/// Goes through what the query means, the last ones only if they are limited; gives their number.
fn each(
    looking: &mut Looking,
    scan: &Scan,
    wanted: &Wanted,
    mut write: impl FnMut(&Transaction) -> io::Result<()>,
) -> Result<u64> {
    let matcher = looking.query.matcher(&looking.chart);
    let mut shown = 0;
    let mut held: Vec<Transaction> = Vec::new();
    let mut left = wanted.limit.unwrap_or(usize::MAX);
    scan_with(looking.book.as_mut(), scan, |transaction| {
        if left == 0 {
            return Ok(ControlFlow::Break(()));
        }
        if !matcher.transaction(&transaction) {
            return Ok(ControlFlow::Continue(()));
        }
        left -= 1;
        shown += 1;
        if wanted.limit.is_some() && !wanted.reverse {
            // The last ones, oldest first: they come the other way round.
            held.push(transaction);
        } else {
            write(&transaction)?;
        }
        Ok(ControlFlow::Continue(()))
    })?;
    for transaction in held.iter().rev() {
        write(transaction)?;
    }
    Ok(shown)
}

/// Who voided what, when and why. A pass of its own: a book answers one question at a time.
fn void_notes(looking: &mut Looking, scan: &Scan) -> Result<BTreeMap<Number, VoidNote>> {
    let mut notes: BTreeMap<Number, VoidNote> = BTreeMap::new();
    looking.book.scan(scan, &mut |transaction| {
        if let State::Void { reason } = &transaction.state {
            let note = VoidNote {
                reason: reason.clone(),
                ..VoidNote::default()
            };
            notes.insert(transaction.number, note);
        }
        ControlFlow::Continue(())
    })?;
    let zone =
        crate::cli::environment::zone(&looking.info.settings.timezone).unwrap_or(TimeZone::UTC);
    for (number, note) in &mut notes {
        complete(looking.book.as_mut(), *number, note, &zone)?;
    }
    Ok(notes)
}

fn complete(
    book: &mut dyn Book,
    number: Number,
    note: &mut VoidNote,
    zone: &TimeZone,
) -> Result<()> {
    let history = book.history(Target::Number(number))?;
    if let Some(last) = history.last() {
        note.who = Some(last.record.who.clone());
        note.on = Some(last.record.at.to_zoned(zone.clone()).date());
    }
    Ok(())
}
