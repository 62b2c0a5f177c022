//! `hissab add`: a transaction of any shape.

// Square brackets in the help of arguments are clap's, not links.
#![allow(rustdoc::broken_intra_doc_links)]

use std::io::Read;

use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure, Result, shell_word};
use crate::cli::record::draft_json::DraftJson;
use crate::cli::record::recorder::Written;
use crate::cli::record::resolve::Money;
use crate::cli::record::{DetailArgs, Recorder, WriteArgs, echo, words};
use crate::ledger::amount_text::Side;
use crate::ledger::date_text::is_iso_date;
use crate::ledger::draft::Draft;

#[derive(clap::Args)]
#[command(after_help = "Examples:
  hissab add 'Counter sale' cash 500 sales
  hissab add 'Rent, April' --dr Expenses:Rent=12000 --cr hdfc=12000 -d 2026-04-05
  hissab add --like 1042 -d today")]
pub struct Args {
    /// DESCRIPTION ACCOUNT AMOUNT [ACCOUNT AMOUNT]… [ACCOUNT]; debits positive, credits negative
    #[arg(value_name = "WORDS")]
    pub words: Vec<String>,

    /// Debit an account (repeatable)
    #[arg(long, value_name = "ACCOUNT=AMOUNT")]
    pub dr: Vec<String>,

    /// Credit an account (repeatable)
    #[arg(long, value_name = "ACCOUNT=AMOUNT")]
    pub cr: Vec<String>,

    /// Post it again as it was, today or on --date
    #[arg(long, value_name = "REF")]
    pub like: Option<String>,

    /// With --like: another amount
    #[arg(long, value_name = "N", requires = "like")]
    pub amount: Option<String>,

    /// With --json -: write each line on its own, not all or none
    #[arg(long)]
    pub each: bool,

    #[command(flatten)]
    pub details: DetailArgs,
}

pub fn run(ctx: &mut Context, args: Args) -> Result<Exit> {
    if ctx.globals.json && args.words == ["-"] {
        return from_json(ctx, &args);
    }
    if args.each {
        return Err(Failure::usage(
            "each-without-json",
            "--each belongs to --json -",
        ));
    }
    if let Some(reference) = &args.like {
        return like(ctx, &args, reference);
    }
    if args.words.is_empty() && args.dr.is_empty() && args.cr.is_empty() {
        return super::add_asking::run(ctx, &args.details);
    }
    if let ([name], true) = (args.words.as_slice(), ctx.globals.json)
        && args.dr.is_empty()
        && args.cr.is_empty()
    {
        return Err(Failure::usage(
            "json-from-stdin",
            format!(
                "{name:?} is one word, no transaction; --json reads objects from standard input"
            ),
        )
        .hint(format!("hissab add --json - < {}", shell_word(name))));
    }
    let mut recorder = Recorder::open(ctx)?;
    recorder.create_accounts = args.details.create_accounts;
    let mut words = args.words.as_slice();
    let mut details = args.details.clone();
    // A first word that is an ISO date is the date, as in hledger.
    if let Some((first, rest)) = words.split_first()
        && details.date.is_none()
        && is_iso_date(first)
    {
        details.date = Some(first.clone());
        words = rest;
    }
    let (description, rest) = words
        .split_first()
        .map_or(("", words), |(d, rest)| (d.as_str(), rest));
    let mut draft = details.draft(&mut recorder, description)?;
    for (texts, side) in [(&args.dr, Side::Debit), (&args.cr, Side::Credit)] {
        for text in texts {
            draft.entries.push(words::sided(&mut recorder, text, side)?);
        }
    }
    draft.entries.extend(words::entries(&mut recorder, rest)?);
    refuse_one_account(&draft)?;
    details.finish(&mut draft);
    let sides = !args.dr.is_empty() || !args.cr.is_empty();
    recorder
        .post(vec![draft], &details.write, details.date.is_some())
        .map_err(|f| if sides { f.of_sides() } else { f })?;
    Ok(Exit::Ok)
}

