//! `hissab add` on a terminal: asks, with completion and defaults from the last transaction like it,
//! until an empty line.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use crate::book::{Order, Scan};
use crate::cli::asking::answered;
use crate::cli::asking::{Words, ask, ask_or_end};
use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure, Result};
use crate::cli::prompts;
use crate::cli::record::echo::{self, Balances, Lead};
use crate::cli::record::{DetailArgs, Recorder};
use crate::ledger::draft::{Draft, DraftEntry};
use crate::ledger::money::from_minor;
use crate::ledger::transaction::{Number, Transaction};

/// How far back descriptions are offered and looked up.
const REMEMBERED: u64 = 2_000;

pub fn run(ctx: &mut Context, details: &DetailArgs) -> Result<Exit> {
    if !ctx.can_ask() {
        return Err(Failure::usage(
            "nothing-to-add",
            "what is to be added? nobody can be asked here",
        )
        .hint("hissab add DESCRIPTION ACCOUNT AMOUNT ACCOUNT, or hissab add --json -"));
    }
    let mut recorder = Recorder::open(ctx)?;
    recorder
        .ctx
        .note("Tab completes, an empty description or Ctrl-D ends; an amount may be left empty to balance.");
    let mut date = recorder.date_or_today(details.date.as_deref())?;
    loop {
        let past = recent(&mut recorder)?;
        let Some(draft) = ask_transaction(&mut recorder, details, date, &past)? else {
            return Ok(Exit::Ok);
        };
        date = draft.date;
        let preview = draft
            .clone()
            .into_transaction(&recorder.chart, Number(recorder.info.transactions + 1));
        let preview = match preview {
            Ok(preview) => preview,
            Err(violations) => {
                let failure = Failure::from(crate::book::BookError::Refused {
                    change: 0,
                    violations,
                });
                recorder.ctx.complain(&failure);
                continue;
            }
        };
        let shown = echo::header(
            &recorder.info.settings.name,
            &preview,
            &Lead::Verb("(new)".to_owned()),
        ) + &echo::entry_lines(&preview, &recorder.chart, &Balances::none());
        recorder.ctx.note(shown.trim_end());
        if answered(|| prompts::yes_no("Post it?", true))? {
            recorder.post(vec![draft], &details.write, true)?;
            recorder.info = recorder.book.info()?;
        } else {
            recorder.prelude.clear();
            recorder.chart = recorder.book.chart()?;
        }
    }
}

/// The newest transactions, newest first.
fn recent(recorder: &mut Recorder<'_>) -> Result<Vec<Transaction>> {
    let scan = Scan {
        order: Order::NewestFirst,
        limit: Some(REMEMBERED),
        ..Scan::default()
    };
    let mut found = Vec::new();
    recorder.book.scan(&scan, &mut |t| {
        found.push(t);
        ControlFlow::Continue(())
    })?;
    Ok(found)
}

fn ask_transaction(
    recorder: &mut Recorder<'_>,
    details: &DetailArgs,
    date: jiff::civil::Date,
    past: &[Transaction],
) -> Result<Option<Draft>> {
    let date = loop {
        let today = Some(date.to_string());
        let Some(text) = ask_or_end("Date", today, &Words(Vec::new()), false)? else {
            return Ok(None);
        };
        match recorder.date(&text) {
            Ok(date) => break date,
            Err(failure) => recorder.ctx.complain(&failure),
        }
    };
    let descriptions: BTreeSet<String> = past
        .iter()
        .map(|t| t.description.to_string())
        .filter(|d| !d.is_empty())
        .collect();
    let words = Words(descriptions.into_iter().collect());
    let description = ask_or_end("Description", None, &words, true)?.unwrap_or_default();
    if description.is_empty() {
        return Ok(None);
    }
    let like = past
        .iter()
        .find(|t| t.description.to_lowercase() == description.to_lowercase());
    let mut draft = details.draft(recorder, &description)?;
    draft.date = date;
    ask_entries(recorder, &mut draft, like)?;
    details.finish(&mut draft);
    Ok(Some(draft))
}

fn ask_entries(
    recorder: &mut Recorder<'_>,
    draft: &mut Draft,
    like: Option<&Transaction>,
) -> Result<()> {
    loop {
        let place = draft.entries.len();
        let default = like.and_then(|t| t.entries.get(place));
        let account_default = default.map(|e| recorder.chart.account(e.account).path.to_string());
        let paths = recorder
            .chart
            .accounts()
            .iter()
            .filter(|a| a.closed_on.is_none())
            .map(|a| a.path.to_string())
            .collect();
        let prompt = format!(
            "Account {}{}",
            place + 1,
            if place < 2 { "" } else { " (empty: done)" }
        );
        // Two entries at least; after that, the old one's places lead on, and an empty line ends.
        let text = ask(&prompt, account_default, &Words(paths), true)?;
        if text.is_empty() && place < 2 {
            recorder
                .ctx
                .note("two accounts at least: what receives, and what gives");
            continue;
        }
        if text.is_empty() {
            return Ok(());
        }
        let account = match recorder.account(&text) {
            Ok(account) => account,
            Err(failure) => {
                recorder.ctx.complain(&failure);
                continue;
            }
        };
        let amount_default = default.and_then(|e| {
            let currency = recorder.chart.currency(e.currency);
            from_minor(e.minor.into(), currency.scale).map(|d| d.to_string())
        });
        // Of the last entry the amount is what balances the others.
        let is_last = like.is_some_and(|t| place + 1 == t.entries.len());
        let amount_default = amount_default.filter(|_| !is_last);
        let Some(entry) = ask_amount(recorder, &account, place, amount_default)? else {
            continue;
        };
        let balances = entry.amount.is_none();
        draft.entries.push(entry);
        if balances {
            return Ok(());
        }
        if place >= 1 && is_balanced(draft) {
            return Ok(());
        }
    }
}

fn ask_amount(
    recorder: &mut Recorder<'_>,
    account: &std::sync::Arc<str>,
    place: usize,
    default: Option<String>,
) -> Result<Option<DraftEntry>> {
    let text = ask(
        "  Amount (credit negative)",
        default,
        &Words(Vec::new()),
        true,
    )?;
    if text.is_empty() && place == 0 {
        recorder
            .ctx
            .note("the first account needs an amount; of a later one it may be left out");
        return Ok(None);
    }
    if text.is_empty() {
        return Ok(Some(DraftEntry {
            account: account.clone(),
            ..DraftEntry::default()
        }));
    }
    match recorder.money(&text) {
        Ok(money) => Ok(Some(money.entry(account))),
        Err(failure) => {
            recorder.ctx.complain(&failure);
            Ok(None)
        }
    }
}

/// Amounts in one currency that sum to zero.
fn is_balanced(draft: &Draft) -> bool {
    let same = draft
        .entries
        .windows(2)
        .all(|w| w[0].currency == w[1].currency);
    let sum = draft
        .entries
        .iter()
        .try_fold(rust_decimal::Decimal::ZERO, |sum, e| {
            sum.checked_add(e.amount?)
        });
    same && sum.is_some_and(|s| s.is_zero())
}
