//! What dues and ageing share: which parties, as of which day.

use std::ops::ControlFlow;

use jiff::civil::Date;

use crate::book::Scan;
use crate::cli::context::Context;
use crate::cli::error::{Failure, Result};
use crate::cli::looking::{Chosen, Filters, Looking};
use crate::cli::shown::ShownArgs;
use crate::ledger::chart::Chart;
use crate::ledger::date_text::DateContext;
use crate::ledger::period::{self, Period};
use crate::render::Options;
use crate::reports::open_items::{OpenItemsBuilder, PartyItems};
use crate::reports::scope::Scope;

#[derive(Debug, Clone, clap::Args)]
pub struct PartyArgs {
    /// Only these parties: parts of their names
    #[arg(value_name = "PARTY")]
    pub query: Vec<String>,

    /// As they stood at the end of this day [default: today]
    #[arg(long, visible_alias = "to", value_name = "DATE")]
    pub as_of: Option<String>,

    /// Only who owes us, suppliers paid in advance among them
    #[arg(long, conflicts_with = "suppliers")]
    pub customers: bool,

    /// Only whom we owe, customers who paid too much among them
    #[arg(long)]
    pub suppliers: bool,

    /// Largest first
    #[arg(short = 'S', long)]
    pub sort_amount: bool,

    /// Without sums
    #[arg(short = 'N', long)]
    pub no_total: bool,

    #[command(flatten)]
    pub shown: ShownArgs,
}

/// What is open of the parties asked for.
pub struct Asked {
    pub chart: Chart,
    pub scope: Scope,
    pub open: Vec<PartyItems>,
    pub as_of: Date,
    pub totals: bool,
    pub by_amount: bool,
    pub options: Options,
}

impl Asked {
    pub fn open(ctx: &Context, args: PartyArgs) -> Result<Asked> {
        let options = args.shown.options(ctx)?;
        let filters = Filters::default().with_words(args.query.clone());
        let mut looking = Looking::open(ctx, &Chosen::default(), &filters)?;
        let as_of = day(args.as_of.as_deref(), &looking.dates)?;
        let matcher = looking.query.matcher(&looking.chart);
        let mut builder = OpenItemsBuilder::new(&looking.chart, as_of);
        let parties = OpenItemsBuilder::parties(&looking.chart).into_iter();
        let parties = parties.filter(|key| matcher.account(*key));
        let scan = Scan {
            until: as_of.tomorrow().ok(),
            accounts: Some(parties.collect()),
            ..Scan::default()
        };
        looking.book.scan(&scan, &mut |transaction| {
            builder.add(&transaction, |key| matcher.account(key));
            ControlFlow::Continue(())
        })?;
        let mut open = builder.finish();
        // Whoever owes, whatever account that stands on: a customer who paid too much is owed.
        open.retain(|party| match party.balance() > 0 {
            true => !args.suppliers,
            false => !args.customers,
        });
        drop(matcher);
        let scope = looking.scope_of(Period {
            from: None,
            until: as_of.tomorrow().ok(),
        });
        Ok(Asked {
            scope,
            open,
            as_of,
            totals: !args.no_total,
            by_amount: args.sort_amount,
            options,
            chart: looking.chart,
        })
    }
}

/// The day as typed; a month or year means its last day.
fn day(text: Option<&str>, dates: &DateContext) -> Result<Date> {
    let Some(text) = text else {
        return Ok(dates.today);
    };
    period::as_of(text, dates)
        .map_err(|error| Failure::usage("bad-date", error.to_string()).hint(error.hint()))
}
