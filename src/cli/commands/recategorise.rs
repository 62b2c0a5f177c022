//! `hissab recategorise QUERY --to ACCOUNT`: every matching entry moves, as one operation.
//!
//! A category is an income, expense or suspense account. Entries of others (the bank that paid, the tax
//! that was held back) move only where the query names accounts. What was reversed and its reversal move together.

use std::io::Write;
use std::ops::ControlFlow;

use crate::book::Scan;
use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure, Result};
use crate::cli::record::{Recorder, WriteArgs, echo, look_again};
use crate::ledger::account::{AccountKey, Kind};
use crate::ledger::change::{Change, Target};
use crate::ledger::chart::Chart;
use crate::ledger::draft::Draft;
use crate::ledger::period::Period;
use crate::ledger::plural::counted;
use crate::ledger::query::Query;
use crate::ledger::redraft::both_sides;
use crate::render::sanitize::line;

#[derive(clap::Args)]
#[command(after_help = "Example: hissab recategorise suspense desc:mohan --to Expenses:Repairs")]
pub struct Args {
    /// Which entries: hledger's query terms (hissab help queries)
    #[arg(value_name = "QUERY", required = true)]
    pub query: Vec<String>,
    /// The account they move to
    #[arg(long, value_name = "ACCOUNT")]
    pub to: String,
    /// Why, for the audit log
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    /// Create the account if it does not exist yet
    #[arg(long)]
    pub create_accounts: bool,
    #[command(flatten)]
    pub write: WriteArgs,
}

pub fn run(ctx: &mut Context, args: Args) -> Result<Exit> {
    look_again(ctx, |ctx| recategorise(ctx, &args))
}

fn recategorise(ctx: &mut Context, args: &Args) -> Result<Exit> {
    let mut recorder = Recorder::open(ctx)?;
    recorder.create_accounts = args.create_accounts;
    let query = Query::parse(&args.query, &recorder.date_context())?;
    if query.is_everything() && query.period == Period::ALL {
        return Err(Failure::usage(
            "query-missing",
            "which entries? the query matches everything",
        ));
    }
    let chart = recorder.book.chart()?;
    let to = recorder.account(&args.to)?;
    let matcher = query.matcher(&chart);
    let named = query.names_accounts();
    let scan = Scan {
        from: query.period.from,
        until: query.period.until,
        accounts: matcher.accounts(),
        ..Scan::default()
    };
    let mut changes = Vec::new();
    let mut entries = 0usize;
    let mut left = 0usize;
    let mut clash = None;
    recorder.book.scan(&scan, &mut |transaction| {
        let mut draft = Draft::of(&transaction, &chart);
        let mut hit = false;
        for (entry, drafted) in transaction.entries.iter().zip(&mut draft.entries) {
            if *drafted.account == *to || !matcher.entry(&transaction, entry) {
                continue;
            }
            if named || is_category(&chart, entry.account) {
                drafted.account = to.clone();
                hit = true;
                entries += 1;
            } else {
                left += 1;
            }
        }
        if hit {
            if both_sides(&draft, &to) && !both_sides(&Draft::of(&transaction, &chart), &to) {
                clash = Some(transaction.number);
                return ControlFlow::Break(());
            }
            changes.push(Change::Amend {
                target: Target::Number(transaction.number),
                if_version: Some(transaction.version),
                draft,
            });
        }
        ControlFlow::Continue(())
    })?;
    if let Some(number) = clash {
        return Err(Failure::conflict(
            "both-sides",
            format!("nothing recategorised: {to} would be debited and credited in transaction {number}"),
        )
        .hint(format!("hissab show {number}"))
        .hint("name the accounts that move in the query: hissab recategorise suspense desc:rent --to rent"));
    }
    let count = changes.len();
    if count == 0 {
        recorder.ctx.note(match left {
            0 => "nothing matches: nothing changed",
            _ => "nothing changed: no income, expense or suspense entry matches; to move entries of other accounts, name them in the query",
        });
        return Ok(Exit::Ok);
    }
    if count > 1 && !args.write.dry_run && recorder.ctx.can_ask() {
        let question = format!("Move {} to {to}?", moves(entries, count));
        if !recorder.ctx.confirm(&question)? {
            return Err(Failure::refused("declined", "nothing changed"));
        }
    }
    let content = format!("{:?} {to}", args.query);
    let written = recorder
        .write(
            "recategorised",
            args.reason.clone(),
            changes,
            &args.write,
            &content,
        )
        .map_err(not_recategorised)?;
    if recorder.ctx.wants_json() || recorder.ctx.globals.quiet {
        echo::changed(&mut recorder, &written, "recategorised")?;
        return Ok(Exit::Ok);
    }
    echo::said(
        &mut recorder,
        &written,
        &format!("moved {} to {to}", moves(entries, count)),
    )?;
    writeln!(
        recorder.ctx.out,
        "  {}",
        line(&numbers(&written.done.numbers))
    )?;
    Ok(Exit::Ok)
}

/// A reversal moves along with what it reverses.
fn not_recategorised(failure: Failure) -> Failure {
    let failure = failure.while_doing("nothing recategorised");
    match failure.code == "already-reversed" {
        true => failure.hint("to move both, write a query that matches the entries of both"),
        false => failure,
    }
}

/// Whether an account says what money was for.
fn is_category(chart: &Chart, key: AccountKey) -> bool {
    let account = chart.account(key);
    !account.kind.is_permanent()
        || account.kind == Kind::Unclassified
        || account.name().to_lowercase().starts_with("suspense")
}

fn numbers(ranges: &[(u64, u64)]) -> String {
    let texts: Vec<String> = ranges
        .iter()
        .map(|(a, b)| {
            if a == b {
                a.to_string()
            } else {
                format!("{a} to {b}")
            }
        })
        .collect();
    texts.join(", ")
}

fn moves(entries: usize, transactions: usize) -> String {
    let entries = if entries == 1 {
        "1 entry".to_owned()
    } else {
        format!("{entries} entries")
    };
    format!(
        "{entries} of {}",
        counted(transactions as u64, "transaction")
    )
}
