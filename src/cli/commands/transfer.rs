//! `hissab move AMOUNT FROM TO`: cash to bank, bank to bank, currency to currency.

use std::sync::Arc;

use rust_decimal::{Decimal, RoundingStrategy};

use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure, Result};
use crate::cli::record::creating::Wanted;
use crate::cli::record::resolve::Money;
use crate::cli::record::{DetailArgs, Recorder};
use crate::ledger::account::AccountType;
use crate::ledger::chart::Chart;
use crate::ledger::draft::{DraftEntry, DraftPrice};
use crate::ledger::transaction::PriceBasis;

#[derive(clap::Args)]
#[command(after_help = "Example: hissab move 20000 cash hdfc")]
pub struct Args {
    /// How much, out of which account, into which
    #[arg(required = true, value_names = ["AMOUNT", "FROM", "TO"])]
    pub words: Vec<String>,

    /// What one unit of the foreign currency costs in the book's currency (of two foreign ones: what one unit of FROM's buys)
    #[arg(long, value_name = "RATE", conflicts_with = "received")]
    pub rate: Option<String>,

    /// What arrived, in the other currency
    #[arg(long, value_name = "AMOUNT")]
    pub received: Option<String>,

    /// What it was [default: deposited, withdrawn or transferred]
    #[arg(long, value_name = "TEXT")]
    pub description: Option<String>,

    #[command(flatten)]
    pub details: DetailArgs,
}

pub fn run(ctx: &mut Context, args: Args) -> Result<Exit> {
    let mut recorder = Recorder::open(ctx)?;
    recorder.create_accounts = args.details.create_accounts;
    let Some((money, count)) = recorder.take_money(&args.words, false)? else {
        return Err(Failure::usage(
            "bad-amount",
            format!("{:?} is not an amount", args.words[0]),
        )
        .hint("hissab move 20000 cash hdfc"));
    };
    if money.amount.is_sign_negative() {
        return Err(Failure::usage("negative-amount", "the amount is negative")
            .hint("turn FROM and TO round"));
    }
    let [from, to] = &args.words[count..] else {
        return Err(Failure::usage(
            "move-words",
            "after the amount come two accounts: FROM and TO",
        )
        .hint("hissab move 20000 cash hdfc; an account of several words needs quotes"));
    };
    let from = recorder.account_for(from, Wanted::Money)?;
    let to = recorder.account_for(to, Wanted::Money)?;
    if from == to {
        return Err(Failure::usage(
            "same-account",
            format!("{from} cannot move to itself"),
        ));
    }
    let (arrives, leaves_at) = arriving(&mut recorder, &args, &money, &from, &to)?;
    let leaves = DraftEntry {
        price: leaves_at,
        ..money.negated().entry(&from)
    };
    let description = args
        .description
        .clone()
        .unwrap_or_else(|| usual_description(&recorder, &from, &to).to_owned());
    let mut draft = args.details.draft(&mut recorder, &description)?;
    draft.entries = vec![arrives, leaves];
    args.details.finish(&mut draft);
    recorder.post(
        vec![draft],
        &args.details.write,
        args.details.date.is_some(),
    )?;
    Ok(Exit::Ok)
}