/// Between an account and itself nothing moves, unless a currency becomes another one.
fn refuse_one_account(draft: &Draft) -> Result<()> {
    let [first, second] = draft.entries.as_slice() else {
        return Ok(());
    };
    if first.account != second.account || first.price.is_some() || second.price.is_some() {
        return Ok(());
    }
    let words = format!("{} cannot move to itself", first.account);
    Err(Failure::usage("same-account", words))
}

/// Posts a transaction again, on another day and perhaps with another amount.
fn like(ctx: &mut Context, args: &Args, reference: &str) -> Result<Exit> {
    let mut recorder = Recorder::open(ctx)?;
    let model = recorder.find(reference)?;
    let mut draft = Draft::of(&model, &recorder.chart);
    let fresh = args.details.draft(&mut recorder, &model.description)?;
    draft.id = fresh.id;
    draft.date = fresh.date;
    draft.due = fresh.due;
    draft.reverses = None;
    // A bill's or cheque's number is never the same twice.
    draft.reference = fresh.reference;
    draft.payee = fresh.payee.or(draft.payee);
    draft.voucher = fresh.voucher.or(draft.voucher);
    if !fresh.tags.is_empty() {
        draft.tags = fresh.tags;
    }
    if let words = args.words.as_slice()
        && !words.is_empty()
    {
        draft.description = words.join(" ").into();
    }
    if let Some(text) = &args.amount {
        let money = recorder.money(text)?;
        set_amount(&mut draft, &money, reference)?;
    }
    args.details.finish(&mut draft);
    recorder.post(
        vec![draft],
        &args.details.write,
        args.details.date.is_some(),
    )?;
    Ok(Exit::Ok)
}

/// Gives a transaction of one debit and one credit another amount, and another currency if the amount names one.
pub fn set_amount(draft: &mut Draft, money: &Money, reference: &str) -> Result<()> {
    if money.side.is_some() || money.amount.is_sign_negative() {
        return Err(Failure::usage(
            "negative-amount",
            "--amount is an amount above zero, without a side: which account is debited stays as it is",
        )
        .hint("to turn it round, give all entries: --dr ACCOUNT=AMOUNT … --cr ACCOUNT=AMOUNT …"));
    }
    let [first, second] = draft.entries.as_mut_slice() else {
        return Err(Failure::usage(
            "amount-of-many",
            format!(
                "{reference} has {} entries: --amount is for one debit and one credit",
                draft.entries.len()
            ),
        )
        .hint("give all entries: --dr ACCOUNT=AMOUNT … --cr ACCOUNT=AMOUNT …"));
    };
    if first.price.is_some() || second.price.is_some() || first.currency != second.currency {
        return Err(Failure::usage(
            "amount-of-exchange",
            format!("{reference} exchanges currencies: --amount cannot say which side"),
        )
        .hint("give all entries: --dr ACCOUNT=AMOUNT … --cr ACCOUNT=AMOUNT …"));
    }
    for entry in [first, second] {
        let negative = entry.amount.is_some_and(|a| a.is_sign_negative());
        let money = if negative {
            money.negated()
        } else {
            money.clone()
        };
        entry.amount = Some(money.amount);
        entry.currency = money.currency.or(entry.currency.take());
    }
    Ok(())
}

/// One object, or one a line, from stdin.
fn from_json(ctx: &mut Context, args: &Args) -> Result<Exit> {
    let mut recorder = Recorder::open(ctx)?;
    recorder.create_accounts = args.details.create_accounts;
    let mut text = String::new();
    std::io::stdin()
        .read_to_string(&mut text)
        .map_err(|e| Failure::refused("stdin", format!("stdin cannot be read: {e}")))?;
    let objects = objects(&text)?;
    if args.each {
        return each(&mut recorder, args, objects);
    }
    let mut dated = true;
    let mut drafts = Vec::with_capacity(objects.len());
    for (line, object) in objects {
        let (draft, is_dated) = draft_of(&mut recorder, object)
            .map_err(|f| f.at(format!("stdin {line}")).hint("nothing was posted"))?;
        dated &= is_dated;
        drafts.push(draft);
        recorder.places.push(format!("stdin {line}"));
    }
    recorder.post(drafts, &args.details.write, dated)?;
    Ok(Exit::Ok)
}

