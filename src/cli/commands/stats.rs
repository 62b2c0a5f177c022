//! `hissab stats`: what a book holds, counted.

use std::ops::ControlFlow;

use crate::book::Order;
use crate::cli::context::Context;
use crate::cli::error::{Exit, Result};
use crate::cli::looking::{Filters, Looking, Periods};
use crate::cli::shown::ShownArgs;
use crate::render::views::{self, ListView, days};
use crate::render::{Cell, Column, People};
use crate::reports::stats::{Stats, StatsBuilder};

/// Count what the book holds
///
/// Example: hissab stats --fy 2025-26
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// Query: only these transactions
    pub query: Vec<String>,

    #[command(flatten)]
    pub periods: Periods<false>,
    #[command(flatten)]
    pub filters: Filters,
    #[command(flatten)]
    pub shown: ShownArgs,
}

pub fn run(ctx: &mut Context, args: Args) -> Result<Exit> {
    let filters = args.filters.with_words(args.query);
    let mut looking = Looking::open(ctx, &args.periods.0, &filters)?;
    let scan = looking.scan(Order::OldestFirst, true);
    let matcher = looking.query.matcher(&looking.chart);
    let mut builder = StatsBuilder::default();
    looking.book.scan(&scan, &mut |transaction| {
        if matcher.transaction(&transaction) {
            builder.add(&transaction);
        }
        ControlFlow::Continue(())
    })?;
    let scope = looking.scope();
    let view = ListView {
        schema: "stats/1",
        title: vec![
            "Stats".to_owned(),
            scope.book.clone(),
            days(&scope, &People::default()),
        ],
        columns: vec![Column::text("what"), Column::text("value")],
        headings: vec!["What", "Value"],
        rows: rows(&builder.finish()),
        head: views::head(&scope),
        notes: Vec::new(),
    };
    args.shown.show(ctx, &view)?;
    Ok(Exit::Ok)
}

fn rows(stats: &Stats) -> Vec<Vec<Cell<'static>>> {
    let date = |date: Option<jiff::civil::Date>| date.map_or(Cell::Empty, Cell::Date);
    let mut rows = vec![
        vec![Cell::Word("transactions"), Cell::Number(stats.transactions)],
        vec![Cell::Word("void"), Cell::Number(stats.voided)],
        vec![Cell::Word("entries"), Cell::Number(stats.entries)],
        vec![Cell::Word("first"), date(stats.first)],
        vec![Cell::Word("last"), date(stats.last)],
        vec![Cell::Word("days"), Cell::Number(stats.days())],
        vec![
            Cell::Word("accounts used"),
            Cell::Number(stats.accounts.len() as u64),
        ],
        vec![
            Cell::Word("currencies used"),
            Cell::Number(stats.currencies.len() as u64),
        ],
        vec![Cell::Word("payees"), Cell::Number(stats.payees)],
    ];
    for (voucher, count) in &stats.vouchers {
        rows.push(vec![Cell::Word(voucher.word()), Cell::Number(*count)]);
    }
    rows
}