fn usual_description(recorder: &Recorder<'_>, from: &str, to: &str) -> &'static str {
    let kind = |path: &str| recorder.chart.find(path).map(|a| a.account_type);
    match (kind(from), kind(to)) {
        (Some(AccountType::Cash), Some(AccountType::Bank)) => "Cash deposited",
        (Some(AccountType::Bank), Some(AccountType::Cash)) => "Cash withdrawn",
        _ => "Transfer",
    }
}

/// The debit: the same amount, or what arrived in another currency; and the price of what left.
///
/// Of two currencies the foreign one is priced, at the total of the other: the book's own currency is what
/// costs are told in. Of two foreign ones the one that arrived.
fn arriving(
    recorder: &mut Recorder<'_>,
    args: &Args,
    money: &Money,
    from: &str,
    to: &Arc<str>,
) -> Result<(DraftEntry, Option<DraftPrice>)> {
    let base = recorder
        .chart
        .currencies()
        .first()
        .map(|c| c.code.clone())
        .unwrap_or_default();
    let chart = recorder.chart.clone();
    let own = |path: &str| chart.find(path).and_then(|a| a.currency.clone());
    let left = money
        .currency
        .clone()
        .or_else(|| own(from))
        .unwrap_or_else(|| base.clone());
    let expected = own(to);
    let received = match (&args.received, &args.rate) {
        (Some(text), _) => Some(recorder.money(text)?),
        (None, Some(text)) => Some(at_rate(
            recorder,
            text,
            money.amount,
            &left,
            expected.clone(),
            &base,
        )?),
        (None, None) => None,
    };
    let Some(received) = received else {
        if let Some(other) = expected.filter(|c| *c != left) {
            return Err(Failure::usage(
                "rate-missing",
                format!("{to} holds {other}, not {left}: what arrived?"),
            )
            .hint(format!("add --received 'AMOUNT {other}', or --rate RATE")));
        }
        // A plain number out of a foreign account into one that takes any currency says too little.
        if money.currency.is_none() && left != base && own(to).is_none() {
            return Err(Failure::usage(
                "rate-missing",
                format!("{from} holds {left}: what arrived in {to}?"),
            )
            .hint(format!("add --received 'AMOUNT {base}', or --rate RATE"))
            .hint(format!(
                "or, if it stays {left}: hissab move '{} {left}' …",
                money.amount
            )));
        }
        let same = Money {
            currency: Some(left),
            ..money.clone()
        };
        return Ok((same.entry(to), None));
    };
    let currency = received
        .currency
        .clone()
        .or(expected)
        .unwrap_or_else(|| base.clone());
    let mut entry = Money {
        currency: Some(currency.clone()),
        ..received
    }
    .entry(to);
    let total = |amount: Decimal, currency: Arc<str>| DraftPrice {
        amount,
        currency: Some(currency),
        basis: PriceBasis::Total,
    };
    if currency == left {
        let arrived = entry.amount.unwrap_or_default();
        if arrived != money.amount {
            let (amount, foreign) = (money.amount, foreign(&chart, &base));
            let words = format!("{amount} {left} cannot arrive as {arrived} {currency}");
            return Err(Failure::usage("currency-missing", words)
                .hint(format!(
                    "if another currency leaves, say so: hissab move '{amount} {foreign}' …"
                ))
                .hint("if something was kept back on the way, post it apart: hissab out"));
        }
        return Ok((entry, None));
    }
    if currency == base {
        let price = total(entry.amount.unwrap_or_default(), currency);
        return Ok((entry, Some(price)));
    }
    entry.price = Some(total(money.amount, left));
    Ok((entry, None))
}

/// A currency that hints name beside the book's own: one that the book has, else the dollar.
fn foreign<'a>(chart: &'a Chart, base: &str) -> &'a str {
    let mut codes = chart.currencies().iter().map(|c| &*c.code);
    codes.find(|code| *code != base).unwrap_or("USD")
}

/// What arrives at a rate, rounded half-even to the currency's scale; the total that left is what is
/// recorded, so nothing is lost by it.
fn at_rate(
    recorder: &mut Recorder<'_>,
    text: &str,
    amount: Decimal,
    left: &str,
    expected: Option<Arc<str>>,
    base: &Arc<str>,
) -> Result<Money> {
    let rate = recorder.money(text)?;
    let currency = match expected.or(rate.currency.filter(|c| **c != *left)) {
        Some(currency) => currency,
        None if left != &**base => base.clone(),
        None => {
            let foreign = foreign(&recorder.chart, base);
            let words = format!("a rate is between two currencies, and {amount} {left} leaves");
            return Err(Failure::usage("currency-missing", words)
                .hint(format!(
                    "if another currency leaves, say so: hissab move '{amount} {foreign}' …"
                ))
                .hint(format!(
                    "if another arrives: --received 'AMOUNT {foreign}' instead of --rate"
                )));
        }
    };
    // Quotes are in the book's currency for one unit of the foreign one.
    let exact = if left == &**base {
        amount.checked_div(rate.amount)
    } else {
        amount.checked_mul(rate.amount)
    };
    let scale = recorder
        .chart
        .find_currency(&currency)
        .map_or(2, |c| c.scale);
    let rounded = exact
        .map(|d| d.round_dp_with_strategy(scale.into(), RoundingStrategy::MidpointNearestEven));
    match rounded.filter(|d| !d.is_zero()) {
        Some(amount) => Ok(Money {
            amount,
            currency: Some(currency),
            side: None,
        }),
        None => Err(Failure::usage(
            "bad-rate",
            format!("at the rate {text} nothing would arrive"),
        )),
    }
}
