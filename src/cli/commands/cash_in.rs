//! `hissab in AMOUNT [WHAT…]` and `hissab out AMOUNT [WHAT…]`: cash in, cash out.

use std::sync::Arc;

use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure, Result, shell_word};
use crate::cli::record::creating::Wanted;
use crate::cli::record::resolve::Money;
use crate::cli::record::{DetailArgs, Recorder};
use crate::ledger::account::{Account, AccountType, Kind};
use crate::ledger::chart::distance;
use crate::ledger::draft::Draft;
use crate::render::sanitize;

#[derive(clap::Args)]
#[command(after_help = "Example: hissab out 120 tea")]
pub struct Args {
    /// How much, then what it was: the name of an account, else a description
    #[arg(required = true, value_names = ["AMOUNT", "WHAT"])]
    pub words: Vec<String>,

    /// The account the money moves through [default: the book's cash account]
    #[arg(long, value_name = "ACCOUNT")]
    pub mode: Option<String>,

    /// The income or expense account
    #[arg(long, value_name = "ACCOUNT", conflicts_with = "party")]
    pub category: Option<String>,

    /// Settle with this customer or supplier
    #[arg(long, value_name = "PARTY")]
    pub party: Option<String>,

    #[command(flatten)]
    pub details: DetailArgs,
}

/// Which way the money goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    In,
    Out,
}

pub fn run(ctx: &mut Context, args: Args, way: Way) -> Result<Exit> {
    let mut recorder = Recorder::open(ctx)?;
    recorder.create_accounts = args.details.create_accounts;
    let example = match way {
        Way::In => "hissab in 500 sales",
        Way::Out => "hissab out 120 tea",
    };
    let (money, rest) = amount_and_rest(&mut recorder, &args.words, example)?;
    let what = rest.join(" ").trim().to_owned();
    let mode = recorder.mode(args.mode.as_deref())?;
    let (other, guessed) = other_side(&mut recorder, &args, way, &what)?;
    let description = match what.is_empty() {
        true => other.rsplit(':').next().unwrap_or_default().to_owned(),
        false => what.clone(),
    };
    let mut draft = args.details.draft(&mut recorder, &description)?;
    fill(&mut draft, &money, way, &mode, &other);
    args.details.finish(&mut draft);
    recorder.post(
        vec![draft],
        &args.details.write,
        args.details.date.is_some(),
    )?;
    if guessed && !args.details.write.dry_run {
        warn_suspense(&mut recorder, &what, &other)?;
    }
    Ok(Exit::Ok)
}

/// The amount at the beginning of the words, and the rest.
///
/// `example` is a line of this command, for the hint.
pub fn amount_and_rest<'w>(
    recorder: &mut Recorder<'_>,
    words: &'w [String],
    example: &str,
) -> Result<(Money, &'w [String])> {
    let Some((money, count)) = recorder.take_money(words, false)? else {
        let first = words.first().map(String::as_str).unwrap_or_default();
        return Err(
            Failure::usage("bad-amount", format!("{first:?} is not an amount"))
                .hint(format!("the amount comes first: {example}")),
        );
    };
    if money.amount.is_sign_negative() {
        return Err(Failure::usage(
            "negative-amount",
            "the amount is negative: the command says which way the money goes",
        )
        .hint("use the opposite: in and out, gave and took, got and paid"));
    }
    Ok((money, &words[count..]))
}

/// The account beside cash, and whether it is a guess (Suspense).
fn other_side(
    recorder: &mut Recorder<'_>,
    args: &Args,
    way: Way,
    what: &str,
) -> Result<(Arc<str>, bool)> {
    if let Some(category) = &args.category {
        let wanted = match way {
            Way::In => Wanted::Income,
            Way::Out => Wanted::Expense,
        };
        return Ok((recorder.account_for(category, wanted)?, false));
    }
    if let Some(party) = &args.party {
        let usual = match way {
            Way::In => AccountType::Receivable,
            Way::Out => AccountType::Payable,
        };
        return Ok((recorder.party(party, usual)?, false));
    }
    let kind = match way {
        Way::In => Kind::Income,
        Way::Out => Kind::Expense,
    };
    match recorder.category_named(what, kind) {
        Some(path) => Ok((path, false)),
        None => Ok((recorder.suspense(), true)),
    }
}

/// Debits what receives, credits what gives: the other account first when money goes out.
fn fill(draft: &mut Draft, money: &Money, way: Way, mode: &Arc<str>, other: &Arc<str>) {
    draft.entries = match way {
        Way::In => vec![money.entry(mode), money.negated().entry(other)],
        Way::Out => vec![money.entry(other), money.negated().entry(mode)],
    };
}

fn warn_suspense(recorder: &mut Recorder<'_>, what: &str, suspense: &str) -> Result<()> {
    let number = recorder.book.info()?.transactions;
    let about = if what.is_empty() {
        String::new()
    } else {
        format!(" ({})", sanitize::line(what))
    };
    let example = like_word(recorder, what).map_or("ACCOUNT".to_owned(), |p| shell_word(&p));
    recorder.ctx.warn(&format!(
        "{number}{about} waits in {suspense}; when you know what it was:\n         hissab amend {number} --category {example}"
    ));
    Ok(())
}

/// The income or expense account whose name is a slip of the finger away from some words.
fn like_word(recorder: &Recorder<'_>, what: &str) -> Option<Arc<str>> {
    let wanted = what.to_lowercase();
    let slips = |a: &&Account| distance(&wanted, &a.name().to_lowercase());
    let chart = recorder.chart.accounts().iter();
    let near = chart
        .filter(|a| matches!(a.kind, Kind::Income | Kind::Expense) && a.closed_on.is_none())
        .min_by_key(slips)?;
    (slips(&near) <= wanted.chars().count() / 3).then(|| near.path.clone())
}
