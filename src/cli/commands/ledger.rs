//! `hissab ledger`: an account's entries with the balance after each.

use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure, Result};
use crate::cli::looking::ledgers::{self, Subject, Wanted, subject};
use crate::cli::looking::{Filters, Looking, Periods};
use crate::cli::shown::ShownArgs;
use crate::ledger::query::is_query_term;

/// Show the entries of an account with the balance after each
///
/// A parent's ledger is over everything below it.
///
/// Example: hissab ledger hdfc --from 2026-04-01
#[derive(clap::Args)]
pub struct Args {
    /// Accounts: a path, its last part or an alias; then query terms like desc:rent
    pub accounts: Vec<String>,

    /// Every account in which something is held or moved
    #[arg(long)]
    all: bool,

    /// Only the account itself, without those below it
    #[arg(long)]
    no_sub: bool,

    /// Only the last this many entries
    #[arg(long, value_name = "N")]
    limit: Option<u64>,

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
    shown: ShownArgs,
}

pub fn run(ctx: &mut Context, args: Args) -> Result<Exit> {
    let options = args.shown.options(ctx)?;
    let (terms, names): (Vec<String>, Vec<String>) = args
        .accounts
        .into_iter()
        .partition(|word| is_query_term(word));
    if names.is_empty() != args.all {
        let message = if args.all {
            "--all is every account: name none beside it"
        } else {
            "which account? Name one, or give --all"
        };
        return Err(Failure::usage("which-account", message)
            .hint("hissab ledger cash")
            .hint("hissab accounts lists them"));
    }
    let filters = args.filters.with_words(terms);
    let mut looking = Looking::open(ctx, &args.periods.0, &filters)?;
    let subjects: Vec<Subject> = if args.all {
        every_account(&looking)
    } else {
        let found = names
            .iter()
            .map(|name| subject(&looking.chart, name, args.no_sub));
        found.collect::<Result<_>>()?
    };
    let wanted = Wanted {
        report: "Ledger",
        schema: "ledger/1",
        limit: args.limit,
        reverse: args.reverse,
        voided: args.void,
        skip_empty: args.all,
        ..Wanted::default()
    };
    ctx.page()?;
    ledgers::write(ctx, &mut looking, &options, &subjects, &wanted)?;
    Ok(Exit::Ok)
}

fn every_account(looking: &Looking) -> Vec<Subject> {
    let chart = &looking.chart;
    let subject = |key| Subject {
        path: chart.account(key).path.to_string(),
        keys: vec![key],
    };
    chart.in_order().into_iter().map(subject).collect()
}
