//! `hissab account merge FROM INTO`: every entry of one account moves to another, as one operation.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::account_set::settings_follow;
use crate::book::{Scan, Voided};
use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure, Result};
use crate::cli::record::{Recorder, WriteArgs, echo, look_again, resolve};
use crate::ledger::account::Account;
use crate::ledger::change::{AccountPatch, Assertion, Change, Target};
use crate::ledger::draft::Draft;
use crate::ledger::plural::counted;
use crate::ledger::redraft::both_sides;
use crate::reports::check::merging;

#[derive(clap::Args)]
#[command(after_help = "Example: hissab account merge Expenses:Chai Expenses:Tea")]
pub struct Args {
    /// The account that is given up
    pub from: String,
    /// The account that takes its entries
    pub into: String,
    #[command(flatten)]
    pub write: WriteArgs,
}

pub fn run(ctx: &mut Context, args: Args) -> Result<Exit> {
    look_again(ctx, |ctx| merge(ctx, &args))
}

fn merge(ctx: &mut Context, args: &Args) -> Result<Exit> {
    let mut recorder = Recorder::open(ctx)?;
    let from = resolve::account(&recorder.chart, &args.from)?.clone();
    let into = resolve::account(&recorder.chart, &args.into)?.clone();
    if from.key == into.key {
        return Err(Failure::usage(
            "same-account",
            format!("{} cannot be merged with itself", from.path),
        ));
    }
    if from.kind != into.kind {
        return Err(Failure::conflict(
            "kinds-differ",
            format!(
                "{} is {}, {} is {}: nothing merged",
                from.path, from.kind, into.path, into.kind
            ),
        )
        .hint("hissab recategorise QUERY --to ACCOUNT moves entries between kinds"));
    }
    let mut changes = Vec::new();
    let mut last = None;
    let mut both = Vec::new();
    let chart = recorder.chart.clone();
    let scan = Scan {
        accounts: Some(vec![from.key]),
        voided: Voided::Hide,
        ..Scan::default()
    };
    recorder.book.scan(&scan, &mut |transaction| {
        last = last.max(Some(transaction.date));
        let before = Draft::of(&transaction, &chart);
        let after = moved(&before, &from.path, &into.path);
        let joined = |draft| both_sides(draft, &into.path);
        if joined(&after) && !joined(&before) && !both_sides(&before, &from.path) {
            both.push(transaction.number);
        }
        changes.push(Change::Amend {
            target: Target::Number(transaction.number),
            if_version: None,
            draft: after,
        });
        ControlFlow::Continue(())
    })?;
    if let Some(first) = both.first() {
        let moves = counted(both.len() as u64, "transaction");
        let message = format!(
            "nothing merged: {moves} moved money between {} and {}, and would debit and credit the same account; the first is {first}",
            from.path, into.path
        );
        return Err(Failure::conflict("both-sides", message)
            .hint(format!(
                "hissab void {first} --reason 'both accounts are one'"
            ))
            .hint("an account that is used up may also be closed: hissab account close ACCOUNT"));
    }
    let count = changes.len();
    changes.push(close(&recorder, from.key, last));
    // The name that is given up leads to the account that took its place.
    let mut aliases = into.aliases.clone();
    aliases.extend(from.aliases.iter().cloned());
    if aliases != into.aliases {
        changes.push(Change::SetAccount {
            account: from.key,
            patch: AccountPatch {
                aliases: Some(Vec::new()),
                ..AccountPatch::default()
            },
        });
        changes.push(Change::SetAccount {
            account: into.key,
            patch: AccountPatch {
                aliases: Some(aliases),
                ..AccountPatch::default()
            },
        });
    }
    changes.extend(settings_follow(&recorder, &from.path, &into.path, false));
    let vouched = vouched(&mut recorder, &from, &into)?;
    let assertions = vouched.len();
    for (before, after) in vouched {
        changes.push(Change::Assertion(Assertion {
            withdrawn: true,
            ..before
        }));
        changes.push(Change::Assertion(after));
    }
    // An entry that somebody else makes meanwhile would stay behind.
    changes.insert(0, recorder.unless_written());
    let content = format!("{} {}", from.path, into.path);
    let written = recorder
        .write("account-merged", None, changes, &args.write, &content)
        .map_err(|f| f.while_doing("nothing merged"))?;
    echo::said(
        &mut recorder,
        &written,
        &format!(
            "merged {} into {}: {}, the account is closed",
            from.path,
            into.path,
            counted(count as u64, "transaction")
        ),
    )?;
    if assertions > 0 {
        recorder.ctx.note(&format!(
            "{} about these accounts went along, with the amounts of the merged account",
            counted(assertions as u64, "vouched balance")
        ));
    }
    Ok(Exit::Ok)
}

/// The assertions about these accounts that change with the merge, each as it is and as it is to be.
fn vouched(
    recorder: &mut Recorder<'_>,
    from: &Account,
    into: &Account,
) -> Result<Vec<(Assertion, Assertion)>> {
    let assertions = recorder.book.assertions()?;
    let (moving, query) = merging::moving(&recorder.chart, (from, into), &assertions);
    if moving.is_empty() {
        return Ok(Vec::new());
    }
    let totals = recorder.book.totals(&query)?;
    let found = (&query, &totals);
    let mut changed = merging::settled(&recorder.chart, (from, into), found, moving);
    for (_, after) in &mut changed {
        after.id = recorder.ctx.make_id();
    }
    Ok(changed)
}

/// The same transaction with one account in place of another.
fn moved(draft: &Draft, from: &str, into: &Arc<str>) -> Draft {
    let mut draft = draft.clone();
    for entry in draft.entries.iter_mut().filter(|e| *e.account == *from) {
        entry.account = into.clone();
    }
    draft
}

fn close(
    recorder: &Recorder<'_>,
    account: crate::ledger::account::AccountKey,
    last: Option<jiff::civil::Date>,
) -> Change {
    let on = last.map_or(recorder.today, |day| day.max(recorder.today));
    Change::SetAccount {
        account,
        patch: AccountPatch {
            closed_on: Some(Some(on)),
            ..AccountPatch::default()
        },
    }
}
