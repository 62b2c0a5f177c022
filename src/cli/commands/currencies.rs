//! `hissab currencies`: currencies and other commodities of the book.

use crate::cli::context::Context;
use crate::cli::error::{Exit, Result};
use crate::cli::record::removed;
use crate::cli::shown::ShownArgs;
use crate::ledger::totals::TotalsQuery;
use crate::render::views::ListView;
use crate::render::{Cell, Column};

/// List currencies and other commodities
///
/// Example: hissab currencies -O csv
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    #[command(flatten)]
    pub shown: ShownArgs,
}

pub fn run(ctx: &mut Context, args: Args) -> Result<Exit> {
    let mut book = ctx.open_read()?;
    let (settings, mut chart) = (book.info()?.settings, book.chart()?);
    removed::hide(&mut *book, &settings, &mut chart)?;
    let totals = book.totals(&TotalsQuery::until(None))?;
    let entries = |key| {
        let rows = totals.rows.iter().filter(|row| row.currency == key);
        rows.map(|row| row.count).sum()
    };
    let rows = chart.open_currencies().map(|currency| {
        vec![
            Cell::text(&currency.code),
            Cell::Number(currency.scale.into()),
            Cell::maybe(currency.symbol.as_deref()),
            Cell::maybe(currency.name.as_deref()),
            Cell::Number(entries(currency.key)),
        ]
    });
    let view = ListView {
        schema: "currencies/1",
        title: Vec::new(),
        columns: vec![
            Column::text("currency"),
            Column::number("places"),
            Column::text("symbol"),
            Column::text("name"),
            Column::number("entries"),
        ],
        headings: vec!["Currency", "Places", "Symbol", "Name", "Entries"],
        rows: rows.collect(),
        head: Vec::new(),
        notes: Vec::new(),
    };
    args.shown.show(ctx, &view)?;
    Ok(Exit::Ok)
}
