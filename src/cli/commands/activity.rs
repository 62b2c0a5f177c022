//! `hissab activity`: how many transactions each period has.

use std::borrow::Cow;
use std::ops::ControlFlow;

use crate::book::Order;
use crate::cli::context::Context;
use crate::cli::error::{Exit, Result};
use crate::cli::looking::{Filters, Looking, Periods};
use crate::cli::shown::ShownArgs;
use crate::ledger::interval::Interval;
use crate::render::views::{self, ListView, days};
use crate::render::{Cell, Column, People};
use crate::reports::activity::ActivityBuilder;

/// Show how many transactions each period has, by month unless another interval is given
///
/// Example: hissab activity -W -p 2026-04
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// Query: only these transactions
    pub query: Vec<String>,

    #[command(flatten)]
    pub periods: Periods<true>,
    #[command(flatten)]
    pub filters: Filters,
    #[command(flatten)]
    pub shown: ShownArgs,
}

/// The longest bar, in characters.
const BAR_WIDTH: u64 = 40;

pub fn run(ctx: &mut Context, args: Args) -> Result<Exit> {
    let options = args.shown.options(ctx)?;
    let filters = args.filters.with_words(args.query);
    let mut looking = Looking::open(ctx, &args.periods.0, &filters)?;
    looking.interval.get_or_insert(Interval::Months(1));
    let spans = looking.spans(false, "period")?;
    let scan = looking.scan(Order::OldestFirst, false);
    let matcher = looking.query.matcher(&looking.chart);
    let mut builder = ActivityBuilder::new(&spans.cuts);
    looking.book.scan(&scan, &mut |transaction| {
        if matcher.transaction(&transaction) {
            builder.add(&transaction);
        }
        ControlFlow::Continue(())
    })?;
    let active = builder.finish();
    let most = active.iter().map(|a| a.transactions).max().unwrap_or(0);
    let scope = looking.scope();
    let rows = active.iter().zip(&spans.columns).map(|(active, column)| {
        let mut cells = vec![
            Cell::text(&column.name),
            column.from.map_or(Cell::Empty, Cell::Date),
            column.to.map_or(Cell::Empty, Cell::Date),
            Cell::Number(active.transactions),
            Cell::Number(active.entries),
        ];
        if options.is_for_people() {
            cells.push(Cell::Text(Cow::Owned(bar(active.transactions, most))));
        }
        cells
    });
    let rows: Vec<_> = rows.collect();
    let mut columns = vec![
        Column::text("period"),
        Column::text("from"),
        Column::text("to"),
        Column::number("transactions"),
        Column::number("entries"),
    ];
    let mut headings = vec!["Period", "From", "To", "Transactions", "Entries"];
    if options.is_for_people() {
        columns.push(Column::text("bar"));
        headings.push("");
    }
    let view = ListView {
        schema: "activity/1",
        title: vec![
            "Activity".to_owned(),
            scope.book.clone(),
            days(&scope, &People::default()),
        ],
        columns,
        headings,
        rows: if looking.info.span.is_some() {
            rows
        } else {
            Vec::new()
        },
        head: views::head(&scope),
        notes: Vec::new(),
    };
    args.shown.show(ctx, &view)?;
    Ok(Exit::Ok)
}

fn bar(count: u64, most: u64) -> String {
    let width = (count * BAR_WIDTH).div_ceil(most.max(1));
    "#".repeat(usize::try_from(width).unwrap_or(0))
}
