//! `hissab cashbook` and `hissab bankbook`: the ledgers of money, by entry or by day.

use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure, Result};
use crate::cli::looking::ledgers::{self, Subject, Wanted, subject};
use crate::cli::looking::{Filters, Looking, Periods};
use crate::cli::shown::ShownArgs;
use crate::ledger::account::AccountType;
use crate::reports::ledger::Detail;

/// Show what came in and went out in cash
///
/// Example: hissab cashbook -D --from 2026-04-01
#[derive(clap::Args)]
#[group(skip)]
pub struct Args {
    /// The account; without one, every account of type cash (bankbook: bank)
    #[arg(value_name = "ACCOUNT")]
    pub of: Option<String>,

    /// One line a day
    #[arg(short = 'D', long)]
    daily: bool,

    /// Only the last this many entries (with --daily: the days of so many transactions)
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
    run_of(ctx, args, AccountType::Cash, "Cash book", "cashbook/1")
}

/// The book of every account of a type.
pub fn run_of(
    ctx: &mut Context,
    args: Args,
    of: AccountType,
    report: &'static str,
    schema: &'static str,
) -> Result<Exit> {
    let options = args.shown.options(ctx)?;
    let mut looking = Looking::open(ctx, &args.periods.0, &args.filters)?;
    let subjects = match &args.of {
        Some(text) => vec![subject(&looking.chart, text, false)?],
        None => accounts_of(&looking, of)?,
    };
    let wanted = Wanted {
        report,
        schema,
        limit: args.limit,
        reverse: args.reverse,
        voided: args.void,
        detail: if args.daily {
            Detail::Days
        } else {
            Detail::Entries
        },
        skip_empty: subjects.len() > 1,
        ..Wanted::default()
    };
    ctx.page()?;
    ledgers::write(ctx, &mut looking, &options, &subjects, &wanted)?;
    Ok(Exit::Ok)
}

fn accounts_of(looking: &Looking, of: AccountType) -> Result<Vec<Subject>> {
    let chart = &looking.chart;
    let keys = chart.in_order().into_iter();
    let found: Vec<Subject> = keys
        .filter(|key| chart.account(*key).account_type == of)
        .map(|key| Subject {
            path: chart.account(key).path.to_string(),
            keys: vec![key],
        })
        .collect();
    if found.is_empty() {
        let word = of.word();
        return Err(Failure::not_found(
            "no-such-account-type",
            format!("the book has no account of type {word}"),
        )
        .hint(format!("name one: hissab {word}book ACCOUNT"))
        .hint(format!(
            "or set its type: hissab account set ACCOUNT --type {word}"
        )));
    }
    Ok(found)
}
