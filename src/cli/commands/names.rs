//! `hissab payees`, `descriptions`, `codes` and `tags`: names that transactions use.

use std::ops::ControlFlow;

use crate::book::Order;
use crate::cli::context::Context;
use crate::cli::error::{Exit, Result};
use crate::cli::looking::{Filters, Looking, Periods};
use crate::cli::shown::ShownArgs;
use crate::render::views::{self, ListView};
use crate::render::{Cell, Column};
use crate::reports::names::{Names, What, add_names};

/// Flags of a list of names.
#[derive(Debug, Clone, clap::Args)]
pub struct NameArgs {
    /// Query: only of these transactions
    pub query: Vec<String>,

    #[command(flatten)]
    pub periods: Periods<false>,
    #[command(flatten)]
    pub filters: Filters,
    #[command(flatten)]
    pub shown: ShownArgs,
}

/// List who was paid or paid, with how often and when
///
/// Example: hissab payees -p 2026-04
#[derive(Debug, Clone, clap::Args)]
pub struct PayeesArgs {
    #[command(flatten)]
    pub names: NameArgs,
}

/// List the descriptions in use
#[derive(Debug, Clone, clap::Args)]
pub struct DescriptionsArgs {
    #[command(flatten)]
    pub names: NameArgs,
}

/// List the references in use: numbers of bills, cheques and transfers
#[derive(Debug, Clone, clap::Args)]
pub struct CodesArgs {
    #[command(flatten)]
    pub names: NameArgs,
}

/// List the tags in use
///
/// Example: hissab tags --values
#[derive(Debug, Clone, clap::Args)]
pub struct TagsArgs {
    /// With each of their values
    #[arg(long)]
    pub values: bool,

    #[command(flatten)]
    pub names: NameArgs,
}

pub fn payees(ctx: &mut Context, args: PayeesArgs) -> Result<Exit> {
    list(ctx, args.names, What::Payees)
}

pub fn descriptions(ctx: &mut Context, args: DescriptionsArgs) -> Result<Exit> {
    list(ctx, args.names, What::Descriptions)
}

pub fn codes(ctx: &mut Context, args: CodesArgs) -> Result<Exit> {
    list(ctx, args.names, What::Codes)
}

pub fn tags(ctx: &mut Context, args: TagsArgs) -> Result<Exit> {
    let what = if args.values {
        What::TagValues
    } else {
        What::Tags
    };
    list(ctx, args.names, what)
}

fn list(ctx: &mut Context, args: NameArgs, what: What) -> Result<Exit> {
    let filters = args.filters.with_words(args.query);
    let mut looking = Looking::open(ctx, &args.periods.0, &filters)?;
    let scan = looking.scan(Order::OldestFirst, false);
    let matcher = looking.query.matcher(&looking.chart);
    let mut names = Names::new();
    looking.book.scan(&scan, &mut |transaction| {
        if matcher.transaction(&transaction) {
            add_names(&mut names, what, &transaction);
        }
        ControlFlow::Continue(())
    })?;
    let (schema, column, heading) = match what {
        What::Payees => ("payees/1", "payee", "Payee"),
        What::Descriptions => ("descriptions/1", "description", "Description"),
        What::Codes => ("codes/1", "code", "Reference"),
        What::Tags | What::TagValues => ("tags/1", "tag", "Tag"),
    };
    let values = what == What::TagValues;
    let rows = names.iter().map(|((name, value), used)| {
        let mut cells = vec![Cell::text(name)];
        if values {
            cells.push(Cell::maybe(Some(value)));
        }
        cells.extend([
            Cell::Number(used.count),
            Cell::Date(used.first),
            Cell::Date(used.last),
        ]);
        cells
    });
    let mut columns = vec![Column::text(column)];
    let mut headings = vec![heading];
    if values {
        columns.push(Column::text("value"));
        headings.push("Value");
    }
    columns.extend([
        Column::number("transactions"),
        Column::text("first"),
        Column::text("last"),
    ]);
    headings.extend(["Transactions", "First", "Last"]);
    let view = ListView {
        schema,
        title: Vec::new(),
        columns,
        headings,
        rows: rows.collect(),
        head: views::head(&looking.scope()),
        notes: Vec::new(),
    };
    args.shown.show(ctx, &view)?;
    Ok(Exit::Ok)
}
