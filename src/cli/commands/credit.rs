//! `hissab gave`, `took`: a sale or purchase on credit; `got`, `paid`: dues settled.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::cash_in::amount_and_rest;
use crate::book::{Order, Scan};
use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure, Result, shell_word};
use crate::cli::record::{DetailArgs, Recorder};
use crate::ledger::account::AccountType;
use crate::ledger::transaction::{Tag, Voucher};
use crate::reports::open_items::AGAINST;

#[derive(clap::Args)]
#[command(after_help = "Example: hissab gave 4800 'Sita Stores' goods")]
pub struct Args {
    /// How much, with whom, and what it was
    #[arg(required = true, value_names = ["AMOUNT", "PARTY", "WHAT"])]
    pub words: Vec<String>,

    /// The account the money moves through (gave and took: money was lent, not goods sold)
    #[arg(long, value_name = "ACCOUNT")]
    pub mode: Option<String>,

    /// The income or expense account [default: the book's sales or purchases]
    #[arg(long, value_name = "ACCOUNT", conflicts_with = "mode")]
    pub category: Option<String>,

    /// The bill that got or paid settles: its number or its reference [default: the oldest]
    #[arg(long, value_name = "REF")]
    pub against: Option<String>,

    #[command(flatten)]
    pub details: DetailArgs,
}

/// What happened with the party.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    Gave,
    Took,
    Got,
    Paid,
}

impl Deed {
    fn party_type(self) -> AccountType {
        match self {
            Deed::Gave | Deed::Got => AccountType::Receivable,
            Deed::Took | Deed::Paid => AccountType::Payable,
        }
    }

    /// A line of this command, for hints.
    fn example(self) -> &'static str {
        match self {
            Deed::Gave => "hissab gave 4800 'Sita Stores' goods",
            Deed::Took => "hissab took 15000 'Gupta Traders' bill 398",
            Deed::Got => "hissab got 3400 'Sita Stores'",
            Deed::Paid => "hissab paid 15000 'Gupta Traders'",
        }
    }

    /// The party receives: it is debited.
    fn debits_party(self) -> bool {
        matches!(self, Deed::Gave | Deed::Paid)
    }

    fn words(self, party: &str, lent: bool) -> String {
        match (self, lent) {
            (Deed::Gave, false) => format!("Sale to {party}"),
            (Deed::Gave, true) => format!("Lent to {party}"),
            (Deed::Took, false) => format!("Purchase from {party}"),
            (Deed::Took, true) => format!("Borrowed from {party}"),
            (Deed::Got, _) => format!("Received from {party}"),
            (Deed::Paid, _) => format!("Paid to {party}"),
        }
    }
}

pub fn run(ctx: &mut Context, args: Args, deed: Deed) -> Result<Exit> {
    let mut recorder = Recorder::open(ctx)?;
    recorder.create_accounts = args.details.create_accounts;
    let (money, rest) = amount_and_rest(&mut recorder, &args.words, deed.example())?;
    let (party, what) = take_party(&mut recorder, rest, deed)?;
    let lent = args.mode.is_some();
    let other = match deed {
        Deed::Gave if !lent => recorder.sales(args.category.as_deref())?,
        Deed::Took if !lent => recorder.purchases(args.category.as_deref())?,
        _ if args.category.is_some() => {
            return Err(Failure::usage(
                "category-not-used",
                "dues are settled in cash or bank: there is no category",
            )
            .hint("name where the money moved with --mode ACCOUNT"));
        }
        _ => recorder.mode(args.mode.as_deref())?,
    };
    let name = party.rsplit(':').next().unwrap_or(&party).to_owned();
    let description = if what.is_empty() {
        deed.words(&name, lent)
    } else {
        what
    };
    let mut draft = args.details.draft(&mut recorder, &description)?;
    // A sale through an account that is not typed income is a sale all the same.
    if draft.voucher.is_none() && !lent {
        draft.voucher = match deed {
            Deed::Gave => Some(Voucher::Sales),
            Deed::Took => Some(Voucher::Purchase),
            Deed::Got | Deed::Paid => None,
        };
    }
    if let Some(reference) = &args.against {
        draft
            .tags
            .push(settles(&mut recorder, deed, &party, reference)?);
    }
    let (debit, credit) = if deed.debits_party() {
        (&party, &other)
    } else {
        (&other, &party)
    };
    draft.entries = vec![money.entry(debit), money.negated().entry(credit)];
    args.details.finish(&mut draft);
    recorder.post(
        vec![draft],
        &args.details.write,
        args.details.date.is_some(),
    )?;
    Ok(Exit::Ok)
}

/// The tag that names the bill; it must be one of the party's, so that a slip of the pen settles nothing else.
fn settles(recorder: &mut Recorder<'_>, deed: Deed, party: &str, reference: &str) -> Result<Tag> {
    if matches!(deed, Deed::Gave | Deed::Took) {
        let words = "--against names the bill that got or paid settles; this makes a new one";
        return Err(Failure::usage("flag-does-not-apply", words));
    }
    let wanted = reference.trim_start_matches('#').to_lowercase();
    let scan = Scan {
        accounts: recorder.chart.find(party).map(|a| vec![a.key]),
        order: Order::NewestFirst,
        ..Scan::default()
    };
    let mut found = None;
    recorder.book.scan(&scan, &mut |bill| {
        let named = bill.reference.as_ref().map(|r| r.to_lowercase());
        if named.as_deref() == Some(&*wanted) || bill.number.to_string() == wanted {
            found = Some((bill.number, bill.reference.clone()));
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    })?;
    let Some((number, named)) = found else {
        let name = party.rsplit(':').next().unwrap_or(party);
        let words = format!("{name} has no bill {reference:?}");
        return Err(Failure::not_found("bill-not-found", words).hint(format!(
            "hissab statement {}",
            shell_word(&name.to_lowercase())
        )));
    };
    // A tag's value ends at a comma, and several bills are told apart by spaces: then the number stands for it.
    let value = named.filter(|n| n.to_lowercase() == wanted && !n.contains([',', ' ']));
    Ok(Tag {
        name: AGAINST.to_owned(),
        value: value.unwrap_or_else(|| number.to_string()),
    })
}

/// The party at the beginning of the words: the longest run of them that is one's name, else the
/// first word.
fn take_party(
    recorder: &mut Recorder<'_>,
    words: &[String],
    deed: Deed,
) -> Result<(Arc<str>, String)> {
    let Some(first) = words.first() else {
        return Err(
            Failure::usage("party-missing", "with whom? the party's name is missing")
                .hint(deed.example()),
        );
    };
    for count in (2..=words.len()).rev() {
        let name = words[..count].join(" ").to_lowercase();
        let is_party = recorder
            .chart
            .accounts()
            .iter()
            .any(|a| a.account_type.is_party() && a.name().to_lowercase() == name);
        if is_party {
            return Ok((
                recorder.party(&name, deed.party_type())?,
                words[count..].join(" "),
            ));
        }
    }
    Ok((
        recorder.party(first, deed.party_type())?,
        words[1..].join(" "),
    ))
}
