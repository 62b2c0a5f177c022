//! `hissab assert ACCOUNT AMOUNT -d DATE`: vouch for a balance, or only test it.

use std::io::Write;
use std::sync::Arc;

use serde::Serialize;

use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure, Result};
use crate::cli::record::{Recorder, WriteArgs, resolve};
use crate::ledger::amount_format::machine;
use crate::ledger::change::{Assertion, Change, Repeat};
use crate::ledger::chart::Chart;
use crate::render::sanitize;
use crate::reports::check::assertion::{self, Standing};

/// Vouch for a balance: check proves it from now on
///
/// The balance is that of the end of the day. Exit 3 if the books say otherwise;
/// with --dry-run it is only tested, on any book, and nothing is recorded.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Example: hissab assert hdfc 77,000 -d 2026-04-07")]
pub struct Args {
    /// The account
    pub account: String,

    /// Its balance: positive or Dr is a debit, negative or Cr a credit
    #[arg(value_name = "AMOUNT", num_args = 1..=3)]
    pub amount: Vec<String>,

    /// The day at whose end it holds [default: today]
    #[arg(short = 'd', long, value_name = "DATE")]
    pub date: Option<String>,

    /// With everything below the account
    #[arg(long)]
    pub subaccounts: bool,

    #[command(flatten)]
    pub write: WriteArgs,
}

pub fn run(ctx: &mut Context, args: Args) -> Result<Exit> {
    ctx.words_or_json()?;
    let mut recorder = if args.write.dry_run {
        let book = ctx.open_read()?;
        Recorder::with(ctx, book)?
    } else {
        Recorder::open(ctx)?
    };
    let assertion = read(&mut recorder, &args)?;
    let query = assertion::query(&recorder.chart, std::slice::from_ref(&assertion));
    let totals = recorder.book.totals(&query)?;
    let Some(found) = assertion::standing(&recorder.chart, &assertion, &query.cuts, &totals) else {
        return Err(Failure::refused(
            "too-large",
            "the amount is larger than hissab can hold",
        ));
    };
    let words = assertion::describe(&recorder.chart, assertion.on, &found);
    let holds = found.difference == 0;
    let exit = if holds { Exit::Ok } else { Exit::Unproved };
    let told = json_of(&recorder.chart, &assertion, &found);
    let verb = if args.write.dry_run {
        "tested"
    } else {
        record(&mut recorder, assertion, &args)?
    };
    if recorder.ctx.wants_json() {
        let told = AssertJson {
            outcome: verb,
            ..told
        };
        let text = serde_json::to_string(&told).unwrap_or_default();
        writeln!(recorder.ctx.out, "{text}")?;
        return Ok(exit);
    }
    let name = recorder.info.settings.name.clone();
    let parts: Vec<&str> = [name.as_str(), verb, &words]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect();
    writeln!(ctx.out, "{}", sanitize::line(&parts.join(" · ")))?;
    Ok(exit)
}

/// What is asserted and what the books say; amounts signed, debit positive.
#[derive(Serialize)]
struct AssertJson {
    schema: &'static str,
    /// `tested`, `recorded` or `already recorded`.
    outcome: &'static str,
    account: String,
    date: String,
    currency: String,
    asserted: String,
    books: String,
    difference: String,
    holds: bool,
}

fn json_of(chart: &Chart, assertion: &Assertion, found: &Standing) -> AssertJson {
    let currency = chart.currency(found.currency);
    let amount = |minor| machine(minor, currency.scale);
    AssertJson {
        schema: "hissab/assert/1",
        outcome: "",
        account: assertion.account.to_string(),
        date: assertion.on.to_string(),
        currency: currency.code.to_string(),
        asserted: amount(found.books - found.difference),
        books: amount(found.books),
        difference: amount(found.difference),
        holds: found.difference == 0,
    }
}

fn read(recorder: &mut Recorder<'_>, args: &Args) -> Result<Assertion> {
    let account = resolve::account(&recorder.chart, &args.account)?;
    let (path, own) = (account.path.clone(), account.currency.clone());
    let money = recorder.money_or_zero(&args.amount.join(" "))?;
    let on = recorder.date_or_today(args.date.as_deref())?;
    let base: Arc<str> = recorder.info.settings.base_currency.as_str().into();
    Ok(Assertion {
        id: recorder.ctx.make_id(),
        on,
        account: path,
        currency: money.currency.or(own).unwrap_or(base),
        amount: money.amount,
        subaccounts: args.subaccounts,
        source: "typed".to_owned(),
        withdrawn: false,
    })
}

fn record(recorder: &mut Recorder<'_>, assertion: Assertion, args: &Args) -> Result<&'static str> {
    let content = format!(
        "{} {} {} {} {}",
        assertion.account,
        assertion.currency,
        assertion.amount.normalize(),
        assertion.on,
        assertion.subaccounts
    );
    let change = vec![Change::Assertion(assertion)];
    let written = recorder.write("asserted", None, change, &args.write, &content)?;
    Ok(match written.done.repeat {
        Repeat::New => "recorded",
        Repeat::Already | Repeat::Nothing => "already recorded",
    })
}