fn draft_of(recorder: &mut Recorder<'_>, object: &str) -> Result<(Draft, bool)> {
    let json = DraftJson::read(object)?;
    let dated = json.is_dated();
    Ok((json.into_draft(recorder)?, dated))
}

/// The objects of an input, each with its place: the whole of it, the items of an array, else one a line.
fn objects(text: &str) -> Result<Vec<(String, &str)>> {
    let whole = text.trim();
    let empty = || {
        let words = "stdin is empty: there is nothing to post";
        Failure::usage("empty-input", words)
    };
    if whole.is_empty() {
        return Err(empty());
    }
    if let Ok(items) = serde_json::from_str::<Vec<&serde_json::value::RawValue>>(whole) {
        let items = items.into_iter().enumerate();
        let items: Vec<_> = items
            .map(|(i, item)| (format!("item {}", i + 1), item.get()))
            .collect();
        return if items.is_empty() {
            Err(empty())
        } else {
            Ok(items)
        };
    }
    if serde_json::from_str::<serde::de::IgnoredAny>(whole).is_ok() {
        return Ok(vec![("line 1".to_owned(), whole)]);
    }
    Ok(text
        .lines()
        .enumerate()
        .map(|(i, l)| (format!("line {}", i + 1), l.trim()))
        .filter(|(_, l)| !l.is_empty())
        .collect())
}

/// What became of the lines of `--each`.
#[derive(Default)]
struct Tally {
    posted: usize,
    /// Waits for the server, or nobody knows: `sync` settles it.
    waiting: usize,
    refused: usize,
    /// Why what was posted could not be said.
    unsaid: Option<Failure>,
}

impl Tally {
    fn words(&self, total: usize) -> String {
        let mut words = format!("{} of {total} posted", self.posted);
        if self.waiting > 0 {
            words.push_str(&format!(", {} waiting for hissab sync", self.waiting));
        }
        if self.refused > 0 {
            words.push_str(&format!(", {} refused", self.refused));
        }
        words
    }
}

/// A unit a line: what is refused does not stop the others; exit 1 if any was, 9 if any waits for the server.
fn each(recorder: &mut Recorder<'_>, args: &Args, objects: Vec<(String, &str)>) -> Result<Exit> {
    let mut tally = Tally::default();
    let total = objects.len();
    for (line, object) in objects {
        let write = WriteArgs {
            once: args
                .details
                .write
                .once
                .as_ref()
                .map(|key| format!("{key}:{}", line.trim_start_matches("line "))),
            ..args.details.write.clone()
        };
        let posted = draft_of(recorder, object)
            .and_then(|(draft, dated)| recorder.record(vec![draft], &write, dated));
        match posted {
            Ok((written, previews)) => {
                tally.posted += 1;
                if tally.unsaid.is_none() {
                    tally.unsaid = say(recorder, &written, previews).err();
                }
            }
            Err(failure) => {
                match failure.exit {
                    Exit::Unconfirmed => tally.waiting += 1,
                    _ => tally.refused += 1,
                }
                recorder.prelude.clear();
                // Without the server the chart that is known goes on to be used.
                if let Ok(chart) = recorder.book.chart() {
                    recorder.chart = chart;
                }
                let failure = failure.at(format!("stdin {line}"));
                recorder.ctx.complain(&failure);
            }
        }
    }
    recorder.ctx.recorded.sum_up(tally.words(total));
    if let Some(failure) = tally.unsaid {
        return Err(failure);
    }
    if tally.waiting + tally.refused > 0 {
        recorder.ctx.note(&tally.words(total));
    }
    Ok(match (tally.refused, tally.waiting) {
        (0, 0) => Exit::Ok,
        (0, _) => Exit::Unconfirmed,
        _ => Exit::Failed,
    })
}

/// Says what was posted, as far as it can be looked at.
fn say(recorder: &mut Recorder<'_>, written: &Written, previews: Vec<Draft>) -> Result<()> {
    let Err(failure) = echo::posted(recorder, written, previews) else {
        return Ok(());
    };
    match recorder.ctx.recorded.despite(&failure) {
        Some(answer) => echo::unseen(recorder.ctx, &answer, &failure),
        None => Err(failure),
    }
}
